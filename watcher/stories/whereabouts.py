"""Whose events a sentence tells of: those of the topic's own places, or those of another place.

A saga's words serve many sagas: Abkhazia, a Swiss canton and Catalonia hold referendums too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from watcher.stories.lexicon import (
    TERRITORY,
    Concept,
    Index,
    Pattern,
    fits,
    index_of,
    place_names,
)
from watcher.text.words import script_of, tokenise

_OURS = "ours"
_SURE = 0.7
"""A term of less worth ("breakaway republic^0.4") is said of other places as well."""
_CASED = ("latin", "cyrillic", "greek")
_SHORTEST_STEM = 4


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The topic's own names and those of other places."""

    names: Index

    def mentions(self, words: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Names in folded words: the first word's number, and the name's class."""
        end = 0
        for at, fitting in enumerate(map(self.names.__getitem__, words)):
            if not fitting or at < end:
                continue
            for name in fitting:
                if len(name.words) == 1 or fits(name, words, at):
                    end = at + len(name.words)
                    yield at, name.concept.kind
                    break


NOWHERE = Whereabouts(index_of(()))
"""Of a topic that has no names of its own: every sentence may tell of it."""


def whereabouts(terms: Mapping[str, Sequence[str]]) -> Whereabouts:
    """Names from a topic's term groups, which are written as in ``[topics.terms]``.

    Ours are the terms of groups that consist of names, and the places so named, in every language
    of the tables. Neither ours nor another's are places that other terms only mention ("join
    Russia"). Names of veto groups are another's.
    """
    wanted = [written for group, written in terms.items() if not group.startswith("!")]
    own = [term for written in wanted if _is_of_names(written) for term in written if _sure(term)]
    if not own:
        return NOWHERE
    table = index_of(place_names())
    ours = {name for term in own for name in _places(term, table, alone=True)}
    mentioned = {
        name for written in wanted for term in written for name in _places(term, table, alone=False)
    }
    vetoes = [written for group, written in terms.items() if group.startswith("!")]
    names = [_name(term, _OURS) for term in own]
    names += [_name(term, TERRITORY) for written in vetoes for term in written if _is_name(term)]
    for place in place_names():
        if place.concept.id in ours:
            names.append(Pattern(Concept(place.concept.id, _OURS), place.words))
        elif place.concept.id not in mentioned:
            names.append(place)
    return Whereabouts(index_of(name for name in names if name.words))


def _phrase(term: str) -> str:
    """The term without what it is worth."""
    return term.partition("^")[0]


def _sure(term: str) -> bool:
    return "..." not in term and float(term.partition("^")[2] or 1) >= _SURE


def _is_name(term: str) -> bool:
    """Whether it is written as a name; where a script has no capitals, whether it may be one."""
    first = next((letter for letter in term if letter.isalpha()), "")
    if not first or "..." in term:
        return False
    return first.isupper() if script_of(first) in _CASED else " " not in term


def _is_of_names(terms: Sequence[str]) -> bool:
    cased = [
        first
        for term in terms
        if (first := next((letter for letter in term if letter.isalpha()), ""))
        and script_of(first) in _CASED
    ]
    return 2 * sum(first.isupper() for first in cased) > len(cased)


def _name(term: str, kind: str) -> Pattern:
    """As in matching of terms, a longer word without an asterisk has endings too."""
    words = [
        (folded, not written.endswith("*") and len(folded) < _SHORTEST_STEM)
        for written in _phrase(term).split()
        for folded in tokenise(written).folded
    ]
    return Pattern(Concept(_phrase(term), kind), tuple(words))


def _places(term: str, table: Index, *, alone: bool) -> Iterator[str]:
    """Ids of places in a term; ``alone``: only where the place is all that the term says."""
    words = tokenise(_phrase(term)).folded
    for at, word in enumerate(words):
        for place in table[word]:
            if fits(place, words, at) and not (alone and len(place.words) < len(words)):
                yield place.concept.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose events a sentence tells of."""

    elsewhere: bool = False
    commentator: bool = False
    """The other place is a state, which may act upon our events ("recognised the result")."""
    first: int | None = None
    """The word that names the other place; None where a sentence before names it."""


OURS = Owner()


_COMPARED = frozenset(
    """like unlike follow follows followed following | вслед_за как_и по_примеру | слідом_за як_і за_прикладом | wie ahnlich_wie
    nach_dem_vorbild | comme instar_de | como igual_que ejemplo_de | come esempio_dell | exemplo_da
    | jak wzorem""".replace("|", " ").split()
)
"""In front of our name, where another territory does as ours does."""


def _tells_of_ours(words: Sequence[str], mentions: Sequence[tuple[int, str]]) -> bool:
    """Whether a sentence names our places, and not only to compare another territory with them."""
    at = [n for n, kind in mentions if kind == _OURS]
    if not any(kind == TERRITORY for _, kind in mentions):
        return bool(at)
    return any(
        _COMPARED.isdisjoint((words[n - 1], "_".join(words[n - 2 : n]))) for n in at if n > 1
    ) or any(n <= 1 for n in at)


def owners(
    places: Whereabouts, sentences: Sequence[Sequence[str]], paragraphs: Sequence[int]
) -> list[Owner]:
    """For each sentence's folded words, the title first, whose events it tells of.

    A sentence that names the topic's own places tells of them. One that names none tells of what
    was named last in its paragraph, or else of what the article told of first. A state is taken
    for a commentator on our events as soon as those were named.
    """
    named = [list(places.mentions(words)) for words in sentences]
    ours = [_tells_of_ours(words, found) for words, found in zip(sentences, named, strict=True)]
    found: list[Owner] = []
    subject: Owner | None = None
    last: tuple[int, Owner] | None = None
    for n, mentions in enumerate(named):
        owner: Owner | None = None
        if ours[n]:
            owner = OURS
        elif other := next((m for m in mentions if m[1] == TERRITORY), None):
            owner = Owner(elsewhere=True, first=other[0])
        elif mentions and not any(ours[: max(n + 1, 2)]):
            owner = Owner(elsewhere=True, commentator=True, first=mentions[0][0])
        if owner is not None:
            subject = subject or owner
            last = paragraphs[n], owner
            found.append(owner)
        elif last and last[0] == paragraphs[n]:
            found.append(replace(last[1], first=None))
        else:
            found.append(replace(subject, first=None) if subject else OURS)
    if found and not named[0] and len(found) > 1:
        found[0] = replace(found[1], first=None)  # a title is told by its lead
    return found
