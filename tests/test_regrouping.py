"""Stories that a person merges and splits, and who counts as having reported them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from newsweb import STARTED, NewsWeb, Piece, page, write_config
from program import answer, watcher
from receivers import WebhookServer
from sqlalchemy import create_engine, select
from stored import keep
from test_stories_flow import DECREED, PROPOSED, STAGES, STOPPED, Watch, told
from webserver import LoopbackWeb

from watcher.cli.stories import languages
from watcher.model import HitId, StoryId, Verdict
from watcher.pipeline.regrouping import judging
from watcher.storage import Store
from watcher.storage.tables import stories, story_links
from watcher.stories import Correction, learned_threshold
from watcher.stories.grouping import DEFAULT_THRESHOLD

pytestmark = pytest.mark.usefixtures("forked_helpers")

EVENING = replace(
    PROPOSED,
    slug="evening",
    text=f"Leader Anatoly Bibilov signed a decree on it in the evening.\n\n{PROPOSED.text}",
)
# Two reports so alike that grouping holds them apart only for the time between them.
ONE, OTHER, APART = DECREED, STOPPED, 40.0


@pytest.fixture
def news() -> Iterator[NewsWeb]:
    with LoopbackWeb() as web:
        yield NewsWeb(web, pieces=[])


def database(watch: Watch) -> Path:
    return watch.config.parent / "watcher.sqlite3"


def links(watch: Watch) -> list[tuple[float, bool]]:
    with create_engine(f"sqlite:///{database(watch)}").connect() as connection:
        rows = connection.execute(select(story_links).order_by(story_links.c.id))
        return [(row.similarity, row.same) for row in rows]


def known(watch: Watch, story: int) -> str:
    with create_engine(f"sqlite:///{database(watch)}").connect() as connection:
        query = select(stories.c.known).where(stories.c.id == story)
        return str(connection.execute(query).scalar_one())


def publish(watch: Watch, news: NewsWeb, *pieces: Piece, then: float = 1.0) -> None:
    news.pieces += [replace(piece, age=STARTED - watch.now) for piece in pieces]
    news.publish()
    watch.run()
    watch.now += timedelta(hours=then)


def watching(tmp_path: Path, news: NewsWeb, extra: str = "") -> Watch:
    news.publish()
    config = write_config(tmp_path, news.feeds[:1], [], extra=extra)
    config.write_text(config.read_text() + STAGES)
    return Watch(config)


def test_a_merge_teaches_the_threshold_what_grouping_had_held(
    news: NewsWeb, tmp_path: Path
) -> None:
    watch = watching(tmp_path, news)
    publish(watch, news, ONE, then=APART)
    publish(watch, news, OTHER)
    assert len(answer("stories", config=watch.config)) == 2
    done = watcher("stories", "merge", "1", "2", config=watch.config)
    [(similarity, same)] = links(watch)
    assert same
    assert f"{similarity:.2f} alike" in done.stderr
    assert 0.4 < similarity < DEFAULT_THRESHOLD, "else they had been one story"
    taught = learned_threshold([Correction(similarity=similarity, together=same)])
    assert taught < DEFAULT_THRESHOLD
    watcher("stories", "split", "1", "2", config=watch.config)
    assert [same for _, same in links(watch)] == [True, False]


@pytest.mark.parametrize("merges", [0, 12])
def test_what_was_merged_before_groups_the_next_like_pair(
    news: NewsWeb, tmp_path: Path, merges: int
) -> None:
    watch = watching(tmp_path, news)
    publish(watch, news, ONE, then=APART)
    with create_engine(f"sqlite:///{database(watch)}").begin() as connection:
        # Each of its own pair, or only the last would count.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        for n in range(merges):
            link = {"hit_a": 1, "hit_b": 100 + n, "similarity": 0.5, "same": True, "at": STARTED}
            connection.execute(story_links.insert().values(link))
    publish(watch, news, OTHER)
    assert len(answer("stories", config=watch.config)) == (1 if merges else 2)


def test_the_last_word_on_two_hits_counts(news: NewsWeb, tmp_path: Path) -> None:
    from watcher.model import TopicId
    from watcher.storage import Store

    watch = watching(tmp_path, news)
    publish(watch, news, ONE, then=APART)
    publish(watch, news, OTHER)
    watcher("stories", "merge", "1", "2", config=watch.config)
    watcher("stories", "split", "1", "2", config=watch.config)
    store = Store(f"sqlite:///{database(watch)}")
    with store.decisions.deciding() as tx:
        assert [same for _, same in tx.corrections(TopicId("so"))] == [False]
    store.close()


def test_a_merged_story_knows_what_both_told_and_is_found_by_either_number(
    news: NewsWeb, tmp_path: Path
) -> None:
    watch = watching(tmp_path, news)
    publish(watch, news, replace(PROPOSED, slug="first"), then=24 * 7)
    publish(watch, news, DECREED)
    before = [known(watch, story) for story in (1, 2)]
    watcher("stories", "merge", "1", "2", config=watch.config)
    assert "gagloev" not in known(watch, 1)
    both = known(watch, 1)
    assert len(both) > max(map(len, before))
    shown = watcher("stories", "show", "2", config=watch.config)
    assert "story 2 was merged into story 1" in shown.stderr
    assert "2 articles" in shown.stdout
    assert answer("stories", "show", "1", config=watch.config)["stage"] == "date"
    # What the story that went away had told is nothing new to the one that stays.
    publish(watch, news, replace(DECREED, slug="again"))
    [again] = [hit for hit in answer("hits", config=watch.config) if "again" in hit["url"]]
    assert again["story_id"] == 1
    assert (
        "nothing that the seeds or its story"
        in watcher("hits", "show", str(again["id"]), config=watch.config).stdout
    )


def test_a_split_leaves_each_story_with_its_own_stage_and_facts(
    news: NewsWeb, tmp_path: Path
) -> None:
    watch = watching(tmp_path, news)
    publish(watch, news, PROPOSED)
    publish(watch, news, EVENING)
    [story] = answer("stories", config=watch.config)
    assert (story["articles"], story["stage"]) == (2, "date")
    watcher("stories", "split", "1", "2", config=watch.config)
    found = {story["id"]: story for story in answer("stories", config=watch.config)}
    assert (found[1]["stage"], found[2]["stage"]) == ("proposal", "date")
    assert "signed a decree" in found[2]["stage_evidence"]
    assert known(watch, 2)
    assert known(watch, 1) != known(watch, 2)


DAYS = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 3)]


def told_by_three(store: Store) -> tuple[StoryId, list[HitId]]:
    """A story of three articles, each of a day, publisher and language of its own."""
    story, found = None, []
    for day, lang in zip(DAYS, ("de", "en", "ru"), strict=True):
        found.append(
            keep(store, lang, title=f"Title {lang}", text="Text", lang=lang, at=day, story=story,
                 publisher=f"{lang}.example")
        )  # fmt: skip
        story = store.review.hit(found[0]).story_id
    assert story is not None
    return story, found


def face(store: Store, story_id: StoryId) -> tuple[str, datetime, datetime, int, list[str]]:
    story = store.review.stories_by_ids([story_id])[story_id]
    said = languages(store.review.timelines([story_id])[story_id])
    return story.headline, story.first_seen_at, story.last_seen_at, story.publishers, said


def test_after_a_split_each_story_is_that_of_its_own_articles(store: Store) -> None:
    story, hits = told_by_three(store)
    assert face(store, story) == ("Title de", DAYS[0], DAYS[2], 3, ["de", "en", "ru"])
    judge = judging(lambda _topic: None)
    made = store.regrouping.split(story, [hits[0]], judging=judge, now=DAYS[2]).story_id
    assert face(store, story) == ("Title en", DAYS[1], DAYS[2], 2, ["en", "ru"])
    assert face(store, made) == ("Title de", DAYS[0], DAYS[0], 1, ["de"])
    # Merged the other way round, the one that stays begins with the older article again.
    store.regrouping.merge(story, made, judging=judge, now=DAYS[2])
    assert face(store, story) == ("Title de", DAYS[0], DAYS[2], 3, ["de", "en", "ru"])


@pytest.mark.parametrize("both_told", [True, False])
def test_a_merge_of_two_told_stories_is_no_growth(store: Store, both_told: bool) -> None:
    """Whoever was told of both has heard of all their publishers."""
    first = keep(store, "a", title="A", text="x", receivers=("desk",), publisher="a.example")
    heard = ("desk",) if both_told else ()
    second = keep(store, "b", title="B", text="y", receivers=heard, publisher="b.example")
    stories_of = store.review.hits_by_ids({first, second})
    into, other = stories_of[first].story_id, stories_of[second].story_id
    assert into is not None
    assert other is not None
    store.regrouping.merge(into, other, judging=judging(lambda _topic: None), now=DAYS[2])
    with store.decisions.deciding() as tx:
        assert tx.told(into, first).publishers == (2 if both_told else 0)


def test_an_article_marked_irrelevant_no_longer_speaks_for_its_story(store: Store) -> None:
    story, hits = told_by_three(store)

    def mark(hit: HitId, verdict: Verdict | None) -> None:
        store.review.mark(hit, verdict, now=DAYS[2])

    mark(hits[0], Verdict.IRRELEVANT)
    mark(hits[2], Verdict.IRRELEVANT)
    assert face(store, story) == ("Title en", DAYS[1], DAYS[1], 1, ["en"])
    assert store.review.stories_by_ids([story])[story].hits == 3, "it is still listed there"
    mark(hits[1], Verdict.IRRELEVANT)
    assert face(store, story)[0] == "Title de", "where nothing else is left it does"
    mark(hits[1], None)
    mark(hits[2], Verdict.RELATED)
    assert face(store, story) == ("Title en", DAYS[1], DAYS[2], 2, ["en", "ru"])
    # What comes later is counted in the same way.
    keep(store, "fr", title="Title fr", text="Text", lang="fr", at=DAYS[2], story=story,
         publisher="fr.example")  # fmt: skip
    assert face(store, story) == ("Title en", DAYS[1], DAYS[2], 3, ["en", "fr", "ru"])


def test_stories_of_two_topics_are_not_merged(news: NewsWeb, tmp_path: Path) -> None:
    watch = watching(tmp_path, news)
    second = '[[topics]]\nid = "town"\n[topics.terms]\nplace = ["Tskhinvali"]\nact = ["vote"]\n'
    watch.config.write_text(watch.config.read_text() + second)
    publish(watch, news, DECREED)
    assert {story["topic"] for story in answer("stories", config=watch.config)} == {"so", "town"}
    done = watcher("stories", "merge", "1", "2", config=watch.config, code=2)
    assert "belongs to one topic" in done.stderr
    assert len(answer("stories", config=watch.config)) == 2


# --------------------------------------------------------------------------- who reported it


def outlets(
    tmp_path: Path, news: NewsWeb, hook: WebhookServer, feeds: Sequence[tuple[str, Piece | None]]
) -> Watch:
    """A feed for each publisher, with one article or none yet."""
    addresses = []
    for n, (_, piece) in enumerate(feeds):
        serve(news, n, piece)
        addresses.append(news.web.url(f"/f{n}", host="127.0.0.2"))
    config = write_config(tmp_path, addresses, [("desk", hook.url)])
    text = config.read_text()
    for n, (publisher, _) in enumerate(feeds, start=1):
        text = text.replace(f"outlet{n}.example", publisher)
    wishes = '[[receivers]]\nreasons = ["new-hit", "story-grew"]\ngroup_wait = "0s"'
    config.write_text(text.replace("[[receivers]]", wishes))
    return Watch(config)


def serve(news: NewsWeb, n: int, piece: Piece | None) -> None:
    body, kind = news._rss([piece] if piece else [])
    news.web.serve(f"/f{n}", body, content_type=kind)
    if piece:
        news.web.serve(f"/en/{piece.slug}", page(piece))


def copies(number: int) -> list[Piece]:
    return [replace(DECREED, slug=f"copy{n}") for n in range(number)]


def test_copies_of_a_wire_and_houses_of_one_owner_are_no_publishers_of_their_own(
    news: NewsWeb, tmp_path: Path
) -> None:
    names = ("reuters.com", "ria.ru", "sputniknews.com", "russian.rt.com", "yahoo.com")
    own = replace(
        DECREED,
        slug="own",
        text="""South Ossetia's leader has signed a decree for a referendum on joining Russia, and the
election commission in Tskhinvali puts the price of that vote at 40 million rubles.

Polls open in winter, an official told reporters who had waited outside since the morning.""",
    )
    with WebhookServer() as hook:
        feeds = [*zip(names, copies(5), strict=True), ("bbc.com", own)]
        watch = outlets(tmp_path, news, hook, feeds)
        watch.run()
        [story] = answer("stories", config=watch.config)
        assert (story["articles"], story["publishers"]) == (6, 2)
        assert "2 publishers" in watcher("stories", "show", "1", config=watch.config).stdout
        assert len(told(hook)) == 1


def test_a_wire_copy_makes_no_story_grow_and_a_report_of_its_own_does(
    news: NewsWeb, tmp_path: Path
) -> None:
    first, copy = copies(2)
    own = replace(
        first,
        slug="own",
        text="""South Ossetia's leader has signed a decree for a referendum on joining Russia, and the
election commission in Tskhinvali puts the price of that vote at 40 million rubles.""",
    )
    with WebhookServer() as hook:
        feeds = [("reuters.com", first), ("yahoo.com", None), ("bbc.com", None)]
        watch = outlets(tmp_path, news, hook, feeds)
        watch.run()
        for number, piece in ((1, copy), (2, own)):
            watch.now += timedelta(hours=2)
            serve(news, number, replace(piece, age=STARTED - watch.now))
            watch.run()
            reasons = [reason for reason, _ in told(hook)]
            assert reasons == ["new-hit", "story-grew"][:number], piece.slug
        [story] = answer("stories", config=watch.config)
        assert (story["articles"], story["publishers"]) == (3, 2)


# --------------------------------------------------------------------------------- its times


def test_a_story_was_seen_first_and_last_when_its_articles_were(
    news: NewsWeb, tmp_path: Path
) -> None:
    watch = watching(tmp_path, news)
    publish(watch, news, DECREED, then=3)
    earlier = replace(DECREED, slug="earlier", age=timedelta(hours=20))
    news.pieces.append(earlier)
    news.publish()
    watch.run()
    [story] = answer("stories", config=watch.config)
    first, last = (datetime.fromisoformat(story[f"{end}_seen_at"]) for end in ("first", "last"))
    assert last.astimezone(UTC) == watch.now
    assert first.astimezone(UTC) == watch.now - timedelta(hours=3)
