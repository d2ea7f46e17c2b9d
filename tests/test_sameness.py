"""Whether an entry means the article that is known at its address: pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watcher.decide.sameness import Known, Met, Words, covers, meet, same_headline, same_page

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADLINE = "Parliament elects a speaker in Tskhinvali"
OTHER = "Sun and wind over Kakheti all week"
TEXT = "Deputies voted for the new speaker by forty votes to two on Monday in the capital. " * 3
OTHER_TEXT = (
    "Farmers enjoyed the sun and the wind all week, and the grapes are ripe, they say. " * 3
)
ARTICLE = Words(
    feed=1, seen_at=NOW, title=HEADLINE, page_title=HEADLINE, summary="Who it is.", text=TEXT
)
READ = Known(words=ARTICLE, partial=False, reason=None, being_tried=False)
TRIED = replace(READ, words=replace(ARTICLE, page_title=""), partial=True, being_tried=True)
GIVEN_UP = replace(TRIED, being_tried=False)
SECTION = replace(READ, words=replace(ARTICLE, page_title="All the news"))
CLAIMED = replace(READ, claimed=True)


def entry(feed: int, title: str = HEADLINE, summary: str = "", later: int = 0) -> Words:
    return Words(feed=feed, seen_at=NOW + timedelta(hours=later), title=title, summary=summary)


@pytest.mark.parametrize(
    ("new", "known", "met"),
    [
        (entry(1), READ, Met.SAME),
        (entry(1, summary="who it is"), READ, Met.SAME),
        (entry(1, summary="Something else."), READ, Met.ANOTHER),
        (entry(1, OTHER), READ, Met.ANOTHER),
        (entry(1, later=1), READ, Met.STANDING),
        (entry(2, later=1), READ, Met.SAME),
        (entry(2, f"{HEADLINE} | Agency"), READ, Met.SAME),
        (entry(2, ""), READ, Met.SAME),
        # In its own words; but not where the page was none of an article, or not at this address.
        (entry(2, OTHER, "Other words."), READ, Met.SAME),
        (entry(2, OTHER), SECTION, Met.ANOTHER),
        (entry(2, OTHER), CLAIMED, Met.ANOTHER),
        (entry(2), SECTION, Met.SAME),
        (entry(2), CLAIMED, Met.SAME),
        (entry(2), TRIED, Met.BEING_TRIED),
        (entry(1), TRIED, Met.BEING_TRIED),
        (entry(2, OTHER), TRIED, Met.ANOTHER),
        (entry(2), GIVEN_UP, Met.UNREAD),
        (entry(2, OTHER), GIVEN_UP, Met.UNREAD),
        (entry(1, OTHER), GIVEN_UP, Met.ANOTHER),
    ],
)
def test_what_an_entry_finds_at_its_address(new: Words, known: Known, met: Met) -> None:
    assert meet(new, known) is met


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Новости дня: выборы", "НОВОСТИ ДНЯ — выборы!", True),
        ("«Ельцин-центр» закрыт на ремонт", '"Ельцин-центр" закрыт на ремонт - ТАСС', True),
        ("Live", "Live", True),
        ("Live", "Live: the vote in Tskhinvali", False),
        ("Missile attack on Kyiv, day 5", "Missile attack on Kyiv, day 6", False),
        ("", "", False),
        ("", HEADLINE, False),
        (HEADLINE, OTHER, False),
    ],
)
def test_headlines(one: str, other: str, same: bool) -> None:
    assert same_headline(one, other) is same
    assert same_headline(other, one) is same


def test_a_page_is_another_ones_only_if_headline_and_text_agree() -> None:
    print_version = replace(ARTICLE, feed=2, text=TEXT[: len(TEXT) // 2])
    assert same_page(print_version, ARTICLE)
    assert not same_page(replace(ARTICLE, text=OTHER_TEXT), ARTICLE)
    assert not same_page(replace(ARTICLE, title=OTHER), ARTICLE)
    assert same_page(replace(ARTICLE, feed=2, title=OTHER), ARTICLE)
    # Dead links that lead to one archive show the same text under every headline.
    archive = replace(ARTICLE, page_title="Archive")
    assert not same_page(replace(archive, feed=2, title=OTHER), archive)
    assert same_page(replace(ARTICLE, text=""), ARTICLE)
    assert not same_page(replace(ARTICLE, title=OTHER, text=""), ARTICLE)


def test_a_corrected_slip_is_covered_by_the_old_text_and_other_news_is_not() -> None:
    assert covers(f"{HEADLINE} {TEXT}", "Parliament elects its speaker in Tskhinvali, at last")
    assert not covers(f"{OTHER} {OTHER_TEXT}", f"{HEADLINE} {TEXT}")
