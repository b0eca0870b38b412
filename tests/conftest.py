"""Databases to test on: the real one where it is, and empty ones of both kinds."""

import io
import logging
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

import boto3
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, make_url, text

from api.db.database import Database
from api.db.exchange.resolve import to_dataset
from api.db.exchange.sources.own_csv import read_csv_directory
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.sample import sample_directory
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage

TESTS = Path(__file__).parent
REAL_DB = TESTS.parents[1] / "shared" / "data" / "cocktails-real.db"


#: The slow kinds of test, which `make test-fast` leaves out: by the fixtures that slow them ...
SLOW_FIXTURES = {
    "browser": {"chromium"},
    "cloud": {"batch_service", "cloud", "bucket"},
    "database_server": {"postgresql_server"},
    "documentation": {"checkout", "built_documentation"},
    "package": {"wheels"},
}
_BY_VALUE = {"postgresql": "postgresql_server", "s3": "bucket"}
#: ... or by their folder or file.
SLOW_PATHS = {
    "cloud": "cloud",
    "reliability": "campaign",
    "db/test_backup.py": "campaign",
    "db/test_database.py": "campaign",
    "http/test_connections.py": "campaign",
    "http/test_locks.py": "campaign",
    "http/test_request_cost.py": "campaign",
    "http/test_schemathesis.py": "campaign",
    "publishing/test_interruption.py": "campaign",
    "triggering/test_request_refresh.py": "campaign",
    "triggering/test_worker.py": "campaign",
    "analytics/test_scheduler.py": "cluster",
    "analytics/test_queries.py": "refresh",
    "analytics/test_refresh.py": "refresh",
    "analytics/test_map_stability.py": "refresh",
    "analytics/test_quality.py": "refresh",
    "cli/test_commands.py": "refresh",
    "cli/test_own_recipes.py": "refresh",
    "cli/test_round_trip.py": "refresh",
    "cli/test_terminal.py": "refresh",
    "http/test_foreign_analytics.py": "refresh",
    "http/test_serve.py": "refresh",
    "http/test_generated_client.py": "package",
    "imports/test_cases.py": "model",
    "imports/test_hostile.py": "campaign",
    "publishing/test_checkpoint.py": "refresh",
    "publishing/test_refresh_s3.py": "refresh",
    "test_environment.py": "refresh",
    "test_extras.py": "package",
    "triggering/test_reconcile.py": "refresh",
    "db/test_catalog_import.py": "model",
    "db/test_catalog_search.py": "model",
    "db/test_catalog_stateful.py": "model",
    "db/test_exchange.py": "model",
    "db/test_rule_book.py": "model",
    "triggering/test_coalescing.py": "model",
    "triggering/test_spare.py": "refresh",
    "triggering/test_staleness.py": "model",
    "triggering/test_every_write_is_followed.py": "model",
}

SLOW_KINDS = {*SLOW_FIXTURES, *SLOW_PATHS.values()}

#: Every variable that the application reads; no test may inherit one.
SETTINGS_VARIABLES = [name.upper() for name in Settings.model_fields]


@cache
def _kinds_of(path: Path) -> set[str]:
    place = path.relative_to(TESTS)
    return {kind for start, kind in SLOW_PATHS.items() if place.is_relative_to(start)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow kinds, and put them first.

    Each worker takes whole files in this order (``--no-loadscope-reorder``): a file of few long
    tests must not be the last to start.
    """
    for item in items:
        if not item.nodeid.startswith("tests/") or not isinstance(item, pytest.Function):
            continue
        used = set(item.fixturenames)
        # Some are requested by the value of a parameter.
        values = list(getattr(getattr(item, "callspec", None), "params", {}).values())
        used |= {fixture for value, fixture in _BY_VALUE.items() if value in values}
        kinds = {kind for kind, fixtures in SLOW_FIXTURES.items() if used & fixtures}
        for kind in kinds | _kinds_of(item.path):
            item.add_marker(kind)
    slow = {
        item.path for item in items if any(item.get_closest_marker(kind) for kind in SLOW_KINDS)
    }
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """Keep the machine's settings and AWS account out of every test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*SETTINGS_VARIABLES, *(n for n in os.environ if n.startswith("AWS_"))]:
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


class Run(Protocol):
    """``cocktaildb`` with arguments, and variables of the environment by name."""

    def __call__(
        self, *arguments: str, code: int = 0, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run the command in ``tmp_path`` and in this process: starting one would take longer."""
    from api.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    handlers = logging.root.handlers[:]

    def run_(
        *arguments: str, code: int = 0, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        out, err = capfd.readouterr()
        assert (ended.value.code or 0) == code, out + err
        return subprocess.CompletedProcess(arguments, code, out, err)

    yield run_
    # A command logs to the standard error of its test, which is closed now.
    logging.root.handlers[:] = handlers


@pytest.fixture(scope="session")
def real_db_path() -> Path:
    if not REAL_DB.is_file():
        pytest.skip("the real database is not on this machine")
    return REAL_DB


@pytest.fixture(scope="session")
def sample() -> Dataset:
    dataset, faults = to_dataset(read_csv_directory(Path(str(sample_directory()))))
    assert dataset is not None
    assert faults == []
    return dataset


def fill(database: Database, dataset: Dataset) -> None:
    """Create the tables of an empty database, and write a dataset into them."""
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, dataset)
    database.dispose()


@pytest.fixture(scope="session")
def sample_client(
    sample: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A client of the application over the sample, refreshed once; only for reading."""
    from api.analytics.analytics_refresh import regenerate_analytics
    from api.http.app import create_app

    directory = tmp_path_factory.mktemp("sample-client")
    settings = Settings(
        db_path=directory / "cocktails.db",
        analytics_dir=directory / "analytics",
        refresh_queue=directory / "queue.db",
        rate_limit="off",
    )
    database = Database(URL.create("sqlite", database=str(directory / "cocktails.db")))
    fill(database, sample)
    storage = AnalyticsStorage(directory=directory / "analytics")
    regenerate_analytics(database=database, storage=storage)
    database.dispose()
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """Run a PostgreSQL of our own on a loopback port; skip where it is not installed."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb") or next(
        (str(path / "initdb") for path in binaries if (path / "initdb").exists()), None
    )
    if found is None:
        pytest.skip("PostgreSQL is not installed (no initdb)")
    bin_directory = Path(found).resolve().parent
    # The server refuses to run as root.
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    prefix = as_user if os.geteuid() == 0 else []
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    if prefix:
        os.chown(home, 65534, 65534)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "data"
    subprocess.run(
        [*prefix, str(bin_directory / "initdb"), "-D", str(data), "-U", "cocktail", "-A", "trust",
         "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=home,
    )  # fmt: skip
    server = subprocess.Popen(
        [*prefix, str(bin_directory / "postgres"), "-D", str(data), "-p", str(port), "-h",
         "127.0.0.1", "-k", str(home), "-F"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
    )  # fmt: skip
    url = make_url(f"postgresql://cocktail@127.0.0.1:{port}/postgres")
    try:
        for _ in range(200):
            ready = subprocess.run(
                [str(bin_directory / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)],
                capture_output=True,
                check=False,
            )
            if ready.returncode == 0:
                break
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Serve S3's protocol on a loopback port."""
    from moto.server import ThreadedMotoServer  # imports for seconds

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, which the environment's AWS settings lead to."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"analytics-{uuid.uuid4()}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def make_database(tmp_path: Path) -> Callable[[Dataset | None], Database]:
    """Make an embedded database, with the rows of a dataset."""

    def make(dataset: Dataset | None = None) -> Database:
        database = Database(URL.create("sqlite", database=str(tmp_path / "cocktails.db")))
        upgrade(database.engine)
        if dataset is not None:
            with database.engine.begin() as connection:
                write_dataset(connection, dataset)
        database.dispose()
        return database

    return make


@pytest.fixture
def make_postgresql(postgresql_server: URL) -> Iterator[Callable[[], Database]]:
    """Make PostgreSQL databases without tables."""
    admin = Database(postgresql_server)
    autocommit = admin.engine.execution_options(isolation_level="AUTOCOMMIT")
    made: list[Database] = []

    def make() -> Database:
        name = f"test_{time.monotonic_ns()}"
        with autocommit.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        made.append(Database(postgresql_server.set(database=name)))
        return made[-1]

    yield make
    with autocommit.connect() as connection:
        for database in made:
            database.dispose()
            connection.execute(text(f"DROP DATABASE {database.url.database} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def empty_postgresql(make_postgresql: Callable[[], Database]) -> Database:
    """A PostgreSQL database without tables."""
    return make_postgresql()


@pytest.fixture
def postgresql(empty_postgresql: Database) -> Database:
    """An empty PostgreSQL database, its schema up to date."""
    upgrade(empty_postgresql.engine)
    return empty_postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database of each kind, its schema up to date."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgresql")
        return
    made = request.getfixturevalue("make_database")(None)
    yield made
    made.dispose()
