"""Only the database's address, for commands that look at what is stored and need no more.

Checking the whole file takes a third of a second; a listing should not wait for it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

_SQLITE = "sqlite:///"


def database_of(path: Path) -> str | None:
    """The address as ``load`` would give it; None where only ``load`` can say, or say why not."""
    try:
        written = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
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
