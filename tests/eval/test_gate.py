"""The gate: no labelled file may fare worse than its floors (``gate.py`` says how to move them)."""

from __future__ import annotations

import pytest
from gate import FILES, NEWS, broken, floors, measured, measured_news, present, updated
from labelled import EVAL

AT_LEAST = {"average_precision", "f1", "recall_at_precision_95"}
FLOOR = {
    "digest": "a",
    "figures": {"f1": 0.9, "f1 ru": 0.8},
    "ceilings": {"noise": 1},
    "clean_traps": ["sport"],
}
WORSE = {
    "digest": "b",
    "figures": {"f1": 0.85, "f1 ka": 0.9},
    "ceilings": {"noise": 2},
    "clean_traps": ["history"],
}


def test_every_labelled_file_of_the_project_has_floors() -> None:
    ours = {name for name, (_, path) in FILES.items() if path.parent == EVAL}
    assert {path.stem for path in EVAL.glob("*.jsonl")} == ours
    assert set(FILES) | {"news"} == set(floors())
    for name in FILES:
        figures = floors()[name]["figures"]
        assert figures.keys() >= AT_LEAST
        assert sum(key.startswith("average_precision ") for key in figures) >= 2, "by language"
    first = ("dev", *(name for name in ours if name.startswith("south_ossetia")))
    assert all(
        {f"f1 {lang}" for lang in ("en", "ru", "ka")} <= floors()[n]["figures"].keys()
        for n in first
    )
    assert all(floors()[name]["clean_traps"] for name in first)
    for name, floor in floors().items():
        assert all(least > 0 for least in floor["figures"].values()), f"{name}: 0 holds nothing"
        assert name == "news" or "stories pairwise_recall" in floor["figures"]


def test_whatever_is_worse_is_said() -> None:
    assert not broken(FLOOR, FLOOR)
    assert [line.split(":")[0] for line in broken(WORSE, FLOOR)] == [
        "f1", "f1 ru", "noise", "trap sport", "the labelled file is another one than the floors were set for",
    ]  # fmt: skip


def test_floors_are_lowered_by_nothing_but_the_flag() -> None:
    raised = updated(WORSE, FLOOR, lower=False)
    assert raised["figures"] == {"f1": 0.9, "f1 ru": 0.8, "f1 ka": 0.888}
    assert raised["ceilings"] == {"noise": 1}
    assert raised["clean_traps"] == ["history", "sport"]
    assert raised["digest"] == "a"
    nothing = {"digest": "a", "figures": {"f1": 0.0, "f1 ru": 0.01}}
    kept = updated(nothing, {**FLOOR, "figures": {"f1": 0.5, "f1 ka": 0.0}}, lower=False)
    assert kept["figures"] == {"f1": 0.5}, "a floor that nothing can be under is none"
    lowered = updated(WORSE, FLOOR, lower=True)
    assert lowered["figures"] == {"f1": 0.838, "f1 ka": 0.888}
    assert (lowered["digest"], lowered["ceilings"]) == ("b", {"noise": 2})


@pytest.mark.parametrize("name", present())
def test_no_figure_is_under_its_floor(name: str) -> None:
    assert not broken(measured(name), floors()[name])


@pytest.mark.corpora
@pytest.mark.timeout(450)  # 32,000 articles: half a minute of work, several on a busy machine
def test_real_news_tells_nobody_noise() -> None:
    if not NEWS.exists():
        pytest.skip("../shared/corpora is not here")
    assert not broken(measured_news(), floors()["news"])
