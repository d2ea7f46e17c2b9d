"""Labelled articles and the topics that they are about."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from watcher.config import load
from watcher.model import ArticleText, SeedData, TopicId, TopicSpec
from watcher.relevance import Scorer, compile_profile

ROOT = Path(__file__).parents[1]
EVAL = ROOT / "tests" / "eval"
SHARED = ROOT.parent / "shared"


@cache
def first_topic() -> TopicSpec:
    """The topic of the project's own configuration."""
    return load(ROOT / "config.toml", environ={}).topics[0]


@cache
def example_topic(name: str) -> TopicSpec:
    """One of the small example topics beside the labelled articles."""
    folder = EVAL / "topics" / name
    stated = tomllib.loads((folder / "terms.toml").read_text("utf-8"))
    return TopicSpec(
        id=TopicId(name),
        name=name,
        seeds=tuple(
            SeedData(name=path.name, text=path.read_text("utf-8"))
            for path in sorted((folder / "seeds").iterdir())
        ),
        terms={group: tuple(terms) for group, terms in stated["terms"].items()},
    )


@cache
def scorer_of(topic: str) -> Scorer:
    """A scorer with the default weights."""
    spec = first_topic() if topic == first_topic().id else example_topic(topic)
    return Scorer([compile_profile(spec)])


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a labelled file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def article_of(row: dict[str, Any]) -> ArticleText:
    """A labelled row as an article."""
    return ArticleText(title=row["title"] or "", text=row["text"] or "", lang=row.get("lang"))


def digest(path: Path) -> str:
    """What tells one content of a file from another."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
