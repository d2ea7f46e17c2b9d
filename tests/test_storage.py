"""One suite for the store, on both databases."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from watcher.errors import AlreadyRunningError, NotFoundError, StorageError
from watcher.model import (
    AlertReason,
    Contribution,
    DeliveryState,
    EntryData,
    EntryKey,
    EntryState,
    Failure,
    FailureReason,
    FeedData,
    FeedSpec,
    FeedState,
    HitId,
    HitKind,
    ReadPolicy,
    Score,
    Span,
    TopicId,
    Verdict,
)
from watcher.storage import (
    AlertOutcome,
    ArticleData,
    DeliveryOutcome,
    HitFilter,
    HitOutcome,
    PollOutcome,
    ReadOutcome,
    Store,
)
from watcher.storage.claims import SHARE
from watcher.storage.engine import SCHEMA, migrations_folder
from watcher.storage.maintenance import restore
from watcher.storage.tables import entries

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)
T = TopicId("t")


def spec(name: str, **values: object) -> FeedSpec:
    return FeedSpec(
        url=f"https://{name}.example/rss", name=name, publisher=f"{name}.example", **values
    )


def entry(key: str, **values: object) -> EntryData:
    return EntryData(
        key=EntryKey(key),
        **{"url": f"https://a.example/{key}", "title": f"Title {key}", "content_hash": "1"}
        | values,
    )


def polled(feed_id: int, *found: EntryData, at: datetime = NOW, **values: object) -> PollOutcome:
    return PollOutcome(
        feed_id=feed_id,
        at=at,
        next_poll_at=at + timedelta(hours=1),
        schedule={"interval_s": 60},
        data=FeedData(entries=found, window={e.key: "h" for e in found}),
        **values,
    )


def article(url: str, feed_id: int, **values: object) -> ArticleData:
    return ArticleData(
        **{
            "canonical_url": url,
            "urls": (),
            "url": url,
            "feed_id": feed_id,
            "title": "Title",
            "summary": "Summary",
            "text": "Text",
            "lang": "en",
            "author": "",
            "publisher": "a.example",
            "published_at": NOW,
            "first_seen_at": NOW,
            "fetched_at": NOW,
            "partial": False,
            "reason": None,
            "backlog": False,
            "content_hash": "h",
        }
        | values
    )


def add_feed(store: Store, *names: str) -> list[int]:
    store.feeds.sync([spec(name) for name in names], now=NOW)
    return [feed.id for feed in store.feeds.all()]


def add_article(store: Store, key: str = "k1", **values: object) -> int:
    [feed_id] = add_feed(store, "a")
    store.feeds.record([polled(feed_id, entry(key))])
    [claimed] = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    data = article(f"https://a.example/{key}", feed_id, **values)
    store.entries.record(
        [ReadOutcome(entry_id=claimed.id, state=EntryState.READ, article=data)], now=NOW
    )
    [stored] = store.articles.claim(now=NOW, limit=9, lease=LEASE)
    return stored.id


def add_hit(store: Store, article_id: int, *receivers: str, due: datetime = NOW) -> HitId:
    score = Score(
        topic=T,
        value=81.5,
        threshold=50,
        contributions=(
            Contribution(
                name="place",
                points=2.5,
                evidence="სამხრეთ ოსეთი",
                spans=(Span(field="title", start=0, end=3),),
            ),
            Contribution(name="bias", points=-1.0),
        ),
        profile_version="v1",
        matched=("Бибилов",),
    )
    with store.decisions.deciding() as tx:
        story = tx.new_story(T, "Headline", at=NOW)
        hit = tx.save_hit(
            HitOutcome(
                topic=T,
                article_id=article_id,
                kind=HitKind.HIT,
                score=score,
                partial=False,
                first_seen_at=NOW,
                decided_at=NOW,
                story_id=story,
                keys=("k1", "k2", "k1"),
                fingerprint="{}",
            )
        )
        tx.update_story(story)
        tx.save_alert(
            AlertOutcome(
                once=f"new:{hit}",
                reason=AlertReason.NEW_HIT,
                created_at=NOW,
                topic=T,
                story_id=story,
                hit_id=hit,
                score=81.5,
                deliveries=tuple(DeliveryOutcome(receiver=r, next_try_at=due) for r in receivers),
            )
        )
        tx.scored({article_id: ()}, at=NOW)
    return hit


# ---------------------------------------------------------------------------------- feeds


def test_feeds_follow_the_configuration_and_keep_their_history(store: Store) -> None:
    first, second = add_feed(store, "a", "b")
    store.feeds.record([polled(first, entry("k1"))])
    store.feeds.sync([spec("a", every=timedelta(minutes=20)), spec("c")], now=NOW)
    by_name = {feed.spec.name: feed for feed in store.feeds.all(retired=True)}
    assert by_name["a"].id == first
    assert by_name["a"].spec.every == timedelta(minutes=20)
    assert store.feeds.window(by_name["a"].id) == {"k1": "h"}
    assert by_name["b"].state == FeedState.RETIRED
    assert [feed.spec.name for feed in store.feeds.all()] == ["a", "c"]
    store.feeds.sync([spec("b")], now=NOW)
    assert {feed.id for feed in store.feeds.all()} == {second}


def test_a_feed_added_by_hand_outlives_the_configuration(store: Store) -> None:
    store.feeds.add(spec("hand", origin="cli"), now=NOW)
    store.feeds.sync([spec("a")], now=NOW)
    assert {feed.spec.name for feed in store.feeds.all()} == {"hand", "a"}


def test_claimed_work_is_leased_until_it_is_recorded_or_the_lease_runs_out(store: Store) -> None:
    feed_ids = add_feed(store, "a", "b")
    assert {f.id for f in store.feeds.claim(now=NOW, limit=9, lease=LEASE)} == set(feed_ids)
    assert store.feeds.claim(now=NOW, limit=9, lease=LEASE) == []
    later = NOW + LEASE
    assert len(store.feeds.claim(now=later, limit=1, lease=LEASE)) == 1
    store.feeds.release(feed_ids)
    assert len(store.feeds.claim(now=later, limit=9, lease=LEASE)) == 2


def test_two_claimers_never_get_the_same_work(store: Store) -> None:
    add_feed(store, *(f"feed{n}" for n in range(40)))
    got: list[int] = []
    lock = threading.Lock()

    def claim() -> None:
        while claimed := store.feeds.claim(now=NOW, limit=3, lease=LEASE):
            with lock:
                got.extend(feed.id for feed in claimed)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(set(got))
    assert len(got) == 40


def test_a_claim_takes_of_each_host_its_share_and_of_full_ones_none(store: Store) -> None:
    """One host's backlog, however old, leaves places for the others, on either database."""
    crowd = [
        FeedSpec(url=f"https://t.example/s/{n}", name=f"{n}", publisher="t") for n in range(90)
    ]
    store.feeds.sync([*crowd, spec("late")], now=NOW)
    claimed = store.feeds.claim(now=NOW, limit=60, lease=LEASE)
    assert Counter(feed.host for feed in claimed) == {"t.example": SHARE, "late.example": 1}
    assert store.feeds.claim(now=NOW, limit=60, lease=LEASE, full=["t.example"]) == []
    again = store.feeds.claim(now=NOW, limit=60, lease=LEASE, full=["other.example"])
    assert len(again) == SHARE
    named = [feed.id for feed in store.feeds.all()][40:]
    chosen = store.feeds.claim(now=NOW, limit=60, lease=LEASE, only=named)
    assert len(chosen) == SHARE
    assert {feed.id for feed in chosen} <= set(named)

    [crowded, late] = [store.feeds.all()[0].id, store.feeds.all()[-1].id]
    pages = [entry(f"k{n}", url=f"https://www.big.example/{n}") for n in range(90)]
    store.feeds.record([polled(crowded, *pages), polled(crowded, entry("k", url=None))])
    store.feeds.record([polled(late, entry("x", url="https://small.example/x"), at=NOW + LEASE)])
    soon = NOW + LEASE
    hosts = Counter(entry.host for entry in store.entries.claim(now=soon, limit=60, lease=LEASE))
    assert hosts == {"big.example": SHARE, "small.example": 1, None: 1}
    assert store.entries.claim(now=soon, limit=9, lease=LEASE, full=["big.example"]) == []
    few = store.entries.claim(now=soon, limit=5, lease=LEASE)
    assert [entry.host for entry in few] == ["big.example"] * 5


def test_a_claim_of_pages_reads_one_index_and_no_row_of_those_it_passes_over(store: Store) -> None:
    """A backlog of any size is passed over without a look at its rows, which hold whole texts."""
    if not store._database.is_sqlite:
        pytest.skip("the plan of SQLite")
    said: list[tuple[str, Any]] = []
    event.listen(
        store._database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, sql, values, *_more: said.append((sql, values)),
    )
    store.entries.claim(now=NOW, limit=9, lease=LEASE, full=["big.example"])
    [(sql, values)] = [one for one in said if one[0].startswith("UPDATE entries")]
    with store._database.engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("USING COVERING INDEX ix_entries_due" in step for step in plan), plan
    assert not any(step.startswith("SCAN entries") for step in plan), plan


def test_a_feed_that_moved_is_paced_by_its_new_host(store: Store) -> None:
    [feed_id] = add_feed(store, "a")
    assert store.feeds.all()[0].host == "a.example"
    moved = polled(feed_id, address="https://feeds.b.example/a")
    store.feeds.record([moved])
    assert store.feeds.all()[0].host == "b.example"
    store.feeds.record([polled(feed_id)])
    store.feeds.sync([spec("a")], now=NOW)
    assert store.feeds.all()[0].host == "b.example"


def test_a_failed_poll_is_data_and_a_good_one_clears_it(store: Store) -> None:
    [feed_id] = add_feed(store, "a")
    failure = Failure(reason=FailureReason.DNS, detail="no such host")
    for _ in range(2):
        store.feeds.record(
            [PollOutcome(feed_id=feed_id, at=NOW, next_poll_at=NOW, schedule={}, failure=failure)]
        )
    [feed] = store.feeds.all()
    assert (feed.state, feed.failures, feed.last_error) == (FeedState.FAILING, 2, "dns")
    store.feeds.record([PollOutcome(feed_id=feed_id, at=NOW, next_poll_at=NOW, schedule={})])
    [feed] = store.feeds.all()
    assert (feed.state, feed.failures, feed.last_error) == (FeedState.OK, 0, None)


@pytest.mark.parametrize("failures", [0, 2])
def test_a_feed_that_was_held_back_is_as_well_as_before(store: Store, failures: int) -> None:
    [feed_id] = add_feed(store, "a")
    dns = Failure(reason=FailureReason.DNS, detail="no such host")
    held = Failure(reason=FailureReason.HELD_BACK, detail="not asked")
    later = NOW + timedelta(hours=1)
    for failure in [dns] * failures:
        store.feeds.record(
            [PollOutcome(feed_id=feed_id, at=NOW, next_poll_at=NOW, schedule={}, failure=failure)]
        )
    [before] = store.feeds.claim(now=NOW, limit=1, lease=LEASE)
    store.feeds.record(
        [PollOutcome(feed_id=feed_id, at=later, next_poll_at=later, schedule={}, failure=held)]
    )
    assert store.feeds.claim(now=NOW, limit=1, lease=LEASE) == []
    [feed] = store.feeds.claim(now=later, limit=1, lease=LEASE)
    assert feed.state == (FeedState.FAILING if failures else FeedState.OK)
    assert (feed.state, feed.failures) == (before.state, before.failures)
    assert feed.last_polled_at == before.last_polled_at
    assert (feed.last_error, feed.last_error_detail) == ("held-back", "not asked")
    store.feeds.set_state(feed_id, FeedState.PAUSED, now=later)
    store.feeds.set_state(feed_id, FeedState.OK, now=later)
    assert store.feeds.all()[0].state == before.state


def test_an_entry_met_again_is_stored_once_and_an_edited_one_is_read_again(store: Store) -> None:
    [feed_id] = add_feed(store, "a")
    store.feeds.record([polled(feed_id, entry("k1"))])
    [first] = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    store.entries.record([ReadOutcome(entry_id=first.id, state=EntryState.READ)], now=NOW)
    store.feeds.record([polled(feed_id, entry("k1"))])
    assert store.entries.claim(now=NOW, limit=9, lease=LEASE) == []
    store.feeds.record([polled(feed_id, entry("k1", content_hash="2", title="Edited"))])
    [again] = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    assert (again.id, again.title, again.revision) == (first.id, "Edited", 2)


def test_a_row_that_the_database_refuses_costs_only_itself(store: Store) -> None:
    [feed_id] = add_feed(store, "a")
    rows = [entry("k1"), entry("k2", title="\udcff broken"), entry("k3")]
    assert store.feeds.record([polled(feed_id, *rows)]) == 1
    claimed = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    assert [e.key for e in claimed] == ["k1", "k3"]


# ------------------------------------------------------------------------------- articles


def test_one_page_through_two_feeds_is_one_article(store: Store) -> None:
    first, second = add_feed(store, "a", "b")
    store.feeds.record([polled(first, entry("k1")), polled(second, entry("k2"))])
    one, two = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    page = article("https://a.example/page", first, urls=("https://a.example/page?amp",))
    store.entries.record(
        [ReadOutcome(entry_id=one.id, state=EntryState.READ, article=page)], now=NOW
    )
    known = store.entries.known(["https://a.example/page?amp", "https://x.example/"])
    assert list(known) == ["https://a.example/page?amp"]
    store.entries.record(
        [
            ReadOutcome(
                entry_id=two.id,
                state=EntryState.READ,
                known_article=known["https://a.example/page?amp"].id,
            )
        ],
        now=NOW,
    )
    assert len(store.articles.claim(now=NOW, limit=9, lease=LEASE)) == 1


def test_a_partial_text_never_replaces_a_whole_one_and_old_texts_are_kept(store: Store) -> None:
    article_id = add_article(store)
    [feed] = store.feeds.all()

    def rewrite(**values: object) -> None:
        store.feeds.record([polled(feed.id, entry("k1", content_hash=str(values["text"])))])
        [claimed] = store.entries.claim(now=NOW, limit=9, lease=LEASE)
        data = article("https://a.example/k1", feed.id, **values)
        store.entries.record(
            [ReadOutcome(entry_id=claimed.id, state=EntryState.READ, article=data)], now=NOW
        )

    rewrite(text="cut", partial=True, content_hash="p")
    assert store.articles.by_ids([article_id])[0].text == "Text"
    rewrite(text="newer", content_hash="n")
    stored = store.articles.by_ids([article_id])[0]
    assert (stored.text, stored.revision) == ("newer", 2)
    assert [row.text for row in store.articles.revisions(article_id)] == ["Text"]


def test_an_article_speaks_to_the_topics_of_its_feeds(store: Store) -> None:
    store.feeds.sync([spec("a", topics=(T,), tags=("x",)), spec("b")], now=NOW)
    first, second = (feed.id for feed in store.feeds.all())
    store.feeds.record([polled(first, entry("k1"))])
    [claimed] = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    data = article("https://a.example/1", first)
    store.entries.record(
        [ReadOutcome(entry_id=claimed.id, state=EntryState.READ, article=data)], now=NOW
    )
    [stored] = store.articles.claim(now=NOW, limit=9, lease=LEASE)
    assert (stored.topics, stored.tags) == ((T,), ("x",))
    store.feeds.record([polled(second, entry("k2"))])
    [other] = store.entries.claim(now=NOW, limit=9, lease=LEASE)
    store.entries.record(
        [ReadOutcome(entry_id=other.id, state=EntryState.READ, known_article=stored.id)], now=NOW
    )
    assert store.articles.by_ids([stored.id])[0].topics == ()


# ------------------------------------------------------------- decisions and the outbox


def test_a_hit_comes_back_as_it_was_decided(store: Store) -> None:
    hit_id = add_hit(store, add_article(store, text="გამარჯობა"), "desk")
    hit = store.review.hit(hit_id)
    assert hit.score == 81.5
    assert hit.contributions[0].evidence == "სამხრეთ ოსეთი"
    assert hit.contributions[0].spans == (Span(field="title", start=0, end=3),)
    assert hit.reasons == ("place: სამხრეთ ოსეთი",)
    assert hit.first_seen_at == NOW
    assert store.review.hits(HitFilter(topic="t", min_score=80))[0] == hit
    assert store.review.hits(HitFilter(min_score=90)) == []


def test_deciding_is_all_or_nothing(store: Store) -> None:
    article_id = add_article(store)
    with pytest.raises(RuntimeError), store.decisions.deciding() as tx:  # noqa: PT012
        story = tx.new_story(T, "Headline", at=NOW)
        tx.save_alert(
            AlertOutcome(once="x", reason=AlertReason.NEW_HIT, created_at=NOW, story_id=story)
        )
        tx.scored({article_id: ()}, at=NOW)
        raise RuntimeError("killed")
    assert store.review.stories() == []
    assert store.outbox.alerts() == []
    assert len(store.articles.claim(now=NOW + LEASE, limit=9, lease=LEASE)) == 1


def test_the_same_event_is_alerted_once(store: Store) -> None:
    add_hit(store, add_article(store), "desk")
    with store.decisions.deciding() as tx:
        again = AlertOutcome(once="new:1", reason=AlertReason.NEW_HIT, created_at=NOW)
        assert tx.save_alert(again) is None
    assert len(store.outbox.alerts()) == 1


def test_candidates_share_a_key_inside_the_window(store: Store) -> None:
    hit_id = add_hit(store, add_article(store), "desk")
    with store.decisions.deciding() as tx:
        assert [m.hit_id for m in tx.candidates(T, ["k2"], since=NOW)] == [hit_id]
        assert tx.candidates(T, ["k9"], since=NOW) == []
        assert tx.candidates(T, ["k2"], since=NOW + timedelta(seconds=1)) == []
        assert tx.candidates(TopicId("other"), ["k2"], since=NOW) == []


def test_a_delivery_is_leased_sent_once_and_done(store: Store) -> None:
    add_hit(store, add_article(store), "desk", "chat")
    assert store.outbox.receivers_due(now=NOW) == ["chat", "desk"]
    batch = store.outbox.claim("desk", now=NOW, lease=LEASE)
    assert batch is not None
    assert not batch.repeat
    assert store.outbox.claim("desk", now=NOW, lease=LEASE) is None
    store.outbox.record_sent([d.id for d in batch.deliveries], now=NOW)
    assert store.outbox.receivers_due(now=NOW + timedelta(days=9)) == ["chat"]
    [alert] = store.outbox.alerts()
    states = {d.receiver: d.state for d in alert.deliveries}
    assert states == {"desk": DeliveryState.SENT, "chat": DeliveryState.PENDING}


def test_a_lease_that_ran_out_is_sent_again_under_the_same_id_as_a_possible_repeat(
    store: Store,
) -> None:
    add_hit(store, add_article(store), "desk")
    first = store.outbox.claim("desk", now=NOW, lease=LEASE)
    second = store.outbox.claim("desk", now=NOW + LEASE, lease=LEASE)
    assert first is not None
    assert second is not None
    assert second.message == first.message
    assert second.repeat
    assert second.deliveries[0].attempts == 2


def test_a_retry_keeps_its_message_apart_from_newer_alerts(store: Store) -> None:
    add_hit(store, add_article(store), "desk")
    first = store.outbox.claim("desk", now=NOW, lease=LEASE)
    assert first is not None
    ids = [d.id for d in first.deliveries]
    store.outbox.record_retry(ids, at=NOW, error="busy", ambiguous=False)
    with store.decisions.deciding() as tx:
        tx.save_alert(
            AlertOutcome(
                once="other",
                reason=AlertReason.NEW_HIT,
                created_at=NOW,
                deliveries=(DeliveryOutcome(receiver="desk", next_try_at=NOW),),
            )
        )
    again = store.outbox.claim("desk", now=NOW, lease=LEASE)
    other = store.outbox.claim("desk", now=NOW, lease=LEASE)
    assert again is not None
    assert other is not None
    assert again.message == first.message
    assert [d.id for d in again.deliveries] == ids
    assert not again.repeat
    assert other.message != first.message


def test_dead_deliveries_stay_until_a_person_retries_them(store: Store) -> None:
    add_hit(store, add_article(store), "desk")
    batch = store.outbox.claim("desk", now=NOW, lease=LEASE)
    assert batch is not None
    store.outbox.record_dead([d.id for d in batch.deliveries], error="gone")
    assert store.outbox.receivers_due(now=NOW + timedelta(days=99)) == []
    [alert] = store.outbox.alerts()
    assert store.outbox.retry(alert.id, now=NOW) == 1
    assert store.outbox.receivers_due(now=NOW) == ["desk"]
    with pytest.raises(NotFoundError, match="no alert 99"):
        store.outbox.retry(99, now=NOW)


def test_a_group_waits_until_it_is_closed(store: Store) -> None:
    article_id = add_article(store)
    add_hit(store, article_id)
    with store.decisions.deciding() as tx:
        closes = NOW + timedelta(seconds=60)
        held = DeliveryOutcome(receiver="desk", next_try_at=closes, held="group")
        quiet = DeliveryOutcome(receiver="night", next_try_at=closes, held="quiet")
        tx.save_alert(
            AlertOutcome(
                once="g", reason=AlertReason.NEW_HIT, created_at=NOW, deliveries=(held, quiet)
            )
        )
        assert tx.open_group("desk", now=NOW) == closes
        assert tx.open_group("night", now=NOW) is None
    assert store.outbox.receivers_due(now=NOW) == []
    store.outbox.close_groups(now=NOW)
    assert store.outbox.receivers_due(now=NOW) == ["desk"]


def test_verdicts_are_kept_with_their_history(store: Store) -> None:
    hit_id = add_hit(store, add_article(store))
    assert store.review.mark(hit_id, Verdict.IRRELEVANT, now=NOW).verdict == "irrelevant"
    assert store.review.mark(hit_id, None, now=NOW).verdict is None
    assert store.review.mark(hit_id, Verdict.RELEVANT, note="yes", now=NOW).verdict == "relevant"
    assert store.review.judged(T) == [(store.review.hit(hit_id).article_id, Verdict.RELEVANT)]
    with pytest.raises(NotFoundError, match="no hit 4711"):
        store.review.mark(HitId(4711), Verdict.RELEVANT, now=NOW)


# ------------------------------------------------------------------------ the database


def test_naive_times_are_refused(store: Store) -> None:
    with pytest.raises((ValueError, StorageError)):
        store.feeds.claim(now=NOW.replace(tzinfo=None), limit=1, lease=LEASE)


def test_times_with_another_offset_come_back_as_the_same_instant(store: Store) -> None:
    east = NOW.astimezone(timezone(timedelta(hours=5)))
    [feed_id] = add_feed(store, "a")
    store.feeds.record([polled(feed_id, at=east)])
    [feed] = store.feeds.all()
    assert feed.last_polled_at == NOW
    assert feed.last_polled_at.utcoffset() == timedelta(0)


def test_the_migrations_make_the_schema_that_the_code_expects(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from watcher.storage.tables import metadata

    assert store.schema == SCHEMA
    newest = max(path.name for path in (migrations_folder() / "versions").glob("*.py"))
    assert newest.startswith(SCHEMA)

    # The search index differs by database and is raw DDL; test_search proves that it is there.
    def portable(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and str(name).startswith("search_index"))

    with store._database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": portable})
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_tests_are_given_the_schema_that_the_migrations_make(tmp_path: Path) -> None:
    """``databases.remember_migrations`` gives it to all of them but a process's first."""

    def content(name: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(tmp_path / name)) as file:
            made = file.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
            return made + file.execute("SELECT * FROM alembic_version").fetchall()

    for name in "abc":
        Store(f"sqlite:///{tmp_path / name}").close()
    program = "import sys; from watcher.storage import Store; Store(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path / 'd'}"], check=True)
    assert content("a") == content("b") == content("c") == content("d")


def make_older(store: Store, schema: str, *statements: str) -> None:
    """Take the schema back to an earlier release, and then run these on it."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    with store._database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, schema)
        connection.commit()
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def test_an_older_database_is_brought_up_to_date_with_its_rows(store: Store) -> None:
    hit_id = add_hit(store, add_article(store), "desk")
    make_older(store, "0002", "UPDATE hits SET kind = 'sample'")
    assert store.upgrade() == SCHEMA
    hit = store.review.hit(hit_id)
    assert hit.kind is HitKind.FORMER, "by its address it was no random reject"
    [article] = store.articles.by_ids([hit.article_id])
    assert article.scored_at is not None


def test_entries_that_wait_since_before_there_were_hosts_get_theirs(store: Store) -> None:
    add_hit(store, add_article(store, "watched"))
    never = spec("never", read=ReadPolicy.NEVER)
    store.feeds.sync([spec("a"), never], now=NOW)
    reads, reads_not = (feed.id for feed in store.feeds.all())
    pages = [entry(key, url=f"https://www.big.example/{key}") for key in ("waits", "done")]
    store.feeds.record(
        [polled(reads, *pages, entry("linkless", url=None)), polled(reads_not, entry("stated"))]
    )
    make_older(
        store,
        "0003",
        "UPDATE entries SET next_try_at = NULL WHERE entry_key = 'done'",
        "UPDATE hits SET next_check_at = first_seen_at",
    )
    assert store.upgrade() == SCHEMA
    with store._database.reading() as connection:
        rows = connection.execute(select(entries.c.entry_key, entries.c.host)).all()
    assert {row.entry_key: row.host for row in rows} == {
        "waits": "big.example",
        "watched": "a.example",
        "done": None,
        "linkless": None,
        "stated": None,
    }


def test_counts_add_up(store: Store) -> None:
    add_hit(store, add_article(store), "desk")
    counts = store.review.counts(now=NOW)
    assert counts.feeds == {"total": 1, "ok": 1, "failing": 0, "paused": 0}
    assert (counts.hits_24h, counts.alerts_24h, counts.deliveries_due) == (1, 1, 1)
    assert counts.last_poll_at == NOW


def test_a_second_poller_on_one_file_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'w.sqlite3'}"
    first, second = Store(url), Store(url)
    first.lock.acquire()
    assert first.lock.holder() is not None
    with pytest.raises(AlreadyRunningError, match="another watcher"):
        second.lock.acquire()
    first.close()
    second.lock.acquire()
    second.close()


def test_concurrent_writers_lose_no_update(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'w.sqlite3'}"
    Store(url).close()

    def count() -> None:
        own = Store(url)
        for _ in range(50):
            with own._database.writing() as connection:
                from watcher.storage.tables import facts

                found = connection.execute(select(facts.c.value)).scalar() or 0
                connection.execute(facts.delete())
                connection.execute(facts.insert().values(name="n", value=found + 1, at=NOW))
        own.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    own = Store(url)
    assert own.review.fact("n") == (200, NOW)
    own.close()


def test_a_missing_empty_or_foreign_database_is_refused_in_words(tmp_path: Path) -> None:
    missing = tmp_path / "none.sqlite3"
    with pytest.raises(StorageError, match="no database yet"):
        Store(f"sqlite:///{missing}", create=False)
    assert not missing.exists()
    empty = tmp_path / "empty.sqlite3"
    empty.touch()
    with pytest.raises(StorageError, match="empty"):
        Store(f"sqlite:///{empty}", create=False)
    foreign = tmp_path / "foreign.sqlite3"
    foreign.write_text("this is not a database" * 50)
    with pytest.raises(StorageError, match="not an SQLite database"):
        Store(f"sqlite:///{foreign}")


def test_a_backup_of_a_live_database_is_whole(tmp_path: Path) -> None:
    live = Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")
    add_feed(live, "a", "b")
    target = tmp_path / "copy.sqlite3"
    live.backup(target)
    with pytest.raises(StorageError, match="exists"):
        live.backup(target)
    live.close()
    copy = sqlite3.connect(target)
    assert copy.execute("SELECT count(*) FROM feeds").fetchone() == (2,)
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()


def test_a_backup_for_which_the_disk_is_too_small_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, good, target = (tmp_path / name for name in ("w.sqlite3", "good.sqlite3", "new.sqlite3"))
    store = Store(f"sqlite:///{live}")
    add_feed(store, "a")
    with pytest.raises(StorageError, match="can't be written: there is no folder"):
        store.backup(tmp_path / "nowhere" / "copy.sqlite3")
    store.backup(good)
    connect = sqlite3.connect

    def small_disk(path: Path | str, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        if Path(path) not in (live, good):
            connection.execute("PRAGMA max_page_count = 3")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small_disk)
    with pytest.raises(StorageError, match="can't be written: the disk is full"):
        store.backup(target)
    store.close()
    with pytest.raises(StorageError, match="can't be restored: the disk is full"):
        restore(good, live, now=NOW)
    left = {path.name for path in tmp_path.iterdir() if not path.match("*-wal")}
    assert left - {"good.sqlite3-shm"} == {live.name, good.name}
    assert connect(live).execute("SELECT count(*) FROM feeds").fetchone() == (1,)


def test_no_password_in_what_is_printed(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        Store("postgresql+psycopg://u:s3cret@127.0.0.1:1/none")
    assert "s3cret" not in str(caught.value)


def test_a_resumed_feed_that_failed_last_is_not_well_before_it_is_polled(store: Store) -> None:
    well, broken = add_feed(store, "a", "b")
    failure = Failure(reason=FailureReason.HTTP_404, detail="404 Not Found")
    store.feeds.record([polled(well), replace(polled(broken), failure=failure, data=None)])
    for feed in (well, broken):
        store.feeds.set_state(feed, FeedState.PAUSED, now=NOW)
        store.feeds.set_state(feed, FeedState.OK, now=NOW)
    assert [feed.state for feed in store.feeds.all()] == [FeedState.OK, FeedState.FAILING]
    later = NOW + timedelta(minutes=1)
    assert store.feeds.failing(polled_before=later) == 1
    assert store.feeds.failing(polled_before=NOW) == 0
    assert len(store.feeds.claim(now=NOW, limit=9, lease=LEASE)) == 2


def test_a_claimed_entry_says_which_article_was_read_at_its_address(store: Store) -> None:
    article_id = add_article(store)
    _first, second = add_feed(store, "a", "b")
    same = entry("other", url="http://www.a.example/k1?utm_source=rss")
    store.feeds.record([polled(second, same, entry("new"))])
    known = {
        claimed.key: claimed.known and claimed.known.id
        for claimed in store.entries.claim(now=NOW, limit=9, lease=LEASE)
    }
    assert known == {"other": article_id, "new": None}
