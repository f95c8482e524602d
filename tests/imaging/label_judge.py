"""label_judge.py IN OUT DEPTH HEIGHT WIDTH LEVEL: uint8 map in; int32 labels out, scipy.ndimage.label with 26 neighbours,
then with 8 neighbours in each slice (slices apart)."""
import sys
import numpy as np
from scipy import ndimage

depth, height, width, level = map(int, sys.argv[3:7])
mask = np.fromfile(sys.argv[1], np.uint8).reshape(depth, height, width) >= level
solid, _ = ndimage.label(mask, np.ones((3, 3, 3)))
planar_neighbours = np.zeros((3, 3, 3))
planar_neighbours[1] = 1
planar, _ = ndimage.label(mask, planar_neighbours)
with open(sys.argv[2], "wb") as out:
    out.write(solid.astype(np.int32).tobytes())
    out.write(planar.astype(np.int32).tobytes())
