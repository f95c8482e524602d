"""long_recording.py FILE.npy GIB: three currents as float32, one row a sample, of that many GiB; written in pieces."""
import sys
import numpy as np

path, size = sys.argv[1], float(sys.argv[2])
piece = 1 << 20
pieces = int(size * (1 << 30) / (12 * piece))
t = np.arange(piece) / 10000.0
rng = np.random.default_rng(1)
base = np.stack([np.cos(2 * np.pi * (50 * t - k / 3)) for k in range(3)], 1)
base = (base + 0.01 * rng.normal(size=base.shape)).astype(np.float32)
with open(path, "wb") as f:
    np.lib.format.write_array_header_1_0(
        f, {"descr": "<f4", "fortran_order": False, "shape": (piece * pieces, 3)})
    for k in range(pieces):
        f.write((base * np.float32(5 + np.sin(k / 40))).tobytes())
