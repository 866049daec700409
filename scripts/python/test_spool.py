"""Tests of the spool of histlog.py: HISTLOG_BIN=bin/histlog python3 scripts/python/test_spool.py"""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import histlog
import test_histlog
from histlog import Log
from test_histlog import HISTLOG

# Ends a process at once. On Windows os.kill calls TerminateProcess, and this number is the exit code.
KILL = 9

# The calls with which the spool touches its disk.
DISK_CALLS = ["open", "rename", "unlink", "fsync", "listdir"]


class SpoolCase(test_histlog.Case):
    def setUp(self):
        super().setUp()
        self.spool = self.work / "spool"

    def log(self, **options):
        return super().log(spool=self.spool, **options)

    def names(self, suffix=".json"):
        return sorted(name for name in os.listdir(self.spool) if name.endswith(suffix))

    def fail(self, **options):
        """Makes a Log whose append fails, as on a full disk."""
        return self.log(program=self.failing(), **options)

    def failing(self):
        """Makes a program that fails as on a full disk. On Windows it is one that is missing."""
        return str(self.work / "missing") if test_histlog.WINDOWS else self.program("echo full >&2; exit 5")

    @contextlib.contextmanager
    def warned(self, pattern):
        with self.assertLogs("histlog", "WARNING") as caught:
            yield
        self.assertRegex("\n".join(caught.output), pattern)


class Storing(SpoolCase):
    def test_nothing_fails(self):
        log = self.log()
        self.assertEqual([log.append(n) for n in range(3)], [1, 2, 3])
        self.assertEqual((log.spooled, self.names()), (0, []))
        log.flush()

    def test_full_disk_and_room_again(self):
        self.append(0)
        small = self.log(program=self.program('ulimit -f 100; exec HISTLOG "$@"'))
        results = [small.append([n, "x" * 20_000]) for n in range(1, 10)]
        small.close()
        self.assertGreater(results.count(None), 3)
        self.assertEqual(small.spooled, results.count(None))
        log = self.log()
        self.assertEqual(log.append(10), 11)
        self.assertEqual(log.spooled, 0)
        self.assertEqual([record[0] for record in self.records()[1:-1]], list(range(1, 10)))

    def test_each_error_that_can_pass(self):
        for script, error in {
            "echo full >&2; exit 5": "full",
            "echo locked >&2; exit 4": "locked",
            "kill -9 $$": "signal 9",
            "exec sleep 1000": "no answer",
            "echo no log at x >&2; exit 7": "no log at",
            "echo read-only file system >&2; exit 1": "read-only",
            "echo damaged >&2; exit 3": "damaged",
            "echo '<html>'": "<html>",
        }.items():
            with self.subTest(script):
                self.append("before")
                log = self.log(program=self.program(script), lock_wait=0, timeout=5)
                with self.warned(error):
                    self.assertIsNone(log.append("batch"))
                self.assertEqual(log.spooled, 1)
                self.assertEqual(self.log().append("after"), 3)
                self.assertEqual(self.records(), ["before", "batch", "after"])
                shutil.rmtree(self.dir)

    def test_no_log_yet(self):
        log = Log(self.dir, spool=self.spool)
        with self.warned("no log at"):
            self.assertIsNone(log.append(1))
        self.append(0)
        self.assertEqual(log.append(2), 3)
        log.close()
        self.assertEqual(self.records(), [0, 1, 2])

    def test_no_program_yet(self):
        program = self.work / "bin"
        with self.warned("no program"):
            self.assertIsNone(self.log(program=str(program)).append(1))
        log = self.log(program=str(program))
        with self.warned("no program"):
            self.assertIsNone(log.append(2))
        install = lambda: os.rename(self.program('exec HISTLOG "$@"'), program)
        install()
        self.assertEqual(log.append(3), 3)
        program.unlink()
        log.close()
        with self.warned("can't be started"):
            self.assertIsNone(log.append(4))
        install()
        log.flush()
        self.assertEqual(self.records(), [1, 2, 3, 4])

    def test_what_can_not_pass_is_raised(self):
        log = self.log(settings={"max-record": "1K"})
        for batch in [float("nan"), "x" * 2000]:
            with self.assertRaises(histlog.Rejected) as caught:
                log.append(batch)
            self.assertIs(caught.exception.batch, batch)
        with self.assertRaises(histlog.HistlogError):
            self.log(settings={"no-such-setting": "1"}).append(1)
        with self.assertRaises(TypeError):
            log.append({1, 2})
        self.assertEqual(log.spooled, 0)

    def test_nan_is_raised_although_the_log_is_full(self):
        log = self.fail()
        log.append(1)
        with self.assertRaises(histlog.Rejected):
            log.append(float("nan"))
        self.assertEqual(log.spooled, 1)

    def test_flush_raises(self):
        log = self.fail()
        log.append(1)
        with self.assertRaises(histlog.NoRoom):
            log.flush()
        self.log().flush()
        self.assertEqual(self.records(), [1])

    def test_the_spool_is_full_too(self):
        for call in ["open", "fsync", "rename"]:
            with self.subTest(call):
                log = self.fail()
                with failing_disk(call), self.assertRaises(histlog.NoRoom) as caught:
                    log.append({"n": 1})
                self.assertEqual((caught.exception.batch, caught.exception.retry_after), ({"n": 1}, 0))
                self.assertEqual(log.spooled, 0)

    def test_the_spool_is_full_with_batches_in_it(self):
        self.append(0)
        log = self.fail()
        self.assertIsNone(log.append(1))
        with failing_disk("fsync"), self.assertRaises(histlog.NoRoom) as caught:
            log.append(2)
        self.assertEqual(caught.exception.batch, 2)
        other = self.log()
        self.assertEqual(other.append(caught.exception.batch, retry_after=caught.exception.retry_after), 3)
        self.assertEqual(self.records(), [0, 1, 2])

    def test_a_broken_spool_keeps_nothing_from_the_log(self):
        self.fail().append(1)
        log = self.log()
        for call in ["listdir", "unlink"]:
            with failing_disk(call), self.warned("its batches wait"):
                self.assertIsNotNone(log.append("direct"))
        self.assertEqual(log.append("after"), 4)
        self.assertEqual(self.records(), ["direct", 1, "direct", "after"])


def failing_disk(call):
    """Has a call of the spool fail as a full disk does."""

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "open":
        return mock.patch.object(histlog, "open", fail, create=True)
    return mock.patch.object(histlog.os, call, fail)


class Directory(SpoolCase):
    def test_is_made_if_its_parent_exists(self):
        self.log()
        self.assertTrue(self.spool.is_dir())
        with self.assertRaisesRegex(histlog.HistlogError, "can't be made"):
            Log(self.dir, spool=self.work / "not mounted" / "spool")
        self.assertFalse((self.work / "not mounted").exists())

    def test_is_not_in_the_log(self):
        for place in [self.dir, self.dir / "spool", f"{self.dir}/../log/x"]:
            with self.assertRaises(ValueError):
                Log(self.dir, spool=place)

    def test_belongs_to_one_log(self):
        self.log()
        with self.assertRaisesRegex(histlog.HistlogError, "belongs to the log"):
            Log(self.work / "other", spool=self.spool)
        os.symlink(self.dir, self.work / "same")
        Log(self.work / "same", create=True, spool=self.spool)

    def test_is_removed(self):
        log = self.log()
        shutil.rmtree(self.spool)
        with self.warned("fails"):
            self.assertEqual(log.append(1), 1)
        log = self.fail()
        shutil.rmtree(self.spool)
        with self.assertRaises(histlog.NoRoom) as caught:
            log.append(2)
        self.assertEqual(caught.exception.batch, 2)

    def test_what_is_no_batch_is_set_aside(self):
        log = self.fail()
        for n in range(3):
            log.append({"n": n, "pad": "x" * 100})
        torn, flipped, _ = self.names()
        os.truncate(self.spool / torn, 50)
        with open(self.spool / flipped, "r+b") as file:
            file.seek(5)
            file.write(b"7")
        empty = f"{7:012d}-00000000-new.json"
        (self.spool / empty).touch()
        (self.spool / "batch.json").write_text("[1]")
        (self.spool / f"{8:012d}-00000000-new.json").mkdir()
        os.mkfifo(self.spool / f"{9:012d}-00000000-new.json")
        (self.spool / "README").touch()
        log = self.log()
        with self.assertLogs("histlog", "ERROR") as caught:
            self.assertEqual(log.append("next"), 2)
        self.assertEqual(len(caught.output), 6)
        self.assertEqual([record["n"] for record in self.records()[:-1]], [2])
        self.assertEqual(self.names(".torn"), [torn + ".torn", flipped + ".torn"] + [f"{n:012d}-00000000-new.json.torn" for n in (7, 8, 9)])
        self.assertEqual(self.names(".foreign"), ["batch.json.foreign"])
        self.assertTrue((self.spool / "README").exists())
        self.assertEqual(log.append("again"), 3)

    def test_set_aside_twice(self):
        for text in ["first", "second"]:
            (self.spool / "batch.json").parent.mkdir(exist_ok=True)
            (self.spool / "batch.json").write_text(text)
            self.log().append(1)
        self.assertEqual([(self.spool / f"batch.json.foreign{n}").read_text() for n in ("", ".2")], ["first", "second"])

    def test_rejected_when_delivered(self):
        log = self.fail()
        log.append("x" * 2000)
        log.append("small")
        log = self.log(settings={"max-record": "1K"})
        with self.assertLogs("histlog", "ERROR"):
            self.assertEqual(log.append("next"), 2)
        self.assertEqual(self.records(), ["small", "next"])
        self.assertEqual(len(self.names(".rejected")), 1)

    def test_temporary_file_of_a_killed_process(self):
        log = self.fail()
        (self.spool / "adding.tmp").write_text("half")
        log.append(1)
        self.assertEqual([name for name in os.listdir(self.spool) if "tmp" in name], [])
        self.log().flush()
        self.assertEqual(self.records(), [1])


class ExactlyOnce(SpoolCase):
    def test_killed_at_each_call(self):
        """Ends a process at each of its calls on the spool's disk, while batches are stored and delivered."""
        for stage in ["store", "deliver"]:
            for call in range(0, 60, 5 if test_histlog.WINDOWS else 1):  # a process takes long to start under Wine
                with self.subTest(stage=stage, call=call):
                    if not self.killed_at(stage, call):
                        break
            self.assertGreater(call, 8)
            self.assertLess(call, 59)

    def killed_at(self, stage, call):
        for dir in (self.dir, self.spool):
            shutil.rmtree(dir, ignore_errors=True)
        self.append("first")
        self.fail(non_finite="keep").append("second")
        full = self.failing() if stage == "store" else HISTLOG
        killed = subprocess.run([sys.executable, __file__, "killed", str(call), self.dir, self.spool, full], env=self.environment())
        self.assertIn(abs(killed.returncode), (0, KILL))
        log = self.log()
        log.append("last")
        log.close()
        records = self.records()
        if killed.returncode != 0 and records == ["first", "second", "last"]:
            records.insert(2, "third")  # which was promised to nobody
        self.assertEqual(records, ["first", "second", "third", "last"])
        self.assertEqual((self.names(), log.spooled), ([], 0))
        return killed.returncode != 0

    def environment(self):
        return {**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))}

    def test_equal_batches(self):
        self.append("same")
        doubtful = self.log(program=self.once('head -n 1 | HISTLOG "$@" >/dev/null; exec sleep 1000'), timeout=5)
        self.assertIsNone(doubtful.append("same"))  # it is there, as record 2
        log = self.fail()
        for _ in range(2):
            self.assertIsNone(log.append("same"))
        self.assertEqual(self.log().append("same"), 5)
        self.assertEqual(self.records(), ["same"] * 5)

    def test_equal_batches_in_doubt(self):
        """Two processes that met a full disk with an equal batch have two batches, also after a crash in between."""
        self.append("x")
        log = self.log()
        for _ in range(2):
            log._spool.put(b'"same"\n', 1)
        log = self.log()
        with mock.patch.object(histlog.os, "unlink", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            log.flush()  # ended between append and unlink
        log.flush()
        self.assertEqual(self.records(), ["x", "same", "same"])

    def test_answer_lost(self):
        for end in ["kill -9 $$", "exec sleep 1000"]:
            with self.subTest(end):
                shutil.rmtree(self.dir, ignore_errors=True)
                log = self.log(program=self.program(f'head -n 1 | HISTLOG "$@" >/dev/null; {end}'), timeout=5)
                self.assertIsNone(log.append("there"))
                self.assertEqual(self.append("other"), 2)
                self.assertEqual(self.log().append("next"), 3)
                self.assertEqual(self.records(), ["there", "other", "next"])

    @unittest.skipIf(test_histlog.WINDOWS, "the program that fails must still inspect the log")
    def test_older_copy_of_the_log_restored(self):
        for n in range(3):
            self.append(n)
        shutil.copytree(self.dir, self.work / "copy")
        for n in range(3, 6):
            self.append(n)
        log = self.fail()
        self.assertIsNone(log.append("spooled"))
        self.assertIn("after-6", self.names()[0])
        shutil.rmtree(self.dir)
        os.rename(self.work / "copy", self.dir)
        with mock.patch.object(histlog.os, "unlink", side_effect=KeyboardInterrupt), self.assertRaises(KeyboardInterrupt):
            self.log().flush()  # ended between append and unlink
        self.assertEqual(self.log().append("next"), 5)
        self.assertEqual(self.records(), [0, 1, 2, "spooled", "next"])

    @unittest.skipIf(test_histlog.WINDOWS, "the program that fails must still inspect the log")
    def test_records_retired_meanwhile(self):
        self.append(0, settings={"segment-size": "1K"})
        self.assertIsNone(self.fail().append("spooled"))
        for n in range(1, 8):
            self.append([n, "x" * 600])
        subprocess.run([HISTLOG, "prune", "--max-records", "1", "--yes", self.dir], stdout=subprocess.DEVNULL, check=True)
        with self.warned("twice"):
            self.log().flush()
        self.assertEqual(self.records()[-1], "spooled")

    def test_another_log_at_its_place(self):
        for n in range(3):
            self.append(n)
        self.fail().append("spooled")
        shutil.rmtree(self.dir)
        self.assertEqual(self.log().append("next"), 2)
        self.assertEqual(self.records(), ["spooled", "next"])


class Together(SpoolCase):
    def test_another_process_delivers(self):
        self.fail().append(1)
        slow = self.once('sleep 1; exec HISTLOG "$@"')
        thread = threading.Thread(target=self.log(program=slow).flush)
        thread.start()
        self.wait_for(self.spool / "delivering.lock", self.work / "once")
        self.assertIsNone(self.log(lock_wait=0).append(2))  # behind it
        thread.join()
        self.assertEqual(self.log().append(3), 3)
        self.assertEqual(self.records(), [1, 2, 3])

    def test_lock_ends_with_its_process(self):
        self.fail().append(1)
        text = f"import histlog, os; histlog._Lock({str(self.spool / 'delivering.lock')!r}).acquire(0); os.kill(os.getpid(), 9)"
        subprocess.run([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": os.path.dirname(histlog.__file__)})
        self.log(lock_wait=0).flush()
        self.assertEqual(self.records(), [1])

    @unittest.skipIf(test_histlog.WINDOWS, "Windows has no fork")
    def test_fork(self):
        log = self.fail()
        log.append(1)
        slow = self.log(program=self.once('sleep 0.5; exec HISTLOG "$@"'))
        thread = threading.Thread(target=slow.flush)
        thread.start()
        self.wait_for(self.work / "once")
        pid = os.fork()  # while the lock is held
        if pid == 0:
            time.sleep(5)
            os._exit(0)
        thread.join()
        try:
            self.fail().append(2)
            self.log(lock_wait=1).flush()
            self.assertEqual(self.records(), [1, 2])
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def test_threads_share_a_log(self):
        log = self.fail()
        threads = [threading.Thread(target=lambda n=n: [log.append([n, i]) for i in range(5)]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.log().flush()
        records = self.records()
        for n in range(4):
            self.assertEqual([i for m, i in records if m == n], list(range(5)))


def killed(call, dir, spool, program):
    """Appends, and ends this process at a call on the spool's disk."""
    left = int(call)

    def counting(function):
        def counted(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), KILL)
            return function(*arguments, **options)

        return counted

    log = Log(dir, spool=spool, program=program)
    for name in DISK_CALLS:
        if name != "open":
            setattr(histlog.os, name, counting(getattr(os, name)))
    histlog.open = counting(open)
    log.append("third")
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["killed"]:
        killed(*sys.argv[2:])
    unittest.main()
