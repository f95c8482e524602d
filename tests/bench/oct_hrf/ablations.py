"""Variants of the foci network, trained alike and judged alike, as one table.

ablations.py SENSORIUM OUT [--steps 800] [--seeds 3] [--processes 1]

Every variant differs from the first row in one thing and is trained with the same samples, steps and seeds. Judged on
phantom seeds 50000 and up, which no training, threshold or published figure uses; the threshold is that of greatest F1 on
the validation seeds. Differences from the first row are paired by training seed, with the 95 % interval of Student's t;
with one training seed only, intervals are those of a bootstrap over the judged volumes (paired for differences), which say
nothing of how much another training seed would change. The second look (--second_look) is left off: networks are compared.
What OUT holds already is not computed again.
"""
import argparse
import concurrent.futures
import csv
import json
import math
import os
import pathlib
import random
import statistics
import subprocess

BASE = {"widths": "8,16,32", "side": 96, "seeds": 80, "sample_scans": 2, "validation_seeds": 4, "learning_rate": 0.003,
        "validate_every": 200, "checkpoint_every": 400, "threads": 1}
VARIANTS = {
    "residual, bce+dice, raw or enhanced by turns, shown enhanced": ({}, True),
    "the same network, shown raw": (None, False),
    "trained and shown enhanced": ({"input": "enhanced"}, True),
    "trained and shown raw": ({"input": "raw"}, False),
    "plain instead of residual": ({"residual": "false"}, True),
    "bce": ({"loss": "bce"}, True),
    "dice": ({"loss": "dice"}, True),
    "focal": ({"loss": "focal"}, True),
    "focal_tversky": ({"loss": "focal_tversky"}, True),
    "no augmentation": ({"augment": "false"}, True),
}
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def run(program, arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {done.stderr.strip()[-400:]}")


def flags(options):
    return [x for name, value in options.items() for x in (f"--{name}", value)]


def one(a, name, seed):
    options, enhanced = VARIANTS[name]
    folder = pathlib.Path(a.out) / f"{list(VARIANTS).index(name if options is not None else next(iter(VARIANTS)))}-{seed}"
    model = folder / "oct_hrf.onnx"
    judged = folder / ("enhanced" if enhanced else "raw")
    if not model.exists():
        run(a.sensorium, ["train", "oct_hrf", "-o", folder, *flags(BASE | (options or {}) | {"steps": a.steps, "seed": seed})])
    if not (judged / "evaluation.json").exists():
        run(a.sensorium, ["evaluate", "oct_hrf", "-o", judged, "--model", model, "--first_seed", 50000, "--seeds", 12, "--scans", 2,
                          "--validation_seeds", 8, "--rounds", 200, "--enhance", str(enhanced).lower(), "--second_look", 0])
    part = json.loads((judged / "evaluation.json").read_text())["detectors"]["network"]["phantom"]
    lines = csv.DictReader((judged / "evaluation.csv").read_text().splitlines())
    volumes = [tuple(int(r[k]) for k in ("lesions", "found", "candidates")) for r in lines if r["detector"] == "network"]
    return {key: part[key] for key in ("f1", "f1_95", "sensitivity", "precision", "false_positives_per_bscan")} | {"volumes": volumes}


def paired_interval(rows, first, rounds=2000):
    def f1(volumes):
        lesions, found, candidates = (sum(v[i] for v in volumes) for i in range(3))
        return 2 * found / (lesions + candidates)

    draw = random.Random(1)
    changes = []
    for _ in range(rounds):
        chosen = [draw.randrange(len(rows)) for _ in rows]
        changes.append(f1([rows[i] for i in chosen]) - f1([first[i] for i in chosen]))
    changes.sort()
    return changes[round(0.025 * (rounds - 1))], changes[round(0.975 * (rounds - 1))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sensorium")
    parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="numbers of rows; the first is always there")
    a = parser.parse_args()
    os.makedirs(a.out, exist_ok=True)
    names = [n for i, n in enumerate(VARIANTS) if not a.only or i == 0 or str(i) in a.only]
    figures = {}
    with concurrent.futures.ThreadPoolExecutor(a.processes) as pool:
        jobs = {(n, s): pool.submit(one, a, n, s) for s in range(1, a.seeds + 1) for n in names if VARIANTS[n][0] is not None}
        figures = {key: job.result() for key, job in jobs.items()}
        jobs = {(n, s): pool.submit(one, a, n, s) for s in range(1, a.seeds + 1) for n in names if VARIANTS[n][0] is None}
        figures |= {key: job.result() for key, job in jobs.items()}
    print(f"{a.steps} steps, {a.seeds} training seeds, mean ({'least to greatest' if a.seeds > 1 else '95 % by volume'})\n")
    print("| variant | F1 | less the first row (95 %) | sensitivity | precision | false per B-scan |\n|---|---|---|---|---|---|")
    first = [figures[names[0], s]["f1"] for s in range(1, a.seeds + 1)]
    for name in names:
        rows = [figures[name, s] for s in range(1, a.seeds + 1)]
        f1 = [r["f1"] for r in rows]
        change = [x - y for x, y in zip(f1, first)]
        mean = statistics.mean(change)
        text = "" if name == names[0] else f"{mean:+.3f}"
        if text and len(change) > 1:
            half = T95[len(change) - 1] * statistics.stdev(change) / math.sqrt(len(change))
            text += f" ({mean - half:+.3f} to {mean + half:+.3f})"
        low, high = (min(f1), max(f1)) if a.seeds > 1 else rows[0]["f1_95"]
        if text and a.seeds == 1:
            text += " ({:+.3f} to {:+.3f})".format(*paired_interval(rows[0]["volumes"], figures[names[0], 1]["volumes"]))
        others = " | ".join(f"{statistics.mean(r[k] for r in rows):.3f}" for k in ("sensitivity", "precision", "false_positives_per_bscan"))
        print(f"| {name} | {statistics.mean(f1):.3f} ({low:.3f} to {high:.3f}) | {text} | {others} |")


main()
