"""Upkeep of a busy topic: a real store, a clock of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from receivers import WebhookServer
from sqlalchemy import create_engine, select
from stored import NOW
from test_delivering import desk

from watcher.model import HitId
from watcher.pipeline.upkeep import arrivals_of
from watcher.storage import Store
from watcher.storage.tables import articles, hits


def test_what_comes_in_one_poll_is_one_arrival_and_a_steady_stream_is_many() -> None:
    assert arrivals_of([]) == []
    steady = [NOW + timedelta(minutes=10 * n) for n in range(13)]
    assert arrivals_of(steady) == steady[::2]
    burst = [NOW + timedelta(minutes=n) for n in (0, 1, 15, 60, 61)]
    assert arrivals_of(burst) == [burst[0], burst[3]]


USUAL = [NOW + timedelta(days=-20, hours=12 * n) for n in range(1, 54)]
BURST = [NOW + timedelta(hours=8, minutes=n) for n in range(20)]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], ["22 this day"]),
        # It goes on behind the first notice, into the next day and past the first burst's end.
        ([NOW + timedelta(hours=9 + n / 2) for n in range(40)], ["22 this day"]),
        # Another one, when it was quiet again.
        (
            [NOW + timedelta(days=4, minutes=n) for n in range(200)],
            ["22 this day", "93 this day"],
        ),
    ],
)
def test_a_spike_is_told_once_however_long_it_lasts(
    tmp_path: Path, more: list[datetime], told: list[str]
) -> None:
    async def go() -> None:
        with WebhookServer() as hook:
            extra = f'[[receivers]]\nname = "s"\nurl = "{hook.url}"\nreasons = ["spike"]\n'
            async with desk(tmp_path, extra=extra) as one:
                first = one.keep("a", title="A", at=NOW - timedelta(days=20))
                copy_hit(one.store, first, [at for at in USUAL if at <= NOW])
                coming = sorted([*(at for at in USUAL if at > NOW), *BURST, *more])
                come = len(USUAL)
                one.later(hours=8.5)
                for _ in range(150):
                    by_now = [at for at in coming if at <= one.app.clock()]
                    copy_hit(one.store, first, by_now, after=come)
                    come, coming = come + len(by_now), coming[len(by_now) :]
                    await one.app.pipeline.upkeep()
                    one.later(hours=1)
                alerts = [a for a in one.store.outbox.alerts(limit=99) if a.reason == "spike"]
                assert len(alerts) == len(told), [(a.created_at, a.detail) for a in alerts]
                for alert, part in zip(reversed(alerts), told, strict=True):
                    assert part in alert.detail
                    assert [d.receiver for d in alert.deliveries] == ["s"]
                notices = [a for a in one.store.outbox.alerts(limit=99) if a.reason == "operator"]
                assert not any("this day" in notice.detail for notice in notices)

    asyncio.run(go())


def copy_hit(store: Store, hit_id: HitId, times: Sequence[datetime], *, after: int = 0) -> None:
    """More hits like one, at these times; one by one would take a minute."""
    hit = store.review.hit(hit_id)
    with create_engine(f"sqlite:///{store.path}").begin() as connection:
        for table, key, own in ((articles, hit.article_id, "canonical_url"), (hits, hit_id, "")):
            like = connection.execute(select(table).where(table.c.id == key)).one()._asdict()
            rows = [
                like
                | {"id": key + n, "first_seen_at": at}
                | ({own: f"{like[own]}/{n}"} if own else {"article_id": like["article_id"] + n})
                for n, at in enumerate(times, start=after + 1)
            ]
            if rows:
                connection.execute(table.insert(), rows)


@pytest.mark.parametrize(("known_days", "minutes"), [(9, 10), (9, 24), (7, 10)])
def test_a_busy_topic_that_falls_silent_is_told_once_it_is_known_for_long_enough(
    tmp_path: Path, known_days: int, minutes: int
) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            first = one.keep("a", title="A", at=NOW - timedelta(days=known_days))
            number = known_days * 24 * 60 // minutes
            times = [NOW - timedelta(minutes=minutes * n) for n in range(number)]
            assert len(times) > 400
            copy_hit(one.store, first, times)
            one.later(hours=1, minutes=30)
            assert await one.upkeep() == []
            one.later(hours=5)
            if known_days < 8:
                assert await one.upkeep() == []
                return
            gap = 20 if minutes == 10 else minutes
            told = f"South Ossetia: nothing for 6 hours, where {gap} minutes is usual"
            assert await one.upkeep() == [told]

    asyncio.run(go())
