"""Appends batches of 1.8 MB until there are POLLS, and goes on where a killed one was.

usage: producer.py LOG NAME POLLS JOURNAL

Each acknowledged batch is a line of JOURNAL: its number, sequence and SHA-256. Its number is printed.
"""

import hashlib
import json
import sys

import histlog

path, name, polls, journal_path = sys.argv[1:]


def make_batch(n):
    rows = [f"[{n}' {1 + i / 8} {n / 3} Łódź «U-21»] " for i in range(16)]
    matches = {f"{n // 20}-{i}": {"live": i % 2 == 0, "big": 12345678901234567890 + i, "rows": rows[i % 16] * 430} for i in range(112)}
    return {"producer": name, "n": n, "timestamp": f"2025-05-28T{n // 60:02d}:{n % 60:02d}:22-04:00", "matches": matches}


def append(log, batch, after):
    while True:
        try:
            return log.append(batch, retry_after=after)
        except histlog.Died as error:
            after = error.retry_after


with open(journal_path, "a+", encoding="utf-8") as journal, histlog.Log(path, create=True, lock_wait=60) as log:
    journal.seek(0)
    done = [line.split() for line in journal]
    after = int(done[-1][1]) if done else 0  # the next batch may be there, though it was never acknowledged
    for n in range(len(done) + 1, int(polls) + 1):
        batch = make_batch(n)
        seq = append(log, batch, after)
        after = None
        text = json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode()
        journal.write(f"{n} {seq} {hashlib.sha256(text).hexdigest()}\n")
        journal.flush()
        print(n, flush=True)
