"""The pool as the service sees it: awaitable jobs that can hurt nobody but themselves."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from watcher.errors import WatcherError
from watcher.model import (
    Analysis,
    ArticleText,
    Failure,
    FailureReason,
    FeedData,
    FeedKind,
    FoundFeed,
    PageData,
    TopicId,
    TopicSpec,
)
from watcher.workers.nursery import LostWorkerError, Nursery, Worker, WorkerLimits
from watcher.workers.wire import FAILURE, RETIRING, WireError, from_json

if TYPE_CHECKING:
    from watcher.relevance.usage import Held

T = TypeVar("T")

_FEEDS, _PAGES = 0, 1
"""How much a worker has loaded: what parses feeds, or everything."""


class WorkerPool:
    """Parses, extracts and scores in child processes with limits of time and memory.

    Children start with the first job that needs them and stop with ``rest`` or ``close``. A job
    that exceeds its limits, or kills its worker, is Failure(PARSE_LIMIT) and nothing else: its
    worker is replaced. All methods belong to one event loop, which is never blocked.
    """

    def __init__(
        self,
        size: int | None = None,
        limits: WorkerLimits | None = None,
        *,
        idle_after: float = 120.0,
    ) -> None:
        # One more than cores, or a core idles while the service takes in an answer.
        self.size = size or min((os.cpu_count() or 1) + 1, 8)
        self.limits = limits or WorkerLimits()
        self.killed = 0
        """Workers that were killed at a job, or died of one."""
        self._idle_after = idle_after
        self._last_used = 0.0
        self._nursery: Nursery | None = None
        self._level = _FEEDS
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._starting = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._topics = pickle.dumps(((), {}, None))
        self._room = 0
        self._topics_version = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    # ------------------------------------------------------------------------------- jobs

    async def configure(
        self,
        specs: Sequence[TopicSpec],
        learned: Mapping[TopicId, Mapping[str, Any]] | None = None,
        model: Path | None = None,
    ) -> None:
        """The topics that ``analyse`` and ``plausible`` use from now on, and the embedding model.

        Raises WatcherError where the model's folder can't be used.
        """
        self._room = _room_for(model)
        for worker in [worker for worker in self._idle if worker.room != self._room]:
            self._idle.remove(worker)  # its limits are those of another model
            worker.close()
        self._topics = pickle.dumps((tuple(specs), dict(learned or {}), model))
        self._topics_version += 1

    async def parse_feed(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str,
        window: Mapping[str, str],
        now: datetime,
        kind: FeedKind = FeedKind.FEED,
        selector: str | None = None,
    ) -> FeedData | Failure:
        """``parse.parse_feed`` in a worker."""
        arguments = {
            "body": body,
            "url": url,
            "content_type": content_type,
            "window": dict(window),
            "now": now,
            "kind": kind,
            "selector": selector,
        }
        return await self._run("parse_feed", arguments, FeedData, self.limits.feed_cpu)

    async def extract_page(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str,
        now: datetime,
        entry_title: str = "",
        entry_published: datetime | None = None,
    ) -> PageData | Failure:
        """``extract.extract_page`` in a worker."""
        arguments = {
            "body": body,
            "url": url,
            "content_type": content_type,
            "now": now,
            "entry_title": entry_title,
            "entry_published": entry_published,
        }
        return await self._run(
            "extract_page", arguments, PageData, self.limits.page_cpu, level=_PAGES
        )

    async def discover_feeds(
        self, body: bytes, *, url: str, content_type: str = ""
    ) -> list[FoundFeed] | Failure:
        """``extract.discover_feeds`` in a worker."""
        arguments = {"body": body, "url": url, "content_type": content_type}
        return await self._run(
            "discover_feeds", arguments, list[FoundFeed], self.limits.page_cpu, level=_PAGES
        )

    async def analyse(
        self,
        articles: Sequence[ArticleText],
        topics: Sequence[Sequence[TopicId]] | None = None,
    ) -> list[Analysis]:
        """Scores, fingerprint and language of each article, in order.

        ``topics`` names for each article the topics to score it for; an empty one means all. An
        article that can't be scored has an Analysis with ``failure``: when a batch is lost, its
        articles are tried one by one, so that only the culprit fails.
        """
        wanted = [tuple(t) for t in topics] if topics is not None else [()] * len(articles)
        arguments = {"articles": list(articles), "topics": wanted}
        found = await self._run_topical("analyse", arguments, list[Analysis])
        if not isinstance(found, Failure):
            return found
        if len(articles) == 1:
            return [Analysis(lang=articles[0].lang, failure=found)]
        return [
            analysis
            for article, topic in zip(articles, wanted, strict=True)
            for analysis in await self.analyse([article], [topic])
        ]

    def expect_pages(self) -> None:
        """Load what reading pages needs (half a second) while the caller waits for servers."""
        if self._level < _PAGES:
            self._level = _PAGES
            self._living_nursery().load(_PAGES)

    async def plausible(self, article: ArticleText, topics: Sequence[TopicId] = ()) -> bool:
        """Whether the page may be on topic by title and summary; True where that can't be told."""
        arguments = {"article": article, "topics": tuple(topics)}
        try:
            found = await self._run_topical("plausible", arguments, bool)
        except WatcherError:
            return True
        return found if isinstance(found, bool) else True

    async def held(self, articles: Sequence[ArticleText], topic: TopicSpec) -> list[Held] | Failure:
        """``relevance.usage.held_by`` in a worker."""
        from watcher.relevance.usage import Held

        arguments = {"articles": list(articles), "topic": topic}
        return await self._run("held", arguments, list[Held], self.limits.analyse_cpu, level=_PAGES)

    # ------------------------------------------------------------------------- life of workers

    async def rest(self) -> None:
        """Stop the children if nothing was asked of them for a while."""
        loop = asyncio.get_running_loop()
        in_use = self._busy or self._starting or self._waiting
        if self._nursery and not in_use and loop.time() - self._last_used >= self._idle_after:
            await self.close()

    async def close(self) -> None:
        """Kill every child. The pool starts again when it is asked for something."""
        for worker in self._idle:
            worker.close()
        self._idle.clear()
        for worker in self._busy:
            worker.kill()  # its job sees that, and closes it
        nursery, self._nursery = self._nursery, None
        self._level = _FEEDS
        if nursery is not None:
            await asyncio.to_thread(nursery.stop)

    async def _run_topical(
        self, job: str, arguments: Mapping[str, Any], kind: type[T]
    ) -> T | Failure:
        cpu = self.limits.analyse_cpu + (self.limits.embedding_cpu if self._room else 0.0)
        return await self._run(job, arguments, kind, cpu, level=_PAGES, topical=True)

    async def _run(
        self,
        job: str,
        arguments: Mapping[str, Any],
        kind: type[T],
        cpu: float,
        *,
        level: int = _FEEDS,
        topical: bool = False,
    ) -> T | Failure:
        """One job on one worker; whatever the job does to the worker, the answer is a value.

        Raises WatcherError where no worker can be had or the topics can't be brought to one.
        """
        request = pickle.dumps((cpu, job, arguments), protocol=pickle.HIGHEST_PROTOCOL)
        url = str(arguments.get("url", ""))
        result: T | Failure
        for last_try in (False, True):
            nursery, worker = await self._acquire(level)
            begun = False
            try:
                if topical and worker.topics_version != self._topics_version:
                    await self._bring_topics(worker)
                begun = True
                async with asyncio.timeout(cpu + self.limits.grace):
                    tag, answer = await worker.exchange(request)
                failed = tag & ~RETIRING == FAILURE
                result = from_json(Failure, answer) if failed else from_json(kind, answer)
            except (LostWorkerError, WireError, OSError, TimeoutError) as error:
                self._discard(worker)
                # Where the nursery died too, something else killed both: the job is not to blame.
                if nursery.dead() and not nursery.stopped and not last_try:
                    continue
                self.killed += 1
                lost = _lost(error, cpu, url)
                if not begun:  # no article is at fault, so none may be given up for it
                    raise WatcherError(f"the topics can't be compiled: {lost.detail}") from None
                return lost
            except BaseException:
                self._discard(worker)
                raise
            if tag & RETIRING or nursery.stopped or worker.room != self._room:
                self._discard(worker)
            else:
                self._release(worker)
            return result
        raise AssertionError("unreachable")

    async def _bring_topics(self, worker: Worker) -> None:
        version, cpu = self._topics_version, self.limits.configure_cpu
        request = pickle.dumps((cpu, "configure", {"packed": self._topics}))
        async with asyncio.timeout(cpu + self.limits.grace):
            tag, answer = await worker.exchange(request)
        if tag & ~RETIRING == FAILURE:
            failure = from_json(Failure, answer)
            raise WatcherError(f"the topics can't be compiled: {failure.detail}")
        worker.topics_version = version

    async def _acquire(self, level: int) -> tuple[Nursery, Worker]:
        """An idle worker that has loaded enough, a new one, or the next that becomes free."""
        loop = asyncio.get_running_loop()
        self._level = max(self._level, level)
        while True:
            self._bury_the_dead()
            worker = next((w for w in reversed(self._idle) if w.level >= level), None)
            if worker is not None and self._nursery is not None:
                self._idle.remove(worker)
                self._busy.add(worker)
                return self._nursery, worker
            if self._idle and self._alive() >= self.size:
                self._idle.pop(0).close()
            if self._alive() < self.size:
                return await self._start()
            turn = loop.create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake_next()
                raise

    def _bury_the_dead(self) -> None:
        """Let go of idle workers that something else killed: no job is to blame for that."""
        orphaned = self._nursery is not None and self._nursery.dead()  # they die with it, soon
        for worker in [worker for worker in self._idle if orphaned or worker.dead()]:
            self._idle.remove(worker)
            worker.close()

    def _alive(self) -> int:
        return len(self._idle) + len(self._busy) + self._starting

    async def _start(self) -> tuple[Nursery, Worker]:
        self._starting += 1
        try:
            nursery = self._living_nursery()
            worker = await nursery.fork(self._level, self._room)
        except BaseException:
            self._wake_next()
            raise
        finally:
            self._starting -= 1
        self._busy.add(worker)
        return nursery, worker

    def _living_nursery(self) -> Nursery:
        if self._nursery is None or self._nursery.dead():
            self._nursery = Nursery(self.limits)
        return self._nursery

    def _release(self, worker: Worker) -> None:
        self._last_used = asyncio.get_running_loop().time()
        self._busy.discard(worker)
        self._idle.append(worker)
        self._wake_next()

    def _discard(self, worker: Worker) -> None:
        self._last_used = asyncio.get_running_loop().time()
        self._busy.discard(worker)
        worker.close()
        self._wake_next()

    def _wake_next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


def _room_for(model: Path | None) -> int:
    if model is None:
        return 0
    from watcher.workers.embedding import room_for

    return room_for(model)


def _lost(error: Exception, cpu: float, url: str) -> Failure:
    if isinstance(error, TimeoutError):
        detail = f"took longer than {cpu:.0f} s and was stopped"
    elif isinstance(error, WireError):
        detail = "the worker answered nonsense"
    else:
        detail = "the worker died of it: too much time or memory, or a crash"
    return Failure(reason=FailureReason.PARSE_LIMIT, detail=detail, url=url)
