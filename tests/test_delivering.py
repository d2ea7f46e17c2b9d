"""Delivering and operator notices, in one process: a real store, real receivers, a clock of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import database
from newsweb import write_config
from receivers import MailServer, Receipt, Reply, WebhookServer
from stored import NOW
from stored import keep as keep_hit

from watcher.app import App, make_app
from watcher.config import load
from watcher.model import AlertReason, HitId, SilentReason, TopicId, Verdict
from watcher.pipeline import Tally
from watcher.storage import AlertOutcome, DeliveryOutcome, PollOutcome

pytestmark = pytest.mark.usefixtures("forked_helpers")

FEED = "http://127.0.0.1:9/feed"


class Desk:
    """A watcher without feeds of its own, and what its receiver got."""

    def __init__(self, app: App, hook: WebhookServer, clock: list[timedelta]) -> None:
        self.app = app
        self.store = app.store
        self.hook = hook
        self._clock = clock

    def later(self, **span: float) -> None:
        self._clock[0] += timedelta(**span)

    async def deliver(self) -> Tally:
        return await self.app.pipeline.run_once(only=[])

    def keep(self, name: str, **facts: Any) -> HitId:
        """A hit as ``stored.keep`` makes it, of a feed that is then forgotten."""
        found = keep_hit(self.store, name, **{"text": "x", "topic": "so"} | facts)
        self.store.feeds.sync(self.app.settings.feeds, now=NOW)
        return found

    def polled(self) -> None:
        """The one feed was polled just now, and brought nothing."""
        [feed] = self.store.feeds.all()
        now = self.app.clock()
        done = PollOutcome(
            feed_id=feed.id, at=now, next_poll_at=now + timedelta(hours=1), schedule={}
        )
        self.store.feeds.record([done])

    async def upkeep(self, *, polled: bool = True) -> list[str]:
        """A round of upkeep; what the operator was told by it, notice by notice."""
        if polled:
            self.polled()
        before = len(self.hook.receipts)
        await self.app.pipeline.upkeep()
        await self.deliver()
        return ["\n".join(r.json["watcher"]["body"]) for r in self.hook.receipts[before:]]


@asynccontextmanager
async def desk(
    tmp_path: Path, *, free: list[int] | None = None, extra: str = "", kind: str = "sqlite"
) -> AsyncIterator[Desk]:
    clock = [timedelta()]
    with WebhookServer() as hook, database(kind, tmp_path) as address:
        config = write_config(
            tmp_path,
            [FEED],
            [("desk", hook.url)],
            database=address,
            extra=extra + '[operator]\nreceiver = "desk"\n',
        )
        settings = load(config, environ={})
        async with make_app(
            settings,
            clock=lambda: NOW + clock[0],
            disk_free=lambda _folder: (free or [10**12])[0],
        ) as app:
            yield Desk(app, hook, clock)


def test_a_message_tells_the_best_stories_in_full_and_the_rest_in_a_line_each(
    tmp_path: Path,
) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            for n in range(34):
                one.keep(f"a{n}", title=f"Story {n}",
                     value=60.0 + n, receivers=("desk",))  # fmt: skip
            tally = await one.deliver()
            assert (tally.messages, tally.sent) == (1, 34)
            [receipt] = one.hook.receipts
            told = receipt.json["watcher"]
            full = [d["title"] for d in told["deliveries"] if not d["brief"]]
            brief = [d["title"] for d in told["deliveries"] if d["brief"]]
            assert full == [f"Story {n}" for n in range(33, 13, -1)]
            assert brief == [f"Story {n}" for n in range(13, -1, -1)]
            assert "and 14 more" in receipt.json["message"]
            assert all(title in receipt.json["message"] for title in brief)
            assert receipt.json["title"].startswith("[South Ossetia] 34 alerts: Story 33")
            assert len(receipt.delivery_ids) == 34
            assert not one.store.outbox.pending()
            assert (await one.deliver()).messages == 0, "told is told"

    asyncio.run(go())


@pytest.mark.parametrize("loop", ["notices", "stories"])
def test_a_template_of_the_receivers_is_given_everything_that_counts_as_told(
    tmp_path: Path, loop: str
) -> None:
    source = {
        "notices": "{% for n in message.notices %}{{ n.headline }}\n{% endfor %}",
        "stories": "{% for s in message.stories %}{{ s.headline }}\n{% endfor %}",
    }
    (tmp_path / "own.txt").write_text(source[loop], "utf-8")

    async def go() -> None:
        with WebhookServer() as own:
            extra = f'[[receivers]]\nname = "own"\nurl = "{own.url}"\ntemplate = "own.txt"\n'
            async with desk(tmp_path, extra=extra) as one:
                for n in range(34):
                    one.keep(f"a{n}", title=f"Story {n}", receivers=("own",))
                assert (await one.deliver()).sent == 34
                told = "\n".join(receipt.json["message"] for receipt in own.receipts)
                assert sorted(told.split("\n")) == sorted(f"Story {n}" for n in range(34))

    asyncio.run(go())


def test_what_a_template_could_not_say_is_told_by_the_built_in_one_and_both_are_on_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = "{% for n in message.notices %}{{ 100 // (n.headline | length - 3) }}{% endfor %}"
    (tmp_path / "own.txt").write_text(source, "utf-8")

    async def go() -> None:
        with WebhookServer() as own:
            extra = f'[[receivers]]\nname = "own"\nurl = "{own.url}"\ntemplate = "own.txt"\n'
            async with desk(tmp_path, extra=extra) as one:
                one.keep("a", title="Ada", receivers=("own",))
                assert (await one.deliver()).sent == 1
                assert "https://a.example/a" in own.receipts[0].json["message"]
                [alert] = one.store.outbox.alerts(limit=5)
                [delivery] = alert.deliveries
                assert delivery.state == "sent"
                assert "by zero" in (delivery.last_error or "")
                assert "receiver own: sent, but: template:" in caplog.text

    asyncio.run(go())


def test_the_first_failure_of_a_row_warns_unless_the_summary_says_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def levels() -> list[str]:
        found = [r.levelname for r in caplog.records if r.getMessage().startswith("receiver own:")]
        caplog.clear()
        return found

    async def go() -> None:
        bad = Reply(status=503)
        with WebhookServer(replies=[bad, bad, Reply(), bad, bad]) as own:
            extra = f'[[receivers]]\nname = "own"\nurl = "{own.url}"\n'
            async with desk(tmp_path, extra=extra) as one:
                one.keep("a", title="First", receivers=("own",))
                deliver = one.app.pipeline.deliver
                await deliver()
                assert levels() == ["WARNING"]
                one.later(hours=1)
                await deliver()
                assert levels() == ["INFO"], "it goes on"
                one.later(hours=12)
                await deliver()
                one.keep("b", title="Second", at=one.app.clock(), receivers=("own",))
                await deliver()
                assert levels() == ["WARNING"], "it had worked meanwhile"
            async with desk(tmp_path, extra=extra) as one:
                one.later(hours=24)
                tally = await one.deliver()
                assert [name for name, _why in tally.failures] == ["own"]
                assert levels() == ["INFO"], "poll prints its failures"

    asyncio.run(go())


def test_what_the_hourly_limit_held_back_is_one_digest(tmp_path: Path) -> None:
    async def go() -> None:
        with MailServer() as mail:
            limited = f'[[receivers]]\nname = "mail"\nurl = "{mail.url}"\nmax_per_hour = 1\n'
            async with desk(tmp_path, extra=limited) as one:
                one.keep("first", title="First", receivers=("mail",))
                await one.deliver()
                for n in range(34):
                    one.later(minutes=1)
                    one.keep(f"a{n}", title=f"Story {n}",
                         value=60.0 + n, at=NOW + timedelta(minutes=n), receivers=("mail",))  # fmt: skip
                    await one.deliver()
                assert len(mail.receipts) == 1, "the rest waits"
                one.later(hours=1)
                await one.deliver()
                digest = mail.wait_for(2)[1]
                assert len(mail.receipts) == 2
                assert len(digest.delivery_ids) == 34
                for part in ("plain", "html"):
                    text = digest.part(part)
                    assert "and 14 more" in text
                    assert all(f"Story {n}" in text for n in range(34))

    asyncio.run(go())


def test_what_is_late_waits_for_the_end_of_the_quiet_hours(tmp_path: Path) -> None:
    """A try that failed in the evening, or a service that was off, is no reason to ring at night."""

    async def go() -> None:
        with WebhookServer(replies=[Reply(status=503), Reply(status=503)]) as chat:
            wishes = 'quiet = "22:00-07:00"\nbreakthrough = 90\ngroup_wait = "0s"\n'
            extra = f'[[receivers]]\nname = "chat"\nurl = "{chat.url}"\n{wishes}'
            async with desk(tmp_path, extra=extra) as one:
                one.keep("a", title="A", receivers=("chat",), value=60.0)
                one.later(hours=9, minutes=59, seconds=50)
                await one.deliver()
                one.later(minutes=2)  # 22:01:50
                await one.deliver()
                assert len(chat.receipts) == 1
                [waiting] = one.store.outbox.pending()
                assert (waiting.held, waiting.attempts) == ("quiet", 1)
                one.keep("b", title="B", receivers=("chat",), value=95.0)
                await one.deliver()
                assert len(chat.receipts) == 2, "strong enough to break through"
                one.later(minutes=2)
                await one.deliver()
                assert _titles(chat.receipts[-1]) == ["B"]
                [waiting] = one.store.outbox.pending()
                one.store.outbox.retry(waiting.alert_id, now=one.app.clock())
                await one.deliver()
                assert _titles(chat.receipts[-1]) == ["A"], "a person asked for it"
                one.keep("c", title="C", receivers=("chat",), value=60.0)
                await one.deliver()
                one.later(hours=9)
                await one.deliver()
                assert _titles(chat.receipts[-1]) == ["C"]
                assert len(chat.receipts) == 5

    asyncio.run(go())


def _titles(receipt: Receipt) -> list[str]:
    return [line["title"] for line in receipt.json["watcher"]["deliveries"]]


def test_a_story_and_its_new_stage_in_one_message_are_one_entry(tmp_path: Path) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            first = one.keep("new", title="They propose a vote",
                         value=95.0, receivers=("desk",))  # fmt: skip
            [hit] = one.store.review.hits_by_ids({first}).values()
            assert hit.story_id is not None
            second = one.keep("stage", title="They set a date",
                          value=70.0, story=hit.story_id)  # fmt: skip
            with one.store.decisions.deciding() as tx:
                tx.save_alert(
                    AlertOutcome(
                        once="stage", reason=AlertReason.STAGE_CHANGE, created_at=NOW,
                        topic=TopicId("so"), story_id=hit.story_id, hit_id=second, score=70.0,
                        deliveries=(DeliveryOutcome(receiver="desk", next_try_at=NOW),),
                    )
                )  # fmt: skip
            await one.deliver()
            [receipt] = one.hook.receipts
            assert receipt.json["title"] == "[South Ossetia] New stage: They set a date"
            text = receipt.json["message"]
            assert text.count("They set a date") <= 1
            assert "They propose a vote" not in text.partition("more on this")[0]
            assert len(receipt.delivery_ids) == 2, "both are told"

    asyncio.run(go())


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_digest_names_what_brought_nothing_new_since_the_last_one(
    tmp_path: Path, kind: str
) -> None:
    async def go() -> None:
        with WebhookServer() as daily:
            extra = f'[[receivers]]\nname = "daily"\nurl = "{daily.url}"\nwhen = "daily at 08:00"\n'
            async with desk(tmp_path, extra=extra, kind=kind) as one:
                first = one.keep("a", title="First", receivers=("daily", "desk"))
                await one.deliver()
                [hit] = one.store.review.hits_by_ids({first}).values()
                one.later(hours=3)
                at = one.app.clock()
                follow = one.keep("b", title="The same again", story=hit.story_id, at=at)
                with one.store.decisions.deciding() as tx:
                    tx.silent(follow, SilentReason.SAME_STORY)
                await one.deliver()
                assert len(daily.receipts) == 1, "for that alone nobody is written to"
                one.later(hours=20)
                one.keep("c", title="Other", at=one.app.clock(), receivers=("daily", "desk"))
                await one.deliver()
                digest, at_once = daily.receipts[1].json, one.hook.receipts[-1].json
                assert [o["title"] for o in digest["watcher"]["follow_ups"]] == ["The same again"]
                assert "Nothing new, on stories you know" in digest["message"]
                assert at_once["watcher"]["follow_ups"] == [], "only digests name them"
                one.later(hours=24)
                one.keep("d", title="Third", at=one.app.clock(), receivers=("daily",))
                await one.deliver()
                assert daily.receipts[2].json["watcher"]["follow_ups"] == [], "once"

    asyncio.run(go())


def test_follow_ups_pass_the_receivers_filters_and_come_once(tmp_path: Path) -> None:
    async def go() -> None:
        with WebhookServer() as daily:
            extra = (
                f'[[receivers]]\nname = "daily"\nurl = "{daily.url}"\nwhen = "daily at 08:00"\n'
                'min_score = 60\nlangs = ["en"]\n'
            )
            async with desk(tmp_path, extra=extra) as one:
                first = one.keep("a", title="First", receivers=("daily",))
                await one.deliver()
                [hit] = one.store.review.hits_by_ids({first}).values()

                def follow(name: str, **facts: Any) -> HitId:
                    at = one.app.clock()
                    found = one.keep(name, title=name, story=hit.story_id, **{"at": at} | facts)
                    with one.store.decisions.deciding() as tx:
                        tx.silent(found, SilentReason.SAME_STORY)
                    return found

                one.later(hours=3)
                follow("good", lang="en-GB")
                follow("of no known language", lang=None)
                follow("low", value=59.0)
                follow("Russian", lang="ru")
                for verdict in (Verdict.IRRELEVANT, Verdict.DUPLICATE, Verdict.RELEVANT):
                    one.store.review.mark(follow(verdict), verdict, note="", now=one.app.clock())
                # Known long before the last message, but decided anew since.
                follow("old", at=NOW - timedelta(days=1), decided_at=one.app.clock())
                one.later(hours=20)
                one.keep("c", title="Other", at=one.app.clock(), receivers=("daily",))
                await one.deliver()
                named = [o["title"] for o in daily.receipts[1].json["watcher"]["follow_ups"]]
                assert named == ["relevant", "of no known language", "good"]

    asyncio.run(go())


# ------------------------------------------------------------------------------ operator notices


def test_a_full_disk_is_told_once_a_day_and_its_end_once(tmp_path: Path) -> None:
    async def go() -> None:
        free = [10**12]
        async with desk(tmp_path, free=free) as one:
            assert await one.upkeep() == []
            free[0] = 90_000_000
            assert await one.upkeep() == ["only 90 MB free: polling stops, alerts are still sent"]
            for _ in range(5):
                one.later(hours=1)
                assert await one.upkeep() == []
            free[0] = 10**12
            [over] = await one.upkeep()
            assert over.startswith("over: only 90 MB free")
            free[0] = 80_000_000
            one.later(hours=1)
            assert await one.upkeep() == [], "the second time within a day"
            one.later(hours=24)
            [again] = await one.upkeep()
            assert again.startswith("only 80 MB free")

    asyncio.run(go())


def test_a_full_disk_stops_polling_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is no receiver's operator has only the log to learn it from."""

    async def go() -> None:
        free = [80_000_000]
        async with desk(tmp_path, free=free) as one:
            assert [await one.app.pipeline.poll() for _ in range(3)] == [0, 0, 0]
            assert caplog.messages == ["only 80 MB free: polling stops"]
            caplog.clear()
            free[0] = 10**12
            assert [await one.app.pipeline.poll() for _ in range(2)] == [1, 0]
            assert caplog.messages.count("polling goes on: there is room again") == 1

    asyncio.run(go())


def test_a_reload_says_what_it_leaves_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            await one.app.reload(one.app.settings)
            assert caplog.messages == []
            config = tmp_path / "config.toml"
            old = f'database = "{one.store.address}"'
            assert old in config.read_text()
            text = config.read_text().replace(old, 'database = "sqlite:///other.sqlite3"')
            config.write_text(text.replace('timeout = "10s"', 'timeout = "20s"\nmin_every = "20m"'))
            await one.app.reload(load(config, environ={}))
            assert [message.partition(":")[0] for message in caplog.messages] == [
                "watcher.database",
                "fetch.timeout",
            ]

    asyncio.run(go())


def test_given_up_deliveries_are_told_until_they_are_sent_or_cancelled(tmp_path: Path) -> None:
    async def go() -> None:
        with WebhookServer() as refusing:
            refusing.replies.append(Reply(status=403))
            extra = f'[[receivers]]\nname = "chat"\nurl = "{refusing.url}"\n'
            async with desk(tmp_path, extra=extra) as one:
                one.keep("a", title="A", receivers=("chat",))
                await one.deliver()
                [told] = await one.upkeep()
                assert told == "1 delivery to chat was given up; see `watcher alerts --dead`"
                one.later(hours=2)
                assert await one.upkeep() == []
                [alert] = [a for a in one.store.outbox.alerts() if a.hit_id is not None]
                one.store.outbox.retry(alert.id, now=NOW + timedelta(hours=2))
                await one.deliver()
                [over] = await one.upkeep()
                assert over.startswith("over: 1 delivery to chat was given up")

    asyncio.run(go())


def test_troubles_that_begin_together_are_a_line_each(tmp_path: Path) -> None:
    async def go() -> None:
        free = [80_000_000]
        async with desk(tmp_path, free=free) as one:
            for n in range(6):
                one.keep(f"a{n}", title=f"A {n}", publisher="b.example", partial=True)
            await one.upkeep()
            [told] = [receipt.json for receipt in one.hook.receipts]
            assert told["title"].endswith("(and 1 more)")
            assert sorted(told["watcher"]["body"]) == [
                "6 of 6 pages of b.example could not be read in a day",
                "only 80 MB free: polling stops, alerts are still sent",
            ]
            assert len(told["message"].splitlines()) >= 2

    asyncio.run(go())


def test_pages_that_cannot_be_read_any_more_are_told_per_publisher(tmp_path: Path) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            for n in range(6):
                one.keep(f"a{n}", title=f"A {n}", publisher="b.example",
                     partial=n > 0)  # fmt: skip
            [told] = await one.upkeep()
            assert told == "5 of 6 pages of b.example could not be read in a day"
            one.later(hours=1)
            assert await one.upkeep() == []
            one.later(hours=24)
            [over] = await one.upkeep()
            assert over.startswith("over: 5 of 6 pages of b.example")

    asyncio.run(go())


def test_an_hour_without_a_poll_is_told(tmp_path: Path) -> None:
    async def go() -> None:
        async with desk(tmp_path) as one:
            assert await one.upkeep() == []
            one.later(minutes=110)
            assert await one.upkeep(polled=False) == [], "it is not overdue by an hour"
            one.later(minutes=20)
            [told] = await one.upkeep(polled=False)
            assert told == "no feed was polled since 2026-03-01 12:00 UTC"
            one.later(minutes=20)
            assert await one.upkeep(polled=False) == []
            [over] = await one.upkeep()
            assert over.startswith("over: no feed was polled since")

    asyncio.run(go())


@pytest.mark.parametrize(
    ("rate", "told", "kind"),
    [(0.001, True, "sqlite"), (0.001, True, "postgres"), (0.0000001, False, "sqlite")],
)
def test_a_topic_that_falls_silent_is_told_at_the_rate_that_was_asked_for(
    tmp_path: Path, rate: float, told: bool, kind: str
) -> None:
    async def go() -> None:
        async with desk(tmp_path, kind=kind) as one:
            [topic] = one.app.context.wishes.topics
            one.app.context.wishes = replace(
                one.app.context.wishes, topics=(replace(topic, false_alarm_rate=rate),)
            )
            for n in range(24):
                at = NOW - timedelta(hours=10 * n + n % 7)
                one.keep(f"a{n}", title=f"A {n}", at=at)
            one.later(hours=20)
            assert await one.upkeep() == []
            one.later(days=5)
            found = await one.upkeep()
            if not told:
                assert found == []
                return
            assert found == ["South Ossetia: nothing for 6 days, where 10 hours is usual"]
            one.later(hours=5)
            assert await one.upkeep() == []
            at = NOW + timedelta(days=6, hours=1)
            one.keep("back", title="Back", at=at)
            [over] = await one.upkeep()
            assert over.startswith("over: South Ossetia: nothing for 6 days")

    asyncio.run(go())
