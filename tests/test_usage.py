"""The store's own articles are a background of the topic: what is usual there tells less."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from labelled import EVAL, article_of, first_topic, rows_of
from program import answer, watcher
from stored import NOW, keep
from test_delivering import desk

from watcher.model import ArticleText, HitKind, SeedData, TopicId, TopicSpec
from watcher.relevance import Scorer, compile_profile, evaluate
from watcher.relevance.usage import (
    EVERY,
    LEARNED,
    LEAST_ARTICLES,
    LEAST_PUBLISHERS,
    MOST_OF_PUBLISHER,
    counted,
    held_by,
    is_due,
)

FURNITURE = (
    "Subscribe to the Larkfield Courier newsletter. Our correspondents welcome feedback from readers;"
    " reproduction without written permission from the Courier is prohibited."
)
SEED = SeedData(
    name="seed",
    text="Merowin dam breaches after rain\n\nThe spillway of the Merowin dam gave way on Sunday and"
    " the reservoir emptied into the valley. Engineers had warned of cracks in the embankment since"
    f" autumn, and villages downstream were evacuated by helicopter.\n\n{FURNITURE}",
)
SPEC = TopicSpec(
    id=TopicId("dam"),
    name="The Merowin dam",
    terms={"dam": ("Merowin",), "act": ("breach*", "evacuat*")},
    seeds=(SEED,),
)


def daily(n: int) -> ArticleText:
    """What the watched outlets print every day."""
    text = (
        f"The town council met on Monday to speak about bus line {n} and the price of tickets. "
        "The mayor said that the matter would be decided in spring after a hearing of residents."
    )
    return ArticleText(title=f"Council talks about bus line {n}", text=f"{text}\n\n{FURNITURE}")


def learned(
    articles: list[ArticleText], *, publishers: int = LEAST_PUBLISHERS, spec: TopicSpec = SPEC
) -> dict[str, Any]:
    held = held_by(spec, articles)
    named = [(f"{n % publishers}.example", one) for n, one in enumerate(held)]
    return counted(spec, named, now=NOW)


def likeness(spec: TopicSpec, known: dict[str, Any] | None, article: ArticleText) -> float:
    [features] = Scorer([compile_profile(spec, learned=known)]).features(article)
    return features["likeness"]


def test_page_furniture_of_the_watched_outlets_is_no_likeness_to_the_seeds() -> None:
    known = learned([daily(n) for n in range(LEAST_ARTICLES)])
    usual = known[LEARNED]["shares"]["en"]
    assert usual["newslett"] == 1.0
    assert "spillway" not in usual
    passing = ArticleText(
        title="Merowin council evacuates its archive",
        text="Boxes were carried out of the town hall of Merowin all afternoon, past a queue of people"
        " who wanted passports. The archivist explained that mould had been found on shelves and that"
        f" letters of the eighteenth century would be frozen, dried and scanned.\n\n{FURNITURE}",
    )
    told = ArticleText(
        title="Merowin: the reservoir is empty",
        text="Engineers inspected the cracks in the embankment and the spillway of the Merowin dam,"
        " after helicopters had evacuated the villages downstream in the valley.",
    )
    assert likeness(SPEC, known, passing) < likeness(SPEC, None, passing) - 0.05
    assert likeness(SPEC, known, told) >= likeness(SPEC, None, told)


def test_a_small_store_or_one_of_few_outlets_changes_nothing() -> None:
    few = learned([daily(n) for n in range(LEAST_ARTICLES - 1)])
    narrow = learned([daily(n) for n in range(LEAST_ARTICLES)], publishers=LEAST_PUBLISHERS - 1)
    plain = compile_profile(SPEC)
    for known in (few, narrow):
        assert known[LEARNED]["shares"] == {}
        assert compile_profile(SPEC, learned=known).vocabularies == plain.vocabularies


def test_a_store_full_of_the_seeds_words_cannot_silence_a_topic() -> None:
    spec = first_topic()
    everything = ArticleText(title="", text="\n\n".join(seed.text for seed in spec.seeds))
    # Each article holds every word of the seeds: no store can say more against them.
    held = held_by(spec, [everything]) * LEAST_ARTICLES
    poison = counted(spec, [(f"{n % 9}.example", h) for n, h in enumerate(held)], now=NOW)
    assert len(poison[LEARNED]["shares"]["en"]) > 100
    rows = [row for path in sorted(EVAL.glob("south_ossetia*.jsonl")) for row in rows_of(path)]
    plain, poisoned = (
        evaluate(rows, [scorer.score(article_of(row))[0] for row in rows])
        for scorer in (Scorer([compile_profile(spec, learned=known)]) for known in (None, poison))
    )
    assert poisoned.average_precision > plain.average_precision - 0.005
    assert poisoned.recall > plain.recall - 0.02


def test_the_version_tells_counts_apart_and_they_are_rare() -> None:
    known = learned([daily(n) for n in range(LEAST_ARTICLES)])
    version = compile_profile(SPEC, learned=known).version
    assert version != compile_profile(SPEC).version
    assert version == compile_profile(SPEC, learned=dict(known)).version
    assert is_due(SPEC, None, now=NOW)
    assert not is_due(SPEC, known, now=NOW + EVERY - timedelta(seconds=1))
    assert is_due(SPEC, known, now=NOW + EVERY)
    other = replace(SPEC, seeds=(replace(SEED, text=f"{SEED.text} More."),))
    assert is_due(other, known, now=NOW)
    assert not is_due(replace(SPEC, seeds=()), None, now=NOW)


def test_a_watcher_counts_its_store_and_shows_what_that_means(tmp_path: Path) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            store, pipeline = one.app.store, one.app.pipeline
            topic = one.app.settings.topics[0]
            assert topic.seeds
            words = " ".join(seed.text for seed in topic.seeds)[:1500]

            def fill(kind: HitKind, number: int, text: str) -> None:
                for n in range(number):
                    keep(
                        store, f"{kind}-{n}", title=f"Story {n}", text=text, kind=kind,
                        topic=topic.id, publisher=f"{n % 6}.example",
                    )  # fmt: skip

            fill(HitKind.NEAR_MISS, LEAST_ARTICLES, words)
            assert await pipeline.count() == 0, "near misses are the topic's own"
            fill(HitKind.SAMPLE, LEAST_ARTICLES, words)
            store.review.save_learned(topic.id, {"verdicts": {}}, note="", now=NOW)
            assert await pipeline.count() == 1
            assert await pipeline.count() == 0, "counted once a month"
            known = store.review.learned()[topic.id]
            assert known["verdicts"] == {}, "what else was learned stays"
            assert known[LEARNED]["articles"] == {"en": LEAST_ARTICLES}
            assert known[LEARNED]["publishers"] == {"en": 6}
            one.later(days=31)
            assert await pipeline.count() == 1

    asyncio.run(go())
    config = tmp_path / "config.toml"
    shown = watcher("topics", "show", "so", config=config)
    assert f"background (en): as shipped, and {LEAST_ARTICLES} other articles" in shown.stdout
    told = answer("topics", "show", "so", config=config)
    assert told["profile_version"] in shown.stdout


def test_one_publisher_is_not_the_language_of_all(tmp_path: Path) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            for n in range(MOST_OF_PUBLISHER + 20):
                keep(
                    one.app.store, f"a{n}", title=f"A {n}", text="A text.", kind=HitKind.SAMPLE,
                    topic="t", publisher="loud.example", at=NOW + timedelta(minutes=n),
                )  # fmt: skip
            keep(one.app.store, "b", title="B", text="B text.", kind=HitKind.SAMPLE, topic="t",
                 publisher="quiet.example", at=NOW - timedelta(days=9))  # fmt: skip
            keep(one.app.store, "c", title="C", text="C text.", kind=HitKind.HIT, topic="t",
                 publisher="quiet.example")  # fmt: skip
            keep(one.app.store, "d", title="D", text="D.", kind=HitKind.SAMPLE, topic="t",
                 publisher="quiet.example", partial=True)  # fmt: skip
            found = one.app.store.articles.ordinary(
                TopicId("t"), of_publisher=MOST_OF_PUBLISHER, limit=100
            )
            publishers = [publisher for _, publisher in found]
            assert publishers.count("loud.example") == MOST_OF_PUBLISHER
            assert publishers.count("quiet.example") == 1
            few = one.app.store.articles.ordinary(TopicId("t"), of_publisher=1, limit=4)
            assert {publisher for _, publisher in few} == {"loud.example", "quiet.example"}

    asyncio.run(go())
