"""``watcher stories``: what is listed of a story, and how it reads on a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from program import answer, watcher
from rich.cells import cell_len
from stored import NOW, keep

from watcher.storage import Store

LONG = "South Ossetia's leader signs a decree on a referendum on joining Russia this winter"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stories")
    store = Store(f"sqlite:///{folder / 'w.sqlite3'}")
    late = keep(store, "late", title=LONG, text="x", receivers=("desk",), publisher="a.example")
    story = store.review.hit(late).story_id
    keep(
        store, "first", lang="ka", title="რეფერენდუმი სამხრეთ ოსეთში", text="x", story=story,
        at=NOW - timedelta(days=1), publisher="a-publisher-with-a-long-name.example", stage="date",
    )  # fmt: skip
    keep(store, "unknown", lang=None, title="?", text="x", story=story, at=NOW + timedelta(hours=1))
    keep(store, "other", title="Another event", text="x", at=NOW - timedelta(days=2))
    store.close()
    path = folder / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{folder / "w.sqlite3"}"\n'
        '[[feeds]]\nurl = "https://a.example/rss"\n'
        '[[topics]]\nid = "t"\n[topics.terms]\nplace = ["Tskhinvali"]\n'
        '[[topics.stages]]\nid = "date"\nname = "Date set"\ncues = ["signed a decree"]\n',
        "utf-8",
    )
    return path


def test_a_story_as_data_has_its_languages_and_its_course(config: Path) -> None:
    listed = answer("stories", config=config)
    assert [story["languages"] for story in listed] == [["en", "ka"], ["en"]]
    for shown in (listed[0], answer("stories", "show", str(listed[0]["id"]), config=config)):
        course = shown["timeline"]
        assert [moment["lang"] for moment in course] == ["ka", "en", None]
        times = [datetime.fromisoformat(moment["at"]) for moment in course]
        assert times == [NOW - timedelta(days=1), NOW, NOW + timedelta(hours=1)]
        assert [moment["stage"] for moment in course] == ["date", None, None]
        assert [moment["alerted"] for moment in course] == [False, True, False]


@pytest.mark.parametrize("columns", [80, 140])
def test_a_story_on_a_terminal_gives_the_headline_the_room(config: Path, columns: int) -> None:
    first = answer("stories", config=config)[0]
    env = {"COLUMNS": str(columns), "TZ": "UTC"}
    text = watcher("stories", "show", str(first["id"]), config=config, env=env).stdout
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert [line for line in lines if line.endswith("2026") and "March" in line]
    assert "Date set" in text
    assert "told" in text
    [headline] = [line for line in lines if "12:00" in line and "South" in line]
    shown = headline[headline.index("South") :]
    assert LONG.startswith(shown[:40])
    assert len(shown) > 40
    listed = watcher("stories", config=config, env=env).stdout
    assert max(map(cell_len, listed.splitlines())) <= columns
    assert ("en, ka" in listed) is (columns == 140)
