"""Which rung of a topic's ladder an article says was reached, and how surely it says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from itertools import islice

from watcher.model import ArticleText, StageSpec
from watcher.stories.cues import Cue, CueFound, Ladder, find_cues, ladder, matcher
from watcher.stories.dates import days, years
from watcher.stories.lexicon import find, saga_meanings, table_of
from watcher.stories.tables.context import (
    BACKGROUND,
    CALL,
    CENSURE,
    CONDITION,
    DOUBT,
    ELECTION,
    FUTURE,
    MEMORY,
    NEGATION,
    PLUPERFECT,
    POLLED,
    QUESTION,
    REPORT,
    SILENCE,
    THAT,
    UNREAL,
    WOULD,
)
from watcher.stories.whereabouts import NOWHERE, Owner, Whereabouts, owners
from watcher.text.words import Words, paragraphs, sentences, tokenise

_REACHED = 0.5
_PLACES = (1.0, 1.0, 0.9, 0.8, 0.7, 0.6)
"""What a sentence's word counts for, from the title down; later ones tell the background, and are
not read."""
_BACK = 0.4
_RUMOUR = 0.7
_RUNG_BONUS = 0.01
_REVERSAL_BONUS = 0.12
_LETTER_BONUS = 0.002
_BEFORE = 5
"""A negation or condition this many words before a cue concerns it."""
_WHO = frozenset(["who", "который", "которая", "який", "яка", "ktory", "ktora", "quien"])
"""What a relative clause tells of a person was known before."""
_RELATIVE = THAT | frozenset(
    """which whereby | который которым которому которой которого | який яким якому якої |
    რომელიც რომლის რომლითაც | wonach welches welchem | lequel laquelle | cual | quale cui | qual |
    ktory ktorym ktorego ktora""".replace("|", " ").split()
)
_PARTICIPLE = re.compile(r"\w{0,4}ge\w+(?:t|en)|\w+(?:iert|ossen|oben|ieben|ommen|ogen)")
_PERFECT = frozenset(["has", "have", "hat", "haben", "ist", "wurde"])
"""After "had", what is told is news again: "the vote they had planned has been put off"."""
_OPENING_YEAR = 4
_DAYS_BACK = 2
_ROOT = 4
"""A verb's root is at least so long where the cue names a meaning, not the root."""
_OPENING = 7
"""Among so many first words a sentence says what its subject does."""
_RUNGS_OF_WORDS = 2
"""The lowest rungs are things said: "will" and "would" do not weaken them."""

_TURNS_ON = frozenset(["join", "plebiscite"])
"""What a vote of a saga is about, or is called."""
_UNDOING = frozenset(["cancel", "postpone"])
_SAYING = 3
"""Shorter words of a cue ("a", "le", "se") say nothing of their own."""
_MOST_MET = 20_000

_BREAK = re.compile(r"[;:—–«»“”\"]|\s-\s")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Words that a sentence is looked through for, by how they are asked for."""

    whole: frozenset[str]
    stems: tuple[str, ...]
    endings: tuple[str, ...]
    phrases: tuple[tuple[tuple[str, ...], bool], ...]
    """Several words in a row, and whether the last is a stem."""
    firsts: frozenset[str]
    """The words that phrases begin with."""
    met: dict[str, bool] = field(default_factory=dict, compare=False)
    """Words that were looked up: news has few, and each is asked for around every cue."""

    @classmethod
    def of(cls, written: Iterable[str]) -> _Patterns:
        """See ``cues.matcher`` for the notation."""
        asked = [pattern for text in written for pattern in matcher(text)]
        single = [(words[0], kind) for words, kind in asked if len(words) == 1]
        phrases = [(words, kind == "stem") for words, kind in asked if len(words) > 1]
        return cls(
            whole=frozenset(word for word, kind in single if kind == "whole"),
            stems=tuple(word for word, kind in single if kind == "stem"),
            endings=tuple(word for word, kind in single if kind == "ending"),
            phrases=tuple(phrases),
            firsts=frozenset(words[0] for words, _ in phrases),
        )

    def end(self, word: str) -> bool:
        """Whether a word ends in one of them."""
        return any(word.endswith(e) and len(word) > len(e) + 2 for e in self.endings)

    def stand(self, words: Sequence[str], n: int) -> bool:
        """Whether one of them stands at a place."""
        word = words[n]
        alone = self.met.get(word)
        if alone is None:
            alone = word in self.whole or word.startswith(self.stems) or self.end(word)
            if len(self.met) < _MOST_MET:
                self.met[word] = alone
        return alone or (
            word in self.firsts
            and any(_in_row(phrase, stem, words, n) for phrase, stem in self.phrases)
        )

    def stand_at(self, words: Sequence[str], places: Iterable[int]) -> bool:
        """Whether one of them stands at one of the places."""
        last = len(words)
        return any(0 <= n < last and self.stand(words, n) for n in places)


def _in_row(phrase: tuple[str, ...], stem: bool, words: Sequence[str], n: int) -> bool:
    found = tuple(words[n : n + len(phrase)])
    if len(found) < len(phrase) or found[:-1] != phrase[:-1]:
        return False
    return found[-1].startswith(phrase[-1]) if stem else found[-1] == phrase[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinding:
    """The rung that an article speaks of, with the sentence that says so."""

    stage_id: str
    evidence: str
    cue: str
    certainty: float
    """0-1; less for what stands deep in the text, long past or unconfirmed."""
    negated: bool = False
    hypothetical: bool = False
    reversal: bool = False

    @property
    def reached(self) -> bool:
        """Whether the article asserts that this rung was reached."""
        return not self.negated and not self.hypothetical and self.certainty >= _REACHED


@dataclass(frozen=True, slots=True)
class _Context:
    """Words of a language, or of all languages, that weaken or turn a statement."""

    negation: _Patterns
    condition: _Patterns
    question: _Patterns
    polled: _Patterns
    would: _Patterns
    future: _Patterns
    background: _Patterns
    pluperfect: _Patterns
    report: _Patterns
    doubt: _Patterns
    memory: _Patterns
    election: _Patterns
    silence: _Patterns
    censure: _Patterns
    call: _Patterns
    unreal: _Patterns


@cache
def _context(lang: str | None) -> _Context:
    def words_of(table: Mapping[str, str]) -> _Patterns:
        return _Patterns.of(written for key, written in table.items() if lang in (key, None))

    return _Context(
        negation=words_of(NEGATION),
        condition=words_of(CONDITION),
        question=words_of(QUESTION),
        polled=words_of(POLLED),
        would=words_of(WOULD),
        future=words_of(FUTURE),
        background=words_of(BACKGROUND),
        pluperfect=words_of(PLUPERFECT),
        report=words_of(REPORT),
        doubt=words_of(DOUBT),
        memory=words_of(MEMORY),
        election=words_of(ELECTION),
        silence=words_of(SILENCE),
        censure=words_of(CENSURE),
        call=words_of(CALL),
        unreal=words_of(UNREAL),
    )


@dataclass(frozen=True)
class _Sentence:
    words: Words
    lang: str | None
    published: date | None
    paragraph: int
    context: _Context

    @cached_property
    def is_doubted(self) -> bool:
        """Whether it tells what somebody without a name says."""
        return self.context.doubt.stand_at(self.words.folded, range(len(self.words)))

    @cached_property
    def meanings(self) -> frozenset[str]:
        """All that its words mean to ladders."""
        told = saga_meanings(self.words.folded, self.lang).values()
        return frozenset(name for meant in told for name in meant)

    @property
    def is_of_undoing(self) -> bool:
        """Whether it speaks of calling something off or putting it off."""
        return not _UNDOING.isdisjoint(self.meanings)

    @cached_property
    def is_of_persons(self) -> bool:
        """Whether it tells of an election, and of no vote that a saga turns on."""
        words = self.words.folded
        return self.context.election.stand_at(words, range(len(words))) and self.is_open

    @property
    def is_open(self) -> bool:
        """Whether it does not say which vote it tells of."""
        return _TURNS_ON.isdisjoint(self.meanings)

    @cached_property
    def is_old(self) -> bool:
        """Whether it tells of another year, of a day well before publication, or remembers one."""
        if self.context.memory.stand_at(self.words.folded, range(len(self.words))):
            return True
        if self.published is None:  # "In 2014 ..." opens what is told from memory
            return any(years(word) for word in self.words.folded[:_OPENING_YEAR])
        if any(int(year) < self.published.year for year in years(self.words.text)):
            return True
        table = table_of(self.lang, self.words.text)
        named = days(self.words, find(self.words.folded, table), self.published)
        ages = [_days_before(m.value, self.published) for m in named if len(m.value) == 4]
        return bool(named) and not any(age <= _DAYS_BACK for age in ages)


def detect_stage(
    article: ArticleText, stages: Sequence[StageSpec], places: Whereabouts = NOWHERE
) -> StageFinding | None:
    """The most certain rung; where nothing is asserted, the best denied or conditional one.

    Rungs that another place reached count for nothing where the topic's places are given.
    """
    compiled = ladder(tuple(stages))
    if not compiled.cues:
        return None
    told = _sentences(article)
    cues = [_cues(compiled, sentence) for sentence in told]
    if not any(cues):
        return None
    if any(sentence.is_of_persons for sentence in told[:2]):
        # Of an election its article tells on: "The commission has counted nine ballots in ten."
        cues = [
            [cue for cue in found if cue.cue.stage.reversal or not sentence.is_open]
            for found, sentence in zip(cues, told, strict=True)
        ]
    whose = owners(places, [s.words.folded for s in told], [s.paragraph for s in told])
    possible = [
        (_PLACES[place] + _bonus(cue.cue), cue, place)
        for place, found in enumerate(cues)
        for cue in found
        if not _is_elsewhere(cue, whose[place])
    ]
    # Judged by the most they can rank, until none can outrank the best: nearly all of an article's
    # cues say again what its title says.
    order = sorted(range(len(possible)), key=lambda n: -possible[n][0])
    asserted: tuple[float, int, StageFinding] | None = None
    others: list[tuple[float, int, StageFinding]] = []
    for n in order:
        most, cue, place = possible[n]
        if asserted is not None and most < asserted[0]:
            break
        finding = _finding(cue, told[place], place)
        judged = finding.certainty + _bonus(cue.cue), -n, finding
        if not finding.reached:
            others.append(judged)
        elif asserted is None or judged[:2] > asserted[:2]:
            asserted = judged
    best = asserted or max(others, key=lambda one: one[:2], default=None)
    return best[2] if best else None


def _cues(compiled: Ladder, sentence: _Sentence) -> list[CueFound]:
    words = sentence.words
    found = list(find_cues(compiled, words.folded, sentence.lang, "%" in words.text))
    if found and sentence.is_of_persons:
        return []
    # "The collection of signatures for the referendum began" is no beginning of the referendum.
    said = [{n for n in cue.own if len(words.folded[n]) >= _SAYING} for cue in found]
    return [
        cue
        for cue, own in zip(found, said, strict=True)
        if not any(
            own < others and (other.cue.stage.reversal or not cue.cue.stage.reversal)
            for other, others in zip(found, said, strict=True)
        )
    ]


def _bonus(cue: Cue) -> float:
    """What a cue's rank gains over its certainty."""
    bonus = _RUNG_BONUS * cue.rung + _LETTER_BONUS * cue.letters
    return bonus + (_REVERSAL_BONUS if cue.stage.reversal else 0.0)


def _sentences(article: ArticleText) -> list[_Sentence]:
    """The title and the sentences that count for something."""
    published = article.published_at.date() if article.published_at else None
    context = _context(article.lang if article.lang in NEGATION else None)
    text = article.text or article.summary
    spans = (
        (text[start:end].strip(), number)
        for number, line in enumerate(paragraphs(text), start=1)
        for start, end in sentences(text, *line)
    )
    return [
        _Sentence(tokenise(line), article.lang, published, number, context)
        for line, number in ((article.title, 0), *islice(spans, len(_PLACES) - 1))
    ]


def _days_before(value: str, published: date) -> int:
    """How long before publication a day of the year lies; negative for days to come."""
    try:
        named = date(published.year, int(value[:2]), int(value[2:]))
    except ValueError:
        return 0
    return (published - named).days


def _is_elsewhere(found: CueFound, owner: Owner) -> bool:
    """Whether the rung is another place's.

    Those who recognise are others anyhow: a place named before is who does, one after is what.
    """
    if not owner.elsewhere:
        return False
    if not found.cue.is_of_others:
        return True
    return not owner.commentator and not (owner.first is not None and owner.first < found.start)


def _finding(found: CueFound, sentence: _Sentence, place: int) -> StageFinding:
    """Judge one cue by the words around it."""
    certainty = _PLACES[place]
    if place and _is_background(found, sentence):
        certainty *= _BACK
    if sentence.is_doubted:
        certainty *= _RUMOUR
    return StageFinding(
        stage_id=found.cue.stage.id,
        evidence=sentence.words.text,
        cue=found.cue.text,
        certainty=round(certainty, 3),
        negated=_is_negated(found, sentence),
        hypothetical=_is_hypothetical(found, sentence),
        reversal=found.cue.stage.reversal,
    )


def _around(found: CueFound, before: int, after: int) -> list[int]:
    """Places from before the cue to after it, without the cue's own words."""
    return [n for n in range(found.start - before, found.end + after) if n not in found.own]


def _clause(found: CueFound, sentence: _Sentence, before: int, after: int) -> list[int]:
    """Places around the cue in its own part of the sentence: a colon or dash ends what was said."""
    words, text = sentence.words, sentence.words.text
    low, high = max(0, found.start - before), min(len(words), found.end + after)
    while low < found.start and _BREAK.search(text, words.ends[low], words.starts[found.start]):
        low += 1
    while high > found.end and _BREAK.search(
        text, words.ends[found.end - 1], words.starts[high - 1]
    ):
        high -= 1
    return [n for n in range(low, high) if n not in found.own]


def _is_negated(found: CueFound, sentence: _Sentence) -> bool:
    """A cue that says "no steps" itself is not turned round by another "not"."""
    words, context = sentence.words.folded, sentence.context
    if any(_is_negated_inside(words[n], found, context) for n in found.own):
        return True
    if context.negation.stand_at(words, found.own):
        return False
    near = [n for n in _clause(found, sentence, 3, 1) if not _is_cut_off(n, found, sentence)]
    return context.negation.stand_at(words, near)


def _is_cut_off(n: int, found: CueFound, sentence: _Sentence) -> bool:
    """Whether a comma or colon parts a word from the cue's next: "will not be held: cancelled".

    Not where what follows depends on it: "did not confirm, that it is cancelled".
    """
    after = min((own for own in found.own if own > n), default=None)
    if after is None:
        return False
    words = sentence.words
    between = words.text[words.ends[n] : words.starts[after]]
    if _BREAK.search(between):
        return True
    if "," not in between:
        return False
    return THAT.isdisjoint(words.folded[n:after])


def _is_negated_inside(word: str, found: CueFound, context: _Context) -> bool:
    """Turkish negates inside the verb: "ertelenmedi" is the cue ``ertele*`` turned round."""
    asked = found.cue.stems
    stems = [stem for stem in asked if word.startswith(stem)]
    stems += [word[:_ROOT] for stem in asked if stem.startswith("@")]
    return any(
        word.endswith(ending) and len(word) - len(ending) >= len(stem)
        for ending in context.negation.endings
        for stem in stems
    )


def _is_hypothetical(found: CueFound, sentence: _Sentence) -> bool:
    context, words = sentence.context, sentence.words.folded
    near = _clause(found, sentence, _BEFORE, 0)
    if _is_no_statement(found, sentence, [n for n in near if n < found.start]):
        return True
    if found.cue.names_a_day:  # "will be asked on 17 July whether": the day is set
        near = [n for n in near if n < found.start]
    near = [n for n in near if not _depends(n, found, words)]
    near = [n for n in near if n < found.start or not context.question.stand_at(words, [n])]
    # What is talked about is a possibility anyhow. Turkish makes conditions inside the verb.
    if found.cue.rung > 0 and (
        context.condition.stand_at(words, near)
        or any(context.condition.end(words[n]) for n in found.own)
    ):
        return True
    if context.polled.stand_at(words, [n for n in range(len(words)) if n not in found.own]):
        return True
    if found.cue.rung < _RUNGS_OF_WORDS or found.cue.names_a_day:
        return False
    # That something will be put off or called off is said once it is settled.
    will = not found.cue.stage.reversal and not _is_german_passive(found, sentence)
    return context.would.stand_at(words, near) or (
        will
        and context.future.stand_at(
            words, [n for n in _clause(found, sentence, 4, 1) if not _depends(n, found, words)]
        )
    )


def _depends(n: int, found: CueFound, words: Sequence[str]) -> bool:
    """Whether a word stands in a clause that hangs on the cue: "a decree under which all will
    vote", "dismissed reports that it would join"."""
    return n > found.start and not _RELATIVE.isdisjoint(words[found.start : n])


def _is_no_statement(found: CueFound, sentence: _Sentence, before: Sequence[int]) -> bool:
    """Whether the sentence supposes, censures, asks for or only fails to name what the cue says."""
    context, words = sentence.context, sentence.words.folded
    is_reversal = found.cue.stage.reversal
    if context.unreal.stand_at(words, [0]):
        return True
    if not is_reversal and context.censure.stand_at(words, range(min(found.start, _OPENING))):
        return True
    is_deed = is_reversal or found.cue.rung >= _RUNGS_OF_WORDS
    if is_deed and context.call.stand_at(words, before):
        return True
    if not is_deed and sentence.is_of_undoing and context.call.stand_at(words, found.own):
        return True
    return context.negation.stand_at(words, found.own) and context.silence.stand_at(
        words, range(found.start - 2, found.end)
    )


def _is_german_passive(found: CueFound, sentence: _Sentence) -> bool:
    """Whether "wird" goes with a participle, which is the passive, and no future."""
    if sentence.lang != "de":
        return False
    return any(_PARTICIPLE.fullmatch(sentence.words.folded[n]) for n in found.own)


def _is_background(found: CueFound, sentence: _Sentence) -> bool:
    context = sentence.context
    near = _around(found, _BEFORE, 0)
    if sentence.is_old or context.background.stand_at(sentence.words.folded, near):
        return True
    reported = context.report.stand_at(sentence.words.folded, range(found.start))
    words = sentence.words.folded
    if not _WHO.isdisjoint(words[max(0, found.start - 2) : found.start]):
        return True
    return not reported and any(
        context.pluperfect.stand(words, n)
        and _PERFECT.isdisjoint(words[n : found.end])
        and not _depends(n, found, words)
        for n in _around(found, _BEFORE + 2, 0)
        if 0 <= n < len(words)
    )
