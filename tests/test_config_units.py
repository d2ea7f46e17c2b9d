"""Durations and sizes as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config.units import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("1h30m", 5400), ("3d", 259_200), ("0s", 0), ("1w", 604_800),
     (" 1h 30m ", 5400), ("0.5s", 0.5)],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1y", "15 minutes", "1h30", "1e3s", "٣s x"])
def test_what_is_no_duration_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_duration(text)


def test_a_duration_beyond_any_use_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_duration("9" * 400 + "d")


@pytest.mark.parametrize(
    ("text", "size"),
    [("10MB", 10_000_000), ("5MiB", 5_242_880), ("500kB", 500_000), ("1.5 GB", 1_500_000_000),
     ("123", 123), ("7b", 7)],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "10 apples", "-5MB", "10TB"])
def test_what_is_no_size_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_size(text)


@given(st.integers(0, 10**9))
def test_written_durations_read_back(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    assert parse_duration(format_duration(value)) == value


@given(st.integers(0, 10**13))
def test_written_sizes_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size
