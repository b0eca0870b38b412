"""The real application on a loopback port, for benchmarks in a browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.http.app import create_app
from api.settings import Settings


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve from a thread of this process; yield the address, without a slash at the end."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
