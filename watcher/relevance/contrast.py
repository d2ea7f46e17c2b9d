"""How languages say that a name is brought up only for contrast: "Unlike X, Y has never ..."."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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


def is_contrasted(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a name is, given the folded words of its sentence before it and behind it."""
    near = before[-_BEFORE:]
    return (
        not _UNLIKE.isdisjoint(near)
        or any(pair in _UNLIKE_PAIRS for pair in pairwise(near))
        or not _UNLIKE_AFTER.isdisjoint(after[:_AFTER])
    )
