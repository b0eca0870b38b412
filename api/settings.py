"""Settings: every environment variable the system reads, in one place."""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_DATA_DIR = Path("var")
DEFAULT_DB_NAME = "cocktails"


def _blank_is_unset(value: str | None) -> str | None:
    """Treat ``VAR=`` like an unset variable: a template can empty one, but not omit it."""
    return value if value and value.strip() else None


def _split_at_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


OptionalText = Annotated[str | None, AfterValidator(_blank_is_unset)]
# NoDecode: the environment's text is a list of our own kind, not JSON.
CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas)]


class SettingsError(ValueError):
    """Variables have values that cannot be used; the message names each and what it takes."""


class Settings(BaseSettings):
    """The settings, read from the environment.

    Attributes
    ----------
    database_url
        ``DATABASE_URL``: a SQLAlchemy URL, such as a PostgreSQL server; overrides ``DB_PATH``.
    db_path
        ``DB_PATH``: the SQLite file, or a directory that holds ``<DB_NAME>.db``.
    db_name
        ``DB_NAME``: the database's name, used where ``DB_PATH`` is a directory or unset.
    analytics_bucket
        ``ANALYTICS_BUCKET``: the S3 bucket to publish to; unset means ``analytics_dir``.
    analytics_dir
        ``ANALYTICS_DIR``: the local directory used in place of a bucket.
    analytics_prefix
        ``ANALYTICS_PREFIX``: the key prefix inside the bucket.
    analytics_keep
        ``ANALYTICS_KEEP``: how many snapshots a refresh keeps, including the current one.
    analytics_trigger_function
        ``ANALYTICS_TRIGGER_FUNCTION``: the Lambda function that writes invoke to request a
        refresh; unset means ``refresh_queue``.
    refresh_queue
        ``REFRESH_QUEUE``: the file in which refreshes wait for ``cocktaildb worker``; by
        default one per database.
    api_token
        ``API_TOKEN``: the bearer token that writes require where there is no identity provider.
    auth_issuer
        ``AUTH_ISSUER``: the issuer whose JWTs writes require, such as a Cognito user pool's URL.
    auth_audience
        ``AUTH_AUDIENCE``: the client id that such a token must be issued to.
    auth_jwks_url
        ``AUTH_JWKS_URL``: the URL of the issuer's keys; unset means
        ``<AUTH_ISSUER>/.well-known/jwks.json``.
    auth_sign_in_url
        ``AUTH_SIGN_IN_URL``: the issuer's sign-in page, such as a Cognito domain; unset means that
        people enter a token. The server in front must forward ``/sign-in/token`` to its
        ``/oauth2/token``.
    cors_origins
        ``CORS_ORIGINS``: other sites whose scripts may call the API, separated by commas.
    allowed_hosts
        ``ALLOWED_HOSTS``: host names that requests may be addressed to besides ``localhost`` and IP
        addresses, separated by commas; ``*.example.com`` for all below one, ``*`` for any.
    rate_limit, rate_limit_writes
        ``RATE_LIMIT``, ``RATE_LIMIT_WRITES``: requests allowed to one client, such as
        ``3000/minute``; ``off`` sets no limit.
    max_body_bytes
        ``MAX_BODY_BYTES``: the largest request body.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    database_url: OptionalText = None
    db_path: Path | None = None
    db_name: OptionalText = None
    analytics_bucket: OptionalText = None
    analytics_dir: Path = DEFAULT_DATA_DIR / "analytics"
    analytics_prefix: str = "analytics"
    analytics_keep: int = Field(default=10, ge=1)
    analytics_trigger_function: OptionalText = None
    refresh_queue: Path = DEFAULT_DATA_DIR / "refresh-queue.db"
    api_token: OptionalText = None
    auth_issuer: OptionalText = None
    auth_audience: OptionalText = None
    auth_jwks_url: OptionalText = None
    auth_sign_in_url: OptionalText = None
    cors_origins: CommaSeparated = ()
    allowed_hosts: CommaSeparated = ()
    rate_limit: str = "3000/minute"
    rate_limit_writes: str = "300/minute"
    max_body_bytes: int = Field(default=5_000_000, ge=1_000)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None

    @model_validator(mode="after")
    def _give_each_database_its_queue(self) -> Self:
        """Keep the requests of two databases apart: a worker refreshes one database only."""
        if "refresh_queue" not in self.model_fields_set:
            place = self.database_url or str(self.sqlite_path.resolve())
            if place != str((DEFAULT_DATA_DIR / f"{DEFAULT_DB_NAME}.db").resolve()):
                digest = hashlib.sha256(place.encode()).hexdigest()[:8]
                self.refresh_queue = DEFAULT_DATA_DIR / f"refresh-queue-{digest}.db"
        return self

    @cached_property
    def sqlite_path(self) -> Path:
        """The path of the embedded database, whether or not it exists yet."""
        name = f"{self.db_name or DEFAULT_DB_NAME}.db"
        if self.db_path is None:
            return DEFAULT_DATA_DIR / name
        return self.db_path / name if self.db_path.is_dir() else self.db_path


def _explain(error: ValidationError) -> str:
    """Say of each variable what its value is and what it takes."""
    lines = []
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]).upper() if fault["loc"] else "The environment"
        shown = f"={fault['input']}" if isinstance(fault["input"], str | int | float) else ""
        wanted = _WANTED.get(fault["type"], fault["msg"]).format(**fault.get("ctx", {}))
        lines.append(f"{name}{shown} cannot be used: it takes {wanted}.")
    return " ".join(lines)


#: What a setting takes, by the kind of fault: pydantic's "Usage > Validation Errors".
_WANTED = {
    "int_parsing": "a whole number, without a unit",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "greater_than_equal": "a number of at least {ge}",
    "path_type": "a path",
    "string_type": "a text",
}
