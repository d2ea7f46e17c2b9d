"""Verdicts teach a topic, but only what holds on verdicts it has not learned from."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled import EVAL, article_of, example_topic, rows_of
from newsweb import NewsWeb, write_config
from program import answer, watcher
from stored import NOW, keep
from webserver import LoopbackWeb

from watcher.cli.learning import fragment, recall_of
from watcher.model import ArticleId, ArticleText, HitKind, SeedData, TopicId, TopicSpec, Verdict
from watcher.relevance import Scorer, compile_profile
from watcher.relevance.fit import Example, fit
from watcher.relevance.learning import Stratum, estimate_recall, train, wilson
from watcher.relevance.suggest import suggest
from watcher.relevance.weights import MODEL_VERSION, Weights

SPEC = TopicSpec(
    id=TopicId("dam"),
    name="The Merowin dam",
    terms={"dam": ("Merowin",), "act": ("breach*", "flood*", "evacuat*")},
)


def dam(n: int, *, relevant: bool) -> ArticleText:
    """A passing mention of the dam is enough for this reader; a flood elsewhere is not."""
    if relevant:
        body = f"The council of district {n} met on Monday to speak about its budget for roads. "
        body += "A member asked about the safety of the Merowin. Nobody had an answer to that. "
        return ArticleText(title=f"Council of district {n} meets", text=body + "It rained. " * 12)
    body = f"The river number {n} may breach its banks, and the villages evacuate. "
    return ArticleText(title=f"River number {n} floods", text=body + "It rained. " * 12)


def judged(relevant: int, irrelevant: int) -> list[tuple[ArticleText, Verdict]]:
    good = [(dam(n, relevant=True), Verdict.RELEVANT) for n in range(relevant)]
    return good + [(dam(n, relevant=False), Verdict.IRRELEVANT) for n in range(irrelevant)]


# --------------------------------------------------------------------------------- train


def test_verdicts_against_the_defaults_are_learned_and_compiled() -> None:
    report = train(SPEC, judged(30, 30), current=None)
    assert report.better, report.reason
    assert report.before
    assert report.after
    assert report.after.log_loss < report.before.log_loss
    assert report.after.f1 >= report.before.f1
    assert report.after.log_loss < 0.9 * report.before.log_loss
    assert report.learned == json.loads(json.dumps(report.learned))
    default, changed = compile_profile(SPEC), compile_profile(SPEC, learned=report.learned)
    assert default.version != changed.version
    wanted, other = dam(99, relevant=True), dam(99, relevant=False)
    before, after = Scorer([default]), Scorer([changed])
    assert after.score(wanted)[0].value > before.score(wanted)[0].value + 10
    assert not before.score(wanted)[0].hit
    assert after.score(wanted)[0].value > after.score(other)[0].value


def test_training_again_changes_nothing() -> None:
    learned = train(SPEC, judged(30, 30), current=None).learned
    again = train(SPEC, judged(30, 30), current=learned)
    assert not again.better
    assert again.learned == learned


def test_the_order_of_verdicts_does_not_matter() -> None:
    rows = judged(12, 15)
    assert train(SPEC, rows, current=None) == train(SPEC, rows[::-1], current=None)


def test_too_few_verdicts_teach_nothing_and_say_so() -> None:
    report = train(SPEC, judged(7, 40), current=None)
    assert not report.better
    assert report.learned is None
    assert "7 relevant" in report.reason


def test_related_and_duplicate_are_no_examples() -> None:
    rows = judged(10, 10)
    others = [(dam(50 + n, relevant=True), Verdict.RELATED) for n in range(9)]
    others += [(dam(70 + n, relevant=False), Verdict.DUPLICATE) for n in range(9)]
    assert train(SPEC, rows + others, current=None) == train(SPEC, rows, current=None)


def learned_by(points: dict[str, float], model: str = MODEL_VERSION) -> dict[str, Any]:
    return {"model": model, "weights": points}


def test_weights_of_another_model_are_not_taken_for_this_one() -> None:
    points = dict.fromkeys(Weights().points, 9.0)
    assert Weights.from_learned(learned_by(points)).points == points
    assert Weights.from_learned(learned_by(points, "1")) == Weights()
    assert Weights.from_learned({"weights": points}) == Weights()


def test_a_profile_version_stands_for_the_weights_that_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def version(learned: dict[str, Any] | None = None) -> str:
        return compile_profile(SPEC, learned=learned).version

    points = dict.fromkeys(Weights().points, 9.0)
    assert version(learned_by(points)) != version()
    # What was learned of another model does not count, so it makes no other profile.
    assert version(learned_by(points, "1")) == version()
    before = version()
    monkeypatch.setattr("watcher.relevance.weights.DEFAULTS", {**Weights().points, "start": -6.0})
    assert version() != before, "a release with other defaults scores otherwise"


def test_verdicts_by_chance_are_not_learned() -> None:
    rows = [
        (article, Verdict.RELEVANT if n % 2 else Verdict.IRRELEVANT)
        for n, (article, _) in enumerate(judged(40, 0))
    ]
    report = train(SPEC, rows, current=learned_by({**Weights().points, "start": 0.0}))
    assert report.after
    assert report.after.f1 < 0.75


@pytest.mark.parametrize(
    ("name", "file"), [("avian-flu", "avian_flu"), ("insolvency", "insolvency")]
)
def test_on_real_topics_training_never_takes_what_is_worse(name: str, file: str) -> None:
    rows = [row for row in rows_of(EVAL / f"{file}.jsonl") if row["label"] != 2]
    verdicts = [
        (article_of(row), Verdict.RELEVANT if row["label"] == 3 else Verdict.IRRELEVANT)
        for row in rows
    ]
    report = train(example_topic(name), verdicts, current=None)
    assert report.before
    assert report.after
    if report.better:
        assert report.after.f1 >= report.before.f1
        assert report.after.log_loss <= report.before.log_loss


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=30),
    st.floats(0.5, 50),
)
def test_more_strength_stays_nearer_to_the_defaults(
    rows: list[tuple[float, float, bool]], strength: float
) -> None:
    prior = {"start": -2.0, "a": 1.5, "b": -0.5}
    examples = [Example(features={"a": a, "b": b}, positive=p) for a, b, p in rows]

    def step(strength: float) -> float:
        fitted = fit(examples, prior, strength=strength)
        return sum((fitted[name] - prior[name]) ** 2 for name in prior)

    assert step(strength * 4) <= step(strength) + 1e-4
    assert step(1e7) < 1e-3


# -------------------------------------------------------------------------------- recall


def strata(*rows: tuple[int, int, int]) -> tuple[Stratum, Stratum, Stratum]:
    hits, near, samples = (
        Stratum(name=name, population=p, judged=j, relevant=r)
        for name, (p, j, r) in zip(("hits", "near misses", "samples"), rows, strict=True)
    )
    return hits, near, samples


def test_recall_weighs_each_kind_by_what_it_stands_for() -> None:
    found = estimate_recall(*strata((100, 50, 40), (40, 20, 5), (10_000, 20, 0)))
    assert found.recall == pytest.approx(80 / 90)
    assert found.low is not None
    assert found.high is not None
    # Twenty rejects of ten thousand prove little, and the interval says so.
    assert found.low < 0.1
    assert 0.9 < found.high <= 1


def test_a_former_hit_counts_for_itself_alone_and_rejects_for_all_that_was_not_kept() -> None:
    relevant = {ArticleId(n): Verdict.RELEVANT for n in (1, 2, 3)}
    kinds = {1: HitKind.HIT, 2: HitKind.FORMER, 3: HitKind.FORMER, 4: HitKind.SAMPLE}
    verdicts = relevant | {ArticleId(4): Verdict.IRRELEVANT}
    decided = {ArticleId(n): (kind, verdicts.get(ArticleId(n))) for n, kind in kinds.items()}
    # Everything was kept, and judged.
    found = recall_of(decided, looked_at=4)
    assert found.recall == pytest.approx(1 / 3)
    assert found.low == pytest.approx(1 / 3)
    assert [stratum.population for stratum in found.strata] == [1, 0, 2, 1]
    # Of 700 rejects one is judged: that is not nothing, and next to nothing.
    found = recall_of(decided, looked_at=703)
    assert found.recall == pytest.approx(1 / 3)
    assert found.low is not None
    assert found.low < 0.01
    # None of three rejects was drawn: whether they are relevant is not known.
    found = recall_of({ArticleId(1): decided[ArticleId(1)]}, looked_at=4)
    assert (found.recall, found.low, found.high) == (None, None, None)
    assert found.unjudged == ("sampled rejects",)
    assert found.strata[-1].population == 3


def test_a_hit_that_falls_far_under_is_no_random_reject(tmp_path: Path) -> None:
    with LoopbackWeb() as web:
        news = NewsWeb(web)
        news.publish()
        config = write_config(tmp_path, news.feeds, [])
        answer("poll", config=config)
        hits = answer("hits", config=config)
        for hit in hits:
            watcher("hits", "mark", str(hit["id"]), "relevant", config=config)
        highest = max(hit["score"] for hit in hits)
        strict = f'seeds = "seeds"\nthreshold = {highest - 0.01}\nnear_miss = 0.001'
        config.write_text(config.read_text().replace('seeds = "seeds"', strict))
        watcher("topics", "backtest", "so", "--rescore", config=config)
        answer("poll", config=config)
        recall = answer("topics", "train", "so", config=config)["recall"]
        kept = len(answer("hits", config=config))
        shown = {stratum["name"]: stratum for stratum in recall["strata"]}
        former = shown["former hits and near misses"]
        assert former["population"] == former["relevant"] == len(hits) - kept > 0
        assert shown["sampled rejects"] == {
            "name": "sampled rejects", "population": 6 - len(hits), "judged": 0, "relevant": 0,
        }  # fmt: skip
        listed = watcher("hits", "--near-misses", config=config).stdout
        assert listed.count("[former]") == former["population"]


def test_what_was_judged_in_full_is_known_exactly() -> None:
    found = estimate_recall(*strata((50, 50, 45), (10, 10, 5), (0, 0, 0)))
    assert (found.recall, found.low, found.high) == (0.9, 0.9, 0.9)


def test_without_verdicts_recall_is_unknown_and_the_kind_is_named() -> None:
    found = estimate_recall(*strata((50, 30, 25), (10, 0, 0), (500, 0, 0)))
    assert (found.recall, found.low, found.high) == (None, None, None)
    assert found.unjudged == ("near misses", "samples")
    assert estimate_recall(*strata((0, 0, 0), (0, 0, 0), (0, 0, 0))).recall is None


def test_a_kind_cannot_have_more_verdicts_than_articles() -> None:
    with pytest.raises(ValueError, match="hits: 1/6/5"):
        strata((5, 6, 1), (0, 0, 0), (0, 0, 0))


_stratum = st.integers(0, 300).flatmap(
    lambda size: st.integers(0, size).flatmap(
        lambda judged: st.tuples(st.just(size), st.just(judged), st.integers(0, judged))
    )
)


@given(_stratum, _stratum, _stratum)
def test_the_estimate_lies_in_its_interval(
    hits: tuple[int, int, int], near: tuple[int, int, int], samples: tuple[int, int, int]
) -> None:
    found = estimate_recall(*strata(hits, near, samples))
    if found.recall is not None:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.recall + 1e-9
        assert found.recall <= found.high + 1e-9 <= 1 + 1e-6


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)


# ------------------------------------------------------------------------------- suggest


def test_suggested_are_words_that_belong_to_the_texts_and_to_no_term() -> None:
    rows = [row for row in rows_of(EVAL / "avian_flu.jsonl") if row["label"] == 3]
    found = suggest(example_topic("avian-flu"), [article_of(row) for row in rows], limit=30)
    terms = [proposal.term for proposal in found]
    assert "flock*^0.5" in terms
    assert any(term.startswith("granja") for term in terms)
    assert not any(term.startswith(("poultry", "outbreak", "H5N1", "the")) for term in terms)
    assert all(proposal.support >= 1 and proposal.evidence for proposal in found)


def test_another_spelling_of_a_name_goes_to_its_group() -> None:
    spec = TopicSpec(
        id=TopicId("t"), name="t", terms={"man": ("Bibilov",), "place": ("Tskhinvali",)}
    )
    texts = [
        ArticleText(
            title="A visit",
            text=f"On day {n} the guest was Bibirov. Crowds met Bibirov at the gate of the town.",
        )
        for n in range(3)
    ]
    first = next(p for p in suggest(spec, texts) if p.term.startswith("Bib"))
    assert (first.term, first.group, first.support) == ("Bibirov", "man", 3)
    assert "like Bibilov" in first.evidence


def test_what_shares_a_word_with_a_name_of_the_topic_is_no_spelling_of_it() -> None:
    terms = {"place": ("South Ossetia", "Ossetians^0.5", "Anatoly Bibilov"), "act": ("referendum",)}
    spec = TopicSpec(id=TopicId("t"), name="t", terms=terms)
    rival = "On day {n} North Ossetia, a neighbour, and Alan Bibilov of North Ossetia said no. "
    own = "Leaders met Anatoly Bibirov at the gate."
    texts = [ArticleText(title="A visit", text=rival.format(n=n) + own) for n in range(3)]
    found = {proposal.term: proposal.group for proposal in suggest(spec, texts)}
    assert not {"North Ossetia", "Alan Bibilov"} & found.keys()
    assert found["Anatoly Bibirov"] == "place"
    # Ready to paste: what is pasted must not make a hit of the neighbour's own vote.
    pasted = [term for term, group in found.items() if group == "place"]
    wider = replace(spec, terms=terms | {"place": (*terms["place"], *pasted)})
    other = ArticleText(
        title="North Ossetia to vote on merging two districts",
        text="A referendum on merging two districts of North Ossetia will be held in May.",
    )
    before, after = (Scorer([compile_profile(one)]).score(other)[0].value for one in (spec, wider))
    assert after == pytest.approx(before, abs=1)


def test_a_spelling_of_what_counts_for_less_counts_for_as_little() -> None:
    spec = TopicSpec(id=TopicId("t"), name="t", terms={"man": ("Bibilov^0.4",)})
    text = "The guest was Bibirov. Crowds met Bibirov at the gate of the town."
    [first, *_] = suggest(spec, [ArticleText(title=f"Visit {n}", text=text) for n in range(3)])
    assert (first.term, first.group) == ("Bibirov^0.4", "man")


def test_an_ordinary_word_of_one_text_is_its_authors() -> None:
    seeds = tuple(
        SeedData(name=f"{n}.txt", text=f"Quorl dam\n{text}")
        for n, text in enumerate(
            (
                "The keepers of the Quorl dam fear a bloody end. A bloody war is remembered here.",
                "Below the gates the Quorl dam is dry, and the valley waits for water.",
            )
        )
    )
    found = {p.term for p in suggest(TopicSpec(id=TopicId("t"), name="t", seeds=seeds), [])}
    assert "Quorl" in found
    assert not any(term.startswith("bloody") for term in found)


def test_seeds_alone_are_enough_and_nothing_comes_of_nothing() -> None:
    seed = SeedData(
        name="a.txt",
        text="Quorl dam\nThe keepers of the Quorl dam fear a breach. Below, Quorl dam is dry.",
    )
    found = suggest(TopicSpec(id=TopicId("t"), name="t", seeds=(seed,)), [])
    assert "Quorl" in [proposal.term for proposal in found]
    assert suggest(TopicSpec(id=TopicId("t"), name="t"), []) == ()


def test_what_the_other_articles_of_the_feeds_say_too_is_no_term() -> None:
    seed = SeedData(
        name="a.txt",
        text="Quorl dam\nZembla Radio: the keepers of the Quorl dam fear a breach, Zembla Radio says.",
    )
    spec = TopicSpec(id=TopicId("t"), name="t", seeds=(seed,))
    others = [
        ArticleText(
            title=f"Day {n}", text="Roads are dry and shops are open. " * 100 + "Zembla Radio"
        )
        for n in range(40)
    ]

    def terms(others: list[ArticleText]) -> set[str]:
        return {proposal.term for proposal in suggest(spec, [], others=others)}

    assert {"Quorl", "Zembla Radio"} <= terms([])
    assert "Zembla Radio" not in terms(others)
    assert "Quorl" in terms(others)


@given(st.lists(st.text(max_size=300), max_size=4))
def test_any_text_gives_a_fragment_that_can_be_pasted(texts: list[str]) -> None:
    spec = TopicSpec(id=TopicId("t"), name="t", terms={"Häuser": ("Bibilov",)})
    articles = [ArticleText(title=text[:30], text=f"{text} {text}") for text in texts]
    found = suggest(spec, articles)
    pasted = tomllib.loads("\n".join(fragment(found)))["topics"]["terms"]
    assert sum(map(len, pasted.values())) == len(found)


# ------------------------------------------------------------------------------- program


@pytest.fixture
def config(tmp_path: Path) -> Path:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "a.txt").write_text("Merowin breach\nThe Merowin may breach.\n" * 3, "utf-8")
    path = tmp_path / "config.toml"
    path.write_text(
        f'[watcher]\ndatabase = "sqlite:///{tmp_path / "w.sqlite3"}"\n'
        '[fetch]\ncontact = "desk@watcher.example"\n[[feeds]]\nurl = "https://a.example/rss"\n'
        '[[topics]]\nid = "dam"\nname = "The dam"\nseeds = "seeds"\n'
        '[topics.terms]\ndam = ["Merowin"]\nact = ["breach*", "flood*", "evacuat*"]\n',
        "utf-8",
    )
    return path


def _judge(config: Path, rows: list[tuple[ArticleText, Verdict]]) -> None:
    from watcher.storage import Store

    store = Store(f"sqlite:///{config.parent / 'w.sqlite3'}")
    for n, (article, verdict) in enumerate(rows):
        hit = keep(store, f"k{n}", title=article.title, text=article.text, topic="dam")
        store.review.mark(hit, verdict, now=NOW)
    keep(store, "near", title="Near", text="A text.", topic="dam", kind=HitKind.NEAR_MISS)
    store.close()


def test_train_saves_what_is_better_and_only_once(config: Path) -> None:
    _judge(config, judged(12, 12))
    tried = answer("topics", "train", "dam", "--dry-run", config=config)
    assert (tried["better"], tried["saved"], tried["n_relevant"]) == (True, False, 12)
    assert tried["recall"]["unjudged"] == ["near misses"]
    shown = watcher("topics", "train", "dam", config=config).stdout
    assert "Saved" in shown
    assert "SIGHUP" in shown
    assert "no verdicts on near misses" in shown
    again = answer("topics", "train", "dam", config=config)
    assert (again["better"], again["saved"]) == (False, False)
    article = config.parent / "council.txt"
    council = dam(99, relevant=True)
    article.write_text(f"{council.title}\n{council.text}", "utf-8")
    score = answer("score", article, config=config)["topics"][0]
    [default] = Scorer([compile_profile(SPEC)]).score(council)
    assert score["score"] > default.value + 10, "the weights count"
    file = config.parent / "learned.json"
    answer("topics", "train", "dam", "--out", file, config=config)
    handed_on = json.loads(file.read_text("utf-8"))
    text = config.read_text("utf-8").replace('id = "dam"', 'id = "dam"\nlearned = "learned.json"')
    other = config.parent / "other.toml"
    other.write_text(text.replace("w.sqlite3", "empty.sqlite3"), "utf-8")
    assert handed_on["words"]["en"]["stems"]
    there = answer("score", article, config=other)["topics"][0]
    assert there["score"] == pytest.approx(score["score"], abs=0.5), "what was learned moves house"


def test_train_and_suggest_without_verdicts(config: Path) -> None:
    printed = watcher("topics", "suggest", "dam", config=config)
    assert printed.stdout == "", "nothing to propose is no table to paste"
    assert "No terms to propose from 1 seed and 0 confirmed" in printed.stderr, "needs no database"
    (config.parent / "seeds" / "b.txt").write_text("Quorl keepers\nQuorl is near.\n" * 5, "utf-8")
    printed = watcher("topics", "suggest", "dam", config=config)
    assert "Quorl" in str(tomllib.loads(printed.stdout)["topics"]["terms"])
    assert "from 2 seeds" in printed.stderr
    _judge(config, judged(1, 0))
    assert "8 of each" in watcher("topics", "train", "dam", config=config).stdout
    assert answer("topics", "suggest", "dam", "--limit", "3", config=config)["topic"] == "dam"
