"""Terms that a topic could do with: what its seeds and confirmed hits say that no term finds.

Names and words count by keyness: Dunning's log-likelihood (1993) of their uses against those that
ordinary language would have: as shipped, and as other articles of the same feeds have it. A name spelt nearly like one of the topic's own is
proposed for that name's group.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from ..model import ArticleText, TopicSpec
from ..text.words import script_of, skeleton, stem
from . import background
from .layout import Layout, Place, lay_out
from .matcher import Matcher
from .profile import VETO
from .seeds import seed_article
from .terms import Term, WordKind, WordPattern, compile_term

_MENTIONS = 3  # more mentions of a word in one text add nothing
_LEAST_RARITY = 3.0  # points of Zipf under the commonest words
_COMMON_ZIPF = 5.0  # from here on a word belongs to everybody
_LEAST_KEYNESS = 15.13  # chi squared with one degree of freedom, one in ten thousand
# One text alone has every word of its author's: one in ten million.
_LEAST_KEYNESS_ALONE = 28.37
_KNOWN_STEMS = 3000  # in the statistics of a language whose unseen words are rare words
_UNKNOWN_ZIPF = 4.5
"""For words of a language of which the shipped statistics know little: Georgian, Danish."""
_ENOUGH_WORDS = 20_000  # of other articles in a language, before their usage tells anything
_SEVERAL = 3  # articles that have a word: fewer are their own subject
_LEAST_SHARE = 0.04  # of the texts in its language
_SHORTEST_NAME, _SHORTEST_WORD = 3, 5
_LONGEST_NAME = 3
_ALIKE = 0.75
"""From here on a name's skeleton is a spelling of another's."""
_SHORTEST_VARIANT = 5
_MOST_ENDING = 3  # letters that "*" may stand for
_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A term to add, ready to paste."""

    term: str
    """As ``[topics.terms]`` takes it."""
    group: str | None
    """The group of the name it is a spelling of; None where the choice is the user's."""
    script: str
    lang: str
    support: int
    """How many of the texts have it."""
    evidence: str
    """A variant of what, or a piece of a sentence with it."""
    weight: float
    """Its keyness, 15.1 or more: to sort by."""


@dataclass(slots=True)
class _Seen:
    """One candidate over all texts."""

    is_name: bool
    lang: str
    surfaces: Counter[str] = field(default_factory=Counter)
    texts: set[int] = field(default_factory=set)
    mentions: int = 0
    excerpt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """How much was read in one language."""

    words: int
    texts: int
    all_texts: int

    @classmethod
    def of(cls, layouts: Sequence[Layout], lang: str) -> _Size:
        same = [layout for layout in layouts if layout.lang == lang]
        return cls(
            words=sum(len(layout.words) for layout in same),
            texts=len(same),
            all_texts=len(layouts),
        )


def suggest(
    spec: TopicSpec,
    texts: Sequence[ArticleText],
    *,
    others: Sequence[ArticleText] = (),
    limit: int = 30,
) -> tuple[Proposal, ...]:
    """Terms that the topic lacks, from its seeds and these confirmed articles; the best first.

    ``others`` are articles off the topic from the same feeds: what they speak of just as often is
    no term of the topic, however rare it is elsewhere.
    """
    terms = [
        term
        for group, all_ in spec.terms.items()
        for text in all_
        if (term := compile_term(group, text))
    ]
    seeds = [seed_article(seed) for seed in spec.seeds if not seed.negative]
    layouts = [lay_out(article) for article in (*seeds, *texts)]
    matcher = Matcher(terms)
    seen = _collect(layouts, matcher)
    usual = _usual([lay_out(article) for article in others], matcher)
    # Ordinary language is unlike in each language: the words of one language are its own measure.
    sizes = {lang: _Size.of(layouts, lang) for lang in {layout.lang for layout in layouts}}
    found = [
        proposal
        for key, one in sorted(seen.items())
        if (proposal := _propose(one, terms, sizes[one.lang], usual.get(key, 0.0)))
    ]
    ranked = sorted(found, key=lambda p: (p.group is None, -p.weight, p.term))
    return tuple(_without_parts(ranked))[:limit]


# ---------------------------------------------------------------------------- candidates


def _collect(layouts: Sequence[Layout], matcher: Matcher) -> dict[tuple[str, str], _Seen]:
    """Candidates by language and stem; every inflection of a word is one candidate."""
    seen: dict[tuple[str, str], _Seen] = {}
    for number, layout in enumerate(layouts):
        counted: Counter[tuple[str, str]] = Counter()
        for first, stop, is_name in _candidates(layout, matcher):
            folded = layout.words.folded[first:stop]
            key = (layout.lang, " ".join(stem(word, layout.lang) for word in folded))
            one = seen.setdefault(key, _Seen(is_name=is_name, lang=layout.lang))
            counted[key] += 1
            one.is_name = one.is_name and is_name
            one.texts.add(number)
            one.surfaces[_surface(layout, first, stop)] += 1
            one.excerpt = one.excerpt or _excerpt(layout, first)
        for key, count in counted.items():
            seen[key].mentions += min(count, _MENTIONS)
    return seen


def _candidates(layout: Layout, matcher: Matcher) -> Iterator[tuple[int, int, bool]]:
    """Words by number, first and past the last, that no term of the topic covers."""
    covered = {
        n
        for match in matcher.find(layout.words, layout.sentence_of)
        for n in range(match.first, match.stop)
    }
    for sentence in layout.sentences:
        if sentence.place is Place.FURNITURE:
            continue
        run: list[int] = []
        for n in range(sentence.first, sentence.stop):
            is_name = n not in covered and _is_capital(layout, n, sentence.first)
            if run and (not is_name or not _adjoin(layout, run[-1], n)):
                yield from _names(run)
                run = []
            if is_name:
                run.append(n)
            elif n not in covered and _is_word(layout, n):
                yield n, n + 1, False
        yield from _names(run)


def _names(run: Sequence[int]) -> Iterator[tuple[int, int, bool]]:
    if 1 <= len(run) <= _LONGEST_NAME:
        yield run[0], run[-1] + 1, True


def _is_capital(layout: Layout, n: int, opening: int) -> bool:
    """A capital that its sentence did not ask for, or on a word unknown to ordinary language."""
    folded = layout.words.folded[n]
    if not layout.words.text[layout.words.starts[n]].isupper() or len(folded) < _SHORTEST_NAME:
        return False
    # In German every noun has one.
    asked = n == opening or layout.lang == "de"
    return not asked or background.zipf(folded) <= background.UNSEEN_ZIPF


def _is_word(layout: Layout, n: int) -> bool:
    folded = layout.words.folded[n]
    common = background.stopwords_of(script_of(folded))
    return folded.isalpha() and len(folded) >= _SHORTEST_WORD and folded not in common


def _adjoin(layout: Layout, left: int, right: int) -> bool:
    words = layout.words
    return words.text[words.ends[left] : words.starts[right]] == " "


def _surface(layout: Layout, first: int, stop: int) -> str:
    return layout.words.text[layout.words.starts[first] : layout.words.ends[stop - 1]]


def _excerpt(layout: Layout, at: int) -> str:
    sentence = layout.sentences[layout.sentence_of[at]]
    words = layout.words
    n = at
    while n > sentence.first and words.starts[at] - words.starts[n - 1] <= _SHOWN // 2:
        n -= 1
    begin = words.starts[n]
    return " ".join(words.text[begin : min(sentence.end, begin + _SHOWN)].split())


# ---------------------------------------------------------------------------- proposals


def _usual(layouts: Sequence[Layout], matcher: Matcher) -> dict[tuple[str, str], float]:
    """How common names and words are in these articles (Zipf), where they tell enough."""
    sizes = {lang: _Size.of(layouts, lang) for lang in {layout.lang for layout in layouts}}
    return {
        key: 9 + math.log10(one.mentions / sizes[one.lang].words)
        for key, one in _collect(layouts, matcher).items()
        if len(one.texts) >= _SEVERAL and sizes[one.lang].words >= _ENOUGH_WORDS
    }


def _propose(one: _Seen, terms: Sequence[Term], size: _Size, usual: float) -> Proposal | None:
    small = Counter({s: n for s, n in one.surfaces.items() if s.islower()})
    text = _collapsed(one.surfaces if one.is_name else small or one.surfaces)
    compiled = compile_term("", text)
    if compiled is None:
        return None
    if _is_rival(compiled, terms):
        return None
    relative = _relative(one, terms)
    zipf = max(usual, min(_zipf(word, one.lang) for word in compiled.words))
    keyness = _keyness(one.mentions, size.words, zipf)
    least = _LEAST_KEYNESS if len(one.texts) > 1 or relative else _LEAST_KEYNESS_ALONE
    if keyness < least or zipf >= _COMMON_ZIPF or compiled.rarity < _LEAST_RARITY:
        return None
    if relative is None and not _often(one, size):
        return None
    return Proposal(
        term=_weighted(text, relative.weight if relative else 1.0 if compiled.is_name else 0.5),
        group=relative.group if relative else None,
        script=script_of(compiled.words[0].folded),
        lang=one.lang,
        support=len(one.texts),
        evidence=f"like {relative.text}: {one.excerpt}" if relative else one.excerpt,
        weight=round(keyness, 1),
    )


def _weighted(text: str, weight: float) -> str:
    """Another spelling of what counts for less counts for as little."""
    return text if weight == 1 else f"{text}^{weight:g}"


def _often(one: _Seen, size: _Size) -> bool:
    """One text's own subject is not the topic's, unless there is only one text or two."""
    if len(one.texts) == 1:
        return size.all_texts <= 2 and one.mentions > 1
    return len(one.texts) >= _LEAST_SHARE * size.texts


def _zipf(word: WordPattern, lang: str) -> float:
    """How common a word is at the most, where statistics of its language are any good."""
    known = background.backgrounds().get(lang)
    found = (
        background.zipf_of_stem(word.folded)
        if word.kind is WordKind.STEM
        else background.zipf(word.folded)
    )
    return found if known and len(known.zipf) >= _KNOWN_STEMS else max(found, _UNKNOWN_ZIPF)


def _keyness(mentions: int, size: int, zipf: float) -> float:
    """Dunning's log-likelihood of so many uses in a text of this size; 0 for fewer than expected."""
    expected = size * 10 ** (zipf - 9)
    if mentions <= expected or not expected:
        return 0.0
    return 2 * (mentions * math.log(mentions / expected) - (mentions - expected))


def _collapsed(surfaces: Counter[str]) -> str:
    """One form for all inflections: the commonest, or their beginning with ``*`` for any ending."""
    commonest = min(surfaces, key=lambda surface: (-surfaces[surface], len(surface), surface))
    words = {surface.split()[-1] for surface in surfaces}
    heads = {surface.rpartition(" ")[0] for surface in surfaces}
    begins = _beginning(min(words), max(words))
    shortest = min(map(len, words))
    if len(words) == 1 or len(heads) > 1 or len(begins) < max(4, shortest - _MOST_ENDING):
        return commonest
    return f"{heads.pop()} {begins}*".strip()


def _beginning(left: str, right: str) -> str:
    """What the first and the last of sorted words share, and so all between them."""
    length = next(
        (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    return left[:length]


def _relative(one: _Seen, terms: Sequence[Term]) -> Term | None:
    """The topic's name that a name is another spelling of, word by word: "Biblov" of "Bibilov".

    A longer name with such a word in it is another name: its other words are there to tell it.
    """
    if not one.is_name:
        return None
    written = [[skeleton(word) for word in s.casefold().split()] for s in one.surfaces]
    best: tuple[float, Term] | None = None
    for term in terms:
        if not term.is_name or term.group.startswith(VETO):
            continue
        bases = [word.base for word in term.words]
        for words in written:
            if len(words) != len(bases):
                continue
            alike = min(map(_alikeness, bases, words))
            if alike >= _ALIKE and (best is None or alike > best[0]):
                best = (alike, term)
    return best[1] if best else None


def _alikeness(base: str, word: str) -> float:
    if min(len(base), len(word)) < _SHORTEST_VARIANT or word[0] != base[0]:
        return 0.0
    return Levenshtein.normalized_similarity(base, word[: len(base) + 1])


def _is_rival(name: Term, terms: Sequence[Term]) -> bool:
    """Whether a name differs from one of the topic's in a word that tells them apart: North Ossetia
    from South Ossetia, a namesake by his first name."""
    written = [(word.folded, skeleton(word.folded)) for word in name.words]
    for term in terms:
        if len(term.words) != len(written) or len(written) < 2 or term.group.startswith(VETO):
            continue
        pairs = list(zip(term.words, written, strict=True))
        same = [own.matches(*other) for own, other in pairs]
        unlike = [_alikeness(own.base, other[1]) < _ALIKE for own, other in pairs]
        if any(same) and any(map(operator.and_, unlike, map(operator.not_, same))):
            return True
    return False


def _without_parts(ranked: Sequence[Proposal]) -> Iterator[Proposal]:
    """Each name once: what a better proposal finds already is not proposed again."""
    taken: list[Term] = []
    for proposal in ranked:
        term = compile_term("", proposal.term)
        if term is None:
            continue
        if any(_covers(known, term) for known in taken):
            continue
        taken.append(term)
        yield proposal


def _covers(known: Term, other: Term) -> bool:
    return len(known.words) == 1 and any(
        known.words[0].matches(word.folded, skeleton(word.folded)) for word in other.words
    )
