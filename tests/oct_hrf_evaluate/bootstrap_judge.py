"""SciPy's percentile bootstrap over volumes: rows of [B-scans, lesions, found, candidates]."""
import json
import sys

import numpy as np
from scipy.stats import bootstrap

rows = np.array(json.load(open(sys.argv[1])), dtype=float).T
statistics = {
    "sensitivity": lambda b, t, f, c, axis: f.sum(axis) / t.sum(axis),
    "precision": lambda b, t, f, c, axis: f.sum(axis) / c.sum(axis),
    "f1": lambda b, t, f, c, axis: 2 * f.sum(axis) / (t.sum(axis) + c.sum(axis)),
    "false_per_bscan": lambda b, t, f, c, axis: (c - f).sum(axis) / b.sum(axis),
}
out = {}
for name, statistic in statistics.items():
    ci = bootstrap(tuple(rows), statistic, paired=True, n_resamples=20000, method="percentile",
                   rng=5).confidence_interval
    out[name] = [float(ci.low), float(ci.high)]
json.dump(out, open(sys.argv[2], "w"))
