"""Graceful shutdown: what SIGTERM does to a refresh.

A container that is stopped gets SIGTERM, then SIGKILL half a minute later (Amazon ECS, "Graceful
shutdowns with ECS"). The signal becomes an exception in the main thread, so that every resource is
released on the way out. A task that belongs to no service may get no signal when its Spot instance
is reclaimed ("Container instance draining"), so nothing depends on one:
checkpoints are saved throughout.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The job's exit code: 128 + SIGTERM, the shells' convention, and distinct from every failure.
#: Batch's retry strategy must retry it (evaluateOnExit, onExitCode). An exit of our own and not
#: the signal raised again: the first process of a container is immune to signals' default actions.
INTERRUPTED_EXIT_CODE = 128 + signal.SIGTERM

#: How long saving the progress may take after the parent's death.
_STOP_SECONDS = 30.0


class Interrupted(BaseException):
    """The process received SIGTERM. Not an Exception: no error handler should swallow it."""

    def __init__(self) -> None:
        super().__init__("stopped by SIGTERM")


class _Signal:
    """The process's SIGTERM state: signals belong to the process, not to a caller."""

    def __init__(self) -> None:
        self.deferrals = 0
        self.forget()

    def forget(self) -> None:
        self.arrived = False
        self.raised = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        self.arrived = True
        # Only once: a second one must not disturb the cleanup after the first.
        if not self.deferrals and not self.raised:
            self.raised = True
            raise Interrupted


_signal = _Signal()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise :class:`Interrupted` within this context on SIGTERM or SIGHUP; main thread only."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("only the main thread can receive signals")
    handled = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        handled.append(signal.SIGHUP)
    before = {number: signal.signal(number, _signal.handle) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _signal.forget()


def check_interruption() -> None:
    """Raise :class:`Interrupted` if SIGTERM arrived where an exception was lost.

    Python drops what a finalizer or a callback from C raises, so long work checks now and then.
    """
    if _signal.arrived and not _signal.deferrals:
        raise Interrupted


def wait_for_parent() -> bool:
    """Wait for the line on stdin that says to begin; return False if stdin ends before it."""
    return bool(os.read(sys.stdin.fileno(), 1))


def stop_with_parent() -> None:
    """Stop as on SIGTERM when stdin reaches its end, which a parent's death brings about.

    The parent holds the other end of the pipe and writes no more. A refresh that does not stop
    within :data:`_STOP_SECONDS` ends at once.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_STOP_SECONDS)
        os._exit(INTERRUPTED_EXIT_CODE)

    threading.Thread(target=watch, name="stop-with-parent", daemon=True).start()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer SIGTERM within this context: for short work worth finishing.

    Code that follows may call :func:`check_interruption`, or run to its end all the same.
    """
    _signal.deferrals += 1
    try:
        yield
    finally:
        _signal.deferrals -= 1
