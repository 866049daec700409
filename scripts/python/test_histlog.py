"""Tests of histlog.py with the real program: HISTLOG_BIN=bin/histlog python3 -m unittest discover -s scripts/python"""

import datetime
import glob
import logging
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import histlog
from histlog import Log

logging.getLogger("histlog").addHandler(logging.NullHandler())

HISTLOG = shutil.which(os.environ.get("HISTLOG_BIN", "histlog"))
if HISTLOG is None:
    raise FileNotFoundError("HISTLOG_BIN does not name the program histlog")

WINDOWS = os.name == "nt"

# So many characters do not fit into any pipe.
LARGE = "é" * 2_000_000


class Case(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(self.remove)
        self.dir = self.work / "log"

    def remove(self):
        """Removes all files; maintenance, which an append has started, may still make one."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return shutil.rmtree(self.work)
            except OSError:
                if time.monotonic() > deadline:
                    raise

    def log(self, **options):
        log = Log(self.dir, create=True, **options)
        self.addCleanup(log.close)
        return log

    def program(self, script):
        """Makes a program of a shell script that replaces histlog append. Every other command runs the real one."""
        real = '[ "$1" = append ] || exec HISTLOG "$@"\n'
        return self.shell(f"program{len(os.listdir(self.work))}", real + script)

    def shell(self, name, script):
        """Makes a program of a shell script, in which HISTLOG is the real program."""
        if WINDOWS:
            self.skipTest("the program is a shell script")
        path = self.work / name
        path.write_text(f"#!/bin/sh\n{script}\n".replace("HISTLOG ", f"{HISTLOG} "))
        path.chmod(0o755)
        return str(path)

    def once(self, script):
        """Makes a program that does this at its first append and is the real one from then on."""
        mark = self.work / "once"
        return self.program(f'[ -e {mark} ] && exec HISTLOG "$@"\n: >{mark}\n{script}')

    def wait_for(self, *paths):
        """Waits until files exist."""
        deadline = time.monotonic() + 60
        while not all(map(os.path.exists, paths)):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def append(self, value, **options):
        """Appends a value with a Log of its own, which then holds no lock."""
        with Log(self.dir, create=True, **options) as log:
            return log.append(value)

    def records(self):
        return list(Log(self.dir).records())


class Appending(Case):
    def test_sequences(self):
        with self.log() as log:
            self.assertEqual([log.append({"n": n}) for n in range(3)], [1, 2, 3])
            log.close()
            self.assertEqual(log.append({"n": 3}), 4)
        self.assertEqual(self.records(), [{"n": n} for n in range(4)])

    def test_any_value(self):
        values = [None, True, 12345678901234567890, 1.5, "", "\ud800 Łódź \\ \u2028", [], {"a": [{}]}, "two\nlines", LARGE]
        log = self.log()
        for value in values:
            log.append(value)
        self.assertEqual(self.records(), values)

    def test_default(self):
        day = datetime.date(2025, 5, 28)
        with self.assertRaises(TypeError):
            self.log().append(day)
        self.append({"day": day}, default=str)
        self.assertEqual(self.records(), [{"day": "2025-05-28"}])

    def test_non_finite(self):
        self.append(math.inf, non_finite="keep")
        self.append(math.nan, non_finite="null")
        self.append(-math.inf, non_finite="string")
        self.assertEqual(self.records(), [math.inf, None, "-Infinity"])

    def test_settings(self):
        self.append("x" * 1000, settings={"segment-size": "1K"})
        self.append("y" * 1000)
        self.assertEqual(len(glob.glob(f"{self.dir}/*.ndjson")), 2)

    def test_equal_batches_are_two_records(self):
        log = self.log()
        self.assertEqual([log.append("same"), log.append("same")], [1, 2])
        log._appender.popen.kill()
        log._appender.popen.wait()
        self.assertEqual(log.append("same"), 3)
        log.close()
        self.assertEqual(self.append("same"), 4)

    @unittest.skipIf(WINDOWS, "Windows has no signals")
    def test_signals_in_between(self):
        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, lambda *_: None))
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        log = self.log()
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        self.assertEqual([log.append(LARGE) for _ in range(3)], [1, 2, 3])

    def test_same_log_after_chdir(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.work)
        log = Log("log", create=True)
        self.addCleanup(log.close)
        os.chdir("/")
        log.append(1)
        self.assertEqual(self.records(), [1])


class Reading(Case):
    def test_empty(self):
        subprocess.run([HISTLOG, "migrate", "-", self.dir], input=b"[]", stdout=subprocess.DEVNULL, check=True)
        log = self.log()
        self.assertIsNone(log.latest())
        self.assertEqual(list(log.records()), [])
        self.assertEqual(log.append(1), 1)

    def test_latest_and_last(self):
        log = self.log()
        for n in range(5):
            log.append({"n": n})
            self.assertEqual(log.latest(), {"n": n})
        self.assertEqual([batch["n"] for batch in log.last(3)], [2, 3, 4])

    def test_span_of_time(self):
        log = self.log()
        utc = datetime.timezone.utc
        times = [datetime.datetime(2025, 5, 28, hour, 30, tzinfo=utc) for hour in range(5)]
        for when in times:
            log.append({"timestamp": when.isoformat()})
        read = lambda **span: [datetime.datetime.fromisoformat(batch["timestamp"]).hour for batch in log.records(**span)]
        self.assertEqual(read(), [0, 1, 2, 3, 4])
        self.assertEqual(read(since=times[3]), [3, 4])
        self.assertEqual(read(until=times[1]), [0, 1])
        self.assertEqual(read(since="2025-05-28T01:00:00Z", until=times[2].astimezone()), [1, 2])
        self.assertEqual(read(since=datetime.date(2025, 5, 30)), [])
        self.assertEqual(read(since="-3h"), [])

    @unittest.skipIf(WINDOWS, "Python cannot change its zone on Windows")
    def test_times_without_a_zone(self):
        """A datetime without a zone is the same time to Python, to a batch and to the log, whatever TZ is."""
        self.addCleanup(time.tzset)
        for zone in ["America/New_York", "Asia/Kathmandu", "UTC", "Pacific/Kiritimati"]:
            with self.subTest(zone), mock.patch.dict(os.environ, TZ=zone):
                time.tzset()
                shutil.rmtree(self.dir, ignore_errors=True)
                now, minute = datetime.datetime.now(), datetime.timedelta(minutes=1)
                for when in [now - 5 * minute, now]:
                    self.append({"timestamp": when.isoformat()})
                log = Log(self.dir)
                for naive in [now, now.astimezone(), now.astimezone(datetime.timezone.utc)]:
                    self.assertEqual(list(log.records(since=naive - minute)), [{"timestamp": now.isoformat()}])
                    self.assertEqual(len(list(log.records(until=naive - minute))), 1)
                self.assertEqual(len(list(log.records(since="-4m"))), 1)
                with mock.patch.dict(os.environ, TZ="Asia/Tokyo"):  # histlog's zone is another than Python's
                    self.assertEqual(len(list(log.records(since=now - minute))), 1)

    def test_reading_ends_early(self):
        log = self.log()
        for _ in range(20):
            log.append("x" * 100_000)
        records = log.records()
        self.assertEqual(len(next(records)), 100_000)
        del records
        self.assertEqual(len(log.latest()), 100_000)

    def test_by_sequence(self):
        log = self.log()
        for n in range(3):
            log.append({"n": n})
        self.assertEqual([log.record(seq)["n"] for seq in (1, 2, 3)], [0, 1, 2])
        for seq, error in [(0, ValueError), (4, histlog.NoRecord), ("1", TypeError), (-1, ValueError)]:
            with self.assertRaises(error):
                log.record(seq)

    def test_lost_in_a_repair(self):
        log = self.log(settings={"segment-size": "1K"})
        for n in range(6):
            log.append({"n": n, "pad": "x" * 600})
        log.close()
        with open(self.dir / "00000000000000000002.ndjson", "r+b") as segment:
            segment.write(b"y" * 100)
        subprocess.run([HISTLOG, "verify", "--repair", self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with self.assertRaises(histlog.Damaged):
            log.record(2)
        with self.assertLogs("histlog", "WARNING") as caught:
            self.assertEqual([batch["n"] for batch in log.records()], [0, 2, 3, 4, 5])
        self.assertRegex("".join(caught.output), "1 record is lost: 2")

    def test_damaged(self):
        log = self.log(settings={"segment-size": "1K"})
        for n in range(4):
            log.append({"n": n, "pad": "x" * 600})
        log.close()
        with open(self.dir / "00000000000000000002.ndjson", "r+b") as segment:
            segment.seek(100)
            segment.write(b"y")
        read = []
        with self.assertRaises(histlog.Damaged):
            for batch in log.records():
                read.append(batch["n"])
        self.assertEqual(read, [0, 2, 3])
        with self.assertRaises(histlog.Damaged):
            log.record(2)
        self.assertEqual(log.record(3)["n"], 2)
        self.assertEqual(self.log().append({"n": 4}), 5)


class Refused(Case):
    def test_no_program(self):
        with self.assertRaisesRegex(histlog.NoProgram, "HISTLOG_BIN"):
            Log(self.dir, program=str(self.work / "missing"))

    def test_no_log(self):
        log = Log(self.dir)
        with self.assertRaisesRegex(histlog.NoLog, "no log at") as caught:
            log.append({"n": 1})
        self.assertEqual(caught.exception.batch, {"n": 1})
        with self.assertRaises(histlog.NoLog):
            log.latest()
        self.assertFalse(self.dir.exists())

    def test_rejected(self):
        log = self.log(settings={"max-record": "1M"})
        self.assertEqual(log.append(1), 1)
        for batch in [{"x": [1, math.nan]}, LARGE, {"x": math.inf, "y": LARGE}]:
            with self.assertRaises(histlog.Rejected) as caught:
                log.append(batch)
            self.assertIs(caught.exception.batch, batch)
        self.assertEqual(log.append(2), 2)

    def test_locked(self):
        self.append(1)
        command = [HISTLOG, "append", "--exclusive", self.dir]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as holder:
            holder.stdin.write(b"2\n")
            self.assertEqual(holder.stdout.readline(), b"2\n")
            log = self.log(lock_wait=0, timeout=5)
            with self.assertRaisesRegex(histlog.Locked, str(holder.pid)) as caught:
                log.append(3)
        self.assertEqual(caught.exception.batch, 3)
        self.assertEqual(log.append(3), 3)

    def test_no_room(self):
        self.append(0)
        small = self.log(program=self.program('ulimit -f 100; exec HISTLOG "$@"'))
        spool = []
        for n in range(1, 10):
            try:
                self.assertEqual(small.append([n, "x" * 20_000]), n + 1)
            except histlog.NoRoom as error:
                spool.append((error.batch, error.retry_after))
        small.close()
        self.assertEqual(len(self.records()) + len(spool), 10)
        self.assertGreater(len(spool), 3)
        log = self.log()
        for batch, retry_after in spool:
            log.append(batch, retry_after=retry_after)
        self.assertEqual([record[0] for record in self.records()[1:]], list(range(1, 10)))

    def test_timed_out(self):
        log = self.log(program=self.program("exec sleep 1000"), lock_wait=0, timeout=1)
        for batch in [{"n": 1}, LARGE]:
            with self.assertRaises(histlog.TimedOut) as caught:
                log.append(batch)
            self.assertEqual(caught.exception.retry_after, 0)

    def test_retry_after_of_another_log(self):
        log = self.log()
        log.append(1)
        for retry_after, error in [(100, histlog.HistlogError), ("1", TypeError), (1.5, TypeError), (-1, ValueError), (1 << 64, ValueError)]:
            with self.subTest(retry_after):
                with self.assertRaises(error):
                    log.append("other", retry_after=retry_after)
                seq = log.append("next")
                self.assertEqual(log.record(seq), "next")
        self.assertEqual(log.append("next"), seq + 1)

    def test_older_copy_of_the_log_restored(self):
        """A Log goes on in a log that is shorter than it was, also with an answer missing."""
        log = self.log(program=self.program('[ -e stop ] && kill -9 $$; exec HISTLOG "$@"'.replace("stop", str(self.work / "stop"))))
        log.append(1)
        log.close()
        shutil.copytree(self.dir, self.work / "copy")
        log.append(2)
        (self.work / "stop").touch()
        log.close()
        with self.assertRaises(histlog.Died) as caught:
            log.append(3)
        (self.work / "stop").unlink()
        shutil.rmtree(self.dir)
        os.rename(self.work / "copy", self.dir)
        with self.assertRaises(histlog.HistlogError):
            log.append(3, retry_after=caught.exception.retry_after)
        self.assertEqual([log.append(3), log.append(4)], [2, 3])

    @unittest.skipIf(WINDOWS, "Windows does not remove the file of a lock that is held")
    def test_directory_removed(self):
        log = self.log()
        for pause in [0, 1.2]:  # while the lock is held, and after it was given up
            with self.subTest(pause):
                log.append(1)
                time.sleep(pause)
                shutil.rmtree(self.dir)
                try:
                    log.append(2)
                except histlog.HistlogError:
                    pass
                seq = log.append(3)
                self.assertEqual(self.records()[seq - 1], 3)

    def test_exit_without_a_word(self):
        with self.assertRaises(histlog.HistlogError):
            self.log(program=self.program("exit 1")).append(1)
        with self.assertRaises(histlog.Died):
            self.log(program=self.program("exit 0")).append(1)


class Killed(Case):
    def test_between_write_and_acknowledgement(self):
        for batch in [{"n": 1}, LARGE]:
            with self.subTest(size=len(batch)):
                shutil.rmtree(self.dir, ignore_errors=True)
                self.append(batch)  # not the one that is looked for
                log = self.log(program=self.once('head -n 1 | HISTLOG "$@" >/dev/null; kill -9 $$'))
                self.assertEqual([log.append(batch), log.append("next")], [2, 3])
                self.assertEqual(self.records(), [batch, batch, "next"])
                (self.work / "once").unlink()

    def test_after_an_equal_batch(self):
        append = 'read -r line; echo "$line" | HISTLOG "$@"'
        log = self.log(program=self.once(f"{append}; {append} >/dev/null; kill -9 $$"))
        self.assertEqual([log.append("same"), log.append("same")], [1, 2])
        self.assertEqual(self.records(), ["same", "same"])

    def test_in_the_middle_of_a_batch(self):
        for size in [1, 70_000, 3_000_000]:
            with self.subTest(size=size):
                shutil.rmtree(self.dir, ignore_errors=True)
                log = self.log(program=self.once(f'head -c {size} | HISTLOG "$@" 2>/dev/null; kill -9 $$'))
                self.assertEqual([log.append(LARGE), log.append("next")], [1, 2])
                self.assertEqual(self.records(), [LARGE, "next"])
                (self.work / "once").unlink()

    def test_half_an_acknowledgement(self):
        self.append(1)
        log = self.log(program=self.once('head -n 1 | HISTLOG "$@" >/dev/null; printf 1; kill -9 $$'))
        self.assertEqual(log.append(2), 2)
        self.assertEqual(self.records(), [1, 2])

    def test_always(self):
        log = self.log(program=self.program('head -n 1 | HISTLOG "$@" >/dev/null; kill -9 $$'))
        with self.assertRaisesRegex(histlog.Died, "signal 9") as caught:
            log.append({"n": 1})
        error = caught.exception
        self.assertEqual((error.batch, error.retry_after), ({"n": 1}, 0))
        log.close()
        other = self.log()
        self.assertEqual(other.append("since"), 2)
        self.assertEqual(other.append(error.batch, retry_after=error.retry_after), 1)
        self.assertEqual(other.append("next"), 3)
        self.assertEqual(self.records(), [{"n": 1}, "since", "next"])

    def test_by_ctrl_c(self):
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        for goes_on in ["exec sleep 1000", "kill -INT $$"]:
            with self.subTest(goes_on):
                shutil.rmtree(self.dir, ignore_errors=True)
                once = self.once(f'head -n 1 | HISTLOG "$@" >/dev/null; kill -INT $PPID; {goes_on}')
                log = self.log(program=once)
                try:
                    log.append({"n": 1})
                except KeyboardInterrupt:
                    log.append({"n": 1})
                self.assertEqual(log.append("next"), 2)
                self.assertEqual(self.records(), [{"n": 1}, "next"])
                (self.work / "once").unlink()

    def test_at_any_time(self):
        """Kills the process all the time: on Windows, too, where a killed process ends with the code 1."""
        seed = time.time_ns()
        print(f"seed {seed}", file=sys.stderr)
        chance = random.Random(seed)
        log = self.log(timeout=30)
        batches = [{"n": n, "pad": "x" * chance.randrange(1_000_000)} for n in range(12 if WINDOWS else 40)]
        done = threading.Event()

        def kill():
            newest = None
            while not done.wait(chance.random() / 10):
                process = log._appender
                # On Windows each start waits for a second after a kill: there one batch must be acknowledged in between.
                if process is not None and not (WINDOWS and newest == log._last):
                    newest = log._last
                    process.popen.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for n, batch in enumerate(batches):
                self.assertEqual(append_until_done(log, batch), n + 1)
        finally:
            done.set()
            killer.join()
        self.assertEqual(self.records(), batches)


def append_until_done(log, batch):
    retry_after = None
    while True:
        try:
            return log.append(batch, retry_after=retry_after)
        except histlog.Died as error:
            retry_after = error.retry_after


class Together(Case):
    def test_two_producers(self):
        self.check([self.log(), self.log()])

    def test_threads_share_a_log(self):
        self.check([self.log()] * 8)

    def check(self, logs, each=20):
        seqs = {}

        def produce(producer, log):
            for n in range(each):
                seqs[producer, n] = log.append([producer, n])

        threads = [threading.Thread(target=produce, args=job) for job in enumerate(logs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = self.records()
        self.assertEqual(len(records), each * len(logs))
        for (producer, n), seq in seqs.items():
            self.assertEqual(records[seq - 1], [producer, n])
        for producer in range(len(logs)):
            self.assertEqual([n for p, n in records if p == producer], list(range(each)))

    @unittest.skipIf(WINDOWS, "Windows has no fork")
    def test_fork(self):
        log = self.log(lock_wait=5, timeout=5)
        log.append("parent")
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(write)
                os.read(read, 1)  # until the parent has closed its Log
                log.append("child")
                code = 0
            finally:
                os._exit(code)
        os.close(read)
        log.append("parent again")
        log.close()
        os.close(write)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(self.records(), ["parent", "parent again", "child"])

    def test_ends_with_its_program(self):
        text = f"import histlog; log = histlog.Log({str(self.dir)!r}, create=True); print(log.append(1), log._appender.popen.pid)"
        here = os.path.dirname(os.path.abspath(__file__))
        out = subprocess.run([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": here}, stdout=subprocess.PIPE, check=True)
        seq, pid = map(int, out.stdout.split())
        self.assertEqual(seq, 1)
        self.assertEqual(self.log(lock_wait=30).append(2), 2)
        deadline = time.monotonic() + 30
        while os.path.exists(f"/proc/{pid}/exe") and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(f"/proc/{pid}/exe"))


if __name__ == "__main__":
    unittest.main()
