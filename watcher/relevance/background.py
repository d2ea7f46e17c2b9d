"""How common a word is in ordinary language, from the statistics that the package ships.

The numbers come from ``benchmarks/build_background.py``, where their source is stated. They are
read once, at the first use, like a constant that is too long to write into a module.
"""

from __future__ import annotations

import gzip
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain

from ..text.words import LANGS_OF_SCRIPT, Remembered, script_of, stem

UNSEEN_ZIPF = 2.2
"""For words under the shipped top list: about one in six million words of running text."""
_ARTICLE = 300  # words of an ordinary article
_GUESS_FROM = 250  # words; more would not change the guess
_SCRIPT_FROM = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """One language: its function words, and stems with log10 of their uses in 10^9 words."""

    stopwords: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()
    zipf: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How usual words are in the articles that a watcher has stored; the empty one says nothing."""

    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Language -> stem -> share of the articles that hold it."""

    def zipf(self, stemmed: str, lang: str) -> float:
        """How common a stem is in the shipped statistics or in the stored articles, at the most."""
        share = self.shares.get(lang, {}).get(stemmed, 0.0)
        return max(_zipf_of_share(share), zipf_of_known_stem(stemmed, lang))


def _zipf_of_share(share: float) -> float:
    return 9 + math.log10(share / _ARTICLE) if share > 0 else UNSEEN_ZIPF


def is_more_usual(stemmed: str, lang: str, share: float) -> bool:
    """Whether a share of articles makes a stem more usual than the shipped statistics have it."""
    return _zipf_of_share(share) > zipf_of_known_stem(stemmed, lang)


@cache
def backgrounds() -> dict[str, Background]:
    """All languages that the shipped statistics cover, by ISO 639-1 code."""
    packed = files("watcher.relevance").joinpath("data/background.txt.gz").read_bytes()
    loaded = {}
    for block in gzip.decompress(packed).decode().split("= ")[1:]:
        lang, stopwords, *steps = block.strip().split("\n")
        zipf = {
            word: int(step) / 10
            for step, _, words in (line.partition(" ") for line in steps)
            for word in words.split(" ")
        }
        common = frozenset(stopwords[2:].split(" "))
        scripts = frozenset(script_of(word) for word in common)
        loaded[lang] = Background(stopwords=common, scripts=scripts, zipf=zipf)
    return loaded


@cache
def stopwords_of(script: str) -> frozenset[str]:
    """Function words of all languages written in a script."""
    every = backgrounds().values()
    return frozenset(word for one in every for word in one.stopwords if script_of(word) == script)


def zipf(folded: str, lang: str | None = None) -> float:
    """How common a folded word is, 2 (rare) to 8: in one language, or the most over its script."""
    langs = (lang,) if lang in backgrounds() else LANGS_OF_SCRIPT[script_of(folded)]
    found = (
        backgrounds()[one].zipf.get(stem(folded, one)) for one in langs if one in backgrounds()
    )
    return max((value for value in found if value is not None), default=UNSEEN_ZIPF)


@lru_cache(maxsize=20_000)
def zipf_of_stem(prefix: str) -> float:
    """How common the words are that begin with a prefix, at the most over its script."""
    langs = [one for one in LANGS_OF_SCRIPT[script_of(prefix)] if one in backgrounds()]
    return max((_starting(prefix, lang) for lang in langs), default=UNSEEN_ZIPF)


def _starting(prefix: str, lang: str) -> float:
    known = backgrounds()[lang].zipf
    words = _in_order(lang)
    most = known.get(stem(prefix, lang), UNSEEN_ZIPF)
    for n in range(bisect_left(words, prefix), len(words)):
        if not words[n].startswith(prefix):
            break
        most = max(most, known[words[n]])
    return most


@cache
def _in_order(lang: str) -> list[str]:
    return sorted(backgrounds()[lang].zipf)


def zipf_of_known_stem(stemmed: str, lang: str) -> float:
    """How common a stem is in one language."""
    known = backgrounds().get(lang)
    return known.zipf.get(stemmed, UNSEEN_ZIPF) if known else UNSEEN_ZIPF


def share_of_texts(stemmed: str, lang: str, words: int) -> float:
    """Of ordinary texts of so many words, how many hold a stem."""
    return 1 - math.exp(-words * 10 ** (zipf_of_known_stem(stemmed, lang) - 9))


def main_script(folded: Sequence[str]) -> str:
    """The script that most of a text's words are written in."""
    scripts = [_SCRIPTS[word] for word in _spread(folded, _SCRIPT_FROM)]
    present = dict.fromkeys(scripts)
    present.pop("", None)
    return max(present, key=scripts.count, default="other")


_SCRIPTS = Remembered(lambda folded: script_of(folded) if folded.isalpha() else "")
"""Of each word; empty for a number."""


def guess_language(folded: Sequence[str]) -> str:
    """The language whose function words a text has the most of; empty where it has none."""
    script, langs = main_script(folded), _langs_of_stopwords()
    present = langs.keys() & set(_spread(folded, _GUESS_FROM))
    counts = Counter(chain.from_iterable(langs[word] for word in present))
    candidates = [
        lang for lang, one in backgrounds().items() if script == "other" or script in one.scripts
    ]
    best = max(candidates, key=counts.__getitem__, default="")
    return best if counts[best] else ""


@cache
def _langs_of_stopwords() -> dict[str, list[str]]:
    langs: dict[str, list[str]] = {}
    for lang, one in backgrounds().items():
        for word in one.stopwords:
            langs.setdefault(word, []).append(lang)
    return langs


def _spread(folded: Sequence[str], enough: int) -> Sequence[str]:
    """So many words from all over a text, since it may open with a line in another language."""
    return folded[:: max(1, -(-len(folded) // enough))]
