"""centroids.py FEATURES.csv: a second opinion on `sensorium evaluate motor_fault` from its features.csv. Each window goes to the
class of the nearest mean of (real, imaginary) I2/I1; leave-one-repetition-out; files by the majority of their windows. No network."""
import csv, sys
from collections import Counter
import numpy as np

rows = list(csv.DictReader(open(sys.argv[1])))
def judge(part, names):
    use = [r for r in rows if r["part"] == part or (part == "outside" and r["label"] == "0")]
    x = np.array([[float(r[n]) for n in names] for r in use])
    y = np.array([int(r["label"]) for r in use]); rep = np.array([int(r["repetition"]) for r in use])
    file = np.array([r["file"] for r in use])
    found = np.zeros_like(y)
    for out in set(rep):
        means = {c: x[(rep != out) & (y == c)].mean(0) for c in set(y[rep != out])}
        keys = sorted(means)
        distance = np.stack([((x[rep == out] - means[k]) ** 2).sum(1) for k in keys])
        found[rep == out] = np.array(keys)[distance.argmin(0)]
    right = sum(Counter(found[file == f]).most_common(1)[0][0] == y[file == f][0] for f in set(file))
    print(f"{part:8s} {'+'.join(names):32s} files {right}/{len(set(file))} = {100 * right / len(set(file)):.1f} %, "
          f"windows {100 * (found == y).mean():.1f} %")

judge("judged", ["ratio real", "ratio imaginary"])
judge("judged", ["change real", "change imaginary"])
judge("outside", ["ratio real", "ratio imaginary"])
