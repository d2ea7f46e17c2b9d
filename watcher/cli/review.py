"""``watcher review``: the full-screen review."""

from __future__ import annotations

import sys

import typer

from watcher.cli import filters
from watcher.cli.shell import root
from watcher.errors import UsageError


def review(
    context: typer.Context,
    topic: filters.Topic = None,
    since: filters.Since = None,
    until: filters.Until = None,
    min_score: filters.MinScore = None,
    verdict: filters.WithVerdict = None,
    lang: filters.Lang = None,
    publisher: filters.Publisher = None,
    story: filters.InStory = None,
    unreviewed: filters.Unreviewed = False,
    near_misses: filters.NearMisses = False,
    limit: filters.Limit = 500,
) -> None:
    """Review in full screen: list and article side by side, one key per verdict."""
    wanted = filters.hit_filter(
        topic=topic, since=since, until=until, min_score=min_score, verdict=verdict, lang=lang,
        publisher=publisher, story=story, unreviewed=unreviewed, near_misses=near_misses,
        limit=limit,
    )  # fmt: skip
    store = root(context).store()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("review needs a terminal; `watcher hits` and `hits mark` work without")
    # Late: Textual takes half a second to load.
    from watcher.cli.fullscreen import ReviewApp

    ReviewApp(store, wanted, root(context).stage_name).run()
