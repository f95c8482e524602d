"""Registration of two visits, on phantoms with a known shift (docs/BENCHMARKS.md, the window).

registration.py SENSORIUM BENCH_REGISTRATION [EYES]

For each eye one phantom is made (the scene is the same for both visits), two windows with a known shift are cut out of it,
and the speckle of each is made anew: multiplied by an own Gamma field (the looks of one B-scan), so that nothing but the
anatomy is common. Pairs of different eyes must not be registered.
"""
import json
import os
import subprocess
import sys
import tempfile

import nrrd
import numpy as np

program, bench = sys.argv[1:3]
eyes = int(sys.argv[3]) if len(sys.argv) > 3 else 12
width, height, depth, margin = 400, 400, 24, (96, 60, 8)
um = (11.3, 3.87, 120.0)
rng = np.random.default_rng(7)


def phantom(seed, folder):
    subprocess.run([program, "phantom", "oct_hrf", "-o", folder, "--seed", str(seed), "--width", str(width + margin[0]), "--height",
                    str(height + margin[1]), "--scans", str(depth + margin[2])], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    name = [f for f in sorted(os.listdir(folder)) if f.endswith(".nrrd") and "label" not in f and "instance" not in f][0]
    return nrrd.read(os.path.join(folder, name))[0].transpose(2, 1, 0)


def visit(scene, at, path):
    x, y, z = at
    cut = scene[z:z + depth, y:y + height, x:x + width].astype(np.float64)
    cut = cut * rng.gamma(25, 1 / 25, cut.shape) + rng.normal(0, 8, cut.shape)
    np.clip(cut, 0, 255).astype(np.uint8).tofile(path)


with tempfile.TemporaryDirectory() as work:
    lines, truth = [], []
    for eye in range(eyes):
        scene = phantom(31000 + eye, os.path.join(work, f"p{eye}"))
        for k in range(2):
            a = [int(rng.integers(0, m + 1)) for m in margin]
            b = [int(rng.integers(0, m + 1)) for m in margin]
            visit(scene, a, os.path.join(work, f"{eye}.{k}.a"))
            visit(scene, b, os.path.join(work, f"{eye}.{k}.b"))
            truth.append([a[i] - b[i] for i in range(3)])
            lines.append(f"{work}/{eye}.{k}.a {work}/{eye}.{k}.b")
    same = len(lines)
    for eye in range(eyes):
        for other in range(eyes):
            if eye < other and (eye + other) % 3 == 0:
                lines.append(f"{work}/{eye}.0.a {work}/{other}.0.b")
    text = "".join(f"{line} {width} {height} {depth} {depth} {um[0]} {um[1]} {um[2]}\n" for line in lines)
    said = subprocess.run([bench], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    results = [json.loads(line) for line in said]

found = [r["found"] for r in results[:same]]
errors = np.array([np.abs(np.subtract(r["shift"], t)) for r, t in zip(results[:same], truth) if r["found"]])
print(f"same eye: {sum(found)} of {same} registered; correlation {np.median([r['correlation'] for r in results[:same]]):.2f} "
      f"(least {min(r['correlation'] for r in results[:same]):.2f}), elsewhere {max(r['runner_up'] for r in results[:same]):.2f}")
if len(errors):
    for axis, name in enumerate(["columns", "rows", "B-scans"]):
        print(f"  error in {name}: median {np.median(errors[:, axis]):.1f}, greatest {errors[:, axis].max():.0f}")
print(f"different eyes: {sum(r['found'] for r in results[same:])} of {len(results) - same} registered (should be 0); "
      f"greatest correlation {max(r['correlation'] for r in results[same:]):.2f}")
print(f"seconds a pair: median {np.median([r['seconds'] for r in results]):.2f}, greatest {max(r['seconds'] for r in results):.2f}")
for r, t in list(zip(results, truth))[:same]:
    if not r["found"] or np.abs(np.subtract(r["shift"], t)).max() > 2:
        print("  not right:", t, r)
