"""``watcher stories``: articles about one event, together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.filters import JsonFlag, check_topic
from watcher.cli.hits import hit_json
from watcher.cli.output import (
    ago,
    console,
    emit,
    note,
    now_utc,
    plural,
    safe,
    say,
    short_time,
    table,
)
from watcher.cli.screen import WIDE, fit, indented, one_line, paint, width, wrap
from watcher.cli.shell import noun, root
from watcher.cli.times import parse_time
from watcher.model import HitId, StoryId, Verdict

if TYPE_CHECKING:
    from watcher.storage import Judging, Moment, Store, StoryRecord

app = noun("Stories: list, show, merge, split.")


@app.command("list")
def list_stories(
    context: typer.Context,
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    since: Annotated[str | None, typer.Option(help="Active since: 2d, 2026-11-20.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List stories, latest activity first: 30 of them, or 10,000 as JSON."""
    now, cli = now_utc(), root(context)
    limit = limit or (10_000 if as_json else 30)
    after = parse_time(since, now=now)

    def look(store: Store) -> tuple[list[StoryRecord], dict[StoryId, list[Moment]], list[str]]:
        found = store.review.stories(topic=topic, since=after, limit=limit)
        timelines = store.review.timelines([story.id for story in found])
        return found, timelines, store.review.topics()

    found, timelines, topics = cli.look_up(look) or ([], {}, [])
    if topic and not found:
        check_topic(cli, topic, topics)
    if as_json:
        emit([story_json(story, timelines[story.id]) for story in found])
        return
    if not found:
        say("No stories yet.")
        return
    made = table(
        ("id", {"justify": "right"}),
        "last",
        ("articles", {"justify": "right"}),
        ("publishers", {"justify": "right"}),
        *((("languages", {"max_width": 14}),) if width() >= WIDE else ()),
        ("stage", {"max_width": 18}),
        ("headline", {"ratio": 1}),
    )
    made.expand = True
    for story in found:
        made.add_row(
            str(story.id),
            ago(story.last_seen_at, now),
            str(story.hits),
            str(story.publishers),
            *((", ".join(languages(timelines[story.id])),) if width() >= WIDE else ()),
            safe(cli.stage_name(story.topic, story.stage)),
            safe(story.headline),
        )
    console().print(made)


@app.command()
def show(
    context: typer.Context,
    story_id: Annotated[int, typer.Argument(metavar="ID")],
    as_json: JsonFlag = False,
) -> None:
    """Show one story with its articles in the order in which they appeared."""
    cli = root(context)
    story, members = cli.store().review.story(StoryId(story_id))
    if story.id != story_id:
        note(f"story {story_id} was merged into story {story.id}")
    timeline = cli.store().review.timelines([story.id])[story.id]
    if as_json:
        emit(story_json(story, timeline) | {"hits": [hit_json(hit) for hit in members]})
        return
    for line in story_lines(story, timeline, lambda stage: cli.stage_name(story.topic, stage)):
        say(line)


def story_lines(
    story: StoryRecord, timeline: Sequence[Moment], stage_name: Callable[[str], str]
) -> Iterator[str]:
    """A story and its course, a day under each other; as wide as the terminal."""
    columns = width()
    yield from wrap(f"Story {story.id}: {one_line(story.headline)}", columns)
    yield from wrap(
        f"{plural(len(timeline), 'article')}, {plural(story.publishers, 'publisher')}, "
        f"{', '.join(languages(timeline)) or 'language unknown'}; "
        f"seen {short_time(story.first_seen_at)} to {short_time(story.last_seen_at)}",
        columns,
    )
    if story.stage:
        said = f" “{one_line(story.stage_evidence)}”" if story.stage_evidence else ""
        yield from wrap(f"Stage: {one_line(stage_name(story.stage))}.{said}", columns)
    day = ""
    for moment in timeline:
        at = moment.at.astimezone()
        if (today := at.strftime("%A %-d %B %Y")) != day:
            day = today
            yield ""
            yield paint(day, "bold")
        left = (
            f"{fit(str(moment.hit_id), 6, right=True)} {at:%H:%M} {moment.score:3.0f} "
            f"{fit(one_line(moment.lang or '?'), 2)}  "
        )
        about = [one_line(moment.title) or "(no title)", one_line(moment.publisher)]
        if moment.stage:
            about.append(one_line(stage_name(moment.stage)))
        if moment.alerted:
            about.append("told")
        if moment.verdict == Verdict.IRRELEVANT:
            about.append(str(moment.verdict))
        used = 6 + 1 + 5 + 1 + 3 + 1 + 2 + 2
        yield left + indented(wrap(" · ".join(filter(None, about)), columns - used), used)


def languages(timeline: Sequence[Moment]) -> list[str]:
    """In which languages a story was told; what was marked irrelevant tells it only if nothing else does."""
    telling = [moment for moment in timeline if moment.verdict != Verdict.IRRELEVANT]
    return sorted({moment.lang for moment in telling or timeline if moment.lang})


def story_json(story: StoryRecord, timeline: Sequence[Moment]) -> dict[str, Any]:
    """A story as data."""
    return {
        "id": story.id,
        "topic": story.topic,
        "headline": story.headline,
        "first_seen_at": story.first_seen_at,
        "last_seen_at": story.last_seen_at,
        "articles": story.hits,
        "publishers": story.publishers,
        "stage": story.stage,
        "stage_evidence": story.stage_evidence,
        "languages": languages(timeline),
        "timeline": timeline,
    }


@app.command()
def merge(
    context: typer.Context,
    story_id: Annotated[int, typer.Argument(metavar="ID", help="The story that stays.")],
    other: Annotated[int, typer.Argument(metavar="OTHER", help="The story that goes into it.")],
) -> None:
    """Say that two stories are one; remembered, and the grouping learns from it."""
    store = root(context).store()
    done = store.regrouping.merge(
        StoryId(story_id), StoryId(other), judging=_judging(context), now=now_utc()
    )
    note(
        f"{plural(done.moved, 'article')} moved into story {done.story_id}; they had been "
        f"{done.similarity:.2f} alike"
    )


@app.command()
def split(
    context: typer.Context,
    story_id: Annotated[int, typer.Argument(metavar="ID")],
    hit_ids: Annotated[list[int], typer.Argument(metavar="HIT_ID…", help="Hits that leave it.")],
) -> None:
    """Say that hits tell of another event; remembered, and the grouping learns from it."""
    store = root(context).store()
    leaving = {HitId(hit_id) for hit_id in hit_ids}
    done = store.regrouping.split(
        StoryId(story_id), leaving, judging=_judging(context), now=now_utc()
    )
    note(f"{plural(done.moved, 'article is', 'articles are')} now story {done.story_id}")


def _judging(context: typer.Context) -> Judging:
    # Late: the other commands need no grouping.
    from watcher.pipeline.regrouping import judging

    topics = {topic.id: topic for topic in root(context).settings.topics}
    return judging(topics.get)
