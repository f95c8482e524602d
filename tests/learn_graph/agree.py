"""ONNX Runtime against our executor on every builder's variants and on models made by the onnx package.

agree.py MAKE_MODEL RUN_MODEL: prints a JSON object {name: worst relative difference}; values over 1e-4 fail the test.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

VARIANTS = [
    ("residual_unet", {"widths": "8,16,32"}, (2, 1, 32, 48)),
    ("residual_unet", {"widths": "8,16", "norm": "group", "activation": "gelu"}, (1, 1, 16, 32)),
    ("residual_unet", {"widths": "8,16", "norm": "instance", "activation": "silu", "upsampling": "nearest"}, (1, 1, 16, 32)),
    ("residual_unet", {"widths": "8,16", "norm": "none", "activation": "leaky_relu", "upsampling": "linear"}, (1, 1, 16, 32)),
    ("residual_unet", {"widths": "8,16", "residual": False, "probability_output": True, "blocks_per_level": 2}, (1, 1, 16, 32)),
    ("residual_unet", {"widths": "4,8", "dimensions": 3, "in_channels": 2, "out_channels": 3}, (1, 2, 8, 16, 16)),
    ("residual_unet", {"widths": "4,8", "dimensions": 3, "norm": "group"}, (1, 1, 8, 16, 16)),
    ("resnet", {"widths": "8,16", "norm": "batch"}, (3, 3, 32, 40)),
    ("resnet", {"widths": "8,16", "norm": "group", "activation": "leaky_relu"}, (1, 3, 32, 40)),
    ("resnet", {"widths": "8,16", "norm": "instance", "activation": "silu"}, (1, 3, 32, 40)),
    ("vit", {"depth": 2}, (2, 3, 64, 64)),
    ("vit", {"depth": 1, "patch": 16, "heads": 2, "width": 32}, (1, 3, 64, 64)),
    ("residual_mlp", {}, (5, 16)),
    ("residual_mlp", {"activation": "gelu", "blocks": 3}, (5, 16)),
    ("residual_mlp", {"activation": "silu", "blocks": 0}, (5, 16)),
]


def exported_like(path):
    """What an exporter of PyTorch writes: Constant nodes, Shape/Gather/Concat arithmetic for a view, Gemm at the end."""
    rng = np.random.default_rng(5)
    weights = {
        "conv.weight": rng.normal(size=(6, 3, 3, 3)) * 0.2, "conv.bias": rng.normal(size=6),
        "bn.weight": 1 + 0.1 * rng.normal(size=6), "bn.bias": rng.normal(size=6),
        "bn.running_mean": rng.normal(size=6), "bn.running_var": 1 + rng.random(6),
        "fc.weight": rng.normal(size=(4, 6 * 16)) * 0.1, "fc.bias": rng.normal(size=4),
    }
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()]
    constant = lambda name, value: helper.make_node("Constant", [], [name], name="/" + name, value=numpy_helper.from_array(np.asarray(value, np.int64), ""))
    nodes = [
        helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["/c"], name="/conv/Conv", dilations=[1, 1], group=1, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["/c", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"], ["/b"], name="/bn/BatchNormalization", epsilon=1e-5, momentum=0.9),
        helper.make_node("Relu", ["/b"], ["/r"], name="/relu/Relu"),
        helper.make_node("MaxPool", ["/r"], ["/m"], name="/pool/MaxPool", ceil_mode=0, kernel_shape=[2, 2], pads=[0, 0, 0, 0], strides=[2, 2]),
        helper.make_node("Shape", ["/m"], ["/s"], name="/Shape"),
        constant("zero", 0), constant("minus", [-1]), constant("axes", [0]),
        helper.make_node("Gather", ["/s", "zero"], ["/n"], name="/Gather", axis=0),
        helper.make_node("Unsqueeze", ["/n", "axes"], ["/n1"], name="/Unsqueeze"),
        helper.make_node("Concat", ["/n1", "minus"], ["/shape"], name="/Concat", axis=0),
        helper.make_node("Reshape", ["/m", "/shape"], ["/flat"], name="/Reshape", allowzero=0),
        helper.make_node("Gemm", ["/flat", "fc.weight", "fc.bias"], ["y"], name="/fc/Gemm", alpha=1.0, beta=1.0, transB=1),
    ]
    graph = helper.make_graph(nodes, "main_graph", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 16, 16])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="pytorch"), path)


def compare(run_model, path, value, options=()):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    want = [np.asarray(o) for o in session.run(None, {name: value})]
    pb = path + ".pb"
    with open(pb, "wb") as f:
        f.write(numpy_helper.from_array(value, name).SerializeToString())
    got = np.frombuffer(subprocess.run([run_model, *options, path, pb], check=True, stdout=subprocess.PIPE).stdout, np.float32)
    parts = np.split(got, np.cumsum([w.size for w in want])[:-1])
    return max(float(np.abs(g.reshape(w.shape) - w).max() / np.abs(w).max()) for g, w in zip(parts, want, strict=True))


def main(make_model, run_model):
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for i, (family, options, shape) in enumerate(VARIANTS):
            path = os.path.join(folder, f"m{i}.onnx")
            subprocess.run([make_model, family, json.dumps(options), path], check=True)
            onnx.checker.check_model(onnx.load(path), full_check=True)
            value = np.random.default_rng(i).normal(size=shape).astype(np.float32)
            for how in ((), ("--plain",)):
                out[f"{family} {json.dumps(options)} {how}"] = compare(run_model, path, value, how)
        path = os.path.join(folder, "exported.onnx")
        exported_like(path)
        out["exported"] = compare(run_model, path, np.random.default_rng(9).normal(size=(3, 3, 16, 16)).astype(np.float32))
        for path in sorted((pathlib.Path(__file__).parents[1] / "data" / "learn").glob("*.onnx")):
            copy = os.path.join(folder, path.name)
            shutil.copy(path, copy)
            value = numpy_helper.to_array(onnx.TensorProto.FromString(path.with_suffix(".in.pb").read_bytes()))
            out[path.name] = compare(run_model, copy, value)
        for path in sorted((pathlib.Path(__file__).parents[2] / "resources" / "models").glob("*.onnx")):
            copy = os.path.join(folder, path.name)
            shutil.copy(path, copy)
            shape = [d if isinstance(d, int) else 2 if i == 0 else 32 for i, d in enumerate(onnxruntime.InferenceSession(copy).get_inputs()[0].shape)]
            value = np.random.default_rng(11).normal(size=shape).astype(np.float32)
            for how in ((), ("--plain",)):
                out[f"shipped {path.name} {how}"] = compare(run_model, copy, value, how)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
