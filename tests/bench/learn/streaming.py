"""How long a training waits for samples that it reads from disk while it runs.

streaming.py SENSORIUM SET [--limit MB] [--steps N] [--batch 8] [--widths 8,16,32,64] [--rounds 3] [--seeds N --scans N]

SET is made by `sensorium prepare oct_hrf` where it does not exist. Three ways, in turn: the files in the page cache; the
cache emptied before (posix_fadvise DONTNEED) and then every 0.2 s while it trains; and, as root, emptied before and the whole
process with its page cache in a control group of LIMIT MB, which should be less than the set. Told of each: the part of
the steps' time in which training waited, bytes that came from the disk itself (/proc/PID/io), the group's largest use.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time


def shards(folder):
    return sorted(pathlib.Path(folder).glob("*.shard"))


def evict(folder):
    for path in shards(folder):
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def read_bytes(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/io").read_text()
    except OSError:
        return None
    return int(text.split("\nread_bytes: ")[1].split()[0])


class Group:
    """A control group with a limit of memory, version 1 or 2."""

    def __init__(self, limit):
        one = pathlib.Path("/sys/fs/cgroup/memory")
        self.version = 1 if one.exists() else 2
        self.path = (one if one.exists() else pathlib.Path("/sys/fs/cgroup")) / f"sensorium-bench-{os.getpid()}"
        self.path.mkdir()
        name = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
        (self.path / name).write_text(str(limit))

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def largest(self):
        name = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
        return int((self.path / name).read_text())

    def close(self):
        self.path.rmdir()


def one(a, way):
    group = Group(a.limit << 20) if way == "limited" else None
    if way == "cached":
        for path in shards(a.set):
            path.read_bytes()
    else:
        evict(a.set)
    with tempfile.TemporaryDirectory() as folder:
        words = [a.sensorium, "--json", "--quiet", "--threads", "1", "train", "oct_hrf", "-o", folder, "--dataset", a.set,
                 "--steps", str(a.steps), "--batch_size", str(a.batch), "--widths", a.widths,
                 "--validate_every", "1000000", "--checkpoint_every", "1000000"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=group.enter if group else None)
        seen = {"bytes": 0}

        def watch():
            while process.poll() is None:
                seen["bytes"] = read_bytes(process.pid) or seen["bytes"]
                if way == "evicted":
                    evict(a.set)
                time.sleep(0.2)

        thread = threading.Thread(target=watch)
        thread.start()
        out = process.communicate()[0]
        thread.join()
    if process.returncode:
        raise SystemExit(f"{way}: ended with {process.returncode}")
    result = json.loads(out)
    row = {"wait": result["loader_waited_s"] / result["steps_s"], "step_s": result["steps_s"] / a.steps,
           "read_mb": seen["bytes"] / 1e6, "weights": result["weights_sha256"]}
    if group:
        row["group_mb"] = group.largest() / 1e6
        group.close()
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sensorium")
    parser.add_argument("set")
    parser.add_argument("--limit", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--widths", default="8,16,32,64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=160)
    parser.add_argument("--scans", type=int, default=8)
    parser.add_argument("--ways", nargs="*", default=["cached", "evicted", "limited"])
    a = parser.parse_args()
    if not pathlib.Path(a.set).exists():
        subprocess.run([a.sensorium, "--quiet", "prepare", "oct_hrf", "-o", a.set, "--seeds", str(a.seeds), "--sample_scans",
                        str(a.scans), "--validation_seeds", "1"], check=True, stdout=subprocess.DEVNULL)
    rows = {way: [] for way in a.ways}
    for _ in range(a.rounds):
        for way, found in rows.items():
            found.append(one(a, way))
    weights = {row["weights"] for found in rows.values() for row in found}
    out = {"set_mb": round(sum(p.stat().st_size for p in shards(a.set)) / 1e6), "limit_mb": round((a.limit << 20) / 1e6),
           "load": os.getloadavg()[0], "same_weights": len(weights) == 1}
    for way, found in rows.items():
        out[way] = {"wait_percent": [round(100 * row["wait"], 2) for row in found],
                    "step_s": round(statistics.median(row["step_s"] for row in found), 4),
                    "read_mb": round(statistics.median(row["read_mb"] for row in found))}
        if "group_mb" in found[0]:
            out[way]["group_mb"] = round(max(row["group_mb"] for row in found))
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
