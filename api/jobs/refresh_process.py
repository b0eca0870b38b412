"""One refresh as a process: started, followed, and never left behind.

It ends with its worker, however the worker ends. Asked to stop, the worker sends SIGTERM; killed,
it closes the pipe on the refresh's stdin, which the refresh watches. Until the refresh has ended,
it holds the queue's lock that it inherited, so no other worker starts a second one beside it.

A refresh begins when it reads a line from stdin. It may be started long before: what it imports
takes as long as the analytics of a thousand recipes.
"""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import IO

#: The refresh, as the Batch job runs it, but bound to the life of its worker.
REFRESH_COMMAND = (sys.executable, "-m", "api.analytics.analytics_refresh", "--watch-stdin")

#: How long a refresh that was asked to stop may take to save its progress, before it is killed.
STOP_SECONDS = 30.0
#: How long a refresh may take, as in the job definition of template.yaml: where memory runs out, a
#: process may wait forever instead of failing.
LIMIT_SECONDS = 3600.0
_TICK_SECONDS = 0.1
_READ_SECONDS = 5.0

#: How Python, its C extensions, the loader, OpenBLAS, NumPy and C++ report that memory ran out.
_OUT_OF_MEMORY = re.compile(
    r"MemoryError|without exception set|without setting an exception|can't start new thread|"
    r"failed to map segment|annot allocate memory|"
    r"Memory allocation still failed|pthread_create failed|Unable to allocate|bad_alloc|"
    r"out of memory"
)
_OUT_OF_MEMORY_HINT = (
    " (the machine, or a limit, has too little memory, or too few threads, for a refresh)"
)

#: How a library in C ends that does not check an allocation: without a word.
_CRASHES = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)

#: The exit code of a refresh that failed, and of one that SIGTERM stopped.
_FAILED, _INTERRUPTED = 1, 128 + signal.SIGTERM


class Ending(Enum):
    """How a refresh ended."""

    PUBLISHED = "published"
    FAILED = "failed"
    CRASHED = "crashed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Outcome:
    """How a refresh ended, and the reason or the snapshot, for people."""

    ending: Ending
    detail: str


def start_refresh(
    command: Sequence[str], environment: Mapping[str, str], lock_descriptor: int
) -> "subprocess.Popen[str]":
    """Start a refresh's process, which waits for :func:`begin`.

    Parameters
    ----------
    command
        The refresh: one JSON object on stdout, exit code 0 or 1.
    environment
        Its environment.
    lock_descriptor
        The queue's lock, for the process to inherit.

    Raises
    ------
    OSError
        If it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 our own command
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=dict(environment),
        pass_fds=(lock_descriptor,),
        # Ctrl-C in a terminal reaches the whole session; here only the worker, which then
        # stops the refresh.
        start_new_session=True,
    )


def begin(process: "subprocess.Popen[str]") -> bool:
    """Let a started refresh begin; return False if it has ended already."""
    try:
        if process.stdin is not None:
            process.stdin.write("\n")
            process.stdin.flush()
    except OSError:
        return False
    return process.poll() is None


def end(process: "subprocess.Popen[str]") -> None:
    """Kill a process, if it has not ended, and close its pipes."""
    process.kill()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):  # what a dead process did not read
                stream.close()
    process.wait()


def run_refresh(
    start: "Callable[[], subprocess.Popen[str]]", stopping: Callable[[], bool]
) -> Outcome:
    """Run a refresh to its end, or stop it when ``stopping`` returns True.

    Parameters
    ----------
    start
        Returns the process of a refresh that has begun, or raises OSError.
    stopping
        Called several times a second.
    """
    try:
        process = start()
    except OSError as error:
        return Outcome(Ending.FAILED, f"it could not be started: {error}")
    try:
        return _follow(process, stopping)
    finally:
        end(process)


def _follow(process: "subprocess.Popen[str]", stopping: Callable[[], bool]) -> Outcome:
    output: deque[str] = deque()
    log: deque[str] = deque(maxlen=50)  # a traceback of imports, and what comes before it
    readers = (
        threading.Thread(target=_read, args=(process.stdout, output, None), daemon=True),
        threading.Thread(target=_read, args=(process.stderr, log, sys.stderr), daemon=True),
    )
    for reader in readers:
        reader.start()
    stopped, late = _wait(process, stopping)
    for reader in readers:
        reader.join(_READ_SECONDS)
    if late and process.returncode != 0:
        return Outcome(Ending.CRASHED, f"it was ended after {LIMIT_SECONDS:.0f} s")
    return _outcome(process.returncode, "".join(output), [*log], stopped=stopped)


def _read(stream: IO[str], lines: "deque[str]", echo: IO[str] | None) -> None:
    with stream:
        for line in stream:
            lines.append(line)
            if echo is not None:
                echo.write(line)


def _wait(process: "subprocess.Popen[str]", stopping: Callable[[], bool]) -> tuple[bool, bool]:
    """Wait for a process; return whether it was asked to stop, and whether it took too long."""
    begun = time.monotonic()
    asked_at: float | None = None
    late = False
    try:
        while True:
            try:
                process.wait(_TICK_SECONDS)
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                if asked_at is None:
                    late = now - begun > LIMIT_SECONDS
                    if late or stopping():
                        asked_at = now
                        process.terminate()
                elif now - asked_at > STOP_SECONDS:
                    process.kill()
            else:
                return asked_at is not None, late
    except BaseException:
        process.kill()
        process.wait()
        raise


def _outcome(code: int, output: str, log: Sequence[str], *, stopped: bool) -> Outcome:
    if code == 0:
        return Outcome(Ending.PUBLISHED, _published(output))
    if stopped:
        return Outcome(Ending.STOPPED, "stopped together with its worker")
    if code == _INTERRUPTED:
        return Outcome(Ending.STOPPED, "stopped by SIGTERM")
    # What little is left of the memory decides which of many errors is the last one.
    lacks_memory = code in _CRASHES or _OUT_OF_MEMORY.search("".join(log) + output)
    hint = _OUT_OF_MEMORY_HINT if lacks_memory else ""
    if code == _FAILED and (reason := _reason(output)):
        return Outcome(Ending.FAILED, reason + hint)
    # Libraries in C end the process without an exception, but not without a last line in the log.
    last = next((line.strip() for line in reversed(log) if line.strip()), "")
    return Outcome(Ending.CRASHED, (f"{_exit(code)}: {last}" if last else _exit(code)) + hint)


def _published(output: str) -> str:
    try:
        answer = json.loads(output)
        if answer["changed"]:
            return f"published snapshot {answer['snapshot_id']}"
        return f"nothing had changed since snapshot {answer['snapshot_id']}"
    except (ValueError, KeyError, TypeError):
        return "exit code 0"


def _reason(output: str) -> str:
    try:
        return str(json.loads(output)["details"])
    except (ValueError, KeyError, TypeError):
        return ""


def _exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    if code == -signal.SIGKILL:
        return "killed by SIGKILL, as the system does when memory runs out"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
