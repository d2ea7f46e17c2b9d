"""Line numbers for the keys of a TOML text, which ``tomllib`` does not give.

The text is known to be valid (``tomllib`` has read it), so this only follows its structure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INLINE_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


@dataclass(frozen=True, slots=True)
class Locations:
    """Key path -> line (from 1) of every key, table and array element of one TOML text."""

    lines: Mapping[KeyPath, int]

    def line(self, path: KeyPath) -> int | None:
        """Line of the key, else of the nearest table around it; None at the top of the file."""
        for length in range(len(path), 0, -1):
            found = self.lines.get(path[:length])
            if found is not None:
                return found
        return None


def locate(text: str) -> Locations:
    """Find where each key of a valid TOML text stands."""
    return Locations(_Scanner(text.replace("\r\n", "\n")).scan())


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.array_lengths: dict[KeyPath, int] = {}
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._array_header()
            elif self.text[self.at] == "[":
                table = self._table_header()
            else:
                self._assignment(table)
            self._skip(_BLANK)
        return self.lines

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, bisect_right(self.line_starts, self.at))

    def _resolve(self, base: KeyPath, key: tuple[str, ...]) -> KeyPath:
        """The path of a header's key: a name that is an array of tables means its last table."""
        path = base
        for name in key:
            path = (*path, name)
            if path in self.array_lengths:
                path = (*path, self.array_lengths[path] - 1)
        return path

    def _array_header(self) -> KeyPath:
        start, self.at = self.at, self.at + 2
        *parents, last = self._key()
        array = (*self._resolve((), tuple(parents)), last)
        self.at = start
        index = self.array_lengths.get(array, 0)
        self.array_lengths[array] = index + 1
        self._note(array)
        self._note((*array, index))
        self._past_header("]]")
        return (*array, index)

    def _table_header(self) -> KeyPath:
        start, self.at = self.at, self.at + 1
        path = self._resolve((), self._key())
        self.at = start
        for length in range(1, len(path) + 1):
            self._note(path[:length])
        self._past_header("]")
        return path

    def _past_header(self, closing: str) -> None:
        self.at += len(closing)
        self._key()
        self._skip(_INLINE_BLANK)
        self.at += len(closing)

    def _key(self) -> tuple[str, ...]:
        """A dotted key, from before its first name to behind its last."""
        names = []
        while True:
            self._skip(_INLINE_BLANK)
            names.append(self._key_name())
            self._skip(_INLINE_BLANK)
            if not self.text.startswith(".", self.at):
                return tuple(names)
            self.at += 1

    def _key_name(self) -> str:
        bare = _BARE_KEY.match(self.text, self.at)
        if bare:
            self.at = bare.end()
            return bare.group()
        return _unquote(self._string())

    def _string(self) -> str:
        """Step over a string and give it with its quotes; empty where none stands here."""
        for pattern in _STRINGS:
            found = pattern.match(self.text, self.at)
            if found:
                self.at = found.end()
                return found.group()
        return ""

    def _assignment(self, table: KeyPath) -> None:
        start = self.at
        key = self._key()
        behind, self.at = self.at, start
        for length in range(1, len(key) + 1):
            self._note((*table, *key[:length]))
        self.at = behind + 1
        self._skip(_INLINE_BLANK)
        self._value((*table, *key))

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        elif not self._string():
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self.text[self.at] == "]":
                break
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._note((*path, index))
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            if self.text[self.at] == "}":
                break
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._assignment(path)
        self.at += 1


def _unquote(quoted: str) -> str:
    import tomllib

    [name] = tomllib.loads(f"{quoted} = 0")
    return name
