"""What holds for every score: names in any script and case, and properties of any article."""

from __future__ import annotations

import math
import pickle
import random
import sys
from types import FrameType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from labelled import EVAL, article_of, example_topic, first_topic, rows_of, scorer_of

from watcher.model import ArticleText, Score, SeedData, TopicId, TopicSpec
from watcher.relevance import Scorer, compile_profile
from watcher.relevance.layout import Place, lay_out
from watcher.relevance.matcher import Matcher
from watcher.relevance.terms import compile_term
from watcher.text.words import tokenise

FIRST = "south-ossetia"
FILES = ("south_ossetia", "south_ossetia_2", "south_ossetia_3", "south_ossetia_4")


def first(article: ArticleText) -> Score:
    [score] = scorer_of(FIRST).score(article)
    return score


def told_as(title: str, text: str) -> ArticleText:
    return ArticleText(title=title, text=text)


# --------------------------------------------------------------------------------- names

ONE_ALIAS = {
    "Bibilov": [
        "Bibilov", "Bibiłow", "Bibilow", "BIBILOV", "Бибилов", "Бибилова", "Бибилову", "Бибиловым",
        "Бибилове", "Бібілов", "Бібілова", "Бібіловим", "ბიბილოვი", "ბიბილოვმა", "ბიბილოვის",
        "ბიბილოვს", "Bibilov's", "Bibilovs", "Bibilova",
    ],
    "Tskhinvali": [
        "Tskhinvali", "Tskhinval", "Цхинвали", "Цхинвал", "Цхинвала", "Цхинвале", "Цхінвалі",
        "ცხინვალი", "ცხინვალში", "ცხინვალის", "Cchinwali",
    ],
    "Ossetia": [
        "Ossetia", "Осетия", "Осетии", "Осетию", "Осетией", "ოსეთი", "ოსეთის", "Osetia", "Osetii",
        "Osetya", "Осетія", "Осетії", "Ossétie",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("alias", "written"), [(alias, form) for alias, forms in ONE_ALIAS.items() for form in forms]
)
def test_one_alias_finds_a_name_in_any_script_and_case(alias: str, written: str) -> None:
    assert _finds(alias, f"Here {written} stands."), f"{alias} does not find {written}"


@pytest.mark.parametrize(
    ("alias", "other"),
    [
        ("Bibilov", "Bibikov"), ("Bibilov", "Бибиков"), ("Bibilov", "bibliotheca"),
        ("Осетия", "посетил"), ("Осетия", "посетили"), ("осети*", "посетил"), ("осети*", "посетив"),
        ("Осетия", "осетрина"), ("осетин*", "осетрина"), ("Ossetia", "осётр"),
        ("South Ossetia", "North Ossetia"), ("South Ossetia", "South Georgia"),
        ("Южная Осетия", "Северная Осетия"), ("РЮО", "урюон"), ("annex*", "unannexed"),
        ("Südosset*", "sudoeste"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_name_is_not_found(alias: str, other: str) -> None:
    assert not _finds(alias, f"Тут {other} стоит.")


REPUBLIC = [
    "South Ossetia", "Südossetien", "Ossétie du Sud", "Osetia Południowa", "Osetii Południowej",
    "Güney Osetya", "Güney Osetya'nın", "Южная Осетия", "Южной Осетии", "Южную Осетию",
    "Южной Осетией", "ЮО", "РЮО", "სამხრეთ ოსეთის", "სამხრეთ ოსეთი", "სამხრეთ ოსეთში",
    "Хуссар Ирыстон", "Хуссар Ирыстоны", "Tskhinvali region", "Цхинвали", "ცხინვალის რეგიონი",
    "Південна Осетія", "Південної Осетії", "Ossezia del Sud", "Osetia del Sur", "Ossétia do Sul",
    "Zuid-Ossetië", "Sydossetien", "Jižní Osetie", "Južna Osetija", "Dél-Oszétia", "Νότια Οσετία",
    "南奥塞梯", "南オセチア", "남오세티야", "أوسيتيا الجنوبية",
]  # fmt: skip


@pytest.mark.parametrize("written", REPUBLIC)
def test_the_first_topic_knows_its_republic_in_every_language(written: str) -> None:
    score = first(ArticleText(title=f"«{written}»: 123", text=""))
    assert "republic" not in score.missing, f"{written}: only {score.matched} was found"


FEW_TERMS = TopicSpec(
    id=TopicId("few"),
    name="few",
    terms={"place": ("South Ossetia",), "event": ("referendum", "annex*")},
)


@pytest.mark.parametrize(
    "written",
    [
        "Südossetien", "Ossétie du Sud", "Osetii Południowej", "Güney Osetya'nın", "Южной Осетии",
        "სამხრეთ ოსეთში", "Південної Осетії", "Osetia del Sur", "Zuid-Ossetië", "Jižní Osetie",
        "Dél-Oszétia", "Νότια Οσετία", "югоосетинский", "South Ossetian",
    ],
)  # fmt: skip
def test_a_name_with_a_point_of_the_compass_needs_no_translation(written: str) -> None:
    scorer = Scorer([compile_profile(FEW_TERMS)])
    [there] = scorer.score(ArticleText(title=f"Here {written}: 123", text=""))
    [other] = scorer.score(ArticleText(title="Here Северная Осетия: 123", text=""))
    assert "place" not in there.missing
    assert there.value > other.value


@pytest.mark.parametrize(
    ("title", "missing"),
    [
        ("Цхинвал подождёт", {"event"}),
        ("ცხინვალი ელოდება", {"event"}),
        ("Голосование о присоединении", {"place"}),
        ("Anschluss an den Nachbarn", {"place"}),
        ("შეერთება გადაიდო", {"place"}),
        ("Ein Sommer in Turkmenistan", {"place", "event"}),
    ],
)
def test_few_terms_go_far_by_what_they_mean(title: str, missing: set[str]) -> None:
    """A known place has other names, an act other words, in languages that nobody listed."""
    [score] = Scorer([compile_profile(FEW_TERMS)]).score(ArticleText(title=title, text=""))
    assert set(score.missing) == missing, score.matched


def test_what_two_groups_mean_alike_is_no_meeting_of_both() -> None:
    """ "Flu" and "outbreak" are one thing in the tables: the word "virus" must not be both."""
    terms = {"disease": ("bird flu",), "act": ("outbreak*", "cull*")}
    spec = TopicSpec(id=TopicId("flu"), name="flu", terms=terms)
    [score] = Scorer([compile_profile(spec)]).score(ArticleText(title="A virus in Kent", text=""))
    assert score.missing


def test_a_word_of_another_groups_phrase_is_no_meeting_of_both() -> None:
    """ "Outbreak" means much the same as "avian flu" in the tables."""
    [score] = _flu().score(ArticleText(title="Avian flu in Kent", text=""))
    assert score.missing == ("act",)


def test_a_short_lead_of_terms_is_no_list_of_keywords() -> None:
    lead = (
        "Bibilov wants South Ossetia to become a part of the Russian Federation, and soon, "
        "after a referendum."
    )
    assert "joining" not in first(ArticleText(title="Tskhinvali", text=lead)).missing


def test_an_act_beside_another_setting_is_that_settings() -> None:
    told = "After the {} in {}, officials in South Ossetia spoke of schools and of roads."
    there = first(ArticleText(title="", text=told.format("referendum", "Luhansk")))
    here = first(ArticleText(title="", text=told.format("referendum", "July")))
    assert there.value < here.value - 20


def test_a_veto_inside_a_longer_term_is_none() -> None:
    """ "Crimea" is another setting, the "Crimean scenario" is what threatens this one."""
    told = "Deputies in Tskhinvali spoke of {} on Monday. The session lasted for two hours."
    scenario = first(ArticleText(title="", text=told.format("a Crimean scenario")))
    assert "joining" not in scenario.missing
    assert scenario.value > first(ArticleText(title="", text=told.format("Crimean wine"))).value


WAR = (
    "Russia's MICEX Index fell to its lowest level in two years on Tuesday, and the ruble tumbled "
    "to a low against the dollar. Banks asked for a meeting with the governor. Traders went home."
)


def test_a_heading_that_the_text_never_takes_up_makes_no_hit() -> None:
    title = "South Ossetia referendum on joining Russia"
    assert first(ArticleText(title=title, text="")).hit
    assert not first(ArticleText(title=title, text=WAR)).hit


def test_a_summary_of_two_lines_may_go_on_without_the_names_of_its_title() -> None:
    summary = "Deputies sent a letter on Tuesday. Moscow has not replied."
    title = "Tskhinvali's parliament asks to become Russian"
    assert first(ArticleText(title=title, summary=summary, text="", partial=True)).hit


@pytest.mark.parametrize(
    "told",
    [
        "Unlike South Ossetia, where many want to join Russia, {} never asked for it.",
        "В отличие от Южной Осетии, которая хочет в состав России, {} об этом не просит.",
        "სამხრეთ ოსეთისგან განსხვავებით, რომელსაც რუსეთთან შეერთება სურს, {} ამას არ ითხოვს.",
        "Im Gegensatz zu Südossetien, das den Anschluss an Russland will, bat {} nie darum.",
        "Contrairement à l'Ossétie du Sud, qui veut rejoindre la Russie, {} ne le demande pas.",
    ],
)
def test_a_name_brought_up_for_contrast_is_about_another_place(told: str) -> None:
    assert not first(ArticleText(title="", text=told.format("Abkhazia"))).hit


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (
            "Visitors and rules",
            "The new visa rules have nothing to do with South Ossetia or its referendum on joining "
            "Russia, the ministry said. They concern tourists who want to work in hotels.",
        ),
        (
            "Новые правила",
            "Правила не имеют никакого отношения к Южной Осетии и её референдуму о вхождении в Россию, "
            "сообщило министерство. Они касаются туристов, которые хотят работать в гостиницах.",
        ),
        (
            "Catalonia",
            "Catalonia is a more complicated case than South Ossetia and its referendum on joining "
            "Russia. The regional government said talks would go on in Madrid next week.",
        ),
    ],
)
def test_a_name_that_a_thing_has_nothing_to_do_with_is_not_its_subject(
    title: str, told: str
) -> None:
    assert not first(told_as(title, told)).hit


DATELINES = ["TSKHINVALI, March 31 (AP) - ", "TSKHINVALI — ", "Tskhinvali, 31 March (Reuters) — "]


@pytest.mark.parametrize("dateline", DATELINES)
def test_a_dateline_says_where_it_was_written_and_a_little_more(dateline: str) -> None:
    """What goes on elsewhere is not ours for being told from there; what goes on there is."""
    elsewhere = (
        "Venezuela will hold a referendum on the annexation of Essequibo, its president said."
    )
    ours = (
        "Lawmakers voted on Monday to hold a referendum on joining Russia, and asked the election "
        "commission to prepare it before the summer. Deputies of all factions spoke in favour."
    )
    assert not first(told_as("A vote in Venezuela", dateline + elsewhere)).hit
    assert first(told_as("Lawmakers back a vote on joining Russia", dateline + ours)).hit
    with_date = ArticleText(title="x", text=dateline + ours)
    layout = lay_out(with_date)
    begin, stop = layout.dateline
    assert layout.words.folded[begin] == "tskhinvali"
    assert layout.words.folded[stop] == "lawmakers"


@pytest.mark.parametrize(
    "opening",
    [
        "Bibilov - who is 51 - said that he would stand.",
        "South Ossetia, which broke away in 1992 - said that it would vote.",
        "Цхинвал — столица Южной Осетии.",
        "Бибилов, 51-летний политик, — один из кандидатов.",
    ],
)
def test_a_dash_behind_a_name_makes_no_dateline(opening: str) -> None:
    assert lay_out(ArticleText(title="x", text=opening)).dateline == (0, 0)


ITEM = "South Ossetia will hold a referendum on joining Russia, its leader Anatoly Bibilov said."
INTRO = (
    "Good morning. The day ahead is full of votes and the weather is fine in most of the country, so "
    "here is what you should know before you leave the house.\n\n"
)


@pytest.mark.parametrize("bullet", ["- ", "• ", "2. "])
@pytest.mark.parametrize("last", [False, True])
def test_an_item_of_a_list_is_news_if_it_is_a_sentence(bullet: str, last: bool) -> None:
    others = [f"{bullet}Parliament in Paris votes on the budget at noon.", f"{bullet}Rain in Lyon."]
    items = [*others, bullet + ITEM] if last else [others[0], bullet + ITEM, others[1]]
    assert first(told_as("Morning briefing", INTRO + "\n".join(items))).hit


def test_teasers_at_the_end_stay_out_with_or_without_bullets() -> None:
    teasers = "\n".join(["- Rain in Lyon", f"- {ITEM.rstrip('.')}", "- A goal in the last minute"])
    assert not first(told_as("Morning briefing", INTRO + teasers)).hit


def test_a_dense_sentence_is_no_list_of_keywords() -> None:
    told = "Южная Осетия проведёт 17 июля референдум о вхождении в состав России, заявил Анатолий Бибилов."
    assert first(told_as("Главное за день", f"Доброе утро, вот новости дня.\n\n{told}")).hit


def test_a_contrast_with_another_place_leaves_the_topic_its_own() -> None:
    told = "Unlike Abkhazia, South Ossetia wants to join Russia, and will hold a referendum."
    assert first(ArticleText(title="", text=told)).hit
    told = "Unlike Bibilov, Gagloev will not hold a referendum on joining Russia in July."
    assert first(ArticleText(title="", text=told)).hit


def test_a_place_without_any_act_makes_no_hit_however_alike_the_seeds_are() -> None:
    text = (
        "Russian troops have withdrawn from a checkpoint in South Ossetia, a breakaway region of "
        "Georgia, the Kremlin said. Abkhazia and Georgia have exchanged fire since the ceasefire. "
        "Separatist leaders denounced Tbilisi, and the Kremlin spokesman Dmitry Peskov said that "
        "Moscow had recognised the self-proclaimed republics amid the war."
    )
    assert not first(ArticleText(title="2008 South Ossetia war", text=text)).hit


LIKE_SEED = SeedData(
    name="virus.txt",
    text="Vets confirm avian flu in ducks\n\nVets have confirmed the virus on a farm in Kent. All the "
    "birds will be culled, and a zone of three kilometres restricts the movement of poultry.",
)
UNLIKE_SEED = SeedData(
    name="negative/malware.txt",
    text="Avian Flu steals passwords\n\nThe malware hides in apps for phones and sends passwords to "
    "servers abroad, security researchers said. Owners should update their software, delete unknown "
    "apps and change every password. Hackers sell the code, and two servers were seized.",
    negative=True,
)
MALWARE = ArticleText(
    title="Researchers warn of Avian Flu",
    text="The malware comes with an app for phones and sends passwords to servers abroad, researchers "
    "of a security company said. Hackers sell its code. It is no outbreak yet: update the software, "
    "and delete apps that nobody knows.",
)
GIG = ArticleText(
    title="Live in Leeds: Avian Flu",
    text="A concert of half an hour, one song after another, and no encore. The singer of the trio wore "
    "a mask, the audience danced, and the drums of the punk band were heard on the street. The "
    "guitarist spoke of an outbreak of joy. A new album will be out in May.",
)
FARM = ArticleText(
    title="Avian flu in Devon",
    text="Vets found the virus in ducks on a farm near Exeter. The birds were culled on Monday, the "
    "outbreak is the third of the month, and movement of poultry is restricted in a zone around it.",
)


def _flu(*seeds: SeedData, act: tuple[str, ...] = ("outbreak*", "cull*")) -> Scorer:
    terms = {"disease": ("avian flu",), "act": act}
    spec = TopicSpec(id=TopicId("flu"), name="flu", terms=terms, seeds=seeds)
    return Scorer([compile_profile(spec)])


def test_counter_examples_lower_what_is_like_them_and_say_by_which_words() -> None:
    [before] = _flu(LIKE_SEED).score(MALWARE)
    [after] = _flu(LIKE_SEED, UNLIKE_SEED).score(MALWARE)
    assert before.hit
    assert not after.hit
    [against] = [c for c in after.contributions if c.name == "negative likeness"]
    assert against.points < 0
    assert against.evidence.startswith("words of the negative seeds: ")
    shown = {MALWARE.text[s.start : s.end] for s in against.spans if s.field == "text"}
    assert shown & {"malware", "passwords", "phones", "servers", "Hackers", "apps", "software"}
    _check(after, MALWARE)


def test_what_is_sung_has_not_happened_unless_songs_are_the_topic() -> None:
    [news], [music] = _flu().score(GIG), _flu(act=("outbreak*", "album*")).score(GIG)
    said = {c.name: c.evidence for c in news.contributions}
    assert said["arts"].startswith("words of the arts: concert, song, encore")
    assert not news.hit
    assert all(c.name != "arts" for c in music.contributions)
    menu = "Home | Film | Theatre | Concerts | Album reviews | Songs | Exhibitions"
    [farm] = _flu().score(ArticleText(title=FARM.title, text=f"{FARM.text}\n\n{menu}"))
    assert all(c.name != "arts" for c in farm.contributions)
    _check(news, GIG)


def test_counter_examples_leave_the_rest_as_it_was() -> None:
    assert _flu(LIKE_SEED, UNLIKE_SEED).score(FARM)[0].value == _flu(LIKE_SEED).score(FARM)[0].value
    assert all(c.name != "negative likeness" for c in first(FARM).contributions)


def test_a_score_says_what_each_group_and_each_likeness_rests_on() -> None:
    [score] = _flu(LIKE_SEED).score(FARM)
    said = {c.name: c.evidence for c in score.contributions}
    assert set(said["groups"].split(", ")) == {"Avian flu (disease)", "culled (act)"}
    assert said["likeness"].startswith("words of the seeds: ")
    there = first(ArticleText(title="", text="South Ossetia is not Kosovo, nor Transnistria."))
    assert {c.name: c.evidence for c in there.contributions}["elsewhere"] == "Kosovo, Transnistria"


def _finds(alias: str, text: str) -> bool:
    term = compile_term("names", alias)
    assert term is not None
    words = tokenise(text)
    return bool(Matcher([term]).find(words, [0] * len(words)))


# ---------------------------------------------------------------------------- properties

ROWS = [row for name in FILES for row in rows_of(EVAL / f"{name}.jsonl")]
UNRELATED = [
    "The orchestra opened its season on Friday with two symphonies, and the hall was full. ",
    "В выходные в области ожидается тёплая погода, местами пройдут небольшие дожди. ",
    "ფეხბურთის ეროვნულმა ნაკრებმა გუშინ სტუმრად ითამაშა და მატჩი ფრედ დასრულდა. ",
    "Der Bäcker am Markt hat seit Montag wieder geöffnet, und die Schlange war lang. ",
]
OWN_LANGUAGE = dict(zip(("en", "ru", "ka", "de"), UNRELATED, strict=True))
any_text = st.text(max_size=400)
articles = st.builds(ArticleText, title=any_text, text=any_text, summary=any_text)
EPSILON = 0.5
"""Points of 100 that a score may gain by rounding and by length."""


@given(articles)
def test_any_unicode_survives_and_every_point_is_accounted_for(article: ArticleText) -> None:
    _check(first(article), article)


@given(articles, st.integers(0, len(ROWS) - 1), st.integers(0, 2000))
def test_real_text_with_anything_in_it(noise: ArticleText, number: int, at: int) -> None:
    article = article_of(ROWS[number])
    mixed = ArticleText(
        title=f"{noise.title[:20]} {article.title}",
        text=f"{article.text[:at]}{noise.text}{article.text[at:]}",
        summary=noise.summary,
    )
    _check(first(mixed), mixed)


def _check(score: Score, article: ArticleText) -> None:
    """Points sum to the logit of the value, and spans show what they say."""
    total = sum(c.points for c in score.contributions)
    assert math.isfinite(score.value)
    if 1e-9 < score.value < 100 - 1e-9:
        assert math.log(score.value / (100 - score.value)) == pytest.approx(total, abs=1e-6)
    for contribution in score.contributions:
        for span in contribution.spans:
            whole = getattr(article, span.field)
            assert 0 <= span.start < span.end <= len(whole)
            shown = whole[span.start : span.end].replace("\n", " ")
            assert shown in contribution.evidence or len(contribution.spans) > 1


@pytest.mark.parametrize("row", ROWS[::5], ids=lambda row: row["id"])
def test_spans_stand_where_the_evidence_is(row: dict[str, str]) -> None:
    article = article_of(row)
    score = first(article)
    _check(score, article)
    for contribution in score.contributions:
        for span in contribution.spans:
            surface = getattr(article, span.field)[span.start : span.end].replace("\n", " ")
            assert surface in contribution.evidence
        assert contribution.evidence or contribution.name == "start"


def _with(row: dict[str, str], extra: str, *, in_front: bool = False) -> tuple[Score, Score]:
    """The score of an article, and of the same with one more paragraph."""
    article = article_of(row)
    text = f"{extra}\n\n{article.text}" if in_front else f"{article.text}\n\n{extra}"
    return first(article), first(ArticleText(title=article.title, text=text, lang=article.lang))


def _is_prose(row: dict[str, str]) -> bool:
    places = {sentence.place for sentence in lay_out(article_of(row)).sentences}
    return bool(places & {Place.LEAD, Place.BODY})


PROSE = [row for row in ROWS if _is_prose(row)]


@given(st.sampled_from(PROSE), st.integers(1, 4))
def test_an_unrelated_paragraph_raises_no_score(row: dict[str, str], times: int) -> None:
    assume(row["lang"] in OWN_LANGUAGE)
    before, after = _with(row, (OWN_LANGUAGE[row["lang"]] * times).strip())
    # A text worded like other matters may be so a little less with more words, short of a hit.
    told = f"{row['id']}: {before.value} to {after.value}"
    assert after.value <= before.value + EPSILON if before.hit else not after.hit, told


@given(st.sampled_from(PROSE), st.sampled_from(UNRELATED), st.integers(1, 4))
def test_an_unrelated_paragraph_of_any_language_makes_no_hit(
    row: dict[str, str], sentence: str, times: int
) -> None:
    before, after = _with(row, (sentence * times).strip())
    assert before.hit or not after.hit, f"{row['id']}: {before.value} to {after.value}"


def test_a_foreign_paragraph_in_front_makes_no_hit() -> None:
    for row in PROSE:
        before, after = _with(row, (UNRELATED[2] * 4).strip(), in_front=True)
        assert before.hit or not after.hit, row["id"]


def test_a_paragraph_in_front_raises_no_score() -> None:
    for row in PROSE:
        before, after = _with(row, UNRELATED[1].strip(), in_front=True)
        assert after.value <= before.value + EPSILON, row["id"]


@pytest.mark.parametrize("number", range(len(UNRELATED)))
def test_prose_beside_a_list_of_keywords_makes_no_hit(number: int) -> None:
    """Page bait and keyword lists stay what they are, however much of whatever follows them."""
    lists = [row for row in ROWS if row["text"] and not _is_prose(row)]
    assert len(lists) > 5
    for row in lists:
        before, after = _with(row, (UNRELATED[number] * 10).strip())
        assert not after.hit or before.hit, f"{row['id']}: {before.value} to {after.value}"


RESULTS = "\n".join(f"District {n}: {n * 7 % 100}.{n % 10}%, turnout {n + 20}%" for n in range(60))
FIGURES = " ".join(f"{n} {n * 7 % 100}.{n % 10}%" for n in range(80))
NAMES = ", ".join(f"Ivan Petrov{chr(97 + n % 26)}" for n in range(80))
REPORT = (
    "Anatoly Bibilov, the leader of South Ossetia, announced the results of the referendum on "
    "joining Russia. Georgia's foreign ministry said that a vote on the annexation of its territory "
    "has no legal force at all, and asked its partners not to recognise it."
)


@pytest.mark.parametrize("below", [RESULTS, FIGURES, NAMES])
def test_a_report_above_a_table_or_a_list_of_names_is_a_report(below: str) -> None:
    """The results of a referendum come as one; figures and names once made keywords of it all."""
    title = "Bibilov announces results of South Ossetia referendum"
    for text in (f"{REPORT}\n\n{below}", f"{REPORT} {FIGURES}"):
        assert first(ArticleText(title=title, text=text)).hit


def test_prose_of_a_language_without_function_words_of_its_own_is_no_list_of_keywords() -> None:
    """Albanian, in which a quarter of the words are taken for Italian ones."""
    text = (
        "Udhëheqësi i Osetisë së Jugut, Anatoly Bibilov, tha të hënën se rajoni do të mbajë në korrik "
        "një referendum për bashkimin me Rusinë. Ministria e Jashtme e Gjeorgjisë e dënoi planin dhe "
        "tha se ai nuk ka asnjë fuqi ligjore. Kremlini tha se nuk është marrë asnjë vendim për këtë "
        "çështje. Bibilov u tha gazetarëve në Tskhinvali se populli e pret prej kohësh këtë moment."
    )
    title = "Bibilov: South Ossetia kërkon referendum për t'iu bashkuar Rusisë"
    assert first(ArticleText(title=title, text=text, lang="sq")).hit


def test_a_list_of_keywords_under_prose_about_something_else_earns_nothing() -> None:
    keywords = [
        "South Ossetia news",
        "referendum joining Russia",
        "Bibilov",
        "annexation",
        "Tskhinvali",
    ]
    listed = "\n".join(keywords * 20)
    text = f"{UNRELATED[0].strip()} {UNRELATED[0].strip()}\n\n{listed}"
    for title in ("Results of the week", "South Ossetia referendum Bibilov"):
        assert not first(ArticleText(title=title, text=text)).hit


def test_the_order_and_the_company_of_topics_do_not_matter() -> None:
    specs = [first_topic(), example_topic("avian-flu"), example_topic("insolvency")]
    alone = [Scorer([compile_profile(spec)]) for spec in specs]
    forward = Scorer([compile_profile(spec) for spec in specs])
    backward = Scorer([compile_profile(spec) for spec in specs[::-1]])
    for row in ROWS[::25] + rows_of(EVAL / "avian_flu.jsonl")[::10]:
        article = article_of(row)
        expected = tuple(one.score(article)[0] for one in alone)
        assert forward.score(article) == expected
        assert backward.score(article) == expected[::-1]
        assert forward.score(article, {specs[1].id}) == expected[1:2]


def test_nothing_is_remembered_from_article_to_article() -> None:
    some = [article_of(row) for row in ROWS[::20]]
    expected = {article: first(article) for article in some}
    random.Random(1).shuffle(some)
    fresh = Scorer([compile_profile(first_topic())])
    for article in (*some, *some):
        assert fresh.score(article) == (expected[article],)


def test_who_published_it_and_when_says_nothing_about_relevance() -> None:
    row = ROWS[0]
    article = ArticleText(
        title=row["title"], text=row["text"], lang="de", url="https://a.example/x", publisher="A"
    )
    assert first(article) == first(article_of(row))


def test_a_profile_survives_the_way_to_a_worker() -> None:
    profile = compile_profile(first_topic())
    again = Scorer([pickle.loads(pickle.dumps(profile))])
    article = article_of(ROWS[3])
    assert again.score(article) == (first(article),)
    assert compile_profile(first_topic()).version == profile.version


def test_work_grows_with_the_text_and_no_faster() -> None:
    """Counted, not timed: words, sentences and matches of a text four times as long."""
    article = article_of(max(ROWS, key=lambda row: len(row["text"])))
    terms = compile_profile(first_topic()).terms

    def work(times: int) -> int:
        layout = lay_out(ArticleText(title=article.title, text=f"{article.text}\n" * times))
        matches = Matcher(terms).find(layout.words, layout.sentence_of)
        return len(layout.words) + len(layout.sentences) + len(matches)

    once = work(1)
    assert work(4) < 5 * once
    assert work(4000) < work(2000) * 1.1, "past a bound nothing is read"


@pytest.mark.parametrize(
    "sentence",
    [
        "Kosovo told South Ossetia that a referendum is due. ",
        "The North Ossetia team met Bibilov and Catalonia in Tskhinvali. ",
        "South Ossetia and Russia and Bibilov and a referendum, said a minister of Kosovo, ",
    ],
)
def test_scoring_a_text_full_of_terms_and_vetoes_grows_no_faster(sentence: str) -> None:
    """Counted in calls and steps of generators, so that a loop inside of a loop shows."""
    scorer = scorer_of(FIRST)

    def steps(times: int) -> int:
        prose = f"{sentence}{UNRELATED[0]}The mayor, who came late, said that it was the best of all evenings. "
        article = ArticleText(title="x", text=prose * times)
        counted = 0

        def count(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        scorer.score(article)  # what is kept for the next time is not counted
        sys.setprofile(count)
        try:
            scorer.score(article)
        finally:
            sys.setprofile(None)
        return counted

    assert steps(240) < 3.3 * steps(80)


BAIT = [
    (
        "Bibilov South Ossetia referendum net worth and wife",
        "How much is Bibilov worth? Many of you ask what South Ossetia is and when it will join Russia. "
        "Here is all that you need: cheap hotels, a coupon for your VPN, and a casino with a bonus for "
        "those who vote in the referendum. Click here before the accession of South Ossetia to Russia!",
    ),
    (
        "Цхинвал референдум 2027 смотреть онлайн",
        "Бибилов и референдум: что это и где скачать бесплатно? Южная Осетия хочет в состав России, а вы "
        "хотите займ без отказа. У нас есть промокод для тех, кто голосует, и реферат о присоединении.",
    ),
    (
        "Südossetien Referendum kostenlos",
        "Was ist das Referendum in Südossetien? Der Anschluss an Russland ist für Bibilov ein Thema, und "
        "für Sie ein Gutschein: Kredit ohne Fragen, Rabatt im Casino und ein Horoskop dazu.",
    ),
]


@pytest.mark.parametrize(("title", "text"), BAIT)
def test_bait_in_whole_sentences_earns_nothing(title: str, text: str) -> None:
    assert not first(ArticleText(title=title, text=text)).matched
    diluted = ArticleText(title=title, text=f"{text}\n\n{''.join(UNRELATED) * 5}")
    assert not first(diluted).hit


def test_a_report_that_speaks_of_prices_is_no_bait() -> None:
    text = (
        "Deputies in Tskhinvali called a referendum on joining Russia. Its critics say that it is a "
        "bonus for the president, who offered cheap loans to voters in the spring. Officials deny it. "
        "The vote will be held in July, and the ballot has one question, the speaker told reporters."
    )
    assert first(ArticleText(title="South Ossetia to vote on joining Russia", text=text)).hit


@pytest.mark.parametrize("spam", [1, 3, 40])
def test_repeating_the_words_of_the_topic_earns_nothing(spam: int) -> None:
    words = "South Ossetia, Bibilov, referendum, annexation, Russia, Tskhinvali, " * spam
    recipe = "Mix the flour with the butter, add the eggs and let the dough rest for an hour. "
    article = ArticleText(title="A cake for Sunday", text=f"{recipe * 3}\n\nTags: {words}")
    assert not first(article).hit


def test_a_sentence_of_summary_and_page_is_quoted_once() -> None:
    first = (
        "The leader of South Ossetia signed a decree for a referendum on joining Russia this year."
    )
    other = "The vote in Tskhinvali on joining Russia will cost 40 million rubles, officials said."
    for summary in (f"{first}\n\n{other}.", f"{first[:60]} ...", f"{first} It will be long."):
        article = ArticleText(title="", summary=summary, text=f"{first}\n\n{other}", lang="en")
        [score] = scorer_of("south-ossetia").score(article)
        starts = [sentence[:30] for sentence in score.sentences]
        assert len(starts) == len(set(starts)), score.sentences
        assert other[:30] in starts
