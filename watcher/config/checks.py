"""What holds between the tables of a configuration: names that must exist or be unique.

Works on the parsed file and not on the models, so that these problems are found together with
wrong types elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from watcher.config.locate import KeyPath
from watcher.config.models import LearnedFile
from watcher.config.problems import Reporter, did_you_mean

Check = Callable[[str], str | None]
"""Says in words what is wrong with a text, or None."""


def check_references(
    config: Mapping[str, Any], report: Reporter, check_receiver: Check | None
) -> None:
    """Report names that are unknown or doubled, lists that are empty, receivers that are refused."""
    _check_presence(config, report)
    _check_unique(config, report)
    topics = _names(config, "topics", "id")
    for section in ("feeds", "receivers"):
        _check_known(config, section, "topics", topics, report)
    _check_operator(config, report)
    if check_receiver is not None:
        _check_receivers(config, report, check_receiver)


def _check_presence(config: Mapping[str, Any], report: Reporter) -> None:
    # Feeds may all be added by command, and `score` and `eval` need none.
    if config.get("topics", []) == []:
        report.add(
            ("topics",), 'no topics: add at least one [[topics]] table with id = "..." and terms'
        )


def _check_unique(config: Mapping[str, Any], report: Reporter) -> None:
    for section, key in (
        ("feeds", "url"),
        ("feeds", "name"),
        ("topics", "id"),
        ("receivers", "name"),
    ):
        _check_unique_key((section,), tables(config, section), key, report)
    for index, topic in tables(config, "topics"):
        _check_unique_key(("topics", index, "stages"), tables(topic, "stages"), "id", report)


def _check_unique_key(
    base: KeyPath, rows: Iterator[tuple[int, Mapping[str, Any]]], key: str, report: Reporter
) -> None:
    seen: dict[str, int] = {}
    for index, row in rows:
        value = row.get(key)
        if not isinstance(value, str):
            continue
        first = seen.setdefault(value, index)
        if first != index:
            line = report.locations.line((*base, first, key))
            report.add((*base, index, key), f"is the same as in line {line}: each must be its own")


def _check_known(
    config: Mapping[str, Any], section: str, key: str, known: list[str], report: Reporter
) -> None:
    for index, row in tables(config, section):
        names = row.get(key)
        for place, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name not in known:
                hint = did_you_mean(name, known)
                report.add((section, index, key, place), f'no topic has the id "{name}"{hint}')


def _check_operator(config: Mapping[str, Any], report: Reporter) -> None:
    operator = config.get("operator")
    name = operator.get("receiver") if isinstance(operator, dict) else None
    known = _names(config, "receivers", "name")
    if isinstance(name, str) and name not in known:
        hint = did_you_mean(name, known)
        report.add(("operator", "receiver"), f'no receiver has the name "{name}"{hint}')


def _check_receivers(config: Mapping[str, Any], report: Reporter, check_receiver: Check) -> None:
    for index, row in tables(config, "receivers"):
        path: KeyPath = ("receivers", index, "url")
        url = row.get("url")
        if isinstance(url, str) and url and not report.has(path):
            trouble = check_receiver(url)
            if trouble:
                report.add(path, trouble)


def read_learned(
    config: Mapping[str, Any], base: Path, report: Reporter
) -> dict[int, dict[str, Any]]:
    """What was learned of the topics before, by their number; reports files that can't be used."""
    learned = {}
    for index, row in tables(config, "topics"):
        name = row.get("learned")
        if not isinstance(name, str) or not name.strip():
            continue
        try:
            learned[index] = LearnedFile.model_validate_json(
                (base / name).read_bytes()
            ).model_dump()
        except OSError as error:
            report.add(("topics", index, "learned"), f'can\'t read "{name}": {error.strerror}')
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            report.add(
                ("topics", index, "learned"),
                f'"{name}" is not what `topics train --out` writes: {where} {first["msg"]}',
            )
    return learned


def read_templates(
    config: Mapping[str, Any], base: Path, report: Reporter, check: Check | None
) -> dict[int, str]:
    """The templates of the receivers by their number; reports those that can't be used."""
    templates = {}
    for index, row in tables(config, "receivers"):
        name = row.get("template")
        if not isinstance(name, str) or not name.strip():
            continue
        try:
            templates[index] = (base / name).read_text("utf-8")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
            report.add(("receivers", index, "template"), f'can\'t read "{name}": {why}')
            continue
        trouble = check(templates[index]) if check else None
        if trouble:
            report.add(("receivers", index, "template"), f'the template "{name}": {trouble}')
    return templates


def check_model(
    config: Mapping[str, Any], base: Path, report: Reporter, check: Callable[[Path], str | None]
) -> None:
    """Report an embedding model that can't be used."""
    section = config.get("semantic")
    name = section.get("model") if isinstance(section, dict) else None
    if isinstance(name, str) and name.strip():
        trouble = check(base / name)
        if trouble:
            report.add(("semantic", "model"), f'"{name}": {trouble}')


def tables(config: Mapping[str, Any], section: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The tables of ``[[section]]`` with their index, whatever else may stand there."""
    rows = config.get(section)
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            yield index, row


def _names(config: Mapping[str, Any], section: str, key: str) -> list[str]:
    return [row[key] for _, row in tables(config, section) if isinstance(row.get(key), str)]
