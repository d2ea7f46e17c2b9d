"""``watcher topics``: what is watched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.filters import JsonFlag
from watcher.cli.output import console, emit, now_utc, plural, safe, say, short_time, table
from watcher.cli.screen import indented, one_line, width, wrap
from watcher.cli.shell import Root, noun, root
from watcher.cli.times import parse_time
from watcher.decide.saga import course
from watcher.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.model import TopicSpec

app = noun("Topics: list, show, timeline, suggest, train, backtest.")

SHOWN_TERMS = 8
"""Of a group, unless all are asked for."""
_USUAL = 12  # words shown of each language


@app.command("list")
def list_topics(context: typer.Context, as_json: JsonFlag = False) -> None:
    """List topics."""
    topics = root(context).settings.topics
    if as_json:
        emit([topic_json(topic) for topic in topics])
        return
    made = table("id", ("name", {"ratio": 1}), "seeds", "terms", "threshold")
    made.expand = True
    for topic in topics:
        made.add_row(
            topic.id,
            safe(topic.name),
            str(len(topic.seeds)),
            str(sum(len(terms) for terms in topic.terms.values())),
            f"{topic.threshold:g}",
        )
    console().print(made)


@app.command()
def show(
    context: typer.Context,
    topic_id: Annotated[str, typer.Argument(metavar="TOPIC")],
    everything: Annotated[
        bool, typer.Option("--all", help="Every term, not only the first of each group.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show one topic: its seeds, terms and what was learned of them."""
    from watcher.cli.relevance import learned_of
    from watcher.relevance import compile_profile

    cli = root(context)
    topic = find_topic(cli, topic_id)
    learned = learned_of(cli).get(topic.id)
    model = cli.embed.version if cli.embed else None
    version = compile_profile(topic, learned=learned, model=model).version
    if as_json:
        counted = (learned or {}).get("usage") or None
        emit(topic_json(topic) | {"profile_version": version, "usage": counted})
        return
    for line in topic_lines(topic, learned, everything=everything):
        say(line)
    say(f"profile version {version}")


def topic_lines(
    topic: TopicSpec, learned: Mapping[str, Any] | None, *, everything: bool
) -> Iterator[str]:
    """A topic as wide as the terminal; of a long group of terms the first, and how many there are."""
    from watcher.config.units import format_duration

    columns = width()

    def item(text: str) -> str:
        return indented(wrap(one_line(text), columns - 2), 2)

    yield item(f"{topic.id}: {topic.name}")
    yield item(
        f"threshold {topic.threshold:g}, near misses from {topic.threshold - topic.near_miss:g}, "
        f"alerts up to {format_duration(topic.max_age)} old at the first sight of a feed"
    )
    for seed in topic.seeds:
        kind = "negative seed" if seed.negative else "seed"
        yield item(f"{kind} {seed.name}: {plural(len(seed.text.split()), 'word')}")
    for group, terms in topic.terms.items():
        shown = terms if everything or len(terms) <= SHOWN_TERMS + 2 else terms[:SHOWN_TERMS]
        more = f" and {len(terms) - len(shown)} more (--all)" if len(shown) < len(terms) else ""
        yield item(f"{group}, {plural(len(terms), 'term')}: {', '.join(shown)}{more}")
    for stage in topic.stages:
        back = ", a step back" if stage.reversal else ""
        yield item(f"stage {stage.id}: {stage.name} ({plural(len(stage.cues), 'cue')}{back})")
    for line in learned_lines(learned):
        yield item(line)


def learned_lines(learned: Mapping[str, Any] | None) -> list[str]:
    """What was learned of a topic: from how many verdicts, and what its seeds' words are worth."""
    known = learned or {}
    lines = []
    if verdicts := known.get("verdicts"):
        lines.append(
            f"weights learned from {verdicts['n_relevant']} relevant and "
            f"{verdicts['n_irrelevant']} irrelevant verdicts"
        )
    counted = known.get("usage")
    if not counted or not counted["articles"]:
        lines.append("background: ordinary language as shipped (too few stored articles to count)")
        return lines
    for lang, number in counted["articles"].items():
        shares = counted["shares"][lang]
        usual = sorted(shares, key=lambda word: (-shares[word], word))[:_USUAL]
        words = ", ".join(f"{word} {shares[word]:.0%}" for word in usual)
        lines.append(
            f"background ({lang}): as shipped, and {number:,} other articles of "
            f"{plural(counted['publishers'][lang], 'publisher')}, counted {counted['at'][:10]}; "
            f"words of the seeds that tell less for being usual there: {words or 'none'}"
        )
    return lines


def topic_json(topic: TopicSpec) -> dict[str, Any]:
    """A topic as data."""
    return {
        "id": topic.id,
        "name": topic.name,
        "threshold": topic.threshold,
        "max_age": topic.max_age,
        "seeds": [{"name": seed.name, "negative": seed.negative} for seed in topic.seeds],
        "terms": {group: list(terms) for group, terms in topic.terms.items()},
        "stages": [{"id": stage.id, "name": stage.name} for stage in topic.stages],
    }


def find_topic(cli: Root, topic_id: str) -> TopicSpec:
    """A configured topic; raises UsageError naming the nearest."""
    topics = {topic.id: topic for topic in cli.settings.topics}
    found = next((topic for name, topic in topics.items() if name == topic_id), None)
    if found is None:
        import difflib

        near = difflib.get_close_matches(topic_id, list(topics), n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(topics)}"
        raise UsageError(f"no topic {topic_id} in {cli.path}{hint}")
    return found


@app.command()
def timeline(
    context: typer.Context,
    topic_id: Annotated[str, typer.Argument(metavar="TOPIC")],
    since: Annotated[str | None, typer.Option(help="Only since: 30d, 2026-01-01.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Draw the saga of a topic: which stage was reached when, and which story said so."""
    cli = root(context)
    topic = find_topic(cli, topic_id)
    review = cli.store().review
    begin = parse_time(since, now=now_utc())
    steps = course(topic.stages, review.steps(topic.id), since=begin)
    publishers = {
        story.id: story.publishers for story in review.stories(topic=topic.id, limit=10_000)
    }
    if as_json:
        emit(
            [
                {
                    "at": step.mark.at,
                    "stage": step.mark.stage,
                    "story_id": step.story_id,
                    "headline": step.headline,
                    "publishers": publishers.get(step.story_id, 1),
                    "evidence": step.mark.evidence,
                }
                for step in steps
            ]
        )
        return
    if not topic.stages:
        say(f"{topic.id} has no stages: add [[topics.stages]] to {cli.path}")
        return
    ranks = {stage.id: rank for rank, stage in enumerate(topic.stages)}
    names = {stage.id: stage.name for stage in topic.stages}
    for rank, stage in enumerate(topic.stages):
        say(f"{rank + 1:>2} {'↩ ' if stage.reversal else '  '}{safe(stage.name)}")
    say("")
    for step in steps:
        rank = ranks[step.mark.stage]
        say(f"{short_time(step.mark.at)[:10]} {'·' * rank}● {one_line(names[step.mark.stage])}")
        told = plural(publishers.get(step.story_id, 1), "publisher")
        below = [f"{one_line(step.headline)} ({told}, story {step.story_id})"]
        if step.mark.evidence:
            below.append(f"“{one_line(step.mark.evidence)}”")
        for text in below:
            say(f"{'':11}" + indented(wrap(text, width() - 11), 11))
    if not steps:
        say("No story has reached a stage yet.")
