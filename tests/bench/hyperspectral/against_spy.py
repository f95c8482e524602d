"""against_spy.py PROGRAM [rounds] [THREADS]: opening, RGB, principal components and the picture of three of them, of one seeded cube
of 512 x 1000 x 200 int16, in each interleave, by PROGRAM (bench_cube) and by SPy 0.25, in turn within each round; fresh processes.
Ratios are taken round by round, of wall clock and of processor time; the median is printed.
against_spy.py PROGRAM --sparse FOLDER: the greatest resident size on a sparse cube of 20 GB (no SPy)."""
import json, os, resource, statistics, subprocess, sys, tempfile
import numpy as np

program = sys.argv[1]
lines, samples, bands = 512, 1000, 200
nm = np.linspace(400, 1000, bands)


def header(path, order, lines=lines):
    open(path + ".hdr", "w").write(f"ENVI\nsamples = {samples}\nlines = {lines}\nbands = {bands}\ndata type = 2\ninterleave = {order}\nbyte order = 0\n"
                                   f"wavelength units = nm\nwavelength = {{{', '.join(f'{v:.3f}' for v in nm)}}}\n")


def ours(path, threads, what):
    return json.loads(subprocess.check_output([program, path, str(threads), what]))


SPY = '''
import json, resource, sys, time
start = time.perf_counter()
import numpy as np, spectral
from_import = time.perf_counter()
spectral.settings.show_progress = False
image = spectral.open_image(sys.argv[1] + ".hdr")
data = image.load()
rgb = spectral.get_rgb(data, [50, 83, 100])
pc = spectral.principal_components(data)
three = pc.reduce(num=3).transform(data)
end = time.perf_counter()
u = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": end - from_import, "cpu": u.ru_utime + u.ru_stime - float(sys.argv[2] or 0), "peak_mb": int([l for l in open("/proc/self/status") if l.startswith("VmHWM")][0].split()[1]) / 1024, "check": float(pc.eigenvalues[0])}))
'''


def theirs(path, threads):
    env = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    idle = json.loads(subprocess.check_output([sys.executable, "-c", "import numpy, spectral, resource, json; u = resource.getrusage(resource.RUSAGE_SELF); print(json.dumps(u.ru_utime + u.ru_stime))"], env=env))
    return json.loads(subprocess.check_output([sys.executable, "-W", "ignore", "-c", SPY, path, str(idle)], env=env))


if "--sparse" in sys.argv:
    path = os.path.join(sys.argv[3], "sparse20")
    for order in sys.argv[4:] or ("bip", "bil", "bsq"):
        header(path, order, 52429)
        with open(path, "wb") as f:
            f.truncate(52429 * samples * bands * 2)
        print(order, ours(path, 2, "cie"), flush=True)
    os.remove(path), os.remove(path + ".hdr")
    sys.exit()

rounds, threads = int(sys.argv[2]) if len(sys.argv) > 2 else 5, int(sys.argv[3]) if len(sys.argv) > 3 else 2
rng = np.random.default_rng(1)
base = (2000 + 1000 * np.sin(np.arange(bands) / 9))[None, None, :] * (0.5 + rng.random((lines, samples, 1))) + 30 * rng.normal(size=(lines, samples, bands))
cube = base.astype("<i2")
with tempfile.TemporaryDirectory() as folder:
    paths = {}
    for order, axes in (("bip", (0, 1, 2)), ("bil", (0, 2, 1)), ("bsq", (2, 0, 1))):
        paths[order] = os.path.join(folder, order)
        np.ascontiguousarray(cube.transpose(axes)).tofile(paths[order])
        header(paths[order], order)
    del base, cube
    for order, path in paths.items():
        rows = []
        for _ in range(rounds):
            rows.append((ours(path, threads, "all"), theirs(path, threads), ours(path, 1, "cie"), ours(path, 1, "touch"), ours(path, 1, "checked"), ours(path, 1, "read")))
        m = lambda f: statistics.median(f(r) for r in rows)
        print(f"{order}: ours {m(lambda r: r[0]['seconds']):.2f} s ({m(lambda r: r[0]['cpu']):.2f} s cpu, {max(r[0]['peak_mb'] for r in rows):.0f} MB)  "
              f"SPy {m(lambda r: r[1]['seconds']):.2f} s ({m(lambda r: r[1]['cpu']):.2f} s cpu, {max(r[1]['peak_mb'] for r in rows):.0f} MB)  "
              f"SPy/ours wall {m(lambda r: r[1]['seconds'] / r[0]['seconds']):.1f} cpu {m(lambda r: r[1]['cpu'] / r[0]['cpu']):.1f}  "
              f"cie/touch wall {m(lambda r: r[2]['seconds'] / r[3]['seconds']):.2f} cpu {m(lambda r: r[2]['cpu'] / r[3]['cpu']):.2f}  "
              f"cie/read cpu {m(lambda r: r[2]['cpu'] / r[5]['cpu']):.2f}  "
              f"checked/touch cpu {m(lambda r: r[4]['cpu'] / r[3]['cpu']):.2f}  eigenvalue {abs(rows[0][0]['check'] / rows[0][1]['check'] - 1):.1e} apart", flush=True)
