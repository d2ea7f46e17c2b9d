"""Whether something is told, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.decide.alerting import (
    AlertCandidate,
    GrowthPolicy,
    HitFacts,
    StoryFacts,
    decide_alert,
    route,
    silent_reason,
)
from watcher.decide.when import Held
from watcher.model import AlertReason, ReceiverSpec, SilentReason, TopicId, Verdict

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOPIC = TopicId("south-ossetia")
DAY = timedelta(days=1)


def hit(**facts: Any) -> HitFacts:
    given_ = {"score": 70.0, "threshold": 50.0, "first_seen_at": NOW, "max_age": 3 * DAY, **facts}
    return HitFacts(**given_)


def told(**facts: Any) -> StoryFacts:
    return StoryFacts(**{"told_at": NOW - DAY, "told_publishers": 1, "publishers": 1, **facts})


def candidate(**facts: Any) -> AlertCandidate:
    given_ = {
        "reason": AlertReason.NEW_HIT, "topic": TOPIC, "score": 70.0, "lang": "ru",
        "feed_tags": ("wire",), **facts,
    }  # fmt: skip
    return AlertCandidate(**given_)


def receiver(name: str = "desk", **wishes: Any) -> ReceiverSpec:
    return ReceiverSpec(name=name, url="json://localhost", **wishes)


# ----------------------------------------------------------------------------- is it told?


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, AlertReason.NEW_HIT),
        ({"score": 49.9}, SilentReason.NOT_A_HIT),
        ({"verdict": Verdict.IRRELEVANT}, SilentReason.REVIEWED),
        ({"verdict": Verdict.DUPLICATE}, SilentReason.REVIEWED),
        ({"verdict": Verdict.RELEVANT}, AlertReason.NEW_HIT),
        ({"verdict": Verdict.RELATED}, AlertReason.NEW_HIT),
        ({"story": StoryFacts(dismissed=True)}, SilentReason.REVIEWED),
        # The backlog of a feed that is seen for the first time.
        ({"first_sight": True, "published_at": NOW - 4 * DAY}, SilentReason.BACKLOG),
        ({"first_sight": True, "published_at": NOW - 2 * DAY}, AlertReason.NEW_HIT),
        ({"first_sight": True, "published_at": None}, AlertReason.NEW_HIT),
        ({"first_sight": False, "published_at": NOW - 400 * DAY}, AlertReason.NEW_HIT),
        (
            {"first_sight": True, "published_at": NOW - 4 * DAY, "alert_backlog": True},
            AlertReason.NEW_HIT,
        ),
        # It could be read only days after it was seen: still news then.
        (
            {
                "first_sight": True,
                "first_seen_at": NOW - 5 * DAY,
                "published_at": NOW - 6 * DAY,
            },
            AlertReason.NEW_HIT,
        ),
        # Scored in its day and scored anew: what another configuration makes of it is no news.
        ({"rescored": True}, AlertReason.NEW_HIT),
        ({"rescored": True, "first_seen_at": NOW - 4 * DAY}, SilentReason.BACKLOG),
        (
            {"rescored": True, "first_seen_at": NOW - 4 * DAY, "alert_backlog": True},
            AlertReason.NEW_HIT,
        ),
        (
            {"rescored": True, "first_seen_at": NOW - 4 * DAY, "told": True,
             "story": told(stage_change=True)},
            SilentReason.ALREADY_TOLD,
        ),
        (
            {"rescored": True, "first_seen_at": NOW - 4 * DAY, "told": True, "revised": True},
            AlertReason.REVISION,
        ),
        # Stories that were told.
        ({"story": told()}, SilentReason.SAME_STORY),
        ({"story": told(publishers=2)}, AlertReason.STORY_GREW),
        ({"story": told(publishers=4, told_publishers=2)}, SilentReason.SAME_STORY),
        ({"story": told(publishers=6, told_publishers=2)}, AlertReason.STORY_GREW),
        ({"story": told(novelty=0.5)}, AlertReason.STORY_GREW),
        ({"story": told(novelty=0.9, told_at=NOW)}, SilentReason.SAME_STORY),
        ({"story": told(stage_change=True, told_at=NOW)}, AlertReason.STAGE_CHANGE),
        ({"told": True, "story": told()}, SilentReason.ALREADY_TOLD),
        ({"told": True, "revised": True, "story": told()}, AlertReason.REVISION),
        # Its page could only be read in full after the headline was told.
        ({"told": True, "story": told(stage_change=True)}, AlertReason.STAGE_CHANGE),
        # Its page was changed so that it is no hit any more.
        ({"told": True, "revised": True, "score": 3.0, "story": told()}, AlertReason.REVISION),
        ({"told": True, "score": 3.0, "story": told()}, SilentReason.NOT_A_HIT),
        ({"revised": True, "score": 3.0, "story": told()}, SilentReason.NOT_A_HIT),
        ({"told": True, "revised": True, "score": 3.0, "verdict": Verdict.IRRELEVANT},
         SilentReason.REVIEWED),
        ({"told": True, "revised": True, "story": told(stage_change=True)},
         AlertReason.STAGE_CHANGE),
        # A clock that went back must not mute a story for the time it went.
        ({"story": told(novelty=0.9, told_at=NOW + 9 * DAY)}, AlertReason.STORY_GREW),
    ],
)  # fmt: skip
def test_whether_a_hit_is_told(facts: dict[str, Any], expected: AlertReason | SilentReason) -> None:
    assert decide_alert(hit(**facts), now=NOW) == expected


def test_the_repeat_wait_is_a_matter_of_policy() -> None:
    grown = hit(story=told(told_at=NOW - timedelta(minutes=30), publishers=2))
    assert decide_alert(grown, now=NOW) is SilentReason.SAME_STORY
    eager = GrowthPolicy(repeat_wait=timedelta(minutes=10))
    assert decide_alert(grown, now=NOW, policy=eager) is AlertReason.STORY_GREW


FACTS = st.builds(
    hit,
    score=st.floats(0, 100),
    first_sight=st.booleans(),
    alert_backlog=st.booleans(),
    rescored=st.booleans(),
    published_at=st.none() | st.timedeltas(-400 * DAY, 2 * DAY).map(lambda d: NOW + d),
    verdict=st.none() | st.sampled_from(Verdict),
    told=st.booleans(),
    revised=st.booleans(),
    story=st.builds(
        StoryFacts,
        told_at=st.none() | st.timedeltas(-9 * DAY, DAY).map(lambda d: NOW + d),
        publishers=st.integers(1, 50),
        told_publishers=st.integers(0, 50),
        novelty=st.floats(0, 1),
        stage_change=st.booleans(),
        dismissed=st.booleans(),
    ),
)


@given(FACTS)
def test_no_hit_is_told_against_a_rule(facts: HitFacts) -> None:
    decision = decide_alert(facts, now=NOW)
    if not isinstance(decision, AlertReason):
        return
    if facts.score < facts.threshold:
        assert decision is AlertReason.REVISION, "to take back what was told"
        assert facts.told
    assert facts.verdict not in (Verdict.IRRELEVANT, Verdict.DUPLICATE)
    assert not facts.told or facts.revised or facts.story.stage_change
    if facts.first_sight and not facts.alert_backlog and facts.published_at is not None:
        assert NOW - facts.published_at <= facts.max_age


@given(FACTS)
def test_the_first_hit_of_a_story_is_never_lost_to_a_story_rule(facts: HitFacts) -> None:
    decision = decide_alert(facts, now=NOW)
    if facts.story.told_at is None and not facts.told:
        assert decision not in (SilentReason.SAME_STORY, SilentReason.ALREADY_TOLD)


# -------------------------------------------------------------------------------- to whom?


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, None),
        ({"topics": (TOPIC,)}, None),
        ({"topics": (TopicId("flu"),)}, SilentReason.OTHER_TOPIC),
        ({"min_score": 70.0}, None),
        ({"min_score": 70.5}, SilentReason.UNDER_MIN_SCORE),
        ({"langs": ("ru", "ka")}, None),
        ({"langs": ("ru-RU",)}, None),
        ({"langs": ("en",)}, SilentReason.OTHER_LANGUAGE),
        ({"tags": ("wire", "local")}, None),
        ({"tags": ("local",)}, SilentReason.OTHER_TAG),
        ({"reasons": ("new-hit",)}, None),
        ({"reasons": ("stage-change",)}, SilentReason.OTHER_REASON),
    ],
)
def test_receivers_choose(wishes: dict[str, Any], expected: SilentReason | None) -> None:
    (routing,) = route(candidate(), [receiver(**wishes)], now=NOW)
    assert routing.reason is expected
    assert (routing.due_at is None) == (expected is not None)
    assert routing.detail


def test_a_score_just_under_the_least_is_not_said_to_be_it() -> None:
    [routing] = route(candidate(score=98.97), [receiver(min_score=99)], now=NOW)
    assert routing.detail == "score 98.9 is under 99"


def test_an_unknown_language_is_told_rather_than_lost() -> None:
    (routing,) = route(candidate(lang=None), [receiver(langs=("en",))], now=NOW)
    assert routing.due_at is not None


def test_a_silence_mutes_everyone_until_it_ends() -> None:
    muted = candidate(silenced_until=NOW + DAY)
    (routing,) = route(muted, [receiver()], now=NOW)
    assert routing.reason is SilentReason.SILENCED
    assert "2026-11-23 12:00" in routing.detail
    (routing,) = route(muted, [receiver()], now=NOW + DAY)
    assert routing.due_at is not None


def test_operator_notices_go_to_the_operator_whatever_that_receiver_chose() -> None:
    notice = AlertCandidate(reason=AlertReason.OPERATOR)
    receivers = [
        receiver("ops", topics=(TopicId("flu"),), min_score=90.0, langs=("en",)),
        receiver("desk"),
        receiver("nosy", reasons=("operator",)),
    ]
    routings = route(notice, receivers, now=NOW, operator="ops")
    assert [r.receiver for r in routings if r.due_at is not None] == ["ops", "nosy"]
    assert routings[1].reason is SilentReason.OTHER_REASON


def test_each_receiver_has_its_own_time() -> None:
    receivers = [
        receiver("now"),
        receiver("joins"),
        receiver("digest", when="daily at 18:00"),
        receiver("sleeps", quiet="11:00-14:00"),
    ]
    groups = {"joins": NOW + timedelta(seconds=5)}
    routings = route(candidate(), receivers, now=NOW, open_groups=groups)
    assert [(r.due_at, r.held) for r in routings] == [
        (NOW + timedelta(seconds=60), Held.GROUP),
        (NOW + timedelta(seconds=5), Held.GROUP),
        (NOW + timedelta(hours=6), Held.SCHEDULE),
        (NOW + timedelta(hours=2), Held.QUIET),
    ]


def test_why_nobody_is_told() -> None:
    assert silent_reason(()) is SilentReason.NO_RECEIVER
    alike = [receiver("a", min_score=90.0), receiver("b", min_score=90.0)]
    mixed = [receiver("a", min_score=90.0), receiver("b", langs=("en",))]
    assert silent_reason(route(candidate(), alike, now=NOW)) is SilentReason.UNDER_MIN_SCORE
    assert silent_reason(route(candidate(), mixed, now=NOW)) is SilentReason.NO_RECEIVER
    assert silent_reason(route(candidate(), [*mixed, receiver()], now=NOW)) is None


@given(
    st.lists(
        st.builds(
            receiver,
            name=st.text(min_size=1, max_size=5),
            min_score=st.floats(0, 100),
            langs=st.sampled_from([(), ("en",), ("ru",)]),
            quiet=st.none() | st.just("00:00-23:59"),
        ),
        max_size=5,
    ),
    st.floats(0, 100),
)
def test_every_receiver_gets_either_a_time_or_a_reason(
    receivers: list[ReceiverSpec], score: float
) -> None:
    routings = route(candidate(score=score), receivers, now=NOW)
    assert [r.receiver for r in routings] == [r.name for r in receivers]
    for routing in routings:
        assert (routing.due_at is None) != (routing.reason is None)
        assert routing.due_at is None or routing.due_at >= NOW
