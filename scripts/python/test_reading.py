"""Tests of what analysts use of histlog.py: indices, items, follow, times, and what becomes of the processes that read."""

import copy
import datetime
import gc
import itertools
import math
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import histlog
import test_histlog
import test_limits
from histlog import Log
from test_histlog import HISTLOG, LARGE, WINDOWS

UTC = datetime.timezone.utc


class Case(test_histlog.Case):
    def filled(self, records=10, **options):
        log = self.log(**options)
        log.append_many(range(records))
        return log

    def retire(self, first):
        """Removes the records before a sequence, each of which is in a segment of its own."""
        with mock.patch.dict(os.environ, HISTLOG_MEMORY="256M"):
            run("prune", f"--max-records={len(Log(self.dir)) - first + 1}", "--yes", self.dir)

    def damage(self, *seqs):
        """Damages records, each of which is in a segment of its own."""
        for seq in seqs:
            with open(self.dir / f"{seq:020d}.ndjson", "r+b") as segment:
                segment.write(b"y" * 100)

    def lose(self, *seqs):
        """Has a repair give up records, each of which is in a segment of its own."""
        self.damage(*seqs)
        subprocess.run([HISTLOG, "verify", "--repair", self.dir], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(*command):
    subprocess.run([HISTLOG, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


class Sequence(Case):
    def test_like_a_list(self):
        """Every index and slice gives what a list gives, or the same exception."""
        log, values = self.filled(5), list(range(5))
        self.assertEqual((len(log), list(log)), (5, values))
        ends = [None, -7, -5, -2, 0, 3, 5, 9]
        slices = [slice(*bounds) for bounds in itertools.product(ends[::2], ends[1::2], [None, 2, -1, -3])]
        for index in [*range(-6, 6), *slices, slice(None), slice(0, 0), "1", 1.0, slice("a"), slice(None, None, 0)]:
            with self.subTest(index):
                self.assertEqual(outcome(log, index), outcome(values, index))

    def test_of_an_empty_log(self):
        run("append", "--create", "--allow-empty", self.dir)
        log = self.log()
        with self.assertRaises(histlog.NoRecord):
            log[0]
        self.assertEqual((len(log), list(log), log[:], list(log.last(1)), log.latest()), (0, [], [], [], None))
        self.assertTrue(log)

    def test_there_is_no_log(self):
        log = Log(self.dir)
        self.assertTrue(log)
        for use in [lambda: len(log), lambda: log[0], lambda: log[:], lambda: list(log), log.follow, lambda: next(log.items())]:
            with self.assertRaises(histlog.NoLog):
                use()

    def check_first(self, answer, times):
        """Makes a program whose check gives an answer so many times, and is the real one from then on."""
        marks = self.work / "marks"
        return self.shell(
            f"check{times}",
            f'if [ "$1" = check ] && [ $(cat {marks} 2>/dev/null | wc -c) -lt {times} ]; then printf . >>{marks}; echo \'{answer}\'; exit 3; fi\n'
            'exec HISTLOG "$@"',
        )

    def test_the_log_is_made_in_between(self):
        """Another process makes the log after histlog check has found none."""
        self.append(1)
        answer = '{"first_seq":null,"next_seq":null,"problems":[{"text":"no log at x"}]}'
        log = self.log(program=self.check_first(answer, 1))
        self.assertEqual((len(log), log.append(2)), (1, 2))
        with self.assertRaisesRegex(histlog.HistlogError, "no log at x"):
            len(Log(self.dir, program=self.check_first(answer, 5)))

    def test_of_retired_records(self):
        """An index counts from the oldest record that is left; a sequence stays."""
        log = self.log(settings={"segment-size": "1K"})
        log.append_many([[n, "x" * 2000] for n in range(6)])
        log.close()
        self.retire(4)
        self.assertEqual((len(log), log[0][0], log[-3][0], log.record(5)[0]), (3, 3, 3, 4))
        self.assertEqual([batch[0] for batch in log[:]], [3, 4, 5])
        for missing in [lambda: log.record(3), lambda: log.record(7), lambda: log[3], lambda: log[-4]]:
            with self.assertRaises(histlog.NoRecord) as caught:
                missing()
            self.assertIsInstance(caught.exception, IndexError)

    def test_of_lost_records(self):
        """A lost record keeps its place: to ask for it is an error, to read all others is none."""
        log = self.log(settings={"segment-size": "1K"})
        log.append_many([[n, "x" * 2000] for n in range(5)])
        log.close()
        self.lose(2, 5)
        self.assertEqual((len(log), log[0][0], log[2][0]), (5, 0, 2))
        for lost in [1, -1, slice(0, 3)]:
            with self.assertRaises(histlog.Damaged):
                log[lost]
        self.assertEqual([batch[0] for batch in log[2:4]], [2, 3])
        for read, want in [(log.records, [0, 2, 3]), (lambda: log.last(1), []), (lambda: log.last(2), [3])]:
            with self.assertLogs("histlog", "WARNING"):
                self.assertEqual([batch[0] for batch in read()], want)

    def test_latest_is_lost_or_damaged(self):
        """None is the answer of a log without records only."""
        log = self.log(settings={"segment-size": "1K"})
        log.append_many([[n, "x" * 2000] for n in range(2)])
        log.close()
        for harm in [self.damage, self.lose]:
            harm(2)
            with self.assertRaises(histlog.Damaged):
                log.latest()
        log.append("next")
        self.assertEqual(log.latest(), "next")

    def test_a_step_leaves_out_the_damage(self):
        """A slice is an error only if the damage is in it."""
        log = self.log(settings={"segment-size": "1K"})
        log.append_many([[n, "x" * 2000] for n in range(8)])
        log.close()
        for harm, seq in [(self.damage, 3), (self.lose, 6)]:  # indices 2 and 5; the repair loses the damaged one, too
            harm(seq)
            self.assertEqual([batch[0] for batch in log[0:8:3]], [0, 3, 6])
            self.assertEqual([batch[0] for batch in log[7::-3]], [7, 4, 1])
            for hit in [slice(None, None, 2), slice(seq - 1, None, 4), slice(None, 0, -5), slice(2, 3)]:
                with self.subTest(hit), self.assertRaises(histlog.Damaged):
                    log[hit]

    def test_sequences_begin_with_1(self):
        log = self.filled(1)
        for seq in [0, -1]:
            for use in [log.record, log.items, lambda seq: log.items(from_seq=seq)]:
                with self.assertRaisesRegex(ValueError, f"^{seq} is not a sequence: sequences begin with 1"):
                    use(seq)
        with self.assertRaises(histlog.NoRecord):
            log.record(2)

    def test_last(self):
        log = self.filled(3)
        self.assertEqual([list(log.last(n)) for n in (0, 2, 5)], [[], [1, 2], [0, 1, 2]])
        for n, error in [(-1, ValueError), ("1", TypeError), (1.5, TypeError)]:
            with self.assertRaises(error):
                log.last(n)


def outcome(values, index):
    try:
        return values[index]
    except Exception as error:
        return next(kind for kind in (IndexError, TypeError, ValueError) if isinstance(error, kind))


class Items(Case):
    def test_each(self):
        log = self.log()
        when = [datetime.datetime(2025, 5, 28, 7, minute, 1, micro, UTC) for minute, micro in [(0, 0), (1, 5), (2, 120_000)]]
        log.append_many({"timestamp": at.isoformat()} for at in when)
        self.assertEqual([(seq, at) for seq, at, _ in log.items()], list(zip([1, 2, 3], when)))
        self.assertEqual([batch for _, _, batch in log.items()], list(log))
        self.assertEqual([seq for seq, _, _ in log.items(2)], [2, 3])
        self.assertEqual([seq for seq, _, _ in log.items(from_seq=2, until=when[1])], [2])
        self.assertEqual(list(log.items(4)), [])
        for seq, error in [(0, ValueError), (-1, ValueError), ("1", TypeError), (1 << 64, ValueError)]:
            with self.assertRaises(error):
                log.items(seq)

    def test_nanoseconds(self):
        log = self.log()
        log.append({"timestamp": "2025-05-28T07:00:00.123456789Z"})
        self.assertEqual(next(log.items())[1], datetime.datetime(2025, 5, 28, 7, 0, 0, 123_456, UTC))

    def test_go_on_after_a_restart(self):
        self.filled(5).close()
        seen = []
        for _ in range(3):  # processes that do two records each
            log = Log(self.dir)
            for seq, _, n in itertools.islice(log.items(len(seen) + 1), 2):
                self.assertEqual(seq, n + 1)
                seen.append(n)
        self.assertEqual(seen, list(range(5)))


class Times(Case):
    def test_each_form(self):
        now = time.time()
        log = self.log()
        log.append_many({"timestamp": datetime.datetime.fromtimestamp(now - ago, UTC).isoformat()} for ago in (7200, 3600, 60))
        half_an_hour, hours = datetime.timedelta(minutes=30), datetime.timedelta(hours=1.5)
        for since, want in [
            (half_an_hour, 1),
            (-half_an_hour, 1),
            (hours, 2),
            (now - 1800, 1),
            (int(now) - 5400, 2),
            (datetime.datetime.now() - hours, 2),
            (datetime.datetime.now(UTC) - hours, 2),
            (datetime.date(1999, 1, 1), 3),
            ("-90m", 2),
        ]:
            with self.subTest(since):
                self.assertEqual(len(list(log.records(since))), want)
                self.assertEqual(len(list(log.records(until=since))), 3 - want)

    def test_that_are_none(self):
        log = self.log()
        for when, error in [(3600, ValueError), (1.7e12, ValueError), (math.nan, ValueError), (math.inf, ValueError), (True, TypeError), (b"", TypeError), ([], TypeError)]:
            with self.subTest(when), self.assertRaises(error):
                log.records(since=when)


class AppendMany(Case):
    def test_in_order(self):
        log = self.log()
        batches = [{"n": n, "pad": "x" * (n % 7 * 40_000)} for n in range(700)]
        self.assertEqual(log.append_many(iter(batches)), list(range(1, 701)))
        self.assertEqual(self.records(), batches)
        self.assertEqual((log.append_many([]), log.append(1)), ([], 701))

    def test_what_precedes_an_exception_is_appended(self):
        def batches():
            yield from range(200)
            raise KeyError("no more")

        log = self.log()
        with self.assertRaises(KeyError):
            log.append_many(batches())
        with self.assertRaises(TypeError):
            log.append_many([200, 201, {1, 2}, 202])
        with self.assertRaises(histlog.Rejected) as caught:
            log.append_many([202, 203, math.nan, 204])
        self.assertTrue(math.isnan(caught.exception.batch))
        self.assertEqual(self.records(), list(range(204)))

    def test_too_large(self):
        log = self.log(settings={"max-record": "1M"})
        batches = iter([0, 1, LARGE, 2])
        with self.assertRaises(histlog.Rejected) as caught:
            log.append_many(batches)
        self.assertTrue([*caught.exception.batch, *batches] == [LARGE, 2])
        self.assertEqual(log.append_many([2, 3]), [3, 4])
        self.assertEqual(self.records(), [0, 1, 2, 3])

    def test_killed_in_between(self):
        """However many of a group are in the log, and however many of these were answered, each is there once."""
        for stored in [0, 1, 3, 6]:
            for answered in [0, 1, 3]:
                with self.subTest(stored=stored, answered=answered):
                    shutil.rmtree(self.dir, ignore_errors=True)
                    self.append("before")
                    log = self.log(program=self.once(f'head -n {stored} | HISTLOG "$@" | head -n {answered}; kill -9 $$'))
                    self.assertEqual(log.append_many(["same", "same", 3, "same", 5, 6]), [2, 3, 4, 5, 6, 7])
                    self.assertEqual(log.append("same"), 8)
                    self.assertEqual(self.records(), ["before", "same", "same", 3, "same", 5, 6, "same"])
                    (self.work / "once").unlink()

    def test_always_killed(self):
        """What an error says is enough to go on in another process."""
        batches = ["same", "same", 3, 4]
        log = self.log(program=self.program('head -n 1 | HISTLOG "$@" >/dev/null; kill -9 $$'))
        with self.assertRaises(histlog.Died) as caught:
            log.append_many(iter(batches))
        error = caught.exception
        self.assertEqual((error.batch, error.retry_after), (batches, 0))
        self.assertEqual(self.log().append_many(error.batch, retry_after=error.retry_after), [1, 2, 3, 4])
        self.assertEqual(self.records(), batches)

    def test_retry_after_of_more_than_a_group(self):
        batches = [n // 2 for n in range(histlog._GROUP + 20)]
        self.log().append_many(batches[: histlog._GROUP + 10])
        self.assertEqual(self.log().append_many(batches, retry_after=0), list(range(1, len(batches) + 1)))
        self.assertEqual(self.records(), batches)

    def test_spool(self):
        self.append("before")
        spool = self.work / "spool"
        log = self.log(spool=spool, program=self.once('head -n 2 | HISTLOG "$@" >/dev/null; echo full >&2; exit 5'))
        with self.assertLogs("histlog", "WARNING"):
            self.assertEqual(log.append_many([1, 1, 2]), [None] * 3)
        self.assertEqual((log.spooled, log.append_many([3, 4]), log.spooled), (3, [5, 6], 0))
        self.assertEqual(self.records(), ["before", 1, 1, 2, 3, 4])

    def test_the_iterable_uses_the_log(self):
        log = self.log()
        log.append_many(log.append(n) for n in range(3))
        self.assertEqual(sorted(map(str, self.records())), ["0", "1", "1", "2", "2", "3"])


class Follow(Case):
    def ending(self, reader):
        """Returns a reader that ends after a minute: a test that waits for what does not come fails, and does not hang."""
        timer = threading.Timer(60, reader.close)
        timer.daemon = True
        timer.start()
        self.addCleanup(timer.cancel)
        return reader

    def test_new_records(self):
        """follow gives what is appended after the call, also if it is asked for later, across segments and compression."""
        log = self.log(settings={"segment-size": "1K"})
        log.append("before")
        with self.ending(log.follow()) as records, self.ending(log.items(1, follow=True)) as items:
            for n in range(5):
                log.append([n, "x" * 500])
                log.append([n, "x" * 1500])
                self.assertEqual([next(records)[0], next(records)[0]], [n, n])
                run("compact", "--older-than=0s", self.dir)
            self.assertEqual([next(items)[0] for _ in range(11)], list(range(1, 12)))

    @unittest.skipIf(WINDOWS, "Wine removes no directory that another process has open")
    def test_another_log_takes_the_place(self):
        log = self.log()
        with self.ending(log.items(1, follow=True)) as items:
            log.append(1)
            self.assertEqual(next(items)[2], 1)
            log._stop()
            shutil.rmtree(self.dir)
            self.append("first of another")
            self.assertEqual(next(items)[::2], (1, "first of another"))

    def test_ends_on_close(self):
        for close in ["reader", "log", "with"]:
            with self.subTest(close):
                log = self.log()
                log.append("before")
                reader = self.ending(log.follow())
                seen = []
                thread = threading.Thread(target=lambda: seen.extend(reader))
                thread.start()
                log.append(close)
                deadline = time.monotonic() + 30
                while not seen and time.monotonic() < deadline:
                    time.sleep(0.01)
                (reader.close if close == "reader" else log.close if close == "log" else log.__exit__)()
                thread.join(30)
                self.assertEqual((thread.is_alive(), seen), (False, [close]))
                self.assertIsNotNone(reader._process.popen.returncode)
                self.assertEqual(list(reader), [])

    def test_has_no_time_limit(self):
        for can_poll in {histlog._CAN_POLL, False}:
            with self.subTest(can_poll=can_poll), mock.patch.object(histlog, "_CAN_POLL", can_poll):
                log = self.log()
                log.append(1)
                reader = self.ending(Log(self.dir, timeout=3).follow())
                threading.Timer(4, log.append, [2]).start()
                self.assertEqual(next(reader), 2)
                reader.close()

    def test_killed(self):
        log = self.log()
        log.append(1)
        reader = log.follow()
        reader._process.popen.kill()
        with self.assertRaises(histlog.Died):
            next(reader)


class Ends(Case):
    """How the processes of readers end."""

    def setUp(self):
        super().setUp()
        log = self.log()
        log.append_many(["x" * 100_000] * 20)  # more than a pipe holds
        log.close()

    @unittest.skipIf(WINDOWS, "counts processes with ps")
    def test_no_process_is_left(self):
        gc.collect()
        before = test_limits.resources()
        log = Log(self.dir)
        readers = []

        def collected():
            next(log.records())

        def not_begun():
            log.records()
            log.follow()

        def closed():
            for reader in [log.records(), log.items(), log.follow(), log.last(3)]:
                reader.close()
                reader.close()
                self.assertEqual(list(reader), [])

        def closed_in_between():
            reader = log.records()
            next(reader)
            reader.close()
            with self.assertRaises(StopIteration):
                next(reader)

        def with_block():
            with self.assertRaises(KeyError), log.records() as reader:
                next(reader)
                readers.append(reader)  # it is not collected
                raise KeyError

        def loop_that_ends_early():
            for _ in log:
                break

        def exception_in_a_cycle():
            try:
                for _ in log:
                    raise KeyError
            except KeyError as error:
                error.itself = error
            gc.collect()

        for use in [collected, not_begun, closed, closed_in_between, with_block, loop_that_ends_early, exception_in_a_cycle]:
            with self.subTest(use.__name__):
                use()
                self.assertEqual(test_limits.resources() - before, set())

    @unittest.skipIf(WINDOWS, "looks for processes in /proc")
    def test_with_the_program(self):
        """A program that ends, or dies, leaves no process that reads, and says nothing."""
        ends = {"exit": "", "exception": "sys.exit(0)", "fork": "pid = os.fork()\nif pid == 0: sys.exit(0)\nos.waitpid(pid, 0); next(r)"}
        for name, end in ends.items():
            with self.subTest(name):
                text = f"""
import os, sys
from histlog import Log
log = Log({str(self.dir)!r})
readers = [log.records(), log.records(), log.follow()]
r = readers[0]
next(r)
print(*[reader._process.popen.pid for reader in readers], flush=True)
{end}
"""
                c = subprocess.run(
                    [sys.executable, "-W", "error", "-c", text], env={**os.environ, "PYTHONPATH": test_limits.HERE}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
                self.assertEqual((c.returncode, c.stderr), (0, b""))
                pids = c.stdout.split()
                self.assertEqual(len(pids), 3)
                for pid in pids:
                    self.assertFalse(os.path.exists(f"/proc/{int(pid)}/exe"))

    @unittest.skipUnless(sys.platform == "linux", "elsewhere it ends with the next line that it writes")
    def test_with_a_program_that_is_killed(self):
        """What follows a log ends although no record comes."""
        text = f"import os, histlog; r = histlog.Log({str(self.dir)!r}).follow(); print(r._process.popen.pid, flush=True); os.kill(os.getpid(), 9)"
        c = subprocess.run([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": test_limits.HERE}, stdout=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while os.path.exists(f"/proc/{int(c.stdout)}/exe"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    @unittest.skipIf(WINDOWS, "Windows has no fork")
    def test_forked(self):
        """A child that drops its copy of an iterator, or closes it, leaves the parent's alone."""
        reader = Log(self.dir).records()
        next(reader)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with self.assertRaises(ValueError):
                    next(reader)
                reader.close()
                del reader
                gc.collect()
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(len(list(reader)), 19)

    @unittest.skipIf(WINDOWS, "Windows has no signals")
    def test_ctrl_c(self):
        text = f"""
from histlog import Log
reader = Log({str(self.dir)!r}).follow()
print(reader._process.popen.pid, flush=True)
try:
    next(reader)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
        with subprocess.Popen([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": test_limits.HERE}, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as c:
            pid = int(c.stdout.readline())
            time.sleep(0.3)
            c.send_signal(2)
            out, err = c.communicate(timeout=60)
        self.assertEqual((out, err), (b"interrupted\n", b""))
        self.assertFalse(os.path.exists(f"/proc/{pid}/exe"))

    def test_two_threads(self):
        """A second thread that iterates is refused, as by a generator, and harms nothing."""
        log = Log(self.dir)
        reader, refused, seen = log.records(), [], []

        def read():
            while True:
                try:
                    seen.append(next(reader))
                except StopIteration:
                    return
                except ValueError as error:
                    refused.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, list(log))

    @unittest.skipIf(WINDOWS, "Python has no module resource on Windows")
    def test_memory_is_constant(self):
        """A log of 40 MB is read in far less."""
        log = self.log()
        log.append_many("x" * 1_000_000 for _ in range(40))
        log.close()
        text = f"""
import resource
from histlog import Log
log = Log({str(self.dir)!r})
next(iter(log))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert sum(map(len, log)) == 42_000_000
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 << 10
"""
        subprocess.run([sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": test_limits.HERE}, check=True)


class Fields(Case):
    odd = "a b,c~/*#$"

    def filled(self):
        log = self.log()
        log.append({"timestamp": "2025-05-28T07:00:00Z", "total": 7, self.odd: 1, "x=y": 2, "matches": {"a": {"odds": 1.5}, "b": {"odds": [2]}}})
        log.append({"total": "Łódź", "matches": {}})
        return log

    def test_each_form(self):
        log = self.filled()
        for fields, want in [
            (["total"], [{"total": 7}, {"total": "Łódź"}]),
            ("total", [{"total": 7}, {"total": "Łódź"}]),
            (("timestamp", "$seq"), [{"timestamp": "2025-05-28T07:00:00Z", "$seq": 1}, {"timestamp": None, "$seq": 2}]),
            ({"n": "/matches#", ".who": "total"}, [{"n": 2, ".who": 7}, {"n": 0, ".who": "Łódź"}]),
            ([".total", "first=.matches.a.odds"], [{"total": 7, "first": 1.5}, {"total": "Łódź", "first": None}]),
            ([self.odd], [{self.odd: 1}, {self.odd: None}]),
            ({"=" + self.odd: self.odd, "z": "/x~=y"}, [{"=" + self.odd: 1, "z": 2}, {"=" + self.odd: None, "z": None}]),
            (["/matches/a/odds", "b=/matches/b"], [{"odds": 1.5, "b": {"odds": [2]}}, {"odds": None, "b": None}]),
            (["$key", "/matches/*/odds"], [{"$key": "a", "odds": 1.5}, {"$key": "b", "odds": [2]}]),
            ([""], [{"record": batch} for batch in log]),
        ]:
            with self.subTest(fields):
                self.assertEqual(list(log.records(fields=fields)), want)
        self.assertEqual(list(log.records(fields=(name for name in ["total"]), since=datetime.timedelta(hours=1))), [{"total": "Łódź"}])

    def test_that_are_none(self):
        log = self.filled()
        for fields, error in [([], ValueError), ({}, ValueError), ([1], TypeError), ({"a": 1}, TypeError), (7, TypeError), (["$now"], ValueError), (["/a", "/b/a"], ValueError)]:
            with self.subTest(fields), self.assertRaises(error):
                list(log.records(fields=fields))

    def test_last_and_follow(self):
        log = self.filled()
        self.assertEqual(list(log.last(1, fields=["$seq"])), [{"$seq": 2}])
        with log.follow(fields={"seq": "$seq", "all": ""}) as rows:
            log.append("new")
            self.assertEqual(next(rows), {"seq": 3, "all": "new"})


try:
    import pandas
except ImportError:
    pandas = None


class Frames:
    """A pandas of some version, whose frames are dicts, and whose to_datetime gives its arguments."""

    def __init__(self, version):
        self.__version__ = version

    def DataFrame(self, rows, columns):
        list(rows)
        frame = Columns((name, name) for name in columns)
        frame.columns = columns
        return frame

    def to_datetime(self, column, **options):
        return column, options


class Columns(dict):
    pass


class Pandas(Case):
    @unittest.skipIf(pandas is None, "pandas is missing; install the package python3-pandas")
    def test_frame(self):
        log = self.log()
        log.append_many({"timestamp": f"2025-05-28T07:0{n}:00Z", "n": n, "x": {"y": [n / 2]}} for n in range(3))
        frame = log.to_pandas({"at": "$time", "n": "n", "half": "/x/y/0", "none": "/z"}, since="2025-05-28T07:01:00Z")
        self.assertEqual(list(frame.columns), ["at", "n", "half", "none"])
        self.assertEqual(list(frame["at"]), [pandas.Timestamp(f"2025-05-28T07:0{n}:00Z") for n in (1, 2)])
        self.assertEqual((str(frame.dtypes["n"]), list(frame["n"]), list(frame["half"])), ("int64", [1, 2], [0.5, 1.0]))
        self.assertTrue(frame["none"].isna().all())
        self.assertEqual(list(log.to_pandas("n")["n"]), [0, 1, 2])
        empty = log.to_pandas(["$time", "/x/y", self.id() + "=/n"], since=datetime.timedelta(hours=1))
        self.assertEqual((list(empty.columns), len(empty)), (["$time", "y", self.id()], 0))
        self.assertEqual(empty.dtypes["$time"], frame.dtypes["at"])

    def test_which_columns_are_times(self):
        """Exactly $time and $arrived are, also with a name; a member whose name looks like it is none."""
        for version, options in [("1.5.3", {"utc": True}), ("2.2", {"utc": True, "format": "ISO8601"}), ("3.0.0.dev0", {"utc": True, "format": "ISO8601"})]:
            log, stub = self.filled(1), Frames(version)
            for fields, times in [
                (["$time", "n", "$arrived"], ["$time", "$arrived"]),
                ({"a=b": "$time", ".c": "$arrived", "=": "$seq"}, ["a=b", ".c"]),
                (["a~=b=$time", "~0/=$arrived"], ["a=b", "~/"]),
                (["/k=$time", ".k=$arrived", "a~=$time=/n", "$time"], ["$time"]),
                (["$seq,$time,/n~,$arrived", "$arrived"], ["$time", "$arrived"]),
                (["time", "/$time", "t=/$arrived"], []),
            ]:
                with self.subTest(version=version, fields=fields), mock.patch.dict(sys.modules, pandas=stub):
                    frame = log.to_pandas(fields)
                    self.assertEqual({name: column for name, column in frame.items() if isinstance(column, tuple)}, {name: (name, options) for name in times})

    @unittest.skipIf(pandas is None, "pandas is missing; install the package python3-pandas")
    def test_times_with_and_without_fractions(self):
        log = self.log()
        log.append_many({"timestamp": text, "k=$time": text} for text in ["2025-05-28T07:00:00.5Z", "2025-05-28T07:01:00Z", "2025-05-28T07:02:00.123456789Z"])
        frame = log.to_pandas(["$time", "$arrived", "/k=$time"])
        self.assertEqual(list(frame["$time"]), list(map(pandas.Timestamp, frame["k=$time"])))
        self.assertEqual((frame.dtypes["$arrived"], str(frame.dtypes["k=$time"])), (frame.dtypes["$time"], "object"))

    def test_without_pandas(self):
        with mock.patch.dict(sys.modules, pandas=None), self.assertRaisesRegex(ImportError, "python3-pandas"):
            self.log().to_pandas(["n"])


class Copies(Case):
    def test_pickled(self):
        log = self.log(timeout=30, default=str, spool=self.work / "spool")
        log.append("one")
        for other in [pickle.loads(pickle.dumps(log)), copy.copy(log), copy.deepcopy(log)]:
            self.addCleanup(other.close)
            self.assertEqual((other.dir, other._timeout, other._default, other._spool.dir), (log.dir, 30, str, log._spool.dir))
            self.assertIsNone(other._appender)
            other.append(datetime.date(2025, 5, 28))
        self.assertEqual(log[1:], ["2025-05-28"] * 3)

    def test_repr(self):
        self.assertEqual(repr(Log(self.dir)), f"Log({str(self.dir)!r})")


class Version(Case):
    """A histlog that is older than the client needs is named, once something fails for it."""

    def older(self, version):
        return self.shell("older", f'case "$1" in version) {version};; check) echo \'{{"records":1}}\';; *) echo "flag provided but not defined: -x" >&2; exit 2; esac')

    def test_fits(self):
        out = subprocess.run([HISTLOG, "version", "--json"], stdout=subprocess.PIPE, check=True)
        self.assertEqual(histlog._parse(out.stdout)["protocol"], histlog._PROTOCOL)

    def test_older(self):
        self.append(1)
        log = Log(self.dir, program=self.older("""echo '{"version":"v0.9","format":1}'"""))
        for use in [lambda: len(log), lambda: log[0], log.latest, log.follow, lambda: log.append(1)]:
            with self.assertRaisesRegex(histlog.NoProgram, f"older is histlog v0.9 with protocol 1, .* protocol {histlog._PROTOCOL}: install"):
                use()

    def test_older_with_a_spool(self):
        log = Log(self.dir, spool=self.work / "spool", program=self.older("""echo '{"version":"v0.9","format":1}'"""))
        with self.assertLogs("histlog", "WARNING") as caught:
            self.assertIsNone(log.append(1))
        self.assertRegex("".join(caught.output), "v0.9")

    def test_not_histlog(self):
        self.append(1)
        for version in ["exit 1", "echo x", "echo '{}'", "echo '[]'"]:
            log = Log(self.dir, program=self.older(version))
            with self.assertRaises(histlog.HistlogError) as caught:
                log.latest()
            self.assertNotIsInstance(caught.exception, histlog.NoProgram)


if __name__ == "__main__":
    unittest.main()
