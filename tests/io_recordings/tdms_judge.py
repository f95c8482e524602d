"""tdms_judge.py make FOLDER: writes TDMS files by npTDMS, with their values beside them (.f64, channel after channel)."""
import sys, os
import numpy as np
from nptdms import TdmsWriter, ChannelObject, RootObject, GroupObject
folder = sys.argv[2]
rng = np.random.default_rng(5)

def save(name, segments, channels):
    with TdmsWriter(os.path.join(folder, name + ".tdms")) as out:
        for objects in segments:
            out.write_segment(objects)
    np.concatenate([np.asarray(c, np.float64) for c in channels]).tofile(os.path.join(folder, name + ".f64"))

wf = {"wf_increment": 0.0005, "wf_start_offset": 0.25, "unit_string": "A"}
a, b = rng.normal(size=100), rng.normal(size=100)
save("plain", [[RootObject({"title": "x"}), GroupObject("g"), ChannelObject("g", "ia", a, wf), ChannelObject("g", "ib", b, wf)]], [a, b])
a2 = rng.normal(size=50); b2 = rng.normal(size=50)
save("segments", [[ChannelObject("g", "ia", a, wf), ChannelObject("g", "ib", b, wf)], [ChannelObject("g", "ia", a2), ChannelObject("g", "ib", b2)]],
     [np.concatenate([a, a2]), np.concatenate([b, b2])])
for kind in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]:
    x = (rng.normal(size=64) * 50).clip(0, 120).astype(kind)
    save(kind, [[ChannelObject("it's a group", "x", x)]], [x])
raw = np.arange(40, dtype=np.int16)
save("scaled", [[ChannelObject("g", "x", raw, {"NI_Number_Of_Scales": 1, "NI_Scale[0]_Scale_Type": "Linear",
     "NI_Scale[0]_Linear_Slope": 0.25, "NI_Scale[0]_Linear_Y_Intercept": -3.0, "NI_Scaling_Status": "unscaled"})]], [raw * 0.25 - 3])
