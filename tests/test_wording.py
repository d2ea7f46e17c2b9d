"""A topic learns how it is spoken of: from judged articles, within bounds, on top of what it knew."""

from __future__ import annotations

import json

import pytest
from labelled import EVAL, article_of, first_topic, rows_of

from watcher.model import ArticleText, TopicId, TopicSpec
from watcher.relevance import Scorer, compile_profile
from watcher.relevance.layout import lay_out
from watcher.relevance.seeds import stems_of
from watcher.relevance.weights import MODEL_VERSION
from watcher.relevance.wording import LEARNED, Example, learn_words, spoken, words_of

SPEC = TopicSpec(id=TopicId("dam"), name="Dam", terms={"dam": ("Merowin",), "act": ("breach*",)})
FILLER = (
    "People of the valley spoke about it all evening, and somebody brought a lamp and a kettle. "
    "The old teacher wrote down names and the hour, as she had done in other years, and sighed."
)


def veiled(n: int) -> ArticleText:
    """On the dam, without its name."""
    return ArticleText(
        title=f"Night {n} above the wall",
        text=f"Water stood at the rim and the sirens were tried twice in street {n}. {FILLER}",
    )


def other(n: int) -> ArticleText:
    return ArticleText(
        title=f"Night {n} at the fair",
        text=f"Music stood at every corner and the dancers were cheered in street {n}. {FILLER}",
    )


def examples(count: int) -> list[Example]:
    pairs = [(veiled(n), True) for n in range(count)] + [(other(n), False) for n in range(count)]
    return [Example(stems=stems_of(lay_out(a)), positive=positive) for a, positive in pairs]


def value(learned: dict[str, object], article: ArticleText) -> float:
    return spoken(words_of(learned), stems_of(lay_out(article))).value


def test_what_names_nothing_is_known_by_its_words() -> None:
    learned = learn_words(examples(12))
    assert learned == json.loads(json.dumps(learned))
    assert learned == learn_words(reversed(examples(12))), "whatever their order"
    assert value(learned, veiled(99)) > 0.05
    assert value(learned, other(99)) < -0.05
    plain, taught = (Scorer([compile_profile(SPEC, learned=k)]) for k in (None, learned))
    [before], [after] = plain.score(veiled(99)), taught.score(veiled(99))
    assert after.value > before.value
    assert after.profile_version != before.profile_version
    [wording] = [c for c in after.contributions if c.name == "wording"]
    assert wording.evidence.startswith("words of articles on topic: ")
    [against] = [c for c in taught.score(other(99))[0].contributions if c.name == "wording"]
    assert against.points < 0
    assert against.evidence.startswith("words of other articles: ")


def test_few_articles_or_another_language_teach_nothing() -> None:
    assert learn_words(examples(5)) == {LEARNED: {}}
    learned = learn_words(examples(12))
    russian = ArticleText(title="Вода", text="Вода стояла у края, и сирены пробовали дважды. " * 9)
    assert value(learned, russian) == 0
    headline = ArticleText(title="Sirens above the wall", text="")
    assert abs(value(learned, headline)) < abs(value(learned, veiled(99)))


def test_verdicts_go_on_from_what_was_known() -> None:
    known = learn_words(examples(12))
    kept = learn_words([], words_of(known))
    assert kept == known
    more = learn_words(examples(6), words_of(known))
    assert value(more, veiled(99)) > value(known, veiled(99))


def test_what_the_first_topic_is_given_is_of_this_model_and_alerts_nobody_by_itself() -> None:
    spec = first_topic()
    assert spec.learned["model"] == MODEL_VERSION
    assert {"en", "ru", "ka", "uk", "de", "fr"} <= spec.learned[LEARNED].keys()
    [empty] = Scorer([compile_profile(spec)]).score(ArticleText(title="Weather", text=FILLER))
    assert not empty.hit


@pytest.mark.parametrize("name", ["avian_flu", "insolvency"])
def test_words_of_one_topic_are_no_words_of_another(name: str) -> None:
    rows = rows_of(EVAL / f"{name}.jsonl")
    scorer = Scorer([compile_profile(first_topic())])
    assert not [row["id"] for row in rows if scorer.score(article_of(row))[0].hit]
