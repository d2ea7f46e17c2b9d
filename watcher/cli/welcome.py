"""``watcher`` alone: what to do next, for the state it is in."""

from __future__ import annotations

from watcher.cli.output import now_utc, plural, safe, say
from watcher.cli.shell import Root
from watcher.errors import ConfigError, NoDatabaseError, StorageError


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
        say(f"{cli.path} has {plural(len(error.problems), 'problem')}:")
        for problem in error.problems[:5]:
            say(f"  {safe(problem)}")
        say("  watcher check   shows them all")
        return
    try:
        review = cli.store().review
        counts = review.counts(now=now_utc())
        any_hits = bool(review.topics())
    except NoDatabaseError:
        say(
            f"{cli.path} is fine: {plural(len(settings.feeds), 'feed')}, "
            f"{plural(len(settings.topics), 'topic')}. "
            "Nothing was polled yet."
        )
        say("  watcher poll --no-send   one pass, telling nobody")
        say("  watcher run              the service")
        return
    except StorageError as error:
        say(f"{cli.path} is fine, but its database is not: {safe(error)}")
        say("  watcher doctor   what is wrong and what to do")
        return
    if counts.last_poll_at is None:
        say("Nothing was polled yet.\n  watcher poll --no-send   one pass, telling nobody")
    elif counts.unreviewed:
        waiting = plural(counts.unreviewed, "hit waits", "hits wait")
        say(f"{waiting} for your verdict; the watcher learns from each.")
        say("  watcher review               judge them in full screen, one key each")
        say("  watcher hits --unreviewed    list them")
    elif not any_hits:
        say("No hits yet.")
        say("  watcher hits --near-misses   what came close")
    else:
        say("All hits are reviewed.")
        say("  watcher hits     what was found")
    troubles = counts.feeds.get("failing", 0) + counts.deliveries_dead
    if troubles:
        say(
            f"  watcher doctor   {plural(troubles, 'feed or delivery is', 'feeds or deliveries are')} in trouble"
        )
    say("  watcher status   how things stand\n  watcher --help   every command")
