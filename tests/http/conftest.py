"""The application over the sample, its analytics computed once a session."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.frames import Dataset
from api.http.app import create_app
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from tests.conftest import fill

TOKEN = "a-token-for-tests-alone"


@dataclass(frozen=True)
class Site:
    """A directory with a database and what was published from it."""

    directory: Path

    @property
    def database_path(self) -> Path:
        return self.directory / "cocktails.db"

    @property
    def analytics_dir(self) -> Path:
        return self.directory / "analytics"

    @property
    def database(self) -> Database:
        return Database(URL.create("sqlite", database=str(self.database_path)))

    @property
    def storage(self) -> AnalyticsStorage:
        return AnalyticsStorage(directory=self.analytics_dir, keep=10)

    def settings(self, **changes: Any) -> Settings:
        # Rates off: a test sends more than a person would. Those of test_rate_limits set their own.
        values: dict[str, Any] = {
            "db_path": self.database_path,
            "analytics_dir": self.analytics_dir,
            "refresh_queue": self.directory / "refresh-queue.db",
            "api_token": TOKEN,
            "allowed_hosts": ("testserver",),
            "rate_limit": "off",
            "rate_limit_writes": "off",
        }
        return Settings(**{**values, **changes})

    def refresh(self, *, force: bool = False) -> str:
        """Compute and publish; return the snapshot's id."""
        done = regenerate_analytics(database=self.database, storage=self.storage, force=force)
        return str(done["snapshot_id"])


@pytest.fixture(scope="session")
def published_sample(sample: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The sample, refreshed once. Do not change it: take `site`."""
    site = Site(tmp_path_factory.mktemp("sample"))
    fill(site.database, sample)
    site.refresh()
    return site


@pytest.fixture
def site(published_sample: Site, tmp_path: Path) -> Site:
    """A copy of the sample with its analytics, to be changed at will."""
    made = Site(tmp_path / "site")
    shutil.copytree(published_sample.directory, made.directory)
    return made


@pytest.fixture
def make_client(site: Site) -> Iterator[Callable[..., TestClient]]:
    """Start the application with changed settings."""
    started: list[TestClient] = []

    def make(**changes: Any) -> TestClient:
        client = TestClient(create_app(site.settings(**changes)))
        client.__enter__()
        started.append(client)
        return client

    yield make
    for client in started:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    """A client of the application over `site`, without a token."""
    return make_client()


@pytest.fixture
def auth() -> dict[str, str]:
    """The headers of somebody who may write."""
    return {"Authorization": f"Bearer {TOKEN}"}
