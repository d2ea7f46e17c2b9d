"""Full text search: one query language, two databases, any language's inflection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from databases import database
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from stored import NOW, keep

from watcher.errors import UsageError
from watcher.model import HitKind
from watcher.storage import HitFilter, Store
from watcher.storage.search import fts5, tsquery
from watcher.text.query import MAX_QUERY, find_places, parse_query, snippet, terms, wanted_phrases

ARTICLES = {
    "ru": ("ru", "Итоги референдума", "Президент Бибилов говорил о вхождении Южной Осетии в Россию."),
    "en": ("en", "Bibilov sets a date", "South Ossetia's leader announced referendums on joining."),
    "ka": ("ka", "რეფერენდუმი ცხინვალში", "სამხრეთ ოსეთის ლიდერმა რეფერენდუმზე ისაუბრა."),
    "zh": ("zh", "南奥塞梯公投", "南奥塞梯将举行公投，决定是否加入俄罗斯。"),
    "de": ("de", "Nord und Süd", "Im Süden Ossetiens wurde über Erdgas gesprochen, nicht mehr."),
    "fr": ("fr", "L'Ossétie du Sud", "Un référendum d'Ossétie, dit l'élu."),
}  # fmt: skip


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    with database(request.param, tmp_path_factory.mktemp("db")) as url:
        opened = Store(url)
        for name, (lang, title, text) in ARTICLES.items():
            keep(opened, name, lang=lang, title=title, text=text)
        keep(opened, "near", kind=HitKind.NEAR_MISS, title="A referendum elsewhere", text="Text.")
        yield opened
        opened.close()


def found(store: Store, query: str, **wanted: object) -> list[str]:
    return [
        hit.hit.url.rpartition("/")[2]
        for hit in store.search.find(parse_query(query), HitFilter(**wanted))
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Южная Осетия", {"ru"}),
        ("Россия", {"ru"}),
        ("вхождение", {"ru"}),
        ("leaders", {"en"}),
        ("ცხინვალი", {"ka"}),
        ("公投", {"zh"}),
        ("投公", set()),
        ("Bibilov", {"ru", "en"}),
        ("Бибилов", {"ru", "en"}),
        ("Бибилову", {"ru", "en"}),
        ('"президента Бибилова"', {"ru"}),
        ("referendum", {"ru", "en", "ka", "fr"}),
        ('"South Ossetia"', {"en"}),
        ('"Ossetia South"', set()),
        ("«Южная Осетия»", {"ru"}),
        ("d'Ossétie", {"fr"}),
        ("OSSETIE", {"fr", "de", "ka", "ru"}),  # spellings of a name meet across scripts
        ("referendum -Bibilov", {"ka", "fr"}),
        ("referendum NOT (Bibilov OR dit)", {"ka"}),
        ("Erdgas OR 公投", {"de", "zh"}),
        ("Erdgas AND gesprochen", {"de"}),
        ("Erdgas gesprochen Bibilov", set()),
        ("referend*", {"ru", "en", "ka", "fr"}),
        ("(Erdgas OR Bibilov) Россия", {"ru"}),
    ],
)
def test_what_a_query_finds_is_the_same_on_both_databases(
    store: Store, query: str, names: set[str]
) -> None:
    assert set(found(store, query)) == names


def test_a_match_in_the_headline_ranks_first(store: Store) -> None:
    assert found(store, "референдум")[:2] != []
    assert found(store, "Бибилов") == ["en", "ru"]


def test_filters_narrow_a_search(store: Store) -> None:
    assert found(store, "referendum", lang="fr") == ["fr"]
    assert found(store, "referendum", near_misses=True) == ["near"]
    assert found(store, "referendum", since=NOW + timedelta(days=1)) == []
    assert len(found(store, "referendum", limit=2)) == 2


def test_the_index_follows_the_article(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'w.sqlite3'}")
    keep(store, "k", title="Before", text="old words")
    keep(store, "k", title="After", text="new words")
    assert (found(store, "before"), found(store, "after")) == ([], ["k"])
    assert store.search.rebuild() == 0
    with store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM search_index")
    assert found(store, "after") == []
    assert store.search.rebuild() == 1
    assert found(store, "after") == ["k"]
    with store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM articles")
        left = connection.exec_driver_sql("SELECT count(*) FROM search_index").scalar()
    assert left == 0
    store.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.text(max_size=60) | st.text(alphabet="ab \"'()*-:|&!<>\\^~{}[]+.,;NOTANDRцი中", max_size=60)
)
@example('"')
@example("a NOT")
@example("((((a")
@example("a OR OR b")
@example(") a (")
@example("NEAR(a b)")
@example("title:a")
@example("a" * MAX_QUERY)
@example("' OR 1=1; --")
def test_no_query_can_break_the_database(store: Store, query: str) -> None:
    try:
        node = parse_query(query)
    except UsageError:
        return
    assert len(store.search.find(node, HitFilter(limit=3))) <= 3
    assert set(found(store, "Erdgas OR 公投")) == {"de", "zh"}, "all is still there"


@pytest.mark.parametrize(
    "query", ["", "   ", "-a", "NOT a", "!!!", '""', "a" * 501, "a " * 41, "(" * 30 + "a"]
)
def test_a_query_that_asks_for_nothing_is_the_users_mistake(query: str) -> None:
    with pytest.raises(UsageError):
        parse_query(query)


def test_the_longest_query_is_answered(store: Store) -> None:
    words = " ".join(f"word{n}" for n in range(40))
    assert found(store, words) == []
    assert found(store, words.replace(" ", " OR ")) == []


@given(st.text(max_size=80))
def test_terms_hold_nothing_that_a_database_could_misread(text: str) -> None:
    for term in terms(text, "ru"):
        assert term.isascii()
        assert term.isalnum()
        assert term == term.lower()


@given(st.text(max_size=80), st.sampled_from([None, "en", "ru", "ka", "fi"]))
def test_every_word_of_a_text_finds_it(text: str, lang: str | None) -> None:
    indexed = terms(text, lang)
    for word in text.split()[:5]:
        try:
            query = parse_query(word)
        except UsageError:
            continue
        for phrase in wanted_phrases(query):
            assert (
                any(
                    tuple(indexed[at : at + len(variant)]) == variant
                    for variant in phrase.variants
                    for at in range(len(indexed))
                )
                or "".join(word.split()) not in text.split()
            )


def test_places_and_snippets_show_the_words_as_written() -> None:
    text = "Вступление. " * 30 + "Парламент Южной Осетии назначил\nреферендум. " + "Конец. " * 40
    places = find_places(text, "ru", wanted_phrases(parse_query('"Южная Осетия" референдум -x')))
    assert [text[a:b] for a, b in places] == ["Южной Осетии", "референдум"]
    shown, marks = snippet(text, places)
    assert [shown[a:b] for a, b in marks] == ["Южной Осетии", "референдум"]
    assert len(shown) < 200
    assert "\n" not in shown
    assert snippet("short", []) == ("short", [])


def test_expressions_are_quoted_terms_only() -> None:
    node = parse_query("O'Brien AND (x OR y) -z")
    assert set(fts5(node)) <= set('abcdefghijklmnopqrstuvwxyz0123456789 "()ANDORT')
    assert set(tsquery(node)) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ()<->&|!")
