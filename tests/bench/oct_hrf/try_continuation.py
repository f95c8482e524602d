"""Does a cue of continuation (continuation.h) help the second look?

    BENCH continuation 5000 36 6 120 60 > fit.csv; BENCH continuation 10000 12 6 120 > validation.csv
    python try_continuation.py fit.csv validation.csv pipelines/oct_hrf/second_look_weights.h

Logistic models of the shipped second look's log-odds, alone and with the cues, and boosted trees (scikit-learn, where it is
installed) of all cues. For each: log-likelihood on the validation seeds at threshold 0.5, and the limit of greatest F1.
Test seeds are not read.
"""
import re
import sys

import numpy as np

from fit_second_look import FIRST, fit, likelihood, read, with_products

SINGLE = 16  # cues of second_look.h
BSCANS = 6  # of each validation seed


def numbers(header, name):
    text = re.search(name + r"(?:\[\])? = ([^;]*);", header).group(1)
    return np.array([float(v) for v in re.findall(r"[-+0-9.e]+", text)])


def with_log_odds(rows, header):
    mean, deviation, weights, bias = (numbers(header, "cue_" + n) for n in ("means", "deviations", "weights", "bias"))
    cues = np.clip((rows[:, FIRST:FIRST + SINGLE] - mean) / deviation, -3, 3)
    odds = np.clip(with_products(cues) @ weights + bias, -20.72, 20.72)
    return np.hstack([rows[:, :FIRST], odds[:, None], rows[:, FIRST + SINGLE:]])


def area(positive, negative):
    values = np.sort(negative)
    below, upto = np.searchsorted(values, positive, "left"), np.searchsorted(values, positive, "right")
    return float(np.mean((below + upto) / 2) / len(values))


def best(check, lesions, bscans, odds):
    here = check[:, 1] == 128
    rows = []
    for limit in np.arange(0.1, 0.8, 0.05):
        kept = here & (odds >= np.log(limit / (1 - limit)))
        found, marks = check[kept, 3].sum(), kept.sum()
        rows.append((2 * found / (lesions + marks), found / lesions, (marks - found) / bscans, limit))
    f1, sensitivity, wrong, limit = max(rows)
    return f"F1 {f1:.3f} sensitivity {sensitivity:.3f} false per B-scan {wrong:.2f} at limit {limit:.2f}"


def main(train, validation, weights):
    names, rows = read(train)
    _, check = read(validation)
    with open(weights) as file:
        header = file.read()
    a, b = with_log_odds(rows, header), with_log_odds(check, header)
    lesions, bscans = sum({r[0]: r[2] for r in check}.values()), BSCANS * len(set(check[:, 0]))
    columns = ["log-odds"] + names[SINGLE:]
    at = b[:, 1] == 128
    lesion = b[:, 3] > 0
    for i, name in enumerate(columns):
        values = b[:, FIRST + i]
        print(f"{name}: area under the curve {area(values[at & lesion], values[at & ~lesion]):.3f}")
    for chosen in (columns[:1], columns[:2], columns[:4], columns[:-2], columns):
        for products in (False, True):
            index = [FIRST + columns.index(c) for c in chosen]
            mean, deviation = a[:, index].mean(0), a[:, index].std(0) + 1e-9

            def cues(r):
                scaled = np.clip((r[:, index] - mean) / deviation, -3, 3)
                return with_products(scaled) if products else scaled

            w, bias = fit(cues(a), a[:, 3], 3)
            odds = cues(b) @ w + bias
            print(len(chosen), "cues", "with products:" if products else "alone:",
                  f"log-likelihood {likelihood(odds[at], b[at, 3]):.4f}", best(b, lesions, bscans, odds))
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        return
    for count in (SINGLE, SINGLE + len(columns) - 1):
        model = HistGradientBoostingClassifier(learning_rate=0.03, max_iter=150, max_leaf_nodes=8, min_samples_leaf=30,
                                               l2_regularization=10, random_state=1)
        model.fit(rows[:, FIRST:FIRST + count], rows[:, 3])
        p = np.clip(model.predict_proba(check[:, FIRST:FIRST + count])[:, 1], 1e-6, 1 - 1e-6)
        odds = np.log(p / (1 - p))
        print("boosted trees,", count, f"cues: log-likelihood {likelihood(odds[at], check[at, 3]):.4f}",
              best(check, lesions, bscans, odds))


if __name__ == "__main__":
    main(*sys.argv[1:])
