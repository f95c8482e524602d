"""ONNX Runtime on a learned RGB. MODEL SPECTRA(float64, [bands][pixels]) BANDS LINES: prints {"rgb": [channel][pixel], "logits": ...}."""
import json
import sys

import numpy as np
import onnxruntime

model, spectra, bands, lines = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
x = np.fromfile(spectra, np.float64).reshape(1, bands, lines, -1).astype(np.float32)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
logits, rgb = session.run(["logits", "rgb"], {"spectra": x})
print(json.dumps({"rgb": rgb.ravel().tolist(), "logits": logits.ravel().tolist()}))
