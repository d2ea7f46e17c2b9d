"""The configuration: the only reader of ``config.toml``, of seeds and of the environment.

``load`` imports pydantic; importing this package does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from watcher.config.settings import (
    FetchSection,
    OperatorSection,
    OutputSection,
    SemanticSection,
    Settings,
    WatcherSection,
)
from watcher.config.starter import write_starter

__all__ = [
    "FetchSection",
    "OperatorSection",
    "OutputSection",
    "SemanticSection",
    "Settings",
    "WatcherSection",
    "find",
    "load",
    "write_starter",
]

VARIABLE = "WATCHER_CONFIG"
FILE_NAME = "config.toml"
SYSTEM_WIDE = Path("/etc/watcher/config.toml")


def find(named: Path | None, *, environ: Mapping[str, str], folder: Path = Path()) -> Path:
    """Which configuration file is meant: the named one, ``$WATCHER_CONFIG``, the one in the
    folder, the system-wide one. Need not exist: ``load`` says what to do then."""
    if named is not None:
        return named
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    local = folder / FILE_NAME
    return SYSTEM_WIDE if not local.exists() and SYSTEM_WIDE.exists() else local


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    check_receiver: Callable[[str], str | None] | None = None,
    check_template: Callable[[str], str | None] | None = None,
    check_embedding: Callable[[Path], str | None] | None = None,
) -> Settings:
    """Read a configuration file with its seeds, templates and ``${NAME}`` references.

    ``check_receiver`` says in words what is wrong with a receiver's URL, ``check_template`` with the
    source of its template (the notify adapter knows both), ``check_embedding`` with the folder of an
    embedding model (the workers know).
    Raises ConfigError with every problem found: file, line, key and what to do; never a secret.
    """
    from watcher.config.loading import load_settings

    return load_settings(
        path,
        environ=environ,
        check_receiver=check_receiver,
        check_template=check_template,
        check_embedding=check_embedding,
    )
