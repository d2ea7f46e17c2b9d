"""What ``watcher init`` writes: a commented configuration and a seeds folder to start from."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from watcher.errors import UsageError


def write_starter(directory: Path) -> list[Path]:
    """Write ``config.toml`` and ``seeds/`` into the folder, and say which files were written.

    Nothing is overwritten: where a file exists already, nothing at all is written and UsageError
    names it.
    """
    starter = resources.files("watcher.config") / "starter"
    wanted = {directory / name: content for name, content in _files(starter, Path())}
    existing = sorted(path for path in wanted if path.exists())
    if existing:
        raise UsageError(
            f"{existing[0]} exists already, nothing was written: name another folder, or edit it"
        )
    made: list[Path] = []
    path = directory
    try:
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as stream:
                made.append(path)
                stream.write(content.read_text("utf-8"))
    except OSError as error:
        # Half a start would be in the way of the next try, which overwrites nothing.
        for begun in made:
            begun.unlink(missing_ok=True)
        # A full disk names no file.
        where = error.filename or path
        raise UsageError(
            f"{where}: can't be written: {error.strerror}; nothing was written"
        ) from error
    return sorted(wanted)


def _files(folder: Traversable, below: Path) -> list[tuple[Path, Traversable]]:
    found: list[tuple[Path, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _files(entry, below / entry.name)
        else:
            found.append((below / entry.name, entry))
    return found
