"""Work that breaks, outlives its lease, is stopped half-way, or meets a clock that jumped."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from test_storage import LEASE, NOW, add_article, add_feed, add_hit, entry, polled, spec

from watcher.errors import RefusedError, StorageError, WatcherError
from watcher.model import (
    ArticleText,
    DeliveryState,
    EntryState,
    Failure,
    FailureReason,
    FeedState,
    TopicId,
    TopicSpec,
)
from watcher.pipeline import flow
from watcher.pipeline.flow import Flow, Stage, together, write_each
from watcher.storage import ReadOutcome, Store
from watcher.workers import WorkerLimits, WorkerPool

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)


# ------------------------------------------------------------------------------ one by one


@pytest.mark.parametrize("fault", [ValueError("odd"), RefusedError("a row"), RecursionError()])
def test_a_row_that_can_never_be_written_costs_only_itself(fault: Exception) -> None:
    written: list[int] = []
    given_up: list[int] = []

    async def write(rows: Sequence[int]) -> None:
        if 3 in rows:
            raise fault
        written.extend(rows)

    async def give_up(row: int) -> None:
        given_up.append(row)

    asyncio.run(write_each([1, 2, 3, 4, 5], write, give_up))
    assert (written, given_up) == ([1, 2, 4, 5], [3])


def test_trouble_with_the_database_is_no_rows_fault() -> None:
    async def write(rows: Sequence[int]) -> None:
        raise StorageError("the disk is full")

    async def give_up(row: int) -> None:
        raise AssertionError(row)

    with pytest.raises(StorageError, match="full"):
        asyncio.run(write_each([1, 2], write, give_up))


def test_what_breaks_scoring_is_tried_once_more_and_then_kept(store: Store) -> None:
    article = add_article(store)
    failure = Failure(reason=FailureReason.PARSE_LIMIT, detail="too much")
    with store.decisions.deciding() as tx:
        tx.unscorable(article, failure, again_at=LATER)
    assert store.articles.claim(now=SOON, limit=9, lease=LEASE) == []
    [again] = store.articles.claim(now=LATER, limit=9, lease=LEASE)
    assert (again.id, again.reason) == (article, FailureReason.PARSE_LIMIT)
    with store.decisions.deciding() as tx:
        tx.unscorable(article, failure)
    assert store.articles.claim(now=LATER + LEASE, limit=9, lease=LEASE) == []


def test_topics_that_cannot_be_compiled_are_no_articles_fault() -> None:
    """Were it the article's, every article that comes meanwhile would be given up."""

    async def scene() -> None:
        limits = WorkerLimits(configure_cpu=0.001, grace=0.001)
        async with WorkerPool(1, limits) as pool:
            await pool.configure([TopicSpec(id=TopicId("t"), name="T", terms={"a": ("b",)})])
            article = ArticleText(title="a", text="b", summary="", url="https://a.example/")
            with pytest.raises(WatcherError, match="topics"):
                await pool.analyse([article])
            assert await pool.plausible(article)

    asyncio.run(scene())


# ----------------------------------------------------------------------------- leased work


class Bench:
    """A stage over a list of numbers, with leases that never hold."""

    def __init__(self, due: Sequence[int]) -> None:
        self.due = list(due)
        self.begun: list[int] = []
        self.released: list[int] = []
        self.go_on = asyncio.Event()
        self.claiming = asyncio.Event()
        self.claims = 0
        self.claimed_again = asyncio.Event()

    def stage(self) -> Stage[int, int]:
        return Stage(
            intake=8,
            identify=lambda unit: unit,
            claim=self.claim,
            work=self.work,
            record=self.record,
            release=self.release,
        )

    async def claim(self, _room: int, _full: Collection[str]) -> Sequence[int]:
        self.claiming.set()
        self.claims += 1
        if self.claims > 3:
            self.claimed_again.set()
        await asyncio.sleep(0)
        return tuple(self.due)

    async def work(self, unit: int) -> int:
        self.begun.append(unit)
        await self.go_on.wait()
        return unit

    async def record(self, batch: list[tuple[int, int]]) -> None:
        for unit, _outcome in batch:
            self.due.remove(unit)

    async def release(self, units: list[int]) -> None:
        self.released.extend(units)


def test_work_that_outlives_its_lease_is_not_begun_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "LOOK_AGAIN", 0.01)

    async def scene() -> None:
        bench = Bench([1, 2])
        run = asyncio.create_task(Flow(bench.stage(), asyncio.Event()).run())
        await bench.claimed_again.wait()  # it found both due again
        bench.go_on.set()
        assert await run == 2
        assert bench.begun == [1, 2]
        assert bench.released == []

    asyncio.run(scene())


@pytest.mark.parametrize("when", ["claiming", "working"])
def test_a_stop_gives_back_what_was_claimed_even_while_claiming(when: str) -> None:
    async def scene() -> None:
        bench = Bench([1, 2])
        run = asyncio.create_task(Flow(bench.stage(), asyncio.Event()).run())
        await bench.claiming.wait()
        if when == "working":
            await asyncio.sleep(0.05)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert sorted(bench.released) == [1, 2]

    asyncio.run(scene())


def test_of_stages_that_run_together_the_first_failure_gives_back_the_work_of_all() -> None:
    async def scene() -> None:
        bench = Bench([1, 2])

        async def fail() -> None:
            await bench.claiming.wait()
            await asyncio.sleep(0.05)
            raise StorageError("the disk is full")

        with pytest.raises(StorageError, match="full"):
            await together(Flow(bench.stage(), asyncio.Event()).run(), fail())
        assert sorted(bench.released) == [1, 2]

    asyncio.run(scene())


def test_what_is_done_early_waits_for_company_but_not_once_all_is_done() -> None:
    async def scene() -> None:
        bench = Bench([1, 2, 3])
        batches: list[int] = []

        async def record(batch: list[tuple[int, int]]) -> None:
            batches.append(len(batch))
            await bench.record(batch)

        async def work(unit: int) -> int:
            await asyncio.sleep(unit / 50)
            return unit

        # Were the whole time waited for, the test would run into its limit.
        stage = replace(bench.stage(), record=record, work=work, gather=1_000.0)
        assert await Flow(stage, asyncio.Event()).run() == 3
        assert batches == [3]

    asyncio.run(scene())


@pytest.mark.parametrize("backlog", [40, 4_000])
def test_a_host_with_a_backlog_has_its_share_of_the_places_and_the_others_theirs(
    backlog: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of one slow host is due, what others have is begun at once."""
    monkeypatch.setattr(flow, "LOOK_AGAIN", 1_000)  # so that a pause would be for good

    async def scene() -> None:
        slow, quick = [f"slow {n}" for n in range(backlog)], [f"quick {n}" for n in range(3)]
        due, leased, begun = [*slow, *quick], set[str](), list[str]()
        stopping = asyncio.Event()

        def host(unit: str) -> str:
            return unit.split(maxsplit=1)[0]

        async def claim(room: int, full: Collection[str]) -> Sequence[str]:
            open_to = [unit for unit in due if unit not in leased and host(unit) not in full]
            shares = Counter[str]()
            found = []
            for unit in open_to[:16]:  # a claim can't see past a backlog either
                if shares[host(unit)] < 4 and len(found) < room:
                    shares[host(unit)] += 1
                    found.append(unit)
            leased.update(found)
            return found

        async def work(unit: str) -> str:
            begun.append(unit)
            await asyncio.sleep(0 if host(unit) == "quick" else 1_000)
            return unit

        async def record(batch: list[tuple[str, str]]) -> None:
            for unit, _outcome in batch:
                due.remove(unit)
            if not any(unit in due for unit in quick):
                stopping.set()

        async def release(units: list[str]) -> None:
            leased.difference_update(units)

        stage: Stage[str, str] = Stage(
            intake=64,
            identify=lambda unit: unit,
            claim=claim,
            work=work,
            record=record,
            release=release,
            host=host,
        )
        run = asyncio.create_task(Flow(stage, stopping).run())
        await asyncio.wait_for(stopping.wait(), 60)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        assert set(quick) <= set(begun)
        assert Counter(map(host, begun))["slow"] < 16
        assert not leased - set(quick)

    asyncio.run(scene())


def test_a_single_host_is_worked_off_to_its_end_without_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its places are refilled as they come free, and nothing due is left when the run ends."""
    monkeypatch.setattr(flow, "LOOK_AGAIN", 1_000)

    async def scene() -> None:
        due, leased = list(range(200)), set[int]()

        async def claim(_room: int, full: Collection[str]) -> Sequence[int]:
            found = [] if "one" in full else [n for n in due if n not in leased][:16]
            leased.update(found)
            return found

        async def work(unit: int) -> int:
            return unit

        async def record(batch: list[tuple[int, int]]) -> None:
            for unit, _outcome in batch:
                due.remove(unit)

        async def release(_units: list[int]) -> None:
            raise AssertionError("nothing is left in hand")

        stage: Stage[int, int] = Stage(
            intake=64,
            identify=lambda unit: unit,
            claim=claim,
            work=work,
            record=record,
            release=release,
            host=lambda _unit: "one",
            gather=0.25,
        )
        assert await asyncio.wait_for(Flow(stage, asyncio.Event()).run(), 60) == 200
        assert not due

    asyncio.run(scene())


def test_what_a_dead_watcher_had_in_hand_is_due_at_once_but_not_its_messages(store: Store) -> None:
    article = add_article(store)  # claimed, as if being scored
    add_hit(store, article, "desk")
    [feed] = add_feed(store, "a")
    store.feeds.record([polled(feed, entry("k2"))])
    assert store.entries.claim(now=NOW, limit=9, lease=LEASE)
    assert store.feeds.claim(now=NOW, limit=9, lease=LEASE, only=[feed])
    assert store.outbox.claim("desk", now=NOW, lease=LEASE)
    store.timetable.free_leases()
    assert store.entries.claim(now=NOW, limit=9, lease=LEASE)
    assert store.feeds.claim(now=NOW, limit=9, lease=LEASE, only=[feed])
    assert store.outbox.claim("desk", now=NOW, lease=LEASE) is None


def test_a_sender_that_was_suspended_undoes_nothing(store: Store) -> None:
    add_hit(store, add_article(store), "desk")
    slow = store.outbox.claim("desk", now=NOW, lease=LEASE)
    late = NOW + LEASE
    other = store.outbox.claim("desk", now=late, lease=LEASE)
    assert slow is not None
    assert other is not None
    assert other.repeat
    ids = [delivery.id for delivery in other.deliveries]
    store.outbox.record_sent(ids, now=late)
    store.outbox.record_retry(ids, at=late, error="timed out", ambiguous=True)
    store.outbox.record_dead(ids, error="timed out")
    store.outbox.give_back(ids)
    [alert] = store.outbox.alerts()
    assert [delivery.state for delivery in alert.deliveries] == [DeliveryState.SENT]
    assert store.outbox.claim("desk", now=late + LEASE, lease=LEASE) is None


def test_what_the_hourly_limit_holds_back_travels_in_one_message(store: Store) -> None:
    [feed] = add_feed(store, "a")
    for key in ("k1", "k2", "k3"):
        store.feeds.record([polled(feed, entry(key))])
        add_hit(store, read(store, key), "desk")
        batch = store.outbox.claim("desk", now=NOW, lease=LEASE)
        assert batch is not None
        ids = [delivery.id for delivery in batch.deliveries]
        store.outbox.postpone(ids, at=LATER, held="rate")
    batch = store.outbox.claim("desk", now=LATER, lease=LEASE)
    assert batch is not None
    assert len(batch.deliveries) == 3
    assert {delivery.attempts for delivery in batch.deliveries} == {1}
    assert not batch.repeat


def read(store: Store, key: str) -> int:
    """Store the article of an entry; its id."""
    from test_storage import article

    claimed = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    for found in claimed:
        data = article(f"https://a.example/{key}", found.feed.id)
        outcome = ReadOutcome(entry_id=found.id, state=EntryState.READ, article=data)
        store.entries.record([outcome], now=NOW)
    [stored] = store.articles.claim(now=NOW, limit=9, lease=LEASE)
    return stored.id


@pytest.mark.parametrize("outcome", ["new", "same", "failed"])
@pytest.mark.parametrize("state", [FeedState.PAUSED, FeedState.RETIRED])
def test_a_feed_that_was_stopped_during_its_poll_stays_so(
    store: Store, state: FeedState, outcome: str
) -> None:
    [feed] = add_feed(store, "a")
    store.feeds.claim(now=NOW, limit=9, lease=LEASE)
    store.feeds.set_state(feed, state, now=NOW)
    done = polled(feed, entry("k1"))
    if outcome != "new":
        from dataclasses import replace

        failure = Failure(reason=FailureReason.TIMEOUT) if outcome == "failed" else None
        done = replace(done, data=None, failure=failure)
    store.feeds.record([done])
    [found] = store.feeds.all(retired=True)
    assert found.state == state
    assert store.feeds.claim(now=NOW + timedelta(days=9), limit=9, lease=LEASE) == []


def test_services_that_start_together_on_one_database_both_start(store: Store) -> None:
    specs = [spec(f"feed{number}") for number in range(200)]
    faults: list[BaseException] = []
    together = threading.Barrier(2)

    def start() -> None:
        try:
            mine = Store(store.url)
            together.wait(20)
            mine.feeds.sync(specs, now=NOW)
            mine.close()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(store.feeds.all()) == 200


# ----------------------------------------------------------------------------------- clock


def test_due_work_moves_with_a_clock_that_is_set_back(store: Store) -> None:
    day = timedelta(days=1)
    [feed] = add_feed(store, "a")
    store.feeds.record([polled(feed, entry("k1"))])  # next poll in an hour
    add_hit(store, read(store, "k1"), "desk", due=SOON)
    with store.decisions.deciding() as tx:
        tx.unscorable(1, Failure(reason=FailureReason.PARSE_LIMIT), again_at=LATER)
    store.timetable.move_back(day, now=NOW - day)
    assert store.timetable.ahead(now=NOW - day) == timedelta(0)
    assert store.feeds.claim(now=NOW - day, limit=9, lease=LEASE) == []
    assert store.outbox.claim("desk", now=NOW - day, lease=LEASE) is None
    assert len(store.feeds.claim(now=LATER - day, limit=9, lease=LEASE)) == 1
    assert len(store.articles.claim(now=LATER - day, limit=9, lease=LEASE)) == 1
    batch = store.outbox.claim("desk", now=SOON - day, lease=LEASE)
    assert batch is not None
    assert len(batch.deliveries) == 1


def test_a_message_for_a_time_of_day_stays_at_that_time(store: Store) -> None:
    add_hit(store, add_article(store), "desk")
    batch = store.outbox.claim("desk", now=NOW, lease=LEASE)
    assert batch is not None
    ids = [delivery.id for delivery in batch.deliveries]
    store.outbox.postpone(ids, at=LATER, held="quiet")
    hours = timedelta(hours=2)
    store.timetable.move_back(hours, now=NOW - hours)
    assert store.outbox.claim("desk", now=LATER - hours, lease=LEASE) is None
    assert store.outbox.claim("desk", now=LATER, lease=LEASE) is not None


def test_a_clock_that_was_ahead_is_noticed_at_the_next_start(store: Store) -> None:
    [feed] = add_feed(store, "a")
    store.feeds.record([polled(feed)])
    assert store.timetable.ahead(now=NOW - timedelta(seconds=20)) == timedelta(0)
    year = timedelta(days=365)
    ahead = store.timetable.ahead(now=NOW - year)
    assert ahead == year
    store.timetable.move_back(ahead, now=NOW - year)
    assert store.timetable.ahead(now=NOW - year) == timedelta(0)
    [due] = store.feeds.claim(now=LATER - year, limit=9, lease=LEASE)
    assert due.id == feed
