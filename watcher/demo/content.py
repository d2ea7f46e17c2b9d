"""The sample outlets and their entries, read from the data files of this package.

Every word in ``content/`` is invented and written for the demonstration. An outlet is one TOML
file; an entry's ``age`` says how long before "now" it was published, so that the news is fresh
whenever the demonstration runs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

_AGE = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")


class FeedFormat(StrEnum):
    """The formats in which the outlets publish."""

    RSS = "rss"
    ATOM = "atom"
    RDF = "rdf"
    JSON = "json"


class EntryKind(StrEnum):
    """What the watcher is expected to make of an entry."""

    ON_TOPIC = "on-topic"
    TRAP = "trap"  # looks like the topic by name or by subject, and isn't
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEntry:
    """One invented article, with what is true about it."""

    slug: str
    age: timedelta
    section: str
    title: str
    summary: str
    paragraphs: tuple[str, ...]
    author: str = ""
    kind: EntryKind = EntryKind.ORDINARY
    story: str | None = None
    """The event told: the same for every telling of it, in any language."""
    trap: str | None = None
    reprint_of: str | None = None
    """``outlet/slug`` of the article that this one repeats nearly word for word."""
    related: tuple[str, ...] = ()
    """Headlines for the block of related links; empty: the neighbours in the outlet."""
    held: bool = False
    """Not published until ``SampleWeb.release()``."""
    gone: bool = False
    """In the feed, but its page answers 404."""
    tracking: str = ""

    @property
    def path(self) -> str:
        """Path of the article page."""
        return f"/news/{self.slug}"

    @property
    def link(self) -> str:
        """The path as the feed states it, with the outlet's tracking parameters."""
        return f"{self.path}?{self.tracking}" if self.tracking else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """An invented publisher with one feed."""

    id: str
    name: str
    publisher: str
    tagline: str
    lang: str
    format: FeedFormat
    entries: tuple[SampleEntry, ...]
    charset: str = "utf-8"
    utc_offset: int = 0
    full_content: bool = False
    """Whether the feed carries the whole text, not only a summary."""


@cache
def outlets() -> tuple[Outlet, ...]:
    """All outlets, in the order of their file names."""
    named = sorted(_folder("content").iterdir(), key=lambda file: file.name)
    return tuple(
        _outlet(tomllib.loads(file.read_text("utf-8"))) for file in named if file.name[:1].isdigit()
    )


@cache
def furniture() -> Mapping[str, Mapping[str, Any]]:
    """What surrounds an article on its page, by language."""
    return tomllib.loads(_folder("content").joinpath("furniture.toml").read_text("utf-8"))


def seeds() -> Mapping[str, str]:
    """File name -> text of the example articles for the demonstration's topic."""
    folder = _folder("content").joinpath("seeds")
    return {file.name: file.read_text("utf-8") for file in folder.iterdir()}


def config() -> str:
    """The demonstration's configuration file, without feeds and receivers."""
    return _folder("content").joinpath("config.toml").read_text("utf-8")


def template(name: str) -> str:
    """The text of a page or feed template."""
    return _folder("templates").joinpath(name).read_text("utf-8")


def age_of(text: str) -> timedelta:
    """``2d3h10m`` as a duration; ValueError for anything else."""
    match = _AGE.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"not an age: {text!r}")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _folder(name: str) -> Traversable:
    return files("watcher.demo").joinpath(name)


def _outlet(raw: dict[str, Any]) -> Outlet:
    tracking = raw.pop("tracking", "")
    entries = tuple(_entry(fields, tracking) for fields in raw.pop("entries"))
    return Outlet(**{**raw, "format": FeedFormat(raw["format"]), "entries": entries})


def _entry(raw: dict[str, Any], tracking: str) -> SampleEntry:
    paragraphs = tuple(" ".join(part.split()) for part in raw.pop("text").split("\n\n"))
    return SampleEntry(
        **{
            **raw,
            "age": age_of(raw["age"]),
            "kind": EntryKind(raw.get("kind", "ordinary")),
            "summary": raw.get("summary", paragraphs[0]),
            "related": tuple(raw.get("related", ())),
            "paragraphs": paragraphs,
            "tracking": tracking,
        }
    )
