"""The short way to the database's address agrees with the long one, or leaves it to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.config import load
from watcher.config.quick import database_of, stages_of

REST = """
[fetch]
contact = "desk@example.org"
[[feeds]]
url = "https://a.example/rss"
[[topics]]
id = "t"
[topics.terms]
place = ["Tskhinvali"]
"""


@pytest.mark.parametrize(
    "line",
    [
        "",
        'database = "sqlite:///db/watcher.sqlite3"',
        'database = "sqlite:////var/lib/w.sqlite3"',
        'database = "sqlite:///../w x.sqlite3"',
    ],
)
def test_it_says_what_loading_says(line: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[watcher]\n{line}\n{REST}", "utf-8")
    assert database_of(path) == load(path, environ={}).watcher.database


@pytest.mark.parametrize(
    "text",
    [
        '[watcher]\ndatabase = "postgresql+psycopg://u:p@h/n"',
        '[watcher]\ndatabase = "sqlite:///${NAME}"',
        '[watcher]\ndatabase = "sqlite:///:memory:"',
        "[watcher]\ndatabase = 3",
        "watcher = 3",
        "not toml",
    ],
)
def test_what_it_does_not_understand_is_left_to_loading(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    assert database_of(path) is None
    assert database_of(tmp_path / "none.toml") is None


def test_stages_are_called_what_loading_calls_them(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    stages = [
        '[[topics.stages]]\nid = "a"\nname = "Ä stage"\nreversal = true\ncues = ["x"]\n',
        '[[topics.stages]]\nid = "b"\ncues = ["y"]\n',
    ]
    path.write_text("[watcher]\n" + REST + "".join(stages), "utf-8")
    loaded = load(path, environ={}).topics[0].stages
    assert [(s.id, s.name, s.reversal) for s in stages_of(path)["t"]] == [
        (s.id, s.name, s.reversal) for s in loaded
    ]
    for odd in ("not toml", "topics = 3", "[[topics]]\nid = 3\nstages = [3]", 'topics = ["x"]'):
        path.write_text(odd, "utf-8")
        assert stages_of(path) == {}
