"""What a configuration file says, checked and frozen: the only thing other modules see of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from watcher.errors import Problem
from watcher.model import FeedSpec, ReceiverSpec, TopicSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherSection:
    """``[watcher]``"""

    database: str = field(repr=False)
    """SQLAlchemy URL; may carry a password. An SQLite path is absolute by now."""
    workers: int | None = None
    """Worker processes for parsing and scoring; None: as many as there are cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSection:
    """``[fetch]``"""

    contact: str
    timeout: timedelta
    max_bytes: int
    concurrency: int
    per_host: int
    per_host_delay: timedelta
    allow_private_addresses: tuple[IPv4Network | IPv6Network, ...]
    min_every: timedelta
    max_every: timedelta
    robots: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSection:
    """``[operator]``: who hears about trouble with the watcher itself."""

    receiver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticSection:
    """``[semantic]``: the embedding model that scores may rest on besides."""

    model: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSection:
    """``[output]``: files kept up to date."""

    atom: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One configuration file, with its seeds read and its references filled in."""

    path: Path
    base: Path
    """The folder that relative paths start from."""
    watcher: WatcherSection
    fetch: FetchSection
    feeds: tuple[FeedSpec, ...]
    topics: tuple[TopicSpec, ...]
    receivers: tuple[ReceiverSpec, ...] = ()
    operator: OperatorSection = OperatorSection()
    output: OutputSection = OutputSection()
    semantic: SemanticSection = SemanticSection()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Every value that a ``${NAME}`` stood for, and every receiver URL: for redacting logs."""
    warnings: tuple[Problem, ...] = ()
    """Nothing that stops the watcher, but worth a line in ``check``."""
