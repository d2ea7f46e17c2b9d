"""Start-up paid once: what a process loads is loaded here, and the process is forked from it.

Both the kill campaign and the tests of the command line start hundreds of processes; importing
everything anew costs each of them a second of CPU, in which nothing of ours is tested.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class ForkedProcess:
    """What a nursery needs of ``subprocess.Popen``, forked from this warm process."""

    def __init__(self, main: Callable[[], None], stdin: int) -> None:
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                os.setsid()
                os.dup2(stdin, 0)
                null = os.open(os.devnull, os.O_RDWR)
                for stream in (1, 2):
                    os.dup2(null, stream)
                os.closerange(3, 1_024)
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                    signal.signal(number, signal.SIG_DFL)
                main()
            os._exit(0)

    def poll(self) -> int | None:
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                found, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if found else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 30)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("nursery", timeout or 30)
            time.sleep(0.001)
        return self.returncode or 0

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def warm_up(config: Path | None) -> None:
    """Load what a pass and its helpers load, without starting a thread.

    With a configuration, also what depends on it: its topics' tables, its receivers' templates.
    """
    import gc

    import alembic.command  # noqa: F401

    import watcher.app  # noqa: F401
    from watcher.config import load
    from watcher.model import ArticleText
    from watcher.notify import channel_of, render, sample_message
    from watcher.notify.addresses import plugin_of
    from watcher.stories.novelty import facts_of
    from watcher.workers.jobs import JOBS, preload

    preload(1)
    remember_topics(JOBS)
    now = datetime.now(UTC)
    text = "South Ossetia will hold a referendum on accession to Russia, Tskhinvali said. " * 5
    article = ArticleText(title=text[:70], text=text, summary="", url="http://a.example/1")
    page = f"<html><body><article><h1>{text[:70]}</h1><p>{text}</p></article></body></html>"
    JOBS["extract_page"](
        body=page.encode(), url="http://a.example/1", content_type="text/html", now=now
    )
    facts_of(article)
    plugin_of("json://localhost")
    plugin_of("mailto://127.0.0.1:25?from=a@example.org&to=b@example.org")
    if config is not None:
        settings = load(config, environ=os.environ)
        JOBS["configure"](packed=pickle.dumps((settings.topics, {}, settings.semantic.model)))
        JOBS["analyse"](articles=[article], topics=[()])
        for spec in settings.receivers:
            render(sample_message(spec.name, now=now), channel_of(spec.url))
    gc.collect()
    gc.freeze()


def remember_topics(jobs: dict[str, Callable[..., Any]]) -> None:
    """Compile the same topics once for all forks."""
    compile_topics, known = jobs["configure"], [b""]

    def configure(packed: bytes) -> bool:
        if packed != known[0]:
            compile_topics(packed=packed)
            known[0] = packed
        return True

    jobs["configure"] = configure


def fork_helpers() -> None:
    """Let both nurseries be forks of this process."""
    import watcher.notify.child
    import watcher.notify.nursery
    import watcher.workers.child
    import watcher.workers.nursery

    class Module:
        """Stands in for the module ``subprocess``."""

        DEVNULL = subprocess.DEVNULL
        TimeoutExpired = subprocess.TimeoutExpired

        def __init__(self, main: Callable[[], None]) -> None:
            self._main = main

        def Popen(self, _command: object, *, stdin: int, **_options: Any) -> ForkedProcess:
            return ForkedProcess(self._main, stdin)

    for nursery, main in (
        (watcher.workers.nursery, watcher.workers.child.nursery),
        (watcher.notify.nursery, watcher.notify.child.main),
    ):
        replaced: Any = nursery
        assert replaced.subprocess is subprocess
        replaced.subprocess = Module(main)
