"""Load a configuration file: everything wrong with it is reported at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from watcher.config.build import build_settings
from watcher.config.checks import (
    Check,
    check_model,
    check_references,
    read_learned,
    read_templates,
    tables,
)
from watcher.config.models import ConfigFile
from watcher.config.problems import Reporter
from watcher.config.references import References, redact
from watcher.config.seeds import read_seeds
from watcher.config.settings import Settings
from watcher.config.warnings import find_warnings
from watcher.errors import ConfigError, Problem
from watcher.model import SeedData

_MAX_BYTES = 5_000_000


def load_settings(
    path: Path,
    *,
    environ: Mapping[str, str],
    check_receiver: Check | None,
    check_template: Check | None,
    check_embedding: Callable[[Path], str | None] | None,
) -> Settings:
    """See ``watcher.config.load``."""
    text = _read(path)
    written = _parse(path, text)
    report = Reporter(str(path), text, written)
    references = References(environ, report.add)
    config = references.fill(written)
    base = path.parent.absolute()

    checked = _validate(config, report)
    check_references(config, report, check_receiver)
    templates = read_templates(config, base, report, check_template)
    if check_embedding is not None:
        check_model(config, base, report, check_embedding)
    seeds = _read_all_seeds(config, base, report)
    learned = read_learned(config, base, report)
    secrets = tuple(references.secrets) + _receiver_urls(config)
    problems = [_without(secrets, problem) for problem in report.sorted()]
    if problems or checked is None:
        raise ConfigError(problems)
    settings = build_settings(
        checked,
        path=path,
        base=base,
        seeds=seeds,
        learned=learned,
        templates=templates,
        secrets=secrets,
    )
    return replace(settings, warnings=tuple(find_warnings(settings, report)))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            body = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise _whole_file(
            path, "there is no such file: write one with `watcher init`, or name it with --config"
        ) from None
    except OSError as error:
        raise _whole_file(path, f"can't be read: {error.strerror}") from None
    if len(body) > _MAX_BYTES:
        raise _whole_file(path, "is over 5 MB: that is no configuration file")
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise _whole_file(path, "is not UTF-8: save it again as UTF-8 text", line) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        message = found.group(1) if found else str(error)
        line = int(found.group(2) or text.count("\n") + 1) if found else None
        raise _whole_file(path, f"is not valid TOML: {message}", line) from None
    except (RecursionError, ValueError):
        raise _whole_file(
            path, "is not valid TOML: nested too deep, or a number too long"
        ) from None


def _whole_file(path: Path, message: str, line: int | None = None) -> ConfigError:
    return ConfigError([Problem(f"{path}:{line}" if line else str(path), "", message)])


def _validate(config: dict[str, Any], report: Reporter) -> ConfigFile | None:
    try:
        return ConfigFile.model_validate(config)
    except ValidationError as error:
        report.add_validation(error, ConfigFile)
        return None


def _read_all_seeds(
    config: dict[str, Any], base: Path, report: Reporter
) -> dict[int, tuple[SeedData, ...]]:
    seeds = {}
    for index, topic in tables(config, "topics"):
        folder = topic.get("seeds")
        path = ("topics", index, "seeds")
        if isinstance(folder, str) and folder.strip() and not report.has(path):
            found, problems = read_seeds(base / folder, folder)
            seeds[index] = tuple(found)
            for file, message in problems:
                if file:
                    report.add_elsewhere(path, Problem(file, "", message))
                else:
                    report.add(path, message)
    return seeds


def _receiver_urls(config: dict[str, Any]) -> tuple[str, ...]:
    rows = (row.get("url") for _, row in tables(config, "receivers"))
    # A bare "json://" hides nothing, and would be struck out of what is said about it.
    return tuple(url for url in rows if isinstance(url, str) and url.partition("://")[2])


def _without(secrets: tuple[str, ...], problem: Problem) -> Problem:
    return replace(problem, message=redact(problem.message, secrets))
