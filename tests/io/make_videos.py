"""Writes a GIF of 5 frames with known colours and uneven delays (Pillow): argv[1] is the file."""
import sys

from PIL import Image

frames = [Image.new("RGB", (24, 16), (40 * i, 0, 255 - 40 * i)) for i in range(5)]
frames[0].save(sys.argv[1], save_all=True, append_images=frames[1:], duration=[100, 100, 100, 100, 100], loop=0)
