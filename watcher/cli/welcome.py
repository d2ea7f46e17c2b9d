"""``watcher`` alone: what to do next, for the state it is in."""

from __future__ import annotations

from watcher.cli.output import now_utc, safe, say
from watcher.cli.shell import Root
from watcher.errors import ConfigError, StorageError


def next_step(cli: Root) -> None:
    """Say in a few lines where things stand and which command comes next."""
    say("watcher: watches news feeds for a subject and tells the right people once.\n")
    if not cli.path.exists():
        say("There is no configuration here yet.")
        say("  watcher demo    see it at work on a sample news web, offline")
        say("  watcher init    write a config.toml and a seeds folder to start from")
        return
    try:
        settings = cli.settings
    except ConfigError as error:
        say(f"{cli.path} has {len(error.problems)} problem(s):")
        for problem in error.problems[:5]:
            say(f"  {safe(problem)}")
        say("  watcher check   shows them all")
        return
    try:
        counts = cli.store().review.counts(now=now_utc())
    except StorageError:
        say(
            f"{cli.path} is fine: {len(settings.feeds)} feeds, {len(settings.topics)} topics. "
            "Nothing was polled yet."
        )
        say("  watcher poll --no-send   one pass, telling nobody")
        say("  watcher run              the service")
        return
    if counts.last_poll_at is None:
        say("Nothing was polled yet.\n  watcher poll --no-send   one pass, telling nobody")
    elif counts.unreviewed:
        say(f"{counts.unreviewed} hits wait for your verdict; the watcher learns from each.")
        say("  watcher review               judge them in full screen, one key each")
        say("  watcher hits --unreviewed    list them")
    else:
        say("All hits are reviewed.")
        say("  watcher hits     what was found")
    troubles = counts.feeds.get("failing", 0) + counts.deliveries_dead
    if troubles:
        say(f"  watcher doctor   {troubles} feeds or deliveries are in trouble")
    say("  watcher status   how things stand\n  watcher --help   every command")
