"""Score and record: from an article to its hits, near misses and samples.

Scoring runs in the worker processes; what follows is one transaction per batch in the database
thread; what follows from a hit is in ``judging``.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from watcher.errors import WatcherError
from watcher.model import (
    Analysis,
    Failure,
    FailureReason,
    HitKind,
    Score,
    TopicSpec,
)
from watcher.pipeline.case import Case
from watcher.pipeline.context import LEASE, Context, Tally
from watcher.pipeline.flow import Flow, Stage, write_each
from watcher.storage import ArticleRecord, Deciding

if TYPE_CHECKING:
    from watcher.pipeline.judging import Judge

CHUNK = 8
"""Articles per worker job."""
INTAKE = 64
SECOND_TRY = timedelta(minutes=10)
SAMPLE_OF = 500
"""One reject in so many is kept for labelling, so that recall can be estimated."""

_FAULT = Failure(reason=FailureReason.PARSE_ERROR, detail="unexpected fault, see log")
_log = logging.getLogger(__name__)


class Scoring:
    """Scores stored articles and records what follows."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._judge: Judge | None = None

    async def run(self, tally: Tally) -> int:
        """Score what is due; returns how many chunks of articles were done."""
        context = self._context
        articles = context.store.articles

        async def claim(room: int, _full: Collection[str]) -> Sequence[tuple[ArticleRecord, ...]]:
            claimed = await context.stored(
                articles.claim, now=context.clock(), limit=room * CHUNK, lease=LEASE
            )
            return [tuple(claimed[n : n + CHUNK]) for n in range(0, len(claimed), CHUNK)]

        async def record(
            batch: list[tuple[tuple[ArticleRecord, ...], list[Analysis]]],
        ) -> None:
            pairs = [pair for chunk, found in batch for pair in zip(chunk, found, strict=True)]
            await write_each(pairs, partial(self._write, tally), partial(self._give_up, tally))
            context.progress("score", len(pairs))

        async def release(chunks: list[tuple[ArticleRecord, ...]]) -> None:
            ids = [article.id for chunk in chunks for article in chunk]
            await context.stored(articles.release, ids)

        stage = Stage(
            intake=INTAKE // CHUNK,
            identify=lambda chunk: chunk[0].id,
            claim=claim,
            work=self._analyse,
            record=record,
            release=release,
        )
        return await Flow(stage, context.stopping).run()

    async def _analyse(self, chunk: tuple[ArticleRecord, ...]) -> list[Analysis]:
        try:
            return await self._context.workers.analyse(
                [article.as_text() for article in chunk], [article.topics for article in chunk]
            )
        except WatcherError:
            raise  # no article's fault: they stay due
        except Exception:
            if len(chunk) > 1:
                return [found for article in chunk for found in await self._analyse((article,))]
            _log.exception("article %s: unexpected fault", chunk[0].url)
            return [Analysis(failure=_FAULT)]

    async def _write(self, tally: Tally, pairs: Sequence[tuple[ArticleRecord, Analysis]]) -> None:
        try:
            await self._context.stored(self._decide_all, pairs, self._context.clock(), tally)
        except BaseException:
            self._judge = None  # it counted stories that were not stored
            raise

    async def _give_up(self, tally: Tally, pair: tuple[ArticleRecord, Analysis]) -> None:
        """Judging this article failed in a way that nobody foresaw: it must not stop the others."""
        article, _analysis = pair
        await self._write(tally, [(article, Analysis(failure=_FAULT))])

    def _decide_all(
        self, pairs: Sequence[tuple[ArticleRecord, Analysis]], now: datetime, tally: Tally
    ) -> None:
        """One transaction: hits, stories, alerts and deliveries of these articles, or nothing."""
        with self._context.store.decisions.deciding() as tx:
            # In the order of events, not of reading: who told it first heads the story.
            for article, analysis in sorted(pairs, key=lambda pair: pair[0].appeared_at):
                if analysis.failure is not None:
                    _put_off(tx, article, analysis.failure, now)
                    continue
                for score in analysis.scores:
                    spec = self._context.wishes.topic(score.topic)
                    if spec is not None:
                        case = Case(
                            spec=spec,
                            article=article,
                            score=score,
                            fingerprint=analysis.fingerprint,
                            earlier=tx.earlier(spec.id, article.id),
                            now=now,
                        )
                        self._decide(tx, case, tally)
            done = {a.id: found.scores for a, found in pairs if found.failure is None}
            tx.scored(done, at=now)
        tally.scored += len(pairs)

    def _decide(self, tx: Deciding, case: Case, tally: Tally) -> None:
        earlier = case.earlier
        kind = kind_of(case.score, case.spec, case.article)
        if kind in (None, HitKind.SAMPLE) and earlier and earlier.kind != HitKind.SAMPLE:
            kind = HitKind.FORMER  # no random reject: nothing but itself may be estimated from it
        if kind is None:
            return
        if kind is not HitKind.HIT and not case.withdrawn:
            tally.near_misses += kind is HitKind.NEAR_MISS
            tx.save_hit(case.outcome(kind))
            return
        tally.hits += not case.withdrawn
        # Late: most passes find no hit, and need nothing of what judges one.
        from watcher.pipeline.judging import Judge

        self._judge = self._judge or Judge()
        judge = self._judge.withdraw if case.withdrawn else self._judge.record
        tally.alerts += judge(tx, self._context.wishes, case)


def _put_off(tx: Deciding, article: ArticleRecord, failure: Failure, now: datetime) -> None:
    """Once the machine may have been to blame, which was too busy or short of memory.

    Failing a second time, the article is kept and shown, and never tried again by itself: what
    kills a worker twice would kill it for ever.
    """
    _log.error("article %s can't be scored: %s", article.url, failure)
    again = article.reason != failure.reason
    tx.unscorable(article.id, failure, again_at=now + SECOND_TRY if again else None)


def kind_of(score: Score, spec: TopicSpec, article: ArticleRecord) -> HitKind | None:
    """Hit, near miss, a reject kept as sample, or nothing worth keeping."""
    if score.hit:
        return HitKind.HIT
    if score.value >= score.threshold - spec.near_miss:
        return HitKind.NEAR_MISS
    # Chosen by the address, so that scoring again chooses the same ones.
    sampled = zlib.crc32(f"{spec.id} {article.canonical_url}".encode()) % SAMPLE_OF == 0
    return HitKind.SAMPLE if sampled else None
