"""variants.py FOLDER: for each N.onnx, ONNX's checker, and ONNX Runtime's output on N.safetensors' "input" against the others.

Prints {"N plain": worst relative difference, "N optimised": ...}.
"""
import glob
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

out = {}
for path in glob.glob(os.path.join(sys.argv[1], "*.onnx")):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    tensors = load_file(path.replace(".onnx", ".safetensors"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    want = session.run(None, {session.get_inputs()[0].name: tensors["input"]})[0]
    for name in ("plain", "optimised"):
        assert tensors[name].shape == want.shape, (path, name, tensors[name].shape, want.shape)
        out[os.path.basename(path)[:-5] + " " + name] = float(np.abs(tensors[name] - want).max() / np.abs(want).max())
print(json.dumps(out))
