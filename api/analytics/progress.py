"""Progress of a refresh: log lines, and the run status."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from api.analytics import memory
from api.analytics.interruption import check_interruption
from api.jobs.run_status import RunStatusWriter

logger = logging.getLogger(__name__)


class Reporter(Protocol):
    """Receives each stage of a refresh, and the steps within it."""

    def stage(self, name: str, number: int, total: int) -> None:
        """Stage ``number`` of ``total`` begins."""
        ...

    def step(self, text: str) -> None:
        """A step within the stage has finished."""
        ...


class LogReporter:
    """Reports to the log, which timestamps it."""

    def stage(self, name: str, number: int, total: int) -> None:
        logger.info("[%d/%d] %s", number, total, name)

    def step(self, text: str) -> None:
        logger.info("%s", text)


class StatusReporter:
    """Forwards progress to another reporter, and records it in the run status."""

    def __init__(self, reporter: Reporter, status: RunStatusWriter) -> None:
        self._reporter = reporter
        self._status = status

    def stage(self, name: str, number: int, total: int) -> None:
        self._reporter.stage(name, number, total)
        self._status.stage(name, number, total)

    def step(self, text: str) -> None:
        self._reporter.step(text)
        self._status.step(text)
        check_interruption()


class Stages:
    """Counts the stages of one refresh, times them and measures their memory."""

    def __init__(self, total: int, reporter: Reporter) -> None:
        self._total = total
        self._number = 0
        self._reporter = reporter

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        check_interruption()
        self._number += 1
        self._reporter.stage(name, self._number, self._total)
        memory.reset_peak()
        begun, processor = time.perf_counter(), time.process_time()
        yield
        logger.info(
            "%s: %.2f s, processor time %.2f s, peak memory %.0f MB",
            name,
            time.perf_counter() - begun,
            time.process_time() - processor,
            memory.peak_mb(),
        )
