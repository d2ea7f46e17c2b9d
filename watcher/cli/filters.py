"""The options by which hits are chosen: in ``list``, ``search``, ``export`` and ``review``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from watcher.cli.output import now_utc, safe
from watcher.cli.times import parse_time
from watcher.errors import UsageError
from watcher.model import Verdict

if TYPE_CHECKING:
    from watcher.cli.shell import Root
    from watcher.storage import HitFilter

    Wanted = HitFilter
else:
    Wanted = object  # the class itself brings the database along

Topic = Annotated[str | None, typer.Option(help="Only this topic.")]
Since = Annotated[str | None, typer.Option(help="First seen since: 2d, 36h, 2026-11-20.")]
Until = Annotated[str | None, typer.Option(help="First seen before.")]
MinScore = Annotated[float | None, typer.Option(help="At least this score.")]
WithVerdict = Annotated[
    str | None, typer.Option("--verdict", help="relevant, related, irrelevant or duplicate.")
]
Lang = Annotated[str | None, typer.Option(help="Only this language: en, ru, ka.")]
Publisher = Annotated[str | None, typer.Option(help="Only this publisher: example.org.")]
InStory = Annotated[int | None, typer.Option("--story", help="Only this story.")]
Unreviewed = Annotated[bool, typer.Option("--unreviewed", help="Only without a verdict.")]
NearMisses = Annotated[bool, typer.Option("--near-misses", help="What came close instead of hits.")]
MOST = 1_000_000
Limit = Annotated[int | None, typer.Option(min=1, max=MOST, help="At most so many.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
CsvFlag = Annotated[bool, typer.Option("--csv", help="CSV, safe to open in a spreadsheet.")]
JsonlFlag = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line.")]
PagerFlag = Annotated[bool, typer.Option("--pager/--no-pager", help="Page what is too long.")]


def hit_filter(
    *,
    topic: Topic = None,
    since: Since = None,
    until: Until = None,
    min_score: MinScore = None,
    verdict: WithVerdict = None,
    lang: Lang = None,
    publisher: Publisher = None,
    story: InStory = None,
    unreviewed: Unreviewed = False,
    near_misses: NearMisses = False,
    limit: Limit = None,
) -> Wanted:
    """What was asked for, checked; raises UsageError for what makes no sense. No limit: all."""
    from watcher.storage import HitFilter as Made

    now = now_utc()
    return Made(
        topic=topic,
        since=parse_time(since, now=now),
        until=parse_time(until, now=now),
        min_score=min_score,
        verdict=None if verdict is None else parse_verdict(verdict),
        lang=None if lang is None else lang.lower(),
        publisher=publisher,
        story=story,
        unreviewed=unreviewed,
        near_misses=near_misses,
        limit=limit or MOST,
    )


def choosing_hits(
    *, limit: int, of_data: int | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The command has the options of ``hit_filter`` in place of its parameter ``wanted``, and gets
    what they say as that.

    Without ``--limit`` it shows so many; ``of_data``: as JSON or CSV so many. A program can't see
    that something was left out, as a person is told.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            chosen = {name: given.pop(name) for name in options}
            data = any(given.get(form) for form in ("as_json", "csv", "jsonl"))
            chosen["limit"] = chosen["limit"] or (of_data if data and of_data else limit)
            command(wanted=hit_filter(**chosen), **given)

        options = dict(inspect.signature(hit_filter).parameters)
        hints = get_type_hints(hit_filter, include_extras=True)
        hints |= get_type_hints(command, include_extras=True)
        parameters: list[inspect.Parameter] = []
        for name, own in inspect.signature(command).parameters.items():
            parameters += options.values() if name == "wanted" else [own]
        typed = [
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[one.name])
            for one in parameters
        ]
        run.__signature__ = inspect.Signature(typed)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in typed}
        return run

    return decorate


def one_format(*, as_json: bool, csv: bool, jsonl: bool) -> str:
    """``text``, ``json``, ``csv`` or ``jsonl``; raises UsageError for two at once."""
    chosen = [
        name for name, wanted in (("json", as_json), ("csv", csv), ("jsonl", jsonl)) if wanted
    ]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} exclude each other")
    return chosen[0] if chosen else "text"


def parse_verdict(text: str, *, with_none: bool = False) -> Verdict:
    """A verdict by name or its unmistakable beginning; raises UsageError naming the nearest.

    ``with_none``: the error names ``none``, too, which the caller understands by itself.
    """
    known = [str(verdict) for verdict in Verdict]
    listed = ", ".join([*known, "none"] if with_none else known)
    wanted = text.strip().lower()
    beginning = [name for name in known if wanted and name.startswith(wanted)]
    if wanted in known or len(beginning) == 1:
        return Verdict(wanted if wanted in known else beginning[0])
    raise UsageError(f'"{text}" is not a verdict; known are {listed}{did_you_mean(wanted, known)}')


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """``; did you mean X?`` for the nearest known word, or nothing."""
    import difflib

    near = difflib.get_close_matches(text, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def check_topic(cli: Root, topic: str, stored: list[str]) -> None:
    """Raise UsageError for a topic that neither the database nor the configuration knows."""
    if topic in stored:
        return
    known = sorted({*stored, *(str(spec.id) for spec in cli.settings.topics)})
    if topic not in known:
        near = did_you_mean(topic, known)
        raise UsageError(f"no topic {safe(topic)}; known are {', '.join(known)}{near}")
