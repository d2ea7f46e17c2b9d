"""Novelty and edit watch: only what was not told counts as new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.model import ArticleText
from watcher.stories import Known, checks_due, facts_of, next_check, novelty, revision

AT = datetime(2022, 5, 30, 20, tzinfo=UTC)


def article(title: str, text: str, lang: str = "en", **more: object) -> ArticleText:
    return ArticleText(title=title, text=text, lang=lang, published_at=AT, **more)  # type: ignore[arg-type]


FIRST = article(
    "South Ossetia suspends referendum",
    "The new leader Alan Gagloyev on Monday suspended the referendum planned for July 17.\n\n"
    "He said that consultations with Moscow must come first. Anatoly Bibilov had called the vote.",
)


def test_the_first_article_is_all_new_and_its_reprint_is_not() -> None:
    first = novelty(FIRST, Known())
    assert first.score > 0.4
    again = novelty(FIRST, Known.of([FIRST]))
    assert again.score == 0.0
    assert again.nothing_new
    assert again.sentences == ()


def test_the_sentence_with_the_new_name_number_and_day_leads() -> None:
    followup = article(
        "South Ossetia suspends referendum",
        "The new leader Alan Gagloyev on Monday suspended the referendum planned for July 17.\n\n"
        "A delegation under Olesya Kochieva will take 4,105 signatures to Geneva on June 14.",
    )
    found = novelty(followup, Known.of([FIRST]))
    lead, facts = found.sentences[0]
    assert lead.startswith("A delegation under Olesya Kochieva")
    assert {"name: Kochieva", "number: 4,105", "day: June 14"} <= set(facts)
    assert not any("Gagloyev" in fact for fact in found.evidence)


def test_what_the_headline_says_first_is_shown_by_the_sentence_that_tells_it_in_full() -> None:
    decree = article(
        "Kochieva sends 4,105 signatures to Geneva",
        "Olesya Kochieva said on Monday she would send 4,105 signatures to Geneva.\n\n"
        "A clerk in Znaur stamped the boxes.",
    )
    found = novelty(decree, Known.of([FIRST]))
    lead, facts = found.sentences[0]
    assert lead.startswith("Olesya Kochieva said")
    assert {"name: Kochieva", "number: 4,105"} <= set(facts)
    assert not any(text == decree.title for text, _ in found.sentences)

    flash = article("Kochieva sends 4,105 signatures to Geneva", "")
    assert [text for text, _ in novelty(flash, Known.of([FIRST])).sentences] == [flash.title]


def test_what_was_told_in_another_language_is_known() -> None:
    russian = article(
        "Гаглоев приостановил референдум",
        "Алан Гаглоев в понедельник приостановил референдум, назначенный на 17 июля.",
        "ru",
    )
    georgian = article(
        "გაგლოევმა რეფერენდუმი შეაჩერა",
        "ალან გაგლოევმა ორშაბათს 17 ივლისის რეფერენდუმი შეაჩერა.",
        "ka",
    )
    known = Known.of([FIRST])
    assert novelty(russian, known).nothing_new
    assert novelty(georgian, known).nothing_new
    assert novelty(russian, Known()).score > novelty(russian, known).score


def test_a_new_quote_is_new_even_without_new_names() -> None:
    quoted = article(
        "South Ossetia suspends referendum",
        "Alan Gagloyev said: “We shall not joke with the dream of our people, and nobody will "
        "rush us through this door before it has been opened.”",
    )
    facts = [fact for _, new in novelty(quoted, Known.of([FIRST])).sentences for fact in new]
    assert any(fact.startswith("quote:") for fact in facts)


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("on 17 July", "on 30 October", "day: 30 October"),
        ("by 3 parties", "by 58 parties", "number: 58"),
        ("40 million rubles", "95 million rubles", "number: 95 million"),
        ("Anatoly Bibilov", "Alan Gagloyev", "name: Gagloyev"),
        ("signed", "cancelled", "act: cancelled"),
    ],
)
def test_the_one_word_that_differs_in_a_sentence_told_before_is_new(
    before: str, after: str, new: str
) -> None:
    text = (
        "Anatoly Bibilov signed the decree on the referendum on 17 July, which is backed by "
        "3 parties of the republic and will cost 40 million rubles, his office said late on Monday."
    )
    known = Known.of([article("South Ossetia", text)])
    found = novelty(article("South Ossetia", text.replace(before, after)), known)
    assert found.evidence == (new,), "the rest was told"


@pytest.mark.parametrize("published", [AT, None])
def test_a_quote_weighs_the_same_whether_or_not_its_article_is_dated(
    published: datetime | None,
) -> None:
    text = "The envoy said: “We will not wait for anybody and will not ask anybody”, and left."
    quoted = ArticleText(title="", text=text, lang="en", published_at=published)
    assert novelty(quoted, Known()).score == pytest.approx(0.125, abs=0.001)
    assert novelty(quoted, Known.of([quoted])).score == 0.0


def test_the_day_of_publication_is_no_news() -> None:
    assert novelty(article("", "They met in the hall on 30 May."), Known()).sentences == ()


def test_seeds_and_story_are_merged() -> None:
    seeds, story = (
        Known.of([FIRST]),
        Known.of([article("Peskov", "Dmitry Peskov met Dmitry Kozak.")]),
    )
    both = seeds.merged(story)
    assert both.names.keys() >= seeds.names.keys() | story.names.keys()


plain = st.text(max_size=400) | st.lists(
    st.sampled_from(
        [
            "Bibilov",
            "signed",
            "a",
            "decree",
            "on",
            "17",
            "July.",
            "«Мы",
            "идём",
            "домой»,",
            "сказал",
            "Гаглоев.",
            "4,105",
            "votes.",
            "რეფერენდუმი",
            "გადაიდო.",
        ]
    ),
    max_size=60,
).map(" ".join)


@settings(max_examples=60)
@given(plain, plain)
def test_what_is_known_survives_storage_and_is_not_new_again(title: str, text: str) -> None:
    told = article(title, text)
    known = Known.of([told])
    assert Known.from_json(known.to_json()) == known
    assert known.absorb(facts_of(told)) == known
    assert novelty(told, known).score == 0.0


def test_what_a_long_saga_keeps_is_bounded() -> None:
    known = Known()
    for n in range(60):
        text = " ".join(
            f"Mr Name{n}x{m}ov met {n * 100 + m} envoys in town {m}." for m in range(40)
        )
        known = known.absorb(facts_of(article(f"Day {n}", text)))
    assert len(known.to_json()) < 40_000


def test_a_long_saga_forgets_what_was_not_told_for_longest() -> None:
    quoted = article(
        "Bibilov speaks",
        "Anatoly Bibilov said: “We shall go our own way home and nobody will stop the people of "
        "this land.” Zurab Zukakishvili of Znaur said “nobody asked the teachers what they think”.",
    )
    syllables = ("ba", "do", "ku", "ri", "zo", "ma", "te")
    told = [
        article("", f"Zurab {'da'.join(name).title()} said: “We of {' and '.join(name)} agree.”")
        for name in product(syllables, repeat=4)
    ]
    known = Known.of([quoted])
    for n, one in enumerate(told):
        known = known.absorb(facts_of(one))
        if n % 100 == 0:
            assert novelty(quoted, known).score == 0.0
            known = known.absorb(facts_of(quoted))  # told again, so it is not the oldest
    assert novelty(told[-1], known).score == 0.0
    assert novelty(told[0], known).score > 0.0, "by now forgotten, as the oldest"
    assert Known.from_json(known.to_json()) == known
    assert list(Known.from_json(known.to_json()).names) == list(known.names), "and in what order"


# ---------------------------------------------------------------------------- edit watch


def test_the_diff_reads_like_prose_and_names_the_facts() -> None:
    after = article(
        "South Ossetia cancels referendum",
        FIRST.text.replace("July 17", "July 24").replace("Anatoly Bibilov", "Eduard Kokoity"),
    )
    found = revision(FIRST, after)
    assert found is not None
    assert found.title_changed
    assert found.telling
    assert found.diff.splitlines()[0] == "South Ossetia [-suspends-] {+cancels+} referendum"
    assert "[-17.-] {+24.+}" in found.diff
    assert {"day: July 24", "act: cancels"} <= set(found.gained)
    assert "name: Bibilov" in found.lost
    assert 0 < found.changed_share < 0.5
    assert not found.vanished


@pytest.mark.parametrize(
    "text",
    [
        FIRST.text.replace(" ", "  "),
        FIRST.text.replace("\n\n", "\n"),
        FIRST.text.replace("He said that", "He said, that"),
        FIRST.text.upper().replace("\n\n", "\n\n\n"),
    ],
)
def test_spacing_case_and_punctuation_are_no_revision(text: str) -> None:
    assert revision(FIRST, article(FIRST.title, text)) is None


def test_a_small_edit_of_style_is_told_but_not_telling() -> None:
    found = revision(FIRST, article(FIRST.title, FIRST.text.replace("must come", "should come")))
    assert found is not None
    assert not found.telling


MATCHED = ("referendum", "South Ossetia")
FOREIGN = (
    "This article was read by 4,512 people.",
    "In other news, Serena Okafor won the Lagos marathon on Tuesday in 2 hours and 21 minutes.",
)


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("known", [None, Known.of([FIRST])])
def test_what_a_page_adds_beside_the_topic_is_seen_and_not_telling(
    foreign: str, known: Known | None
) -> None:
    longer = article(FIRST.title, f"{FIRST.text}\n\n{foreign}")
    for before, after in ((FIRST, longer), (longer, FIRST)):
        found = revision(before, after, matched=MATCHED, known=known)
        assert found is not None
        assert foreign in found.diff
        assert not found.telling


@pytest.mark.parametrize(
    ("text", "gained"),
    [
        (FIRST.text.replace("July 17", "July 24"), "day: July 24"),
        (f"{FIRST.text}\n\nThe referendum will cost 40 million rubles.", "number: 40 million"),
        # Bound by a name that a paragraph with a term has, by an act, by what the seeds tell.
        (f"{FIRST.text}\n\nGagloyev will go to Vienna.", "place: Vienna"),
        (f"{FIRST.text}\n\nHe also suspended 12 judges.", "number: 12"),
        (f"{FIRST.text}\n\nAlla Dzhioeva was given 30 guards.", "number: 30"),
        # Between paragraphs that are the topic's.
        (
            f"{FIRST.text}\n\nZurab Kokoity was there.\n\nThe vote in South Ossetia is off.",
            "name: Kokoity",
        ),
        # Nothing binds the last paragraph, but it was there before.
        (FIRST.text.replace("Anatoly Bibilov", "Eduard Kokoity"), "name: Kokoity"),
    ],
)
def test_a_fact_in_a_paragraph_of_the_topic_is_telling(text: str, gained: str) -> None:
    known = Known.of([article("", "Last week Alla Dzhioeva spoke to the press.")])
    found = revision(FIRST, article(FIRST.title, text), matched=MATCHED, known=known)
    assert found is not None
    assert gained in found.gained
    assert found.telling


def test_a_counter_between_paragraphs_of_the_topic_is_not_telling() -> None:
    counted = [FIRST.text.replace("\n\n", f"\n\nRead by {n} people.\n\n") for n in (4512, 9020)]
    before, after = (article(FIRST.title, f"{text}\n\nBibilov left.") for text in counted)
    known = Known.of([article("", "Mr Bibilov came.")])
    for one, other in ((FIRST, after), (before, after)):
        found = revision(one, other, matched=MATCHED, known=known)
        assert found is not None
        assert "9020" in found.diff
        assert not found.telling


def test_a_page_that_is_gone_or_emptied_has_vanished() -> None:
    gone = revision(FIRST, None)
    assert gone is not None
    assert gone.vanished
    emptied = revision(FIRST, article(FIRST.title, "This article was removed."))
    assert emptied is not None
    assert emptied.vanished


def test_a_paywall_proves_nothing_but_its_headline() -> None:
    assert revision(FIRST, article(FIRST.title, "Subscribe to read.", partial=True)) is None
    found = revision(FIRST, article("South Ossetia cancels vote", "Subscribe.", partial=True))
    assert found is not None
    assert (found.title_changed, found.vanished, found.lost) == (True, False, ())


def test_a_huge_rewrite_is_bounded() -> None:
    before = article("t", ". ".join(f"Sentence {n} of the first text" for n in range(3_000)))
    after = article("t", ". ".join(f"Other words {n} were put here" for n in range(3_000)))
    found = revision(before, after)
    assert found is not None
    assert len(found.diff) <= 4_000
    assert found.changed_share <= 1.0


@settings(max_examples=60)
@given(plain, plain)
def test_no_revision_of_itself_and_shares_within_bounds(one: str, other: str) -> None:
    assert revision(article("t", one), article("t", one)) is None
    found = revision(article("t", one), article("t", other))
    assert found is None or 0.0 <= found.changed_share <= 1.0


def test_checks_decay_and_end() -> None:
    seen = AT
    hours = []
    done, now = 0, seen
    while (at := next_check(seen, done, now)) is not None:
        hours.append((at - seen) / timedelta(hours=1))
        now, done = at, checks_due(seen, at)
    assert hours == [1, 6, 24, 72, 168]


def test_checks_missed_in_an_outage_are_made_up_for_once() -> None:
    back = AT + timedelta(days=2)
    assert next_check(AT, 0, back) == back
    done = checks_due(AT, back)
    assert done == 3
    assert next_check(AT, done, back) == AT + timedelta(days=3)
