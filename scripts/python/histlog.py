"""Append to a histlog log from Python, and read it.

    from histlog import Log

    with Log("step2", create=True) as log:
        seq = log.append({"timestamp": "2025-05-28T16:14:22-04:00", "matches": {}})
        newest = log.latest()
        for batch in log.records(since="-3h"):
            print(batch["timestamp"])

When append returns a number, the batch is on disk. One file, standard library only, Python 3.8 and later: copy it into
your project. It runs the program histlog, which it finds by HISTLOG_BIN or on PATH: one `histlog append` that stays,
and one `histlog cat` for each reading. It logs warnings to the logger "histlog". docs/PYTHON.md has examples.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import datetime
import errno
import functools
import importlib
import io
import json
import logging
import math
import numbers
import operator
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import warnings
import weakref
import zlib
from typing import Any, Callable, Deque, Generator, Iterable, Iterator, Mapping, NamedTuple, Optional, Tuple, TypeVar, Union, overload

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["Log", "Reader", "HistlogError", "NoProgram", "NoLog", "BadArgument", "NoRecord", "Damaged", "Locked", "NoRoom", "Rejected", "Died", "TimedOut"]

_logger = logging.getLogger("histlog")

# What the client needs of the program; `histlog version --json` has the same number or a greater one.
_PROTOCOL = 2

# A time: a datetime, a date, a text that histlog reads, how long ago, or Unix time in seconds.
_Time = Union[str, datetime.date, datetime.timedelta, float]
# Fields of records: their names or what histlog cat --fields takes, or by the names that they get.
_Fields = Union[Iterable[str], Mapping[str, str]]
_T = TypeVar("_T")


class HistlogError(Exception):
    """An error of histlog, with its hint. All other exceptions here are subclasses of it.

    If append raises it, the batch was not acknowledged. To be safe across restarts, keep both of these; then
    log.append(error.batch, retry_after=error.retry_after) at any later time can't append the batch twice. After
    append_many, batch is the list of those that were taken from the iterable and not acknowledged; all before are
    in the log.
    """

    batch: Any = None  # the batch that append was called with, or a list that append_many can be called with
    retry_after: Optional[int] = None  # if the batch is in the log after all, its sequence is greater than this one
    exit_code: Optional[int] = None  # of histlog, if the error is the program's


class NoProgram(HistlogError):
    """The program histlog was not found, can't be started, or is older than this file needs."""


class NoLog(HistlogError):
    """There is no log in this directory. Check the path and the mount; Log(dir, create=True) makes a log."""


class BadArgument(HistlogError, ValueError):
    """histlog refuses an argument, such as the text of a time, a field or a setting."""


class NoRecord(HistlogError, IndexError):
    """The log has no record with this sequence or at this index: it was retired, or is not there yet."""


class Damaged(HistlogError):
    """Some records can't be read. All others were returned before this error was raised."""


class Locked(HistlogError):
    """Another process kept the writer's lock for longer than lock_wait. The batch is not in the log."""


class NoRoom(HistlogError):
    """The disk is full, or the memory is not enough. The batch is not in the log; append it again when there is room."""


class Rejected(HistlogError):
    """The batch can't be stored: it contains NaN (see non_finite), or it is larger than max-record."""


class Died(HistlogError):
    """histlog was killed, and again each time it was restarted. The batch may be in the log."""


class TimedOut(HistlogError):
    """histlog gave no answer in time and was killed. The batch may be in the log."""


_BY_EXIT_CODE = {2: BadArgument, 3: Damaged, 4: Locked, 5: NoRoom, 6: Rejected, 7: NoLog}

# How long to wait before each attempt to append a batch, in seconds.
_ATTEMPTS = (0, 0.1, 0.2, 0.4, 0.8)

# What append answers fits in this many bytes; a line of anything else is a record of 1 GiB at most.
_ANSWER_BYTES = 1000
_LINE_BYTES = (1 << 30) + 1

# How many batches, and how many bytes of them, append_many sends at once. The answers to so many fit in a pipe.
_GROUP = 128
_GROUP_BYTES = 1 << 20

# How long a killed process may take to disappear, and its last message to arrive, in seconds.
_END = 0.4
_LAST_MESSAGE = 0.2


class Log:
    """A log, to append to and to read.

    Make one Log and keep it: it keeps an append process running. Threads may share a Log. After a fork the child starts
    an append process of its own, and so does a copy that was pickled. Any number of processes may append to one log;
    each record gets a sequence of its own. Do not call the methods in a signal handler; raise an exception there
    instead.

    A Log is also a sequence of its records: len(log), log[0] for the oldest, log[-1], log[-5:], and a for loop. An
    index is a place among the records that the log has now, from 0; record(seq) finds a record by its sequence, which
    stays the same when older records are retired. A record that is damaged or lost keeps its place. A Log is true
    even if it is empty.

    dir         the log's directory
    create      make the log if there is none
    non_finite  how to store NaN and Infinity: "fail" (raises Rejected), "null", "string" or "keep"
    lock_wait   how long another process may keep the writer's lock, in seconds, before Locked; without it 10 s, and
                at most half of timeout
    timeout     how long histlog may give no answer, or no next record, in seconds, before TimedOut; a lock_wait that
                is given is added to it
    default     as in json.dumps, for values that JSON does not have: default=str stores a datetime as text
    settings    flags of histlog append such as {"time-zone": "America/New_York", "sync": "interval=1s"}: the
                settings of a log that this Log makes; for an existing log they apply to its own appends only
    program     the program histlog; by default $HISTLOG_BIN, or histlog on PATH
    spool       a directory of this log alone, best on another disk, for batches that can't be appended now: append
                then stores the batch there and returns None, and a later append delivers it. The directory is made if
                its parent exists. With a spool, append and not Log() raises the error of a missing program.
    """

    def __init__(
        self,
        dir: Union[str, os.PathLike[str]],
        create: bool = False,
        *,
        non_finite: str = "fail",
        lock_wait: Optional[float] = None,
        timeout: float = 60,
        default: Optional[Callable[[Any], Any]] = None,
        settings: Optional[Mapping[str, str]] = None,
        program: Optional[str] = None,
        spool: Union[str, os.PathLike[str], None] = None,
    ) -> None:
        self.dir = os.path.abspath(dir)  # so that it is the same log after a chdir
        spool = None if spool is None else os.path.abspath(spool)
        self._arguments = dict(
            create=create, non_finite=non_finite, lock_wait=lock_wait, timeout=timeout, default=default, settings=settings, program=program, spool=spool
        )
        self._wanted = program
        self._program = None if spool is not None else _find(program)  # None: look when it is started
        self._create = create
        self._default = default
        self._allow_nan = non_finite != "fail"
        self._timeout = timeout
        self._patience = timeout if lock_wait is None else lock_wait + timeout  # for an answer of append
        self._lock_wait = min(10, timeout / 2) if lock_wait is None else lock_wait
        self._flags = ["--allow-empty", f"--lock-wait={self._lock_wait}s", f"--non-finite={non_finite}"]
        self._flags += [f"--{name}={value}" for name, value in (settings or {}).items()]
        if create:
            self._flags.append("--create")
        self._lock = threading.Lock()
        self._appender: Optional[_Process] = None
        self._followers: weakref.WeakSet[Reader[Any]] = weakref.WeakSet()
        self._last: Optional[int] = None  # the newest acknowledged sequence; before the first, the log's newest
        self._doubt: Optional[int] = None  # unanswered batches may be in the log after this sequence
        self._spool = None if spool is None else _Spool(spool, self.dir)
        _logs.add(self)

    def append(self, batch: Any, retry_after: Optional[int] = None) -> Optional[int]:
        """Appends a batch and returns its sequence. It is on disk then, unless the log's setting is sync none.

        If histlog is killed, another process is started, which first looks for the batch in the log. retry_after is for
        a batch that an earlier process, or another Log, may have appended: append searches the log for the same bytes
        after this sequence, and if it finds them, returns their sequence.

        With a spool, append delivers the batches in it first, in order. If a delivery or the batch itself fails for a
        temporary reason, append stores the batch in the spool, logs a warning, and returns None. If the spool fails,
        too, it raises the error.
        """
        try:
            return self.append_many([batch], retry_after)[0]
        except HistlogError as error:
            error.batch = batch
            raise

    def append_many(self, batches: Iterable[Any], retry_after: Optional[int] = None) -> list[Optional[int]]:
        """Appends batches in order and returns their sequences. It is faster than append, because many share a sync.

        As with list.extend, an exception that the iterable raises, or that a batch causes which is no JSON, comes after
        all batches before were appended. retry_after is for batches of which the first ones may be in the log.
        """
        after = None if retry_after is None else _sequence(retry_after)
        seqs: list[Optional[int]] = []
        for group, lines in self._groups(batches):
            try:
                with self._lock:
                    after = self._append_lines(lines, after, seqs)
            except HistlogError as error:
                error.batch = group[len(group) - len(lines) :]
                raise
        return seqs

    def flush(self) -> None:
        """Appends the batches in the spool. Raises the error that prevents it."""
        with self._lock:
            error = self._deliver_spooled()
            try:
                if error is not None:
                    raise error
            finally:
                del error

    @property
    def spooled(self) -> int:
        """The number of batches in the spool."""
        return 0 if self._spool is None else len(self._spool.entries())

    def latest(self) -> Any:
        """Returns the newest batch; None if the log has no record. Raises Damaged if the newest is damaged or lost."""
        batches = list(self.last(1))
        if batches:
            return batches[0]
        span = self._span()
        return self.record(span[-1]) if span else None

    def last(self, n: int, *, fields: Optional[_Fields] = None) -> Reader[Any]:
        """Yields the last n batches, oldest first, one at a time in memory; with fields as records does.

        One of them that was lost in a repair is left out with a warning, so that they are fewer than n.
        """
        count = operator.index(n)
        if count < 0:
            raise ValueError(f"last({count}): a number of batches is not negative")
        return self._read(_parse, f"-n{count}", *_field_flags(fields))

    def record(self, seq: int) -> Any:
        """Returns the batch with a sequence. Raises Damaged if it is damaged or lost, NoRecord if there is none.

        Sequences begin with 1: a smaller one is a ValueError.
        """
        number = _sequence(seq, least=1)
        try:
            for batch in self._read(_parse, seqs=str(number)):
                return batch
        except HistlogError as error:
            if type(error) not in (HistlogError, BadArgument) or number in self._span():
                raise
            raise NoRecord(str(error)) from None
        raise Damaged(f"record {number} of {self.dir} is lost")

    def records(self, since: Optional[_Time] = None, until: Optional[_Time] = None, *, fields: Optional[_Fields] = None) -> Reader[Any]:
        """Yields the batches of a span of time, oldest first, one at a time in memory.

        A time is a datetime, a date, or text that histlog reads: "-3h", "today", "07:15", "2025-05-30 07:15"; a
        timedelta is how long ago, and a number is Unix time in seconds. A time without a zone is local. A batch that is
        damaged is left out, and Damaged is raised at the end. A batch that was lost in a repair is left out with a
        warning.

        With fields it yields a dict of these fields instead, which is many times faster, because histlog takes them
        out of the text: fields=["timestamp", "total_matches"]. A field is the name of a member, or what histlog cat
        --fields takes: "/a/b" is the member b of a, "/a#" the number of a's members, "/a/*/b" gives a dict for each
        member of a, and "$seq", "$time", "$arrived", "$bytes" and "$key" are facts. A dict of fields names them:
        {"home": "/matches/0/odds/home"}. An absent field is None.
        """
        return self._read(_parse, *_span_flags(since, until), *_field_flags(fields))

    def to_pandas(self, fields: _Fields, since: Optional[_Time] = None, until: Optional[_Time] = None) -> Any:
        """Returns a DataFrame of these fields, as records does. "$time" and "$arrived" are columns of times in UTC.

        Raises ImportError if pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")  # no import statement: mypy need not know pandas
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install pandas, or apt install python3-pandas") from error
        texts = _field_texts(fields)
        frame = pandas.DataFrame(self.records(since, until, fields=fields), columns=self._columns(texts))
        # From version 2 on pandas expects all texts in the form of the first one, and an older pandas has no ISO8601.
        form = {} if re.match(r"[01]\.", pandas.__version__) else {"format": "ISO8601"}
        parts = (part for text in texts for part in re.split(r"(?<!~),", text))
        for column, part in zip(frame.columns, parts):
            if _TIME_FIELD.fullmatch(part):
                frame[column] = pandas.to_datetime(frame[column], utc=True, **form)
        return frame

    def items(
        self,
        from_seq: Optional[int] = None,
        *,
        since: Optional[_Time] = None,
        until: Optional[_Time] = None,
        follow: bool = False,
    ) -> Reader[Tuple[int, datetime.datetime, Any]]:
        """Yields (sequence, time, batch), as records does, from a sequence on. With follow it waits for more, as follow does.

        The time is the record's time in the log, in UTC, to the microsecond. To go on after a restart, keep the
        sequence of the last batch that was processed, and begin with the one after it. Sequences begin with 1.
        There are no fields: records(fields=["$seq", "$time", ...]) gives sequence and time beside other fields.
        """
        flags = [*_span_flags(since, until), "--json"]
        if from_seq is not None:
            flags.append(f"--from={_sequence(from_seq, least=1)}")
        return self._read(_parse_item, *flags, follow=follow)

    def follow(self, *, fields: Optional[_Fields] = None) -> Reader[Any]:
        """Yields the batches that are appended after this call, as soon as they are. It waits for them without end.

        With fields it yields dicts, as records does.

        It ends when the iterator or the Log is closed, also by another thread. If another log takes the place of this
        one, it goes on with the first batch of that.
        """
        return self._read(_parse, f"--from={self._span().stop}", *_field_flags(fields), follow=True)

    def close(self) -> None:
        """Ends the append process and what follows the log. Acknowledged batches are safe without it; append may be called again."""
        for reader in list(self._followers):
            reader.close()
        with self._lock:
            self._stop()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Reader[Any]:
        return self.records()

    def __len__(self) -> int:
        return len(self._span())

    def __bool__(self) -> bool:
        return True  # `if log:` must neither run a program nor skip the first append to an empty log

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: Union[int, slice]) -> Any:
        span = self._span()
        try:
            wanted = span[index]
        except IndexError:
            raise NoRecord(f"log[{index}]: {self.dir} has {len(span)} records") from None
        except TypeError as error:
            raise TypeError(str(error).replace("range", "Log")) from None
        if isinstance(wanted, int):
            return self.record(wanted)
        if not wanted:
            return []
        found = {}
        try:
            for seq, _, batch in self._read(_parse_item, "--json", seqs=f"{min(wanted)}..{max(wanted)}"):
                if seq in wanted:
                    found[seq] = batch
        except Damaged:
            if len(found) < len(wanted):  # else a step leaves out what is damaged
                raise
        return [found[seq] for seq in wanted]

    def __reduce__(self) -> Tuple[Callable[[], Log], Tuple[()]]:
        return functools.partial(type(self), self.dir, **self._arguments), ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dir!r})"

    def _groups(self, batches: Iterable[Any]) -> Iterator[Tuple[list[Any], Deque[bytes]]]:
        """Yields the batches and their lines in groups, each of which is sent at once. What raises ends a group."""
        group: list[Any] = []
        lines: Deque[bytes] = collections.deque()
        size = 0
        try:
            for batch in batches:
                lines.append(_encode(batch, self._default, self._allow_nan))
                group.append(batch)
                size += len(lines[-1])
                if len(group) == _GROUP or size >= _GROUP_BYTES:
                    yield group, lines
                    group, lines, size = [], collections.deque(), 0
        except Exception:
            if group:
                yield group, lines
            raise
        if group:
            yield group, lines

    def _append_lines(self, lines: Deque[bytes], after: Optional[int], seqs: list[Optional[int]]) -> Optional[int]:
        """Appends lines or stores them in the spool: moves each from lines to seqs, as its sequence or None.

        The lines may be in the log after a sequence. Returns after which sequence the lines that follow may be.
        """
        error = self._deliver_spooled()
        if error is None:
            try:
                return self._append(lines, after, seqs)
            except HistlogError as e:
                error, after = e, e.retry_after
        try:
            while lines:
                if not self._store(lines[0], after, error):
                    error.retry_after = self._last if after is None else after
                    raise error
                lines.popleft()
                seqs.append(None)
        finally:
            del error  # it refers to this frame: a cycle would keep the Log from being finalized
        return None

    def _append(self, lines: Deque[bytes], after: Optional[int], seqs: list[Optional[int]]) -> Optional[int]:
        """Appends lines, which may be in the log after a sequence; an error's retry_after says the same."""
        before, count = self._doubt, len(lines)
        if after is not None:
            self._doubt = after
        try:
            if after is None and before is not None:  # the line may be the one that was not answered
                self._doubt = self._within(before)
            return self._deliver(lines, seqs)
        except BaseException as error:
            self._drop()  # its answer, if one comes, is not that to the next batch
            if isinstance(error, HistlogError):
                error.retry_after = self._doubt
                if not isinstance(error, (Died, TimedOut, Locked, NoRoom)):
                    self._doubt = before if len(lines) == count else None  # a refused line leaves the Log as it was
            raise

    def _deliver(self, lines: Deque[bytes], seqs: list[Optional[int]]) -> Optional[int]:
        """Appends lines, with a new process if one is killed. They may be in the log after _doubt, the first ones of them.

        Returns after which sequence the lines that follow may be in the log.
        """
        if self._last is None:
            self._last = self._stored().stop - 1
        attempts = 0
        while lines:
            time.sleep(_ATTEMPTS[attempts])
            process = self._running()
            certain = self._doubt is None
            if self._doubt is None:
                self._doubt = self._last
            asked = list(lines) if certain else [lines[0]]
            answered = 0
            for seq, duplicate in process.ask(asked, self._patience):
                lines.popleft()
                seqs.append(seq)
                # Any answer but that for a duplicate is the newest, even if it is smaller than the last: then an older
                # copy of the log was restored.
                self._last = max(seq, self._last) if duplicate else seq
                self._doubt = seq if duplicate or certain and lines else None
                answered += 1
            attempts = 0 if answered else attempts + 1
            if answered == len(asked):
                continue
            error = process.failure(self._timeout) or Died("histlog ended without an answer")
            try:
                self._drop()
                if certain and not answered and isinstance(error, (Locked, NoLog)):
                    self._doubt = None  # nothing was written
                if not isinstance(error, Died) or attempts == len(_ATTEMPTS):
                    raise error
                _logger.warning("%s; trying again", error)
            finally:
                del error
        after, self._doubt = self._doubt, None
        return after

    def _running(self) -> _Process:
        """Returns the append process. If there is a doubt, it is a new one, which compares its first line."""
        process = self._appender
        if process is not None and process.popen.poll() is not None:
            _logger.warning("%s; starting another", process.failure(0))
            self._drop()
        elif process is not None and self._doubt is not None:
            self._stop()
        elif process is not None:
            return process
        flags = list(self._flags)
        if self._doubt is not None:
            flags += [f"--retry-after={self._doubt}", "--json"]
        process = _Process([self._path(), "append", *flags, "--", self.dir], stdin=subprocess.PIPE)
        self._appender = process
        self._finalizer = weakref.finalize(self, process.abandon, self.dir)
        self._finalizer.atexit = False  # the end of this process ends it
        return process

    def _stop(self) -> None:
        """Closes the input of the append process and waits for its end."""
        process = self._release()
        if process is None:
            return
        with process, contextlib.suppress(Died):  # by Ctrl-C, say, when all was acknowledged
            process.close_input()
            process.finish(self._timeout)

    def _drop(self) -> None:
        """Kills the append process."""
        process = self._release()
        if process is not None:
            process.discard()

    def _release(self) -> Optional[_Process]:
        """Returns the append process, which is no longer this Log's."""
        process, self._appender = self._appender, None
        if process is not None:
            self._finalizer.detach()
        return process

    def _forget(self) -> None:
        """Leaves append process and spool to the process that this one was forked from."""
        self._lock = threading.Lock()
        self._release()
        if self._spool is not None:
            self._spool.forget()

    def _path(self) -> str:
        """Returns the path of the program."""
        if self._program is None:
            self._program = _find(self._wanted)
        return self._program

    def _within(self, after: int) -> int:
        """Returns the sequence closest to after that --retry-after accepts: the log may have been restored or pruned."""
        span = self._stored()
        if after < span.start - 1:
            _logger.warning("a batch may be in %s twice: it may be one of those up to %d, which were retired", self.dir, span.start - 1)
        return max(span.start - 1, min(after, span.stop - 1))

    def _stored(self) -> range:
        """Returns the sequences of the log's records; of none, if append may make the log."""
        try:
            return self._span()
        except NoLog:
            if not self._create:
                raise
            return range(1, 1)

    def _span(self) -> range:
        """Returns the sequences of the log's records, also of those that are damaged or lost."""
        problems = ""
        for _ in range(2):  # the log may be made after the first answer
            with _Process([self._path(), "check", "--json", "--", self.dir]) as process:  # it reads no index from end to end
                text = process.read_line(self._timeout, _LINE_BYTES)
                if not text.endswith(b"\n"):
                    process.finish(self._timeout)
            try:
                found = json.loads(text)
                if found["next_seq"] is not None:
                    return range(operator.index(found["first_seq"]), operator.index(found["next_seq"]))
                problems = "; ".join(problem["text"] for problem in found["problems"])
            except (ValueError, TypeError, LookupError, RecursionError):
                raise _too_old(self._path()) or _not_histlog(self._path(), text) from None
            list(self._read(_parse, "-n0"))  # raises what is wrong with the log
        raise HistlogError(f"histlog check {self.dir}: {problems}")

    def _columns(self, texts: list[str]) -> list[str]:
        """Returns the names that histlog gives to fields."""
        flags = [f"--fields={text}" for text in texts]
        header = b"".join(self._read(bytes, "--csv", "-n0", *flags)).decode()
        return next(csv.reader(io.StringIO(header)))

    def _read(self, parse: Callable[[bytes], _T], *flags: str, seqs: Optional[str] = None, follow: bool = False) -> Reader[_T]:
        """Returns a Reader of what histlog cat prints."""
        command = [self._path(), "cat", *flags, *(["-F"] if follow else []), "--", self.dir, *([] if seqs is None else [seqs])]
        reader = Reader(_Process(command), parse, self._timeout, follow)
        if follow:
            self._followers.add(reader)
        return reader

    def _deliver_spooled(self) -> Optional[HistlogError]:
        """Appends the batches in the spool. Returns the error that prevents it."""
        spool = self._spool
        if spool is None:
            return None
        before = self._doubt
        try:
            if not spool.is_empty():
                with spool.delivering(self._lock_wait):
                    self._last = None  # a doubt must not begin after the end of a restored log
                    while found := spool.oldest():
                        self._deliver_entry(spool, *found)
        except HistlogError as error:
            return error
        except OSError as error:  # a spool that fails must not keep a batch from a log that does not
            _logger.warning("the spool %s fails, and its batches wait: %s", spool.dir, error)
        finally:
            self._doubt = before
        return None

    def _deliver_entry(self, spool: _Spool, entry: _Entry, line: bytes) -> None:
        """Appends one batch of the spool, unless it is in the log already, and removes it there."""
        certain = entry.after is None
        if self._last is None:
            self._last = self._stored().stop - 1
        after = self._last if entry.after is None else self._within(entry.after)
        # A crash after the append and before the removal leaves the entry. Its name then says from where to look.
        entry = spool.mark(entry, after)
        self._doubt = None if certain else after
        seqs: list[Optional[int]] = []
        try:
            self._deliver(collections.deque([line]), seqs)
        except Rejected as error:
            self._drop()
            spool.set_aside(entry.name, "rejected", str(error))
            return
        except BaseException:
            self._drop()
            if self._doubt is None:
                spool.mark(entry, None)
            raise
        spool.remove(entry, self._last if seqs[0] is None else seqs[0], line)

    def _store(self, line: bytes, after: Optional[int], error: HistlogError) -> bool:
        """Stores a batch in the spool, if there is one and the error is temporary."""
        if self._spool is None or isinstance(error, (Rejected, BadArgument)):
            return False
        try:
            self._spool.put(line, after)
        except OSError as e:
            _logger.warning("the spool %s fails: %s", self._spool.dir, e)
            return False
        self._doubt = None  # the spool knows
        _logger.warning("%s; %d batches wait in the spool %s", error, self.spooled, self._spool.dir)
        return True


class Reader(Iterator[_T]):
    """An iterator over a log: a histlog cat that runs.

    The process ends when the iterator does, when it is closed or collected, or with a with block. One thread iterates at a
    time; any thread may close it, and then a next that waits raises StopIteration.
    """

    def __init__(self, process: _Process, parse: Callable[[bytes], _T], timeout: float, forever: bool) -> None:
        self._process = process
        self._items = _items(process, parse, timeout, forever)  # not a method: a cycle would delay the end of the process
        self._finalizer = weakref.finalize(self, process.discard)

    def __next__(self) -> _T:
        return next(self._items)

    def close(self) -> None:
        self._process.cancel()
        with contextlib.suppress(ValueError):  # a thread is in next, and closes the pipes when it sees the end
            self._items.close()
            self._finalizer()

    def __enter__(self) -> Reader[_T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _items(process: _Process, parse: Callable[[bytes], _T], timeout: float, forever: bool) -> Generator[_T, None, None]:
    """Yields the lines that a process prints, parsed, and raises the error that it ends with."""
    with process:
        while line := process.read_line(math.inf if forever else timeout, _LINE_BYTES):
            if line.endswith(b"\n"):  # else it was killed
                yield parse(line)
        process.finish(timeout)


class _Entry(NamedTuple):
    """A batch in a spool. Its file's name has these attributes, and its file holds the line."""

    number: int  # the order
    crc: int  # of the line
    after: Optional[int]  # the line may be in the log after this sequence; None: it is not in the log

    @property
    def name(self) -> str:
        return f"{self.number:012d}-{self.crc:08x}-{'new' if self.after is None else f'after-{self.after}'}.json"


_ENTRY = re.compile(r"([0-9]{12,18})-([0-9a-f]{8})-(?:new|after-([0-9]{1,20}))\.json")


class _Spool:
    """A directory of batches that wait for a log, one file each.

    A file appears complete and under its final name, and is removed after its batch was acknowledged. Processes that
    share the spool deliver one at a time, under the lock delivering.lock, so that the batches of each stay in order;
    adding.lock is held while a file is added.
    """

    def __init__(self, dir: str, log_dir: str) -> None:
        self.dir = dir
        self._adding = _Lock(os.path.join(dir, "adding.lock"))
        self._delivery = _Lock(os.path.join(dir, "delivering.lock"))
        log_dir = os.path.realpath(log_dir)
        if os.path.commonpath([log_dir, os.path.realpath(dir)]) == log_dir:
            raise ValueError(f"the spool {dir} is in the log's directory: choose another, best on another disk")
        try:
            if not os.path.isdir(dir):
                _make_dir(dir)
            with self._adding.held(_SPOOL_WAIT):
                self._claim(log_dir)
        except OSError as error:
            raise HistlogError(f"the spool {dir} can't be made: {error}") from error

    def _claim(self, log_dir: str) -> None:
        """Records which log the spool belongs to: its batches must not get into another log."""
        path = os.path.join(self.dir, "log")
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                owner = file.read().rstrip("\n")
        except FileNotFoundError:
            self._write("log", os.fsencode(log_dir) + b"\n")
            return
        if owner != log_dir and not _same_file(owner, log_dir):
            raise HistlogError(
                f"the spool {self.dir} belongs to the log {owner}: choose a directory for each log; if the log was moved, remove {path}"
            )

    def is_empty(self) -> bool:
        return not any(name.endswith(".json") for name in os.listdir(self.dir))

    def entries(self) -> list[_Entry]:
        """Returns the entries, oldest first."""
        return sorted(filter(None, map(_parse_entry, os.listdir(self.dir))), key=lambda entry: (entry.number, entry.name))

    @contextlib.contextmanager
    def delivering(self, timeout: float) -> Iterator[None]:
        """Prevents other processes from delivering."""
        if not self._delivery.acquire(timeout):
            raise Locked(f"another process is delivering the spool {self.dir}")
        try:
            yield
        finally:
            self._delivery.release()

    def put(self, line: bytes, after: Optional[int]) -> None:
        """Stores a line durably, as the newest."""
        with self._adding.held(_SPOOL_WAIT):
            number = max((entry.number for entry in self.entries()), default=0) + 1
            self._write(_Entry(number, zlib.crc32(line), after).name, line)

    def oldest(self) -> Optional[tuple[_Entry, bytes]]:
        """Returns the oldest entry and its line. Renames files that are not entries, or are damaged."""
        for name in os.listdir(self.dir):
            if name.endswith(".json") and _parse_entry(name) is None:
                self.set_aside(name, "foreign", "its name is not one that the spool gives")
        for entry in self.entries():
            line = self._read(entry)
            if line is not None:
                return entry, line
            self.set_aside(entry.name, "torn", "its bytes do not match the checksum in its name")
        return None

    def mark(self, entry: _Entry, after: Optional[int]) -> _Entry:
        """Records durably after which sequence a line may be in the log."""
        marked = entry._replace(after=after)
        if marked.after != entry.after:
            os.rename(self._place(entry.name), self._place(marked.name))
            _sync_dir(self.dir)  # else the line may reach the log, and after a power cut nothing would look for it
        return marked

    def remove(self, entry: _Entry, seq: int, line: bytes) -> None:
        """Removes an entry, whose line is in the log with a sequence."""
        for other in self.entries():
            # An equal line is another batch: it must not be taken for this one, also after a crash.
            if other.crc == entry.crc and other.name != entry.name and (other.after or 0) < seq and self._read(other) == line:
                if other.after is not None:
                    self.mark(other, seq)
        os.unlink(self._place(entry.name))
        _sync_dir(self.dir)  # a power cut would bring it back, and its line would be searched for once more

    def set_aside(self, name: str, kind: str, why: str) -> None:
        """Renames a file, so that it is not delivered, and keeps it for a person."""
        place = aside = f"{self._place(name)}.{kind}"
        copy = 1
        while os.path.lexists(aside):
            copy += 1
            aside = f"{place}.{copy}"
        os.rename(self._place(name), aside)
        _sync_dir(self.dir)
        _logger.error("%s can't be delivered and is kept as %s: %s", name, aside, why)

    def forget(self) -> None:
        """Leaves the locks to the process that this one was forked from."""
        self._adding.forget()
        self._delivery.forget()

    def _place(self, name: str) -> str:
        return os.path.join(self.dir, name)

    def _read(self, entry: _Entry) -> Optional[bytes]:
        """Returns the line of an entry, None if it is not what was written."""
        place = self._place(entry.name)
        if not stat.S_ISREG(os.lstat(place).st_mode):
            return None
        try:
            with open(place, "rb") as file:
                line = file.read()
        except PermissionError:
            raise  # another account's: it may deliver it
        except OSError:
            return None
        return line if line and zlib.crc32(line) == entry.crc else None

    def _write(self, name: str, text: bytes) -> None:
        """Makes a file, which has its name only once it is complete and on disk."""
        temporary = self._place("adding.tmp")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # a killed process may have left it
        try:
            with open(temporary, "xb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # else a power cut could leave the name with half of the bytes
            os.rename(temporary, self._place(name))
            _sync_dir(self.dir)  # else a power cut could take the file, which append has promised to keep
        except BaseException:
            for path in (temporary, self._place(name)):
                with contextlib.suppress(OSError):
                    os.unlink(path)
            raise


# How long another process may take to add a file to the spool, in seconds.
_SPOOL_WAIT = 10


class _Lock:
    """A lock on a file. It ends with the process that holds it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: Optional[int] = None

    @contextlib.contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        if not self.acquire(timeout):
            raise TimeoutError(errno.ETIMEDOUT, "another process keeps the lock", self._path)
        try:
            yield
        finally:
            self.release()

    def acquire(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while True:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                if _try_lock(fd) and _is_at(fd, self._path):  # a lock on a file that was removed excludes no process
                    self._fd, fd = fd, -1
                    return True
            finally:
                if fd >= 0:
                    os.close(fd)
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)

    def release(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    forget = release  # the lock stays with the parent's descriptor


class _Process:
    """A running histlog. A thread collects its messages, so that it never waits for a reader of them."""

    def __init__(self, command: list[str], stdin: int = subprocess.DEVNULL) -> None:
        # Without buffers, so that a forked process can close its copies of the pipes whatever other threads do. In a
        # session of its own, so that it can be killed with all its children, which may hold the pipes.
        try:
            self.popen = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, start_new_session=True
            )
        except OSError as error:
            full = error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
            raise (NoRoom if full else NoProgram)(f"{command[0]} can't be started: {error}") from error
        assert isinstance(self.popen.stdout, io.FileIO) and isinstance(self.popen.stderr, io.FileIO)
        self._program = command[0]
        self._stdout = self.popen.stdout
        if sys.platform != "win32" and self.popen.stdin is not None and _CAN_POLL:
            os.set_blocking(self.popen.stdin.fileno(), False)
        self._ahead = bytearray()  # of its output, not yet returned
        self._said: collections.deque[str] = collections.deque(maxlen=20)  # the newest messages
        self._expired = False
        self._cancelled = False
        self._listener = threading.Thread(target=self._listen, args=(self.popen.stderr,), daemon=True)
        self._listener.start()
        _processes.add(self)

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Kills it if it still runs."""
        self._kill()
        self.close_input()
        self._reap(_END if self._expired else _GOOD_END)
        self._hear_out()
        self._stdout.close()

    def cancel(self) -> None:
        """Kills it, and lets what it printed end without an error."""
        self._cancelled = True
        self._kill()

    def abandon(self, dir: str) -> None:
        """Ends it after its Log was collected without having been closed."""
        self.close_input()
        self._reap(_GOOD_END)
        self.discard()
        warnings.warn(f"a Log of {dir} was not closed: make one and keep it, or use with", ResourceWarning, stacklevel=2)

    def ask(self, lines: list[bytes], timeout: float) -> Iterator[Tuple[int, bool]]:
        """Sends lines and yields the sequence that each is answered with, and whether it is that of a duplicate.

        Ends early if the process ends.
        """
        sent = 0
        with self._watched(timeout) as deadline, contextlib.suppress(OSError):  # a broken pipe: the process has ended
            for line in lines:
                self._send(line, deadline)
                sent += 1
        for n in range(max(sent, 1)):  # also without a line sent: the output may show that it is not histlog
            try:
                text = self.read_line(timeout, _ANSWER_BYTES)
            except OSError:
                return
            if not text.endswith(b"\n"):
                return
            answer = _parse_answer(text)
            if answer is None:
                raise _not_histlog(self._program, text)
            if n < sent:
                yield answer

    def read_line(self, timeout: float, limit: int) -> bytes:
        """Returns the next line. At the end it returns what is left, without a line feed, and then b""."""
        with self._watched(timeout) as deadline:
            return self._receive_line(deadline, limit)

    def close_input(self) -> None:
        if self.popen.stdin is not None:
            self.popen.stdin.close()

    def failure(self, timeout: float) -> Optional[HistlogError]:
        """Waits for its end and returns its error, None if all went well."""
        if not self._reap(timeout):
            self._expire()
            self._reap(_END)
        self._hear_out()
        code = self.popen.returncode
        said = "\n".join(line for line in self._said if not line.startswith("warning: "))
        if self._cancelled:
            return None
        if self._expired or code is None:
            return TimedOut(f"{self._program} gave no answer in time")
        if code == 0:
            for line in self._said:
                if " lost: " in line:  # records that a repair gave up, which is not an error when the whole log is read
                    _logger.warning("%s", line)
            return None
        error = HistlogError(said or f"{self._program}: exit {code}")
        if code < 0 or 128 < code <= 192:  # by a signal; the latter if a shell ran it
            error = Died(f"histlog was killed by signal {-code if code < 0 else code - 128}. {said}".strip())
        elif sys.platform == "win32" and code == 1 and not said:  # TerminateProcess gives this code; histlog says why it fails
            error = Died("histlog was killed")
        elif code in _BY_EXIT_CODE:
            error = _BY_EXIT_CODE[code](str(error))
        if isinstance(error, BadArgument):  # or a flag that an older histlog does not have
            error = _too_old(self._program) or error
        error.exit_code = code
        return error

    def finish(self, timeout: float) -> None:
        """Waits for its end and raises its error."""
        error = self.failure(timeout)
        try:
            if error is not None:
                raise error
        finally:
            del error

    def forget(self) -> None:
        """Closes this process's copies of the pipes, so that the process that owns it sees their ends."""
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if pipe is not None:
                pipe.close()
        self.popen.returncode = 0  # not ours to wait for

    def _send(self, line: bytes, deadline: float) -> None:
        assert self.popen.stdin is not None
        fd = self.popen.stdin.fileno()
        rest = memoryview(line)
        while rest:
            self._await(fd, "w", deadline)
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(fd, rest[:_CHUNK]) :]

    def _receive_line(self, deadline: float, limit: int) -> bytes:
        searched = 0
        while (end := self._ahead.find(b"\n", searched)) < 0:
            searched = len(self._ahead)
            if searched > limit:
                raise _not_histlog(self._program, bytes(self._ahead[:_CHUNK]))
            self._await(self._stdout.fileno(), "r", deadline)
            chunk = os.read(self._stdout.fileno(), _CHUNK)
            if not chunk:
                end = searched
                break
            self._ahead += chunk
            if time.monotonic() > deadline and b"\n" not in chunk:
                self._expire()
                raise TimedOut(f"{self._program} gave no answer in time")
        line = bytes(self._ahead[: end + 1])
        del self._ahead[: end + 1]
        return line

    def _await(self, fd: int, mode: str, deadline: float) -> None:
        """Waits until a pipe is ready, at most until the deadline."""
        if sys.platform == "win32" or not _CAN_POLL:
            return  # the timer of _watched ends the process, and with it the wait for the pipe
        poll = select.poll()
        poll.register(fd, select.POLLIN if mode == "r" else select.POLLOUT)
        if not poll.poll(None if deadline == math.inf else max(0, deadline - time.monotonic()) * 1000):
            self._expire()
            raise TimedOut(f"{self._program} gave no answer in time")

    @contextlib.contextmanager
    def _watched(self, timeout: float) -> Iterator[float]:
        """Gives the deadline. Where pipes can't be polled, kills the process when it has passed."""
        timer = None
        if not _CAN_POLL and timeout != math.inf:
            timer = threading.Timer(timeout, self._expire)
            timer.daemon = True
            timer.start()
        try:
            yield time.monotonic() + timeout
        finally:
            if timer is not None:
                timer.cancel()

    def _listen(self, pipe: io.FileIO) -> None:
        with pipe:
            rest = b""
            while chunk := pipe.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line)
                if len(rest) > _CHUNK:
                    rest = rest[:_CHUNK]  # no message is so long
            self._take(rest)

    def _take(self, line: bytes) -> None:
        """Takes a message."""
        message = line[:_MESSAGE].decode("utf-8", "replace").rstrip()
        message = message[len("histlog: ") :] if message.startswith("histlog: ") else message
        if message:
            self._said.append(message)
        if message.startswith("warning: "):
            _logger.warning("%s", message)

    def _hear_out(self) -> None:
        """Waits for its last message."""
        if self._listener is not threading.current_thread():  # a Log may be collected in any thread
            self._listener.join(_LAST_MESSAGE)

    def _reap(self, timeout: float) -> bool:
        """Waits for its end and reports whether it has come."""
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _expire(self) -> None:
        self._expired = True
        self._kill()

    def _kill(self) -> None:
        """Kills it and its children, unless it was waited for: its PID may be another process's then."""
        if self.popen.returncode is not None:
            return
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.killpg(self.popen.pid, signal.SIGKILL)
                return
        self.popen.kill()


# How much is read or written at once, in bytes, and how much of a message is kept.
_CHUNK = 1 << 16
_MESSAGE = 4096

# How long a process that did answer may take to end, in seconds.
_GOOD_END = 5

# Whether a pipe can be waited for, with a time limit; not on Windows.
_CAN_POLL = hasattr(select, "poll")


def _find(program: Optional[str]) -> str:
    wanted = program or os.environ.get("HISTLOG_BIN") or "histlog"
    found = shutil.which(wanted)
    if found is None:
        raise NoProgram(f"there is no program {wanted}: install histlog, or set HISTLOG_BIN to its path")
    return os.path.abspath(found)


def _encode(batch: Any, default: Optional[Callable[[Any], Any]], allow_nan: bool) -> bytes:
    try:
        text = json.dumps(batch, ensure_ascii=False, separators=(",", ":"), default=default, allow_nan=allow_nan)
    except ValueError as error:
        if "not JSON compliant" not in str(error):
            raise
        rejected = Rejected("NaN and Infinity are not JSON numbers: non_finite says how to store them")
        rejected.batch = batch
        raise rejected from None
    # UTF-8 has no lone surrogates, and their backslash form is just JSON's escape.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _sequence(value: int, least: int = 0) -> int:
    number = operator.index(value)
    if not least <= number < 1 << 64:
        raise ValueError(f"{number} is not a sequence: sequences begin with 1 and are less than 2**64")
    return number


def _span_flags(since: Optional[_Time], until: Optional[_Time]) -> list[str]:
    return [f"--{name}={_time(when)}" for name, when in [("since", since), ("until", until)] if when is not None]


def _field_flags(fields: Optional[_Fields]) -> list[str]:
    return [] if fields is None else [f"--fields={text}" for text in _field_texts(fields)]


def _field_texts(fields: _Fields) -> list[str]:
    """Returns the fields as histlog cat --fields takes them."""
    if isinstance(fields, Mapping):
        texts = [f"{_escape(name)}={_field_text(field)}" for name, field in fields.items()]
    else:
        texts = [_field_text(field) for field in ([fields] if isinstance(fields, str) else fields)]
    if not texts:
        raise ValueError("fields names no field; without fields whole batches are read")
    return texts


def _field_text(field: str) -> str:
    if not isinstance(field, str):
        raise TypeError(f"a field is a text, not {type(field).__name__}")
    return field if field[:1] in ("/", ".", "$", "") or "=" in field else "/" + _escape(field)


# A field that is a time, with or without a name before it, as histlog cat --fields reads it.
_TIME_FIELD = re.compile(r"(?:(?![/.$])(?:~.|[^~=])+=)?\$(?:time|arrived)", re.DOTALL)


def _escape(name: str) -> str:
    """Returns a name whose characters have no meaning in histlog cat --fields."""
    return re.sub(r"[~/,=#*$]|^\.", lambda match: {"~": "~0", "/": "~1"}.get(match[0], "~" + match[0]), name)


# The times as which histlog reads a number in a record: those from 1990 to 2100. A number of seconds ago, or of
# milliseconds, is not among them.
_UNIX_TIMES = (631_152_000, 4_102_444_800)


def _time(when: _Time) -> str:
    if isinstance(when, str):
        return when
    utc = datetime.timezone.utc
    if isinstance(when, datetime.timedelta):
        return (datetime.datetime.now(utc) - abs(when)).isoformat()
    if isinstance(when, datetime.datetime):
        # A plain datetime, because a subclass may refuse to convert a local time. In UTC, because histlog may have another
        # local zone if TZ was changed in this process.
        return datetime.datetime.combine(when.date(), when.timetz()).astimezone(utc).isoformat()
    if isinstance(when, datetime.date):
        return when.isoformat()
    if not isinstance(when, numbers.Real) or isinstance(when, bool):
        raise TypeError(f"a time is text, a datetime, a date, a timedelta or Unix time in seconds, not {type(when).__name__}")
    if not _UNIX_TIMES[0] <= when < _UNIX_TIMES[1]:
        raise ValueError(f"{when} is not Unix time in seconds from 1990 to 2100; for a time ago use a timedelta")
    return datetime.datetime.fromtimestamp(float(when), utc).isoformat()


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise HistlogError(f"not JSON that Python reads: {error}: {_start(line)}") from error


def _parse_item(line: bytes) -> Tuple[int, datetime.datetime, Any]:
    """Returns sequence, time and batch of a line of histlog cat --json."""
    found = _parse(line)
    try:
        second, _, fraction = found["time"][:-1].partition(".")  # it ends with Z, and the fraction may have nine digits
        at = datetime.datetime.fromisoformat(second).replace(microsecond=int(fraction[:6].ljust(6, "0")), tzinfo=datetime.timezone.utc)
        return operator.index(found["seq"]), at, found["record"]
    except (ValueError, TypeError, LookupError):
        raise _not_histlog("histlog cat", line) from None


def _parse_answer(text: bytes) -> Optional[Tuple[int, bool]]:
    """Returns the sequence in an answer of histlog append, with or without --json, and whether it is a duplicate's."""
    if re.fullmatch(rb"[0-9]{1,20}\n", text):
        return int(text), False
    try:
        found = json.loads(text)
        return operator.index(found["seq"]), bool(found["duplicate"])
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def _too_old(program: str) -> Optional[NoProgram]:
    """Returns an error if the program is a histlog that is older than this file needs. It is asked only after a failure."""
    with _Process([program, "version", "--json"]) as process:
        try:
            found = json.loads(process.read_line(_GOOD_END, _ANSWER_BYTES))
            version, protocol = found["version"], found.get("protocol", 1)
        except (ValueError, TypeError, LookupError, RecursionError, HistlogError):
            return None
    if protocol >= _PROTOCOL:
        return None
    return NoProgram(
        f"{program} is histlog {version} with protocol {protocol}, and this histlog.py needs protocol {_PROTOCOL}: "
        "install the histlog of the same release as histlog.py, or set HISTLOG_BIN to its path"
    )


def _not_histlog(program: str, text: bytes) -> HistlogError:
    return HistlogError(f"{program} does not answer as histlog does, but: {_start(text) or 'nothing'}")


def _start(text: bytes) -> str:
    """Returns the beginning of a text that may be anything."""
    return ascii(text[:80].decode("utf-8", "replace"))[1:-1]


def _parse_entry(name: str) -> Optional[_Entry]:
    match = _ENTRY.fullmatch(name)
    if match is None:
        return None
    return _Entry(int(match[1]), int(match[2], 16), None if match[3] is None else int(match[3]))


def _make_dir(dir: str) -> None:
    with contextlib.suppress(FileExistsError):  # another process was faster
        os.mkdir(dir)
    _sync_dir(os.path.dirname(dir))  # else a power cut could take the directory, with all that is in it


def _sync_dir(dir: str) -> None:
    if sys.platform == "win32":
        return  # Windows has no such call
    fd = os.open(dir, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _same_file(a: str, b: str) -> bool:
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False


def _is_at(fd: int, path: str) -> bool:
    """Reports whether a path leads to an open file."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except OSError:
        return False


def _try_lock(fd: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


_logs: weakref.WeakSet[Log] = weakref.WeakSet()
_processes: weakref.WeakSet[_Process] = weakref.WeakSet()


def _after_fork() -> None:
    for process in list(_processes):
        process.forget()
    for log in list(_logs):
        log._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
