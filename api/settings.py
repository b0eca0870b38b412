"""Settings: every environment variable the system reads, in one place."""

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_DATA_DIR = Path("var")
DEFAULT_DB_NAME = "cocktails"


def _blank_is_unset(value: str | None) -> str | None:
    """Treat ``VAR=`` like an unset variable: a template can empty one, but not omit it."""
    return value if value and value.strip() else None


OptionalText = Annotated[str | None, AfterValidator(_blank_is_unset)]


class Settings(BaseSettings):
    """What the environment says.

    Attributes
    ----------
    database_url
        ``DATABASE_URL``: a SQLAlchemy URL (PostgreSQL in production, say). Wins over ``DB_PATH``.
    db_path
        ``DB_PATH``: the SQLite file, or a directory that holds ``<DB_NAME>.db``.
    db_name
        ``DB_NAME``: the database's name, used where ``DB_PATH`` is a directory or unset.
    analytics_bucket
        ``ANALYTICS_BUCKET``: the S3 bucket to publish to; unset means ``analytics_dir``.
    analytics_dir
        ``ANALYTICS_DIR``: the local directory that stands in for the bucket.
    analytics_prefix
        ``ANALYTICS_PREFIX``: the key prefix inside the bucket.
    analytics_keep
        ``ANALYTICS_KEEP``: how many snapshots a refresh leaves behind, the current one included.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    database_url: OptionalText = None
    db_path: Path | None = None
    db_name: OptionalText = None
    analytics_bucket: OptionalText = None
    analytics_dir: Path = DEFAULT_DATA_DIR / "analytics"
    analytics_prefix: str = "analytics"
    analytics_keep: int = Field(default=10, ge=1)

    @cached_property
    def sqlite_path(self) -> Path:
        """Where the embedded database is, whether or not it exists yet."""
        name = f"{self.db_name or DEFAULT_DB_NAME}.db"
        if self.db_path is None:
            return DEFAULT_DATA_DIR / name
        return self.db_path / name if self.db_path.is_dir() else self.db_path
