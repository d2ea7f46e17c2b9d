"""Feeds and their entries as polled: what is due, and what one poll found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    update,
)

from watcher.model import (
    FEED_FALSE_ALARMS,
    Failure,
    FeedData,
    FeedId,
    FeedKind,
    FeedSpec,
    FeedState,
    ReadPolicy,
    TopicId,
)
from watcher.storage.claims import NOW, claim_of, fair_claim, give_back
from watcher.storage.database import Database, execute_rows
from watcher.storage.records import FeedRecord, PollOutcome
from watcher.storage.tables import entries, feeds
from watcher.urls import registered_domain

POLLED = (FeedState.OK, FeedState.FAILING)
STATE = tuple(column for column in feeds.c if column.name != "window")
"""What a FeedRecord holds: the window, up to 100 kB, is read where a body has to be parsed."""
_AS_CONFIGURED = select(
    feeds.c.id,
    feeds.c.url,
    feeds.c.name,
    feeds.c.publisher,
    feeds.c.origin,
    feeds.c.kind,
    feeds.c.settings,
    feeds.c.state,
)


class Feeds:
    """The feeds table. Due work is a row whose time has come and whose lease is free."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sync(self, specs: Sequence[FeedSpec], *, now: datetime) -> None:
        """Make the stored feeds follow the configuration; state and history stay.

        A feed that left the file is retired, not deleted: its entries keep their meaning.
        """
        with self._database.writing() as connection:
            stored = {row.url: row for row in connection.execute(_AS_CONFIGURED)}
            self._write_specs(connection, specs, stored, now)
            wanted = {spec.url for spec in specs}
            gone = [
                row.id
                for url, row in stored.items()
                if url not in wanted and row.origin == "config" and row.state != FeedState.RETIRED
            ]
            if gone:
                connection.execute(
                    update(feeds).where(feeds.c.id.in_(gone)).values(state=FeedState.RETIRED)
                )

    def add(self, spec: FeedSpec, *, now: datetime) -> FeedRecord:
        """Store a feed that a person added, or bring back a retired one."""
        with self._database.writing() as connection:
            rows = connection.execute(_AS_CONFIGURED.where(feeds.c.url == spec.url))
            self._write_specs(connection, [spec], {row.url: row for row in rows}, now)
            found = connection.execute(select(*STATE).where(feeds.c.url == spec.url)).one()
        return feed_from(found)

    def set_state(self, feed_id: FeedId, state: FeedState, *, now: datetime) -> None:
        """Pause, resume or retire a feed; a resumed one is due at once.

        One that failed when it was last polled goes on as failing: nothing says yet that it is well.
        """
        wanted: Any = state.value
        if state == FeedState.OK:
            failed = and_(feeds.c.failures > 0, feeds.c.last_error.is_not(None))
            wanted = case((failed, FeedState.FAILING.value), else_=wanted)
        with self._database.writing() as connection:
            connection.execute(
                update(feeds)
                .where(feeds.c.id == feed_id)
                .values(state=wanted, next_poll_at=now, lease_until=None)
            )

    def failing(self, *, polled_before: datetime) -> int:
        """How many feeds failed at their last poll, which was before then."""
        query = select(func.count()).where(
            feeds.c.state == FeedState.FAILING, feeds.c.last_polled_at < polled_before
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def all(self, *, retired: bool = False) -> list[FeedRecord]:
        """Every feed, in the order they were met."""
        query = select(*STATE).order_by(feeds.c.id)
        if not retired:
            query = query.where(feeds.c.state != FeedState.RETIRED)
        with self._database.reading() as connection:
            return [feed_from(row) for row in connection.execute(query).all()]

    def active_ids(self) -> list[FeedId]:
        """The feeds that are polled, in the order they were met."""
        query = select(feeds.c.id).where(feeds.c.state.in_(POLLED)).order_by(feeds.c.id)
        with self._database.reading() as connection:
            return [FeedId(found) for found in connection.execute(query).scalars()]

    def entries_since(self, since: datetime) -> dict[int, int]:
        """New entries per feed id since then."""
        query = (
            select(entries.c.feed_id, func.count())
            .where(entries.c.first_seen_at >= since)
            .group_by(entries.c.feed_id)
        )
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def claim(
        self,
        *,
        now: datetime,
        limit: int,
        lease: timedelta,
        only: Collection[FeedId] | None = None,
        full: Collection[str] = (),
    ) -> list[FeedRecord]:
        """Lease due feeds, longest overdue first and of each host its share, of ``full`` ones none.

        ``only`` names feeds whether due or not.
        """
        values = claim_of(now=now, limit=limit, lease=lease, full=full)
        claim = _CLAIM_DUE if only is None else _CLAIM_NAMED
        if only is not None:
            values["named"] = list(only)
        with self._database.writing() as connection:
            return [feed_from(row) for row in connection.execute(claim, values).all()]

    def window(self, feed_id: FeedId) -> dict[str, str]:
        """The entries of a feed's last body, for the next parse."""
        with self._database.reading() as connection:
            return connection.execute(_WINDOW, {"of_feed": feed_id}).scalar() or {}

    def release(self, feed_ids: Collection[FeedId]) -> None:
        """Give leases back unfinished: the feeds are as due as before."""
        give_back(self._database, feeds, feed_ids)

    def record(self, outcomes: Sequence[PollOutcome]) -> int:
        """Write polls, each with its entries; one transaction for all of them.

        Entries go first and the feed's validators and next time last, so that whatever was
        acknowledged to the server is stored. Returns how many rows the database refused.
        """
        rows = [row for outcome in outcomes for row in _entry_rows(outcome)]
        with self._database.writing() as connection:
            refused = execute_rows(connection, self._upsert_entry, rows) if rows else 0
            # One statement for many rows each: an UPDATE by itself costs seven times as much.
            for statement, values in _updates(outcomes):
                connection.execute(statement, values)
        return refused

    def _write_specs(
        self,
        connection: Connection,
        specs: Sequence[FeedSpec],
        stored: Mapping[str, Any],
        now: datetime,
    ) -> None:
        fresh = []
        for spec in specs:
            values, row = _spec_values(spec), stored.get(spec.url)
            afresh = {"schedule": {}, "next_poll_at": now, "host": host_of(spec.url)}
            if row is None:
                first = {"url": spec.url, "state": FeedState.OK, "failures": 0}
                fresh.append(values | first | afresh)
                continue
            changes = {key: new for key, new in values.items() if getattr(row, key) != new}
            if row.state == FeedState.RETIRED:
                changes |= afresh | _UNREAD | {"state": FeedState.OK}
            if _reads_otherwise(row, values):
                changes |= _UNREAD | _UNSEEN | {"next_poll_at": now}
            if changes:
                connection.execute(update(feeds).where(feeds.c.id == row.id).values(changes))
        if fresh:
            # Two services that start together on one database both find them missing.
            new = self._database.insert(feeds).on_conflict_do_nothing(index_elements=["url"])
            connection.execute(new, fresh)

    @cached_property
    def _upsert_entry(self) -> Any:
        # An entry met again with other content is read and scored again; met unchanged, it isn't.
        # What is the same for all is said once: each value of a row costs as much as storing it.
        new = self._database.insert(entries).values(
            revision=literal_column("1"),
            attempts=literal_column("0"),
            state=literal_column("'new'"),
        )
        return new.on_conflict_do_update(
            index_elements=["feed_id", "entry_key"],
            set_={
                "title": new.excluded.title,
                "summary": new.excluded.summary,
                "content": new.excluded.content,
                "content_hash": new.excluded.content_hash,
                "url": new.excluded.url,
                "host": new.excluded.host,
                "revision": entries.c.revision + 1,
                "state": new.excluded.state,
                "attempts": 0,
                "next_try_at": new.excluded.next_try_at,
                "lease_until": None,
            },
            where=entries.c.content_hash != new.excluded.content_hash,
        )


_UNREAD: dict[str, Any] = {"etag": None, "last_modified": None, "body_hash": None}
"""The body is fetched and parsed again although it may not have changed."""
_UNSEEN: dict[str, Any] = {"window": null(), "first_polled_at": None}
"""What comes next is a backlog again, and no missed window."""


def _reads_otherwise(row: Row[Any], values: Mapping[str, Any]) -> bool:
    """Whether the same body holds other entries now: another kind, or another selector."""
    before, now = row.settings or {}, values["settings"]
    return bool(row.kind != values["kind"] or before.get("selector") != now["selector"])


def _unless_stopped(state: FeedState) -> Any:
    """The state after a poll. A feed that was paused or retired meanwhile stays so."""
    # Not "in": a list of its own for each statement can't be part of one for many rows.
    stopped = and_(*(feeds.c.state != polled for polled in POLLED))
    return case((stopped, feeds.c.state), else_=state.value)


_POLLED: dict[str, Any] = {
    "next_poll_at": bindparam("next_poll"),
    "host": func.coalesce(bindparam("paced_by"), feeds.c.host),
    "lease_until": None,
    "last_polled_at": bindparam("polled"),
    "schedule": bindparam("plan"),
    "last_new_at": func.coalesce(bindparam("newest_at"), feeds.c.last_new_at),
}
_HEALTHY: dict[str, Any] = _POLLED | {
    "state": _unless_stopped(FeedState.OK),
    "first_polled_at": func.coalesce(feeds.c.first_polled_at, bindparam("polled")),
    "last_error": None,
    "last_error_detail": None,
    "failures": 0,
}
_CLAIM_DUE = fair_claim(
    feeds,
    feeds.c.next_poll_at,
    and_(feeds.c.state.in_(POLLED), feeds.c.next_poll_at <= NOW),
    STATE,
)
_CLAIM_NAMED = fair_claim(
    feeds,
    feeds.c.next_poll_at,
    and_(feeds.c.id.in_(bindparam("named", expanding=True)), feeds.c.state != FeedState.RETIRED),
    STATE,
)
_WINDOW = select(feeds.c.window).where(feeds.c.id == bindparam("of_feed"))
_OF_FEED = update(feeds).where(feeds.c.id == bindparam("of_feed"))
_QUIET = _OF_FEED.values(
    **_HEALTHY,
    etag=func.coalesce(bindparam("new_etag"), feeds.c.etag),
    last_modified=func.coalesce(bindparam("new_modified"), feeds.c.last_modified),
)
_PARSED = _OF_FEED.values(
    **_HEALTHY,
    etag=bindparam("new_etag"),
    last_modified=bindparam("new_modified"),
    body_hash=bindparam("new_hash"),
    window=bindparam("new_window"),
    title=bindparam("new_title"),
    lang=bindparam("new_lang"),
)
_FAILED = _OF_FEED.values(
    **_POLLED,
    state=_unless_stopped(FeedState.FAILING),
    failures=feeds.c.failures + 1,
    last_error=bindparam("reason"),
    last_error_detail=bindparam("detail"),
)
# It was not asked, so its turn moves, with the reason; how it is, and when it was polled, stays.
_HELD = _OF_FEED.values(
    next_poll_at=bindparam("next_poll"),
    lease_until=None,
    schedule=bindparam("plan"),
    last_error=bindparam("reason"),
    last_error_detail=bindparam("detail"),
)


def _updates(outcomes: Sequence[PollOutcome]) -> list[tuple[Update, list[dict[str, Any]]]]:
    """The feeds' own rows: each statement with the outcomes that it is for, if any."""
    held = [_held_values(o, o.failure) for o in outcomes if o.failure and not o.asked]
    failed = [_failed_values(o, o.failure) for o in outcomes if o.failure and o.asked]
    parsed = [_parsed_values(o, o.data) for o in outcomes if o.data and not o.failure]
    quiet = [_answered_values(o) for o in outcomes if not o.data and not o.failure]
    statements = ((_QUIET, quiet), (_PARSED, parsed), (_FAILED, failed), (_HELD, held))
    return [(statement, values) for statement, values in statements if values]


def _polled_values(outcome: PollOutcome) -> dict[str, Any]:
    return {
        "of_feed": outcome.feed_id,
        "next_poll": outcome.next_poll_at,
        "paced_by": host_of(outcome.address),
        "polled": outcome.at,
        "plan": dict(outcome.schedule),
        "newest_at": outcome.last_new_at,
    }


def _answered_values(outcome: PollOutcome) -> dict[str, Any]:
    return _polled_values(outcome) | {
        "new_etag": outcome.etag,
        "new_modified": outcome.last_modified,
    }


def _parsed_values(outcome: PollOutcome, data: FeedData) -> dict[str, Any]:
    return _answered_values(outcome) | {
        "new_hash": outcome.body_hash,
        "new_window": dict(data.window),
        "new_title": data.title or None,
        "new_lang": data.lang,
    }


def _failed_values(outcome: PollOutcome, failure: Failure) -> dict[str, Any]:
    return _polled_values(outcome) | {"reason": failure.reason, "detail": failure.detail}


def _held_values(outcome: PollOutcome, failure: Failure) -> dict[str, Any]:
    return {
        "of_feed": outcome.feed_id,
        "next_poll": outcome.next_poll_at,
        "plan": dict(outcome.schedule),
        "reason": failure.reason,
        "detail": failure.detail,
    }


def _entry_rows(outcome: PollOutcome) -> list[dict[str, Any]]:
    if outcome.data is None:
        return []
    return [
        {
            "feed_id": outcome.feed_id,
            "entry_key": entry.key,
            "url": entry.url,
            "host": host_of(entry.url) if outcome.pages else None,
            "title": entry.title,
            "summary": entry.summary,
            "content": entry.content,
            "author": entry.author,
            "lang": entry.lang,
            "published_at": entry.published_at,
            "content_hash": entry.content_hash,
            "backlog": outcome.first_sight,
            "first_seen_at": outcome.at,
            "next_try_at": outcome.at,
        }
        for entry in outcome.data.entries
    ]


def host_of(url: str | None) -> str | None:
    """What a server is paced by, and what claims share out: its registered domain or address."""
    return (registered_domain(url) or None) if url else None


def _spec_values(spec: FeedSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "publisher": spec.publisher,
        "origin": spec.origin,
        "kind": spec.kind,
        "settings": {
            "every": None if spec.every is None else spec.every.total_seconds(),
            "topics": list(spec.topics),
            "read": spec.read,
            "selector": spec.selector,
            "tags": list(spec.tags),
            "ignore_robots": spec.ignore_robots,
            "false_alarm_rate": spec.false_alarm_rate,
        },
    }


def feed_from(row: Row[Any]) -> FeedRecord:
    """Read a row of the feeds table."""
    settings = row.settings
    every = settings.get("every")
    return FeedRecord(
        id=FeedId(row.id),
        spec=FeedSpec(
            url=row.url,
            name=row.name,
            publisher=row.publisher,
            every=None if every is None else timedelta(seconds=every),
            topics=tuple(TopicId(topic) for topic in settings.get("topics", ())),
            read=ReadPolicy(settings.get("read", ReadPolicy.ALL)),
            kind=FeedKind(row.kind),
            selector=settings.get("selector"),
            tags=tuple(settings.get("tags", ())),
            ignore_robots=bool(settings.get("ignore_robots", False)),
            false_alarm_rate=float(settings.get("false_alarm_rate", FEED_FALSE_ALARMS)),
            origin=row.origin,
        ),
        state=FeedState(row.state),
        next_poll_at=row.next_poll_at,
        first_polled_at=row.first_polled_at,
        last_polled_at=row.last_polled_at,
        last_new_at=row.last_new_at,
        last_error=row.last_error,
        last_error_detail=row.last_error_detail,
        failures=row.failures,
        title=row.title,
        lang=row.lang,
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        schedule=row.schedule or {},
        host=row.host,
    )
