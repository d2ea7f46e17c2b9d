"""The worker pool: what a job may cost, and that it costs nobody else anything."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import descendants, is_alive, parent_of

from watcher.model import (
    Analysis,
    ArticleText,
    Contribution,
    EntryData,
    Failure,
    FailureReason,
    FeedData,
    FeedKind,
    PageData,
    Score,
    SeedData,
    Span,
    TopicId,
    TopicSpec,
)
from watcher.workers import WorkerLimits, WorkerPool
from watcher.workers.wire import MAX_REPLY, WireError, from_json, to_json

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://example.org/feed"


def rss(*numbers: int) -> bytes:
    items = "".join(
        f"<item><title>Story {n}</title><link>https://example.org/{n}</link></item>"
        for n in numbers
    )
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


PAGE = (
    "<html><head><title>A headline of some length</title></head><body><article><h1>A headline of"
    " some length</h1>"
    + "<p>The president of the republic said on Monday that the talks would go on. </p>" * 12
    + "</article></body></html>"
).encode()

TOPIC = TopicSpec(
    id=TopicId("ossetia"),
    name="South Ossetia",
    seeds=(SeedData(name="seed", text="South Ossetia will hold a referendum on joining Russia."),),
    terms={"place": ("South Ossetia",), "event": ("referendum*",)},
)
ON_TOPIC = ArticleText(
    title="South Ossetia calls a referendum on joining Russia",
    text="South Ossetia will hold a referendum on joining Russia, its president said. "
    "The referendum in South Ossetia is to be held in July.",
)
OFF_TOPIC = ArticleText(title="Football", text="The match ended in a draw after extra time.")


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def parse(pool: WorkerPool, body: bytes, **more: Any) -> Awaitable[FeedData | Failure]:
    arguments = {"url": URL, "content_type": "", "window": {}, "now": NOW, **more}
    return pool.parse_feed(body, **arguments)


def nurseries() -> list[psutil.Process]:
    return [p for p in descendants() if parent_of(p) == os.getpid()]


def workers() -> list[psutil.Process]:
    return [p for p in descendants() if parent_of(p) not in (None, os.getpid())]


# ---------------------------------------------------------------------------------- the jobs


def test_every_kind_of_job() -> None:
    async def test() -> None:
        async with WorkerPool(2) as pool:
            await pool.configure([TOPIC])
            feed = await parse(pool, rss(1, 2))
            assert isinstance(feed, FeedData)
            assert [entry.title for entry in feed.entries] == ["Story 1", "Story 2"]
            again = await parse(pool, rss(3, 1, 2), window=feed.window)
            assert isinstance(again, FeedData)
            assert ([e.title for e in again.entries], again.known) == (["Story 3"], 2)
            page = await pool.extract_page(PAGE, url=URL, content_type="text/html", now=NOW)
            assert isinstance(page, PageData)
            assert (page.title, page.lang) == ("A headline of some length", "en")
            found = await pool.discover_feeds(b"<a href='/rss.xml'>RSS</a>", url=URL)
            assert not isinstance(found, Failure)
            assert found[0].url == "https://example.org/rss.xml"
            on, off = await pool.analyse([ON_TOPIC, OFF_TOPIC], [(), (TOPIC.id,)])
            assert on.scores[0].value > off.scores[0].value
            assert (on.scores[0].topic, on.lang) == (TOPIC.id, "en")
            assert on.fingerprint is not None
            assert off.fingerprint is None
            assert await pool.plausible(replace(ON_TOPIC, text=""))
            assert not await pool.plausible(OFF_TOPIC, [TOPIC.id])

    run(test)


def test_what_pages_need_can_be_loaded_ahead_without_a_worker() -> None:
    async def test() -> None:
        async with WorkerPool(2) as pool:
            assert isinstance(await parse(pool, rss(1)), FeedData)
            (nursery,) = nurseries()
            pool.expect_pages()
            pool.expect_pages()
            await gone(lambda: any("numpy" in m.path for m in nursery.memory_maps()))
            assert len(workers()) == 1
            assert isinstance(await parse(pool, rss(2)), FeedData)  # by the worker there is
            page = await pool.extract_page(PAGE, url=URL, content_type="text/html", now=NOW)
            assert isinstance(page, PageData)

            nursery.kill()
            nursery.wait()
            await pool.close()
            pool.expect_pages()  # starts another one
            assert isinstance(await parse(pool, rss(3)), FeedData)

    run(test)


def test_a_failure_of_the_job_is_its_answer() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            feed = await parse(pool, b"<html><p>no feed</p></html>")
            assert isinstance(feed, Failure)
            assert feed.reason is FailureReason.NOT_A_FEED
            broken = await parse(pool, rss(1), window={"key": 5})
            assert isinstance(broken, Failure)
            assert broken.reason is FailureReason.PARSE_ERROR
            assert pool.killed == 0

    run(test)


def test_topics_can_be_replaced_while_running() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            (nothing,) = await pool.analyse([ON_TOPIC])
            assert nothing.scores == ()
            await pool.configure([TOPIC])
            (one,) = await pool.analyse([ON_TOPIC])
            assert [score.topic for score in one.scores] == [TOPIC.id]
            await pool.configure([replace(TOPIC, id=TopicId("other"), threshold=1.0)])
            (other,) = await pool.analyse([ON_TOPIC])
            assert [score.topic for score in other.scores] == ["other"]
            assert other.scores[0].threshold == 1.0

    run(test)


def test_an_article_that_cannot_be_scored_does_not_take_its_batch_along() -> None:
    broken = replace(OFF_TOPIC, text=None)  # type: ignore[arg-type]

    async def test() -> None:
        async with WorkerPool(1) as pool:
            await pool.configure([TOPIC])
            first, second, third = await pool.analyse([ON_TOPIC, broken, OFF_TOPIC])
            assert first.failure is None
            assert third.failure is None
            assert second.failure is not None
            assert second.failure.reason is FailureReason.PARSE_ERROR

    run(test)


# -------------------------------------------------------------------------------- the limits

SLOW = b"<rss><channel>" + b"<" * 6_000_000
"""Six million opened tags take feedparser a quarter of a minute."""


async def begun(worker: psutil.Process, job: Awaitable[Any]) -> asyncio.Future[Any]:
    """A job that the worker is known to be at: an idle one uses no CPU."""
    before = sum(worker.cpu_times()[:2])
    running = asyncio.ensure_future(job)
    await gone(lambda: sum(worker.cpu_times()[:2]) > before + 0.05)
    return running


def test_a_job_over_its_time_is_killed_and_nothing_else_suffers() -> None:
    limits = WorkerLimits(feed_cpu=1.0, grace=2.0)

    async def test() -> None:
        async with WorkerPool(3, limits) as pool:
            await asyncio.gather(*(parse(pool, rss(n)) for n in range(3)))
            hostile = [asyncio.ensure_future(parse(pool, SLOW)) for _ in range(2)]
            sound = [await parse(pool, rss(n)) for n in range(20)]
            assert all(isinstance(data, FeedData) for data in sound)
            assert not any(job.done() for job in hostile)
            for job in hostile:
                data = await job
                assert isinstance(data, Failure)
                assert data.reason is FailureReason.PARSE_LIMIT
                assert data.url == URL
            assert pool.killed == 2

    run(test)


def test_a_job_over_its_memory_fails_alone() -> None:
    limits = WorkerLimits(memory=24 * 1024 * 1024)
    big = rss(*range(30_000))

    async def test() -> None:
        async with WorkerPool(1, limits) as pool:
            data = await parse(pool, big * 8)
            assert isinstance(data, Failure)
            assert data.reason is FailureReason.PARSE_LIMIT
            assert isinstance(await parse(pool, rss(1)), FeedData)

    run(test)


def test_a_worker_that_dies_is_replaced_and_only_its_job_fails() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            assert isinstance(await parse(pool, rss(1)), FeedData)
            (worker,) = workers()
            job = await begun(worker, parse(pool, SLOW))
            worker.kill()
            data = await job
            assert isinstance(data, Failure)
            assert data.reason is FailureReason.PARSE_LIMIT
            assert isinstance(await parse(pool, rss(1)), FeedData)
            assert pool.killed == 1

    run(test)


def test_whoever_dies_while_idle_is_replaced_and_no_job_is_blamed() -> None:
    async def test() -> None:
        async with WorkerPool(2) as pool:
            await asyncio.gather(parse(pool, rss(1)), parse(pool, rss(2)))
            workers()[0].kill()
            await gone(lambda: len(workers()) == 1)
            both = await asyncio.gather(parse(pool, rss(1)), parse(pool, rss(2)))
            assert all(isinstance(data, FeedData) for data in both)
            (nursery,) = nurseries()
            nursery.kill()
            await gone(lambda: not workers())
            both = await asyncio.gather(parse(pool, rss(1)), parse(pool, rss(2)))
            assert all(isinstance(data, FeedData) for data in both)
            assert pool.killed == 0

    run(test)


def test_where_the_nursery_dies_too_the_job_is_done_again() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            assert isinstance(await parse(pool, rss(1)), FeedData)
            job = asyncio.ensure_future(parse(pool, rss(*range(20_000))))
            await asyncio.sleep(0.05)
            (nursery,) = nurseries()
            nursery.kill()
            nursery.wait()
            assert isinstance(await job, FeedData)

    run(test)


def test_workers_are_replaced_after_so_many_jobs() -> None:
    async def test() -> None:
        async with WorkerPool(1, WorkerLimits(jobs=3)) as pool:
            seen = set()
            for number in range(7):
                assert isinstance(await parse(pool, rss(number)), FeedData)
                seen |= {worker.pid for worker in workers()}
            assert len(seen) >= 2
            assert pool.killed == 0

    run(test)


def test_an_answer_that_is_too_large_is_a_failure() -> None:
    million = MAX_REPLY // 2
    article = replace(ON_TOPIC, lang="en" * million)

    async def test() -> None:
        async with WorkerPool(1) as pool:
            (analysis,) = await pool.analyse([article])
            assert analysis.failure is not None
            assert analysis.failure.reason is FailureReason.PARSE_LIMIT

    run(test)


# ------------------------------------------------------------------------------ life and death


def test_a_worker_is_limited_and_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHER_MAIL_URL", "mailto://user:canary@example.org")

    async def test() -> None:
        async with WorkerPool(1) as pool:
            await parse(pool, rss(1))
            for process in descendants():
                assert "canary" not in str(process.environ())
            (worker,) = workers()
            assert worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
            assert worker.rlimit(psutil.RLIMIT_NOFILE) == (16, 16)
            assert worker.rlimit(psutil.RLIMIT_CORE) == (0, 0)
            assert worker.rlimit(psutil.RLIMIT_AS)[1] < 2 * 1024**3
            assert 0 < worker.rlimit(psutil.RLIMIT_CPU)[0] <= 40
            opened = {os.readlink(f"/proc/{worker.pid}/fd/{n}") for n in range(3)}  # noqa: PTH115
            assert opened == {os.devnull}
            assert worker.num_fds() <= 5

    run(test)


def test_an_interrupt_from_the_terminal_does_not_reach_the_workers() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            await parse(pool, rss(1))
            before = {process.pid for process in descendants()}
            for process in descendants():
                process.send_signal(signal.SIGINT)
            assert isinstance(await parse(pool, rss(2)), FeedData)
            assert {process.pid for process in descendants()} == before

    run(test)


def test_rest_stops_idle_children_and_the_pool_starts_again() -> None:
    async def test() -> None:
        pool = WorkerPool(2, idle_after=0.0)
        await parse(pool, rss(1))
        job = asyncio.ensure_future(parse(pool, rss(*range(5_000))))
        await asyncio.sleep(0)
        await pool.rest()
        assert isinstance(await job, FeedData)  # not while one works
        await pool.rest()
        await gone(lambda: not descendants())
        assert isinstance(await parse(pool, rss(1)), FeedData)
        await pool.close()
        await gone(lambda: not descendants())

    run(test)


async def gone(condition: Callable[[], bool]) -> None:
    for _ in range(3_000):  # a minute: what loads takes a slow machine ten seconds
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(descendants())


def test_closing_answers_who_waits() -> None:
    async def test() -> None:
        pool = WorkerPool(1)
        await parse(pool, rss(1))
        job = await begun(workers()[0], parse(pool, SLOW))
        await pool.close()
        assert isinstance(await job, Failure)
        await gone(lambda: not descendants())

    run(test)


def test_a_cancelled_job_gives_its_place_to_others() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            await parse(pool, rss(1))
            jobs = [asyncio.ensure_future(parse(pool, rss(*range(5_000)))) for _ in range(3)]
            await asyncio.sleep(0.01)
            jobs[0].cancel()
            jobs[1].cancel()
            assert isinstance(await jobs[2], FeedData)

    run(test)


def test_children_die_with_their_parent(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        "import asyncio, os, sys\n"
        "from datetime import UTC, datetime\n"
        "from watcher.workers import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(1)\n"
        "    arguments = dict(url='', content_type='', window={}, now=datetime.now(UTC))\n"
        "    await pool.parse_feed(b'<rss/>', **arguments)\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n",
        "utf-8",
    )

    async def test() -> None:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, str(program), stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        assert await parent.stdout.readline() == b"ready\n"
        family = descendants(parent.pid)
        assert len(family) == 2
        parent.kill()
        await parent.wait()
        await gone(lambda: not any(map(is_alive, family)))

    run(test)


# --------------------------------------------------------------------------------- the wire

texts = st.text(st.characters(exclude_categories=["Cs"]))
times = st.datetimes(timezones=st.just(UTC))
maybe = st.none()
entries = st.builds(
    EntryData,
    key=texts,
    url=maybe | texts,
    title=texts,
    lang=maybe | texts,
    published_at=maybe | times,
    updated_at=maybe | times,
)
feeds = st.builds(
    FeedData,
    title=texts,
    entries=st.lists(entries, max_size=3).map(tuple),
    window=st.dictionaries(texts, texts),
    ttl=maybe | st.timedeltas(timedelta(0), timedelta(days=7)),
    skip_hours=st.lists(st.integers(0, 23)).map(tuple),
    notes=st.lists(texts).map(tuple),
)
pages = st.builds(
    PageData,
    title=texts,
    published_at=maybe | times,
    partial=st.booleans(),
    reason=maybe | st.sampled_from(FailureReason),
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
spans = st.builds(Span, field=texts, start=st.integers(), end=st.integers())
contributions = st.builds(
    Contribution, name=texts, points=numbers, spans=st.lists(spans, max_size=2).map(tuple)
)
scores = st.builds(
    Score,
    topic=texts,
    value=numbers,
    threshold=numbers,
    contributions=st.lists(contributions, max_size=2).map(tuple),
)
analyses = st.builds(
    Analysis,
    scores=st.lists(scores, max_size=2).map(tuple),
    fingerprint=maybe | texts,
    lang=maybe | texts,
    failure=maybe | st.builds(Failure, reason=st.sampled_from(FailureReason), detail=texts),
)


@given(st.one_of(feeds, pages, analyses))
def test_what_goes_over_the_wire_arrives_as_it_was(value: Any) -> None:
    assert from_json(type(value), to_json(value)) == value


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b'{"title": 5}',
        b'{"entries": "x"}',
        b'{"entries": [5]}',
        b'{"entries": [{"key": "a"}]}',
        b'{"known": true}',
        b'{"unknown": 1}',
        b'{"ttl": "soon"}',
        b'{"window": {"a": 1}}',
        pickle.dumps({}),
        b"\xff",
    ],
)
def test_nonsense_from_a_worker_is_refused(nonsense: bytes) -> None:
    with pytest.raises(WireError):
        from_json(FeedData, nonsense)


def test_arguments_of_every_feed_kind_reach_the_worker() -> None:
    async def test() -> None:
        async with WorkerPool(1) as pool:
            page = b"<html><body><h2><a href='/one'>First story here</a></h2></body></html>"
            data = await parse(pool, page, kind=FeedKind.LISTING, selector="h2 a")
            assert isinstance(data, FeedData)
            assert data.entries[0].url == "https://example.org/one"

    run(test)
