"""``why`` and ``why-not``: what was decided then, on what, and never what would be decided today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from newsweb import PIECES, NewsWeb, write_config
from program import answer, watcher
from rich.cells import cell_len
from sqlalchemy import create_engine, update
from stored import keep
from test_stories_flow import DECREED, PROPOSED, STAGES, Watch
from webserver import LoopbackWeb

from watcher.model import ArticleText, Failure, FailureReason
from watcher.storage import Store
from watcher.storage.tables import articles
from watcher.stories import fingerprint
from watcher.stories.reading import as_written
from watcher.urls import canonical

pytestmark = pytest.mark.usefixtures("forked_helpers")

[HARVEST] = [one for one in PIECES if one.slug == "harvest"]
WINE = """
[[topics]]
id = "wine"
[topics.terms]
place = ["Kakheti"]
act = ["harvest", "grapes"]
"""


@pytest.fixture
def news() -> Iterator[NewsWeb]:
    with LoopbackWeb() as web:
        found = NewsWeb(web, pieces=[HARVEST])
        found.publish()
        yield found


def steps(config: Path, *words: str, stage: str) -> list[str]:
    found = answer(*words, config=config)["steps"]
    return [step["text"] for step in found if step["stage"] == stage]


def store_of(config: Path) -> Store:
    return Store(f"sqlite:///{config.parent / 'watcher.sqlite3'}")


def test_a_reject_is_explained_by_its_score_of_then_whatever_the_configuration_says_now(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    Watch(config).run()
    link = news.link(HARVEST)
    [before] = steps(config, "why-not", link, stage="score")
    assert "too far under the threshold" in before
    then = before.split(",")[0]
    config.write_text(
        config.read_text().replace("place = [", 'place = ["Kakheti", "Wine harvest", ')
        .replace("event = [", 'event = ["harvest", "grapes", ')
    )  # fmt: skip
    first, second = steps(config, "why-not", link, stage="score")
    assert first == before
    assert first.startswith(then)
    assert "today's configuration" in second
    assert ", a hit" in second
    [score] = answer("why-not", link, config=config)["scores"]
    assert score["hit"]


def test_a_topic_for_which_the_feed_is_not_scored_is_no_topic_it_failed(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    [own] = [line for line in config.read_text().splitlines() if line.startswith("id = ")]
    topic = own.split('"')[1]
    text = config.read_text().replace("[[feeds]]", f'[[feeds]]\ntopics = ["{topic}"]') + WINE
    config.write_text(text)
    Watch(config).run()
    said = steps(config, "why-not", news.link(HARVEST), stage="score")
    [wine] = [line for line in said if line.startswith("wine")]
    assert f"its feed is only for {topic}" in wine
    assert "under the threshold" not in wine


def test_unscored_unscorable_and_long_past_articles_each_get_their_own_sentence(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    Watch(config).run()
    store = store_of(config)
    found = store.articles.by_url(canonical(news.link(HARVEST)))
    assert found is not None
    engine = create_engine(f"sqlite:///{store.path}")

    def said(**values: Any) -> str:
        if values:
            with engine.begin() as connection:
                connection.execute(update(articles).values(**values))
        [text] = steps(config, "why-not", news.link(HARVEST), stage="score")
        return text

    assert "too far under" in said()
    assert "waits to be scored" in said(next_score_at=found.first_seen_at)
    with store.decisions.deciding() as tx:
        tx.unscorable(found.id, Failure(reason=FailureReason.PARSE_LIMIT))
    assert f"could not be scored ({FailureReason.PARSE_LIMIT})" in said()
    with store.decisions.deciding() as tx:
        tx.scored({found.id: ()}, at=found.first_seen_at)
    assert "not known any more" in said(scores=None)
    store.close()


def test_a_topic_that_came_later_did_not_reject_the_article(news: NewsWeb, tmp_path: Path) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    Watch(config).run()
    config.write_text(config.read_text() + WINE)
    said = steps(config, "why-not", news.link(HARVEST), stage="score")
    [wine] = [line for line in said if line.startswith("wine")]
    assert "not watched for then" in wine


def test_a_hit_of_a_topic_that_is_watched_no_more_is_still_explained(
    news: NewsWeb, tmp_path: Path
) -> None:
    config = write_config(tmp_path, news.feeds[:1], [])
    config.write_text(config.read_text() + WINE)
    Watch(config).run()
    config.write_text(config.read_text().replace(WINE, ""))
    said = steps(config, "why-not", news.link(HARVEST), stage="score")
    [wine] = [line for line in said if line.startswith("wine")]
    assert ": hit (profile" in wine


def test_why_tells_the_grouping_what_was_new_and_the_stage(news: NewsWeb, tmp_path: Path) -> None:
    copy = replace(
        DECREED, slug="copy", title="Date set for South Ossetia vote", age=timedelta(hours=1)
    )
    later = replace(
        DECREED,
        slug="later",
        age=timedelta(minutes=30),
        title="Tskhinvali: referendum on joining Russia to cost 40 million rubles",
        text="""The leader of South Ossetia signed a decree on a referendum on joining Russia, to be held this winter, his office in Tskhinvali said.

The election commission puts the price of the vote at 40 million rubles. Alan Tekhov, its chairman, said that 78 polling stations would open.""",
    )
    news.pieces = [PROPOSED, DECREED, copy, later]
    news.publish()
    config = write_config(tmp_path, news.feeds[:1], [])
    config.write_text(config.read_text() + STAGES)
    Watch(config).run()
    ids = {hit["url"].rpartition("/")[2]: str(hit["id"]) for hit in answer("hits", config=config)}

    def told(slug: str) -> dict[str, str]:
        told: dict[str, str] = {}
        for step in answer("why", ids[slug], config=config)["steps"]:
            told[step["stage"]] = f"{told.get(step['stage'], '')} {step['text']}".strip()
        return told

    assert told("proposed")["group"].startswith("opened story 1")
    assert "as a copy" in told("copy")["group"]
    assert f"as in hit {ids['decreed']}" in told("copy")["group"]
    joined = told("later")
    assert "alike, 0.70 needed" in joined["group"]
    assert f"closest to hit {ids['copy']}" in joined["group"]
    assert "Tekhov" in joined["novelty"]
    assert "Date set" in joined["stage"]
    assert "signed a decree" in joined["stage"]
    assert "nothing that had not been told" in told("copy")["novelty"]

    story = next(hit["story_id"] for hit in answer("hits", config=config))
    watcher("stories", "split", str(story), ids["later"], config=config)
    assert "by hand" in told("later")["group"]
    for columns in (80, 140):
        text = watcher("why", ids["later"], config=config, env={"COLUMNS": str(columns)}).stdout
        assert max(map(cell_len, text.splitlines())) <= columns


def test_an_explanation_shows_its_sum_and_how_it_becomes_the_score(
    news: NewsWeb, tmp_path: Path
) -> None:
    news.pieces = [DECREED]
    news.publish()
    config = write_config(tmp_path, news.feeds[:1], [])
    Watch(config).run()
    [hit] = answer("hits", config=config)
    [score] = answer("why", str(hit["id"]), config=config)["scores"]
    total = sum(c["points"] for c in score["contributions"])
    line = f"{total:+.2f} sum: 100 / (1 + exp({-total:.2f})) = {score['score']:.1f}"
    for words in (("why", str(hit["id"])), ("hits", "show", str(hit["id"]))):
        assert line in watcher(*words, config=config).stdout
    article = f"{DECREED.title}\n{DECREED.text}"
    assert "100 / (1 + exp(" in watcher("score", "-", config=config, stdin=article).stdout


def test_why_names_what_joined_two_tellings_as_the_article_writes_it(
    news: NewsWeb, tmp_path: Path
) -> None:
    news.pieces = list(PIECES)
    news.publish()
    config = write_config(tmp_path, news.feeds, [])
    Watch(config).run()
    hits = {hit["lang"]: str(hit["id"]) for hit in answer("hits", config=config)}
    texts = " ".join(
        text for lang in hits for text in steps(config, "why", hits[lang], stage="group")
    )
    assert "both name" in texts
    assert "Бибилов" in texts or "ბიბილოვმა" in texts


def test_shared_names_are_shown_as_the_article_writes_them() -> None:
    english = ArticleText(
        title="Bibilov meets Putin", text="Anatoly Bibilov met Vladimir Putin in Sochi.", lang="en"
    )
    georgian = ArticleText(
        title="ბიბილოვი პუტინს შეხვდა",
        text="ანატოლი ბიბილოვი ვლადიმირ პუტინს სოჭში შეხვდა.",
        lang="ka",
    )
    keys = sorted(fingerprint(english).names)
    assert "Bibilov" in as_written(english, keys)
    assert "ბიბილოვი" in as_written(georgian, keys)
    assert as_written(ArticleText(title="", text=""), keys) == ()


def test_a_hit_that_was_edited_under_the_threshold_is_said_to_have_been_one(
    tmp_path: Path,
) -> None:
    config = write_config(tmp_path, [], [])
    store = store_of(config)
    told = keep(store, "a", title="A", text="x", topic="so", value=12, receivers=("desk",))
    untold = keep(store, "b", title="B", text="y", topic="so", value=12)
    still = keep(store, "c", title="C", text="z", topic="so", value=80, receivers=("desk",))
    store.close()
    under = "so: 12, threshold 50: a hit when it was {}, now under the threshold (profile v1, "
    for hit, said in ((told, under.format("told")), (untold, under.format("found"))):
        [score] = steps(config, "why", str(hit), stage="score")
        assert score.startswith(said)
    [score] = steps(config, "why", str(still), stage="score")
    assert score.startswith("so: 80, threshold 50: hit (")
