"""Progress of a refresh as a bar on a terminal."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class BarReporter:
    """Reports to a bar on a terminal; use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[step]}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("Refresh", total=None, step="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def stage(self, name: str, number: int, total: int) -> None:
        self._progress.update(
            self._task, description=name, completed=number - 1, total=total, step=""
        )

    def step(self, text: str) -> None:
        self._progress.update(self._task, step=text)
