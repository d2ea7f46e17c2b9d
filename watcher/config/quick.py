"""The database's address, the feeds' addresses and the topics' ladders, for commands that only look at what is stored.

Checking the whole file takes a third of a second; a listing should not wait for it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from watcher.model import StageSpec

_SQLITE = "sqlite:///"


def database_of(path: Path) -> str | None:
    """The address as ``load`` would give it; None where only ``load`` can say, or say why not."""
    written = _read(path)
    if written is None:
        return None
    section = written.get("watcher", {})
    url = (
        section.get("database", f"{_SQLITE}db/watcher.sqlite3") if isinstance(section, dict) else 0
    )
    if not isinstance(url, str) or not url.startswith(_SQLITE) or "${" in url or "?" in url:
        return None
    name = url.removeprefix(_SQLITE)
    if name.strip("/:") in ("", "memory"):
        return None
    return f"{_SQLITE}{path.parent.absolute() / name}"


def feed_urls_of(path: Path) -> set[str]:
    """The feeds' addresses as they are written."""
    rows = _tables(_read(path) or {}, "feeds")
    return {row["url"] for row in rows if isinstance(row.get("url"), str)}


def stages_of(path: Path) -> dict[str, tuple[StageSpec, ...]]:
    """Every topic's ladder by the topic's id, without the cues; nothing of what is written wrongly."""
    ladders = {}
    for topic in _tables(_read(path) or {}, "topics"):
        rungs = [
            StageSpec(
                id=row["id"],
                name=row["name"] if isinstance(row.get("name"), str) else row["id"],
                cues=(),
                reversal=row.get("reversal") is True,
            )
            for row in _tables(topic, "stages")
            if isinstance(row.get("id"), str)
        ]
        if rungs and isinstance(topic.get("id"), str):
            ladders[topic["id"]] = tuple(rungs)
    return ladders


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None


def _tables(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = table.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
