"""The HTML report: one file that lets nothing in and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from stored import NOW, keep

from watcher.cli.charts import Charts, Series, nice
from watcher.cli.reporting import gather, render
from watcher.decide.saga import course
from watcher.model import StageSpec, StoryId, TopicId
from watcher.storage import Store

HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>"\'&{{7*7}}'
VOID = {"meta", "input", "img", "link", "br", "hr"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")
    first = keep(opened, "k1", title="Итоги референдума", text="x", lang="ru")
    story = opened.review.hit(first).story_id
    keep(opened, "k2", title="עברית", text="x", lang="he", story=story, publisher="b.example",
         at=NOW - timedelta(hours=3))  # fmt: skip
    keep(opened, "k3", title=HOSTILE, text="x", topic="other", publisher=HOSTILE, lang='"><b>',
         at=NOW - timedelta(days=3))  # fmt: skip
    yield opened
    opened.close()


def made(store: Store, **choice: object) -> str:
    wanted = {"topic": None, "since": NOW - timedelta(days=30), "now": NOW + timedelta(hours=1)}
    return render(gather(store, **(wanted | choice)))  # type: ignore[arg-type]


class Reader(HTMLParser):
    """Every tag with its attributes; notices tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


def test_text_from_outside_stays_text(store: Store) -> None:
    page = made(store)
    read = Reader(page)
    names = [tag for tag, _ in read.tags]
    assert names.count("script") == 1
    assert names.count("style") == 1
    assert not {"img", "iframe", "link", "object", "base", "form"} & set(names)
    assert not [key for _, attrs in read.tags for key in attrs if key.startswith(("on", "style"))]
    assert (read.open, read.crossed) == ([], [])
    assert "&lt;/script&gt;" in page
    assert "{{7*7}}" in page


def test_the_policy_allows_exactly_our_script_and_style(store: Store) -> None:
    page = made(store)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        [body] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_is_loaded_from_anywhere(store: Store) -> None:
    for tag, attributes in Reader(made(store)).tags:
        assert "src" not in attributes
        if "href" in attributes:
            assert tag == "a"
            assert (attributes["href"] or "").startswith(("#", "https://a.example/"))
    assert "url(" not in made(store)
    assert "@import" not in made(store)


def test_every_chart_has_its_words_and_figures(store: Store) -> None:
    page = made(store)
    read = Reader(page)
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    charts = [attrs for tag, attrs in read.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(charts) == 4 + 2
    for chart in charts:
        assert chart["aria-labelledby"] in ids
        assert chart.get("aria-describedby", ids[0]) in ids
    assert page.count('<table class="figures">') == 4
    assert "3 hits; most, 2: 1 Mar." in page
    assert "Russian" in page


def test_the_saga_is_drawn_as_far_as_the_ladder_is_known(store: Store) -> None:
    ladder = (
        StageSpec(id="plan", name="Plan", cues=()),
        StageSpec(id="vote", name="<Vote>", cues=()),
    )
    for name, stage, hours in (("s1", "plan", 9), ("s2", "vote", 5), ("s3", "plan", 2)):
        keep(store, name, title=f"{HOSTILE} {name}", text="x", story=StoryId(1), stage=stage,
             at=NOW - timedelta(hours=hours))  # fmt: skip
    keep(store, "s4", title="In part", text="x", story=StoryId(2), stage="vote", partial=True)
    page = made(store, ladders={"t": ladder})
    read = Reader(page)
    assert (read.open, read.crossed) == ([], [])
    assert "In part" not in page.partition('id="saga"')[2].partition("</section>")[0]
    saga = page.partition('id="saga"')[2].partition("</section>")[0]
    assert saga.count("<tr>") == 1 + 2, "a story that moved on only recalls its first rung"
    assert "&lt;Vote&gt;" in saga
    assert saga.index("Plan") < saga.index("Vote")
    assert 'id="saga"' not in made(store)


def test_a_saga_that_is_drawn_from_a_day_on_knows_what_was_before(store: Store) -> None:
    ladder = (StageSpec(id="plan", name="Plan", cues=()), StageSpec(id="vote", name="V", cues=()))
    for name, stage, days in (("s1", "plan", 9), ("s2", "plan", 2), ("s3", "vote", 1)):
        keep(store, name, title=name, text="x", story=StoryId(1), stage=stage,
             at=NOW - timedelta(days=days))  # fmt: skip
    told = store.review.steps(TopicId("t"))
    assert [step.headline for step in course(ladder, told)] == ["s1", "s3"]
    later = course(ladder, told, since=NOW - timedelta(days=3))
    assert [step.headline for step in later] == ["s3"], "a recalled stage is not reached anew"


def test_hits_are_chosen_by_topic_and_time(store: Store) -> None:
    assert "Итоги" not in made(store, topic="other")
    assert "&lt;img" not in made(store, since=NOW - timedelta(days=1))
    assert "No hit in this time." in made(store, since=NOW + timedelta(minutes=1))


def test_charts_round_their_axis_and_survive_nothing() -> None:
    assert [nice(n) for n in (0, 1, 2, 3, 9, 11, 130, 999)] == [2, 2, 2, 4, 10, 16, 160, 1000]
    draw = Charts()
    assert "No hits." in draw.columns("t", [], [], unit="hits")
    assert "No hits." in draw.bars("t", [], unit="hits")
    one = Series(name="<b>", values=(3.0,))
    assert "<b>" not in draw.columns("<i>", ["<u>"], [one, one], unit="hits")
    assert "points=" in draw.spread("t", [0.0])


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium here")
def test_a_browser_runs_our_script_and_no_other(store: Store, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    page.write_text(made(store), "utf-8")
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert "owned" not in re.findall(r"<title>(.*?)</title>", done.stdout)[0]
    # Our own script put its buttons into the table heads, so the policy let it run.
    assert done.stdout.count("<button type=") == 7 + 8 + 7
    assert "Content Security Policy" not in done.stderr
