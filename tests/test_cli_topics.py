"""``watcher topics``: what a person reads of a topic, and that it fits the terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from program import answer, watcher
from rich.cells import cell_len
from stored import NOW, keep

from watcher.storage import Store

LONG = "The leader of South Ossetia signs a decree that sets the date of a referendum on joining Russia"
TERMS = [f"Цхинвальский район номер {n}" for n in range(200)]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("topics")
    store = Store(f"sqlite:///{folder / 'w.sqlite3'}")
    keep(store, "one", title=LONG, text=LONG, stage="date", at=NOW + timedelta(days=1))
    store.close()
    path = folder / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{folder / "w.sqlite3"}"\n'
        '[[feeds]]\nurl = "https://a.example/rss"\n'
        '[[topics]]\nid = "t"\nmax_age = "12h"\n'
        f"[topics.terms]\nplace = {json.dumps(TERMS, ensure_ascii=False)}\nact = ['referendum']\n"
        '[[topics.stages]]\nid = "date"\nname = "Date set"\ncues = ["signed a decree"]\n'
        '[[topics.stages]]\nid = "off"\nname = "Off"\ncues = ["cancelled"]\nreversal = true\n',
        "utf-8",
    )
    return path


@pytest.mark.parametrize("columns", [45, 80, 140])
@pytest.mark.parametrize(
    "words",
    [("topics", "show", "t"), ("topics", "show", "t", "--all"), ("topics", "timeline", "t"),
     ("topics", "backtest", "t", "--since", "999w")],
    ids=lambda words: " ".join(words[1:]),
)  # fmt: skip
def test_everything_fits_its_terminal(config: Path, columns: int, words: tuple[str, ...]) -> None:
    text = watcher(*words, config=config, env={"COLUMNS": str(columns)}).stdout
    assert max(map(cell_len, text.splitlines())) <= columns


def test_a_topic_shows_how_many_terms_there_are_and_all_on_request(config: Path) -> None:
    env = {"COLUMNS": "80"}
    text = watcher("topics", "show", "t", config=config, env=env).stdout
    assert len(text.splitlines()) < 15
    assert "place, 200 terms" in text
    assert "act, 1 term: referendum" in " ".join(text.split())
    assert "12h old" in text
    assert "Off (1 cue, a step back)" in text
    whole = " ".join(watcher("topics", "show", "t", "--all", config=config, env=env).stdout.split())
    assert all(term in whole for term in TERMS)
    assert answer("topics", "show", "t", config=config)["terms"]["place"] == TERMS


def test_one_is_one(config: Path) -> None:
    text = watcher("topics", "backtest", "t", "--since", "999w", config=config).stdout
    assert "1 article of 1 day: 1 hit before" in text
    assert "0 stories" in text
