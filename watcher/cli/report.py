"""``watcher report``: one HTML file that can be opened anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from watcher.cli import filters
from watcher.cli.output import note, now_utc, plural
from watcher.cli.shell import root
from watcher.cli.times import parse_time


def report(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write; - for stdout.")] = Path(
        "report.html"
    ),
    topic: filters.Topic = None,
    since: Annotated[str, typer.Option(help="From when: 30d, 2026-10-01.")] = "30d",
) -> None:
    """Write a self-contained HTML report: hits over time, by publisher, the saga, stories, feed health."""
    from watcher.cli.exporting import write_out
    from watcher.cli.reporting import gather, render

    now = now_utc()
    begin = parse_time(since, now=now)
    assert begin is not None  # noqa: S101  # only None gives None
    cli = root(context)
    store = cli.store()
    if topic:
        filters.check_topic(cli, topic, store.review.topics())
    facts = gather(store, topic=topic, since=begin, now=now, ladders=cli.stages)
    write_out([render(facts)], out)
    told = plural(len(facts.hits), "hit"), plural(len(facts.members), "story", "stories")
    note(f"wrote {'stdout' if out == Path('-') else out}: {' in '.join(told)}")
