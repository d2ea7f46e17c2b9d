"""Edit watch: what changed between two readings of one article, and when to look again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from itertools import groupby

from watcher.model import ArticleText
from watcher.stories.novelty import Fact, Known, SentenceFacts, facts_of
from watcher.text.words import fold, paragraphs, sentences, tokenise

CHECKS = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
)
"""When a hit is read again, counted from its first sight."""
_MOST_SENTENCES = 400
_MOST_WORDS = 400
_MOST_DIFF = 4_000
_CONTEXT = 6
_VANISHED_SHARE = 0.25
_SAME = 0.5
"""A paragraph that has this share of its words in common with another is that one, edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What an article's publisher changed after the first reading."""

    diff: str
    """Changed sentences, ``[-gone-]`` and ``{+new+}`` in their places; at most 4,000 characters."""
    title_changed: bool = False
    returned: bool = False
    """Nothing but the headline changed, to one that it bore before: two are tried in turn."""
    vanished: bool = False
    gained: tuple[str, ...] = ()
    """Facts of the topic that are stated now and were not (``number: 4,105``)."""
    lost: tuple[str, ...] = ()
    changed_share: float = 0.0
    """Share of the text's words that were changed, 0-1."""

    @property
    def telling(self) -> bool:
        """Whether it is worth an alert: a headline, a fact, or the whole page."""
        if self.returned:
            return False
        return self.title_changed or self.vanished or bool(self.gained or self.lost)


def next_check(first_seen: datetime, checks_done: int, now: datetime) -> datetime | None:
    """When to read a hit again, or None after the last check; a check that was missed while the
    service was down is due now, and older missed ones are not made up for."""
    due = [first_seen + after for after in CHECKS[checks_done:]]
    if not due:
        return None
    missed = [at for at in due if at <= now]
    return now if missed else due[0]


def checks_due(first_seen: datetime, now: datetime) -> int:
    """How many checks lie behind: what ``checks_done`` becomes after one that is made now."""
    return sum(1 for after in CHECKS if first_seen + after <= now)


def revision(
    before: ArticleText,
    after: ArticleText | None,
    *,
    matched: Sequence[str] = (),
    known: Known | None = None,
) -> Revision | None:
    """The difference of two readings; None where only spacing, case or punctuation differ.

    ``matched`` and ``known`` say what the topic is about: surface forms of its terms, and what its
    seeds tell. Facts beside it are in the diff, but nobody is told of them: how often the page was
    read, another story at its end.

    ``after`` is None where the page is gone. A partial second reading (paywall, consent page)
    proves nothing about what it lacks, so only its headline is compared.
    """
    if after is None:
        return Revision(diff="", vanished=bool(before.text or before.title), changed_share=1.0)
    title_changed = _plain(before.title) != _plain(after.title) and bool(after.title.strip())
    compared = not (after.partial or before.partial)
    old, new = (_sentences(before.text), _sentences(after.text)) if compared else ([], [])
    changes = list(_changes(old, new))
    if not title_changed and not changes:
        return None
    topic = _Topic(matched, known or Known())
    gained, lost = _facts_changed(before, after, topic) if compared else ((), ())
    kept = sum(len(line.split()) for line in new)
    total = sum(len(line.split()) for line in old)
    lines = [_word_diff(before.title, after.title)] if title_changed else []
    lines += [_word_diff(gone, come) for gone, come in changes]
    return Revision(
        diff="\n".join(lines)[:_MOST_DIFF],
        title_changed=title_changed,
        vanished=compared and total > 0 and kept < _VANISHED_SHARE * total,
        gained=gained,
        lost=lost,
        changed_share=_share(changes, total, kept),
    )


def _plain(text: str) -> tuple[str, ...]:
    return tokenise(text).folded


def _sentences(text: str) -> list[str]:
    spans = [span for line in paragraphs(text) for span in sentences(text, *line)]
    return [text[start:end].strip() for start, end in spans][:_MOST_SENTENCES]


def _changes(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    """Runs of sentences that were replaced, with what stands there now."""
    left, right = [_plain(line) for line in old], [_plain(line) for line in new]
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal" and (any(left[a:b]) or any(right[c:d])):
            yield " ".join(old[a:b]), " ".join(new[c:d])


def _share(changes: list[tuple[str, str]], total: int, kept: int) -> float:
    touched = sum(max(_differing(gone, come)) for gone, come in changes)
    return round(min(1.0, touched / max(total, kept, 1)), 3)


def _differing(gone: str, come: str) -> tuple[int, int]:
    left, right = gone.split()[:_MOST_WORDS], come.split()[:_MOST_WORDS]
    same = sum(
        block.size
        for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    )
    return len(left) - same, len(right) - same


def _word_diff(gone: str, come: str) -> str:
    """``was held on [-July 17-] {+July 24+}``; long unchanged stretches are cut."""
    left, right = gone.split(), come.split()
    if len(left) > _MOST_WORDS or len(right) > _MOST_WORDS:
        return f"[-{gone}-] {{+{come}+}}"
    folded = [fold(word) for word in left], [fold(word) for word in right]
    parts = []
    for tag, a, b, c, d in SequenceMatcher(None, *folded, autojunk=False).get_opcodes():
        if tag == "equal":
            same = right[c:d]
            cut = len(same) > 2 * _CONTEXT
            parts += [*same[:_CONTEXT], "...", *same[-_CONTEXT:]] if cut else same
            continue
        if b > a:
            parts.append(f"[-{' '.join(left[a:b])}-]")
        if d > c:
            parts.append(f"{{+{' '.join(right[c:d])}+}}")
    return " ".join(parts)


class _Topic:
    """What a topic is about, as far as it takes to tell its paragraphs from a page's other ones."""

    def __init__(self, matched: Sequence[str], known: Known) -> None:
        self._forms = [words for form in matched if (words := _words(form)).strip()]
        self._known = Known(names=known.names, places=known.places)

    def facts(self, article: ArticleText, other: ArticleText) -> dict[tuple[str, str], Fact]:
        """What the article states of the topic.

        Of a paragraph that nothing binds to the topic only what is prose counts, and only where it
        stands between others that are bound, or stood in the ``other`` reading, too: in a word or
        two it was corrected. What was put at the end is the page's, not the article's.
        """
        told = _by_paragraph(facts_of(article))
        about = [n for n, lines in enumerate(told) if n == 0 or self._named(lines)]
        core = self._known.absorb([line for n in about for line in told[n]])
        bound = [n for n, lines in enumerate(told) if n in about or _meets(lines, core)]
        stood = _by_paragraph(facts_of(other))[:_MOST_SENTENCES]
        standing = [_vocabulary(lines) for lines in stood]
        return {
            (fact.kind, fact.key): fact
            for n, lines in enumerate(told)
            if n in bound
            or (_is_prose(lines) and (n < bound[-1] or _stands(_vocabulary(lines), standing)))
            for line in lines
            for fact in line.facts
            if fact.kind != "quote"
        }

    def _named(self, lines: Sequence[SentenceFacts]) -> bool:
        text = _words(" ".join(line.text for line in lines))
        return any(form in text for form in self._forms)


def _words(text: str) -> str:
    """Folded words, each led by a space: what is looked for begins where a word does."""
    return "".join(f" {word}" for word in tokenise(text).folded)


def _by_paragraph(told: Sequence[SentenceFacts]) -> list[list[SentenceFacts]]:
    return [list(lines) for _number, lines in groupby(told, key=lambda line: line.paragraph)]


def _meets(lines: Sequence[SentenceFacts], core: Known) -> bool:
    return any(_binds(fact) and core.has(fact) for line in lines for fact in line.facts)


def _is_prose(lines: Sequence[SentenceFacts]) -> bool:
    """Whether it states more than numbers and days: a counter of readers has those, too."""
    return any(_binds(fact) for line in lines for fact in line.facts)


def _binds(fact: Fact) -> bool:
    return fact.kind in ("name", "place", "act")


def _vocabulary(lines: Sequence[SentenceFacts]) -> frozenset[str]:
    return frozenset(word for line in lines for word in _plain(line.text))


def _stands(words: frozenset[str], others: Sequence[frozenset[str]]) -> bool:
    """Whether one of the others is the same paragraph, but for some words."""
    return any(len(words & other) >= _SAME * max(len(words), len(other)) for other in others)


def _facts_changed(
    before: ArticleText, after: ArticleText, topic: _Topic
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names, numbers, days and acts of the topic that came and went."""
    old, new = _stated(before), _stated(after)
    gained = tuple(str(fact) for key, fact in topic.facts(after, before).items() if key not in old)
    lost = tuple(str(fact) for key, fact in topic.facts(before, after).items() if key not in new)
    return gained, lost


def _stated(article: ArticleText) -> set[tuple[str, str]]:
    return {(fact.kind, fact.key) for line in facts_of(article) for fact in line.facts}
