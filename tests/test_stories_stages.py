"""Stages of a saga: cues in eleven languages, and what turns them round."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.model import ArticleText, StageSpec
from watcher.stories import detect_stage
from watcher.stories.whereabouts import NOWHERE, whereabouts

HERE = Path(__file__).parent / "eval_stories"
CONFIG = Path(__file__).parent.parent / "config.toml"
PLACES = whereabouts(tomllib.loads(CONFIG.read_text("utf-8"))["topics"][0]["terms"])
LADDER = tuple(
    StageSpec(
        id=row["id"], name=row["name"], cues=tuple(row["cues"]), reversal=row.get("reversal", False)
    )
    for row in tomllib.loads((HERE / "ladder.toml").read_text("utf-8"))["topics"]["stages"]
)
ROWS = [json.loads(line) for line in (HERE / "stages.jsonl").read_text("utf-8").splitlines()]


def article(row: dict[str, str]) -> ArticleText:
    published = row.get("published")
    return ArticleText(
        title=row["title"],
        text=row["text"],
        lang=row["lang"],
        published_at=datetime.fromisoformat(published) if published else None,
    )


def reached(told: ArticleText, stages: tuple[StageSpec, ...] = LADDER) -> str | None:
    found = detect_stage(told, stages, PLACES)
    return found.stage_id if found and found.reached else None


def sentence(text: str, lang: str = "en", *, title: str = "") -> ArticleText:
    at = datetime(2022, 5, 31, tzinfo=UTC)
    return ArticleText(title=title, text=text, lang=lang, published_at=at)


def test_stages_are_found_in_sentences_and_articles_of_eleven_languages() -> None:
    wrong = [
        (row["id"], row["stage"], got)
        for row in ROWS
        if (got := reached(article(row))) != row["stage"]
    ]
    assert len(ROWS) >= 80
    assert {row["lang"] for row in ROWS} >= {
        *["en", "ru", "uk", "ka", "de", "fr", "es", "it", "pt", "pl", "tr"]
    }
    assert 1 - len(wrong) / len(ROWS) >= 0.95, wrong


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "The referendum will not be cancelled, he said."),
        ("en", "If the decree is signed, the referendum follows in July."),
        ("en", "The leader may suspend the referendum."),
        ("ru", "Референдум не отменён."),
        ("ru", "Если указ о референдуме подпишут, голосование пройдёт в июле."),
        ("de", "Das Referendum wurde nicht verschoben."),
        ("fr", "Le référendum pourrait être reporté."),
        ("es", "El presidente no firmó el decreto."),
        ("pl", "Referendum nie zostało przełożone."),
        ("tr", "Referandum ertelenmedi."),
        ("ka", "თუ რეფერენდუმი გადაიდო, ამას ხვალ გამოაცხადებენ."),
    ],
)
def test_negations_and_conditions_reach_nothing(lang: str, text: str) -> None:
    assert reached(sentence(text, lang)) is None


def test_a_denied_or_conditional_stage_is_still_shown() -> None:
    found = detect_stage(sentence("The referendum will not be cancelled, he said."), LADDER)
    assert found is not None
    assert (found.stage_id, found.negated, found.reached) == ("cancellation", True, False)
    found = detect_stage(sentence("The leader may suspend the referendum."), LADDER)
    assert found is not None
    assert found.hypothetical


def test_background_does_not_undo_the_news() -> None:
    told = sentence(
        "The new leader suspended the referendum on Monday. His predecessor had signed a decree "
        "for the referendum on May 13. In 2016 the vote was cancelled.",
        title="South Ossetia halts vote on joining Russia",
    )
    found = detect_stage(told, LADDER)
    assert found is not None
    assert (found.stage_id, found.reversal) == ("postponement", True)
    assert found.evidence.startswith("The new leader suspended")


def test_the_day_of_the_deed_decides_whether_it_is_news() -> None:
    assert reached(sentence("He signed a decree on the referendum on May 30.")) == "decree"
    assert reached(sentence("He signed a decree on the referendum on March 3.")) is None


def test_an_unconfirmed_report_is_less_certain() -> None:
    plain = detect_stage(sentence("He suspended the referendum."), LADDER)
    rumour = detect_stage(sentence("He reportedly suspended the referendum."), LADDER)
    assert plain is not None
    assert rumour is not None
    assert rumour.certainty < plain.certainty


def test_a_cue_may_name_a_meaning_in_any_language() -> None:
    ladder = (StageSpec(id="off", name="Off", cues=("@cancel + @referendum",)),)
    assert reached(sentence("She called off the plebiscite.", "en"), ladder) == "off"
    assert reached(sentence("Abgesagt ist die Volksabstimmung.", "de"), ladder) == "off"
    assert reached(sentence("Плебисцит аннулирован.", "ru"), ladder) == "off"
    assert reached(sentence("Referandum iptal edildi.", "tr"), ladder) == "off"
    assert reached(sentence("Referandum iptal edilmedi.", "tr"), ladder) is None
    assert reached(sentence("She called off the dinner.", "en"), ladder) is None


def test_a_date_that_is_set_is_no_mere_future() -> None:
    ladder = (
        *(StageSpec(id=name, name=name, cues=(f"{name} zzz",)) for name in ("a", "b")),
        StageSpec(id="date", name="Date", cues=("@referendum + @held + @day",)),
    )
    told = "The referendum will be held on 17 July."
    assert reached(sentence(told), ladder) == "date"
    assert reached(sentence(f"If they agree, {told[:1].lower()}{told[1:]}"), ladder) is None
    assert reached(sentence("The referendum may be held this year."), ladder) is None


def test_what_is_asked_is_no_condition_and_a_colon_ends_a_negation() -> None:
    assert reached(sentence("They are casting votes on whether to join Russia.")) == "vote"
    told = "The July vote is not to be: the decree on the referendum was revoked."
    assert reached(sentence(told)) == "cancellation"


def test_a_language_before_a_cue_keeps_it_there() -> None:
    stages = (StageSpec(id="off", name="Off", cues=("fr:report* + vote*",)),)
    english = sentence("Reporters voted.", "en", title="Reporters vote")
    french = sentence("Le vote est reporté.", "fr", title="Vote reporté")
    assert reached(english, stages) is None
    assert reached(french, stages) == "off"


def test_a_topic_without_stages_has_none() -> None:
    assert detect_stage(sentence("He signed a decree on the referendum."), ()) is None


@settings(max_examples=80)
@given(
    st.text(max_size=300),
    st.text(max_size=300),
    st.sampled_from(["en", "ru", "ka", "tr", "xx", None]),
    st.lists(st.text(alphabet="ab*+% :", max_size=12), max_size=5),
)
def test_any_text_and_any_cue_are_survived(
    title: str, text: str, lang: str | None, cues: list[str]
) -> None:
    stages = (StageSpec(id="x", name="X", cues=tuple(cues)), *LADDER[:2])
    told = ArticleText(title=title, text=text, lang=lang)
    found = detect_stage(told, stages)
    assert found is None or 0.0 <= found.certainty <= 1.0
    assert detect_stage(told, stages) == found


@pytest.mark.parametrize(
    ("title", "text", "stage"),
    [
        # another territory's vote, and ours
        ("", "Greenland has cancelled its referendum.", None),
        ("", "South Ossetia, unlike Greenland, has cancelled its referendum.", "cancellation"),
        # what names nobody is told of whom the paragraph, or else the article, named
        ("Greenland votes", "It is a large island. The referendum has been postponed.", None),
        ("Tskhinvali waits", "It is cold. The referendum has been postponed.", "postponement"),
        (
            "Tskhinvali waits",
            "It is cold.\n\nIn Greenland it is colder. The referendum has been postponed.",
            None,
        ),
        (
            "Tskhinvali waits",
            "In Greenland it is colder.\n\nThe referendum has been postponed.",
            "postponement",
        ),
        # a state may be the one that votes, or one that speaks of ours
        ("Hungary votes", "Polling stations opened at six. The referendum has begun.", None),
        ("Tskhinvali waits", "Hungary regrets that the referendum was postponed.", "postponement"),
        # those who recognise are others
        ("", "Abkhazia has recognised the results of the referendum.", "recognition"),
        ("", "Syria recognised the accession of Transnistria to Russia.", None),
    ],
)
def test_another_places_stage_is_not_the_sagas(title: str, text: str, stage: str | None) -> None:
    assert reached(sentence(text, title=title)) == stage


@pytest.mark.parametrize(
    ("lang", "text", "stage"),
    [
        # a vote on persons is no rung, a vote on the saga's question is
        ("en", "Polls opened in South Ossetia in a presidential election.", None),
        ("en", "Polls opened in South Ossetia on joining Russia, before the elections.", "vote"),
        ("ru", "В Южной Осетии открылись участки: начались выборы президента.", None),
        # who remembers tells of long ago
        ("en", "South Ossetia marked the anniversary of its vote to join Russia.", None),
        ("en", "In 2006 South Ossetia held a referendum on joining Russia.", None),
        ("ka", "წლისთავზე ცხინვალში რუსეთთან შეერთების რეფერენდუმი გაიხსენეს.", None),
        ("en", "Bibilov, who signed the decree on the referendum, has retired.", None),
        ("en", "A year after the referendum was suspended, Tskhinvali is quiet.", None),
        # whose statement it is
        ("en", "Georgia condemned the referendum that South Ossetia announced.", None),
        ("en", "South Ossetia announced a referendum that Georgia condemned.", "proposal"),
        ("en", "The EU urged Russia to scrap the referendum in South Ossetia.", None),
        ("en", "He spoke of a referendum in South Ossetia without naming any steps.", None),
        ("en", "Abkhazia will, like South Ossetia, hold a referendum on joining Russia.", None),
        # what a sentence supposes from its first word on, even where it is only talk
        ("en", "If South Ossetia dreams of joining Russia, Tbilisi will protest.", None),
        ("en", "Had South Ossetia been discussed as part of Russia, we would know.", None),
        ("it", "Se l'Ossezia del Sud sognasse l'annessione, Tbilisi protesterebbe.", None),
        # what hangs on the cue does not make it conditional
        ("en", "He signed a decree under which South Ossetia will hold the referendum.", "decree"),
        ("en", "The Kremlin denied that it would annex South Ossetia.", "denial"),
        ("en", "The referendum that South Ossetia had planned has been postponed.", "postponement"),
        # a step back that is to come is settled; a step that is to come is not
        ("en", "The referendum in South Ossetia will be put off.", "postponement"),
        ("en", "The treaty on admitting South Ossetia will be signed.", None),
        ("de", "Der Vertrag über die Aufnahme Südossetiens wird unterzeichnet.", "treaty"),
        ("de", "Die Duma wird den Vertrag über die Aufnahme Südossetiens unterzeichnen.", None),
        ("de", "Das Referendum in Südossetien wird am 17. Juli abgehalten.", "decree"),
        # what will not be held is put off, until somebody says that it is cancelled
        ("fr", "Le référendum en Ossétie du Sud n'aura pas lieu le 17 juillet.", "postponement"),
        ("ru", "Референдум в Южной Осетии не состоится: указ отменён.", "cancellation"),
        # the longer cue says what the shorter one is about
        ("fr", "En Ossétie du Sud, le recueil de signatures pour le référendum a commencé.",
         "preparation"),
        ("en", "He won with a pledge: a referendum on joining Russia for South Ossetia.", "proposal"),
    ],
)  # fmt: skip
def test_what_a_sentence_only_touches_upon_is_no_stage(
    lang: str, text: str, stage: str | None
) -> None:
    assert reached(ArticleText(title="", text=text, lang=lang)) == stage


def test_of_an_election_its_article_tells_on() -> None:
    told = "South Ossetia chose a president in elections on Sunday. Polling stations have closed."
    assert reached(sentence(told)) is None
    assert reached(sentence(f"{told} Gagloev suspended the decree.")) == "postponement"
    assert reached(sentence(told.replace("elections", "a referendum"))) == "vote"


def test_places_come_from_the_topics_own_terms() -> None:
    greenland = whereabouts(
        {"place": ["Greenland*", "Nuuk"], "vote": ["referendum", "leave Denmark"]}
    )
    danish = sentence("Grønland udskyder: das Referendum in Grönland wurde verschoben.", "de")
    told = detect_stage(danish, LADDER, greenland)
    assert told is not None
    assert told.stage_id == "postponement"
    ours = sentence("The referendum in South Ossetia was postponed.")
    assert detect_stage(ours, LADDER, greenland) is None
    # without a name to go by, every sentence may tell of the topic
    assert whereabouts({"act": ["referendum", "annex*"]}) is NOWHERE
    assert detect_stage(ours, LADDER, NOWHERE) is not None
