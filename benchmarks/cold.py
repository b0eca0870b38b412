"""One refresh from a new process: time, processor time and memory.

    DB_PATH=bar.db python -m benchmarks.cold --repeat 3 --against ../other/.venv/bin/python

Memory is the sum over all processes of the refresh, of what each has for itself plus its share of
what several have in common (PSS), looked at ten times a second; the largest sum counts.
``--against`` names the Python of another release's environment, which takes turns with this one.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api.settings import Settings

SAMPLE_EVERY = 0.1
_STAGE = re.compile(
    r"progress: (.+): ([0-9.]+) s(?:, processor time ([0-9.]+) s)?, peak memory ([0-9]+) MB"
)


@dataclass(frozen=True)
class Stage:
    """Seconds, those of all processors together, and the peak MB of the refresh's process."""

    seconds: float
    processor: float
    peak_mb: float


Stages = dict[str, Stage]


def _family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [one for child in children.read_text().split() for one in _family(int(child))]
        except OSError:
            continue  # ended meanwhile
    return found


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass  # ended meanwhile
    return 0.0


class Memory(threading.Thread):
    """Looks at a process and its descendants until it has ended."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(daemon=True)
        self._process = process
        self.peak_mb = 0.0

    def run(self) -> None:
        """Keep the largest sum."""
        while self._process.poll() is None:
            total = sum(_pss_mb(pid) for pid in _family(self._process.pid))
            self.peak_mb = max(self.peak_mb, total)
            time.sleep(SAMPLE_EVERY)


def measure(
    python: str = sys.executable, folder: Path | None = None
) -> tuple[dict[str, float], Stages]:
    """Run one refresh; return its figures, and those of each stage.

    Publishes to ``folder``, by default one that is then removed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as target:
        process = subprocess.Popen(
            [python, "-m", "api.analytics.analytics_refresh"],
            env={**os.environ, "ANALYTICS_DIR": str(folder or target)},
            # Not this checkout, which would come before the environment's own.
            cwd=target,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        memory = Memory(process)
        memory.start()
        log = process.communicate()[1]
        elapsed = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(log)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "wall_s": elapsed,
        "user_s": after.ru_utime - before.ru_utime,
        "sys_s": after.ru_stime - before.ru_stime,
        "peak_mb": memory.peak_mb,
    }
    stages = {
        # Earlier releases do not say the processor time.
        name: Stage(float(seconds), float(processor or "nan"), float(peak))
        for name, seconds, processor, peak in _STAGE.findall(log)
    }
    rest = elapsed - sum(stage.seconds for stage in stages.values())
    used = figures["user_s"] + figures["sys_s"] - sum(one.processor for one in stages.values())
    stages["starting and ending Python, importing"] = Stage(rest, used, 0.0)
    return figures, stages


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--against", help="the Python of another release's environment")
    arguments = parser.parse_args()
    console = Console()
    runs = []
    pythons = {"this": sys.executable}
    if arguments.against:
        pythons = {"other": str(Path(arguments.against).absolute()), **pythons}
    os.environ["DB_PATH"] = str(Settings().sqlite_path.absolute())
    for _ in range(arguments.repeat):
        runs += [(name, *measure(python)) for name, python in pythons.items()]
    table = Table("run", "wall s", "user s", "sys s", "peak MB, all processes")
    for name, figures, _ in runs:
        table.add_row(name, *[f"{figures[key]:.1f}" for key in ("wall_s", "user_s", "sys_s")],
                      f"{figures['peak_mb']:.0f}")  # fmt: skip
    console.print(table)
    table = Table("stage: seconds, processor seconds", *[name for name, *_ in runs])
    for name in dict.fromkeys(name for *_, stages in runs for name in stages):
        found = [stages.get(name) for *_, stages in runs]
        cells = [f"{one.seconds:.2f} {one.processor:.2f}" if one else "" for one in found]
        table.add_row(name, *cells)
    console.print(table)
    load = os.getloadavg()
    console.print(f"{os.cpu_count()} cores; load {load[0]:.1f} at the end, this run's own included")


if __name__ == "__main__":
    main()
