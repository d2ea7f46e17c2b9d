"""How languages say that a name is brought up only for contrast: "Unlike X, Y has never ...",
"it has nothing to do with X", "harder than X"."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from ..text.words import Words

_UNLIKE = frozenset({"unlike", "contrairement", "than", "чем", "нежели", "ніж"})
_UNLIKE_PAIRS = frozenset(
    (word, link)
    for words, links in (
        ("contrast", "to with"), ("contrary opposed", "to"),
        ("отличие", "от"), ("відміну", "від"),
        ("gegensatz unterschied", "zu zur zum"), ("anders", "als"),
        ("difference", "de du"), ("diferencia", "de del"), ("differenza", "di del dell della"),
        ("contrario", "de do da que"), ("przeciwienstwie", "do"), ("odroznieniu", "od"),
    )
    for word in words.split()
    for link in links.split()
)  # fmt: skip
_UNLIKE_AFTER = frozenset({"განსხვავებით", "aksine", "farkli"})
_BEFORE, _AFTER = 4, 2  # words in which "contrast to the breakaway" and "'dan farklı" fit
_UNRELATED: dict[str, list[tuple[str, ...]]] = {}
for _phrase in (
    "nothing to do with", "no connection to", "no connection with", "unrelated to",
    "не имеет отношения к", "не имеют отношения к", "не имеет никакого отношения к",
    "не имеют никакого отношения к", "ничего общего с", "не связано с", "не связаны с",
    "не має стосунку до", "нічого спільного з", "нічого спільного із",
    "nichts zu tun mit", "nichts mit", "rien a voir avec", "aucun rapport avec",
    "nada que ver con", "niente a che fare con", "niente a che vedere con", "nada a ver com",
    "nic wspolnego z", "nic wspolnego ze",
):  # fmt: skip
    _words = tuple(_phrase.split())
    _UNRELATED.setdefault(_words[0], []).append(_words)
# Behind the name: "არაფერი აქვს საერთო", "არანაირი კავშირი", "hiçbir ilgisi yok".
_UNRELATED_AFTER = ("არაფერ", "არანაირ", "hicbir")
_TIE = ("საერთო", "კავშირ", "ilgisi", "აქვს", "შუაშ")
_FAR_BEFORE, _FAR_AFTER = 9, 6  # what is unrelated may be listed: "with X or its referendum"


Contrasted = Callable[[int, int], bool]
"""The same of one article."""


def is_contrasted(words: Words, first: int, stop: int) -> bool:
    """Whether a name is, given the numbers of its first word and of the word after its last."""
    return _is_unlike(words, first, stop) or _is_unrelated(words, first, stop)


def _is_unrelated(words: Words, first: int, stop: int) -> bool:
    before = words.folded[max(0, first - _FAR_BEFORE) : first]
    if not _UNRELATED.keys().isdisjoint(before):  # a rare case, and asked at every name
        for n, word in enumerate(before):
            if any(before[n : n + len(phrase)] == phrase for phrase in _UNRELATED.get(word, ())):
                return True
    after = words.folded[stop : stop + _FAR_AFTER]
    return any(
        word.startswith(_UNRELATED_AFTER) and after[n + 1 : n + 2] and after[n + 1].startswith(_TIE)
        for n, word in enumerate(after)
    )


def _is_unlike(words: Words, first: int, stop: int) -> bool:
    start = first
    while start > max(0, first - _BEFORE) and _goes_on(words, start):
        start -= 1
    before = words.folded[start:first]
    return (
        not _UNLIKE.isdisjoint(before)
        or any(pair in _UNLIKE_PAIRS for pair in pairwise(before))
        or not _UNLIKE_AFTER.isdisjoint(words.folded[stop : stop + _AFTER])
    )


def _goes_on(words: Words, n: int) -> bool:
    """Whether only blanks, or the apostrophe of an article, part a word from the one before."""
    return words.text[words.ends[n - 1] : words.starts[n]].strip(" \n'’") == ""
