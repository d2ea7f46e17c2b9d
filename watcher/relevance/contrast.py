"""How languages say that a name is brought up only for contrast: "Unlike X, Y has never ..."."""

from __future__ import annotations

from itertools import pairwise

from ..text.words import Words

_UNLIKE = frozenset({"unlike", "contrairement"})
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


def is_contrasted(words: Words, first: int, stop: int) -> bool:
    """Whether a name is, given the numbers of its first word and of the word after its last."""
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
