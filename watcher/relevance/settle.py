"""Which of the found terms count: not those inside a veto, and no namesake's name."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein

from ..text.words import skeleton
from . import background
from .layout import Layout
from .matcher import Match
from .profile import VETO, TopicProfile
from .terms import Term

Found = list[tuple[Term, Match]]
"""Terms with where they were found, by place."""

_SPELT_ALIKE = 0.65
_GIVEN_BEFORE = 2  # a patronymic may stand between the given name and the surname
# "Опальный Бибилов" opens a sentence with an adjective, not with a given name.
_ADJECTIVES = ("ый", "ий", "ой", "ая", "ого", "ому", "ski", "ique")


def settle(profile: TopicProfile, layout: Layout, found: Found) -> tuple[Found, Found, Found]:
    """Matches that count, matches that do not, and the vetoes."""
    vetoes = [pair for pair in found if pair[0].group.startswith(VETO)]
    terms = [pair for pair in found if not pair[0].group.startswith(VETO)]
    vetoes = _not_of_longer_terms(vetoes, terms)
    if not terms:
        return [], [], vetoes
    covered = {n for _, match in vetoes for n in range(match.first, match.stop)}
    kept: Found = []
    voided: Found = []
    for pair in terms:
        free = covered.isdisjoint(range(pair[1].first, pair[1].stop))
        (kept if free else voided).append(pair)
    namesakes = _namesakes(profile, layout, kept, voided)
    if namesakes:
        voided += [pair for pair in kept if _names(pair[0], namesakes)]
        kept = [pair for pair in kept if not _names(pair[0], namesakes)]
    return kept, voided, vetoes


def _not_of_longer_terms(vetoes: Found, terms: Found) -> Found:
    """The vetoes that are no part of a longer term, as "Crimea" is of "Crimean scenario"."""
    if not vetoes:
        return []
    # Word -> how many words a veto that begins there must have not to be a part of something.
    reach: dict[int, int] = {}
    for term, match in terms:
        if not term.has_gap:
            for n in range(match.first, match.stop):
                reach[n] = max(reach.get(n, 0), match.stop - n + (n > match.first))
    return [
        (term, veto) for term, veto in vetoes if reach.get(veto.first, 0) <= veto.stop - veto.first
    ]


def _surname(term: Term) -> str:
    """What identifies a name of one word: its spelling without ending."""
    return term.words[0].base if len(term.words) == 1 and term.is_name else ""


def _names(term: Term, surnames: set[str]) -> bool:
    return len(term.words) == 1 and term.words[0].base in surnames


def _namesakes(profile: TopicProfile, layout: Layout, kept: Found, voided: Found) -> set[str]:
    """Surnames that belong to somebody else here: the first mention has another given name, and
    the right full name is nowhere ("Atsamaz Bibilov" once, and then "Bibilov")."""
    if not voided and not any(_surname(term) in profile.given_names for term, _ in kept):
        return set()
    full = {term.words[-1].base for term, _ in kept if len(term.words) > 1}
    others = {_surname(term) for term, _ in voided} - {""}
    taken = {n for _, match in kept for n in range(match.first, match.stop)}
    judged: set[str] = set()
    for term, match in kept:
        surname = _surname(term)
        given = profile.given_names.get(surname)
        if given and surname not in judged and _has_given_name(layout, match.first, taken):
            judged.add(surname)
            if not _is_given(layout, match.first, given):
                others.add(surname)
    return others - full


def _has_given_name(layout: Layout, at: int, taken: set[int]) -> bool:
    """Whether a capitalised word unknown to ordinary language, or an initial, stands before."""
    words, before = layout.words, at - 1
    if before < 0 or before in taken or layout.sentence_of[before] != layout.sentence_of[at]:
        return False
    surface = words.text[words.starts[before] : words.ends[before]]
    between = words.text[words.ends[before] : words.starts[at]]
    if len(surface) == 1:
        return surface.isupper() and between in (". ", ".", " ") and layout.lang != "fr"
    if between != " " or not surface.istitle() or surface.endswith(_ADJECTIVES):
        return False
    return background.zipf(words.folded[before]) <= background.UNSEEN_ZIPF


def _is_given(layout: Layout, at: int, given: frozenset[str]) -> bool:
    """Whether the words before are the right given name, its initial, or a misspelling of it."""
    for before in range(max(0, at - _GIVEN_BEFORE), at):
        written = skeleton(layout.words.folded[before])
        for name in given:
            same_initial = len(written) == 1 and name.startswith(written)
            if same_initial or Levenshtein.normalized_similarity(written, name) >= _SPELT_ALIKE:
                return True
    return False
