"""Start-up paid once: a warm process, the forge, of which programs and their helpers are forked.

The tests start thousands of processes; importing everything anew costs each of them a second of
CPU, in which nothing of ours is tested. One forge serves a whole run of pytest (``forge`` starts
it), loads with the first request, and ends with the run. It is no child of any test's process:
some tests count those, or kill them.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

ADDRESS = "WATCHER_TEST_FORGE"
"""Names the variable with the path of the forge's socket."""
WORKERS, SENDERS = "watcher.workers.child:nursery", "watcher.notify.child:main"
_LARGEST_REQUEST = 1 << 18
_WARNINGS = "default,ignore:'imghdr' is deprecated:DeprecationWarning"  # apprise imports it


class Forked:
    """What is needed of ``subprocess.Popen``, of a process that the forge has forked.

    ``main`` is ``module:function``; its process ends with it, as a program does. ``streams`` become
    its descriptors 0, 1 and 2.
    """

    def __init__(
        self,
        main: str,
        *,
        streams: Sequence[int],
        environment: Mapping[str, str],
        arguments: Sequence[str] = (),
        cwd: str | Path = "/",
        leads_session: bool = False,
    ) -> None:
        request = {
            "main": main,
            "arguments": list(arguments),
            "environment": dict(environment),
            "cwd": str(cwd),
            "leads_session": leads_session,
        }
        self.returncode: int | None = None
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.connect(os.environ[ADDRESS])
        socket.send_fds(self._channel, [json.dumps(request).encode()], streams)
        self.pid = int(self._channel.recv(64))

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._channel.settimeout(timeout)
            try:
                self.returncode = int(self._channel.recv(64))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("a fork", timeout or 0) from None
            self._channel.close()
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class _Subprocess:
    """Stands in for the module ``subprocess`` where a nursery is started."""

    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self, main: str) -> None:
        self._main = main

    def Popen(
        self,
        _command: object,
        *,
        stdin: int,
        env: Mapping[str, str],
        start_new_session: bool = False,
        **_options: Any,
    ) -> Forked:
        with Path(os.devnull).open("r+b", buffering=0) as null:
            return Forked(
                self._main,
                streams=(stdin, null.fileno(), null.fileno()),
                environment=env,
                leads_session=start_new_session,
            )


def fork_helpers(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Have both nurseries of this process forked by the forge."""
    import watcher.notify.nursery
    import watcher.workers.nursery

    replace(watcher.workers.nursery, "subprocess", _Subprocess(WORKERS))
    replace(watcher.notify.nursery, "subprocess", _Subprocess(SENDERS))


@contextmanager
def forge() -> Iterator[None]:
    """The address of a forge is in the environment meanwhile."""
    with tempfile.TemporaryDirectory(prefix="watcher-forge-") as folder:
        address = str(Path(folder, "socket"))
        ends, lives = os.pipe()
        subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), address],
            stdin=ends,
            env=os.environ | {"PYTHONWARNINGS": _WARNINGS, "OPENBLAS_NUM_THREADS": "1"},
            check=True,
        )
        os.close(ends)
        os.environ[ADDRESS] = address
        try:
            yield
        finally:
            del os.environ[ADDRESS]
            os.close(lives)


# --------------------------------------------------------------------------- the forge's side


def serve(address: str) -> dict[str, Any]:
    """Fork a process per request until standard input ends. Returns in the forks only, with what
    they are to become."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(64)
    if os.fork():
        os._exit(0)
    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ)
    waiting.register(listener, selectors.EVENT_READ)
    warm = False
    while True:
        for key, _events in waiting.select():
            if key.fd == 0:
                os._exit(0)
            if key.fileobj is not listener:  # a fork has ended
                waiting.unregister(key.fd)
                os.close(key.fd)
                pid, channel = key.data
                _pid, status = os.waitpid(pid, 0)
                with channel:
                    _tell(channel, os.waitstatus_to_exitcode(status))
                continue
            channel, _peer = listener.accept()
            if not warm:
                warm_up()
                warm = True
            asked, streams = b"", []
            with contextlib.suppress(OSError):
                asked, streams, _flags, _address = socket.recv_fds(channel, _LARGEST_REQUEST, 3)
            if not asked:  # who connected was killed
                channel.close()
                continue
            pid = os.fork()
            if pid == 0:
                others = [key.data[1] for key in waiting.get_map().values() if key.data]
                for inherited in (listener, channel, *others):
                    inherited.close()
                return json.loads(asked) | {"streams": streams}
            for stream in streams:
                os.close(stream)
            _tell(channel, pid)
            waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, channel))


def _tell(channel: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # who asked may have been killed since
        channel.send(str(number).encode())


def warm_up() -> None:
    """Load what programs, passes and helpers load, and leave no thread behind."""
    from databases import remember_migrations, share_statements
    from receivers import eventually

    import watcher
    from watcher.config import load
    from watcher.model import ArticleText
    from watcher.relevance import Scorer
    from watcher.stories import fingerprint
    from watcher.stories.novelty import facts_of
    from watcher.workers.jobs import JOBS, preload

    for module in pkgutil.walk_packages(watcher.__path__, "watcher."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    remember_migrations()
    share_statements()
    preload(1)
    now = datetime.now(UTC)
    text = "South Ossetia will hold a referendum on accession to Russia, Tskhinvali said. " * 5
    url = "http://a.example/1"
    article = ArticleText(title=text[:70], text=text, summary="", url=url, lang="en")
    page = f"<html><body><article><h1>{text[:70]}</h1><p>{text}</p></article></body></html>"
    item = f"<item><title>{text[:70]}</title><link>{url}</link></item>"
    JOBS["extract_page"](body=page.encode(), url=url, content_type="text/html", now=now)
    JOBS["parse_feed"](
        body=f"<rss version='2.0'><channel>{item}</channel></rss>".encode(),
        url=url, content_type="application/rss+xml", window={}, now=now,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        settings = load(_passes(Path(folder)), environ={})
    Scorer.of(settings.topics).score(article)
    fingerprint(article)
    facts_of(article)
    fork_helpers()
    # Servers' threads end a moment after their server, and a fork would lack them.
    eventually(lambda: len([*Path("/proc/self/task").iterdir()]) == 1)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)  # lives are short
    _in_large_pages()


def _in_large_pages() -> None:
    """Have the kernel keep what is loaded in pages of 2 MB, where it knows how to (Linux 6.1).

    A fork copies an entry for each page of its parent, and its end takes them apart again; 50,000
    of them cost more than what most forks do.
    """
    large, collapse = 1 << 21, 25  # MADV_COLLAPSE
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text("utf-8").splitlines():
        places, rights, _offset, _device, inode, *_name = line.split()
        first, end = (int(place, 16) for place in places.split("-"))
        first, end = -(-first // large) * large, end // large * large
        if rights == "rw-p" and inode == "0" and first < end:
            advise(first, end - first, collapse)


def _passes(folder: Path) -> Path:
    """Everything once that a pass does: news is found and told. Returns the configuration."""
    from newsweb import NewsWeb, write_config
    from receivers import MailServer, WebhookServer
    from webserver import LoopbackWeb

    from watcher.app import make_app
    from watcher.config import load
    from watcher.notify import channel_of, render, sample_message
    from watcher.notify.addresses import plugin_of

    async def one_pass() -> None:
        async with make_app(load(config, environ={})) as app:
            await app.pipeline.run_once()

    with LoopbackWeb() as web, WebhookServer() as hook, MailServer() as mail:
        receivers = [("hook", hook.url), ("mail", mail.url)]
        for name, url in receivers:
            plugin_of(url)
            render(sample_message(name, now=datetime.now(UTC)), channel_of(url))
        news = NewsWeb(web)
        news.publish()
        config = write_config(folder, news.feeds, receivers)
        for _ in range(2):
            asyncio.run(one_pass())
    return config


def become(asked: Mapping[str, Any]) -> NoReturn:
    """What an interpreter sets up before a program's first line; then the program, to its end."""
    if asked["leads_session"]:
        os.setsid()
    for number, stream in enumerate(asked["streams"]):
        os.dup2(stream, number)
    os.closerange(3, 1_024)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = asked["arguments"]
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    module, _, name = asked["main"].partition(":")
    code: Any = 0
    try:
        getattr(importlib.import_module(module), name)()
    except SystemExit as ending:
        code = ending.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    # As an interpreter ends, but for taking 200 MB of modules apart, which is most of a short life.
    gc.collect()  # closes what the program left open; it leaves alone what the forge has frozen
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.modules["forks"] = sys.modules["__main__"]  # what is forked may import it by its name
    become(serve(sys.argv[1]))
