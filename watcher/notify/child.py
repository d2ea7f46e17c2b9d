"""The processes that touch receivers' networks: a nursery, and a fork of it per message.

The nursery loads apprise once and then only forks on demand, so that a message costs a few
milliseconds and little memory of its own. A fork does one job and goes. Whatever a receiver does
to it - hang, drip, answer with a gigabyte - ends with a killed fork and nothing else.

Control channel (standard input, a Unix socket): ``F`` with a file descriptor forks a child that
is connected to it and answers its pid; ``K`` and a pid kills and reaps that child.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable

from watcher.notify.jobs import HANDING, Job, Report

MEMORY = 1 << 30
# The parent kills earlier; this is for a parent that was killed itself.
LAST_RESORT_SECONDS = 45
PID = struct.Struct("!I")


def main() -> None:
    """Fork children until the parent hangs up."""
    control = socket.socket(fileno=os.dup(0))
    _detach()
    _load()
    while True:
        command, descriptors, _flags, _address = socket.recv_fds(control, 1, 1)
        if command == b"F" and descriptors:
            pid = os.fork()
            if pid == 0:
                control.close()
                _serve(socket.socket(fileno=descriptors[0]))
            os.close(descriptors[0])
            control.sendall(PID.pack(pid))
        elif command == b"K":
            _end(PID.unpack(control.recv(PID.size, socket.MSG_WAITALL))[0])
        else:
            # The parent is gone: what its children do now, nobody records. They are our group.
            os.killpg(0, signal.SIGKILL)


def _detach() -> None:
    """Nothing a plugin prints is to reach a terminal or a log: it may be an address."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _load() -> None:
    """What every job needs, once; the plugins' own list too, which takes longest."""
    import watcher.notify.chat
    import watcher.notify.mail  # noqa: F401
    from watcher.notify.addresses import plugin_of

    plugin_of("json://localhost")
    gc.freeze()  # a collection in a fork would copy every page that it looks at


def _end(pid: int) -> None:
    # Ours and not reaped yet, so the number can't have gone to another process.
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(channel: socket.socket) -> None:
    """In the fork: read one job, send it, report, and go without cleaning up."""
    signal.alarm(LAST_RESORT_SECONDS)
    with contextlib.suppress(BaseException):
        with channel.makefile("rb") as lines:
            line = lines.readline()
        channel.sendall(_report(line, channel).encode())
    os._exit(0)


def _report(line: bytes, channel: socket.socket) -> Report:
    handed = False

    def handing() -> None:
        nonlocal handed
        if not handed:
            handed = True
            channel.sendall(HANDING)

    try:
        return _send(Job.decode(line), handing)
    except Exception as error:
        # A plugin's bug is a failure of this delivery only; the text may hold the address.
        detail = f"sending failed: {type(error).__name__}"
        return Report(state="retry", ambiguous=handed, detail=detail)


def _send(job: Job, handing: Callable[[], None]) -> Report:
    from watcher.notify.addresses import plugin_of, wants_pgp
    from watcher.notify.chat import send_chat, send_webhook
    from watcher.notify.mail import send_mail

    plugin = plugin_of(job.url)
    if plugin is None or wants_pgp(plugin):
        detail = "the receiver's URL is not valid; `watcher check` says why"
        return Report(state="permanent", detail=detail)
    send = {"mail": send_mail, "json": send_webhook}.get(job.kind, send_chat)
    return send(plugin, job, handing)


if __name__ == "__main__":
    main()
    sys.exit(0)
