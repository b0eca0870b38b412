"""Graceful shutdown: what SIGTERM does to a refresh.

A reclaimed Spot instance gives two minutes' notice; its container gets SIGTERM, then SIGKILL half
a minute later (Amazon ECS, "Spot Instances"; "Graceful shutdowns with ECS"). The signal becomes an
exception in the main thread, so that every resource is released on the way out.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The job's exit code: 128 + SIGTERM, the shells' convention, and distinct from every failure.
#: Batch's retry strategy must retry it (evaluateOnExit, onExitCode). An exit of our own and not
#: the signal raised again: the first process of a container is immune to signals' default actions.
INTERRUPTED_EXIT_CODE = 128 + signal.SIGTERM


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
    """Raise :class:`Interrupted` within this context when SIGTERM arrives; main thread only."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("only the main thread can receive signals")
    before = signal.signal(signal.SIGTERM, _signal.handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _signal.forget()


def check_interruption() -> None:
    """Raise :class:`Interrupted` if SIGTERM arrived where an exception was lost.

    Python drops what a finalizer or a callback from C raises, so long work checks now and then.
    """
    if _signal.arrived and not _signal.deferrals:
        raise Interrupted


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
