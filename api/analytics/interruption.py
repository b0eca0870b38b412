"""Ending when told to: what SIGTERM does to a refresh.

A Spot instance that is taken back gives two minutes' notice, and its container gets SIGTERM, then
SIGKILL half a minute later (Amazon ECS, "Spot Instances"; "Graceful shutdowns with ECS"). The
signal becomes an exception in the main thread, so that everything is given back on the way out.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: What the job exits with: 128 + SIGTERM, the shells' convention, and unlike every failure's code.
#: Batch's retry strategy must retry it (evaluateOnExit, onExitCode). An exit of our own and not
#: the signal raised again: the first process of a container is immune to signals' default actions.
INTERRUPTED_EXIT_CODE = 128 + signal.SIGTERM


class Interrupted(BaseException):
    """The process was told to end. Not an Exception: no handler of errors should swallow it."""

    def __init__(self) -> None:
        super().__init__("told to end by SIGTERM")


class _Signal:
    """The one SIGTERM of this process: signals are the process's, not a caller's."""

    def __init__(self) -> None:
        self.deferrals = 0
        self.forget()

    def forget(self) -> None:
        self.arrived = False
        self.raised = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        self.arrived = True
        # Only once: a second one must not disturb the clearing up after the first.
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

    Python drops what a finaliser or a callback from C raises; long work asks here now and then.
    """
    if _signal.arrived and not _signal.deferrals:
        raise Interrupted


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Note a SIGTERM within this context, but raise nothing: for short work worth finishing.

    What follows may ask :func:`check_interruption`, or come to its end all the same.
    """
    _signal.deferrals += 1
    try:
        yield
    finally:
        _signal.deferrals -= 1
