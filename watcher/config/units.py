"""Durations and sizes as people write them: ``1h30m``, ``3d``, ``10MB``, ``5MiB``."""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)?")
_LONGEST = timedelta(days=36500)


def parse_duration(text: str) -> timedelta:
    """``"1h30m"`` as a timedelta; ValueError with what was expected."""
    if not _DURATION.fullmatch(text.strip()):
        raise ValueError('expected a duration such as "30s", "15m", "1h30m" or "3d"')
    seconds = sum(
        float(amount) * _SECONDS[unit] for amount, unit in _DURATION_PART.findall(text.strip())
    )
    if seconds > _LONGEST.total_seconds():
        raise ValueError("a duration over a hundred years is too long")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """The shortest text that ``parse_duration`` reads back: ``1h30m``, ``3d``, ``0s``."""
    rest = value.total_seconds()
    parts = []
    for unit in ("d", "h", "m"):
        amount, rest = divmod(rest, _SECONDS[unit])
        if amount:
            parts.append(f"{int(amount)}{unit}")
    if rest or not parts:
        parts.append(f"{rest:g}s")
    return "".join(parts)


def parse_size(text: str) -> int:
    """``"10MB"`` (decimal) or ``"5MiB"`` (binary) in bytes; ValueError with what was expected."""
    found = _SIZE.fullmatch(text.strip().lower())
    unit = (found.group(2) or "b") if found else ""
    if found is None or unit not in _BYTES:
        raise ValueError('expected a size such as "500kB", "10MB" or "5MiB"')
    return round(float(found.group(1)) * _BYTES[unit])


def format_size(value: int) -> str:
    """The shortest text that ``parse_size`` reads back: ``10MB``, ``5MiB``, ``1500B``."""
    for unit in ("GB", "GiB", "MB", "MiB", "kB", "KiB"):
        factor = _BYTES[unit.lower()]
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return f"{value}B"
