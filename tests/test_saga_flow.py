"""A saga's stages reach everyone whom they concern, through the real pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from newsweb import STARTED, NewsWeb, Piece, page, write_config
from program import answer, watcher
from receivers import WebhookServer
from test_stories_flow import DECREED, PROPOSED, STAGES, STOPPED, Watch, told
from webserver import Answer, LoopbackWeb

pytestmark = pytest.mark.usefixtures("forked_helpers")

IN_RUSSIAN = Piece(
    slug="ukaz",
    lang="ru",
    on_topic=True,
    title="Лидер Южной Осетии подписал указ о референдуме о вхождении в состав России",
    text="""Лидер Южной Осетии подписал указ о референдуме о присоединении к России.

Голосование в Цхинвале обойдется в 40 миллионов рублей, заявила избирательная комиссия.""",
)
BILINGUAL = STAGES.replace('"signed a decree"', '"signed a decree", "подписал указ"')


@pytest.fixture
def news() -> Iterator[NewsWeb]:
    with LoopbackWeb() as web:
        found = NewsWeb(web, pieces=[])
        found.publish()
        yield found


def watching(
    tmp_path: Path, news: NewsWeb, hook: WebhookServer, *, desk: str = "", stages: str = STAGES
) -> Watch:
    config = write_config(tmp_path, news.feeds[:2], [])
    receiver = f'[[receivers]]\nname = "desk"\nurl = "{hook.url}"\ngroup_wait = "0s"\n{desk}\n'
    config.write_text(config.read_text() + stages + receiver)
    return Watch(config)


def publish(watch: Watch, news: NewsWeb, piece: Piece, *, then: float) -> None:
    """One article appears and is polled; ``then`` hours pass."""
    news.pieces.append(replace(piece, age=STARTED - watch.now))
    news.publish()
    watch.run()
    watch.now += timedelta(hours=then)


@pytest.mark.parametrize("order", [(IN_RUSSIAN, DECREED), (DECREED, IN_RUSSIAN)])
def test_a_stage_first_told_in_another_language_still_breaks_the_quiet_hours(
    news: NewsWeb, tmp_path: Path, order: tuple[Piece, Piece]
) -> None:
    wishes = 'langs = ["en"]\nquiet = "00:00-23:59"\nbreakthrough_stage = true'
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook, desk=wishes, stages=BILINGUAL)
        publish(watch, news, PROPOSED, then=150)
        for piece in order:
            publish(watch, news, piece, then=5)
        sent = [
            (alert["reason"], delivery["sent_at"] == alert["created_at"])
            for alert in reversed(answer("alerts", config=watch.config))
            for delivery in alert["deliveries"]
        ]
        assert sent == [("new-hit", False), ("stage-change", True)]
        assert ("stage-change", DECREED.title) in told(hook)


def test_a_stage_is_told_once_to_each_receiver_by_the_first_article_that_it_takes(
    news: NewsWeb, tmp_path: Path
) -> None:
    weak = replace(
        DECREED,
        slug="weak",
        title="Talks in Moscow",
        text="""Officials spoke of gas prices on Friday, and of roads, and of much else.

The leader of South Ossetia signed a decree for a referendum.

Gas was the main matter of the talks, they said, and prices would be set in spring.

Roads came next. Nobody said who would pay for them. A bridge is to be painted.""",
    )
    with WebhookServer() as hook, WebhookServer() as all_hook:
        watch = watching(tmp_path, news, hook, desk="min_score = 99.5")
        every = f'[[receivers]]\nname = "all"\nurl = "{all_hook.url}"\ngroup_wait = "0s"\n'
        watch.config.write_text(watch.config.read_text() + every)
        publish(watch, news, PROPOSED, then=150)
        publish(watch, news, weak, then=1)
        publish(watch, news, DECREED, then=1)
        publish(watch, news, replace(DECREED, slug="again"), then=24 * 20)
        publish(watch, news, replace(DECREED, slug="recalled"), then=1)
        scores = {hit["title"]: hit["score"] for hit in answer("hits", config=watch.config)}
        assert scores[weak.title] < 99.5 <= scores[DECREED.title]
        assert [line for line in told(hook) if line[0] == "stage-change"] == [
            ("stage-change", DECREED.title)
        ]
        assert [line for line in told(all_hook) if line[0] == "stage-change"] == [
            ("stage-change", weak.title)
        ]


def test_a_stage_that_came_while_its_topic_was_silenced_is_told_afterwards(
    news: NewsWeb, tmp_path: Path
) -> None:
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook)
        publish(watch, news, PROPOSED, then=150)
        week = ("--topic", "so", "--for", "7d")  # of the real clock: ours is 150 hours ahead
        watcher("alerts", "silence", *week, config=watch.config)
        publish(watch, news, DECREED, then=24)
        publish(watch, news, replace(DECREED, slug="after"), then=1)
        assert told(hook) == [("new-hit", PROPOSED.title), ("stage-change", DECREED.title)]


def test_who_takes_no_stages_hears_of_the_story_as_new(news: NewsWeb, tmp_path: Path) -> None:
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook, desk='reasons = ["new-hit"]')
        publish(watch, news, PROPOSED, then=150)
        publish(watch, news, DECREED, then=1)
        assert told(hook) == [("new-hit", PROPOSED.title), ("new-hit", DECREED.title)]


def test_a_stage_that_only_the_full_page_tells_is_told_when_it_can_be_read(
    news: NewsWeb, tmp_path: Path
) -> None:
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook)
        publish(watch, news, PROPOSED, then=150)
        decreed = replace(DECREED, age=STARTED - watch.now)
        news.pieces.append(decreed)
        news.publish()
        news.web.answer("/en/decreed", Answer(status=503))
        watch.run()
        assert told(hook) == [("new-hit", PROPOSED.title), ("new-hit", DECREED.title)]
        news.web.serve("/en/decreed", page(decreed))
        watch.now += timedelta(hours=3)
        watch.run()
        assert told(hook)[2:] == [("stage-change", DECREED.title)]
        watch.now += timedelta(hours=30)
        watch.run(upkeep=True)
        assert len(told(hook)) == 3


@pytest.mark.parametrize("too_late", [False, True])
def test_what_a_reviewer_dismissed_moves_no_saga(
    news: NewsWeb, tmp_path: Path, too_late: bool
) -> None:
    evening = f"Leader Anatoly Bibilov signed a decree on it in the evening.\n\n{PROPOSED.text}"
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook)
        publish(watch, news, PROPOSED, then=5)
        if not too_late:  # its whole story was dismissed
            watcher("hits", "mark", "1", "irrelevant", config=watch.config)
            told_by_now = [("new-hit", PROPOSED.title)]
        publish(watch, news, replace(PROPOSED, slug="later", text=evening), then=150)
        if too_late:  # it was told, and only then called wrong
            watcher("hits", "mark", "2", "irrelevant", config=watch.config)
            told_by_now = [("new-hit", PROPOSED.title), ("stage-change", PROPOSED.title)]
        publish(watch, news, DECREED, then=1)
        assert told(hook) == [*told_by_now, ("stage-change", DECREED.title)]


def test_one_wrong_article_of_a_told_story_does_not_mute_the_story(
    news: NewsWeb, tmp_path: Path
) -> None:
    """The first article still speaks for it: only a story of which nothing told stands is dismissed."""
    evening = f"Leader Anatoly Bibilov signed a decree on it in the evening.\n\n{PROPOSED.text}"
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook)
        publish(watch, news, PROPOSED, then=5)
        publish(watch, news, replace(PROPOSED, slug="wrong", text=evening), then=5)
        watcher("hits", "mark", "2", "irrelevant", config=watch.config)
        publish(watch, news, replace(PROPOSED, slug="copy", text=evening), then=5)
        publish(watch, news, replace(PROPOSED, slug="copied", text=evening), then=5)
        assert len(hook.receipts) == 2, "what copies the wrong one is wrong, too, and its copies"
        right = f"""Leader Anatoly Bibilov signed a decree on the vote, his office said at midnight.

{PROPOSED.text.split("He spoke")[0]}
The text was read out on television in Tskhinvali; the hall was full and people sang."""
        publish(watch, news, replace(PROPOSED, slug="right", text=right), then=5)
        assert len(answer("stories", config=watch.config)) == 1
        assert len(answer("stories", config=watch.config)) == 1
        assert [reason for reason, _title in told(hook)] == [
            "new-hit", "stage-change", "stage-change",
        ]  # fmt: skip
        watcher("hits", "mark", "1", "irrelevant", config=watch.config)
        watcher("hits", "mark", "5", "irrelevant", config=watch.config)
        publish(watch, news, replace(PROPOSED, slug="again", text=right), then=5)
        assert len(told(hook)) == 3


def test_a_verdict_on_what_is_held_does_not_lose_its_story(news: NewsWeb, tmp_path: Path) -> None:
    """The wrong article is all that would tell of a story in which another one stands."""
    own = f"""{PROPOSED.text.split("He spoke")[0]}
The hall was full on Monday, people sang, and the text was read out on television twice."""
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook, desk='when = "daily at 08:00"')
        watch.now = watch.now.replace(hour=12)
        publish(watch, news, PROPOSED, then=1)
        publish(watch, news, replace(PROPOSED, slug="own", text=own), then=1)
        assert len(answer("stories", config=watch.config)) == 1
        watcher("hits", "mark", "1", "irrelevant", config=watch.config)
        watch.now += timedelta(days=1)
        watch.send()
        assert len(told(hook)) == 1


def test_what_is_called_irrelevant_while_it_is_held_is_not_sent(
    news: NewsWeb, tmp_path: Path
) -> None:
    with WebhookServer() as hook:
        watch = watching(tmp_path, news, hook, desk='when = "daily at 08:00"')
        watch.now = watch.now.replace(hour=12)
        publish(watch, news, PROPOSED, then=1)
        publish(watch, news, STOPPED, then=1)
        watcher("hits", "mark", "1", "irrelevant", config=watch.config)
        watch.now += timedelta(days=1)
        watch.send()
        assert [title for _reason, title in told(hook)] == [STOPPED.title]
        [_, first] = answer("alerts", config=watch.config)
        assert first["deliveries"][0]["state"] == "failed"
        assert "desk: failed, called irrelevant while it was held" in (
            watcher("alerts", "show", "1", config=watch.config).stdout
        )
        watcher("alerts", "retry", "1", config=watch.config)  # a person may insist
        watch.send()
        assert [title for _reason, title in told(hook)] == [STOPPED.title, PROPOSED.title]
