"""``watcher stories``: articles about one event, together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from watcher.cli.shell import noun, root
from watcher.cli.times import parse_time
from watcher.model import HitId, StoryId

if TYPE_CHECKING:
    from watcher.storage import Judging, StoryRecord

app = noun("Stories: list, show, merge, split.")

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command("list")
def list_stories(
    context: typer.Context,
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    since: Annotated[str | None, typer.Option(help="Active since: 2d, 2026-11-20.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 30,
    as_json: JsonFlag = False,
) -> None:
    """List stories, latest activity first."""
    now = now_utc()
    found = (
        root(context)
        .store()
        .review.stories(topic=topic, since=parse_time(since, now=now), limit=limit)
    )
    if as_json:
        emit([story_json(story) for story in found])
        return
    if not found:
        say("No stories yet.")
        return
    made = table(
        ("id", {"justify": "right"}),
        "last",
        ("articles", {"justify": "right"}),
        ("publishers", {"justify": "right"}),
        ("stage", {"max_width": 18}),
        ("headline", {"ratio": 1}),
    )
    made.expand = True
    cli = root(context)
    for story in found:
        made.add_row(
            str(story.id),
            ago(story.last_seen_at, now),
            str(story.hits),
            str(story.publishers),
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
    """Show one story with its articles, oldest first."""
    story, members = root(context).store().review.story(StoryId(story_id))
    if story.id != story_id:
        note(f"story {story_id} was merged into story {story.id}")
    if as_json:
        emit(story_json(story) | {"hits": [hit_json(hit) for hit in members]})
        return
    say(f"Story {story.id}: {safe(story.headline)}")
    langs = sorted({hit.lang or "?" for hit in members})
    say(
        f"{plural(len(members), 'article')}, {plural(story.publishers, 'publisher')}, "
        f"{', '.join(langs)}; "
        f"{short_time(story.first_seen_at)} to {short_time(story.last_seen_at)}"
    )
    if story.stage:
        stage = root(context).stage_name(story.topic, story.stage)
        say(f"Stage: {safe(stage)}. “{safe(story.stage_evidence)}”")
    made = table(
        ("id", {"justify": "right"}),
        "seen",
        ("score", {"justify": "right"}),
        ("publisher", {"max_width": 20}),
        "lang",
        ("headline", {"ratio": 1}),
    )
    made.expand = True
    for hit in members:
        made.add_row(
            str(hit.id),
            short_time(hit.first_seen_at)[5:],
            f"{hit.score:.0f}",
            safe(hit.publisher),
            hit.lang or "?",
            safe(hit.title),
        )
    console().print(made)


def story_json(story: StoryRecord) -> dict[str, Any]:
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
