"""A training step of a residual U-Net: ours, and PyTorch's, in turn, in one run.

training_step.py MAKE_MODEL TRAINING_STEP [--threads 2] [--rounds 5]: run it with a Python that has PyTorch:

    python3 -m venv /tmp/torchvenv && /tmp/torchvenv/bin/pip install torch==2.11.0 onnx numpy
    /tmp/torchvenv/bin/python tests/bench/learn/training_step.py build/release/bin/make_model build/release/bin/bench_training_step

The network, its first weights, the batch, the loss (cross-entropy and Dice), clipping and AdamW are the same; so the
losses must be. PyTorch runs with either order of axes in memory and its fused AdamW. Each contender is a process of its
own; of its steps the first two are not counted.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np


def network(path, torch):
    import onnx
    from onnx import numpy_helper

    nn = torch.nn
    weights = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in onnx.load(path).graph.initializer}

    def conv(name, stride):
        w = weights[name + ".weight"]
        layer = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], stride=stride, padding=w.shape[2] // 2, bias=name + ".bias" in weights)
        layer.weight.data = w
        if layer.bias is not None:
            layer.bias.data = weights[name + ".bias"]
        return layer

    def norm(name):
        layer = nn.BatchNorm2d(len(weights[name + ".scale"]), momentum=0.1, eps=1e-5)
        layer.weight.data, layer.bias.data = weights[name + ".scale"], weights[name + ".bias"]
        layer.running_mean.data, layer.running_var.data = weights[name + ".mean"], weights[name + ".variance"]
        return layer

    class Unit(nn.Module):
        def __init__(self, name, stride):
            super().__init__()
            self.conv1, self.norm1 = conv(name + ".conv1", stride), norm(name + ".norm1")
            self.conv2, self.norm2 = conv(name + ".conv2", 1), norm(name + ".norm2")
            self.conv0, self.norm0 = conv(name + ".conv0", stride), norm(name + ".norm0")

        def forward(self, x):
            y = torch.relu(self.norm1(self.conv1(x)))
            return torch.relu(self.norm2(self.conv2(y)) + self.norm0(self.conv0(x)))

    class Up(nn.Module):
        def __init__(self, i):
            super().__init__()
            w = weights[f"up{i}.weight"]
            self.up = nn.ConvTranspose2d(w.shape[0], w.shape[1], 2, stride=2)
            self.up.weight.data, self.up.bias.data = w, weights[f"up{i}.bias"]
            self.join = Unit(f"join{i}.unit0", 1)

        def forward(self, x, skip):
            return self.join(torch.cat([self.up(x), skip], 1))

    class Unet(nn.Module):
        def __init__(self):
            super().__init__()
            levels = sum(f"down{i}.unit0.conv1.weight" in weights for i in range(16))
            self.down = nn.ModuleList([Unit(f"down{i}.unit0", 1 if i == 0 else 2) for i in range(levels)])
            self.up = nn.ModuleList([Up(i) for i in range(levels - 1)])
            self.head = conv("head", 1)

        def forward(self, x):
            skips = []
            for unit in self.down:
                x = unit(x)
                skips.append(x)
            for up, skip in zip(reversed(self.up), reversed(skips[:-1])):
                x = up(x, skip)
            return self.head(x)

    return Unet()


def loss_of(torch, logits, target):
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    p = torch.sigmoid(logits)
    both, axes = (p * target).sum((0, 2, 3)), (0, 2, 3)
    return bce + (1 - (2 * both + 1) / (p.sum(axes) + target.sum(axes) + 1)).mean()


def pytorch(a):
    import torch

    torch.set_num_threads(a.threads)
    model = network(a.onnx, torch).train()
    values = torch.from_numpy(np.fromfile(a.data, np.float32).reshape(2, a.batch, 1, a.height, a.width))
    x, target = values[0], values[1]
    if a.channels_last:
        model, x, target = (v.to(memory_format=torch.channels_last) for v in (model, x, target))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)
    last = 0.0
    for _ in range(a.steps):
        wall, cpu, before = time.perf_counter(), time.process_time(), last
        loss = loss_of(torch, model(x), target)
        last = loss.item()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        print(f"{time.perf_counter() - wall:.6f} {time.process_time() - cpu:.6f} {last:.4f}")


def steps_of(command):
    lines = [line.split() for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    return [tuple(map(float, line)) for line in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("make_model")
    parser.add_argument("program")
    for name, value in (("threads", 2), ("rounds", 5), ("steps", 6), ("batch", 8), ("height", 96), ("width", 96)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--widths", default="24,48,96,192")
    parser.add_argument("--pytorch", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--channels-last", action="store_true", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.pytorch:
        a.onnx, a.data = a.make_model, a.program
        return pytorch(a)
    results, losses = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        path, data = os.path.join(folder, "m.onnx"), os.path.join(folder, "data")
        subprocess.run([a.make_model, "residual_unet", json.dumps({"widths": a.widths}), path], check=True)
        random = np.random.default_rng(0)
        x = random.normal(size=(a.batch, 1, a.height, a.width)).astype(np.float32)
        np.concatenate([x, (x > 1.5).astype(np.float32)]).tofile(data)
        numbers = [str(v) for v in (a.batch, a.height, a.width, a.steps + 1)]
        own = [a.program, path, data, *numbers, str(a.threads)]
        judge = [sys.executable, __file__, path, data, "--pytorch", *sum((["--" + n, str(getattr(a, n))] for n in ("threads", "steps", "batch", "height", "width")), [])]
        for _ in range(a.rounds):
            for key, command in (("PyTorch", judge), ("PyTorch, channels last", [*judge, "--channels-last"]), ("ours", own)):
                lines = steps_of(command)[1 if key == "ours" else 0:]  # ours: the first is the start
                results.setdefault(key, []).append([statistics.median(s[i] for s in lines[2:]) for i in (0, 1)])
                losses[key] = [s[2] for s in lines]
    judge = min(("PyTorch", "PyTorch, channels last"), key=lambda k: statistics.median(r[1] for r in results[k]))
    for key, rounds in results.items():
        wall, cpu = ([r[j] for r in rounds] for j in (0, 1))
        ratio = [statistics.median(r[j] / b[j] for r, b in zip(rounds, results[judge])) for j in (0, 1)]
        print(f"{key}: step, wall fastest {min(wall):.3f} s, median {statistics.median(wall):.3f} s; processor least {min(cpu):.3f} s, median {statistics.median(cpu):.3f} s; "
              f"median ratio to {judge}, round by round: wall {ratio[0]:.3f}, processor {ratio[1]:.3f}")
        print("  losses", *losses[key])


if __name__ == "__main__":
    main()
