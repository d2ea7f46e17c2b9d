"""What the full-screen review shows, as Rich texts: cleaned, and never read as markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from watcher.cli.listing import MARKS
from watcher.cli.output import safe, short_time
from watcher.cli.screen import one_line
from watcher.cli.showing import match_spans
from watcher.model import Verdict
from watcher.storage import ArticleRecord, HitRecord
from watcher.text.words import fold

HELP = """\
r  relevant       e  related
i  irrelevant     d  duplicate
c  clear verdict  u  undo

n  next hit without a verdict
j k, arrows       move
space b           page through the article
/  filter as you type, Enter keeps it, Esc ends it
w  why it is a hit
m  near misses, and back
o  open the link
q  quit

Every verdict is stored at once.
The mouse works, too: list, keys below, scrolling."""

_COLOURS = {
    Verdict.RELEVANT: "green",
    Verdict.RELATED: "yellow",
    Verdict.IRRELEVANT: "red",
    Verdict.DUPLICATE: "dim",
}


def hit_prompt(hit: HitRecord, *, current: bool = False) -> Text:
    """Two lines in the list: verdict, score and headline; publisher and time."""
    sign = MARKS[hit.verdict][0] if hit.verdict else "•"
    style = _COLOURS[hit.verdict] if hit.verdict else "bold"
    title = one_line(hit.title) or "(no title)"
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("▸" if current else " ", "bold")
    text.append(f"{sign} ", style)
    text.append(f"{hit.score:3.0f} ", "cyan")
    text.append(title, "" if hit.verdict is None else "dim")
    partial = " [partial]" if hit.partial else ""
    text.append(
        f"\n       {one_line(hit.lang or '?')} {short_time(hit.first_seen_at)[5:]} "
        f"{one_line(hit.publisher)}{partial}",
        "dim",
    )
    return text


def article_text(hit: HitRecord, article: ArticleRecord, stage: str) -> Text:
    """The article with what matched marked; ``stage`` is the name of the hit's."""
    text = Text()
    text.append(one_line(hit.title) or "(no title)", "bold")
    text.append(f"\n{one_line(hit.url)}\n", "cyan")
    about = [
        f"hit {hit.id}",
        one_line(hit.topic),
        f"score {hit.score:.0f}",
        one_line(hit.publisher),
        one_line(hit.lang or "language unknown"),
        f"published {short_time(hit.published_at) or 'unknown'}",
    ]
    if hit.story_id:
        about.append(f"story {hit.story_id}")
    if stage:
        about.append(f"stage “{one_line(stage)}”")
    if hit.verdict:
        about.append(f"verdict {hit.verdict}")
    text.append(", ".join(about) + "\n", "dim")
    if hit.partial:
        text.append(f"Partial: {article.reason or 'no text'}\n", "yellow")
    for sentence in (hit.novelty or {}).get("sentences", [])[:2]:
        text.append(f"New: “{one_line(sentence)}”\n", "italic")
    text.append("\n")
    body = article.text or article.summary
    spans = match_spans(hit, "text" if article.text else "summary", len(body))
    _append_marked(text, body, spans)
    return text


def _append_marked(text: Text, body: str, spans: Sequence[tuple[int, int]]) -> None:
    at = 0
    for start, end in spans:
        text.append(safe(body[at:start]))
        # Underlined as well: a colour alone is not seen by everybody.
        text.append(safe(body[start:end]), "bold yellow underline")
        at = end
    text.append(safe(body[at:]))


def why_text(hit: HitRecord) -> Text:
    """Contributions as a small chart."""
    text = Text()
    text.append(f"Why {hit.score:.0f} (threshold {hit.threshold:g})\n", "bold")
    largest = max((abs(c.points) for c in hit.contributions), default=1.0) or 1.0
    for c in sorted(hit.contributions, key=lambda c: -abs(c.points)):
        strokes = round(abs(c.points) / largest * 8)
        chart = ("█" if c.points > 0 else "░") * strokes
        text.append(f"{c.points:+6.2f} ")
        text.append(f"{chart:<8} ", "green" if c.points > 0 else "red")
        text.append(f"{one_line(c.name)} ")
        text.append(f"{one_line(c.evidence)[:120]}\n", "dim")
    if hit.missing:
        missing = ", ".join(one_line(group) for group in hit.missing)
        text.append(f"Nothing seen of: {missing}\n", "dim")
    return text


def matches(hit: HitRecord, words: Sequence[str]) -> bool:
    """Whether every typed word begins or is inside what the list knows of a hit."""
    if not words:
        return True
    known = fold(
        f"{hit.id} {hit.title} {hit.publisher} {hit.topic} {hit.lang or ''} {hit.feed} "
        f"{hit.verdict or ''}"
    )
    return all(word in known for word in words)
