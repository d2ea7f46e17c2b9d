"""What the report says: gathered from the store, drawn, and rendered into one file."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from watcher.cli.charts import Charts, Series
from watcher.cli.output import plural, short_time
from watcher.decide.saga import Step, course
from watcher.model import StageSpec, StoryId, TopicId
from watcher.notify.view import LANGUAGES
from watcher.storage import Counts, FeedRecord, HitFilter, HitRecord, Store, StoryRecord
from watcher.text.clean import clean_line
from watcher.urls import is_web_url

MOST_HITS = 20_000
LISTED = 1_000
"""Hits in the table; charts count all of them."""
STORIES = 25
DAYS_AS_DAYS = 62
"""A longer time is drawn by weeks."""
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the report shows."""

    topic: str | None
    since: datetime
    now: datetime
    counts: Counts
    hits: Sequence[HitRecord]
    near_misses: int
    stories: Sequence[StoryRecord]
    members: Mapping[StoryId, Sequence[HitRecord]]
    feeds: Sequence[FeedRecord]
    saga: Sequence[SagaRow]
    """Stages that were reached, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaRow:
    """A stage that a story reached."""

    topic: str
    rung: int
    stage: StageSpec
    step: Step


def gather(
    store: Store,
    *,
    topic: str | None,
    since: datetime,
    now: datetime,
    ladders: Mapping[str, Sequence[StageSpec]] = MappingProxyType({}),
) -> Facts:
    """Read what the report needs."""
    wanted = HitFilter(topic=topic, since=since, limit=MOST_HITS)
    hits = store.review.hits(wanted)
    near = store.review.count_hits(HitFilter(topic=topic, since=since, near_misses=True))
    members: dict[StoryId, list[HitRecord]] = {}
    for hit in hits:
        if hit.story_id is not None:
            members.setdefault(hit.story_id, []).append(hit)
    largest = sorted(members, key=lambda story: (-len(members[story]), -story))[:STORIES]
    stories = store.review.stories_by_ids(largest)
    return Facts(
        topic=topic,
        since=since,
        now=now,
        counts=store.review.counts(now=now),
        hits=hits,
        near_misses=near,
        stories=[stories[story] for story in largest if story in stories],
        members=members,
        feeds=store.feeds.all(),
        saga=[
            row
            for name, stages in ladders.items()
            if topic in (None, name)
            for row in _saga(store, name, stages, since)
        ],
    )


def _saga(
    store: Store, topic: str, stages: Sequence[StageSpec], since: datetime
) -> Iterator[SagaRow]:
    rungs = {stage.id: rung for rung, stage in enumerate(stages)}
    for step in course(stages, store.review.steps(TopicId(topic)), since=since):
        rung = rungs[step.mark.stage]
        yield SagaRow(topic=topic, rung=rung, stage=stages[rung], step=step)


def render(facts: Facts) -> str:
    """The report as one HTML document that needs nothing else and lets nothing in."""
    script = (_TEMPLATES / "report.js").read_text("utf-8")
    style = (_TEMPLATES / "report.css").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["line"] = lambda text: clean_line(str(text or ""), 500)
    environment.filters["time"] = short_time
    template = environment.from_string((_TEMPLATES / "report.html.j2").read_text("utf-8"))
    return template.render(
        facts=facts,
        policy=policy(script, style),
        script=Markup(script),  # noqa: S704  # our own files
        style=Markup(style),  # noqa: S704
        charts=_charts(facts),
        listed=facts.hits[:LISTED],
        stories=_story_rows(facts),
        feeds=sorted(facts.feeds, key=lambda f: (f.state == "ok", -f.failures, f.spec.name)),
        figures=_figures(facts),
        link=lambda url: url if is_web_url(url) else None,
    )


def policy(script: str, style: str) -> str:
    """A content security policy under which only our own script and style run, and nothing loads."""

    def hashed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; script-src {hashed(script)}; style-src {hashed(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _figures(facts: Facts) -> list[tuple[str, str]]:
    reviewed = sum(hit.verdict is not None for hit in facts.hits)
    return [
        ("hits", f"{len(facts.hits)}"),
        ("stories", f"{len(facts.members)}"),
        ("publishers", f"{len({hit.publisher for hit in facts.hits})}"),
        ("languages", f"{len({hit.lang for hit in facts.hits if hit.lang})}"),
        ("near misses", f"{facts.near_misses}"),
        ("reviewed", f"{reviewed}"),
        ("failing feeds", f"{facts.counts.feeds.get('failing', 0)}"),
    ]


def _charts(facts: Facts) -> list[Markup]:
    draw = Charts()
    hits = facts.hits
    publishers = Counter(clean_line(hit.publisher) for hit in hits).most_common(15)
    langs = Counter(_language(hit.lang) for hit in hits).most_common(15)
    return [
        _timeline(draw, facts),
        draw.bars("By publisher", publishers, unit="hits"),
        draw.bars("By language", langs, unit="hits"),
        _scores(draw, hits),
    ]


def _language(code: str | None) -> str:
    return LANGUAGES.get(code, clean_line(code)) if code else "unknown"


def _timeline(draw: Charts, facts: Facts) -> Markup:
    """Hits per day (or week) and topic, days without any included."""
    first, last = _day(facts.since), _day(facts.now)
    if facts.hits:
        first = max(first, min(_day(hit.first_seen_at) for hit in facts.hits))
    by = 1 if (last - first).days < DAYS_AS_DAYS else 7
    first -= timedelta(days=first.weekday() if by == 7 else 0)
    days = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, by)]
    topics = [name for name, _ in Counter(hit.topic for hit in facts.hits).most_common()]
    counted: Counter[tuple[str, int]] = Counter(
        (hit.topic, (_day(hit.first_seen_at) - first).days // by) for hit in facts.hits
    )
    series = [
        Series(
            name=clean_line(topic),
            values=tuple(float(counted[topic, n]) for n in range(len(days))),
        )
        for topic in topics
    ]
    title = f"Hits per {'day' if by == 1 else 'week'} and topic"
    return draw.columns(title, [f"{day:%-d %b}" for day in days], series, unit="hits", width=1100)


def _scores(draw: Charts, hits: Sequence[HitRecord]) -> Markup:
    counted = Counter(min(95, int(hit.score) // 5 * 5) for hit in hits)
    steps = range(min(counted, default=50), 100, 5)
    values = tuple(float(counted[step]) for step in steps)
    labels = [f"{step}–{step + 5}" for step in steps]
    return draw.columns("Scores", labels, [Series(name="hits", values=values)], unit="hits")


def _day(at: datetime) -> date:
    return at.astimezone().date()


def _story_rows(facts: Facts) -> list[dict[str, Any]]:
    draw = Charts()
    rows = []
    for story in facts.stories:
        members = facts.members[story.id]
        times = [hit.first_seen_at for hit in members]
        begin, span = min(times), (max(times) - min(times)).total_seconds()
        moments = [(at - begin).total_seconds() / span if span else 0.0 for at in times]
        hours = span / 3600
        said = f"{plural(len(members), 'article')} within {plural(round(hours), 'hour')}"
        rows.append(
            {
                "story": story,
                "articles": len(members),
                "publishers": list(dict.fromkeys(hit.publisher for hit in reversed(members))),
                "langs": sorted({hit.lang or "?" for hit in members}),
                "hours": hours,
                "begin": begin,
                # Ids in this table must differ from those of the charts above.
                "spread": Markup(str(draw.spread(said, moments)).replace('"c', '"t')),  # noqa: S704
            }
        )
    return rows
