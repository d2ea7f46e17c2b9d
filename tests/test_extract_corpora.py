"""Every page of the corpora yields text or a reason; quality does not fall under its floors.

The floors are what was measured on 2026-11-22, rounded down. Stock trafilatura 2.3.1 with
metadata scores .77 and .92 in text, .70 of the dates and .71 of the authors on the same pages.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from watcher.extract import extract_page
from watcher.model import PageData

PAGES = Path(__file__).parent.parent.parent / "shared" / "corpora" / "pages"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
FLOORS = {
    "text newspaper": 0.77,
    "text newspaper4k": 0.93,
    "beginning goose3": 0.84,
    "title postlight": 0.82,
    "author postlight": 0.73,
    "date postlight": 0.83,
}

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not PAGES.is_dir(), reason="../shared/corpora/pages is not here"),
    pytest.mark.filterwarnings("ignore"),  # of date parsers, about zones they don't know
]


def squeezed(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def f1(found: str, truth: str) -> float:
    ours, theirs = words(found), words(truth)
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def names(author: Any) -> set[str]:
    joined = author if isinstance(author, str) else " ".join(author)
    return set(re.findall(r"\w+", joined.lower()))


def judged(row: dict[str, Any], page: PageData) -> dict[str, float]:
    """How good each part of the page is, as far as the truth of this row tells."""
    truth, origin = row["truth"], row["src"]
    marks: dict[str, float] = {}
    if row["truth_type"] == "full_text" and truth.get("text"):
        marks[f"text {origin}"] = f1(page.text, truth["text"])
    elif truth.get("text"):
        marks[f"beginning {origin}"] = squeezed(truth["text"])[:60] in squeezed(page.text)
    if truth.get("title"):
        marks[f"title {origin}"] = squeezed(truth["title"]) == squeezed(page.title)
    if truth.get("date"):
        stated = page.published_at
        marks[f"date {origin}"] = stated is not None and f"{stated:%Y-%m-%d}" == truth["date"][:10]
    if author := truth.get("author") or truth.get("authors"):
        marks[f"author {origin}"] = bool(names(author) & names(page.author))
    return marks


def marks_of_all() -> dict[str, list[float]]:
    marks: dict[str, list[float]] = defaultdict(list)
    for line in (PAGES / "index.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        body = gzip.decompress((PAGES / row["file"]).read_bytes())
        began = time.process_time()
        page = extract_page(body, url=row["url"] or "", content_type="text/html", now=NOW)
        assert time.process_time() - began < 10.0, row["file"]
        assert isinstance(page, PageData), row["file"]
        assert page.text or page.reason, row["file"]
        assert page.partial == (page.reason is not None)
        for name, mark in judged(row, page).items():
            marks[name].append(mark)
    return marks


@pytest.mark.timeout(450)
def test_every_page_is_read_and_none_of_the_floors_is_broken() -> None:
    marks = marks_of_all()
    found = {name: sum(marks[name]) / len(marks[name]) for name in FLOORS}
    assert not {name: mark for name, mark in found.items() if mark < FLOORS[name]}
