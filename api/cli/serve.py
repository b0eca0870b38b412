"""``cocktaildb serve``."""

import contextlib
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from api.cli.console import print_error, stderr
from api.db.errors import DatabaseError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.settings import Settings

#: Where this machine's token is kept if API_TOKEN is not set.
TOKEN_FILE = Path("var/api-token")
_TOKEN_BYTES = 32
#: How long running requests may take once the server is stopping, in seconds.
_GRACE_SECONDS = 10


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on. Put TLS in front of anything but loopback.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8000,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also run refreshes in this process.")
    ] = True,
) -> None:
    """Serve the pages and the API.

    The address, with the token that lets a browser write, is printed on stderr. Ctrl-C or SIGTERM
    stops it after the running requests.
    """
    import uvicorn

    from api.analytics.log import configure_logging
    from api.jobs.worker import running_worker
    from api.settings import Settings

    configure_logging()
    settings = _with_token(Settings())
    _require_database(settings)
    app = _app(settings)
    listening = _listen(host, port)
    actual_port = listening.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 a comparison
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{actual_port}/"
    # In the fragment, which browsers send to no server and put into no log or Referer.
    token = f"#token={quote(settings.api_token)}" if settings.api_token else ""
    stderr.print(f"Open {address}{token}", style="bold")
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


def _app(settings: "Settings") -> "FastAPI":
    from api.http.app import create_app
    from api.http.auth import AuthenticationSettingsError
    from api.http.rate_limits import RateLimitSettingsError

    try:
        return create_app(settings)
    except (AuthenticationSettingsError, RateLimitSettingsError) as error:
        print_error(str(error))
        raise typer.Exit(1) from error


def _with_token(settings: "Settings") -> "Settings":
    """Return settings that allow writing: with this machine's token if no other way is set."""
    if settings.api_token is not None or settings.auth_issuer is not None:
        return settings
    return settings.model_copy(update={"api_token": machine_token(TOKEN_FILE)})


def machine_token(path: Path) -> str:
    """Return the token kept in ``path``, created on the first call; only its owner may read it.

    Raises
    ------
    DatabaseError
        If the file cannot be read or created.
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
            f"The token in {path} cannot be read or created: {error}. Set API_TOKEN instead."
        ) from error
    if not token:
        raise DatabaseError(f"{path} is empty. Remove it to have a new token created.")
    return token


def _require_database(settings: "Settings") -> None:
    from api.db.database import get_database

    database = get_database(settings)
    path = database.sqlite_path
    if path is not None and not path.is_file():
        raise DatabaseError(f"There is no database at {path}. Create one with: cocktaildb db init")


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
            f"Cannot listen on {host}:{port}: {error}. Choose another with --host and --port."
        ) from error
    return listening
