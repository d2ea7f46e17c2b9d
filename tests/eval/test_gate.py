"""The gate: no labelled file may fare worse than its floors (``gate.py`` says how to move them)."""

from __future__ import annotations

import pytest
from gate import NEWS, broken, floors, measured, measured_news, present


@pytest.mark.parametrize("name", present())
def test_no_figure_is_under_its_floor(name: str) -> None:
    assert not broken(measured(name), floors()[name])


@pytest.mark.corpora
def test_real_news_tells_nobody_noise() -> None:
    if not NEWS.exists():
        pytest.skip("../shared/corpora is not here")
    assert not broken(measured_news(), floors()["news"])
