"""How things are printed: tables that fit, times as people say them, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer

from watcher.text.clean import terminal_safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def emit(value: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def json_line(value: Any) -> str:
    """A JSON value on one line."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def console(*, stderr: bool = False) -> Console:
    """A console that never interprets what came from outside."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False)


def table(*columns: str | tuple[str, dict[str, Any]]) -> Table:
    """A table without boxes: it survives copying and narrow terminals."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for column in columns:
        name, options = (column, {}) if isinstance(column, str) else column
        made.add_column(name, **options)
    return made


def safe(text: object) -> str:
    """Text from outside, safe for a terminal; old rows are cleaned again too."""
    return terminal_safe("" if text is None else str(text))


def say(text: str) -> None:
    """A plain line on stdout."""
    typer.echo(text)


def note(text: str) -> None:
    """A plain line on stderr."""
    typer.echo(text, err=True)


def ago(at: datetime | None, now: datetime) -> str:
    """``3 min``, ``2 h``, ``4 d``; ``in 5 min`` for the future; ``never`` for None."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h")):
        if size < limit:
            shown = f"{size / unit:.0f} {name}"
            break
    else:
        shown = f"{size / 86400:.0f} d"
    return f"in {shown}" if seconds < -1 else shown


def due(at: datetime | None, now: datetime) -> str:
    """When something that was planned happens: ``in 5 min``, ``now``, ``10 min late``."""
    if at is None:
        return "never"
    if abs((now - at).total_seconds()) < 5:
        return "now"
    return ago(at, now) if at > now else f"{ago(at, now)} late"


def short_time(at: datetime | None) -> str:
    """Local date and minute."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def now_utc() -> datetime:
    """The time at the edge."""
    return datetime.now(UTC)


def is_interactive() -> bool:
    """Whether a person watches stderr."""
    return sys.stderr.isatty()


def bullet_list(lines: Iterable[str]) -> None:
    """Lines with a dash."""
    for line in lines:
        say(f"- {line}")


def plural(number: int, one: str, many: str | None = None) -> str:
    """``1 hit``, ``2 hits``; ``many`` where that is not the word with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
