"""Fits the second look (pipelines/oct_hrf/second_look.h) and writes its weights.

    BENCH second-look 5000 60 > fit.csv; BENCH second-look 10000 12 > validation.csv
    python fit_second_look.py fit.csv validation.csv pipelines/oct_hrf/second_look_weights.h

Logistic model of the cues, their squares and products, with a penalty on the squares of the weights, by Newton's method.
The penalty is chosen by the log-likelihood on the validation seeds; test seeds are not read.
"""
import csv
import sys

import numpy as np

FIRST = 4  # columns before the cues


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return rows[0][FIRST:], np.array(rows[1:], float)


def with_products(a):
    i, j = np.triu_indices(a.shape[1])
    return np.hstack([a, a[:, i] * a[:, j]])


def fit(x, y, penalty):
    x = np.hstack([x, np.ones((len(x), 1))])
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 0
    w = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        w -= np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + np.diag(ridge + 1e-9), x.T @ (p - y) + ridge * w)
    return w[:-1], w[-1]


def likelihood(odds, y):
    return float(np.mean(np.where(y > 0, -np.logaddexp(0, -odds), -np.logaddexp(0, odds))))


def main(train, validation, header):
    names, rows = read(train)
    _, check = read(validation)
    mean, deviation = rows[:, FIRST:].mean(0), rows[:, FIRST:].std(0) + 1e-9

    def cues(r):
        return with_products(np.clip((r[:, FIRST:] - mean) / deviation, -3, 3))

    tries = []
    for penalty in (10, 30, 100, 300):
        w, bias = fit(cues(rows), rows[:, 3], penalty)
        tries.append((likelihood(cues(check) @ w + bias, check[:, 3]), penalty, w, bias))
    best, penalty, w, bias = max(tries, key=lambda t: t[0])
    print("log-likelihood on validation seeds by penalty:", {t[1]: round(t[0], 4) for t in tries})
    odds = cues(check) @ w + bias
    lesions = sum({r[0]: r[2] for r in check}.values())
    for threshold in (51, 128, 204):
        here = check[:, 1] == threshold
        for limit in (0, 0.3, 0.4, 0.5, 0.6):
            kept = here & (odds >= (np.log(limit / (1 - limit)) if limit else -1e9))
            found, marks = check[kept, 3].sum(), kept.sum()
            print(f"threshold {threshold / 255:.2f} limit {limit}: F1 {2 * found / (lesions + marks):.3f} "
                  f"sensitivity {found / lesions:.3f} precision {found / marks:.3f} false {int(marks - found)}")

    def table(name, values):
        text, line = "", "   "
        for v in values:
            item = f" {v:.6g},"
            if len(line) + len(item) > 98:
                text, line = text + line + "\n", "   "
            line += item
        return f"inline constexpr double {name}[] = {{\n{text}{line}\n}};\n"

    with open(header, "w") as out:
        out.write("// Written by tests/bench/oct_hrf/fit_second_look.py: weights of second_look.h, for\n"
                  "// standardised cues, then their squares and products (upper triangle, row by row).\n"
                  f"// Fitted on {len(rows)} candidates of {len(set(rows[:, 0]))} phantom seeds "
                  f"({int(rows[:, 0].min())} to {int(rows[:, 0].max())}),\n// penalty {penalty}.\n"
                  "// clang-format off\n#pragma once\n\nnamespace sensorium::oct_hrf {\n\n"
                  f"inline constexpr double cue_bias = {bias:.6g};\n"
                  + table("cue_means", mean) + table("cue_deviations", deviation) + table("cue_weights", w) + "\n}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
