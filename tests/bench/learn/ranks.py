"""What communication costs a training by several ranks.

ranks.py SENSORIUM [--ranks 2 4] [--steps 40] [--rounds 5] [--batch 4] [--widths 24,48,96]

Trains the foci network on phantoms, each rank with one thread, and reads what the program itself measured (modules/learn/rank_group.h):
the share of the time in calls between ranks that no computation hid, and the share in which ranks waited for the slowest one,
which on a machine with fewer processors than ranks, or a busy one, says nothing of the communication.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile


def shares(a, ranks, folder):
    words = [a.sensorium, "--quiet", "--threads", "1", "train", "oct_hrf", "-o", folder, "--seeds", "2", "--sample_scans", "1",
             "--validation_seeds", "1", "--side", "96", "--widths", a.widths, "--batch_size", str(a.batch), "--steps", str(a.steps),
             "--validate_every", "100000", "--checkpoint_every", "100000", "--ranks", str(ranks)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = {}
    for log in pathlib.Path(folder).rglob("log.jsonl"):
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            if entry["tag"].startswith("ranks/"):
                found[entry["tag"][6:]] = entry["value"]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sensorium")
    parser.add_argument("--ranks", type=int, nargs="*", default=[2])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--widths", default="24,48,96")
    a = parser.parse_args()
    out = []
    for ranks in a.ranks:
        rounds = []
        for _ in range(a.rounds):
            with tempfile.TemporaryDirectory() as folder:
                rounds.append(shares(a, ranks, folder))
        row = {"ranks": ranks}
        for name in ("communication_share", "waiting_share"):
            values = sorted(r[name] for r in rounds)
            row[name] = {"median": round(statistics.median(values), 4), "rounds": [round(v, 4) for v in values]}
        out.append(row)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
