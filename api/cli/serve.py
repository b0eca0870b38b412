"""``cocktaildb serve``."""

import contextlib
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from rich.markup import escape

from api.analytics.log import configure_logging
from api.cli.console import exit_on_error, stderr
from api.db.database import get_database
from api.db.errors import DatabaseError
from api.jobs.worker import running_worker
from api.settings import DEFAULT_DATA_DIR, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

#: Where the token of this machine is kept, where API_TOKEN names none.
TOKEN_FILE = DEFAULT_DATA_DIR / "api-token"
_TOKEN_BYTES = 32
#: How long requests that are under way may take when the server is told to end, in seconds.
_GRACE_SECONDS = 10


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen. Other than a loopback address: put TLS before it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run refreshes here, too.")
    ] = True,
) -> None:
    """Serve the pages and the API.

    The address, with the token that lets a browser write, is printed on stderr. Ctrl-C or SIGTERM
    ends it after the requests that are under way.
    """
    import uvicorn  # here, not above: no other command needs it

    configure_logging()
    with exit_on_error():
        settings = _with_token(Settings())
        _require_database(settings)
        app = _app(settings)
        listening = _listen(host, port)
    actual_port = listening.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 a comparison
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{actual_port}/"
    # In the fragment, which browsers send to no server and put into no log or Referer.
    token = f"#token={quote(settings.api_token)}" if settings.api_token else ""
    stderr.print(f"Open {address}{token}", style="bold", markup=False)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            # The access log is our own; uvicorn's messages go where all others do.
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # Whoever can connect could claim any address in X-Forwarded-For.
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    refreshing = (
        running_worker(settings)
        if worker and settings.analytics_trigger_function is None
        else contextlib.nullcontext()
    )
    with listening, refreshing:
        server.run(sockets=[listening])


def _app(settings: Settings) -> "FastAPI":
    # Here, not above: it brings FastAPI, for which no other command should wait.
    from api.http.app import create_app
    from api.http.auth import AuthenticationSettingsError
    from api.http.rate_limits import RateLimitSettingsError

    try:
        return create_app(settings)
    except (AuthenticationSettingsError, RateLimitSettingsError) as error:
        stderr.print("[bold red]Error:[/]", escape(str(error)))
        raise typer.Exit(1) from error


def _with_token(settings: Settings) -> Settings:
    """Return settings with which somebody can write: this machine's token if nothing else."""
    if settings.api_token is not None or settings.auth_issuer is not None:
        return settings
    return settings.model_copy(update={"api_token": machine_token(TOKEN_FILE)})


def machine_token(path: Path) -> str:
    """Return the token kept in ``path``, made on the first call; its owner alone may read it.

    Raises
    ------
    DatabaseError
        If the file cannot be read or made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            # Private from the start: a file made readable and then restricted was readable.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(secrets.token_urlsafe(_TOKEN_BYTES) + "\n")
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise DatabaseError(
            f"The token in {path} cannot be read or made: {error}. Set API_TOKEN instead."
        ) from error
    if not token:
        raise DatabaseError(f"{path} is empty. Remove it, and a new token is made.")
    return token


def _require_database(settings: Settings) -> None:
    database = get_database(settings)
    path = database.sqlite_path
    if path is not None and not path.is_file():
        raise DatabaseError(
            f"There is no {path}. Make one with: cocktaildb db init. "
            f"Or let `make serve` make the sample and its analytics."
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise DatabaseError(
            f"{host}:{port} cannot be listened on: {error}. Name another with --host and --port."
        ) from error
    return listening
