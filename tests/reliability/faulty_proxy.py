"""A TCP proxy that does to S3's answers what networks and S3 do on bad days."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

#: Given the request's line ("PUT /bucket/key HTTP/1.1"), say what happens to it.
Policy = Callable[[str], str]

_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>"
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_BAD_KEY = b"<Error><Code>InvalidAccessKeyId</Code><Message>No such key id.</Message></Error>"


def _answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_CANNED = {
    "slow down": _answer("503 Slow Down", _SLOW_DOWN),
    "denied": _answer("403 Forbidden", _DENIED),
    "bad credentials": _answer("403 Forbidden", _BAD_KEY),
}


@contextmanager
def faulty_proxy(endpoint: str, policy: Policy) -> Iterator[str]:
    """Run a proxy before ``endpoint`` and yield its address.

    ``policy`` returns one of: ``pass``; ``slow down``, ``denied``, ``bad credentials`` (S3's
    errors); ``reset`` (close without an answer); ``truncate`` (half an answer, then close);
    ``lose`` (let the request take effect, then close without an answer); ``stall`` (say nothing).
    """
    target = urlsplit(endpoint)
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _read_message(client)
            if not request:
                return
            action = policy(request.split(b"\r\n", 1)[0].decode())
            if action in _CANNED:
                client.sendall(_CANNED[action])
            elif action == "stall":
                stopped.wait(60)
            elif action != "reset":
                with socket.create_connection((target.hostname or "", target.port or 80)) as server:
                    head, _, body = request.partition(b"\r\n\r\n")
                    head = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", head)
                    server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
                    answer = b""
                    while piece := server.recv(65536):
                        answer += piece
                if action == "truncate":
                    head, _, body = answer.partition(b"\r\n\r\n")
                    answer = head + b"\r\n\r\n" + body[: len(body) // 2]
                if action != "lose":
                    client.sendall(answer)

    def accept() -> None:
        while not stopped.is_set():
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopped.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join(5)


def _read_message(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    if re.search(rb"(?i)expect: *100-continue", head):
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = re.sub(rb"(?i)\r\nexpect:[^\r]*", b"", head)
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    wanted = int(length[1]) if length else 0
    while len(body) < wanted:
        piece = client.recv(65536)
        if not piece:
            return b""
        body += piece
    return head + b"\r\n\r\n" + body
