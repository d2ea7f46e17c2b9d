"""What the example articles of a topic talk about: names, words, and likeness to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ..model import ArticleText, SeedData
from ..text.words import Remembered, stem
from . import background
from .background import Usage
from .layout import Layout, Place
from .matcher import Matcher
from .terms import compile_term

_HEADER = re.compile(r"\A(?:[A-Za-z_ ]{2,20}:[^\n]*\n)+-{3,}[^\n]*\n")
_TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE | re.IGNORECASE)
_VOCABULARY = 120
_MENTIONS = 4  # more mentions of a word in one seed add nothing
_TELLING_RARITY = 6.0  # Zipf from which on a word is too common to tell anything
_UNLISTED = 3.7
"""Zipf of words that the statistics do not list: most are a little rarer than what they list, and
a name of one seed's own story must not outweigh what all seeds speak of."""
_ALIKE = 0.15
"""Cosine of an ordinary on-topic article with the vocabulary of two or three seeds."""
_WELL_KNOWN = 200  # words of seeds
_SURE_FROM = 40  # different words; the likeness of a headline is chance
_SHARED = 4
_LEFT = 0.25
"""What a word keeps of its rarity, however usual the stored articles make it: else whoever fills the
store with the words of the seeds could make the topic deaf to them."""
_UNLIKE = 0.4
"""Likeness, on the scale up to 1, at which a text is neither like the seeds nor unlike them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The seeds of one language, as a vector of stems of length one."""

    lang: str
    weights: Mapping[str, float]
    """Stem -> its part of the vector (by rarity and mentions), times its rarity in an article."""
    known: float
    """0 to 1: how much text it was made from. Unlikeness to a few lines means little."""


def seed_article(seed: SeedData) -> ArticleText:
    """A seed as an article: title from its header, or else its first line; the rest is text."""
    text = seed.text.replace("\r\n", "\n").strip()
    header = _HEADER.match(text + "\n")
    if header:
        title = _TITLE.search(header.group())
        return ArticleText(title=title.group(1) if title else "", text=text[header.end() :].strip())
    first, _, rest = text.partition("\n")
    return ArticleText(title=first.strip(), text=rest.strip())


def content_words(layout: Layout) -> list[str]:
    """The folded words outside furniture."""
    return [
        word
        for s in layout.sentences
        if s.place is not Place.FURNITURE
        for word in layout.words.folded[s.first : s.stop]
    ]


def vocabularies(
    layouts: Sequence[Layout], matcher: Matcher, usage: Usage
) -> tuple[Vocabulary, ...]:
    """One vocabulary for each language of the seeds, without the words that terms find anyway:
    those are counted already, so what is left is evidence of its own."""
    by_lang: dict[str, list[Layout]] = {}
    for layout in layouts:
        by_lang.setdefault(layout.lang, []).append(layout)
    return tuple(_vocabulary(lang, same, matcher, usage) for lang, same in by_lang.items())


def _vocabulary(lang: str, layouts: Sequence[Layout], matcher: Matcher, usage: Usage) -> Vocabulary:
    weights: dict[str, float] = {}
    for layout in layouts:
        found = {
            stem(layout.words.folded[n], lang)
            for match in matcher.find(layout.words, layout.sentence_of)
            for n in range(match.first, match.stop)
        }
        counted = Counter(stem(word, lang) for word in content_words(layout))
        for word, count in counted.items():
            if _may_tell(word) and word not in found:
                share = min(count, _MENTIONS) / _MENTIONS
                weights[word] = weights.get(word, 0.0) + share * _keyness(word, lang, usage)
    top = sorted(weights, key=lambda word: (-weights[word], word))[:_VOCABULARY]
    norm = sum(weights[word] ** 2 for word in top) ** 0.5 or 1.0
    length = sum(len(content_words(layout)) for layout in layouts)
    return Vocabulary(
        lang=lang,
        weights={word: weights[word] / norm * _keyness(word, lang, usage) for word in top},
        known=min(1.0, length / _WELL_KNOWN),
    )


def _may_tell(word: str) -> bool:
    return len(word) > 2 and word.isalpha()


def _rarity(word: str, lang: str) -> float:
    return _left_of(background.zipf_of_known_stem(word, lang))


def _keyness(word: str, lang: str, usage: Usage) -> float:
    """The rarity of a word of the seeds, less where other articles of the store hold it too."""
    return max(_LEFT * _rarity(word, lang), _left_of(usage.zipf(word, lang)))


def _left_of(zipf: float) -> float:
    return _TELLING_RARITY - max(_UNLISTED, min(_TELLING_RARITY, zipf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stems:
    """The distinct stems of an article, and the length of their vector of rarities."""

    lang: str
    first: Mapping[str, int]
    """Stem -> number of the word where it first stands, outside furniture."""
    norm: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like some seeds an article is, and by which of its words."""

    value: float = 0.0
    """From -0.4 (nothing in common) to 0.6 (as alike as an article on topic usually is)."""
    shared: tuple[int, ...] = ()
    """Numbers of a few words in common, the most telling first."""


def stems_of(layout: Layout) -> Stems:
    """What an article's likeness to any seeds of its language is computed from."""
    folded, lang = layout.words.folded, layout.lang
    words: dict[str, int] = {}
    for sentence in layout.sentences:
        if sentence.place is not Place.FURNITURE:
            for n in range(sentence.first, sentence.stop):
                words.setdefault(folded[n], n)
    first: dict[str, int] = {}
    squares = 0.0
    tells = _telling(lang)
    for word, n in words.items():
        if (told := tells[word]) and told[0] not in first:
            first[told[0]] = n
            squares += told[1]
    return Stems(lang=lang, first=first, norm=squares**0.5)


@cache
def _telling(lang: str) -> Remembered[tuple[str, float] | None]:
    """Of each word of a language that may tell something, its stem and the square of its rarity."""

    def told(word: str) -> tuple[str, float] | None:
        if not _may_tell(word):
            return None
        stemmed = stem(word, lang)
        return stemmed, _rarity(stemmed, lang) ** 2

    return Remembered(told, most=10_000)


def likeness(known: Sequence[Vocabulary], stems: Stems | None) -> Likeness:
    """Likeness to the seeds in the article's language; 0 without any, so that no language is at a
    disadvantage."""
    for vocabulary in known:
        if stems and vocabulary.lang == stems.lang and stems.norm:
            weights = vocabulary.weights
            common = sorted(weights.keys() & stems.first.keys())
            shared = sum(weights[word] for word in common)
            sure = min(1.0, len(stems.first) / _SURE_FROM)
            like = sure * (min(1.0, shared / stems.norm / _ALIKE) - _UNLIKE)
            telling = sorted(common, key=weights.__getitem__, reverse=True)[:_SHARED]
            return Likeness(
                like if like > 0 else vocabulary.known * like,
                tuple(stems.first[word] for word in telling),
            )
    return Likeness()


# ------------------------------------------------------------------------------- terms of seeds


def telling_names(layouts: Sequence[Layout]) -> list[str]:
    """Capitalised phrases of the seeds, the most telling first."""
    worth: Counter[str] = Counter()
    for layout in layouts:
        for name, count in Counter(_capitalised(layout)).items():
            term = compile_term("names", name)
            if term and term.rarity > 4 and count > 1:
                worth[name] += round(100 * term.rarity * min(count, _MENTIONS))
    return [name for name, _ in worth.most_common()]


def _capitalised(layout: Layout) -> list[str]:
    """Runs of one to three capitalised words, those that open a sentence left out."""
    found = []
    words, text = layout.words, layout.words.text
    for sentence in layout.sentences:
        if sentence.place in (Place.FURNITURE, Place.TITLE):
            continue
        run: list[int] = []
        for n in range(sentence.first + 1, sentence.stop + 1):
            capital = (
                n < sentence.stop and text[words.starts[n]].isupper() and len(words.folded[n]) > 2
            )
            if capital and (not run or text[words.ends[run[-1]] : words.starts[n]].isspace()):
                run.append(n)
                continue
            if 1 <= len(run) <= 3:
                found.append(text[words.starts[run[0]] : words.ends[run[-1]]])
            run = [n] if capital else []
    return found


def telling_words(layouts: Sequence[Layout], usage: Usage) -> list[str]:
    """Small words of the seeds, the most telling first."""
    worth: Counter[str] = Counter()
    for layout in layouts:
        words = layout.words
        counted = Counter(
            words.folded[n]
            for s in layout.sentences
            if s.place is not Place.FURNITURE
            for n in range(s.first, s.stop)
            if words.text[words.starts[n]].islower() and len(words.folded[n]) > 4
        )
        for word, count in counted.items():
            zipf = background.zipf(word, layout.lang)
            usual = usage.zipf(stem(word, layout.lang), layout.lang)
            rarity = max(_LEFT * (_TELLING_RARITY - zipf), _TELLING_RARITY - max(zipf, usual))
            worth[word] += round(100 * rarity * min(count, _MENTIONS))
    return [word for word, total in worth.most_common() if total >= 400]
