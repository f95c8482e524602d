"""fft_judge.py IN OUT N HEIGHT WIDTH: float32 pictures in, scipy.fft.rfft2 of them out as complex64."""
import sys
import numpy as np
from scipy import fft

n, height, width = map(int, sys.argv[3:6])
pictures = np.fromfile(sys.argv[1], np.float32).reshape(n, height, width)
fft.rfft2(pictures.astype(np.float64)).astype(np.complex64).tofile(sys.argv[2])
