"""Near-duplicate sketches: the smallest hashes of a text's three-word runs.

A bottom-k sketch (Broder 1997; Cohen and Kaplan 2007) estimates both likeness and containment, so
that a reprint cut to its first half is still known as one.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

SKETCH_SIZE = 48
_RUN = 3


@dataclass(frozen=True)
class Sketch:
    """The ``SKETCH_SIZE`` smallest of ``total`` distinct run hashes, ascending."""

    total: int
    hashes: tuple[int, ...]

    @cached_property
    def distinct(self) -> frozenset[int]:
        """The hashes as a set: each sketch is compared with many."""
        return frozenset(self.hashes)

    def packed(self) -> str:
        """ASCII form for storage."""
        raw = struct.pack(f">{len(self.hashes)}I", *self.hashes)
        return f"{self.total}:{base64.b64encode(raw).decode()}"

    @classmethod
    def unpacked(cls, packed: str) -> Sketch:
        """The inverse of ``packed``."""
        total, _, encoded = packed.partition(":")
        raw = base64.b64decode(encoded)
        return cls(int(total), struct.unpack(f">{len(raw) // 4}I", raw))


NO_SKETCH = Sketch(0, ())


def sketch(words: Sequence[str]) -> Sketch:
    """The sketch of a sequence of folded words."""
    run = min(_RUN, len(words))
    hashes = (
        {crc32(" ".join(words[at : at + run]).encode()) for at in range(len(words) - run + 1)}
        if run
        else set()
    )
    return Sketch(len(hashes), tuple(sorted(hashes)[:SKETCH_SIZE]))


def overlap(left: Sketch, right: Sketch) -> tuple[float, float]:
    """Estimated (likeness, containment of the shorter text in the longer), both 0-1."""
    both = left.distinct & right.distinct
    if not both:
        return 0.0, 0.0  # as with most pairs
    merged = sorted(left.hashes + right.hashes)  # two runs in order: merged, not sorted
    union = [*dict.fromkeys(merged)][:SKETCH_SIZE]
    likeness = len(both.intersection(union)) / len(union)
    shared = likeness * (left.total + right.total) / (1 + likeness)
    return likeness, min(1.0, shared / min(left.total, right.total))
