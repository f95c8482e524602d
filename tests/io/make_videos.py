"""Writes two GIFs of 5 frames with known colours (Pillow): argv[1] with even delays, argv[2] with uneven ones."""
import sys

from PIL import Image

frames = [Image.new("RGB", (24, 16), (40 * i, 0, 255 - 40 * i)) for i in range(5)]
for path, delays in ((sys.argv[1], [100] * 5), (sys.argv[2], [100, 900, 100, 100, 100])):
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=delays, loop=0)
