"""What checkpoints cost a training whose interval follows from their cost (checkpoint_every 0).

checkpoints.py SENSORIUM [--steps 400] [--batch 8] [--widths 8,16,32,64 24,48,96,192] [--side 128]

From the log that each training writes: their number and size, how long training waited for each (it copies its state and
goes on), how long the writing beside it took, and the longest time between two of them, which is what a killed run loses.
Waited and written together are the most that checkpoints can have cost, where the writing takes a processor that training
would have used.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile


def values(log, tag):
    return [(e["step"], e["value"]) for e in log if e["tag"] == tag]


def one(a, widths):
    with tempfile.TemporaryDirectory() as folder:
        words = [a.sensorium, "--quiet", "--threads", "1", "train", "oct_hrf", "-o", folder, "--seeds", "4", "--sample_scans", "2",
                 "--validation_seeds", "1", "--side", str(a.side), "--widths", widths, "--batch_size", str(a.batch), "--steps",
                 str(a.steps), "--validate_every", "1000000", "--checkpoint_every", "0"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        lines = (pathlib.Path(folder) / "run" / "log.jsonl").read_text().splitlines()
    log = [json.loads(line) for line in lines]
    steps_s = values(log, "steps/seconds")[-1][1]
    waited = [v for _, v in values(log, "checkpoint/waited_s")]
    at = [0] + [s for s, _ in values(log, "checkpoint/waited_s")]
    written = values(log, "checkpoint/written_s")[-1][1]
    step_s = steps_s / a.steps
    whole = steps_s + sum(waited)
    return {"widths": widths, "step_s": round(step_s, 4), "training_s": round(whole, 1), "checkpoints": len(waited),
            "megabytes": round(values(log, "checkpoint/bytes")[-1][1] / 1e6, 2),
            "waited_each_ms": round(1e3 * statistics.median(waited), 2), "written_each_ms": round(1e3 * written / len(waited), 2),
            "waited_percent": round(100 * sum(waited) / whole, 3),
            "waited_and_written_percent": round(100 * (sum(waited) + written) / whole, 3),
            "longest_interval_s": round(max(b - a for a, b in zip(at, at[1:])) * step_s, 1), "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sensorium")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--widths", nargs="*", default=["8,16,32,64", "24,48,96,192"])
    a = parser.parse_args()
    for widths in a.widths:
        print(json.dumps(one(a, widths)))


if __name__ == "__main__":
    main()
