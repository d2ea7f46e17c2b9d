"""What the parent and the sending child say to each other: one JSON object per line.

Imports nothing heavy, since the child reads it before anything else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One try to send one message to one receiver."""

    url: str = field(repr=False)
    kind: str
    """``mail``, ``json`` or ``apprise``."""
    subject: str
    text: str
    message_id: str
    html: str | None = None
    format: str = "text"
    level: str = "info"
    stories: tuple[str, ...] = ()
    list_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    """The ``watcher`` key of a webhook body."""
    skip: tuple[str, ...] = ()
    """Marks of a mail's recipients who got it in an earlier try."""
    split: bool = False
    rewrite_hosts: dict[str, str] = field(default_factory=dict)
    """For tests: services with a fixed address are reached at another one."""

    def encode(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Job:
        """The inverse of ``encode``."""
        raw = json.loads(line)
        return cls(**{**raw, "stories": tuple(raw["stories"]), "skip": tuple(raw["skip"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the child says about a job."""

    state: str
    """``sent``, ``retry`` or ``permanent``."""
    ambiguous: bool = False
    detail: str = ""
    retry_after: float | None = None
    accepted: tuple[str, ...] = ()
    """Marks of a mail's recipients who have it now."""

    def encode(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Report:
        """The inverse of ``encode``."""
        raw = json.loads(line)
        return cls(**{**raw, "accepted": tuple(raw["accepted"])})


HANDING = b'{"handing": true}\n'
"""Said once per job, just before the other side may have the message."""
