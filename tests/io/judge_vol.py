"""Reads a HEYEX .vol file with struct and numpy and writes (samples / scale) ** power as raw float32; no data: 0."""
import struct
import sys

import numpy as np

path, out, scale, power = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
data = open(path, "rb").read()
width, scans, height = struct.unpack_from("<3i", data, 12)
slo_width, slo_height = struct.unpack_from("<2i", data, 48)
at = 2048 + slo_width * slo_height
stack = []
for _ in range(scans):
    (header,) = struct.unpack_from("<i", data, at + 12)
    stack.append(np.frombuffer(data, "<f4", width * height, at + header))
    at += header + 4 * width * height
samples = np.stack(stack).astype(np.float64)
samples[~(samples < 1e30)] = 0
((samples / scale) ** power).astype("<f4").tofile(out)
