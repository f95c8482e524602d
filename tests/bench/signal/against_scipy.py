"""against_scipy.py PROGRAM: spectra and spectrogram of the same seeded signal by PROGRAM (build/.../bench_signal) and by
SciPy in one run, one thread each, double precision; best of seven."""
import subprocess, sys, time, json
import numpy as np
from scipy import signal, fft

n, rate = 1 << 21, 10000.0
x = np.random.default_rng(1).normal(size=n)
x.tofile("/tmp/bench_signal.f64")
ours = json.loads(subprocess.check_output([sys.argv[1], "/tmp/bench_signal.f64"]))

def best(f):
    times = []
    for _ in range(7):
        t = time.perf_counter(); f(); times.append(time.perf_counter() - t)
    return min(times)

theirs = {
    "amplitude_spectrum": best(lambda: np.abs(fft.rfft((x - x.mean()) * signal.get_window("hann", n)))),
    "welch_4096": best(lambda: signal.welch(x, rate, "hann", 4096, 2048)),
    "spectrogram_1024": best(lambda: signal.spectrogram(x, rate, "hann", 1024, 768, detrend="constant", mode="psd")),
    "zoom_fft_4096": best(lambda: signal.zoom_fft(x[:1 << 18], [40, 60], m=4096, fs=rate)),
    "hilbert": best(lambda: signal.hilbert(x)),
}
for k, t in theirs.items():
    print(f"{k:20s} ours {ours[k]*1e3:8.1f} ms   SciPy {t*1e3:8.1f} ms   {t/ours[k]:.2f}x")
