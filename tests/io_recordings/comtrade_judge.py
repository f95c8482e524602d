"""comtrade_judge.py CFG_OR_CFF VALUES RATE: what python-comtrade reads of it against our raw doubles (channel after channel)."""
import sys, warnings
import numpy as np
import comtrade
warnings.simplefilter("ignore")
path, values, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
rec = comtrade.Comtrade(ignore_warnings=True)
try:
    rec.load(path)
except UnicodeDecodeError:
    rec.load(path, encoding="iso-8859-1")
theirs = np.array([list(c) for c in rec.analog] + [list(map(float, c)) for c in rec.status], float)
ours = np.fromfile(values, np.float64).reshape(theirs.shape[0], -1)
if ours.shape != theirs.shape:
    sys.exit(f"shapes {ours.shape} {theirs.shape}")
both = np.isfinite(ours) & np.isfinite(theirs)
if (np.isfinite(ours) != np.isfinite(theirs)).any() or not np.allclose(ours[both], theirs[both], rtol=1e-6, atol=1e-9):
    sys.exit("values differ")
if rate > 0 and abs(rec.cfg.sample_rates[0][0] - rate) > 1e-9 * rate:
    sys.exit(f"rates {rec.cfg.sample_rates} {rate}")
