"""Settings that depend on each other."""

from pathlib import Path

from api.settings import Settings


def test_each_database_has_its_own_queue(tmp_path: Path) -> None:
    one, other = (Settings(db_path=tmp_path / name) for name in ("one.db", "other.db"))
    server = Settings(database_url="postgresql://bar@127.0.0.1/bar")
    assert len({one.refresh_queue, other.refresh_queue, server.refresh_queue}) == 3
    assert Settings(db_path=tmp_path / "one.db").refresh_queue == one.refresh_queue


def test_default_database_keeps_its_queue() -> None:
    assert Settings().refresh_queue == Path("var/refresh-queue.db")


def test_named_queue_is_kept(tmp_path: Path) -> None:
    settings = Settings(db_path=tmp_path / "one.db", refresh_queue=tmp_path / "queue.db")
    assert settings.refresh_queue == tmp_path / "queue.db"
