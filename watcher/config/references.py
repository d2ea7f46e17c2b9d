"""``${NAME}`` in the values of a configuration: read from the environment or a credentials folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from watcher.config.locate import KeyPath

CREDENTIALS = "CREDENTIALS_DIRECTORY"
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_MAX_CREDENTIAL = 65_536


class References:
    """Fills references in, remembers what they stood for, and reports those it can't fill."""

    def __init__(self, environ: Mapping[str, str], report: Callable[[KeyPath, str], None]) -> None:
        self.environ = environ
        self.report = report
        self.secrets: list[str] = []
        self.unset: set[KeyPath] = set()

    def fill(self, value: Any, path: KeyPath = ()) -> Any:
        """A copy of a parsed TOML value with every reference in its texts filled in."""
        if isinstance(value, dict):
            return {key: self.fill(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner, (*path, index)) for index, inner in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return _REFERENCE.sub(lambda found: self._read(found.group(1), path), value)
        return value

    def _read(self, name: str, path: KeyPath) -> str:
        try:
            secret = self._look_up(name)
        except ValueError as error:
            self.report(path, str(error))
            self.unset.add(path)
            return ""
        self.secrets.append(secret)
        return secret

    def _look_up(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("a reference is written ${NAME}, with letters, digits and _")
        if self.environ.get(name):
            return self.environ[name]
        folder = self.environ.get(CREDENTIALS)
        content = _read_credential(Path(folder) / name) if folder else ""
        if content:
            return content
        if name in self.environ:
            raise ValueError(f"the environment variable {name} is empty: give it a value")
        place = f"put a file {name} into {folder}" if folder else f"use ${CREDENTIALS}/{name}"
        raise ValueError(f"{name} is not set: set the environment variable, or {place}")


def _read_credential(path: Path) -> str:
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_CREDENTIAL).decode("utf-8").strip()
    except OSError as error:
        raise ValueError(
            f"the credential file {path.name} can't be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise ValueError(f"the credential file {path.name} is not UTF-8 text") from None


def redact(text: str, secrets: tuple[str, ...] | list[str]) -> str:
    """The text with every secret, and every longer part of one, replaced by ``***``."""
    parts = {part for secret in secrets for part in (secret, *_parts(secret))}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def _parts(secret: str) -> list[str]:
    """What a message might quote of a secret URL: everything behind its scheme, piece by piece."""
    _, separator, rest = secret.partition("://")
    return [part for part in re.split(r"[/:@?&=\s]+", rest) if len(part) >= 6] if separator else []
