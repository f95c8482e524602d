"""What surrounds the arithmetic: cost of a node, load time, memory; ours and ONNX Runtime in turn, in one run.

executor.py MAKE_MODEL RUN_MODEL [--rounds 7]: every figure is the median over rounds; each contender runs in a process
of its own, with one thread. Cost of a node: a chain of 1000 Add and Relu on 16 numbers, without graph passes, so that
every node runs. Memory: growth of the process from before loading to its largest.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

JUDGE = """
import sys, time
import numpy, onnxruntime
def memory(key):
    return next(int(l.split()[1]) / 1024 for l in open("/proc/self/status") if l.startswith(key + ":"))
path, data, repeat, passes = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
if passes == "0":
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
value = numpy.load(data)
before, start = memory("VmRSS"), time.perf_counter()
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
load, name = time.perf_counter() - start, session.get_inputs()[0].name
session.run(None, {name: value})
best = least = 1e9
for _ in range(int(repeat)):
    start, cpu = time.perf_counter(), time.process_time()
    session.run(None, {name: value})
    best, least = min(best, time.perf_counter() - start), min(least, time.process_time() - cpu)
print(best, least, load, memory("VmHWM") - before)
"""


def chain(path, length):
    nodes = []
    for i in range(length):
        inputs = [f"v{i}", "one"] if i % 2 == 0 else [f"v{i}"]
        nodes.append(helper.make_node("Add" if i % 2 == 0 else "Relu", inputs, [f"v{i + 1}"]))
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 16])
    one = numpy_helper.from_array(np.ones((1, 16), np.float32), "one")
    graph = helper.make_graph(nodes, "chain", [value("v0")], [value(f"v{length}")], [one])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("make_model")
    parser.add_argument("run_model")
    parser.add_argument("--rounds", type=int, default=7)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        path = os.path.join(folder, "chain.onnx")
        chain(path, 1000)
        cases.append(("chain of 1000 nodes", path, np.ones((1, 16), np.float32), 200, False))
        path = os.path.join(folder, "unet.onnx")
        subprocess.run([a.make_model, "residual_unet", json.dumps({"widths": "24,48,96,192"}), path], check=True)
        cases.append(("residual U-Net, 496x768", path, np.random.default_rng(0).normal(size=(1, 1, 496, 768)).astype(np.float32), 1, True))
        for title, path, value, repeat, passes in cases:
            np.save(path + ".npy", value)
            name = onnx.load(path).graph.input[0].name
            with open(path + ".pb", "wb") as f:
                f.write(numpy_helper.from_array(value, name).SerializeToString())
            commands = {
                "ONNX Runtime": [sys.executable, "-W", "ignore", "-c", JUDGE, path, path + ".npy", str(repeat), str(int(passes))],
                "ours": [a.run_model, *([] if passes else ["--plain"]), "--threads", "1", "--repeat", str(repeat), path, path + ".pb"],
            }
            results = {key: [] for key in commands}
            for _ in range(a.rounds):
                for key, command in commands.items():
                    results[key].append(list(map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())))
            for key, rows in results.items():
                wall, cpu, load, memory = (statistics.median(r[i] for r in rows) for i in range(4))
                print(f"{title}, {key}: run {1e3 * wall:.3f} ms wall, {1e3 * cpu:.3f} ms processor; load {1e3 * load:.1f} ms; memory {memory:.0f} MB")


if __name__ == "__main__":
    main()
