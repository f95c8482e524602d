"""merge_seeds.py EVALUATION.json...: figures of `sensorium evaluate lung_ultrasound --method cross_validation` from runs of
one seed each (--seed K --seeds 1), of the same clips. Intervals: bootstrap over patient groups of the mean over seeds."""
import json, random, statistics, sys

VIRAL, NAMES = 2, ["COVID-19", "bacterial pneumonia", "viral pneumonia", "regular"]
answers = [a for path in sys.argv[1:] for a in json.load(open(path))["answers"]]
seeds = sorted({a["seed"] for a in answers})


def named(p, classes):
    if p is None:
        return None
    return max((k for k in range(4) if classes == 4 or k != VIRAL), key=lambda k: p[k])


def balanced(rows, part, classes):
    shares = []
    for k in range(4):
        own = [r for r in rows if r["class"] == k]
        if own and not (classes == 3 and k == VIRAL):
            shares.append(sum(named(r[part], classes) == k for r in own) / len(own))
    return statistics.mean(shares)


def over_seeds(rows, part, classes):
    return statistics.mean(balanced([r for r in rows if r["seed"] == s], part, classes) for s in seeds)


def interval(rows, figure, rounds=1000):
    by_group = {}
    for r in rows:
        by_group.setdefault(r["patient_group"], []).append(r)
    groups, draw, values = sorted(by_group), random.Random(1), []
    for _ in range(rounds):
        values.append(figure([r for g in draw.choices(groups, k=len(groups)) for r in by_group[g]]))
    values.sort()
    return values[int(0.025 * rounds)], values[int(0.975 * rounds)]


def calibration(rows, part, classes):
    bins = [[0, 0, 0] for _ in range(10)]
    for r in rows:
        if r[part] is not None:
            k = named(r[part], classes)
            b = bins[min(9, int(10 * r[part][k]))]
            b[0] += 1
            b[1] += r[part][k]
            b[2] += k == r["class"]
    n = sum(b[0] for b in bins)
    return sum(abs(b[1] - b[2]) for b in bins) / n, bins


parts = [p for p in ("rule", "attention") if all(p in a for a in answers)]
for classes in (3, 4):
    rows = [a for a in answers if a["container"] != "picture" and (classes == 4 or a["class"] != VIRAL)]
    groups = {r["patient_group"] for r in rows}
    print(f"{classes} classes: {len(rows) // len(seeds)} clips, {len(groups)} groups, seeds {seeds}")
    for part in parts:
        each = [balanced([r for r in rows if r["seed"] == s], part, classes) for s in seeds]
        folds = [balanced(own, part, classes) for s in seeds for f in range(50)
                 if (own := [r for r in rows if r["seed"] == s and r["fold"] == f])]
        low, high = interval(rows, lambda some: over_seeds(some, part, classes))
        print(f"  {part}: balanced accuracy {statistics.mean(each):.3f} ({low:.3f} to {high:.3f}); seeds "
              f"{', '.join(f'{v:.3f}' for v in each)}; folds {min(folds):.2f} to {max(folds):.2f}, deviation "
              f"{statistics.stdev(folds):.2f}")
        for k in range(4):
            own = [r for r in rows if r["class"] == k]
            if own:
                print(f"    {NAMES[k]}: named " + ", ".join(
                    f"{NAMES[j] if j is not None else 'uninterpretable'} {n}" for j in (0, 1, 2, 3, None)
                    if (n := sum(named(r[part], classes) == j for r in own))))
        if classes == 4:
            error, bins = calibration(rows, part, classes)
            print(f"    calibration error {error:.3f}; " + "; ".join(
                f"sure {b[1] / b[0]:.2f} right {b[2] / b[0]:.2f} of {b[0]}" for b in bins if b[0]))
    if len(parts) == 2:
        both = lambda some: over_seeds(some, "attention", classes) - over_seeds(some, "rule", classes)
        low, high = interval(rows, both)
        print(f"  attention less rule: {both(rows):+.3f} ({low:+.3f} to {high:+.3f})")
