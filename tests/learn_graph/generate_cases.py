"""Writes ONNX's own node cases (the Python package's) below a folder: CASE/model.onnx, CASE/test_data_set_N/*.pb.

Cases of a newer opset are stamped 20 where the operator's definition of opset 20 accepts them; others are left out.
"""
import os
import sys

import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

NEWEST_OPSET, NEWEST_IR = 20, 10


def tensor_values(values, kinds):
    for value, kind in zip(values, kinds):
        if not kind.type.HasField("tensor_type"):
            return None
    return [v if isinstance(v, onnx.TensorProto) else numpy_helper.from_array(v, k.name) for v, k in zip(values, kinds)]


def fitted(model):
    model = onnx.ModelProto.FromString(model.SerializeToString())
    model.ir_version = min(model.ir_version, NEWEST_IR)
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            entry.version = min(entry.version, NEWEST_OPSET)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception:
        return None
    return model


def main(folder):
    written = 0
    for case in collect_testcases(None):
        model = fitted(case.model)
        if model is None:
            continue
        sets = []
        for inputs, outputs in case.data_sets:
            try:
                sets.append((tensor_values(inputs, model.graph.input), tensor_values(outputs, model.graph.output)))
            except Exception:
                sets.append((None, None))
        if any(part is None for pair in sets for part in pair):
            continue
        place = os.path.join(folder, case.name)
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, "model.onnx"), "wb") as f:
            f.write(model.SerializeToString())
        for i, pair in enumerate(sets):
            inside = os.path.join(place, f"test_data_set_{i}")
            os.makedirs(inside, exist_ok=True)
            for kind, values in zip(("input", "output"), pair):
                for j, value in enumerate(values):
                    with open(os.path.join(inside, f"{kind}_{j}.pb"), "wb") as f:
                        f.write(value.SerializeToString())
        written += 1
    print(written)


if __name__ == "__main__":
    main(sys.argv[1])
