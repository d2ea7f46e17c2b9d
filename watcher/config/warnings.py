"""What is allowed in a configuration, but probably not meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from watcher.config.problems import Reporter
from watcher.config.seeds import NEGATIVE_FOLDER, SUFFIXES, unread_in
from watcher.config.settings import Settings
from watcher.errors import Problem
from watcher.model import AlertReason

_EXAMPLE_DOMAINS = ("@example.org", "@example.com", "@example.net")
_NAMED = 3
_OFTEN = timedelta(minutes=1)
_FIRST = frozenset({AlertReason.NEW_HIT, AlertReason.STAGE_CHANGE})
_FURTHER = frozenset({AlertReason.STORY_GREW, AlertReason.REVISION})


def find_warnings(settings: Settings, report: Reporter) -> Iterator[Problem]:
    """Lines for ``check``, in the order of the file."""
    if not settings.fetch.contact or settings.fetch.contact.endswith(_EXAMPLE_DOMAINS):
        yield report.problem(
            ("fetch", "contact"),
            "put your own address here: publishers see it and can write before they block",
        )
    yield from _feed_warnings(settings, report)
    yield from _topic_warnings(settings, report)
    yield from _receiver_warnings(settings, report)


def _feed_warnings(settings: Settings, report: Reporter) -> Iterator[Problem]:
    if not settings.feeds:
        yield report.problem(
            ("feeds",),
            "no feeds: only what `watcher feeds add` or `import` has added is polled; or add a "
            '[[feeds]] table with url = "https://..."',
        )
    for index, feed in enumerate(settings.feeds):
        if feed.every is not None and feed.every < _OFTEN:
            yield report.problem(
                ("feeds", index, "every"), "polls more than once a minute: publishers may block you"
            )


def _topic_warnings(settings: Settings, report: Reporter) -> Iterator[Problem]:
    for index, topic in enumerate(settings.topics):
        watched = any(not feed.topics or topic.id in feed.topics for feed in settings.feeds)
        if settings.feeds and not watched:
            yield report.problem(("topics", index), f'no feed is watched for "{topic.id}"')
        if unread := _unread_seeds(settings, report, index):
            yield report.problem(
                ("topics", index, "seeds"),
                f"not read: {unread}; a seed is a file that ends in {', '.join(SUFFIXES)}, "
                f'a counter-example one in the subfolder "{NEGATIVE_FOLDER}"',
            )
        told = any(not r.topics or topic.id in r.topics for r in settings.receivers)
        if settings.receivers and not told:
            yield report.problem(("topics", index), f'no receiver is told about "{topic.id}"')


def _unread_seeds(settings: Settings, report: Reporter, index: int) -> str:
    folder = report.written["topics"][index].get("seeds")
    names = unread_in(settings.base / folder) if folder else []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f'"{name}"' for name in names[:_NAMED]) + more


def _receiver_warnings(settings: Settings, report: Reporter) -> Iterator[Problem]:
    if not settings.receivers:
        yield report.problem(("receivers",), "no receivers: hits are stored, but nobody is told")
    tags = {tag for feed in settings.feeds for tag in feed.tags}
    for index, receiver in enumerate(settings.receivers):
        for place in _never_told(receiver.reasons):
            yield report.problem(
                ("receivers", index, "reasons", place),
                f'"{receiver.reasons[place]}" is told only to who was told of the story: '
                f'without "{AlertReason.NEW_HIT}" or "{AlertReason.STAGE_CHANGE}" that is never',
            )
        for place, tag in enumerate(receiver.tags):
            if tag not in tags:
                yield report.problem(
                    ("receivers", index, "tags", place), f'no feed is tagged "{tag}"'
                )


def _never_told(reasons: Sequence[str]) -> list[int]:
    """Which reasons follow an alert that the receiver does not get."""
    if _FIRST.intersection(reasons):
        return []
    return [place for place, reason in enumerate(reasons) if reason in _FURTHER]
