"""A topic compiled for scoring: its terms as patterns, how telling each is, and its seeds' words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..model import TopicId, TopicSpec
from ..stories.lexicon import other_words
from ..text.words import skeleton
from .arts import is_of_arts
from .background import Usage
from .compass import elsewhere_written
from .layout import Layout, lay_out
from .matcher import Matcher
from .seeds import Vocabulary, seed_article, telling_names, telling_words, vocabularies
from .semantic import Opening, opening
from .terms import Term, compile_term
from .usage import usage_of
from .weights import MODEL_VERSION, Weights
from .wording import LEARNED, Words, words_of

VETO = "!"
"""A group whose name begins so is what the topic is not: evidence beside it counts for less."""
PARTIAL_WEIGHT = 0.35
_TRANSLATED, _LEAST_TRANSLATED = 0.8, 5
_PARTIAL_UP_TO = 12  # a group with more terms than this spells its names out itself
_COMMON = 3.0  # rarity of words like "referendum": alone they tell no topic
_LEAST_SPAN = 0.5
_LEAST_TELLING = 0.1
_OWN_RARITY = 1.3  # a term a little under its group's rarity still counts in full
_SEED_TERMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicProfile:
    """What ``Scorer`` needs to know about one topic. Plain data: picklable, never changed."""

    topic: TopicId
    threshold: float
    version: str
    """Hash of the topic, the model version and the weights: stored with every score."""
    groups: tuple[str, ...]
    terms: tuple[Term, ...]
    given_names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Surname -> the given names that the user's full names have with it, in skeleton spelling."""
    vocabularies: tuple[Vocabulary, ...] = ()
    negative_vocabularies: tuple[Vocabulary, ...] = ()
    """Of the counter-examples."""
    of_arts: bool = False
    """Whether the user's own terms are of the arts, so that an arts page is nothing else."""
    words: Mapping[str, Words] = field(default_factory=dict)
    """By language, what words say for the topic and against it."""
    openings: tuple[Opening, ...] = ()
    """How the seeds begin, for ``semantic``; only where a model is used."""
    weights: Weights = field(default_factory=Weights)


def compile_profile(
    spec: TopicSpec, *, learned: Mapping[str, Any] | None = None, model: str | None = None
) -> TopicProfile:
    """Compile what the user said about a topic, and what was learned of it, if anything: weights from
    verdicts, and how usual the words of its seeds are in the other articles of the store.

    ``model`` is the version of the embedding model that scores will rest on besides.
    """
    learned = {**spec.learned, **(learned or {})}
    terms = _user_terms(spec.terms)
    usage = usage_of(learned)
    layouts = [lay_out(seed_article(seed)) for seed in spec.seeds if not seed.negative]
    negative = [lay_out(seed_article(seed)) for seed in spec.seeds if seed.negative]
    if not any(not term.group.startswith(VETO) for term in terms):
        terms += _seed_terms(layouts, usage)
    found_anyway = Matcher(terms)
    groups = tuple(dict.fromkeys(t.group for t in terms if not t.group.startswith(VETO)))
    weights = Weights.from_learned(learned)
    return TopicProfile(
        topic=spec.id,
        threshold=spec.threshold,
        version=_version(spec, weights, learned, model),
        groups=groups,
        terms=_with_telling(groups, terms),
        given_names=_given_names(terms),
        vocabularies=vocabularies(layouts, found_anyway, usage),
        negative_vocabularies=vocabularies(negative, found_anyway, usage),
        of_arts=any(is_of_arts(word) for word in _single_words(terms)),
        words=words_of(learned),
        openings=tuple(map(opening, layouts)) if model else (),
        weights=weights,
    )


def _version(
    spec: TopicSpec, weights: Weights, learned: Mapping[str, Any], model: str | None
) -> str:
    """The weights as they count, defaults included: another release may start from others."""
    stated = {
        "model": MODEL_VERSION,
        "terms": {group: list(terms) for group, terms in spec.terms.items()},
        "seeds": sorted((seed.name, seed.text, seed.negative) for seed in spec.seeds),
        "threshold": spec.threshold,
        "weights": dict(weights.points),
        "words": learned.get(LEARNED),
        "usage": learned.get("usage"),
    }
    if model:
        stated["semantic"] = model
    packed = json.dumps(stated, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
    return hashlib.sha256(packed).hexdigest()[:12]


# ------------------------------------------------------------------------------- terms


def _user_terms(groups: Mapping[str, Sequence[str]]) -> list[Term]:
    stated = {
        group: [term for text in texts if (term := compile_term(group, text))]
        for group, texts in groups.items()
    }
    terms = []
    for group, own in stated.items():
        terms += own
        if own and len(own) <= _PARTIAL_UP_TO and not group.startswith(VETO):
            others = [term for name, some in stated.items() if name != group for term in some]
            terms += _translated(own, others) + _partial(own)
    return terms


def _translated(terms: Sequence[Term], others: Sequence[Term]) -> list[Term]:
    """The same in other languages: names with a point of the compass, and for a little less known
    places, and words for acts and things of public affairs.

    What means as much as a term of another group would make one word a meeting of both.
    """
    known = {term.text.casefold() for term in terms}
    taken = tuple({term.words[0].folded for term in others if len(term.words) == 1})
    parts = tuple({w.folded for term in others for w in term.words if len(term.words) > 1})
    written = dict.fromkeys(text for term in terms for text in elsewhere_written(term.text))
    for term in terms:
        words = [word.folded for word in term.words]
        if len("".join(words)) < _LEAST_TRANSLATED or any(word.gap for word in term.words):
            continue
        said = other_words(words, capital=term.text[0].isupper())
        if any(len(phrase) == 1 and _begins(phrase[0], taken) for phrase in said):
            continue
        for phrase in said:
            if len(phrase) == 1 and _begins(phrase[0], parts):
                continue
            text = " ".join(_stem_term(stem, whole, term) for stem, whole in phrase)
            if text.casefold() not in known:
                written.setdefault(f"{text}^{_TRANSLATED}")
    made = (compile_term(terms[0].group, text) for text in written)
    return [term for term in made if term]


def _begins(said: tuple[str, bool], words: Sequence[str]) -> bool:
    stem, whole = said
    return any(word == stem if whole else word.startswith(stem) for word in words)


def _stem_term(stem: str, whole: bool, said: Term) -> str:
    """A stem as the user would write it: with a capital where the user's own term has one."""
    return f"{stem.title() if said.is_name else stem}{'' if whole else '*'}"


def _partial(terms: Sequence[Term]) -> list[Term]:
    """The one rare name inside a phrase, for a small share: it finds the phrase in languages in
    which nobody wrote it down ("South Ossetia", "ოსეთი")."""
    known = {term.text.casefold() for term in terms}
    found: dict[str, Term] = {}
    for term in terms:
        names = [word for word in term.text.split() if word[:1].isupper() and len(term.words) > 1]
        for name in names:
            part = compile_term(term.group, f"{name}^{PARTIAL_WEIGHT}")
            if part is None or part.rarity < 0.75 * term.rarity or not part.words[0].base:
                continue
            if name.casefold() not in known:
                found.setdefault(part.words[0].base, part)
    return list(found.values())


def _seed_terms(layouts: Sequence[Layout], usage: Usage) -> list[Term]:
    """Without any terms of the user's: the seeds' telling names, and their telling words."""
    names = [compile_term("names", text) for text in telling_names(layouts)[:_SEED_TERMS]]
    words = [compile_term("words", text) for text in telling_words(layouts, usage)[:_SEED_TERMS]]
    return [term for term in (*names, *words) if term]


def _with_telling(groups: Sequence[str], terms: Sequence[Term]) -> tuple[Term, ...]:
    """How much each term says alone: its rarity, and no more than its group's.

    A group is as rare as its commoner quarter, because a word may look rare only for want of
    statistics in its language. The rarest group sets the scale.
    """
    rarity = {}
    for group in groups:
        mine = sorted(t.rarity for t in terms if t.group == group and t.weight == 1)
        rarity[group] = _typical(mine) if mine else _COMMON
    span = max([_LEAST_SPAN, *(value - _COMMON for value in rarity.values())])
    return tuple(
        replace(
            term,
            telling=min(
                1.0,
                max(
                    _LEAST_TELLING,
                    min(
                        (rarity.get(term.group, 0.0) - _COMMON) / span,
                        _OWN_RARITY * (term.rarity - _COMMON) / span,
                    ),
                ),
            ),
        )
        for term in terms
    )


def _typical(rarities: Sequence[float]) -> float:
    few = len(rarities) < 8
    return sum(rarities) / len(rarities) if few else rarities[len(rarities) // 4]


def _single_words(terms: Sequence[Term]) -> Iterator[str]:
    own = (term.words for term in terms if not term.group.startswith(VETO))
    return (words[0].folded for words in own if len(words) == 1)


def _given_names(terms: Sequence[Term]) -> dict[str, frozenset[str]]:
    given: dict[str, set[str]] = {}
    alone = {t.words[0].base for t in terms if len(t.words) == 1 and t.is_name} - {""}
    for term in terms:
        surname = term.words[-1].base
        if len(term.words) == 2 and surname in alone and not term.group.startswith(VETO):
            given.setdefault(surname, set()).add(skeleton(term.words[0].folded))
    return {surname: frozenset(names) for surname, names in given.items()}


def matcher(profiles: Sequence[TopicProfile]) -> Matcher:
    """One automaton for the terms of all profiles, in their order."""
    return Matcher([term for profile in profiles for term in profile.terms])
