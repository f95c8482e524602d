"""Inference of a residual U-Net: ours, and ONNX Runtime, in turns, in one run.

inference.py MAKE_MODEL RUN_MODEL [--threads 2] [--rounds 3] [--repeat 3]: each figure of a round is the best of
--repeat runs after one that is not counted; the rounds give minimum, median and the ratio to ONNX Runtime.
"""
import argparse
import json
import os
import statistics
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
    parser.add_argument("--only-passes", action="store_true", help="leave out the run without graph passes")
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
        contenders = {
            "ONNX Runtime float32": lambda: onnx_runtime(path, name, value, a.threads, a.repeat),
            "ours float32": lambda: ours(a.run_model, path, pb, a.threads, a.repeat),
            "ours float32 without passes": lambda: ours(a.run_model, path, pb, a.threads, a.repeat, "--plain"),
        }
        if "avx512_bf16" in open("/proc/cpuinfo").read():
            contenders["ours bfloat16"] = lambda: ours(a.run_model, path, pb, a.threads, a.repeat, "--bf16")
        if a.only_passes:
            del contenders["ours float32 without passes"]
        for _ in range(a.rounds):
            for key, measure in contenders.items():
                results.setdefault(key, []).append(measure())
        want = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {name: value})[0]
        for key, options in (("ours float32", []), ("ours bfloat16", ["--bf16"])):
            if key not in results:
                continue
            got = np.frombuffer(subprocess.run([a.run_model, *options, path, pb], check=True, stdout=subprocess.PIPE).stdout, np.float32).reshape(want.shape)
            print(f"{key}: worst difference from ONNX Runtime over the largest value {np.abs(got - want).max() / np.abs(want).max():.2e}")
    judge = results["ONNX Runtime float32"]
    for key, seconds in results.items():
        wall, cpu = ([s[i] for s in seconds] for i in (0, 1))
        ratio = [statistics.median(s[i] / j[i] for s, j in zip(seconds, judge)) for i in (0, 1)]
        print(f"{key}: wall fastest {min(wall):.3f} s, median {statistics.median(wall):.3f} s; processor least {min(cpu):.3f} s, median {statistics.median(cpu):.3f} s; "
              f"median ratio to ONNX Runtime, round by round: wall {ratio[0]:.3f}, processor {ratio[1]:.3f}")


if __name__ == "__main__":
    main()
