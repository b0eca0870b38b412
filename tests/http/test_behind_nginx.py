"""Behind nginx, as docs/how-to.md sets it up: edits, compression and the visitors' addresses."""

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from api.http.app import create_app
from api.http.server import create_server, listen
from tests.http.conftest import Site

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to.md"
#: Distributions' own settings for compression, on for every visitor.
SETTINGS = """
pid {directory}/nginx.pid; error_log {directory}/error.log; events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  gzip on; gzip_proxied any; gzip_types application/json; gzip_min_length 1; gzip_vary on;
  server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _nginx(directory: Path, backend: int) -> Iterator[int]:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not installed")
    found = re.search(r"```nginx\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert found
    location = found[1].replace("127.0.0.1:8000", f"127.0.0.1:{backend}")
    # nginx compresses, and not we: it then weakens the tags.
    location = location.replace("}", 'proxy_set_header Accept-Encoding "";\n}')
    directory.mkdir()
    port = _free_port()
    path = directory / "nginx.conf"
    path.write_text(SETTINGS.format(directory=directory, port=port, location=location))
    process = subprocess.Popen(
        [program, "-c", str(path), "-g", "daemon off; master_process off;"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (process.stderr and process.stderr.read(), path)
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def behind_nginx(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """Serve the site behind nginx with changed settings; returns the proxy's URL."""
    with ExitStack() as stack:

        def start(trusted: str | None, **changes: str) -> str:
            if trusted is not None:
                monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
            app = create_app(site.settings(allowed_hosts=("bar.example.com",), **changes))
            listening = stack.enter_context(listen("127.0.0.1", 0))
            server = create_server(app)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, server, "should_exit", True)
            port = stack.enter_context(_nginx(tmp_path / "nginx", listening.getsockname()[1]))
            return f"http://127.0.0.1:{port}/api/v1"

        yield start


def test_edits_survive_a_weakened_tag(
    behind_nginx: Callable[..., str], auth: dict[str, str]
) -> None:
    with httpx2.Client(headers={"Host": "bar.example.com"}) as client:
        recipe = f"{behind_nginx('127.0.0.1')}/recipes/1"
        found = client.get(recipe)
        assert found.headers["content-encoding"] == "gzip"
        tag = found.headers["etag"]
        assert tag.startswith('W/"')
        assert client.get(recipe, headers={"If-None-Match": tag}).status_code == 304
        body = {"name": "Changed", "ingredients": []}
        edit = client.put(recipe, json=body, headers={**auth, "If-Match": tag})
        assert edit.status_code == 200, edit.text
        again = client.put(recipe, json=body, headers={**auth, "If-Match": tag})
        assert again.status_code == 412


@pytest.mark.parametrize("trusted", ["127.0.0.1", None])
def test_visitors_count_apart_behind_a_proxy(
    behind_nginx: Callable[..., str], trusted: str | None
) -> None:
    url = f"{behind_nginx(trusted, rate_limit='2/minute')}/units"

    def statuses(address: str) -> list[int]:
        with httpx2.Client(
            transport=httpx2.HTTPTransport(local_address=address),
            headers={"Host": "bar.example.com", "X-Forwarded-For": "192.0.2.1"},
        ) as client:
            return [client.get(url).status_code for _ in range(3)]

    assert statuses("127.0.0.1") == [200, 200, 429]
    # Without FORWARDED_ALLOW_IPS all of them are the proxy, and share its limit.
    assert statuses("127.0.0.2") == ([200, 200, 429] if trusted else [429, 429, 429])
