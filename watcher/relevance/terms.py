"""The user's terms as patterns.

A term is a phrase of words. ``*`` at the end of a word stands for any ending, ``...`` between two
words for up to five words of the same sentence, and ``^0.5`` at the end of the term halves what it
is worth. Without ``*`` a word still matches its inflections, and a name (a word with a capital
letter, or a long word) its spellings in other scripts. Matches begin at word starts: "осети" is
not found in "посетил".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ..text.words import same_stem, script_of, skeleton, tokenise
from . import background

_WEIGHT = re.compile(r"\^(\d*\.?\d+)\s*$")
_VOWELS = "aeiou"
_NAME_BASE, _WORD_BASE = 4, 7  # shortest skeletons trusted across scripts
_FUZZY_BASE = 7
_ACRONYM_RARITY = 5.0
# What case endings of Slavic, Georgian, Turkic and Uralic languages look like in skeleton spelling.
_ENDING = re.compile(
    r"[aeiou]{0,4}(?:(?:mi|mu|go|ma|ze|si|da|c|it|t|sa|ta|isa|tan|dan|gan|tvis|ken|mde|an|em|iem|ban|bol"
    r"|nak|val|le|la|li|ni|der|in|m|h|v|s|n|ns)[aeiou]?|(?:in)?sk[a-z]{0,3}|(?:is)?(?:tvis|gan|ken|tan))?"
)
_MAX_ENDING = 8


class WordKind(StrEnum):
    """How much of a word has to agree."""

    EXACT = "exact"  # short or numeric: as it stands
    ACRONYM = "acronym"  # as it stands, in capitals
    STEM = "stem"  # ended by ``*``
    WORD = "word"  # with its inflections


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPattern:
    """One word of a term."""

    folded: str
    kind: WordKind
    base: str = ""
    """Skeleton without its ending, empty where other scripts are not to be trusted."""
    gap: bool = False
    """Up to five words may stand between the word before and this one."""

    def matches(self, folded: str, written: str) -> bool:
        """Whether a word fits, given folded and in skeleton spelling (capitals are not looked at)."""
        if self.kind in (WordKind.EXACT, WordKind.ACRONYM):
            return folded == self.folded
        if folded == self.folded or self._ends_well(written):
            return True
        if self.kind is WordKind.STEM:
            return folded.startswith(self.folded)
        return folded[0] == self.folded[0] and same_stem(
            folded, self.folded, script_of(self.folded)
        )

    def _ends_well(self, written: str) -> bool:
        if not self.base or not written.startswith(self.base):
            return False
        ending = written[len(self.base) :]
        return len(ending) <= _MAX_ENDING and (self.kind is WordKind.STEM or is_ending(ending))

    def beginnings(self) -> tuple[str, str]:
        """How every word that fits begins: folded, or else in skeleton spelling ("" for neither)."""
        if self.kind is not WordKind.WORD:
            return self.folded, self.base
        # Stems differ from their word in up to three letters: "Осетию", "Ossezia".
        length = len(self.folded)
        return self.folded[: max(3, length - (3 if length > 6 else 2))], self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a group, compiled."""

    group: str
    text: str
    words: tuple[WordPattern, ...]
    weight: float = 1.0
    rarity: float = 0.0
    """0 (everyday words) to about 8 (a phrase of rare words)."""
    telling: float = 1.0
    """How much it says alone, 0 to 1, compared with the other terms of its topic."""
    anchor: int = 0
    """Number of the word to look for first: the rarest."""
    has_gap: bool = False
    """Words that are not its own may stand between its words."""
    is_name: bool = False
    """Written with a capital letter, and no word of ordinary language."""


@lru_cache(maxsize=4_096)  # topics share names, and are compiled again when they learn
def compile_term(group: str, text: str) -> Term | None:
    """The pattern for a term as the user wrote it; None where it holds no word."""
    weight = _WEIGHT.search(text)
    plain = text[: weight.start()] if weight else text
    words: list[WordPattern] = []
    gap = False
    for chunk in re.split(r"(\.\.\.|…)", plain):
        if chunk in ("...", "…"):
            gap = bool(words)
            continue
        split = tokenise(chunk)
        for start, end, folded in zip(split.starts, split.ends, split.folded, strict=True):
            starred = chunk[end : end + 1] == "*"
            words.append(_word(chunk[start:end], folded, starred=starred, gap=gap))
            gap = False
    if not words:
        return None
    return Term(
        group=group,
        text=plain.strip(),
        words=tuple(words),
        weight=float(weight.group(1)) if weight else 1.0,
        rarity=_rarity(words),
        anchor=min(range(len(words)), key=lambda n: (_word_zipf(words[n]), -len(words[n].folded))),
        has_gap=any(word.gap for word in words),
        is_name=_is_name(plain, words),
    )


def _is_name(text: str, words: Sequence[WordPattern]) -> bool:
    capital = any(chunk[:1].isupper() and not chunk.isupper() for chunk in text.split())
    return capital and any(_word_zipf(word) <= background.UNSEEN_ZIPF for word in words)


def _word_zipf(word: WordPattern) -> float:
    if word.kind is WordKind.STEM:
        return background.zipf_of_stem(word.folded)
    return background.zipf(word.folded)


def _word(surface: str, folded: str, *, starred: bool, gap: bool) -> WordPattern:
    if starred:
        base = skeleton(folded)
        shortest = _NAME_BASE + 1
        trusted = base if len(base) >= shortest else ""
        return WordPattern(folded=folded, kind=WordKind.STEM, base=trusted, gap=gap)
    if surface.isupper() and len(surface) <= 4 and surface.isalpha():
        return WordPattern(folded=folded, kind=WordKind.ACRONYM, gap=gap)
    if len(folded) <= 3 or not folded.isalpha():
        return WordPattern(folded=folded, kind=WordKind.EXACT, gap=gap)
    base = skeleton(folded)
    while len(base) > _NAME_BASE and base[-1] in _VOWELS:
        base = base[:-1]
    shortest = _NAME_BASE if surface[0].isupper() else _WORD_BASE
    trusted = base if len(base) >= shortest and script_of(folded) != "other" else ""
    return WordPattern(folded=folded, kind=WordKind.WORD, base=trusted, gap=gap)


def _rarity(words: Sequence[WordPattern]) -> float:
    """The rarest word counts in full, each other word for a third: words of a phrase go together."""
    rarities = sorted(
        (
            _ACRONYM_RARITY if word.kind is WordKind.ACRONYM else max(0.0, 8 - _word_zipf(word))
            for word in words
        ),
        reverse=True,
    )
    return rarities[0] + sum(rarities[1:]) / 3


def misspellings(term: Term) -> Iterator[str]:
    """Skeletons of a name with one letter missing, two swapped or one vowel wrong: never the first
    letter, never what is a word of its own, and only of long whole names ("Bibikov" is another man,
    and "sudoeste" begins almost like "Sudosset*")."""
    word = term.words[0]
    base = word.base
    whole = len(term.words) == 1 and word.kind is WordKind.WORD
    if not whole or not term.is_name or len(base) < _FUZZY_BASE:
        return
    for n in range(1, len(base)):
        variants = [base[:n] + base[n + 1 :]]
        if n + 1 < len(base):
            variants.append(base[:n] + base[n + 1] + base[n] + base[n + 2 :])
        if base[n] in _VOWELS:
            variants += [base[:n] + vowel + base[n + 1 :] for vowel in _VOWELS]
        for variant in variants:
            if variant != base and background.zipf_of_stem(variant) <= background.UNSEEN_ZIPF:
                yield variant


def is_ending(written: str) -> bool:
    """Whether this may follow a name's skeleton as its case ending."""
    return len(written) <= _MAX_ENDING and bool(_ENDING.fullmatch(written))
