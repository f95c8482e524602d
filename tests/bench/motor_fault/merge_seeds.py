"""merge_seeds.py EVALUATION.json...: the table of `sensorium evaluate motor_fault`, from runs of different seeds
(--seed K --seeds 1), so that seeds can run beside each other. Calibration over all answers: the bins are added."""
import json, statistics, sys

runs = [json.load(open(p)) for p in sys.argv[1:]]
conditions = [k for k, v in runs[0].items() if isinstance(v, dict) and "file_13_classes" in v]
count = sum(r["seeds"] for r in runs)
print(f"{runs[0]['files']} files, leave-one-repetition-out over {runs[0]['repetitions']}, {count} seeds")
for c in conditions:
    line = f"{c:34s}"
    for key in ("file_13_classes", "window_13_classes", "file_healthy_a_b_c", "window_healthy_a_b_c"):
        x = [100 * v for r in runs for v in r[c][key]["seeds"]]
        line += f" {key} {statistics.mean(x):.1f} +- {statistics.stdev(x) if len(x) > 1 else 0:.1f} ({min(x):.1f}..{max(x):.1f});"
    bins = {}
    for r in runs:
        for b in r[c]["reliability"]:
            n, p, k = bins.get(b["from"], (0, 0, 0))
            bins[b["from"]] = (n + b["answers"], p + b["answers"] * b["mean_probability"], k + b["answers"] * b["right"])
    total = sum(n for n, _, _ in bins.values())
    print(line, f"ECE {sum(abs(p - k) for _, p, k in bins.values()) / total:.3f}")
    for start in sorted(bins):
        n, p, k = bins[start]
        print(f"    {start:.1f}: {n:5.0f} answers, sure {p / n:.2f}, right {k / n:.2f}")
    wrong = sorted({f"{w['file']} ({w['label']} read as {w['found']})" for r in runs for w in r[c]["wrong_files"]})
    if wrong and not c.startswith("control"): print("    wrong in some seed:", "; ".join(wrong))
print("left out by the audit's rule:", sorted({f for r in runs for f in r["left_out_by_rule"]}))
