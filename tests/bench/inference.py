"""Inference of a residual U-Net: ours, and ONNX Runtime, in turns, in one run.

inference.py MAKE_MODEL RUN_MODEL [--threads 2] [--rounds 3]: prints the fastest of each and the least processor time.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper


def onnx_runtime(path, name, value, threads, repeat):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    session.run(None, {name: value})
    best = least = 1e9
    for _ in range(repeat):
        start, cpu = time.perf_counter(), time.process_time()
        session.run(None, {name: value})
        best = min(best, time.perf_counter() - start)
        least = min(least, time.process_time() - cpu)
    return best, least


def ours(run_model, path, pb, threads, repeat, *options):
    command = [run_model, *options, "--threads", str(threads), "--repeat", str(repeat), path, pb]
    return tuple(map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("make_model")
    parser.add_argument("run_model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--widths", default="24,48,96,192")
    parser.add_argument("--size", default="496,768")
    a = parser.parse_args()
    height, width = map(int, a.size.split(","))
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        path, pb = os.path.join(folder, "m.onnx"), os.path.join(folder, "x.pb")
        subprocess.run([a.make_model, "residual_unet", json.dumps({"widths": a.widths}), path], check=True)
        name = onnx.load(path).graph.input[0].name
        value = np.random.default_rng(0).normal(size=(1, 1, height, width)).astype(np.float32)
        with open(pb, "wb") as f:
            f.write(numpy_helper.from_array(value, name).SerializeToString())
        for _ in range(a.rounds):
            measured = {
                "ONNX Runtime float32": onnx_runtime(path, name, value, a.threads, a.repeat),
                "ours float32": ours(a.run_model, path, pb, a.threads, a.repeat),
                "ours float32 without passes": ours(a.run_model, path, pb, a.threads, a.repeat, "--plain"),
                "ours bfloat16": ours(a.run_model, path, pb, a.threads, a.repeat, "--bf16"),
            }
            for key, seconds in measured.items():
                results.setdefault(key, []).append(seconds)
        want = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {name: value})[0]
        for key, options in (("ours float32", []), ("ours bfloat16", ["--bf16"])):
            got = np.frombuffer(subprocess.run([a.run_model, *options, path, pb], check=True, stdout=subprocess.PIPE).stdout, np.float32).reshape(want.shape)
            print(f"{key}: worst difference from ONNX Runtime over the largest value {np.abs(got - want).max() / np.abs(want).max():.2e}")
    for key, seconds in results.items():
        print(f"{key}: fastest {min(s[0] for s in seconds):.3f} s, rounds {' '.join(f'{s[0]:.3f}' for s in seconds)}; least processor time {min(s[1] for s in seconds):.3f} s")


if __name__ == "__main__":
    main()
