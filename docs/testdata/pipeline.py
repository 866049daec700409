"""A pipeline that keeps its history in one JSON file, as step2.py did.

usage: pipeline.py FILE JOURNAL KEEP FIRST ALLOWED

It begins FILE with FIRST batches. Then, over and over, it makes a batch, writes it
to JOURNAL as one compact line, loads FILE (twice), adds the batch, cuts the history to its
last KEEP batches (0: keeps all), and rewrites FILE in place. After each rewrite it
prints how many batches there ever were. It may add ALLOWED batches, and as many
again for each byte on its standard input, whose end stops it after the current batch.
"""

import json
import os
import select
import sys

path, journal_path = sys.argv[1:3]
keep, first, allowed = map(int, sys.argv[3:6])
journal = open(journal_path, "w", encoding="utf-8")
made = 0


def make_batch():
    global made
    made += 1
    matches = {}
    for i in range(3 + made * 7 % 8):
        matches[f"m{made // 20}-{i}"] = {
            "home": f"Łódź {i} «U-21»",
            "away": 'a "quoted"\tname\\' + "\u2028é漢字🏆",
            "score": [made % 5, i % 3],
            "odds": {"1": 1.0 + made / 64, "X": 3.30, "2": 1e-07, "asian": None, "big": 12345678901234567890 + made},
            "live": i % 2 == 0,
            "rows": f"[{made}' {1 + i / 8} {made / 3}] " * (20 + (made + i) % 23),
        }
    batch = {
        "timestamp": f"2025-05-{10 + made // 480:02d}T{made // 20 % 24:02d}:{made * 3 % 60:02d}:22.104113-04:00",
        "total_matches": len(matches),
        "matches": matches,
    }
    journal.write(json.dumps(batch, ensure_ascii=False, separators=(",", ":")) + "\n")
    journal.flush()
    return batch


def save(data):
    data["last_updated"] = data["history"][-1]["timestamp"]
    data["total_entries"] = len(data["history"])
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=2, ensure_ascii=False)
    print(made, flush=True)


def stopped():
    """Takes what came on standard input, and waits for it when no batch is allowed."""
    global left
    while left == 0 or select.select([0], [], [], 0)[0]:
        more = os.read(0, 1)
        if not more:
            return True
        left += allowed
    return False


save({"history": [make_batch() for _ in range(first)]})
left = allowed
while not stopped():
    batch = make_batch()
    for _ in range(2):  # once would do, but so it was
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
    data["history"].append(batch)
    data["history"] = data["history"][-keep:]
    save(data)
    left -= 1
