"""``watcher hits``: what is printed and handed on, by the installed program."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from program import WATCHER, answer, watcher
from rich.cells import cell_len
from stored import NOW, keep

from watcher.cli.export import as_csv
from watcher.cli.screen import fit, wrap
from watcher.model import HitKind
from watcher.output import AtomEntry, atom, write_atom
from watcher.pipeline.following import follow
from watcher.storage import HitFilter, Store

HOSTILE = '=HYPERLINK("http://evil")\x1b]8;;http://evil\x07click\x1b]8;;\x07 \u202egnp.exe <b>&'
CONTRACT = {
    "id", "topic", "score", "title", "url", "feed", "publisher", "lang", "published_at",
    "first_seen_at", "story_id", "verdict", "partial", "reasons",
}  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    store = Store(f"sqlite:///{folder / 'w.sqlite3'}")
    first = keep(
        store, "ru", lang="ru", title="Итоги референдума в Южной Осетии", evidence="Бибилов",
        text="Вступление. " * 20 + "Анатолий Бибилов говорил с прессой.\n\nКонец.",
        receivers=("desk",),
    )  # fmt: skip
    story = store.review.hit(first).story_id
    keep(
        store, "ka", lang="ka", title="რეფერენდუმი სამხრეთ ოსეთში", text="ტექსტი", story=story,
        at=NOW - timedelta(hours=2), publisher="b.example", value=64,
    )  # fmt: skip
    keep(store, "zh", lang="zh", title="南奥塞梯将举行公投，决定是否加入俄罗斯联邦，消息人士说" * 3,
         text="正文", at=NOW - timedelta(days=1), partial=True)  # fmt: skip
    keep(store, "evil", title=HOSTILE, text="Text", topic="other", at=NOW - timedelta(days=2))
    keep(store, "near", title="A near miss", text="Text", kind=HitKind.NEAR_MISS, value=40)
    store.close()
    path = folder / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{folder / "w.sqlite3"}"\n'
        '[[feeds]]\nurl = "https://a.example/rss"\n'
        '[[topics]]\nid = "t"\n[topics.terms]\nplace = ["Tskhinvali"]\n',
        "utf-8",
    )
    return path


@pytest.mark.parametrize("columns", [80, 140])
def test_a_listing_fits_its_terminal_whatever_the_script(config: Path, columns: int) -> None:
    text = watcher("hits", "list", config=config, env={"COLUMNS": str(columns)}).stdout
    assert max(cell_len(line) for line in text.splitlines()) <= columns
    assert "Итоги референдума" in text
    assert "[partial]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    days = [line for line in text.splitlines() if line.endswith("2026")]
    assert len(days) == 3


def test_filters_choose_and_json_keeps_the_contract(config: Path) -> None:
    hits = answer("hits", "list", config=config)
    assert [hit["lang"] for hit in hits] == ["ru", "ka", "zh", "en"]
    assert all(set(hit) >= CONTRACT for hit in hits)

    def langs(*words: str) -> list[str]:
        return [hit["lang"] for hit in answer("hits", "list", *words, config=config)]

    assert langs("--lang", "KA") == ["ka"]
    assert langs("--publisher", "EXAMPLE", "--topic", "t") == ["ru", "ka", "zh"]
    assert langs("--story", str(hits[0]["story_id"]), "--min-score", "70") == ["ru"]
    assert langs("--since", "2026-03-01", "--until", "2026-03-01T11:00+00:00") == ["ka"]
    assert langs("--near-misses") == ["en"]
    assert langs("--limit", "1", "--unreviewed") == ["ru"]


def test_programs_get_every_row_and_people_the_newest(tmp_path: Path) -> None:
    """A program is not told that something was left out, as a person is."""
    with closing(Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")) as store:
        first = keep(store, "0", title="Report 0", text="Text 0", receivers=("desk",))
        batch = store.outbox.claim("desk", now=NOW, lease=timedelta(minutes=1))
        assert batch is not None
        store.outbox.record_dead([delivery.id for delivery in batch.deliveries], error="550")
        for number in range(1, 60):
            keep(store, f"{number}", title=f"Report {number}", text=f"Text {number}",
                 at=NOW + timedelta(minutes=number), receivers=("desk",))  # fmt: skip
    config = tmp_path / "config.toml"
    config.write_text(
        f'[watcher]\ndatabase = "sqlite:///{tmp_path / "w.sqlite3"}"\n'
        '[[topics]]\nid = "t"\n[topics.terms]\nplace = ["Tskhinvali"]\n',
        "utf-8",
    )
    for listing in ("hits", "stories", "alerts"):
        assert len(answer(listing, config=config)) == 60
        assert len(answer(listing, "--limit", "40", config=config)) == 40
    assert len(watcher("hits", "--jsonl", config=config).stdout.splitlines()) == 60
    assert "The first 50; more with --limit" in watcher("hits", config=config).stdout
    assert [alert["hit_id"] for alert in answer("alerts", "--dead", config=config)] == [first]
    assert "550" in watcher("alerts", "--dead", config=config).stdout


def test_a_topic_that_nobody_knows_is_a_mistake_and_not_an_empty_answer(
    config: Path, tmp_path: Path
) -> None:
    report = ("report", "--out", str(tmp_path / "r.html"))
    for command in (("hits", "list"), ("stories", "list"), report):
        said = watcher(*command, "--topic", "othr", config=config, code=2).stderr
        assert "no topic othr; known are other, t; did you mean other?" in said
        watcher(*command, "--topic", "other", config=config)  # no longer configured, but stored


def test_lines_and_csv_are_safe_to_hand_on(config: Path) -> None:
    lines = watcher("hits", "list", "--jsonl", config=config).stdout.splitlines()
    assert [json.loads(line)["lang"] for line in lines] == ["ru", "ka", "zh", "en"]
    rows = list(csv.DictReader(io.StringIO(watcher("hits", "--csv", config=config).stdout)))
    assert rows[-1]["title"].startswith("'=HYPERLINK")
    assert "\x1b" not in rows[-1]["title"]
    assert watcher("hits", "--csv", "--json", config=config, code=2).stdout == ""


@pytest.mark.parametrize("start", list("=+-@\t\r|＝＋－＠"))
def test_no_cell_of_a_csv_is_a_formula(start: str, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")
    keep(store, "k", title=f"{start}1+1", text="x", publisher=f"{start}p", topic="-t")
    [_, row] = csv.reader(as_csv(store.review.hits(HitFilter())))
    assert not any(cell.startswith(tuple("=+-@\t\r|＝＋－＠")) for cell in row)
    store.close()


def test_one_hit_is_shown_with_everything_that_is_known(config: Path) -> None:
    [hit] = answer("hits", "list", "--lang", "ru", config=config)
    text = watcher("hits", "show", str(hit["id"]), config=config).stdout
    for part in ("Итоги", "+3.00", "-1.50", "[Бибилов] говорил", "Story", "b.example", "desk"):
        assert part in text
    assert text.count("Вступление.") < 12
    whole = watcher("hits", "show", str(hit["id"]), "--text", config=config).stdout
    assert whole.count("Вступление.") >= 20
    known = answer("hits", "show", str(hit["id"]), config=config)
    assert set(known) >= CONTRACT
    assert known["deliveries"][0]["receiver"] == "desk"
    assert [sibling["lang"] for sibling in known["siblings"]] == ["ka"]
    untold = watcher("hits", "show", str(known["siblings"][0]["id"]), config=config).stdout
    assert "nobody: no receiver takes it" in untold


def test_a_verdict_is_kept_with_its_history(config: Path) -> None:
    [hit] = answer("hits", "list", "--lang", "ka", config=config)
    watcher("hits", "mark", str(hit["id"]), "irrel", "--note", "a pun", config=config)
    [marked] = answer("hits", "list", "--verdict", "irrelevant", config=config)
    assert marked["id"] == hit["id"]
    assert "a pun" in watcher("hits", "show", str(hit["id"]), config=config).stdout
    watcher("hits", "mark", str(hit["id"]), "none", config=config)
    assert answer("hits", "list", "--verdict", "irrelevant", config=config) == []


def test_mistakes_name_the_nearest(config: Path) -> None:
    watcher("hits", "mark", "1", "relevant", "--also", "99", config=config, code=1)
    assert answer("hits", "show", "1", config=config)["verdict"] is None, "all of them or none"
    wrong = watcher("hits", "mark", "1", "relevnat", config=config, code=2)
    assert "did you mean relevant?" in wrong.stderr
    assert "duplicate, none" in wrong.stderr
    wrong = watcher("hits", "export", "--format", "markdwn", config=config, code=2)
    assert "did you mean markdown?" in wrong.stderr
    assert "no hit 999" in watcher("hits", "show", "999", config=config, code=1).stderr
    for form in ("--json", "--csv", "--no-pager"):
        wrong = watcher("hits", "list", "--topic", "tt", form, config=config, code=2)
        assert "did you mean t?" in wrong.stderr
        assert not wrong.stdout
    wrong = watcher("hits", "serch", "x", config=config, code=2)
    assert "search" in wrong.stderr
    assert "2d" in watcher("hits", "--since", "soon", config=config, code=2).stderr


def test_a_search_shows_the_words_as_they_stand_in_the_text(config: Path) -> None:
    text = watcher("hits", "search", "Южная Осетия", config=config).stdout
    assert "в [Южной] [Осетии]" in text
    [found] = answer("hits", "search", "Бибилову", config=config)
    start, end = found["places"][0]
    assert found["snippet"][start:end] == "Бибилов"
    assert (
        watcher("hits", "search", "nowhere", config=config).stdout
        == "Nothing found among the hits.\n"
    )
    assert "must be there" in watcher("hits", "search", "--", "-x", config=config, code=2).stderr


def test_every_export_can_be_read_again(config: Path, tmp_path: Path) -> None:
    def export(form: str) -> str:
        out = tmp_path / form
        watcher("hits", "export", "--format", form, "--out", out, config=config)
        return out.read_text("utf-8")

    assert len(json.loads(export("json"))) == 4
    assert len(export("jsonl").splitlines()) == 4
    markdown = export("markdown")
    assert "<b>" not in markdown
    assert markdown.count("## ") == 3
    outlines = ElementTree.fromstring(export("opml")).findall("body//outline[@xmlUrl]")
    assert [outline.get("xmlUrl") for outline in outlines] == ["https://a.example/rss"]
    check_atom(export("atom"), 4)
    wrong = tmp_path / "no" / "folder"
    watcher("hits", "export", "--out", wrong, config=config, code=1)


def check_atom(text: str, entries: int) -> None:
    """The rules of RFC 4287 (section 4) that a feed of ours could break."""
    name = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.fromstring(text)
    assert feed.tag == f"{name}feed"
    ids = []
    for part in (feed, *feed.findall(f"{name}entry")):
        for once in ("id", "title", "updated"):
            [element] = part.findall(f"{name}{once}")
            assert element.text
            assert element.text.strip()
        updated = part.findtext(f"{name}updated") or ""
        assert updated.endswith("Z")
        assert "T" in updated
        ids.append(part.findtext(f"{name}id"))
        assert (ids[-1] or "").startswith("tag:")
        assert part.findtext(f"{name}author/{name}name")
    for entry in feed.findall(f"{name}entry"):
        [link] = entry.findall(f"{name}link")
        assert link.get("rel") == "alternate"
        assert (link.get("href") or "").startswith("https://")
        [category] = entry.findall(f"{name}category")
        assert category.get("term")
    assert len(ids) == len(set(ids)) == entries + 1


def test_the_atom_file_follows_the_hits(config: Path, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{config.parent / 'w.sqlite3'}")
    path = tmp_path / "out" / "hits.atom"
    assert follow(store, path, now=NOW)
    check_atom(path.read_text("utf-8"), 4)
    assert "\x1b" not in path.read_text("utf-8")
    assert not follow(store, path, now=NOW + timedelta(days=1))
    assert path.stat().st_mode & 0o777 == 0o644
    assert [found.name for found in path.parent.iterdir()] == ["hits.atom"]
    store.close()


def test_an_empty_feed_and_hostile_values_are_valid_atom(tmp_path: Path) -> None:
    check_atom(atom([], name="n", now=NOW), 0)
    entry = AtomEntry(
        id=1, title="]]><script>&\x00\ud800", url='https://a.example/"><x> y', publisher="",
        lang='e"n', topic="a<b", summary="<p>\x1b&amp;</p>", updated_at=NOW, published_at=None,
    )  # fmt: skip
    check_atom(atom([entry], name="a b", now=NOW), 1)
    assert write_atom(tmp_path / "f", [entry], name="n", now=NOW)


def test_on_a_terminal_there_is_colour_and_a_pager_for_what_is_long(config: Path) -> None:
    def on_terminal(*words: str, **env: str) -> str:
        leader, follower = pty.openpty()
        with subprocess.Popen(
            [str(WATCHER), "-c", str(config), *words],
            stdout=follower, stdin=follower, stderr=subprocess.DEVNULL,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "200"} | env,
        ) as process:  # fmt: skip
            os.close(follower)
            read = b""
            try:
                while block := os.read(leader, 65536):
                    read += block
            except OSError:
                pass
            process.wait(30)
        os.close(leader)
        return read.decode()

    assert "\x1b[1m" in on_terminal("hits")
    assert "\x1b" not in on_terminal("hits", NO_COLOR="1")
    assert "PAGED" in on_terminal("hits", LINES="3", PAGER="sed s/^/PAGED/")
    assert "PAGED" not in on_terminal("hits", "--no-pager", LINES="3", PAGER="sed s/^/PAGED/")
    assert "Итоги" in on_terminal("hits", LINES="3", PAGER="no-such-pager")


@pytest.mark.parametrize(
    "text", ["Юж", "南奥塞梯将举行公投", "a" * 50, "", "🇬🇪 🔥 x", "e\u0301" * 9]
)
def test_fitted_and_wrapped_text_has_the_right_width(text: str) -> None:
    for cells in (4, 7, 12):
        assert cell_len(fit(text, cells)) == cells
        lines = wrap(text, cells)
        assert all(cell_len(line) <= cells for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert len(wrap(text, cells, most=1)) == 1
