"""``watcher eval``: what is measured, what is refused, and what a person reads of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from program import answer, watcher
from rich.cells import cell_len
from stored import NOW
from webserver import LoopbackWeb

from watcher.model import TopicId
from watcher.relevance.weights import MODEL_VERSION, Weights
from watcher.storage import Store

TEXT = "The council of Merowin met on Monday to speak of its budget for roads and schools. " * 3
FLOOD = "The dam of Merowin gave way in the night, and floods reached the town below it. " * 3


def row(name: str, label: int | None = 3, **more: Any) -> dict[str, Any]:
    stated = {"id": name, "title": f"Report {name}", "text": TEXT, "lang": "en"}
    return stated | ({} if label is None else {"label": label}) | more


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return file


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{tmp_path / "w.sqlite3"}"\n'
        '[[feeds]]\nurl = "https://a.example/rss"\n'
        '[[topics]]\nid = "dam"\n[topics.terms]\ndam = ["Merowin"]\nact = ["flood*", "gave way"]\n',
        "utf-8",
    )
    return path


def test_stories_are_measured_without_labels_and_bad_rows_are_named(
    config: Path, tmp_path: Path
) -> None:
    times = ("2026-03-01T10:00:00Z", "2026-03-01", "2026-03-01T10:00:00+04:00", None, "")
    rows = [row(f"r{n}", None, published=at, story="one") for n, at in enumerate(times)]
    found = answer("eval", "--stories", written(tmp_path, *rows), config=config)
    assert found["n"] == 5
    assert answer("eval", "--stories", written(tmp_path, *rows[:3]), config=config)["stories"] == 1
    for wrong in ({"published": "yesterday"}, {"published": 1234}, {"title": 5}, {"lang": ["en"]}):
        file = written(tmp_path, rows[0], row("bad", None, **wrong))
        said = watcher("eval", "--stories", file, config=config, code=2).stderr
        [name] = wrong
        assert f"rows.jsonl:2: {name} is" in said
    file = written(tmp_path, rows[0])
    assert "missing label" in watcher("eval", file, config=config, code=2).stderr


def test_stories_name_articles_by_the_ids_that_the_lines_state(
    config: Path, tmp_path: Path
) -> None:
    same = [row("a", None, story="one") | {"id": 1}, row("b", None, story="two") | {"id": 2}]
    for each in same:
        del each["lang"]
    found = answer("eval", "--stories", written(tmp_path, *same), config=config)
    assert found["wrong_merges"] == [[1, 2]]
    assert list(found["by_language_pair"]) == ["en-en"]


def test_lines_may_hold_any_character_and_need_not_state_a_language(
    config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rows.jsonl"
    first, second = row("a", 3, text=FLOOD + "\u2028\x85" + FLOOD), row("b", 0)
    del first["lang"], second["lang"]
    lines = [json.dumps(each, ensure_ascii=False) for each in (first, second)]
    file.write_text("\r\n".join(lines), "utf-8-sig", newline="")
    found = answer("eval", file, config=config)
    assert (found["n"], found["misses"], found["false_alarms"]) == (2, [], [])
    file.write_text(json.dumps(row("a", 3) | {"id": 7}) + "\n", "utf-8")
    assert answer("eval", file, config=config)["misses"] == [7]
    assert {lang: part["n"] for lang, part in found["by_language"].items()} == {"en": 2}


def test_an_article_is_scored_as_it_reads_whatever_holds_it(config: Path, tmp_path: Path) -> None:
    russian = (
        "Южная Осетия: референдум\n\nБибилов сообщил журналистам, что голосование пройдёт летом."
    )
    file = tmp_path / "article.txt"
    file.write_bytes(russian.encode("cp1251"))
    assert answer("score", file, config=config)["title"] == "Южная Осетия: референдум"
    file.write_text("title: The dam of Merowin\nlang: en\n---\nIt gave way.\n", "utf-8")
    assert answer("score", file, config=config)["title"] == "The dam of Merowin"
    file.write_text(f"<article><h1>The dam of Merowin</h1><p>{FLOOD}</p></article>", "utf-8")
    assert answer("score", file, config=config)["title"] == "The dam of Merowin"
    own = tmp_path / "loopback.toml"
    own.write_text(f'{config.read_text()}[fetch]\nallow_private_addresses = ["127.0.0.0/8"]\n')
    text = (
        "<p>W nocy zniszczona została zapora, a woda zalała drogi i szkoły poniżej miasta.</p>" * 4
    )
    page = f"<html><head><title>Powódź w Południowej Łodzi</title></head><body>{text}</body></html>"
    with LoopbackWeb() as web:
        kind = "text/html; charset=iso-8859-2"
        url = web.serve("/powodz", page.encode("iso-8859-2"), content_type=kind)
        assert answer("score", url, config=own)["title"] == "Powódź w Południowej Łodzi"


def test_what_training_saved_is_measured_and_can_be_left_out(config: Path, tmp_path: Path) -> None:
    file = written(tmp_path, row("a", 3))
    before = answer("eval", file, config=config)
    assert before["recall"] == 0
    store = Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")
    eager = {"model": MODEL_VERSION, "weights": {**Weights().points, "start": 9.0}}
    store.review.save_learned(TopicId("dam"), eager, note="test", now=NOW)
    store.close()
    after = answer("eval", file, config=config)
    assert after["recall"] == 1
    assert after["profile_version"] != before["profile_version"]
    assert answer("eval", file, "--defaults", config=config) == before


@pytest.mark.parametrize("columns", [80, 140])
def test_a_report_shows_errors_of_how_many_and_fits(
    config: Path, tmp_path: Path, columns: int
) -> None:
    rows = [row(f"clean-{n}", 0, trap=f"a_long_name_of_a_trap_{n}") for n in range(30)]
    rows += [row(f"flood-{n}", 0, trap="fallen_into", text=FLOOD) for n in range(30)]
    file = written(tmp_path, *rows, row("hit", 3, text=FLOOD))
    text = watcher("eval", file, config=config, env={"COLUMNS": str(columns)}).stdout
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= columns
    [fallen] = [line for line in lines if line.split()[:1] == ["fallen_into"]]
    assert fallen.split()[1:] == ["30", "30", "of", "30"], "no precision where nothing is on topic"
    assert "a_long_name_of_a_trap_7 (1)" in text
    assert len(lines) < 50
