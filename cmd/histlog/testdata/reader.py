"""Prints who made the latest batch of LOG, its number and its SHA-256, for each line on its standard input.

usage: reader.py LOG
"""

import hashlib
import json
import sys

import histlog

log = histlog.Log(sys.argv[1])
for _ in sys.stdin:
    batch = log.latest()
    text = json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode()
    print(batch["producer"], batch["n"], hashlib.sha256(text).hexdigest(), flush=True)
