"""circular_scan.py BENCH_PROGRAM SCAN.mat: ours against the boundaries beside circularScan.mat (fourth root of reflectance)."""
import os, subprocess, sys, tempfile
import numpy as np
from scipy.io import loadmat
from skimage.io import imsave

program, path = sys.argv[1:3]
mat = loadmat(path, squeeze_me=True)
reader = loadmat(path.replace(".mat", "_0_coordinates.mat"), squeeze_me=True)["interpolation"] - 1
vendor = mat["B0seg"]
with tempfile.TemporaryDirectory() as folder:
    png, out, csv = (os.path.join(folder, f) for f in ("scan.png", "lines.png", "lines.csv"))
    imsave(png, np.round(255 * mat["B0"].astype(float) ** 0.25).astype(np.uint8))
    subprocess.run([program, "draw-surfaces", png, out, csv], check=True, stdout=subprocess.DEVNULL)
    ours = np.genfromtxt(csv, delimiter=",", names=True)
print("| line | ours | mean absolute, px | bias, px | worst, px |\n|---|---|---|---|---|")
for name, theirs, mine in (("reader's ILM (boundary 1)", reader[0], "ilm"), ("vendor's ILM", vendor[0], "ilm"),
                           ("reader's BM (boundary 9)", reader[8], "bm"), ("vendor's BM", vendor[1], "bm"),
                           ("between reader's boundaries 7 and 9", (reader[6] + reader[8]) / 2, "rpe")):
    good = np.isfinite(theirs) & (theirs < 1e30)
    d = (ours[mine] - theirs)[good]
    print(f"| {name} | {mine.upper()} | {np.abs(d).mean():.2f} | {d.mean():+.2f} | {np.abs(d).max():.1f} |")
