"""How usual the words of the seeds are in the other articles that a watcher has stored.

Ordinary language, as shipped, does not know the outlets that are watched: their page furniture, the
countries they write of every day. A word of the seeds that other articles hold as well tells the
less, by how many hold it. What is counted is bounded, and so is what it may take: terms of the user
are never touched, and a word keeps a quarter of what it tells, whoever fills the store with it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..model import ArticleText, TopicSpec
from ..text.words import stem
from .background import Usage, is_more_usual
from .layout import Layout, lay_out
from .seeds import content_words, seed_article

LEARNED = "usage"
"""The key of the counts in what a topic has learned."""
COUNTING = "1"
"""Changes with what is counted, and how; the counts of another kind are not used."""
LEAST_ARTICLES, LEAST_PUBLISHERS = 200, 5
"""In a language, before its counts tell anything."""
MOST_OF_PUBLISHER = 40
"""Articles of one publisher that are counted at most, so that none makes the language of all."""
MOST_ARTICLES = 1500
EVERY = timedelta(days=30)
_LEAST_SHARE = 0.01  # of the articles: what fewer hold is not usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Which of the seeds' stems one article holds."""

    lang: str
    stems: tuple[str, ...]


def held_by(spec: TopicSpec, articles: Sequence[ArticleText]) -> list[Held]:
    """Which stems of the topic's seeds each article holds, in order."""
    wanted: dict[str, set[str]] = {}
    for seed in spec.seeds:
        layout = lay_out(seed_article(seed))
        wanted.setdefault(layout.lang, set()).update(_stems(layout))
    layouts = (lay_out(article) for article in articles)
    return [
        Held(
            lang=layout.lang,
            stems=tuple(sorted(_stems(layout) & wanted[layout.lang]))
            if layout.lang in wanted
            else (),
        )
        for layout in layouts
    ]


def _stems(layout: Layout) -> set[str]:
    return {stem(word, layout.lang) for word in content_words(layout)}


def counted(spec: TopicSpec, found: Iterable[tuple[str, Held]], *, now: datetime) -> dict[str, Any]:
    """What a topic learns from articles off the topic, each with its publisher, as JSON.

    A language counts only where articles and publishers are enough to tell its usage, and a word
    where ordinary language does not have it as often.
    """
    articles: Counter[str] = Counter()
    publishers: dict[str, set[str]] = {}
    uses: dict[str, Counter[str]] = {}
    for publisher, held in found:
        articles[held.lang] += 1
        publishers.setdefault(held.lang, set()).add(publisher)
        uses.setdefault(held.lang, Counter()).update(held.stems)
    enough = sorted(
        lang
        for lang, number in articles.items()
        if uses[lang] and number >= LEAST_ARTICLES and len(publishers[lang]) >= LEAST_PUBLISHERS
    )
    stated = {
        "counting": COUNTING,
        "seeds": seeds_digest(spec),
        "at": now.isoformat(),
        "articles": {lang: articles[lang] for lang in enough},
        "publishers": {lang: len(publishers[lang]) for lang in enough},
        "shares": {
            lang: {
                word: round(count / articles[lang], 3)
                for word, count in sorted(uses[lang].items())
                if count >= _LEAST_SHARE * articles[lang]
                and is_more_usual(word, lang, count / articles[lang])
            }
            for lang in enough
        },
    }
    return {LEARNED: stated}


def usage_of(learned: Mapping[str, Any] | None) -> Usage:
    """The counts in what a topic has learned, if there are any of this kind."""
    stated = (learned or {}).get(LEARNED) or {}
    return Usage(shares=stated["shares"]) if stated.get("counting") == COUNTING else Usage()


def is_due(spec: TopicSpec, learned: Mapping[str, Any] | None, *, now: datetime) -> bool:
    """Whether the words of the seeds are to be counted: never yet, other seeds, or long ago.

    Rarely, since every count makes a new version of the profile.
    """
    stated = (learned or {}).get(LEARNED) or {}
    if stated.get("counting") != COUNTING or stated.get("seeds") != seeds_digest(spec):
        return bool(spec.seeds)
    return now - datetime.fromisoformat(stated["at"]) >= EVERY


def seeds_digest(spec: TopicSpec) -> str:
    """What tells the seeds whose words were counted from others."""
    told = sorted((seed.name, seed.text, seed.negative) for seed in spec.seeds)
    return hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()[:12]
