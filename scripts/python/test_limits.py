"""Tests of histlog.py with programs that do not answer, with programs that are not histlog, and with Logs that nobody closes."""

import ast
import contextlib
import gc
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest
import warnings
from unittest import mock

import histlog
import test_histlog
from histlog import Log
from test_histlog import HISTLOG, LARGE

HERE = os.path.dirname(os.path.abspath(__file__))

# Programs that do not end: in one process, or in a child that holds the pipes.
SILENT = {
    "answers nothing": "exec sleep 1000",
    "answers nothing in a child": "sleep 1000",
    "answers nothing in a session of its own": "setsid sleep 30",
    "ignores SIGTERM": "trap '' TERM INT HUP; while :; do sleep 0.1; done",
    "reads, and answers nothing": "cat >/dev/null; sleep 1000",
    "closes its output": "exec >&- 2>&-; sleep 1000",
    "closes its input": "exec <&-; sleep 1000",
    "gives a byte at a time": "while :; do printf 1; sleep 0.1; done",
    "gives messages": "while :; do echo waiting >&2; sleep 0.1; done",
}

# Programs that are not histlog.
FOREIGN = {
    "rubbish": "head -c 100000 /dev/urandom",
    "a web page": "echo '<html>'; echo '<body>Not found</body>'",
    "nothing": ":",
    "an empty line": "echo",
    "a word": "echo yes",
    "words without end": "yes",
    "one line without end": "yes | tr -d '\\n'",
    "zeros without end": "cat /dev/zero",
    "an empty object": "echo '{}'",
    "an empty array": "echo '[]'",
    "null": "echo null",
    "a text": "echo '\"\"'",
    "other members": "echo '{\"last_seq\":\"x\",\"first_seq\":[],\"segments\":7}'",
    "no segments": "echo '{\"last_seq\":null,\"first_seq\":null,\"segments\":[{\"name\":\"x\"}]}'",
    "deep": "head -c 200000 /dev/zero | tr '\\0' '['; echo",
    "a number that is none": "echo 1_0",
    "a negative number": "echo -5",
    "a number of a thousand digits": "head -c 1000 /dev/zero | tr '\\0' 1; echo",
    "an error": "echo usage: foo >&2; exit 64",
    "an exit code": "exit 255",
}


class Case(test_histlog.Case):
    def other(self, script):
        """Makes a program that is no histlog at all."""
        path = self.work / f"other{len(os.listdir(self.work))}"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)


class Silent(Case):
    TIMEOUT = float(os.environ.get("HISTLOG_TEST_TIMEOUT", "0.3"))
    SOON = float(os.environ.get("HISTLOG_TEST_SOON", "20"))  # long before the programs end by themselves

    @contextlib.contextmanager
    def ends(self, *, by=histlog.TimedOut):
        begin = time.monotonic()
        with self.assertRaises(by):
            yield
        self.assertLess(time.monotonic() - begin, self.SOON)

    def test_reading(self):
        for name, script in SILENT.items():
            with self.subTest(name):
                log = Log(self.dir, timeout=self.TIMEOUT, program=self.other(script))
                with self.ends():
                    log.latest()

    def test_reading_stops_in_between(self):
        log = Log(self.dir, timeout=self.TIMEOUT, program=self.other("echo 1; echo 2; sleep 1000"))
        records = log.records()
        self.assertEqual([next(records), next(records)], [1, 2])
        with self.ends():
            next(records)

    def test_a_slow_consumer_is_not_timed(self):
        log = Log(self.dir, timeout=3, program=self.other("echo 1; sleep 0.2; echo 2"))
        read = []
        for n in log.records():
            time.sleep(3.1)
            read.append(n)
        self.assertEqual(read, [1, 2])

    def test_first_append(self):
        for name, script in SILENT.items():
            with self.subTest(name):
                log = Log(self.dir, create=True, timeout=self.TIMEOUT, program=self.other(script))
                with self.ends():
                    log.append(LARGE)

    def test_later_append(self):
        self.append(0)
        for name, script in SILENT.items():
            for batch in [1, LARGE]:
                if name in ("closes its output", "closes its input", "gives a byte at a time") or "reads" in name and batch is LARGE:
                    continue  # an answer, or an end of it
                with self.subTest(name, size=len(str(batch))):
                    log = self.log(timeout=self.TIMEOUT, program=self.program(script))
                    log._last = 1
                    with self.ends():
                        log.append(batch)

    def test_close(self):
        log = self.log(timeout=2, program=self.program("echo 1; exec sleep 1000"))
        log.append(1)
        with self.ends():
            log.close()

    def test_lock_wait_is_within_the_timeout(self):
        self.append(1)
        with subprocess.Popen([HISTLOG, "append", "--exclusive", self.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as holder:
            holder.stdin.write(b"2\n")
            holder.stdout.readline()
            with self.ends(by=histlog.Locked):
                self.log(timeout=4).append(3)

    def test_without_poll(self):
        """As on Windows."""
        with mock.patch.object(histlog, "_CAN_POLL", False):
            log = self.log()
            self.assertEqual([log.append(LARGE), log.append(1)], [1, 2])
            self.assertEqual(self.records(), [LARGE, 1])
            for script in ["exec sleep 1000", "sleep 1000"]:
                with self.ends():
                    Log(self.dir, timeout=self.TIMEOUT, program=self.other(script)).latest()


class Foreign(Case):
    def test_each(self):
        for name, script in FOREIGN.items():
            with self.subTest(name):
                log = Log(self.dir, create=True, timeout=1, program=self.other(script))
                with self.assertRaises(histlog.HistlogError) as caught:
                    log.append(1)
                self.assertGreater(len(str(caught.exception)), 5)
                self.assertLess(len(str(caught.exception)), 1000)
                self.read(log)

    def read(self, log):
        """Reads, which may give what is JSON, and else raises a HistlogError."""
        for read in [log.latest, lambda: log.record(1), lambda: [next(log.records()) for _ in range(3)]]:
            try:
                read()
            except (histlog.HistlogError, StopIteration):
                pass

    def test_append_answers_something_else(self):
        self.append(0)
        for name in FOREIGN:
            with self.subTest(name):
                log = self.log(timeout=1, program=self.program(FOREIGN[name]))
                with self.assertRaises(histlog.HistlogError):
                    log.append(1)
        self.assertEqual(self.records(), [0])

    def test_not_a_program(self):
        text = self.work / "text"
        text.write_text("not a program\n")
        text.chmod(0o755)
        with self.assertRaises(histlog.NoProgram):
            Log(self.dir, create=True, program=str(text)).append(1)
        with self.assertRaises(histlog.NoProgram):
            Log(self.dir, create=True, program=str(self.work))

    def test_no_more_processes(self):
        log = self.log()
        with mock.patch.object(histlog.subprocess, "Popen", side_effect=BlockingIOError(11, "Resource temporarily unavailable")):
            with self.assertRaises(histlog.NoRoom):
                log.append(1)
        self.assertEqual(log.append(1), 1)


def resources():
    """Returns the file descriptors, threads and children of this process. Those of earlier tests may end at any time."""
    children = subprocess.run(["ps", "--no-headers", "-o", "pid,comm", "--ppid", str(os.getpid())], stdout=subprocess.PIPE, text=True)
    running = {line for line in children.stdout.splitlines() if not line.endswith(" ps")}
    return set(os.listdir("/proc/self/fd")) | {thread.ident for thread in threading.enumerate()} | running


class Unclosed(Case):
    @unittest.skipUnless(os.path.exists("/proc/self/fd"), "counts in /proc")
    def test_many(self):
        """Appends with a Log each, HISTLOG_TEST_LOGS of them."""
        many = int(os.environ.get("HISTLOG_TEST_LOGS", "30"))
        self.append(0)
        gc.collect()
        before = resources()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for n in range(1, many + 1):
                Log(self.dir, lock_wait=0).append(n)  # the one before keeps no lock
        self.assertEqual(resources() - before, set())
        self.assertEqual([warning.category for warning in caught], [ResourceWarning] * many)
        self.assertIn(str(self.dir), str(caught[0].message))
        self.assertEqual(self.records(), list(range(many + 1)))

    def test_in_a_cycle_and_after_an_error(self):
        before = resources()
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            log = Log(self.dir, create=True)
            log.append(1)
            log.itself = log
            with self.assertRaises(histlog.HistlogError) as caught:
                log.append(2, retry_after=100)
            log.append(3)
            del log, caught
            gc.collect()
        self.assertEqual(resources() - before, set())

    def test_that_hangs(self):
        with warnings.catch_warnings(record=True), mock.patch.object(histlog, "_GOOD_END", 0.2):
            warnings.simplefilter("always")
            before = resources()
            log = Log(self.dir, create=True, program=self.program("echo 1; exec sleep 1000"))
            log.append(1)
            del log
            self.assertEqual(resources() - before, set())

    def test_closed(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            log = Log(self.dir, create=True)
            log.append(1)
            log.close()
            del log
            Log(self.dir).latest()

    def test_kept_to_the_end_of_the_program(self):
        text = f"import histlog; log = histlog.Log({str(self.dir)!r}, create=True); log.append(1)"
        c = subprocess.run([sys.executable, "-W", "error", "-c", text], env={**os.environ, "PYTHONPATH": HERE}, stderr=subprocess.PIPE)
        self.assertEqual((c.returncode, c.stderr), (0, b""))

    def test_forked(self):
        """A child that drops its copy of a Log leaves the parent's alone."""
        log = self.log()
        log.append(1)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                del log
                self.doCleanups = lambda: None
                self._cleanups.clear()
                gc.collect()
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        process = log._appender.popen.pid
        self.assertEqual(log.append(2), 2)
        self.assertEqual(log._appender.popen.pid, process)


class Source(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(HERE, "histlog.py")

    def test_is_python_3_8(self):
        with open(self.path, encoding="utf-8") as file:
            ast.parse(file.read(), feature_version=(3, 8))

    def test_types(self):
        mypy = shutil.which("mypy")
        if mypy is None:
            self.skipTest("mypy is missing; install the package mypy")
        for platform in ["linux", "darwin", "win32"]:
            command = [mypy, "--strict", "--python-version", "3.8", "--platform", platform, "--cache-dir", os.devnull, self.path]
            c = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(c.returncode, 0, c.stdout)


if __name__ == "__main__":
    unittest.main()
