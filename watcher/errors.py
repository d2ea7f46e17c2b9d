"""Errors that cross a module's border. Each names its subject, so that a person can act on it."""

from __future__ import annotations

from dataclasses import dataclass


class WatcherError(Exception):
    """Expected trouble: its text is for the user and is printed without a traceback."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what the user wrote: where it is and what to do about it."""

    where: str
    """File, with the line where it is known: ``config.toml:14``."""
    key: str
    """Key path (``feeds[3].every``), or empty where the whole file is meant."""
    message: str
    """What is wrong, what was expected, what to do."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class ConfigError(WatcherError):
    """The configuration can't be used. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UsageError(WatcherError):
    """The command line asks for something that isn't there or makes no sense."""

    exit_code = 2


class StorageError(WatcherError):
    """The database can't be opened, read or written; the text says which and what to do."""


class NoDatabaseError(StorageError):
    """Nothing was stored yet: the database file is not there."""


class RefusedError(StorageError):
    """The database works, but refuses what it was given: the rows are at fault."""


class AlreadyRunningError(WatcherError):
    """Another watcher holds the lock of this database file."""


class NotFoundError(WatcherError):
    """No hit, alert, feed or story with that id."""

    def __init__(self, noun: str, subject: object) -> None:
        super().__init__(f"no {noun} {subject}")
        self.noun = noun
        self.subject = subject
