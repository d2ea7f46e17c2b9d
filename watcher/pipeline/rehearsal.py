"""What hits would have led to: the real judging of them, in a database that is thrown away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from watcher.decide.schedule import ScheduleLimits
from watcher.model import AlertReason, ReceiverSpec, Score, TopicSpec, Verdict
from watcher.pipeline.case import Case
from watcher.pipeline.context import Wishes
from watcher.pipeline.judging import Judge
from watcher.storage import ArticleData, ArticleRecord, Store, article_facts
from watcher.stories import fingerprint

PASS = timedelta(minutes=10)
"""What was first seen within ten minutes came about in one pass."""
_APPEARED = attrgetter("article.appeared_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedHit:
    """A hit of a rehearsal, and what the reviewer said of the article."""

    article: ArticleRecord
    score: Score
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How much would have been told."""

    stories: int
    alerts: Mapping[AlertReason, int]
    """By reason; each at least to one receiver."""
    deliveries: Mapping[str, int]
    """By receiver; 0 for one that would have heard nothing."""


def rehearse(
    spec: TopicSpec, receivers: Sequence[ReceiverSpec], hits: Sequence[PlayedHit]
) -> Rehearsal:
    """Judge these hits one by one, each when it was first seen, and count what follows.

    Stories, stages, the backlog of new feeds, the receivers' filters and dismissals count; a
    verdict as if it had been given at once. Later edits of pages and unusual volume do not.
    """
    wishes = Wishes(feeds=(), topics=(spec,), receivers=tuple(receivers), limits=ScheduleLimits())
    with TemporaryDirectory(prefix="watcher-rehearsal-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'rehearsal.sqlite3'}")
        try:
            return _played(store, wishes, _in_order(hits))
        finally:
            store.close()


def _played(store: Store, wishes: Wishes, hits: Sequence[PlayedHit]) -> Rehearsal:
    [spec] = wishes.topics
    ids = store.articles.keep([_stated(hit.article) for hit in hits])
    judge = Judge()
    done = 0
    while done < len(hits):
        with store.decisions.deciding() as tx:
            # One transaction up to the next verdict, which later decisions are to see.
            for hit, article_id in zip(hits[done:], ids[done:], strict=True):
                case = _case(spec, hit, replace(hit.article, id=article_id))
                judge.record(tx, wishes, case)
                done += 1
                if hit.verdict is not None:
                    break
            earlier = tx.earlier(spec.id, article_id)
        if hit.verdict is not None and earlier is not None:
            store.review.mark(earlier.id, hit.verdict, now=hit.article.first_seen_at)
    made = store.outbox.alerts(limit=len(hits))
    sent = Counter(delivery.receiver for alert in made for delivery in alert.deliveries)
    return Rehearsal(
        stories=len(store.review.stories(limit=max(1, len(hits)))),
        alerts=Counter(alert.reason for alert in made),
        deliveries={receiver.name: sent[receiver.name] for receiver in wishes.receivers},
    )


def _case(spec: TopicSpec, hit: PlayedHit, article: ArticleRecord) -> Case:
    return Case(
        spec=spec,
        article=article,
        score=hit.score,
        fingerprint=fingerprint(article.as_text()).to_json(),
        earlier=None,
        now=article.first_seen_at,
    )


def _stated(article: ArticleRecord) -> ArticleData:
    # Its feed is not in that database.
    facts = article_facts(article) | {"feed_id": None}
    return ArticleData(**facts, urls=(), content_hash="")


def _in_order(hits: Sequence[PlayedHit]) -> list[PlayedHit]:
    """As the service does: pass after pass, and what one pass brings in the order of events."""
    ordered: list[PlayedHit] = []
    one_pass: list[PlayedHit] = []
    for hit in sorted(hits, key=lambda hit: hit.article.first_seen_at):
        if one_pass and hit.article.first_seen_at - one_pass[0].article.first_seen_at > PASS:
            ordered += sorted(one_pass, key=_APPEARED)
            one_pass = []
        one_pass.append(hit)
    return ordered + sorted(one_pass, key=_APPEARED)
