"""``cocktaildb serve``."""

import contextlib
import gc
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import print_error, stderr
from api.db.errors import DatabaseError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.settings import Settings

#: Where this machine's token is kept if API_TOKEN is not set.
TOKEN_FILE = Path("var/api-token")
_TOKEN_BYTES = 32


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

    The address is printed on stderr, with a one-time code that signs a browser in; the code is
    valid for 10 minutes. Ctrl-C or SIGTERM stops it after the running requests.
    """
    from api.analytics.log import configure_logging
    from api.http.server import create_server
    from api.jobs.spare import SPARE_SECONDS
    from api.jobs.worker import running_worker
    from api.settings import Settings

    configure_logging()
    given = Settings()
    settings = _with_host(_with_token(given), host)
    _require_database(settings)
    app, listening = _prepare(settings, host, port)
    actual_port = listening.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 a comparison
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{actual_port}/"
    # A code, not the token: it works once. In the fragment, which browsers send to no server.
    # An operator who set the token knows it, and may keep this output in a log.
    code = f"#code={app.state.services.sign_in_codes.issue()}" if _uses_own_token(given) else ""
    stderr.print(f"Open {address}{code}", style="bold")
    if code and host in ("0.0.0.0", "::") and (here := _network_address()):  # noqa: S104
        code = f"#code={app.state.services.sign_in_codes.issue()}"
        _show_for_phones(f"http://{here}:{actual_port}/{code}")
    server = create_server(app)
    refreshing = (
        running_worker(settings, spare_seconds=SPARE_SECONDS)
        if worker and settings.analytics_trigger_function is None
        else contextlib.nullcontext()
    )
    # What was made until here stays: a garbage collection that looks at it, too, stops requests
    # for some 80 ms.
    gc.freeze()
    with listening, refreshing:
        server.run(sockets=[listening])


def _prepare(settings: "Settings", host: str, port: int) -> "tuple[FastAPI, socket.socket]":
    """Return the application and a listening socket; an error ends the command with a message."""
    from api.http.app import create_app
    from api.http.auth import AuthenticationSettingsError
    from api.http.rate_limits import RateLimitSettingsError
    from api.http.server import ListenError, listen

    try:
        return create_app(settings), listen(host, port)
    except (AuthenticationSettingsError, ListenError, RateLimitSettingsError) as error:
        print_error(str(error))
        raise typer.Exit(1) from error


def _network_address() -> str | None:
    """Return this machine's IPv4 address in its network; None if it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the interface
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _show_for_phones(address: str) -> None:
    """Print an address, and as a QR code where a person reads along."""
    import segno

    stderr.print(f"On a phone in the same network: {address}")
    if sys.stderr.isatty():
        segno.make(address, micro=False).terminal(out=sys.stderr, compact=True)


def _uses_own_token(settings: "Settings") -> bool:
    """Return whether this machine's own token is used because nothing else is configured."""
    return settings.api_token is None and settings.auth_issuer is None


def _with_host(settings: "Settings", host: str) -> "Settings":
    """Return settings that accept requests for the name that is listened on."""
    return settings.model_copy(update={"allowed_hosts": (*settings.allowed_hosts, host)})


def _with_token(settings: "Settings") -> "Settings":
    """Return settings that allow writing: with this machine's token if no other way is set."""
    if not _uses_own_token(settings):
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
