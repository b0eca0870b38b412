"""SIGKILL a refresh at random instants while readers look on.

    python -m benchmarks.kill_refresh --trials 500 --store local
    python -m benchmarks.kill_refresh --trials 500 --store s3

Each trial changes the database, starts a refresh, kills it, looks at what is published, and lets
the next refresh run to its end. Half of the instants are drawn over the whole run and half over the
stage that publishes, with a tenth of the length added, so that some kills come after the end.
Meanwhile other processes read every artifact of the current snapshot again and again and check the
manifest's hash, every artifact's, and that nothing goes back in time. S3 is moto's server.

A trial is a fork of this process, which has imported everything: a fresh interpreter would spend
most of each trial on that, and has nothing to lose while it does.

The last line on stdout is one JSON object; the exit code is 1 if anything was wrong. The seed is in
it: the same seed draws the same instants.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.servers import s3_server

# Before NumPy is imported: a fork inherits no threads, so there must be none to miss.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

KEEP = 3
RECIPES = 40
READERS = 2
#: An S3 writer's leftovers are spared for two hours in production; a campaign has no such time.
ABANDONED_AFTER = timedelta(seconds=2)


@dataclass
class Campaign:
    """What happened.

    Attributes
    ----------
    killed_in
        Kills by the stage that they came in; ``(over)`` are those after the end.
    reads, versions_read
        Readers' readings of the whole snapshot, and how many different snapshots they saw.
    faults
        Everything that was wrong; empty if nothing was.
    most_objects, most_temporary
        The most files or keys in the store, and the most entries in TMPDIR, after any trial's
        second run.
    """

    store: str
    trials: int
    seed: int
    killed_in: dict[str, int] = field(default_factory=dict)
    published_before_the_kill: int = 0
    reads: int = 0
    versions_read: int = 0
    faults: list[str] = field(default_factory=list)
    most_objects: int = 0
    most_temporary: int = 0
    seconds: float = 0.0


class Marker:
    """Tells the killer, through a pipe, which stage has begun."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def stage(self, name: str, number: int, total: int) -> None:
        os.write(self._descriptor, f"{name}\n".encode())

    def step(self, text: str) -> None:
        """Steps are finer than a kill needs."""


def _refresh(path: Path, open_storage: Callable[[], Any], descriptor: int) -> None:
    from api.analytics.analytics_refresh import regenerate_analytics
    from api.db.database import Database, get_database

    database: Database = get_database()
    assert database.sqlite_path == path
    regenerate_analytics(database=database, storage=open_storage(), reporter=Marker(descriptor))


def _forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Run ``work`` in a fork; return its id and the pipe that it reports to."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    code = 1
    try:
        work(writing)
        code = 0
    except BaseException as error:
        os.write(writing, f"failed: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _run_to_end(work: Callable[[int], None]) -> tuple[bool, str, list[tuple[str, float]]]:
    """Return whether it succeeded, what it said last, and when each stage began."""
    begun = time.perf_counter()
    child, reading = _forked(work)
    stages, last = [], ""
    with os.fdopen(reading) as stream:
        for line in stream:
            last = line.strip()
            stages.append((last, time.perf_counter() - begun))
    _, status = os.waitpid(child, 0)
    stages.append(("(over)", time.perf_counter() - begun))
    return os.waitstatus_to_exitcode(status) == 0, last, stages


def _wait_for_stage(reading: int, name: str) -> str:
    said = ""
    while f"{name}\n" not in said:
        piece = os.read(reading, 4096)
        if not piece:
            break
        said += piece.decode()
    return said


def read_for_ever() -> None:
    """Read the whole current snapshot until stdin ends; say what was seen as JSON."""
    import select

    from api.utils.analytics_cache import AnalyticsStorage

    storage = AnalyticsStorage.from_settings()
    reads, last, faults = 0, "", []
    seen = set()
    while not select.select([sys.stdin], [], [], 0.002)[0]:
        try:
            manifest = storage.snapshots.current()
            assert manifest is not None, "there is no snapshot any more"
            found = storage.snapshots.read_current(manifest.artifacts)
            assert found is not None, "there is no snapshot any more"
            now, artifacts = found
            assert set(artifacts) == set(now.artifacts), "artifacts are missing"
            assert now.snapshot_id >= last, f"{last} came before {now.snapshot_id}"
            numbers = {
                len(artifacts[name])
                for name in ("cocktail-space", "cocktail-space-em", "recipe-similar")
            }
            assert len(numbers) == 1, f"the artifacts disagree: {numbers}"
            last = now.snapshot_id
            seen.add(last)
            reads += 1
        except Exception as error:
            faults.append(f"reader: {type(error).__name__}: {error}")
    print(json.dumps({"reads": reads, "seen": sorted(seen), "faults": faults[:20]}))


def run(trials: int, store: str, seed: int, directory: Path) -> Campaign:
    """Run a campaign in ``directory``, which the caller removes."""
    temporary = directory / "tmp"
    temporary.mkdir()
    database_path = directory / "cocktails.db"
    os.environ.update(
        DB_PATH=str(database_path),
        ANALYTICS_DIR=str(directory / "analytics"),
        ANALYTICS_KEEP=str(KEEP),
        TMPDIR=str(temporary),
    )
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("ANALYTICS_BUCKET", None)
    tempfile.tempdir = None
    with ExitStack() as stack:
        if store == "s3":
            os.environ.update(
                stack.enter_context(s3_server(directory)), ANALYTICS_BUCKET="campaign"
            )
            import boto3

            boto3.client("s3").create_bucket(Bucket="campaign")
        return _campaign(trials, store, seed, database_path, temporary)


def _campaign(trials: int, store: str, seed: int, path: Path, temporary: Path) -> Campaign:
    from sqlalchemy import text

    from api.db.database import get_database
    from api.db.migrations import upgrade
    from api.db.write import write_dataset
    from api.storage.s3 import S3Store
    from api.utils.analytics_cache import AnalyticsStorage
    from benchmarks.small_database import first_recipes

    S3Store.abandoned_after = ABANDONED_AFTER
    database = get_database()
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, first_recipes(RECIPES))
    database.dispose()

    def change(number: int) -> None:
        with database.engine.begin() as connection:
            connection.execute(
                text("UPDATE recipe_ingredients SET amount = :n WHERE id = 1"),
                {"n": 10 + 0.01 * number},
            )
        database.dispose()

    def work(descriptor: int) -> None:
        _refresh(path, AnalyticsStorage.from_settings, descriptor)

    # In this process, so that every fork is warm; then in a fork, to know how long it takes.
    _refresh(path, AnalyticsStorage.from_settings, os.open(os.devnull, os.O_WRONLY))
    change(-1)
    fine, said, stages = _run_to_end(work)
    assert fine, said
    names = [name for name, _ in stages]
    whole = stages[-1][1]
    publishing = whole - dict(stages)["Publishing"]
    print(f"a run takes {whole:.3f} s, publishing {publishing:.3f} s", file=sys.stderr, flush=True)

    campaign = Campaign(store, trials, seed)
    dice = random.Random(seed)
    readers = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.kill_refresh", "--reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(READERS)
    ]
    begun = time.perf_counter()
    storage = AnalyticsStorage.from_settings()
    for trial in range(trials):
        change(trial)
        before = storage.snapshots.current()
        child, reading = _forked(work)
        said = ""
        if trial % 2:
            said = _wait_for_stage(reading, "Publishing")
            instant = 1.1 * publishing * dice.random()
        else:
            instant = 1.1 * whole * dice.random()
        time.sleep(instant)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading) as stream:
            said += stream.read()
        where = f"trial {trial}, killed {instant:.4f} s in"

        def wrong(what: str, where: str = where) -> None:
            campaign.faults.append(f"{where}: {what}")

        if "failed:" in said:
            wrong(said)
        after = storage.snapshots.current()
        lines = [line for line in said.splitlines() if line in names]
        published = after != before
        campaign.published_before_the_kill += published
        stage = lines[-1] if lines else "(not begun)"
        campaign.killed_in[stage] = campaign.killed_in.get(stage, 0) + 1

        fine, said, _ = _run_to_end(work)
        if not fine:
            wrong(f"the next run failed: {said}")
        final = storage.snapshots.current()
        if published and final != after:
            wrong("the killed run had published, and the next one published the same data again")
        if not published and final == before:
            wrong("the next run published nothing")
        objects = _objects(storage)
        campaign.most_objects = max(campaign.most_objects, objects)
        campaign.most_temporary = max(campaign.most_temporary, len([*temporary.iterdir()]))
        if (trial + 1) % 50 == 0:
            print(f"{trial + 1} trials, {objects} objects", file=sys.stderr, flush=True)
    campaign.seconds = round(time.perf_counter() - begun, 1)

    seen: set[str] = set()
    for reader in readers:
        output, _ = reader.communicate(b"\n")
        report = json.loads(output)
        campaign.reads += report["reads"]
        campaign.faults += report["faults"]
        seen.update(report["seen"])
    campaign.versions_read = len(seen)
    # Once more, when nothing that was left can belong to the living any more.
    if store == "s3":
        time.sleep(ABANDONED_AFTER.total_seconds() + 1)
    change(-2)
    fine, said, _ = _run_to_end(work)
    if not fine:
        campaign.faults.append(f"the last run failed: {said}")
    manifest = storage.snapshots.current()
    assert manifest is not None
    allowed = KEEP * (len(manifest.artifacts) + 1) + len(("current", "lock", "run-status"))
    if _objects(storage) > allowed:
        campaign.faults.append(f"{_objects(storage)} objects are left; {allowed} are in use")
    if left := [*temporary.iterdir()]:
        campaign.faults.append(f"TMPDIR holds {len(left)} entries, such as {left[0].name}")
    return campaign


def _objects(storage: Any) -> int:
    """Return how many files and directories, or how many keys, the store holds."""
    store = storage.snapshots.store
    root = getattr(store, "root", None)
    if root is None:
        return sum(1 for _ in store.list(""))
    return sum(1 for item in root.rglob("*") if item.is_file() or not any(item.iterdir()))


def main() -> None:
    """Parse the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--store", choices=("local", "s3"), default="local")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--reader", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        read_for_ever()
        return
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="kill-") as directory:
        campaign = run(arguments.trials, arguments.store, seed, Path(directory))
    print(json.dumps(asdict(campaign)))
    sys.exit(1 if campaign.faults else 0)


if __name__ == "__main__":
    main()
