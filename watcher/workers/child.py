"""The two kinds of process behind a pool: the nursery that forks, and the worker that works.

The nursery is a small fork server of our own, not multiprocessing's: it starts with a clean
environment, has no resource tracker beside it, does not import the caller's main module, and can
load more modules later. It never reads anything from outside, so a fork of it is always sound.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import resource
import signal
import socket
import warnings
from pathlib import Path
from typing import Any

from watcher.model import Failure, FailureReason
from watcher.text.clean import clean_line
from watcher.workers.jobs import JOBS, preload
from watcher.workers.wire import FAILURE, HEADER, MAX_REPLY, RESULT, RETIRING, to_json

_PR_SET_PDEATHSIG = 1
_LOOK_AT_MEMORY_EVERY = 16


def nursery() -> None:
    """Serve fork requests on file descriptor 0 until the parent closes it or dies."""
    control = socket.socket(fileno=os.dup(0))
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    warnings.simplefilter("ignore")
    loaded = -1
    while True:
        request, descriptors, _flags, _address = socket.recv_fds(control, 4_096, 1)
        if not request:
            return
        wanted = json.loads(request)
        if wanted["level"] > loaded:
            loaded = wanted["level"]
            preload(loaded)
            gc.collect()
            gc.freeze()  # the collector would touch, and so copy, every shared page
        if not descriptors:
            continue  # no worker is wanted yet
        nursery_pid = os.getpid()
        if os.fork() == 0:
            try:
                control.close()
                _work(socket.socket(fileno=descriptors[0]), wanted, nursery_pid)
            finally:  # whatever happened: a child must never go on as a second nursery
                os._exit(0)
        os.close(descriptors[0])


def _work(channel: socket.socket, settings: dict[str, Any], nursery_pid: int) -> None:
    """Answer jobs on the channel until it closes or the worker is to be replaced."""
    _die_with(nursery_pid)
    _limit(settings["memory"])
    pidfd = os.pidfd_open(os.getpid())
    socket.send_fds(channel, [b"\0"], [pidfd])
    os.close(pidfd)
    for count in range(1, settings["jobs"] + 1):
        request = _receive(channel)
        if request is None:
            return
        cpu, name, arguments = pickle.loads(request)  # noqa: S301  # from the parent
        _limit_cpu(cpu)
        tag, answer, broken = _answer(name, arguments)
        retire = broken or count == settings["jobs"]
        if count % _LOOK_AT_MEMORY_EVERY == 0:
            retire = retire or _resident() > settings["resident"]
        channel.sendall(HEADER.pack(len(answer), tag | RETIRING if retire else tag) + answer)
        if retire:
            return


def _answer(name: str, arguments: dict[str, Any]) -> tuple[int, bytes, bool]:
    """Tag and JSON of the result or failure, and whether the process may be damaged."""
    url = str(arguments.get("url", ""))
    try:
        result = JOBS[name](**arguments)
        answer = to_json(result)
    except MemoryError:
        # Whatever was half done is unreachable now, but C code may have leaked or given up.
        return FAILURE, _failure(FailureReason.PARSE_LIMIT, "took too much memory", url), True
    except RecursionError:
        return FAILURE, _failure(FailureReason.PARSE_LIMIT, "nested too deeply", url), False
    except Exception as error:
        detail = clean_line(f"{type(error).__name__}: {error}", 300)
        return FAILURE, _failure(FailureReason.PARSE_ERROR, detail, url), False
    if len(answer) > MAX_REPLY:
        return FAILURE, _failure(FailureReason.PARSE_LIMIT, "the result is too large", url), False
    return (FAILURE if isinstance(result, Failure) else RESULT), answer, False


def _failure(reason: FailureReason, detail: str, url: str) -> bytes:
    return to_json(Failure(reason=reason, detail=detail, url=url))


def _receive(channel: socket.socket) -> bytes | None:
    header = channel.recv(HEADER.size, socket.MSG_WAITALL)
    if len(header) < HEADER.size:
        return None
    size, _tag = HEADER.unpack(header)
    received = channel.recv(size, socket.MSG_WAITALL)
    return received if len(received) == size else None


# ---------------------------------------------------------------------------------- limits


def _die_with(nursery_pid: int) -> None:
    """Be killed when the nursery dies, which dies when the parent does."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery_pid:
        os._exit(0)


def _limit(memory: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    _set_limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)
    _set_limit(resource.RLIMIT_NOFILE, 16)
    _set_limit(resource.RLIMIT_FSIZE, 0)
    _set_limit(resource.RLIMIT_CORE, 0)


def _set_limit(kind: int, value: int) -> None:
    _soft, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _limit_cpu(seconds: float) -> None:
    """So many more seconds of CPU time: the limit counts from the start of the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()
