"""Random sequences of writes and faults against real servers, workers and refreshes.

    python -m benchmarks.faults --sequences 100 --seed 1

Each sequence has a tiny database (SQLite or PostgreSQL), a snapshot of it (in a directory or in
moto's S3) and a server with its worker, and draws steps from: write over HTTP, kill a server, kill
a refresh, restart a server, start or stop a second one, fill the disk and free it, replace the
database file by a copy, back up, restore, set the clock, drop every database connection, request a
refresh, refresh beside the worker. Then the faults end, and it checks:

- every write that was answered with 201 can be read, under its id and name, from each server;
- the current snapshot was whole after each step;
- within a bound, the current snapshot is the one of the database's present data;
- no refresh outlives the servers.

The last line on stdout is one JSON object; the exit code is 1 after a violation. With ``--record
FILE`` each sequence's outcome is appended there as it ends, and a campaign that was interrupted
goes on after the ones recorded. A sequence is replayed by its own seed: ``--sequences 1 --seed SEED
--first``. Needs Linux, and root for the small
disk that is filled (without, that fault is left out).
"""

import argparse
import json
import logging
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Before NumPy is imported: a fork inherits no threads, so there must be none to miss.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

from benchmarks import warm_refresh  # noqa: E402
from benchmarks.servers import postgresql_server, s3_server  # noqa: E402

RECIPES = 12
STEPS = 10
DISK_BYTES = 12_000_000
TOKEN = "campaign-token-of-some-length"
#: The worker compares the snapshot with the database every ten minutes; a campaign cannot wait.
CHECK_SECONDS = 2.0
KINDS = [(database, store) for database in ("sqlite", "postgresql") for store in ("local", "s3")]


@dataclass
class Campaign:
    """The results.

    Attributes
    ----------
    steps
        How often each step was taken.
    acknowledged, refused
        Writes answered with 201, and those answered otherwise or not at all.
    readings
        Checks of the current snapshot.
    slowest_follow_up
        The longest time from the last fault to the snapshot of the present data, in seconds.
    violations
        What went wrong, each with its sequence's seed.
    """

    seed: int
    sequences: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0
    readings: int = 0
    slowest_follow_up: float = 0.0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Campaign") -> None:
        """Count another campaign's results in this one."""
        for counts, others in (self.sequences, other.sequences), (self.steps, other.steps):
            for name, number in others.items():
                counts[name] = counts.get(name, 0) + number
        self.acknowledged += other.acknowledged
        self.refused += other.refused
        self.readings += other.readings
        self.slowest_follow_up = max(self.slowest_follow_up, other.slowest_follow_up)
        self.seconds = round(self.seconds + other.seconds, 1)
        self.violations += other.violations


def _recorded(record: Path | None) -> Iterator[Campaign]:
    """Yield the outcome of each sequence in the file; a line cut by a kill is removed."""
    if record is None or not record.exists():
        return
    lines = record.read_text().splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        record.write_text("".join(lines[:-1]))
        del lines[-1]
    for line in lines:
        yield Campaign(**json.loads(line))


def _fork(work: Callable[[], None], log: Path) -> int:
    """Run ``work`` in a fork, its output in ``log``; return its process id."""
    # Until the child has its own handlers, a signal would make it leave this campaign in order.
    handled = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
        return child
    code = 1
    try:
        for one in handled:
            signal.signal(one, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        for number in (1, 2):
            os.dup2(descriptor, number)
        work()
        code = 0
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        # Whatever happens, the child must not leave through this campaign's cleanup.
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


class Server:
    """``cocktaildb serve`` in a fork: the application, uvicorn and the worker."""

    def __init__(self, settings: Any, log: Path, clock_days: float) -> None:
        with socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", 0))
            listening.listen(64)
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            self.process = _fork(lambda: self._serve(settings, listening, clock_days), log)

    @staticmethod
    def _serve(settings: Any, listening: socket.socket, clock_days: float) -> None:
        import uvicorn

        from api.analytics.log import configure_logging
        from api.http.app import create_app
        from api.jobs.worker import running_worker

        os.environ[warm_refresh.CLOCK_VARIABLE] = str(clock_days)
        warm_refresh.set_clock(clock_days)
        configure_logging()
        server = uvicorn.Server(
            uvicorn.Config(create_app(settings), log_config=None, timeout_graceful_shutdown=2)
        )
        with running_worker(
            settings,
            poll_seconds=0.1,
            check_seconds=CHECK_SECONDS,
            command=warm_refresh.command("api.analytics.analytics_refresh", "--watch-stdin"),
            check_command=warm_refresh.command("api.analytics.staleness"),
        ):
            server.run(sockets=[listening])

    def call(self, path: str, body: Any = None, timeout: float = 20.0) -> tuple[int, Any]:
        """Return the status and body of a request; status 0 if there was no answer."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except (OSError, ValueError) as error:
            return 0, str(error)

    def end(self, number: int) -> int:
        """Send a signal and wait; return the exit code.

        Before it serves, a process has no handler and no refresh: a polite signal waits for that.
        """
        if number != signal.SIGKILL:
            self.call("recipes/1", timeout=120)
        os.kill(self.process, number)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


class Sequence:
    """One database, one place for snapshots, some servers, and random steps."""

    def __init__(
        self, campaign: Campaign, seed: int, settings: Any, directory: Path, place: "Place"
    ) -> None:
        from api.db.database import get_database
        from api.utils.analytics_cache import AnalyticsStorage

        self.campaign = campaign
        self.seed = seed
        self.dice = random.Random(seed)
        self.settings = settings
        self.directory = directory
        self.place = place
        self.database = get_database(settings)
        self.storage = AnalyticsStorage.from_settings(settings)
        self.servers: list[Server] = []
        self.acknowledged: dict[int, str] = {}
        self.backup: tuple[Path, dict[int, str]] | None = None
        self.clock_days = 0.0
        self.number = 0
        self.refreshes: list[subprocess.Popen[bytes]] = []
        self.done: list[str] = []

    @property
    def log(self) -> Path:
        return self.place.directory / f"s{self.seed}.log"  # not on the disk that is filled

    def wrong(self, what: str) -> None:
        """Record a violation."""
        kind = f"{self.database.url.get_backend_name()}, {self.storage.location}"
        steps = " ".join(self.done)
        self.campaign.violations.append(f"seed {self.seed} ({kind}): {what}; steps: {steps}")

    def run(self, bound: float) -> None:
        """Take the steps, end the faults, check."""
        self.start_server()
        steps: dict[str, tuple[int, Callable[[], object]]] = {
            "write": (8, self.write),
            "kill-server": (2, self.kill_server),
            "kill-refresh": (2, self.kill_refresh),
            "restart": (2, self.restart),
            "second-server": (1, self.second_server),
            "clock": (1, self.set_clock),
            "backup": (1, self.make_backup),
            "restore": (1, self.restore),
            "refresh-request": (1, self.request_refresh),
            "refresh": (1, self.refresh),
            "pause": (2, self.pause),
        }
        if self.place.disk is not None:
            steps["disk-full"] = (2, self.place.fill)
            steps["disk-free"] = (1, self.place.free)
        if self.database.sqlite_path is not None:
            steps["swap-file"] = (1, self.swap_file)
        else:
            steps["drop-connections"] = (1, self.drop_connections)
        weights = [weight for weight, _ in steps.values()]
        for _ in range(STEPS):
            (name,) = self.dice.choices([*steps], weights)
            self.done.append(name)
            self.campaign.steps[name] = self.campaign.steps.get(name, 0) + 1
            steps[name][1]()
            self.check_snapshot()
        self.finish(bound)

    def start_server(self) -> None:
        self.servers.append(Server(self.settings, self.log, self.clock_days))

    def _server(self) -> Server:
        if not self.servers:
            self.start_server()
        return self.dice.choice(self.servers)

    def write(self) -> None:
        server = self._server()
        for _ in range(self.dice.choice([1, 1, 3])):
            self.number += 1
            name = f"Drink {self.seed}-{self.number}"
            lines = [{"ingredient_id": 1, "unit_id": 1, "amount": 1 + self.number}]
            status, body = server.call("recipes", {"name": name, "ingredients": lines})
            if status == 201:
                self.acknowledged[body["id"]] = name
                self.campaign.acknowledged += 1
            else:
                self.campaign.refused += 1
                if status in (400, 401, 404, 422, 500):
                    self.wrong(f"a write was answered with {status}: {body}")

    def kill_server(self) -> None:
        if self.servers:
            server = self.servers.pop(self.dice.randrange(len(self.servers)))
            server.end(signal.SIGKILL)

    def kill_refresh(self) -> None:
        for pid in self.place.refresh_processes(self.settings):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def restart(self) -> None:
        if self.servers:
            server = self.servers.pop(self.dice.randrange(len(self.servers)))
            code = server.end(self.dice.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP]))
            if code != 0:
                self.wrong(f"a server that was asked to end exited with {code}")
        self.start_server()

    def second_server(self) -> None:
        if len(self.servers) < 2:
            self.start_server()

    def set_clock(self) -> None:
        """Processes started from now on have a wrong clock."""
        self.clock_days = self.dice.choice([-400.0, -0.1, 0.0, 0.2, 9000.0])

    def make_backup(self) -> None:
        from api.db.backup import create_backup
        from api.db.errors import DatabaseError

        path = self.directory / "backup.db"
        try:
            create_backup(self.database, path, overwrite=True)
        except DatabaseError:
            return
        finally:
            self.database.dispose()
        self.backup = path, dict(self.acknowledged)

    def restore(self) -> None:
        if self.backup is None:
            return
        from api.db.backup import restore
        from api.db.errors import DatabaseError

        path, acknowledged = self.backup
        try:
            kept = restore(path, self.database, overwrite=True)
        except DatabaseError:
            return  # locked, or no room: unchanged
        finally:
            self.database.dispose()
        if kept is not None and self.database.sqlite_path is None:
            # The previous rows of a server, in the working directory.
            kept.unlink()
            kept.with_name(f"{kept.name}.sha256").unlink()
        self.acknowledged = dict(acknowledged)

    def swap_file(self) -> None:
        """Replace the database file by a copy of itself, as a tool or a person would."""
        path = self.database.sqlite_path
        assert path is not None
        copy = path.with_suffix(".copy")
        try:
            with (
                closing(sqlite3.connect(path)) as source,
                closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
            copy.replace(path)
        except (sqlite3.Error, OSError):
            copy.unlink(missing_ok=True)

    def drop_connections(self) -> None:
        self.place.drop_connections(str(self.database.url.database))

    def request_refresh(self) -> None:
        from api.jobs.request_refresh import request_refresh

        request_refresh(self.settings)

    def refresh(self) -> None:
        """Run ``cocktaildb refresh`` beside the worker."""
        environment = {
            **os.environ,
            **self.place.environment(self.settings),
            warm_refresh.CLOCK_VARIABLE: str(self.clock_days),
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                warm_refresh.command("api.analytics.analytics_refresh"),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.refreshes.append(process)

    def pause(self) -> None:
        time.sleep(self.dice.choice([0.05, 0.3, 1.0]))

    def check_snapshot(self) -> None:
        """The current snapshot is whole, or retired while it was read."""
        from api.storage.errors import StorageError

        missing = 0
        while True:
            try:
                manifest = self.storage.snapshots.current()
                if manifest is not None:
                    self.storage.snapshots.check(manifest)
            except StorageError as error:
                missing += 1
                if missing == 5:
                    self.wrong(f"the snapshot is not whole: {error}")
                    return
            else:
                self.campaign.readings += manifest is not None
                return

    def _is_followed(self) -> bool:
        from api.db.dataset import read_dataset
        from api.db.fingerprint import dataset_fingerprint

        manifest = self.storage.snapshots.current()
        if manifest is None:
            return False
        with self.database.snapshot() as connection:
            fingerprint = dataset_fingerprint(read_dataset(connection))
        self.database.dispose()
        return manifest.database_fingerprint == fingerprint

    def finish(self, bound: float) -> None:
        """End the faults and check what must hold."""
        self.place.free()
        for process in self.refreshes:
            process.wait()
        if not self.servers:
            self.start_server()
        begun = time.monotonic()
        for server in self.servers:
            for recipe_id, name in self.acknowledged.items():
                for _ in range(20):
                    status, body = server.call(f"recipes/{recipe_id}")
                    if status not in (0, 503):
                        break
                    time.sleep(0.5)
                if status != 200 or body["name"] != name:
                    self.wrong(f"{name} was acknowledged as {recipe_id}; reading it: {status}")
        while not self._is_followed():
            if time.monotonic() - begun > bound:
                self.wrong(f"the last write is in no snapshot after {bound:.0f} s")
                break
            time.sleep(0.1)
        else:
            took = round(time.monotonic() - begun, 1)
            self.campaign.slowest_follow_up = max(self.campaign.slowest_follow_up, took)
        self.check_snapshot()

    def close(self) -> None:
        """End the servers; no refresh may outlive them."""
        for server in self.servers:
            code = server.end(signal.SIGTERM)
            if code != 0:
                self.wrong(f"a server that was asked to end exited with {code}")
        deadline = time.monotonic() + 30
        while left := self.place.refresh_processes(self.settings):
            if time.monotonic() > deadline:
                self.wrong(f"{len(left)} refreshes outlive the servers")
                for pid in left:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                break
            time.sleep(0.1)
        self.database.dispose()


class Place:
    """Where sequences run: a small disk, an S3 server, a PostgreSQL server, a warm process."""

    def __init__(self, directory: Path, disk: Path | None, postgresql: str | None) -> None:
        self.directory = directory
        self.disk = disk
        self.postgresql = postgresql
        self.base = directory / "base.db"
        self.base_analytics = directory / "base-analytics"

    def fill(self) -> None:
        """Leave no byte on the disk."""
        if self.disk is None:
            return
        assert self.disk.is_mount(), "the small disk is gone: this would fill a real one"
        with (self.disk / "ballast").open("ab", buffering=0) as stream, suppress(OSError):
            while stream.tell() <= 2 * DISK_BYTES and stream.write(bytes(65536)):
                pass

    def free(self) -> None:
        """Make room on the disk."""
        if self.disk is not None:
            (self.disk / "ballast").unlink(missing_ok=True)

    def _admin(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"{self.postgresql}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def drop_connections(self, database: str) -> None:
        """End every connection to a database."""
        self._admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )

    @staticmethod
    def environment(settings: Any) -> dict[str, str]:
        """Return the environment of a refresh with these settings."""
        from api.jobs.worker import _environment

        return _environment(settings)

    def refresh_processes(self, settings: Any) -> list[int]:
        """Return the worker's refreshes in one sequence: the forks that hold its queue's lock."""
        lock = Path(f"{settings.refresh_queue}.lock")
        found = []
        for child in _children(self.warm):
            with suppress(OSError):
                if lock in {path.readlink() for path in Path(f"/proc/{child}/fd").iterdir()}:
                    found.append(child)
        return found

    warm = 0

    def _publish_base(self, directory: Path, prefix: str | None) -> None:
        """Copy the snapshot of the first database, so that there is one from the first step."""
        if prefix is None:
            shutil.copytree(self.base_analytics, directory)
            return
        import boto3

        client = boto3.client("s3")
        for path in self.base_analytics.rglob("*"):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(self.base_analytics)}"
                client.upload_file(str(path), "campaign", key)

    @contextmanager
    def sequence(self, campaign: Campaign, seed: int, kind: tuple[str, str]) -> Iterator[Sequence]:
        """Make a fresh database and settings for one sequence, and remove them."""
        from api.settings import Settings

        database, store = kind
        name = f"{database}, {store}"
        campaign.sequences[name] = campaign.sequences.get(name, 0) + 1
        directory = (self.disk or self.directory) / f"s{seed}"
        directory.mkdir()
        values: dict[str, Any] = {
            "analytics_dir": directory / "analytics",
            "analytics_keep": 2,
            "refresh_queue": directory / "queue.db",
            "api_token": TOKEN,
            "rate_limit": "off",
            "rate_limit_writes": "off",
        }
        if store == "s3":
            values |= {"analytics_bucket": "campaign", "analytics_prefix": f"s{seed}"}
        if database == "sqlite":
            shutil.copy(self.base, directory / "cocktails.db")
            values["db_path"] = directory / "cocktails.db"
        else:
            self._admin(f"CREATE DATABASE s{seed} TEMPLATE base")
            values["database_url"] = f"{self.postgresql}/s{seed}"
        self._publish_base(directory / "analytics", f"s{seed}" if store == "s3" else None)
        sequence = Sequence(campaign, seed, Settings(**values), directory, self)
        try:
            yield sequence
        finally:
            sequence.close()
            if database == "postgresql":
                self._admin(f"DROP DATABASE s{seed} WITH (FORCE)")
            if any(f"seed {seed} " in text for text in campaign.violations):
                shutil.copy(sequence.log, self.directory.parent / f"faults-{seed}.log")
            sequence.log.unlink(missing_ok=True)
            shutil.rmtree(directory)


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


@contextmanager
def _small_disk(directory: Path) -> Iterator[Path | None]:
    disk = directory / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        print("no disk can be mounted: no sequence fills one", file=sys.stderr)
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _warm_up(base: Path, analytics: Path, postgresql: str | None) -> None:
    """Make the databases and a snapshot of the first; import everything by refreshing it."""
    import api.http.app
    import api.jobs.worker
    from api.analytics import staleness
    from api.analytics.analytics_refresh import regenerate_analytics
    from api.db.database import get_database
    from api.db.migrations import upgrade
    from api.db.write import write_dataset
    from api.settings import Settings
    from api.utils.analytics_cache import AnalyticsStorage
    from benchmarks.small_database import first_recipes

    urls = [Settings(db_path=base)]
    if postgresql is not None:
        urls.append(Settings(database_url=f"{postgresql}/base"))
    for settings in urls:
        database = get_database(settings)
        upgrade(database.engine)
        with database.engine.begin() as connection:
            write_dataset(connection, first_recipes(RECIPES))
        database.dispose()
    storage = AnalyticsStorage(directory=analytics)
    regenerate_analytics(database=get_database(urls[0]), storage=storage)
    assert staleness.compare(get_database(urls[0]), storage).reason is None
    api.http.app.create_app(urls[0].model_copy(update={"api_token": TOKEN}))


def run(
    sequences: int,
    seed: int,
    directory: Path,
    *,
    bound: float = 120.0,
    limit: float = float("inf"),
    kinds: list[tuple[str, str]] = KINDS,
    first: bool = False,
    record: Path | None = None,
) -> Campaign:
    """Run a campaign in ``directory``; end early after ``limit`` seconds.

    ``record`` keeps each sequence's outcome, a line each, and gives those of an earlier run of the
    same seed, which are not run again.
    """
    campaign = Campaign(seed)
    dice = random.Random(seed)
    seeds = [seed if first else dice.getrandbits(32) for _ in range(sequences)]
    recorded = list(_recorded(record))
    if [outcome.seed for outcome in recorded] != seeds[: len(recorded)]:
        raise SystemExit(f"{record} is not the record of this seed")
    for outcome in recorded:
        campaign.add(outcome)
    # What this process logs, such as a request for a refresh on a full disk, is expected.
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    for name in ("DATABASE_URL", "ANALYTICS_BUCKET"):
        os.environ.pop(name, None)
    with ExitStack() as stack:
        environment = stack.enter_context(s3_server(directory))
        os.environ.update(environment)
        import boto3

        boto3.client("s3").create_bucket(Bucket="campaign")
        postgresql: str | None = None
        if any(database == "postgresql" for database, _ in kinds):
            postgresql = stack.enter_context(postgresql_server(directory))
        place = Place(directory, stack.enter_context(_small_disk(directory)), postgresql)
        if postgresql is not None:
            place._admin("CREATE DATABASE base")
        _warm_up(place.base, place.base_analytics, postgresql)
        path = str(directory / "warm.socket")
        os.environ[warm_refresh.SOCKET_VARIABLE] = path
        place.warm = _fork(lambda: warm_refresh.serve(path), directory / "warm.log")
        begun = time.monotonic()
        try:
            for number in range(len(recorded), sequences):
                if time.monotonic() - begun > limit:
                    break
                own = seeds[number]
                outcome = Campaign(own)
                started = time.monotonic()
                with place.sequence(outcome, own, kinds[number % len(kinds)]) as sequence:
                    sequence.run(bound)
                outcome.seconds = round(time.monotonic() - started, 1)
                campaign.add(outcome)
                if record is not None:
                    with record.open("a") as stream:
                        stream.write(json.dumps(asdict(outcome)) + "\n")
                print(
                    f"{number + 1}: seed {own}, {' '.join(sequence.done)}; "
                    f"{len(campaign.violations)} violations",
                    *outcome.violations,
                    file=sys.stderr,
                    flush=True,
                )
        finally:
            os.kill(place.warm, signal.SIGKILL)
            os.waitpid(place.warm, 0)
    return campaign


def main() -> None:
    """Parse the command line, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--first", action="store_true", help="the seed is that of one sequence")
    parser.add_argument("--kind", choices=[",".join(kind) for kind in KINDS], default=None)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end early")
    parser.add_argument("--bound", type=float, default=120.0, help="to follow a write, in seconds")
    parser.add_argument("--record", type=Path, default=None, help="a line for each sequence")
    arguments = parser.parse_args()
    # Ends in order, so that no server, process or disk is left behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    kinds = KINDS if arguments.kind is None else [tuple(arguments.kind.split(","))]
    with tempfile.TemporaryDirectory(prefix="faults-") as directory:
        campaign = run(
            arguments.sequences,
            seed,
            Path(directory),
            bound=arguments.bound,
            limit=arguments.seconds,
            kinds=kinds,
            first=arguments.first,
            record=arguments.record,
        )
    print(json.dumps(asdict(campaign)))
    sys.exit(1 if campaign.violations else 0)


if __name__ == "__main__":
    main()
