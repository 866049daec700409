"""Kills the pipeline of docs/PIPELINE.md, and histlog behind it, at random times, while its disk is full and has room again.

HISTLOG_TEST_KILLS is the number of kills.
"""

import logging
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import unittest

import test_histlog
from histlog import Log

HERE = pathlib.Path(__file__).resolve().parent
KILLS = int(os.environ.get("HISTLOG_TEST_KILLS", "16" if os.environ.get("HISTLOG_PROOFS") == "1" else "4"))
SPOOL = "/var/spool/step2"  # as the document names it


class Storm(test_histlog.Case):
    @unittest.skipUnless(sys.platform == "linux", "mounts a small disk and looks for children in /proc")
    def test_pipeline(self):
        seed = time.time_ns()
        command = [sys.executable, "-W", "ignore", __file__, "storm", str(self.work), str(seed), str(KILLS)]
        if subprocess.run(["unshare", "-Urm", "true"], stderr=subprocess.DEVNULL).returncode == 0:
            command = ["unshare", "-Urm", *command]
        c = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
        print(c.stdout[-3000:], file=sys.stderr)
        self.assertEqual(c.returncode, 0)


def environment():
    return {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}


def pipeline(work, name):
    """Appends numbered batches as the document does; notes each before, and each that add_batch has taken."""
    logging.getLogger("histlog").addHandler(logging.NullHandler())
    page = (HERE.parents[1] / "docs" / "PIPELINE.md").read_text(encoding="utf-8")
    block = next(block for block in re.findall(r"```python\n(.*?)```", page, re.S) if SPOOL in block)
    os.chdir(work / "disk")
    scope = {}
    exec(block.replace(SPOOL, str(work / "spool")), scope)
    with open(work / f"{name}.tried", "a+") as tried, open(work / f"{name}.taken", "a") as taken:
        tried.seek(0)
        n = len(tried.readlines())
        while not (work / "stop").exists():
            n += 1
            print(n, file=tried, flush=True)
            scope["add_batch"]({"producer": name, "process": os.getpid(), "n": n, "pad": "x" * (n * 7919 % 40_000)})
            print(n, file=taken, flush=True)
            time.sleep(0.002)
    scope["log"].close()


class Weather:
    """What happens to two pipelines."""

    def __init__(self, work, seed):
        self.work, self.random = work, random.Random(seed)
        self.running = {}
        self.kills = {"pipeline": 0, "histlog": 0, "full": 0}

    def start(self):
        for name in ("a", "b"):
            process = self.running.get(name)
            if process is not None and process.poll() is not None:
                assert process.returncode == -signal.SIGKILL, process.returncode
            if process is None or process.poll() is not None:
                self.running[name] = subprocess.Popen([sys.executable, __file__, "pipeline", str(self.work), name], env=environment())

    def blow(self):
        self.start()
        time.sleep(self.random.random() * 0.4)
        process = self.running[self.random.choice("ab")]
        kind = self.random.choice(list(self.kills))
        if kind == "full":
            self.toggle()
        elif kind == "pipeline":
            process.kill()
            process.wait()
            self.kills[kind] += 1
        else:
            for child in children(process.pid)[:1]:
                try:
                    os.kill(child, signal.SIGKILL)
                    self.kills[kind] += 1
                except ProcessLookupError:
                    pass

    def toggle(self):
        """Fills the log's disk, or makes room again."""
        ballast = self.work / "disk" / "ballast"
        if ballast.exists():
            ballast.unlink()
            return
        if not os.path.ismount(self.work / "disk"):
            return
        self.kills["full"] += 1
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 12))
            except OSError:
                pass


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def storm(work, seed, kills):
    (work / "disk").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", work / "disk"], check=False)
    log = Log(work / "disk" / "step2", create=True, spool=work / "spool", settings={"segment-size": "1M"})
    log.append({"producer": "", "process": 0, "n": 0})
    for name in ("a", "b"):  # one that is killed before its first batch notes nothing
        (work / f"{name}.tried").touch()
        (work / f"{name}.taken").touch()
    log.close()
    weather = Weather(work, seed)
    while weather.kills["pipeline"] + weather.kills["histlog"] < kills:
        weather.blow()
    if (work / "disk" / "ballast").exists():
        weather.toggle()
    (work / "stop").touch()
    for process in weather.running.values():
        assert process.wait() in (0, -signal.SIGKILL)
    waiting = log.spooled
    log.flush()
    check(work, log)
    print(f"seed {seed}: {weather.kills}, {waiting} batches in the spool at the end, then {log.spooled}")


def check(work, log):
    """Compares the log with what the pipelines noted."""
    places, order = {}, {}
    total = 0
    for seq, batch in enumerate(log.records(), 1):
        total += 1
        key = batch["producer"], batch["n"]
        assert key not in places, f"{key} is there twice: {places[key]} and {seq}"
        places[key] = seq
        process = order.setdefault((batch["producer"], batch["process"]), [])
        assert not process or process[-1] < batch["n"], f"{key} came after {process[-1]}"
        process.append(batch["n"])
    taken = 0
    for name in ("a", "b"):
        tried = set((work / f"{name}.tried").read_text().split())
        for line in (work / f"{name}.taken").read_text().split():
            taken += 1
            assert (name, int(line)) in places, f"{name}'s batch {line} was taken and is lost"
        assert all(str(n) in tried for producer, n in places if producer == name)
    assert log.spooled == 0, log.spooled
    left = [name for name in os.listdir(work / "spool") if name not in ("log", "adding.lock", "delivering.lock", "adding.tmp")]
    assert not left, left
    print(f"{taken} batches were taken, {total} are in the log, each once, those of one process in order")


if __name__ == "__main__":
    if sys.argv[1:2] == ["storm"]:
        storm(pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1:2] == ["pipeline"]:
        pipeline(pathlib.Path(sys.argv[2]), sys.argv[3])
    else:
        unittest.main()
