"""The database's address and the names of stages, for commands that only look at what is stored.

Checking the whole file takes a third of a second; a listing should not wait for it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

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


def stage_names_of(path: Path) -> dict[tuple[str, str], str]:
    """Topic and stage id to the stage's name, of all that are rightly written."""
    names = {}
    for topic in _tables(_read(path) or {}, "topics"):
        for stage in _tables(topic, "stages"):
            told = topic.get("id"), stage.get("id"), stage.get("name")
            if all(isinstance(value, str) for value in told):
                names[str(told[0]), str(told[1])] = str(told[2])
    return names


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None


def _tables(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = table.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
