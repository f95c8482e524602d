"""spectra_judge.py FOLDER: compares what the test wrote there (raw float64) with SciPy; exit 1 when an error
relative to the largest value exceeds 1e-9."""
import sys, json, os
import numpy as np
from scipy import fft, interpolate, signal

folder = sys.argv[1]
load = lambda name: np.fromfile(os.path.join(folder, name), np.float64)
cpx = lambda name: load(name).view(np.complex128)
x = load("x")
rate = 1000.0
bad = 0

def check(name, ours, theirs):
    global bad
    ours, theirs = np.asarray(ours).ravel(), np.asarray(theirs).ravel()
    if ours.shape != theirs.shape:
        print(name, "shapes differ", ours.shape, theirs.shape); bad += 1; return
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    if not error <= 1e-9:
        print(name, "error", error); bad += 1

check("rfft", cpx("rfft"), fft.rfft(x))
check("irfft", load("irfft"), x)
check("fft", cpx("fft"), fft.fft(x[:333] + 1j * x[333:666]))
check("ifft", cpx("ifft"), fft.ifft(x[:333] + 1j * x[333:666]))
check("zoom", cpx("zoom"), signal.zoom_fft(x, [40.0, 75.0], m=501, fs=rate))
check("hilbert", cpx("hilbert"), signal.hilbert(x))
check("hilbert_even", cpx("hilbert_even"), signal.hilbert(x[:-1]))
for name in ["hann", "hamming", "blackman", "blackmanharris", "flattop"]:
    check("window " + name, load("window_" + name), signal.get_window(name, 257))
    w = signal.get_window(name, x.size)
    a = 2 * np.abs(fft.rfft((x - x.mean()) * w)) / w.sum()
    a[0] /= 2
    if x.size % 2 == 0: a[-1] /= 2
    check("amplitude " + name, load("amplitude_" + name), a)
for i, (n, overlap, scaling) in enumerate([(256, 128, "density"), (255, 200, "spectrum"), (1000, 0, "density")]):
    f, p = signal.welch(x, rate, "hann", n, overlap, detrend="constant", scaling=scaling)
    check(f"welch {i}", load(f"welch_{i}"), p)
    f, t, s = signal.spectrogram(x, rate, "hann", n, overlap, detrend="constant", scaling=scaling, mode="psd")
    check(f"spectrogram {i}", load(f"spectrogram_{i}"), s.T)
    check(f"times {i}", load(f"times_{i}"), t)
    m = np.abs(signal.stft(x, rate, "hann", n, overlap, boundary=None, padded=False, detrend="constant")[2]) ** 2
    check(f"kurtosis {i}", load(f"kurtosis_{i}"), (m ** 2).mean(1) / m.mean(1) ** 2 - 2)
for i, (kind, order, edges) in enumerate([("lowpass", 5, 80.0), ("highpass", 4, 30.0), ("bandpass", 4, [40.0, 75.0]),
                                          ("bandpass", 3, [5.0, 450.0])]):
    sos = signal.butter(order, edges, kind, fs=rate, output="sos")
    check(f"filter {i}", load(f"filter_{i}"), signal.sosfilt(sos, x))
    check(f"both ways {i}", load(f"both_{i}"), signal.sosfiltfilt(sos, x))
sos = signal.butter(4, [40.0, 75.0], "bandpass", fs=rate, output="sos")
check("envelope", load("envelope"), np.abs(signal.hilbert(signal.sosfiltfilt(sos, x))))
spline = interpolate.CubicSpline(np.arange(x.size), x, bc_type="natural")
check("spline", load("spline"), spline(load("places")))
sys.exit(1 if bad else 0)
