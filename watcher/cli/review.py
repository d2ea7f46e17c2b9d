"""``watcher review``: the full-screen review."""

from __future__ import annotations

import signal
import sys

import typer

from watcher.cli import filters
from watcher.cli.shell import root
from watcher.errors import UsageError


@filters.choosing_hits(limit=500)
def review(
    context: typer.Context,
    wanted: filters.Wanted,
) -> None:
    """Review in full screen: list and article side by side, one key per verdict."""
    store = root(context).store()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("review needs a terminal; `watcher hits` and `hits mark` work without")
    # Late: Textual takes half a second to load.
    from watcher.cli.fullscreen import ReviewApp

    # Started with hang-ups ignored (nohup), it would read from a terminal that is gone for ever.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    ReviewApp(store, wanted, root(context).stage_name).run()
