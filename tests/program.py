"""The program as a subprocess: its own pid, environment, streams and exit code.

``watcher`` forks it from a process that has loaded everything already, which saves each call a
second of CPU; with ``fresh=True`` it starts the installed script, as the acceptance tests do.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

WATCHER = Path(sys.executable).with_name("watcher")


def watcher(
    *words: str | Path,
    config: Path | None = None,
    code: int | None = 0,
    env: dict[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = 90,
    fresh: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run ``watcher``; the exit code must be ``code`` (None: whatever)."""
    command = [str(WATCHER), *(["-c", str(config)] if config else []), *map(str, words)]
    environment = os.environ | {"COLUMNS": "100", "PYTHONWARNINGS": "default"} | (env or {})
    run = _started if fresh else _forked
    done = run(command, environment, stdin, timeout)
    if code is not None:
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def answer(*words: str | Path, config: Path, **options: Any) -> Any:
    """The JSON document that a command prints."""
    return json.loads(watcher(*words, "--json", config=config, **options).stdout)


def _started(
    command: Sequence[str], environment: dict[str, str], stdin: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, input=stdin, env=environment
    )


def _forked(
    command: Sequence[str], environment: dict[str, str], stdin: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    channel = _forge()
    request = {"command": list(command), "environment": environment, "cwd": str(Path.cwd())}
    with (
        tempfile.TemporaryFile() as come_in,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        come_in.write((stdin or "").encode())
        come_in.seek(0)
        streams = [stream.fileno() for stream in (come_in, out, err)]
        socket.send_fds(channel, [json.dumps(request).encode()], streams)
        pid = int(channel.recv(64))
        channel.settimeout(timeout)
        try:
            code = int(channel.recv(64))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            channel.settimeout(10)
            channel.recv(64)
            raise subprocess.TimeoutExpired(command, timeout, _text(out), _text(err)) from None
        finally:
            channel.settimeout(None)
        return subprocess.CompletedProcess(command, code, _text(out), _text(err))


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


@functools.cache
def _forge() -> socket.socket:
    """Start the process that has everything loaded; it ends when this one closes the channel.

    It is no child of this process: some tests kill those.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.run(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=theirs.fileno(),
            env=os.environ | {"COLUMNS": "100", "PYTHONWARNINGS": "default"},
            check=True,
        )
    return ours


# --------------------------------------------------------------------------- the forge's side


def forge() -> None:
    """Fork a program per request until nobody asks any more."""
    if os.fork():
        os._exit(0)
    from forks import fork_helpers, warm_up

    import watcher.cli

    for module in pkgutil.iter_modules(watcher.cli.__path__):
        importlib.import_module(f"watcher.cli.{module.name}")
    warm_up(None)
    fork_helpers()
    channel = socket.socket(fileno=os.dup(0))
    while True:
        asked, streams, _flags, _address = socket.recv_fds(channel, 1 << 18, 3)
        if not asked:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            become(json.loads(asked), streams)
            sys.exit()
        for stream in streams:
            os.close(stream)
        channel.send(str(pid).encode())
        _pid, status = os.waitpid(pid, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """What an interpreter sets up before the program's first line; then the program, to its end."""
    from watcher.cli import main

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv = request["command"]
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    main()


if __name__ == "__main__":
    forge()
