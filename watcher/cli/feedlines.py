"""Feeds for the eye, health at a glance: those in trouble first, each in a line or two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from watcher.cli.output import ago, due, plural
from watcher.cli.screen import fit, indented, one_line, paint, width, wrap
from watcher.decide.polls import ScheduleState, expected_silence
from watcher.model import FailureReason, FeedId, FeedSpec, FeedState

if TYPE_CHECKING:
    from watcher.storage import FeedRecord

_STATES = {FeedState.OK: "good", FeedState.FAILING: "bad"}
_FIGURES = (("newest", 7), ("24 h", 5), ("every", 7), ("next", 11))
_FIGURE_CELLS = sum(cells + 1 for _name, cells in _FIGURES)
_STATE_CELLS = 8
_ID_CELLS = 4
MISSED_SHOWN = timedelta(days=7)
"""For so long a missed window is shown as what is wrong with a feed."""


def feed_lines(
    feeds: Sequence[FeedRecord], fresh: Mapping[int, int], now: datetime
) -> Iterator[str]:
    """A heading, and per feed its state, name, newest entry, entries of a day, interval, next poll.

    A second line says what is wrong: the failure and how often, entries that may have been missed, or
    an unusual silence; another one where its server has moved it to.
    """
    # Below 60 columns the name would be a stump: it gets the line, the figures the next.
    narrow = width() < 60
    left = _ID_CELLS + 1 + _STATE_CELLS + 1
    names = {feed.id: one_line(feed.spec.name) for feed in feeds}
    longest = max(map(cell_len, names.values()), default=4)
    room = min(longest, width() - left - (0 if narrow else _FIGURE_CELLS))
    heading = f"{'id':>{_ID_CELLS}} {fit('state', _STATE_CELLS)} {fit('name', room)}"
    yield paint(_row(heading, [name for name, _cells in _FIGURES], narrow), "bold")
    for feed in sorted(feeds, key=lambda f: (_urgency(f, now), names[f.id].casefold())):
        name = fit(names[feed.id], room)
        state = paint(fit(str(feed.state), _STATE_CELLS), _STATES.get(feed.state, "dim"))
        polled = feed.state in (FeedState.OK, FeedState.FAILING)
        figures = [
            ago(feed.last_new_at, now),
            str(fresh.get(feed.id, 0)),
            _interval(feed) if polled else "-",
            due(feed.next_poll_at, now) if polled else "-",
        ]
        yield _row(f"{feed.id:>{_ID_CELLS}} {state} {name}", figures, narrow)
        for text, style in ((_wrong(feed, now), "warn"), (_moved(feed), "dim")):
            if text:
                lines = wrap(text, width() - left, most=2)
                yield paint(" " * left + indented(lines, left), style)


def _row(start: str, figures: Sequence[str], narrow: bool) -> str:
    cells = zip(figures, _FIGURES, strict=True)
    right = "".join(" " + fit(text, size, right=True) for text, (_name, size) in cells)
    return f"{start}\n{right:>{width()}}" if narrow else start + right


def _urgency(feed: FeedRecord, now: datetime) -> int:
    if feed.state is FeedState.FAILING:
        return 0
    return 1 if _wrong(feed, now) else 2


def _wrong(feed: FeedRecord, now: datetime) -> str | None:
    """What is wrong with a feed that should be polled, in a sentence."""
    if feed.state not in (FeedState.OK, FeedState.FAILING):
        return None
    state = ScheduleState.from_json(feed.schedule)
    if feed.last_error == FailureReason.HELD_BACK:  # no failure of its own, so none is counted
        return f"{feed.last_error}: {one_line(feed.last_error_detail or '')}"
    if feed.last_error:
        times = f" {plural(feed.failures, 'time')}" if feed.failures else ""
        detail = one_line(feed.last_error_detail or "")
        return f"{feed.last_error}{times}: {detail}".rstrip(": ")
    found = [_missed(state, now), _silence(feed, now), *map(_left_out, odd(feed))]
    return "; ".join(said for said in found if said) or None


def _missed(state: ScheduleState, now: datetime) -> str | None:
    if not state.missed_at or now - state.missed_at > MISSED_SHOWN:
        return None
    times = f", {plural(state.missed, 'time')} so far" if state.missed > 1 else ""
    when = ago(state.missed_at, now)
    return f"entries may have been missed {when} ago: none of the poll before was left{times}"


def _silence(feed: FeedRecord, now: datetime) -> str | None:
    usual = _longest_silence(feed)
    if usual is None or feed.last_new_at is None or now - feed.last_new_at <= usual:
        return None
    return f"silent for {ago(feed.last_new_at, now)}; after {_span(usual)} that is unusual for it"


def _longest_silence(feed: FeedRecord) -> timedelta | None:
    state = ScheduleState.from_json(feed.schedule)
    return expected_silence(state, false_alarm_rate=feed.spec.false_alarm_rate)


def _moved(feed: FeedRecord) -> str | None:
    """Where its server has moved it for good."""
    return None if feed.address == feed.spec.url else f"polled at {one_line(feed.address)}"


def _interval(feed: FeedRecord) -> str:
    """What was chosen for while all is well; a failing feed's next poll shows its backoff."""
    if feed.spec.every is not None:
        return _span(feed.spec.every)
    return _span(timedelta(seconds=ScheduleState.from_json(feed.schedule).interval_s))


def _span(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 36 * 60 else f"{minutes / 1440:.0f} d"


def odd(feed: FeedRecord) -> Sequence[str]:
    """What its parser noted about the feed's last body, as codes."""
    notes: Sequence[str] = feed.schedule.get("odd", ())
    return notes


def _left_out(note: str) -> str | None:
    """A note in words, if it tells of entries that are not stored."""
    code, _, count = note.partition(":")
    if code == "entries-dropped":
        return f"{plural(int(count), 'entry', 'entries')} too big or too broken to be read"
    if code == "entries-beyond":
        return f"{int(count):,} entries beyond the newest 10,000 were not stored"
    return None


def feed_json(feed: FeedRecord, entries: int, now: datetime) -> dict[str, Any]:
    """A feed in the shape that the interface contract promises, and its schedule."""
    state = ScheduleState.from_json(feed.schedule)
    usual = _longest_silence(feed)
    every = feed.spec.every or timedelta(seconds=state.interval_s)
    return {
        "id": feed.id,
        "name": feed.spec.name,
        "url": feed.spec.url,
        "publisher": feed.spec.publisher,
        "state": feed.state,
        "last_polled_at": feed.last_polled_at,
        "next_poll_at": feed.next_poll_at,
        "last_error": feed.last_error,
        "failures": feed.failures,
        "entries_24h": entries,
        "kind": feed.spec.kind,
        "origin": feed.spec.origin,
        "last_error_detail": feed.last_error_detail,
        "last_new_at": feed.last_new_at,
        "interval_s": every.total_seconds(),
        "expected_silence_s": usual.total_seconds() if usual else None,
        "wrong": _wrong(feed, now),
        "address": feed.address,
        "missed_windows": state.missed,
        "last_missed_at": state.missed_at,
        "lang": feed.lang,
        "tags": list(feed.spec.tags),
        "odd": list(odd(feed)),
    }


def new_feed_json(spec: FeedSpec, now: datetime) -> dict[str, Any]:
    """A feed of the configuration in the same shape, before any pass has stored it: without an id."""
    from watcher.storage import FeedRecord

    feed = FeedRecord(
        id=FeedId(0), spec=spec, state=FeedState.OK, next_poll_at=now, first_polled_at=None,
        last_polled_at=None, last_new_at=None, last_error=None, last_error_detail=None, failures=0,
        title=None, lang=None, etag=None, last_modified=None, body_hash=None, schedule={},
    )  # fmt: skip
    return feed_json(feed, 0, now) | {"id": None}
