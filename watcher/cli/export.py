"""Hits as data for other programs: JSON, JSON Lines, CSV, Markdown; and the feeds as OPML."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from watcher.cli.output import json_line, safe
from watcher.text.clean import clean_line

if TYPE_CHECKING:
    from watcher.model import FeedSpec
    from watcher.storage import HitRecord

CSV_COLUMNS = (
    "id", "topic", "kind", "score", "threshold", "title", "url", "feed", "publisher", "lang",
    "published_at", "first_seen_at", "story_id", "verdict", "partial", "reasons",
)  # fmt: skip
# What a spreadsheet may take for a formula; the full-width signs work in some locales, too.
_FORMULA = tuple("=+-@\t\r＝＋－＠|")


def hit_json(hit: HitRecord) -> dict[str, Any]:
    """A hit in the shape that the interface contract promises."""
    return {
        "id": hit.id,
        "topic": hit.topic,
        "score": round(hit.score, 1),
        "threshold": hit.threshold,
        "kind": hit.kind,
        "title": hit.title,
        "url": hit.url,
        "feed": hit.feed,
        "publisher": hit.publisher,
        "lang": hit.lang,
        "published_at": hit.published_at,
        "first_seen_at": hit.first_seen_at,
        "story_id": hit.story_id,
        "verdict": hit.verdict,
        "partial": hit.partial,
        "reasons": list(hit.reasons),
        "stage": hit.stage,
        "silent_reason": hit.silent_reason,
        "profile_version": hit.profile_version,
    }


def as_jsonl(hits: Iterable[HitRecord]) -> Iterator[str]:
    """One JSON object a line."""
    return (json_line(hit_json(hit)) for hit in hits)


def as_csv(hits: Iterable[HitRecord]) -> Iterator[str]:
    """Lines of CSV with a header; no cell can be taken for a formula."""
    yield _csv_line(CSV_COLUMNS)
    for hit in hits:
        values = hit_json(hit)
        yield _csv_line([_cell(values[name]) for name in CSV_COLUMNS])


def _csv_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    text = " | ".join(value) if isinstance(value, list) else str(value)
    text = safe(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_markdown(hits: Sequence[HitRecord]) -> Iterator[str]:
    """A document grouped by day, with links; text from outside can't form markup."""
    day = ""
    for hit in hits:
        seen = hit.first_seen_at.astimezone()
        if seen.strftime("%Y-%m-%d") != day:
            yield f"{'' if not day else chr(10)}## {seen.strftime('%A %d %B %Y')}\n"
            day = seen.strftime("%Y-%m-%d")
        about = [
            _markdown(hit.publisher),
            hit.lang or "language unknown",
            seen.strftime("%H:%M"),
            f"score {hit.score:.0f}",
            f"topic {_markdown(hit.topic)}",
            f"hit {hit.id}",
        ]
        about += [f"verdict {hit.verdict}"] if hit.verdict else []
        about += ["partial"] if hit.partial else []
        yield f"- [{_markdown(hit.title) or '(no title)'}](<{_link(hit.url)}>)  "
        yield f"  {', '.join(about)}"


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()#+.!|~>-])", r"\\\1", clean_line(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def _link(url: str) -> str:
    return re.sub(r"[<>\s\\]", lambda found: f"%{ord(found[0]):02X}", clean_line(url, 4000))


def as_opml(specs: Iterable[FeedSpec]) -> list[str]:
    """Feeds as OPML 2.0, which every reader can import, and we as they were."""
    from watcher.parse.opml import write_opml

    return write_opml(specs, title="Feeds of watcher").splitlines()
