"""Append to a histlog log from Python, and read it.

    from histlog import Log

    with Log("step2", create=True) as log:
        seq = log.append({"timestamp": "2025-05-28T16:14:22-04:00", "matches": {}})
        newest = log.latest()
        for batch in log.records(since="-3h"):
            print(batch["timestamp"])

When append returns, the batch is on disk. One file, standard library only, Python 3.9 and later: copy it into
your project. It runs the program histlog, which it finds by HISTLOG_BIN or on PATH: one `histlog append` that stays,
and one `histlog cat` for each reading.
"""

from __future__ import annotations

import collections
import datetime
import io
import json
import logging
import os
import shutil
import subprocess
import threading
import time
import weakref
from typing import Any, Callable, Iterator, Mapping, Optional, Union

__all__ = ["Log", "HistlogError", "NoProgram", "NoLog", "Damaged", "Locked", "NoRoom", "Rejected", "Died", "TimedOut"]

_logger = logging.getLogger("histlog")


class HistlogError(Exception):
    """What histlog says went wrong, and its hint. The others are of this type.

    Where append raises it, the batch was not acknowledged. To be safe across restarts, keep both of these; then
    log.append(error.batch, retry_after=error.retry_after) at any later time can't make it be there twice.
    """

    batch: Any = None  # what was to be appended
    retry_after: Optional[int] = None  # if it is there after all, then after this sequence


class NoProgram(HistlogError):
    """The program histlog was not found."""


class NoLog(HistlogError):
    """There is no log in this directory: a typo, a disk that is not mounted? Log(dir, create=True) makes one."""


class Damaged(HistlogError):
    """Some records can't be read. All others were given before this was raised."""


class Locked(HistlogError):
    """Another process kept the writer's lock for longer than lock_wait. The batch is not in the log."""


class NoRoom(HistlogError):
    """The disk is full, or memory would be. The batch is not in the log; append it again when there is room."""


class Rejected(HistlogError):
    """The batch can't be stored: NaN (see non_finite) mostly, or it is larger than max-record."""


class Died(HistlogError):
    """histlog was killed, again and again where it was tried again. The batch may be in the log."""


class TimedOut(HistlogError):
    """There was no answer in time. The batch may be in the log."""


_BY_EXIT_CODE = {3: Damaged, 4: Locked, 5: NoRoom, 6: Rejected}

# How long to wait before each attempt to append a batch, in seconds.
_ATTEMPTS = (0, 0.1, 0.2, 0.4, 0.8)


class Log:
    """A log, to append to and to read.

    Threads may share a Log. A process that was forked starts an append process of its own. Any number of processes may
    append to one log, each of its records gets a sequence of its own. Nothing here may be called in a signal
    handler; raise an exception there instead.

    dir         the log's directory
    create      make the log if there is none
    non_finite  what becomes of NaN and Infinity in a batch: "fail" (Rejected), "null", "string" or "keep"
    lock_wait   for how long another process may keep the writer's lock, in seconds, before Locked
    timeout     for how long, beyond that, there may be no answer, in seconds, before TimedOut
    default     as in json.dumps, for what JSON can't say: default=str makes text of a datetime
    settings    flags of histlog append such as {"time-zone": "America/New_York", "sync": "interval=1s"}: the
                settings of a log that is made, else they hold for what is appended here
    program     the program histlog; by default $HISTLOG_BIN, or histlog on PATH
    """

    def __init__(
        self,
        dir: Union[str, os.PathLike[str]],
        create: bool = False,
        *,
        non_finite: str = "fail",
        lock_wait: float = 10,
        timeout: float = 60,
        default: Optional[Callable[[Any], Any]] = None,
        settings: Optional[Mapping[str, str]] = None,
        program: Optional[str] = None,
    ) -> None:
        self.dir = os.path.abspath(dir)  # so that it is the same log after a chdir
        self._program = _find(program)
        self._create = create
        self._default = default
        self._timeout = lock_wait + timeout
        self._flags = ["--allow-empty", f"--lock-wait={lock_wait}s", f"--non-finite={non_finite}"]
        self._flags += [f"--{name}={value}" for name, value in (settings or {}).items()]
        if create:
            self._flags.append("--create")
        self._lock = threading.Lock()
        self._appender: Optional[_Process] = None
        self._last: Optional[int] = None  # the newest acknowledged sequence; before the first, the log's newest
        self._doubt: Optional[int] = None  # an unanswered batch may be there, after this sequence
        _logs.add(self)

    def append(self, batch: Any, retry_after: Optional[int] = None) -> int:
        """Appends a batch and returns its sequence. It is on disk then, unless the log's setting is sync none.

        Where histlog is killed, another one is started, which looks first whether the batch is there. retry_after is
        for a batch that an earlier process, or another Log, may have appended: it is looked for after this
        sequence, and where the same bytes are there, theirs is returned.
        """
        line = _encode(batch, self._default)
        with self._lock:
            try:
                if self._last is None:
                    self._last = self._newest()
                if retry_after is not None:
                    self._stop()
                    self._doubt = retry_after
                return self._deliver(line)
            except BaseException as error:
                self._drop()  # its answer, if one comes, is not that to the next batch
                if isinstance(error, HistlogError):
                    error.batch = batch
                    error.retry_after = self._last if self._doubt is None else self._doubt
                raise

    def latest(self) -> Any:
        """Returns the newest batch; None if there is none."""
        batches = list(self.last(1))
        return batches[0] if batches else None

    def last(self, n: int) -> Iterator[Any]:
        """Gives the last n batches, oldest first, one at a time in memory."""
        return self._records(f"-n{n}")

    def records(
        self,
        since: Union[str, datetime.date, None] = None,
        until: Union[str, datetime.date, None] = None,
    ) -> Iterator[Any]:
        """Gives the batches of a span of time, oldest first, one at a time in memory.

        A time is a datetime, a date, or text that histlog reads: "-3h", "today", "07:15", "2025-05-30 07:15". One
        without a zone is local.
        """
        spans = [("since", since), ("until", until)]
        return self._records(*(f"--{name}={_time(when)}" for name, when in spans if when is not None))

    def close(self) -> None:
        """Ends the append process. Whatever was acknowledged is safe without it; append may be called again."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _deliver(self, line: bytes) -> int:
        """Has a line appended, by as many processes as it takes."""
        error: Optional[HistlogError] = None
        for pause in _ATTEMPTS:
            time.sleep(pause)
            process = self._running()
            if self._doubt is None:
                self._doubt = self._last
            seq = process.ask(line, self._timeout)
            if seq is not None:
                self._doubt = None
                self._last = max(seq, self._last or 0)
                return seq
            error = process.failure(self._timeout) or Died("histlog ended without an answer")
            self._drop()
            if not isinstance(error, Died):
                break
            _logger.warning("%s; trying again", error)
        assert error is not None
        raise error

    def _running(self) -> _Process:
        """Returns the append process. One that is begun in doubt compares its first value with what is there."""
        if self._appender is not None:
            if self._appender.popen.poll() is None:
                return self._appender
            _logger.warning("%s; starting another", self._appender.failure())
            self._drop()
        flags = list(self._flags)
        if self._doubt is not None:
            flags.append(f"--retry-after={self._doubt}")
        self._appender = _Process([self._program, "append", *flags, "--", self.dir], stdin=subprocess.PIPE)
        return self._appender

    def _stop(self) -> None:
        """Lets the append process come to its end."""
        process, self._appender = self._appender, None
        if process is None:
            return
        with process:
            assert process.popen.stdin is not None
            process.popen.stdin.close()
            error = process.failure(self._timeout)
            if error is not None and not isinstance(error, Died):  # by Ctrl-C, say, when all was acknowledged
                raise error

    def _drop(self) -> None:
        """Kills the append process."""
        process, self._appender = self._appender, None
        if process is not None:
            process.discard()

    def _forget(self) -> None:
        """Leaves the append process to the process that this one was forked from."""
        self._lock = threading.Lock()
        process, self._appender = self._appender, None
        if process is not None:
            process.forget()

    def _newest(self) -> int:
        """Returns the log's newest sequence, 0 if there is none."""
        lines = []
        try:
            for line in self._lines("inspect", "--json"):
                lines.append(line)
        except NoLog:
            if not self._create:
                raise
            return 0
        except Damaged:  # which is no reason not to append
            if not lines:
                raise
        return json.loads(lines[0])["last_seq"] or 0

    def _records(self, *flags: str) -> Iterator[Any]:
        return map(json.loads, self._lines("cat", *flags))

    def _lines(self, command: str, *flags: str) -> Iterator[bytes]:
        """Gives the lines that a command prints, and raises what it says went wrong."""
        with _Process([self._program, command, *flags, "--", self.dir]) as process:
            with io.BufferedReader(process.stdout, 1 << 16) as lines:
                for line in lines:
                    if line.endswith(b"\n"):  # else it was killed
                        yield line
            error = process.failure()
            if error is not None:
                raise error


class _Process:
    """A running histlog. Its messages are taken as they come, so that it never waits for that."""

    def __init__(self, command: list[str], stdin: int = subprocess.DEVNULL) -> None:
        # Without buffers, so that a forked process can close its copies of the pipes whatever other threads do.
        self.popen = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        assert isinstance(self.popen.stdout, io.RawIOBase)
        self.stdout = self.popen.stdout
        self._said: collections.deque[str] = collections.deque(maxlen=20)  # the newest lines
        self._expired = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Kills it if it still runs."""
        self.popen.kill()
        if self.popen.stdin is not None:
            self.popen.stdin.close()
        self.popen.wait()
        self._listener.join(1)
        self.stdout.close()

    def ask(self, line: bytes, timeout: float) -> Optional[int]:
        """Sends a line and returns the number that it is answered with; None if the process ended before."""
        timer = threading.Timer(timeout, self._expire)
        timer.daemon = True
        timer.start()
        try:
            self._send(line)
            answer = self.stdout.readline()
        except OSError:  # it has ended: a broken pipe
            return None
        finally:
            timer.cancel()
        return int(answer) if answer.endswith(b"\n") else None

    def failure(self, timeout: Optional[float] = None) -> Optional[HistlogError]:
        """Waits for its end and returns why it was one, None if all went well."""
        try:
            code = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._expire()
            code = self.popen.wait()
        self._listener.join(1)
        said = "\n".join(line for line in self._said if not line.startswith("warning: "))
        if self._expired:
            return TimedOut("histlog gave no answer in time")
        if code < 0 or code > 128:  # by a signal; the latter where a shell ran it
            return Died(f"histlog was killed by signal {-code if code < 0 else code - 128}. {said}".strip())
        if code == 1 and "no log at" in said:
            return NoLog(said)
        if code != 0:
            return _BY_EXIT_CODE.get(code, HistlogError)(said or f"histlog: exit {code}")
        return None

    def forget(self) -> None:
        """Closes this process's copies of the pipes, so that the one that has it sees their ends."""
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if pipe is not None:
                pipe.close()
        self.popen.returncode = 0  # not ours to wait for

    def _send(self, line: bytes) -> None:
        assert self.popen.stdin is not None
        rest = memoryview(line)
        while rest:
            rest = rest[self.popen.stdin.write(rest) :]

    def _listen(self) -> None:
        assert self.popen.stderr is not None
        with self.popen.stderr as pipe:
            while line := pipe.readline():
                message = line.decode("utf-8", "replace").rstrip().removeprefix("histlog: ")
                self._said.append(message)
                if message.startswith("warning: "):
                    _logger.warning("%s", message)

    def _expire(self) -> None:
        self._expired = True
        self.popen.kill()


def _find(program: Optional[str]) -> str:
    wanted = program or os.environ.get("HISTLOG_BIN") or "histlog"
    found = shutil.which(wanted)
    if found is None:
        raise NoProgram(f"there is no program {wanted}: install histlog, or set HISTLOG_BIN to where it is")
    return os.path.abspath(found)


def _encode(batch: Any, default: Optional[Callable[[Any], Any]]) -> bytes:
    text = json.dumps(batch, ensure_ascii=False, separators=(",", ":"), default=default)
    # UTF-8 has no lone surrogates, and their backslash form is just JSON's escape.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _time(when: Union[str, datetime.date]) -> str:
    return when if isinstance(when, str) else when.isoformat()


_logs: weakref.WeakSet[Log] = weakref.WeakSet()


def _after_fork() -> None:
    for log in list(_logs):
        log._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
