"""One hit in full: reasons, matches in context, what is new, its story, revisions, deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.cli.explain import score_json, score_lines
from watcher.cli.export import hit_json
from watcher.cli.highlight import marked_lines
from watcher.cli.listing import mark
from watcher.cli.output import ago, plural, short_time
from watcher.cli.screen import fit, indented, one_line, paint, width, wrap
from watcher.cli.words import held_for, why_silent
from watcher.model import HitId
from watcher.storage import (
    AlertRecord,
    ArticleRecord,
    HitRecord,
    Store,
    StoryRecord,
    VerdictRecord,
    score_of,
)

PLACES = 5
"""At most so many stretches of the text are shown."""
SIBLINGS = 12
_AROUND = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Everything that is stored about one hit."""

    hit: HitRecord
    article: ArticleRecord
    story: StoryRecord | None
    siblings: Sequence[HitRecord]
    revisions: Sequence[Any]
    alerts: Sequence[AlertRecord]
    verdicts: Sequence[VerdictRecord]


def details_of(store: Store, hit_id: HitId) -> Details:
    """Read it all; raises NotFoundError."""
    hit = store.review.hit(hit_id)
    story, members = store.review.story(hit.story_id) if hit.story_id else (None, [])
    return Details(
        hit=hit,
        article=store.articles.by_ids([hit.article_id])[0],
        story=story,
        siblings=[member for member in members if member.id != hit.id],
        revisions=store.articles.revisions(hit.article_id),
        alerts=store.outbox.alerts(hit_id=hit.id),
        verdicts=store.review.verdicts(hit.id),
    )


def shown_json(details: Details) -> dict[str, Any]:
    """The same as data."""
    hit = details.hit
    return hit_json(hit) | {
        "explanation": score_json(score_of(hit)),
        "summary": details.article.summary,
        "text": details.article.text,
        "novelty": hit.novelty,
        "grouping": hit.grouping,
        "siblings": [hit_json(sibling) for sibling in details.siblings],
        "revisions": [
            {"at": row.at, "title": row.title, "change": row.change} for row in details.revisions
        ],
        "deliveries": [
            {
                "alert": alert.id,
                "reason": alert.reason,
                "receiver": delivery.receiver,
                "state": delivery.state.promised,
                "attempts": delivery.attempts,
                "sent_at": delivery.sent_at,
                "last_error": delivery.last_error,
            }
            for alert in details.alerts
            for delivery in alert.deliveries
        ],
        "verdicts": [
            {"at": verdict.at, "verdict": verdict.verdict, "note": verdict.note}
            for verdict in details.verdicts
        ],
    }


def shown_lines(details: Details, *, stage: str, whole_text: bool, now: datetime) -> Iterator[str]:
    """The lines of ``hits show``; ``stage`` is the name of the story's."""
    hit, columns = details.hit, min(width(), 120)
    yield from _head(details, columns)
    yield ""
    yield from score_lines(score_of(hit), title=one_line(hit.topic), columns=columns)
    yield from _section("In the text", _context(details, columns))
    yield from _section("New in it", _novelty(hit, columns))
    yield from _section(_story_title(details, stage), _siblings(details, columns))
    yield from _section("Revisions", _revisions(details, columns))
    yield from _section("Told", _wrapped(_told(details, now), columns))
    yield from _section("Verdicts", _wrapped(_verdicts(details), columns))
    if whole_text:
        yield from _section("Stored text", text_lines(details.article, hit, columns))
    yield ""
    yield paint(
        f"watcher hits mark {hit.id} relevant|related|irrelevant|duplicate|none   "
        f"watcher why {hit.id}",
        "dim",
    )


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, None)
    if first is not None:
        yield ""
        yield paint(title, "bold")
        yield first
        yield from lines


def _wrapped(lines: Iterator[str], columns: int) -> Iterator[str]:
    """Indented lines, each continued under itself."""
    for line in lines:
        yield "  " + indented(wrap(line, columns - 4), 4)


def _head(details: Details, columns: int) -> Iterator[str]:
    hit, article = details.hit, details.article
    for line in wrap(one_line(hit.title) or "(no title)", columns):
        yield paint(line, "bold")
    yield paint(one_line(hit.url), "link")
    yield from wrap(
        f"{one_line(hit.publisher)}, {one_line(hit.lang or 'language unknown')}, published "
        f"{short_time(hit.published_at) or 'unknown'}, first seen {short_time(hit.first_seen_at)}, "
        f"{plural(len(article.text.split()), 'word')}, feed {one_line(hit.feed) or 'unknown'}",
        columns,
    )
    if hit.partial:
        yield paint(
            f"Partial: the page could not be read in full ({article.reason or 'no text'}).", "warn"
        )
    if hit.verdict:
        yield f"Verdict: {mark(hit)} {hit.verdict}"


def _context(details: Details, columns: int) -> Iterator[str]:
    """Stretches of the text around what matched, merged where they touch."""
    text = details.article.text or details.article.summary
    spans = match_spans(details.hit, "text" if details.article.text else "summary", len(text))
    stretches: list[tuple[int, int]] = []
    for start, end in spans:
        a, b = _word_bounds(text, start - _AROUND, end + _AROUND)
        if stretches and a <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(b, stretches[-1][1]))
        else:
            stretches.append((a, b))
    for a, b in stretches[:PLACES]:
        lead, trail = "… " if a else "", " …" if b < len(text) else ""
        lines = marked_lines(text[a:b], [(s - a, e - a) for s, e in spans], columns - 4)
        yield "  " + lead + indented(lines, 2) + trail
    if len(stretches) > PLACES:
        yield paint(f"  and {len(stretches) - PLACES} more places (--text shows all)", "dim")


def _word_bounds(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen or narrow to where words end; never over a paragraph's break."""
    start, end = max(0, start), min(len(text), end)
    if start:
        space = text.find(" ", start, start + 30)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", end - 30, end)
        end = space if space > start else end
    return start, end


def match_spans(hit: HitRecord, field: str, length: int) -> list[tuple[int, int]]:
    """Where the evidence of a hit's reasons stands in a field, in order, merged."""
    spans = sorted(
        (span.start, span.end)
        for contribution in hit.contributions
        for span in contribution.spans
        if span.field == field and 0 <= span.start < span.end <= length
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def text_lines(article: ArticleRecord, hit: HitRecord, columns: int) -> Iterator[str]:
    """The stored text, paragraph by paragraph, with the matches marked."""
    text = article.text or article.summary
    spans = match_spans(hit, "text" if article.text else "summary", len(text))
    at = 0
    for paragraph in text.split("\n"):
        if paragraph.strip():
            yield from marked_lines(paragraph, [(s - at, e - at) for s, e in spans], columns)
        else:
            yield ""
        at += len(paragraph) + 1


def _novelty(hit: HitRecord, columns: int) -> Iterator[str]:
    found = hit.novelty or {}
    facts = found.get("facts", [])
    for number, sentence in enumerate(found.get("sentences", [])):
        yield "  " + indented(wrap(f"“{one_line(sentence)}”", columns - 2), 2)
        new = ", ".join(one_line(fact) for fact in facts[number]) if number < len(facts) else ""
        if new:
            yield "    " + indented(wrap(f"new: {new}", columns - 4), 4)
    if found and not found.get("sentences"):
        yield "  nothing that the seeds or its story had not told before"


def _story_title(details: Details, stage: str) -> str:
    if details.story is None:
        return "Story"
    reached = f", stage “{one_line(stage)}”" if stage else ""
    return (
        f"Story {details.story.id}: {plural(len(details.siblings) + 1, 'article')}, "
        f"{plural(details.story.publishers, 'publisher')}{reached}"
    )


def _siblings(details: Details, columns: int) -> Iterator[str]:
    if details.story is None:
        return
    for sibling in details.siblings[:SIBLINGS]:
        left = (
            f"{fit(str(sibling.id), 8, right=True)} {short_time(sibling.first_seen_at)[5:]} "
            f"{sibling.score:3.0f} {mark(sibling)} {fit(one_line(sibling.publisher), 16)} "
            f"{fit(one_line(sibling.lang or '?'), 2)}  "
        )
        used = 8 + 1 + 11 + 1 + 3 + 1 + 1 + 1 + 16 + 1 + 2 + 2
        title = one_line(sibling.title) or "(no title)"
        yield left + indented(wrap(title, columns - used, most=2), used)
    if len(details.siblings) > SIBLINGS:
        more = len(details.siblings) - SIBLINGS
        yield paint(f"  and {more} more: watcher stories show {details.story.id}", "dim")
    if not details.siblings:
        yield "  nobody else so far"


def _revisions(details: Details, columns: int) -> Iterator[str]:
    for row in details.revisions:
        change = row.change or {}
        said = f"until {short_time(row.at)}: {one_line(row.title)}"
        yield "  " + indented(wrap(said, columns - 4), 4)
        for name in ("gained", "lost"):
            if change.get(name):
                facts = ", ".join(one_line(fact) for fact in change[name])
                yield "    " + indented(wrap(f"{name}: {facts}", columns - 4), 4)
        if change.get("vanished"):
            yield "    then the page was gone"
        for line in str(change.get("diff") or "").splitlines()[:8]:
            yield "    " + indented(wrap(one_line(line), columns - 4, most=3), 4)


def _told(details: Details, now: datetime) -> Iterator[str]:
    for alert in details.alerts:
        for delivery in alert.deliveries:
            when = ago(delivery.sent_at or delivery.next_try_at, now)
            error = f", {one_line(delivery.last_error)}" if delivery.last_error else ""
            tries = f", {delivery.attempts} tries" if delivery.attempts > 1 else ""
            held = (
                f", waits for {one_line(held_for(delivery.held))}"
                if delivery.held and delivery.next_try_at
                else ""
            )
            yield (
                f"alert {alert.id} ({alert.reason}) to {one_line(delivery.receiver)}: "
                f"{delivery.state}, {when}{tries}{held}{error}"
            )
    if not details.alerts:
        silent = details.hit.silent_reason
        yield f"nobody: {why_silent(silent) if silent else 'no alert was made'}"


def _verdicts(details: Details) -> Iterator[str]:
    for verdict in details.verdicts:
        remark = f": {one_line(verdict.note)}" if verdict.note else ""
        yield f"{short_time(verdict.at)} {verdict.verdict or 'taken back'}{remark}"
