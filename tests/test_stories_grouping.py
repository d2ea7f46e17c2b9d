"""Grouping: copies and independent tellings together, neighbouring events apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watcher.model import ArticleText, HitId, StoryId
from watcher.stories import (
    Correction,
    Member,
    StoryReport,
    TopicStatistics,
    cluster,
    evaluate_stories,
    fingerprint,
    group,
    learned_threshold,
    publisher_family,
    search_keys,
)
from watcher.stories.evaluation import article_of
from watcher.stories.similarity import Side, compare
from watcher.stories.statistics import Recent

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared"
NOW = datetime(2031, 3, 4, 12, tzinfo=UTC)
WIRE = (
    "A missile struck the tanker Ardent Star in the Strait of Kesma early on Tuesday, setting its "
    "deck on fire, maritime security officials said. All 23 crew were reported safe.\n\n"
    "The Vardan Front, which controls the eastern shore, said it had fired in reply to the "
    "blockade of Port Selim. It was the third attack on shipping in two weeks, and insurers "
    "raised their premiums again on the same afternoon."
)


def article(title: str, text: str, lang: str = "en", at: datetime = NOW) -> ArticleText:
    return ArticleText(title=title, text=text, lang=lang, published_at=at)


def member(
    number: int, told: ArticleText, *, story: int = 1, publisher: str = "", after: float = 0.0
) -> Member:
    return Member(
        hit_id=HitId(number),
        story_id=StoryId(story),
        fingerprint=fingerprint(told),
        publisher=publisher,
        lang=told.lang,
        title=told.title,
        published_at=told.published_at,
        first_seen_at=NOW + timedelta(hours=after),
    )


def test_a_cut_and_retitled_reprint_is_a_duplicate() -> None:
    first = member(7, article("Tanker hit by missile in Strait of Kesma", WIRE))
    cut = WIRE.split("\n\n", maxsplit=1)[0].replace("Ardent Star", "Ardent Star, a tanker,")
    reprint = fingerprint(article("Missile sets tanker ablaze", cut))
    found = group(reprint, [first], now=NOW + timedelta(hours=3))
    assert (found.story_id, found.duplicate_of) == (1, 7)
    assert "of the text as in hit 7" in found.evidence[0]


BULLETIN = (
    "An earthquake of magnitude {} was recorded at {} kilometres under the Batra province on "
    "{}, the seismological institute said. The tremor was felt in towns up to {} kilometres away. "
    "No casualties or damage have been reported so far. The institute asks residents to keep calm "
    "and to report what they felt by telephone. Aftershocks are possible in the coming hours."
)


def test_a_form_filled_in_anew_is_no_duplicate() -> None:
    first = member(1, article("Earthquake in Batra", BULLETIN.format("4.1", 14, "March 4", 55)))
    again = article("Earthquake in Batra", BULLETIN.format("4.8", 23, "March 6", 80))
    found = group(fingerprint(again), [first], now=NOW + timedelta(hours=40))
    assert found.duplicate_of is None
    same = article("Tremor felt", BULLETIN.format("4.1", 14, "March 4", 55))
    assert group(fingerprint(same), [first], now=NOW).duplicate_of == 1


def test_the_same_event_in_another_alphabet_joins_its_story() -> None:
    first = member(1, article("Tanker hit by missile in Strait of Kesma", WIRE))
    russian = fingerprint(
        article(
            "В Кесмском проливе ракета попала в танкер «Ардент Стар»",
            "Танкер «Ардент Стар» загорелся после попадания ракеты в Кесмском проливе. Экипаж из "
            "23 человек не пострадал. Ответственность взял на себя «Фронт Вардана», который "
            "требует снять блокаду с порта Селим.",
            "ru",
        )
    )
    found = group(russian, [first], now=NOW + timedelta(hours=2))
    assert found.story_id == 1
    assert found.duplicate_of is None
    assert "both name" in found.evidence[1]


def test_the_next_attack_of_the_same_war_is_another_story() -> None:
    first = member(1, article("Tanker hit by missile in Strait of Kesma", WIRE))
    later = NOW + timedelta(days=2)
    second = fingerprint(
        article(
            "Two sailors killed as drone boat rams freighter",
            "An explosive drone boat rammed the bulk carrier Dorothea K in the Strait of Kesma on "
            "Wednesday night, killing two sailors and wounding four. The Vardan Front, which hit "
            "the tanker Ardent Star with a missile on Tuesday, claimed the attack.",
            at=later,
        )
    )
    assert group(second, [first], now=later).story_id is None


def labelled(name: str, *ids: str) -> list[ArticleText]:
    """Articles of one of the labelled sets."""
    rows = {row["id"]: row for row in load(HERE / "eval" / f"{name}.jsonl") if "title" in row}
    return [article_of(rows[one]) for one in ids]


def test_what_each_telling_leaves_open_they_settle_together() -> None:
    georgian, french, german = labelled("south_ossetia_6", "ra-076", "ra-077", "ra-078")
    tellings = [member(1, georgian), member(2, french)]
    told, at = fingerprint(german), german.published_at
    assert at is not None
    alone = [group(told, [one], now=at).similarity for one in tellings]
    assert max(alone) < 0.7
    together = group(told, tellings, now=at)
    assert together.story_id == 1
    assert together.similarity >= 0.7
    assert "as a whole" in " ".join(together.evidence)
    apart = [tellings[0], replace(tellings[1], story_id=StoryId(2))]
    assert group(told, apart, now=at).story_id is None


def test_who_takes_it_back_is_not_drawn_into_what_was_said() -> None:
    """All of the story's words stand in a retraction too."""
    first, second, third, retraction = labelled(
        "south_ossetia_7", "rb-001", "rb-061", "rb-101", "rb-086"
    )
    tellings = [member(1, first), member(2, second), member(3, third)]
    at = retraction.published_at
    assert at is not None
    assert group(fingerprint(retraction), tellings, now=at).story_id is None


def test_what_a_power_says_to_an_announcement_is_an_event_of_its_own() -> None:
    """While nothing is counted yet, all that it repeats of the announcement seems telling."""
    rows = {row["id"]: row for row in load(HERE / "eval_stories" / "saga_3.jsonl")}
    announcement, reaction, more = (article_of(rows[one]) for one in ("ba-001", "ba-003", "ba-010"))
    first, at = member(1, announcement), more.published_at
    assert at is not None
    told = group(fingerprint(reaction), [first], now=at)
    assert told.story_id is None
    assert "its story does not mention the Kremlin" in told.evidence[0]
    second = member(2, reaction, story=2)
    assert group(fingerprint(more), [first, second], now=at).story_id == 2


def test_a_story_does_not_grow_for_ever() -> None:
    first = member(1, article("Tanker hit by missile in Strait of Kesma", WIRE))
    again = fingerprint(article("Tanker hit by missile in Strait of Kesma", WIRE))
    assert group(again, [first], now=NOW + timedelta(days=9)).story_id is None


def test_without_candidates_a_new_story_begins() -> None:
    found = group(fingerprint(article("Anything", "at all")), [], now=NOW)
    assert (found.story_id, found.similarity) == (None, 0.0)


def test_a_publication_time_in_the_future_is_not_believed() -> None:
    told = article("Tanker hit", WIRE, at=NOW + timedelta(days=400))
    assert member(1, told).at == NOW


def test_reviewers_move_the_threshold_within_bounds() -> None:
    base = learned_threshold(())
    split = Correction(similarity=0.9, together=False)
    merge = Correction(similarity=0.3, together=True)
    assert learned_threshold([split] * 3) > base > learned_threshold([merge] * 3)
    assert learned_threshold([split] * 1000) <= 0.9
    assert learned_threshold([merge] * 1000) >= 0.5
    assert learned_threshold([Correction(similarity=0.99, together=True)]) == base


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("russian.rt.com", "ria.ru"),
        ("www.bbc.co.uk", "bbc.com"),
        ("Deutsche Welle", "dw.com"),
        ("ekhokavkaza.com", "RFE/RL"),
        ("en.example.org", "example.org"),
        ("news.example.com.tr", "example.com"),
    ],
)
def test_editions_of_one_house_are_one_family(left: str, right: str) -> None:
    assert publisher_family(left) == publisher_family(right)


def test_different_houses_are_different_families() -> None:
    names = ["bbc.com", "reuters.com", "example.org", "other.org", "ria.ru", "Kura Valley Times"]
    assert len({publisher_family(name) for name in names}) == len(names)


def test_ubiquitous_names_stop_leading_to_candidates() -> None:
    told = [
        fingerprint(
            article(f"Minister Bibilov opens {thing}", f"In Tskhinvali Bibilov opened {thing}.")
        )
        for thing in ("a school", "a bridge", "the museum", "two roads", "a hospital", "a bakery")
    ]
    keys = search_keys(told[0], TopicStatistics.of(told))
    assert set(keys) < set(told[0].keys)
    assert "names:blblv" not in keys
    assert search_keys(told[0], TopicStatistics())


def test_statistics_survive_storage_but_for_what_was_seen_once() -> None:
    stats = TopicStatistics.of([fingerprint(article("Bibilov resigns", WIRE))] * 3)
    again = TopicStatistics.from_json(stats.to_json())
    assert (again.stories, again.counts) == (stats.stories, stats.counts)


# --------------------------------------------------------------------------- evaluation


def row(number: int, story: str | None, lang: str = "en") -> dict[str, object]:
    return {"id": f"r{number}", "story": story, "lang": lang, "title": "", "text": ""}


def test_measures_on_a_grouping_worked_out_by_hand() -> None:
    rows = [row(1, "a"), row(2, "a", "ru"), row(3, "b"), row(4, None), row(5, None)]
    report = evaluate_stories(rows, lambda _: {"r1": 1, "r2": 1, "r3": 1, "r4": 2, "r5": 3})
    # Precision: 2/3, 2/3, 1/3, 1, 1; recall 1 throughout.
    assert report.b_cubed_precision == pytest.approx(11 / 15)
    assert report.b_cubed_recall == 1.0
    assert report.b_cubed_f1 == pytest.approx(2 * (11 / 15) / (1 + 11 / 15))
    assert (report.pairwise_precision, report.pairwise_recall) == (pytest.approx(1 / 3), 1.0)
    assert report.wrong_merges == (("r1", "r3"), ("r2", "r3"))
    assert report.by_language_pair["en-ru"] == {"pairs": 1, "precision": 0.5, "recall": 1.0}


def test_articles_without_a_story_are_stories_of_their_own() -> None:
    rows = [row(1, None), row(2, ""), row(3, None)]
    report = evaluate_stories(rows, lambda _: {"r1": 1, "r2": 1, "r3": 2})
    assert report.wrong_merges == (("r1", "r2"),)


def test_the_report_has_the_promised_shape() -> None:
    shape = json.loads(evaluate_stories([row(1, "a")]).to_json())
    promised = "n stories b_cubed_f1 pairwise_precision pairwise_recall by_language_pair"
    assert {*promised.split(), "wrong_merges", "wrong_splits"} <= shape.keys()


def load(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def measured(rows: Sequence[dict[str, object]]) -> StoryReport:
    return evaluate_stories(rows)


@pytest.mark.parametrize("name", ["catalonia", "moldova", "world"])
def test_dense_sagas_keep_their_floor(name: str) -> None:
    report = measured(load(HERE / "eval_stories" / f"{name}.jsonl"))
    assert report.b_cubed_f1 >= 0.96, report
    assert report.pairwise_precision >= 0.97, report.wrong_merges
    assert report.pairwise_recall >= 0.94, report.wrong_splits


@pytest.mark.parametrize(
    ("name", "b_cubed", "recall"),
    [
        ("saga_1", 0.90, 0.70),
        ("saga_2", 0.88, 0.61),
        ("saga_3", 0.84, 0.54),
        ("saga_held_out", 0.95, 0.85),
        ("matters", 0.66, 0.16),
    ],
)
def test_sagas_by_other_hands_are_not_grouped_worse(
    name: str, b_cubed: float, recall: float
) -> None:
    """What is reached, not what is aimed at (0.95)."""
    report = measured(load(HERE / "eval_stories" / f"{name}.jsonl"))
    assert report.pairwise_precision >= 0.99, report.wrong_merges
    assert report.b_cubed_f1 >= b_cubed, report.wrong_splits
    assert report.pairwise_recall >= recall, report.wrong_splits


# What was measured on sets that grouping has not learned from, the gate in ``eval`` holds.
LEARNED_FROM = [
    path
    for path in sorted((HERE / "eval").glob("*.jsonl"))
    if path.stem not in {f"south_ossetia_{n}" for n in range(5, 10)}
]


@pytest.mark.parametrize("path", LEARNED_FROM, ids=lambda p: p.stem)
def test_labelled_topics_keep_their_floor(path: Path) -> None:
    rows = [one for one in load(path) if "title" in one]
    if not any(one.get("story") for one in rows):
        pytest.skip("no story labels")
    report = measured(rows)
    assert report.b_cubed_f1 >= 0.94, report.wrong_splits
    assert report.pairwise_precision >= 0.95, report.wrong_merges


@pytest.mark.corpora
def test_the_first_topic_keeps_its_floor() -> None:
    path = SHARED / "relevance" / "dev.jsonl"
    if not path.exists():
        pytest.skip("../shared is not here")
    report = measured(load(path))
    assert report.b_cubed_f1 >= 0.97, report.wrong_splits
    assert report.pairwise_precision >= 0.97, report.wrong_merges


@pytest.mark.corpora
def test_judged_pairs_of_near_duplicates() -> None:
    path = SHARED / "corpora" / "clusters" / "pairs.jsonl"
    if not path.exists():
        pytest.skip("../shared is not here")
    pairs = [pair for pair in load(path) if pair["src"] == "tgcontest"]
    outcomes = []
    for pair in pairs:
        left, right = (
            article(side["title"], side["text"])  # type: ignore[index]
            for side in (pair["a"], pair["b"])
        )
        found = group(fingerprint(right), [member(1, left)], now=NOW + timedelta(hours=4))
        outcomes.append((found.story_id is not None, pair["label"] == "same"))
    together = [same for grouped, same in outcomes if grouped]
    assert sum(together) / len(together) >= 0.85
    assert sum(together) / sum(same for _, same in outcomes) >= 0.9


def test_streaming_does_not_depend_on_the_order_of_the_file() -> None:
    rows = load(HERE / "eval_stories" / "world.jsonl")
    forwards, backwards = cluster(rows), cluster(rows[::-1])
    assert _partition(forwards) == _partition(backwards)


def _partition(stories: dict[str, int]) -> set[frozenset[str]]:
    groups: dict[int, set[str]] = {}
    for row_id, story in stories.items():
        groups.setdefault(story, set()).add(row_id)
    return {frozenset(group) for group in groups.values()}


def test_what_two_articles_share_comes_in_the_order_of_the_text_in_every_process() -> None:
    """A set's order would change from run to run, and with it the last digit of a likelihood."""
    weak = dict.fromkeys(("bblv", "rgn", "antl", "kvrc", "tbl", "zkh", "pskv", "grm"), 4)
    bare = article("", "Nothing is named here.")
    left = replace(fingerprint(bare), weak=weak)
    right = replace(fingerprint(replace(bare, lang="de")), weak=dict(reversed(weak.items())))
    rarity = Recent(TopicStatistics(), []).told
    found = compare(Side(left, rarity), Side(right, rarity), 1.0, rarity)
    assert found.shared == tuple(weak)
