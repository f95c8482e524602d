#!/bin/sh
# gpu.sh BUILD PYTHON: run on a machine with an NVIDIA GPU. Inference of the residual U-Net 24-48-96-192 on 496x768 in
# float32, float16 and bfloat16, ours against PyTorch's, and by how much each of ours differs from ONNX Runtime's float32.
# BUILD: a build folder with make_model and run_model. PYTHON: one with torch 2.11.0, onnx, onnxruntime and numpy.
set -eu
build=$1 python=$2 here=$(cd "$(dirname "$0")" && pwd) folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
"$build/bin/make_model" residual_unet '{"widths":"24,48,96,192"}' "$folder/m.onnx"
"$python" -W ignore - "$here" "$build/bin/run_model" "$folder" <<'PYTHON'
import statistics, subprocess, sys, time
import numpy as np, onnx, onnxruntime, torch
from onnx import numpy_helper
sys.path.insert(0, sys.argv[1])
import training_step
run_model, folder = sys.argv[2:]
path, pb = folder + "/m.onnx", folder + "/x.pb"
name = onnx.load(path).graph.input[0].name
value = np.random.default_rng(0).normal(size=(1, 1, 496, 768)).astype(np.float32)
open(pb, "wb").write(numpy_helper.from_array(value, name).SerializeToString())
want = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {name: value})[0]
print(torch.cuda.get_device_name())
for precision, dtype in (("float32", torch.float32), ("float16", torch.float16), ("bfloat16", torch.bfloat16)):
    own = [run_model, "--device", "cuda:0", *({"float16": ["--fp16"], "bfloat16": ["--bf16"]}.get(precision, []))]
    model = training_step.network(path, torch).eval().to("cuda", dtype, memory_format=torch.channels_last)
    theirs, ours = [], []
    for _ in range(5):
        with torch.inference_mode():
            for i in range(30):  # with the copies to and from the device, as ours
                start = time.perf_counter()
                model(torch.from_numpy(value).to("cuda", dtype, memory_format=torch.channels_last)).float().cpu()
                if i >= 10:
                    theirs.append(time.perf_counter() - start)
        ours.append(float(subprocess.run([*own, "--repeat", "20", path, pb], check=True, capture_output=True, text=True).stdout.split()[0]))
    got = np.frombuffer(subprocess.run([*own, path, pb], check=True, stdout=subprocess.PIPE).stdout, np.float32).reshape(want.shape)
    print(f"{precision}: PyTorch fastest {1e3 * min(theirs):.2f} ms, median {1e3 * statistics.median(theirs):.2f} ms; ours fastest {1e3 * min(ours):.2f} ms; "
          f"ours differs from ONNX Runtime float32 by {np.abs(got - want).max() / np.abs(want).max():.1e} of the largest value")
PYTHON
