"""What a deciding transaction asks and says, built once.

SQLAlchemy takes ten times as long to build a statement as SQLite takes to answer it, and a hit
needs two dozen. Built at first use, since most commands decide nothing. Parameters bear the names
of columns, but for those that say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Delete,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import insert as plain_insert

from watcher.model import AlertReason, DeliveryState, HitKind, Verdict
from watcher.storage.tables import (
    alerts,
    articles,
    deliveries,
    facts,
    hits,
    silences,
    stories,
    story_keys,
    story_links,
)

MEMBER: tuple[Column[Any], ...] = (
    *(hits.c.id, hits.c.story_id, hits.c.first_seen_at, hits.c.fingerprint),
    *(articles.c.title, articles.c.publisher, articles.c.lang, articles.c.published_at),
)
"""What grouping asks of a hit and its article: not its reasons, which are most of the row."""
_DECIDED = (
    *("kind", "story_id", "score", "threshold", "profile_version", "explanation", "fingerprint"),
    *("copy_of", "novelty", "stage", "partial", "revision", "decided_at", "silent_reason"),
)
"""Columns of a hit that every decision writes anew."""


@cache
def earlier_hit() -> Select[Any]:
    """The hit of a ``topic`` and ``article``."""
    return select(hits).where(
        hits.c.topic == bindparam("topic"), hits.c.article_id == bindparam("article")
    )


@cache
def best_told_score() -> Select[Any]:
    """The best score with which a ``hit`` was told."""
    return select(func.max(alerts.c.score)).where(alerts.c.hit_id == bindparam("hit"))


@cache
def candidates() -> Select[Any]:
    """Hits of a ``topic`` since a time that share one of the ``keys``, those that share most first;
    at most ``most``."""
    shared = (
        select(story_keys.c.hit_id, func.count().label("n"))
        .where(
            story_keys.c.topic == bindparam("topic"),
            story_keys.c.key.in_(bindparam("keys", expanding=True)),
            story_keys.c.at >= bindparam("since"),
        )
        .group_by(story_keys.c.hit_id)
        .order_by(func.count().desc(), story_keys.c.hit_id.desc())
        .limit(bindparam("most"))
        .subquery()
    )
    return (
        select(*MEMBER)
        .join(shared, shared.c.hit_id == hits.c.id)
        .join(articles, articles.c.id == hits.c.article_id)
        .where(hits.c.story_id.is_not(None))
    )


@cache
def story_by_id() -> Select[Any]:
    """One ``story``."""
    return select(stories).where(stories.c.id == bindparam("story"))


@cache
def told_elsewhere() -> Select[Any]:
    """What the latest stories of a ``topic`` have told, without one ``story``; at most ``most``."""
    return (
        select(stories.c.known)
        .where(
            stories.c.topic == bindparam("topic"),
            stories.c.id != bindparam("story"),
            stories.c.hits > 0,
        )
        .order_by(stories.c.last_seen_at.desc(), stories.c.id.desc())
        .limit(bindparam("most"))
    )


@cache
def corrections() -> Select[Any]:
    """The last merges and splits of a ``topic``, newest first."""
    return (
        select(story_links)
        .join(hits, hits.c.id == story_links.c.hit_a)
        .where(hits.c.topic == bindparam("topic"))
        .order_by(story_links.c.id.desc())
        .limit(200)
    )


# A story is told by its hits, without those that a person marked irrelevant while others remain.
_STANDS = func.coalesce(hits.c.verdict, "") != Verdict.IRRELEVANT


@cache
def own_words() -> Select[Any]:
    """Publishers who reported a ``story`` in words of their own: of no copy of another of its hits;
    each with whether the hit ``stands``."""
    original = hits.alias()
    return (
        select(articles.c.publisher, _STANDS.label("stands"))
        .join(hits, hits.c.article_id == articles.c.id)
        .outerjoin(
            original,
            and_(original.c.id == hits.c.copy_of, original.c.story_id == bindparam("story")),
        )
        .where(hits.c.story_id == bindparam("story"), original.c.id.is_(None))
        .distinct()
    )


@cache
def members() -> Select[Any]:
    """How many ``hits`` a ``story`` has, and when what tells it was seen ``first`` and ``last``."""
    seen = hits.c.first_seen_at
    standing = case((_STANDS, seen))
    return select(
        func.count().label("hits"),
        func.coalesce(func.min(standing), func.min(seen)).label("first"),
        func.coalesce(func.max(standing), func.max(seen)).label("last"),
    ).where(hits.c.story_id == bindparam("story"))


@cache
def headline() -> Select[Any]:
    """The title of the first article that tells a ``story``."""
    return (
        select(articles.c.title)
        .join(hits, hits.c.article_id == articles.c.id)
        .where(hits.c.story_id == bindparam("story"))
        .order_by(case((_STANDS, 0), else_=1), hits.c.first_seen_at, hits.c.id)
        .limit(1)
    )


@cache
def told() -> Select[Any]:
    """Alerts of a ``story`` in order, with those who heard or will hear of each."""
    heard = and_(deliveries.c.alert_id == alerts.c.id, deliveries.c.state != DeliveryState.FAILED)
    return (
        select(alerts.c.created_at, alerts.c.publishers, deliveries.c.receiver)
        .outerjoin(deliveries, heard)
        .where(alerts.c.story_id == bindparam("story"))
        .order_by(alerts.c.id)
    )


@cache
def dismissed() -> Select[Any]:
    """A told hit of a ``story`` that a person marked irrelevant, where no other told one stands or
    where ``hit`` is its copy, or a copy's copy. One wrong article among others is not the story's
    end."""
    other, other_alert, this, next_one = hits.alias(), alerts.alias(), hits.alias(), hits.alias()
    stands = (
        select(other.c.id)
        .join(other_alert, other_alert.c.hit_id == other.c.id)
        .where(
            other.c.story_id == bindparam("story"),
            func.coalesce(other.c.verdict, "") != Verdict.IRRELEVANT,
        )
    )
    copied = select(this.c.copy_of.label("id")).where(this.c.id == bindparam("hit"))
    chain = copied.cte("copied", recursive=True)
    chain = chain.union(select(next_one.c.copy_of).where(next_one.c.id == chain.c.id))
    return (
        select(hits.c.id)
        .join(alerts, alerts.c.hit_id == hits.c.id)
        .where(
            hits.c.story_id == bindparam("story"),
            hits.c.verdict == Verdict.IRRELEVANT,
            or_(hits.c.id.in_(select(chain.c.id)), ~stands.exists()),
        )
        .limit(1)
    )


@cache
def group_closes() -> Select[Any]:
    """When what is gathered for a ``receiver`` goes out, if that is after ``now``."""
    return select(func.min(deliveries.c.next_try_at)).where(
        deliveries.c.receiver == bindparam("receiver"),
        deliveries.c.state == DeliveryState.PENDING,
        deliveries.c.held == "group",
        deliveries.c.next_try_at > bindparam("now"),
    )


@cache
def muted_until() -> Select[Any]:
    """Until when a ``topic`` or ``story`` is muted, if that is after ``now``."""
    return select(func.max(silences.c.until)).where(
        silences.c.until > bindparam("now"),
        or_(silences.c.topic == bindparam("topic"), silences.c.story_id == bindparam("story")),
    )


@cache
def fact() -> Select[Any]:
    """A single value by ``name``."""
    return select(facts).where(facts.c.name == bindparam("name"))


@cache
def void_stages() -> Select[Any]:
    """Those of some ``hits`` by which a stage does not stand any more."""
    return select(hits.c.id).where(
        hits.c.id.in_(bindparam("hits", expanding=True)),
        or_(
            hits.c.verdict == Verdict.IRRELEVANT,
            hits.c.kind != HitKind.HIT,
            hits.c.stage.is_(None),
        ),
    )


@cache
def heard_of_stage() -> Select[Any]:
    """Receivers that were told of a ``topic``'s ``stage`` ``since`` a time."""
    return (
        select(deliveries.c.receiver)
        .join(alerts, alerts.c.id == deliveries.c.alert_id)
        .join(hits, hits.c.id == alerts.c.hit_id)
        .where(
            alerts.c.topic == bindparam("topic"),
            alerts.c.reason == AlertReason.STAGE_CHANGE,
            alerts.c.created_at >= bindparam("since"),
            hits.c.stage == bindparam("stage"),
            deliveries.c.state != DeliveryState.FAILED,
        )
    )


@cache
def indexed_words() -> Select[Any]:
    """What the search index keeps of an ``article``."""
    return select(
        articles.c.title,
        articles.c.text,
        articles.c.summary,
        articles.c.lang,
        articles.c.content_hash,
    ).where(articles.c.id == bindparam("article"))


# ----------------------------------------------------------------------------- what is written

Inserting = Callable[[Table], Any]
"""A dialect's INSERT, which knows ON CONFLICT (``Database.insert``)."""


@cache
def save_hit(inserting: Inserting, *, grouped: bool) -> Any:
    """Write the hit of a topic and article, or rewrite it: its id, verdict and first sight stay.
    ``grouped``: also the comparison that put it into its story."""
    new = inserting(hits)
    written = (*_DECIDED, "grouping") if grouped else _DECIDED
    # A near miss that becomes a hit is watched from now on.
    watched = func.coalesce(hits.c.next_check_at, new.excluded.next_check_at)
    return new.on_conflict_do_update(
        index_elements=["topic", "article_id"],
        set_={name: new.excluded[name] for name in written} | {"next_check_at": watched},
    ).returning(hits.c.id)


@cache
def save_alert(inserting: Inserting) -> Any:
    """Write an alert; no id comes back where this event was told before."""
    new = inserting(alerts).on_conflict_do_nothing(index_elements=["once"])
    return new.returning(alerts.c.id)


@cache
def save_fact(inserting: Inserting) -> Any:
    """Write a single value over what it was."""
    new = inserting(facts)
    return new.on_conflict_do_update(
        index_elements=["name"], set_={"value": new.excluded.value, "at": new.excluded.at}
    )


@cache
def new_story() -> Any:
    """Start a story; its id comes back."""
    return plain_insert(stories).returning(stories.c.id)


@cache
def change_story() -> Update:
    """Set what else is given of ``which`` story."""
    return update(stories).where(stories.c.id == bindparam("which"))


@cache
def change_hit() -> Update:
    """Set what else is given of ``which`` hit."""
    return update(hits).where(hits.c.id == bindparam("which"))


@cache
def forget_keys() -> Delete:
    """Index keys of a ``hit``."""
    return delete(story_keys).where(story_keys.c.hit_id == bindparam("hit"))
