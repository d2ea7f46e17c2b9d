"""What the operator hears of the watcher's own troubles: once when they begin, once when they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.model import check_aware

QUIET = timedelta(days=1)
"""A cause that was told is not told again within this time, however often it comes and goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One trouble: its stable key, what it is, since when, and whether it was told."""

    key: str
    detail: str
    since: datetime
    told_at: datetime | None = None
    cleared_at: datetime | None = None

    def __post_init__(self) -> None:
        check_aware(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDecision:
    """What to tell now, and the causes as they are to be kept."""

    begun: tuple[Cause, ...]
    ended: tuple[Cause, ...]
    keep: tuple[Cause, ...]


def settle(
    current: Mapping[str, str], known: Mapping[str, Cause], *, now: datetime
) -> NoticeDecision:
    """Compare what is wrong now (key -> detail) with what was known."""
    begun, ended, keep = [], [], []
    for key, detail in sorted(current.items()):
        cause = known.get(key)
        if cause is None or cause.cleared_at is not None:
            told = cause.told_at if cause else None
            cause = Cause(key=key, detail=detail, since=now, told_at=told)
        cause = replace(cause, detail=detail)
        told_lately = cause.told_at is not None and (
            cause.told_at >= cause.since or now - cause.told_at < QUIET
        )
        if not told_lately:
            cause = replace(cause, told_at=now)
            begun.append(cause)
        keep.append(cause)
    for key, cause in sorted(known.items()):
        if key in current or cause.cleared_at is not None:
            continue
        cleared = replace(cause, cleared_at=now)
        # An end is news only to who heard of the beginning.
        if cause.told_at is not None and cause.told_at >= cause.since:
            ended.append(cleared)
        keep.append(cleared)
    return NoticeDecision(begun=tuple(begun), ended=tuple(ended), keep=tuple(keep))
