"""The list of feeds: what is wrong comes first and is said, whatever the width."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from watcher.cli.feedlines import feed_json, feed_lines
from watcher.decide.polls import ScheduleState
from watcher.model import FeedId, FeedSpec, FeedState
from watcher.storage import FeedRecord

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def feed(number: int, name: str, *, quiet: timedelta, per_hour: float = 1.0) -> FeedRecord:
    newest = NOW - quiet
    gap = 3600 / per_hour
    schedule = ScheduleState(
        interval_s=900,
        slow_per_hour=per_hour,
        polled_at=newest,
        last_new_at=newest,
        arrivals=100,
        gap_mean_s=gap,
        gap_square=2 * gap * gap,
        gap_longest_s=5 * gap,
    )
    return FeedRecord(
        id=FeedId(number),
        spec=FeedSpec(url=f"https://{number}.example/rss", name=name, publisher="example"),
        state=FeedState.OK,
        next_poll_at=NOW + timedelta(minutes=5),
        first_polled_at=NOW - timedelta(days=90),
        last_polled_at=NOW - timedelta(minutes=10),
        last_new_at=newest,
        last_error=None,
        last_error_detail=None,
        failures=0,
        title=name,
        lang="en",
        etag=None,
        last_modified=None,
        body_hash=None,
        schedule=schedule.to_json(),
    )


WELL = feed(1, "Agency", quiet=timedelta(minutes=20))
SILENT = feed(
    2, "Вестник с очень длинным названием, которое нигде не помещается", quiet=timedelta(days=9)
)
FAILING = replace(
    feed(3, "საქართველოს ამბები", quiet=timedelta(hours=3)),
    state=FeedState.FAILING,
    failures=4,
    last_error="http-404",
    last_error_detail="the server has no such page; " + "see " * 60,
)
PAUSED = replace(feed(4, "Paused", quiet=timedelta(days=40)), state=FeedState.PAUSED)


@pytest.mark.parametrize("columns", [45, 60, 80, 140])
def test_health_is_seen_at_any_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "\n".join(feed_lines([WELL, PAUSED, SILENT, FAILING], {1: 17}, NOW))
    lines = text.splitlines()
    assert all(cell_len(line) <= columns for line in lines), text
    order = [text.index(word) for word in ("საქარ", "Вестник", "Agency", "Paused")]
    assert order == sorted(order)
    assert "silent for 9 d" in text
    assert "http-404 4 times" in text
    assert "15 min" in text
    assert "17" in text


def test_a_quiet_feed_that_is_often_quiet_is_well() -> None:
    rare = feed(5, "Rare", quiet=timedelta(days=9), per_hour=0.01)
    assert feed_json(rare, 0, NOW)["wrong"] is None
    assert feed_json(SILENT, 0, NOW)["wrong"]
    assert feed_json(PAUSED, 0, NOW)["wrong"] is None
