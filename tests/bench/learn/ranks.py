"""What training by several ranks costs beside the training itself.

ranks.py SENSORIUM [--ranks 1 2] [--steps 30] [--rounds 5] [--batch 4] [--widths 24,48,96]

Each contender trains the foci network on phantoms for STEPS and for twice as many steps; the difference is the time of
STEPS steps without start, phantoms and checkpoints. Ranks that exchange gradients in every step are compared with as
many ranks that compute the same and never exchange (average_every beyond the end): the difference is the communication
that nothing hides. Each rank has one thread. Contenders run in turn; ratios are taken round by round.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time


def seconds(a, ranks, steps, average_every, folder):
    words = [a.sensorium, "--quiet", "--threads", "1", "train", "oct_hrf", "-o", folder, "--seeds", "2", "--sample_scans", "1",
             "--validation_seeds", "1", "--side", "96", "--widths", a.widths, "--batch_size", str(a.batch), "--steps", str(steps),
             "--validate_every", "100000", "--checkpoint_every", "100000", "--average_every", str(average_every)]
    if ranks > 1:
        words += ["--ranks", str(ranks)]
    start = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - start


def of_steps(a, ranks, average_every):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        short = seconds(a, ranks, a.steps, average_every, root / "short")
        return (seconds(a, ranks, 2 * a.steps, average_every, root / "long") - short) / a.steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sensorium")
    parser.add_argument("--ranks", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--widths", default="24,48,96")
    a = parser.parse_args()
    rows = {(r, e): [] for r in a.ranks for e in ((0, 99999) if r > 1 else (0,))}
    for _ in range(a.rounds):
        for (ranks, every), times in rows.items():
            times.append(of_steps(a, ranks, every))
    out = []
    for (ranks, every), times in rows.items():
        row = {"ranks": ranks, "exchange": "none" if every else "every step", "step_s": round(statistics.median(times), 4)}
        if ranks > 1 and not every:
            shares = [1 - alone / with_it for with_it, alone in zip(times, rows[ranks, 99999])]
            row["exposed"] = round(statistics.median(shares), 4)
            row["exposed_rounds"] = [round(s, 4) for s in shares]
        if ranks > 1 and 1 in a.ranks:
            row["over_one_rank"] = round(statistics.median(t / one for t, one in zip(times, rows[1, 0])), 3)
        out.append(row)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
