"""Refreshes without their start-up, for campaigns: a warm process forks one on request.

A refresh of a tiny database takes less than importing what it needs. The fork runs the
job's own ``main`` with the arguments, environment, standard streams and locks that the worker gave
to the command. The command is this file run as a script: it hands those over, forwards SIGTERM, and
ends as the fork ends.
"""

import json
import os
import signal
import socket
import sys

SOCKET_VARIABLE = "WARM_REFRESH_SOCKET"
#: Days by which the wall clock of a forked process is wrong.
CLOCK_VARIABLE = "WARM_REFRESH_CLOCK_DAYS"


def command(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs ``arguments``, a module and its options, in a warm process."""
    return (sys.executable, "-I", "-S", __file__, *arguments)


def set_clock(days: float) -> None:
    """Set this process's wall clock wrong, as far as our own code reads it."""
    from datetime import datetime, timedelta, tzinfo
    from datetime import datetime as real

    from api.jobs import local_queue, run_status
    from api.storage import snapshots

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return real.now(tz) + timedelta(days=days)

    for module in (local_queue, run_status, snapshots):
        module.datetime = Stepped  # type: ignore[attr-defined]


def serve(path: str) -> None:
    """Fork a refresh for each connection, for ever; call it in a warm process without threads."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
        while True:
            connection, _ = listening.accept()
            with connection:
                if os.fork() == 0:
                    listening.close()
                    _run(connection)


def _run(connection: socket.socket) -> None:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        data, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 64)
        request = json.loads(data)
        for number in range(3):
            os.dup2(descriptors[number], number)
            os.close(descriptors[number])
        os.environ.clear()
        os.environ.update(request["environment"])
        set_clock(float(os.environ.get(CLOCK_VARIABLE, "0")))
        connection.sendall(f"{os.getpid()}\n".encode())
        module, *options = request["arguments"]
        sys.argv = [module, *options]
        code = _main(module)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(f"{code}\n".encode())
        os._exit(code)


def _main(module: str) -> int:
    from api.analytics import analytics_refresh, staleness

    try:
        {
            "api.analytics.analytics_refresh": analytics_refresh,
            "api.analytics.staleness": staleness,
        }[module].main()
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def _ask() -> None:
    """Be the command: hand everything over and end as the fork ends."""
    inherited = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 pathlib is slow to import
        try:
            os.fstat(int(name))
        except OSError:
            continue  # the listing's own
        if int(name) > 2:
            inherited.append(int(name))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ[SOCKET_VARIABLE])
        request = {"arguments": sys.argv[1:], "environment": dict(os.environ)}
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2, *inherited])
        stream = connection.makefile()
        first = stream.readline()
        if first:
            pid = int(first)
            signal.signal(signal.SIGTERM, lambda number, frame: os.kill(pid, signal.SIGTERM))
        last = stream.readline()
    if not last:
        os.kill(os.getpid(), signal.SIGKILL)  # as the fork ended
    os._exit(int(last))


if __name__ == "__main__":
    _ask()
