"""Poll: due feeds in, outcomes out. Keeps the intake full; slow feeds delay nobody."""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from watcher.decide.polls import PollFacts, ScheduleState
from watcher.decide.schedule import ScheduleDecision, next_poll
from watcher.errors import StorageError, WatcherError
from watcher.fetch import Request, Response
from watcher.model import Failure, FailureReason, FeedData, FeedId, FeedSpec
from watcher.pipeline.context import LEASE, Context, Tally
from watcher.pipeline.flow import Flow, Stage, write_each
from watcher.storage import ADDRESS, FeedRecord, PollOutcome
from watcher.workers import WorkerPool

INTAKE = 512
"""Feeds in hand at once. More than the connections allowed: some only wait for their host."""
NAMED = 4096
"""Feeds that one claim may name."""
PARSES = 12
"""Parses of one body, of about 1,000 entries each; what is left then comes with the next poll."""
UNFINISHED = "unfinished"
"""Instead of a body's hash: equal to none."""

_FAULT = Failure(reason=FailureReason.PARSE_ERROR, detail="unexpected fault, see log")
_log = logging.getLogger(__name__)


class Polling:
    """Polls feeds until none is due."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, tally: Tally, *, only: Collection[FeedId] | None = None) -> int:
        """Poll what is due (or exactly ``only``, once); returns how many polls were made."""
        context = self._context
        left = None if only is None else list(dict.fromkeys(only))

        async def claim(room: int, full: Collection[str]) -> Sequence[FeedRecord]:
            if left is None:
                return await take(room, full, None)
            for start in range(0, len(left), NAMED):
                if found := await take(room, full, left[start : start + NAMED]):
                    taken = {feed.id for feed in found}
                    left[:] = [named for named in left if named not in taken]
                    return found
            return ()

        async def take(
            room: int, full: Collection[str], named: list[FeedId] | None
        ) -> list[FeedRecord]:
            return await context.stored(
                context.store.feeds.claim,
                now=context.clock(),
                limit=room,
                lease=LEASE,
                only=named,
                full=full,
            )

        async def write(batch: Sequence[tuple[FeedRecord, PollOutcome]]) -> None:
            outcomes = [outcome for _feed, outcome in batch]
            tally.refused += await context.stored(context.store.feeds.record, outcomes)

        async def record(batch: list[tuple[FeedRecord, PollOutcome]]) -> None:
            await write_each(batch, write, self._give_up)
            for feed, outcome in batch:
                _count(feed, outcome, tally)
            context.progress("poll", len(batch))

        async def release(feeds: list[FeedRecord]) -> None:
            await context.stored(context.store.feeds.release, [feed.id for feed in feeds])

        stage = Stage(
            intake=INTAKE,
            identify=lambda feed: feed.id,
            claim=claim,
            work=self._poll_safely,
            record=record,
            release=release,
            host=lambda feed: feed.host,
            gather=0.25,
        )
        return await Flow(stage, context.stopping).run()

    async def _poll_safely(self, feed: FeedRecord) -> PollOutcome:
        try:
            return await self._poll(feed)
        except StorageError:
            raise
        except Exception as error:
            # An unknown fault fails this feed only, loudly.
            trace = None if isinstance(error, WatcherError) else error
            _log.error("feed %s: unexpected fault: %s", feed.spec.name, error, exc_info=trace)
            return self._outcome(feed, failure=_FAULT)

    async def _give_up(self, polled: tuple[FeedRecord, PollOutcome]) -> None:
        """What it brought can't be stored: it counts as failed and waits its turn like others."""
        feed, _outcome = polled
        _log.error("feed %s: its poll can't be stored", feed.spec.name)
        outcome = self._outcome(feed, failure=_FAULT)
        await self._context.stored(self._context.store.feeds.record, [outcome])

    async def _poll(self, feed: FeedRecord) -> PollOutcome:
        context = self._context
        response = await context.fetcher.fetch(
            Request(
                url=feed.address,
                etag=feed.etag,
                last_modified=feed.last_modified,
                force=bool(feed.schedule.get(FULL)),
            ),
            now=context.clock(),
        )
        if isinstance(response, Failure):
            return self._outcome(feed, failure=response)
        if response.body is None:
            return self._outcome(feed, response=response)
        body_hash = hashlib.blake2b(response.body, digest_size=16).hexdigest()
        if body_hash == feed.body_hash:
            return self._outcome(feed, response=response)
        window = await self._window(feed)
        data = await parse_body(
            context.workers, response, feed.spec, window=window, clock=context.clock
        )
        if isinstance(data, Failure):
            return self._outcome(feed, failure=data)
        if data.remaining:
            # Neither a 304 nor an equal hash may hide what this poll did not get to.
            response = replace(response, etag=None, last_modified=None)
            body_hash = UNFINISHED
        return self._outcome(feed, response=response, data=data, body_hash=body_hash, window=window)

    async def _window(self, feed: FeedRecord) -> Mapping[str, str]:
        """What the last body held. Most polls find nothing to parse and never ask for it."""
        if feed.body_hash is None:
            return {}
        return await self._context.stored(self._context.store.feeds.window, feed.id)

    def _outcome(
        self,
        feed: FeedRecord,
        *,
        window: Mapping[str, str] | None = None,
        response: Response | None = None,
        failure: Failure | None = None,
        data: FeedData | None = None,
        body_hash: str | None = None,
    ) -> PollOutcome:
        now = self._context.clock()
        decision = next_poll(
            ScheduleState.from_json(feed.schedule),
            poll_facts(feed, response, failure, data, window or {}),
            now=now,
            limits=self._context.wishes.limits,
            jitter=random.random(),  # noqa: S311  # spreads load, guards nothing
        )
        if decision.notes:
            _log.warning("feed %s: %s", feed.spec.name, ", ".join(decision.notes))
        plan = _plan(feed, decision)
        return PollOutcome(
            feed_id=feed.id,
            at=now,
            next_poll_at=decision.next_poll_at,
            schedule=plan | _odd(feed, data),
            address=plan.get(ADDRESS) or feed.spec.url,
            last_new_at=decision.state.last_new_at,
            missed="missed-window" in decision.notes,
            pages=feed.spec.reads_pages,
            failure=failure,
            data=data,
            etag=response.etag if response else None,
            last_modified=response.last_modified if response else None,
            body_hash=body_hash,
            first_sight=feed.first_polled_at is None,
        )


async def parse_body(
    workers: WorkerPool,
    response: Response,
    spec: FeedSpec,
    *,
    window: Mapping[str, str],
    clock: Callable[[], datetime],
) -> FeedData | Failure:
    """The entries of a feed's body; one too large for a single parse is taken in several."""
    parts: list[FeedData] = []
    for _round in range(PARSES):
        part = await workers.parse_feed(
            response.body or b"",
            url=response.url,
            content_type=response.content_type,
            window=window,
            now=clock(),
            kind=spec.kind,
            selector=spec.selector,
        )
        if isinstance(part, Failure):
            return part
        parts.append(part)
        window = part.window
        if not part.remaining:
            break
    entries = tuple(entry for part in parts for entry in part.entries)
    return replace(parts[-1], entries=entries, known=parts[0].known, notes=_notes(parts))


ODD = "odd"
"""In the plan of a feed: the notes of the parser about its last body, see FeedData.notes."""
_DROPPED = "entries-dropped:"


def _odd(feed: FeedRecord, data: FeedData | None) -> dict[str, Any]:
    """What was odd about the last body that was parsed; it is as odd while it stays the same."""
    notes = list(data.notes) if data else feed.schedule.get(ODD)
    if data and notes:
        _log.info("feed %s: %s", feed.spec.name, ", ".join(data.notes))
    return {ODD: notes} if notes else {}


def _notes(parts: Sequence[FeedData]) -> tuple[str, ...]:
    """The notes of every parse of one body. What they dropped adds up, the rest is the same."""
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    dropped = [
        int(note[len(_DROPPED) :]) for part in parts for note in part.notes if _DROPPED in note
    ]
    kept = (note for note in notes if _DROPPED not in note)
    return (*kept, *([f"{_DROPPED}{sum(dropped)}"] if dropped else ()))


# What the plan of a feed holds beside the schedule's own state.
FULL = "full"
"""Poll without validators next time."""


def _plan(feed: FeedRecord, decision: ScheduleDecision) -> dict[str, Any]:
    plan = decision.state.to_json()
    moved = feed.address != feed.spec.url
    back = moved and decision.move_back
    address = decision.move_to or (feed.address if moved and not back else None)
    if address:
        plan[ADDRESS] = address
    # Validators are of the address that gave them.
    if decision.unconditional or back:
        plan[FULL] = True
    return plan


def poll_facts(
    feed: FeedRecord,
    response: Response | None,
    failure: Failure | None,
    data: FeedData | None,
    window: Mapping[str, str],
) -> PollFacts:
    """What one poll showed, for the schedule."""
    new = sum(entry.key not in window for entry in data.entries) if data else 0
    dates = [entry.published_at for entry in data.entries if entry.published_at] if data else []
    return PollFacts(
        reason=failure.reason if failure else None,
        not_modified=response is not None and response.body is None,
        same_body=response is not None and response.body is not None and data is None,
        new=new,
        known=(data.known + len(data.entries) - new) if data else 0,
        window=len(window),
        oldest=min(dates, default=None),
        newest=max(dates, default=None),
        max_age=response.max_age if response else None,
        ttl=data.ttl if data else None,
        skip_hours=data.skip_hours if data else (),
        skip_days=data.skip_days if data else (),
        retry_after=failure.retry_after if failure else None,
        permanent_url=response.permanent_url if response else None,
        every=feed.spec.every,
    )


def _count(feed: FeedRecord, outcome: PollOutcome, tally: Tally) -> None:
    if outcome.failure is not None and not outcome.asked:
        # One line for a site, not one for each of its feeds.
        if all(detail != outcome.failure.detail for _name, detail in tally.failures):
            tally.failure(feed.spec.name, outcome.failure.detail)
        tally.held_back += 1
        _log.info("feed %s: %s", feed.spec.name, outcome.failure.reason)
        return
    tally.polled += 1
    if outcome.missed:
        tally.missed_window(feed.spec.name)
    if outcome.failure is not None:
        tally.failed += 1
        tally.failure(feed.spec.name, outcome.failure.detail or outcome.failure.reason)
        _log.info("feed %s: %s", feed.spec.name, outcome.failure.reason)
    elif outcome.data is None:
        tally.unchanged += 1
    else:
        tally.entries += len(outcome.data.entries)
        _log.info("feed %s: %d new entries", feed.spec.name, len(outcome.data.entries))
