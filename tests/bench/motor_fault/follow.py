"""follow.py SENSORIUM [RATE_HZ SECONDS]: three synthetic currents, written in real time in blocks of 10 ms into
`run motor_fault - --follow`, a short in phase a from the middle on. Prints the program's own latencies, and those seen from
outside: from the write of the row at an answer's time to the answer's line. Then the same rows as fast as they are taken: rows
a second, and how many times faster than real time that is."""
import json, math, statistics, subprocess, sys, threading, time

program = sys.argv[1]
rate = float(sys.argv[2]) if len(sys.argv) > 2 else 10000.0
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 20.0
step = max(1, int(rate / 100))
count = int(rate * seconds) // step * step


def row(i):
    t, back = i / rate, 0.6 if i >= count / 2 else 0.0
    return ",".join(f"{3 * math.cos(2 * math.pi * (50 * t - k / 3)) + back * math.cos(2 * math.pi * (50 * t + 70 / 360 + k / 3)):.5f}"
                    for k in range(3)) + "\n"


blocks = ["".join(row(i) for i in range(a, a + step)).encode() for a in range(0, count, step)]


starts = []


def follow(paced):
    p = subprocess.Popen([program, "run", "motor_fault", "-", "--follow", "--rate", str(rate), "--json"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    events, written = [], []
    reader = threading.Thread(target=lambda: [events.append((time.monotonic(), json.loads(line))) for line in p.stdout])
    reader.start()
    called = time.monotonic()
    p.stdin.write(b"ia,ib,ic\n" + blocks[0])
    p.stdin.flush()
    while not events and p.poll() is None:  # until the program and its libraries are loaded
        time.sleep(0.001)
    begin = time.monotonic()
    written.append(begin)
    starts.append(begin - called)
    for k, block in enumerate(blocks[1:]):
        if paced:
            time.sleep(max(0.0, begin + (k + 1) * step / rate - time.monotonic()))
        p.stdin.write(block)
        p.stdin.flush()
        written.append(time.monotonic())
    p.stdin.close()
    reader.join()
    p.wait()
    return events, written, begin


events, written, _ = follow(True)
outside = []
for at, e in events:
    if e["event"] in ("status", "begin", "end", "diagnosis") and "time_s" in e:
        block = min(len(written) - 1, max(0, math.ceil(e["time_s"] * rate / step) - 1))
        outside.append(1000 * (at - written[block]))
last = events[-1][1]
begins = [e for _, e in events if e["event"] == "begin"]
diagnoses = [e for _, e in events if e["event"] == "diagnosis"]
print(f"{rate:.0f} Hz, {seconds:.0f} s in real time: {last['samples']} rows; latency by the program: "
      f"median {last['latency_ms']['median']:.1f}, 95 % {last['latency_ms']['p95']:.1f}, greatest {last['latency_ms']['greatest']:.1f} ms")
print(f"seen from outside, {len(outside)} answers: median {statistics.median(outside):.1f}, greatest {max(outside):.1f} ms")
for e in begins[:1]:
    print(f"begin at {e['begin_s']:.3f} s (true: {count / 2 / rate:.3f} s), told {e['told_after_s']:.3f} s after it")
for e in diagnoses[:1]:
    print(f"first diagnosis at {e['time_s']:.2f} s: phase {e['phase']}, {e['turns_percent']} % of the turns")
events, written, begin = follow(False)
wall = events[-1][0] - begin
print(f"from the call to its first line: {starts[0]:.2f} and {starts[1]:.2f} s (not counted above)")
print(f"as fast as they are taken: {count} rows in {wall:.2f} s, {count / wall:.0f} rows a second, {seconds / wall:.1f} times real time")
