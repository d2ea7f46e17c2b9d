"""From what pydantic found to lines that a person can act on. No value of a secret gets in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from watcher.config.locate import KeyPath, Locations, locate
from watcher.errors import Problem

_EXPECTED = {
    "string_type": "expected text in quotes",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "list_type": "expected a list in [brackets]",
    "dict_type": "expected a table of keys",
    "model_type": "expected a table of keys",
    "model_attributes_type": "expected a table of keys",
}
_LONGEST_SHOWN = 60


class Reporter:
    """Collects problems of one file; knows where each key stands and how it was written."""

    def __init__(self, name: str, text: str, written: Any) -> None:
        self.name = name
        self._text = text
        self.written = written
        """The parsed file before references were filled in: what may be quoted."""
        self._found: dict[KeyPath, Problem] = {}

    @cached_property
    def locations(self) -> Locations:
        """Looked for with the first problem: that is half the cost of loading 1,000 feeds."""
        return locate(self._text)

    def add(self, path: KeyPath, message: str) -> None:
        """Note a problem with the key at this path; the first one of a key is enough."""
        self._found.setdefault(path, self.problem(path, message))

    def add_elsewhere(self, path: KeyPath, problem: Problem) -> None:
        """Note a problem in another file, to which the key at this path leads."""
        self._found[(*path, problem.where)] = problem

    def has(self, path: KeyPath) -> bool:
        """Whether there is a problem with the key at this path or with its table."""
        return any(path[:length] in self._found for length in range(1, len(path) + 1))

    def sorted(self) -> list[Problem]:
        """All problems in the order of the file."""
        return [
            self._found[path]
            for path in sorted(self._found, key=lambda path: self.locations.line(path) or 0)
        ]

    def problem(self, path: KeyPath, message: str) -> Problem:
        return Problem(self.where(path), format_path(path), message)

    def where(self, path: KeyPath) -> str:
        line = self.locations.line(path)
        return f"{self.name}:{line}" if line else self.name

    def add_validation(self, error: ValidationError, model: type[BaseModel]) -> None:
        """Note everything that pydantic found in the file."""
        for detail in error.errors(include_url=False, include_input=False):
            path = detail["loc"]
            fields = _fields_around(model, detail["loc"])
            if detail["type"] == "extra_forbidden":
                self.add(path, unknown_key(str(path[-1]), fields))
            elif detail["type"] == "missing":
                self.add(path, f"is missing{_describe(model, detail['loc'])}")
            else:
                self.add(path, self._explain(dict(detail), path, is_secret(model, detail["loc"])))

    def _explain(self, detail: dict[str, Any], path: KeyPath, secret: bool) -> str:
        context = detail.get("ctx", {})
        text = _EXPECTED.get(detail["type"], "") or _bounds(detail["type"], context)
        if detail["type"] == "value_error":
            text = str(context["error"])
        elif detail["type"] == "literal_error":
            text = f"expected one of {context['expected'].replace(' or ', ', ')}"
        elif not text:
            text = str(detail["msg"])
        written = _lookup(self.written, path)
        if detail["type"] == "list_type" and isinstance(written, dict):
            header = ".".join(part for part in path if isinstance(part, str))
            return f"there may be several: write [[{header}]], with two brackets"
        # What was written is named by the text, or is no news: that a list is a list.
        judged = not detail["type"].endswith("_type")
        if secret or f'"{written}"' in text or (judged and isinstance(written, (dict, list))):
            return text
        return f"{text}{_got(written)}{_nearest_choice(detail, written)}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """``unknown key`` with the nearest known one, else with all of them."""
    known = sorted(known)
    near = nearest(key, known)
    return f"unknown key; did you mean {near}?" if near else f"unknown key; known: {_join(known)}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean X?``, or ``; known: A, B``, or nothing where nothing is known."""
    known = sorted(known)
    near = nearest(word, known)
    if near:
        return f'; did you mean "{near}"?'
    return f"; known: {_join(known)}" if known else ""


def format_path(path: KeyPath) -> str:
    """``("feeds", 3, "every")`` as ``feeds[3].every``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def is_secret(model: type[BaseModel], loc: tuple[int | str, ...]) -> bool:
    """Whether the value at this place of the model must never be shown."""
    around = _model_around(model, loc)
    field = around.model_fields.get(str(loc[-1])) if around and loc else None
    extra = field.json_schema_extra if field else None
    return isinstance(extra, dict) and bool(extra.get("secret"))


_BOUNDS = {
    "greater_than": ("must be more than {}", "gt"),
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than": ("must be less than {}", "lt"),
    "less_than_equal": ("must be at most {}", "le"),
    "string_too_long": ("must be no longer than {} characters", "max_length"),
    "too_short": ("must not be empty", ""),
    "string_pattern_mismatch": ("must be one line", ""),
}


def _bounds(kind: str, context: Mapping[str, Any]) -> str:
    text, bound = _BOUNDS.get(kind, ("", ""))
    return text.format(f"{context[bound]:g}") if bound else text


def _got(written: Any) -> str:
    match written:
        case bool():
            return f", got {str(written).lower()}"
        case str() if len(written) <= _LONGEST_SHOWN:
            return f', got "{written}"'
        case int() | float():
            return f", got {written}"
        case list():
            return ", got a list"
        case dict():
            return ", got a table"
    return ""


def _nearest_choice(detail: Mapping[str, Any], written: Any) -> str:
    if detail["type"] != "literal_error" or not isinstance(written, str):
        return ""
    choices = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    near = nearest(written, choices)
    return f'; did you mean "{near}"?' if near else ""


def _lookup(written: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            written = written[part]
        except (KeyError, IndexError, TypeError):
            return None
    return written


def _join(words: Iterable[str]) -> str:
    return ", ".join(words)


def _describe(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    around = _model_around(model, loc)
    field = around.model_fields.get(str(loc[-1])) if around else None
    return f": {field.description}" if field and field.description else ""


def _fields_around(model: type[BaseModel], loc: tuple[int | str, ...]) -> Iterable[str]:
    around = _model_around(model, loc)
    return around.model_fields if around else ()


def _model_around(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model whose field the last part of ``loc`` names."""
    from typing import get_args

    current: type[BaseModel] | None = model
    for part in loc[:-1]:
        if isinstance(part, int) or current is None:
            continue
        field = current.model_fields.get(part)
        candidates = (field.annotation, *get_args(field.annotation)) if field else ()
        current = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None
        )
    return current
