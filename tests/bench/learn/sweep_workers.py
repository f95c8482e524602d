"""How long a sweep takes with one worker and with more.

sweep_workers.py SENSORIUM [--workers 1 2] [--trials 6] [--steps 60] [--rounds 2]

The same grid of small trainings, one thread each, over the queue of this machine (`site add --kind local --slots N`). The
time is from the call of `submit sweep` to the last element's exit.json. Workers in turn, round by round.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


class Program:
    def __init__(self, path, home):
        self.path = os.path.abspath(path)
        (home / "rt").mkdir(mode=0o700)
        self.environment = dict(os.environ, HOME=str(home), XDG_DATA_HOME=str(home / "data"), XDG_CACHE_HOME=str(home / "cache"),
                                XDG_CONFIG_HOME=str(home / "config"), XDG_RUNTIME_DIR=str(home / "rt"))

    def __call__(self, *words):
        done = subprocess.run([self.path, "--json", "--quiet", *map(str, words)], capture_output=True, text=True, check=False,
                              env=self.environment)
        if done.returncode:
            raise SystemExit(f"{words}: {done.stderr}{done.stdout}")
        return json.loads(done.stdout)


def sweep(a, program, folder, site, root, workers):
    plan = {"pipeline": "oct_hrf", "verb": "train",
            "parameters": {"seeds": 1, "sample_scans": 1, "patches": 4, "validation_seeds": 1, "side": 64, "widths": "4,8,16",
                           "batch_size": 4, "steps": a.steps, "validate_every": a.steps, "checkpoint_every": 1000000, "threads": 1}}
    (folder / "plan.json").write_text(json.dumps(plan))
    rates = [round(0.001 * (i + 1), 4) for i in range(a.trials)]
    (folder / "sweep.json").write_text(json.dumps({"plan": "plan.json", "space": {"learning_rate": rates}, "sampler": "grid",
                                                   "at_once": workers}))
    begin = time.time()
    token = program("submit", "sweep", folder / "sweep.json", "--site", site)["token"]
    while (state := program("jobs", "explain", token)["state"]) not in ("done", "failed", "lost", "cancelled"):
        time.sleep(1)
    if state != "done":
        raise SystemExit(f"the sweep is {state}")
    ends = [p.stat().st_mtime for p in (root / "runs" / token).rglob("exit.json")]
    return max(ends) - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sensorium")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sns-sweep-") as name:
        folder = pathlib.Path(name)
        program = Program(a.sensorium, folder)
        times = {w: [] for w in a.workers}
        for r in range(a.rounds):
            for w, found in times.items():
                site, root = f"w{w}r{r}", folder / f"site-{w}-{r}"
                program("site", "add", site, "--kind", "local", "--slots", w, "--root", root)
                found.append(sweep(a, program, folder, site, root, w))
        one = statistics.median(times[a.workers[0]])
        print(json.dumps({"trials": a.trials, "load": os.getloadavg()[0], "over": "local queue",
                          "workers": {w: {"seconds": [round(t, 1) for t in found],
                                          "speedup": round(one / statistics.median(found), 2)} for w, found in times.items()}},
                         indent=1))


if __name__ == "__main__":
    main()
