"""Words: offsets, spellings that meet across scripts, sentences and paragraphs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text.words import (
    Remembered,
    fold,
    paragraphs,
    same_stem,
    script_of,
    sentences,
    skeleton,
    stem,
    tokenise,
)


def surfaces(text: str) -> list[str]:
    words = tokenise(text)
    return [text[start:end] for start, end in zip(words.starts, words.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("d'Ossétie, Osetya'nın", ["d", "Ossétie", "Osetya", "nın"]),
        ("об'єднання п’ять", ["об'єднання", "п’ять"]),
        ("Юго-Осетия в 2022-м", ["Юго", "Осетия", "в", "2022", "м"]),
        ("南奥塞梯", ["南", "奥", "塞", "梯"]),
        ("a_b", ["a", "b"]),
        ("Бибило́в", ["Бибило́в"]),
    ],
)
def test_words_of_many_scripts(text: str, expected: list[str]) -> None:
    assert surfaces(text) == expected


@given(st.text())
def test_any_text_is_cut_into_ordered_words_inside_it(text: str) -> None:
    words = tokenise(text)
    assert len(words.starts) == len(words.ends) == len(words.folded)
    ends = [0, *words.ends]
    for before, start, end in zip(ends, words.starts, words.ends, strict=False):
        assert before <= start < end <= len(text)


@given(st.text())
def test_a_paragraph_holds_its_sentences_and_nothing_is_lost(text: str) -> None:
    kept = "".join(
        text[a:b] for start, end in paragraphs(text) for a, b in sentences(text, start, end)
    )
    assert "".join(kept.split()) == "".join(text.split())


@given(st.text(max_size=40))
def test_case_and_composition_make_no_difference(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    "spellings",
    [
        ["Bibilov", "Bibiłow", "Bibilow", "Бибилов", "Бібілов", "Bibílov", "BIBILOV", "Биби́лов"],
        ["Gagloev", "Gagloyev", "Gaglojew", "Gagłojew", "Гаглоев", "Гаглоєв", "Gagloïev", "Gaglóev"],
        ["Tskhinvali", "Цхинвали", "Цхінвалі", "Cchinwali", "Tshinvali", "Tsjinvali", "ცხინვალი"],
        ["Medvedev", "Medwedew", "Miedwiediew", "Медведев", "Медведєв"],
        ["referendum", "референдум", "referéndum", "référendum"],
    ],
)  # fmt: skip
def test_spellings_of_a_name_agree(spellings: list[str]) -> None:
    assert len({skeleton(fold(spelling)) for spelling in spellings}) == 1


def test_georgian_cases_begin_with_the_name() -> None:
    for form in ("ბიბილოვი", "ბიბილოვმა", "ბიბილოვის", "ბიბილოვს", "ბიბილოვთან"):
        assert skeleton(fold(form)).startswith("bibilov")


def test_other_names_stay_apart() -> None:
    assert skeleton("bibikov") != skeleton("bibilov")
    assert skeleton("alanya") != skeleton("albania")


def test_latin_letters_hidden_in_a_cyrillic_word_do_not_hide_it() -> None:
    assert fold("рeфeрeндум") == fold("референдум")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("референдум", "референдумами"), ("присоединение", "присоединения"), ("annexation", "annexations"),
        ("приєднання", "приєднанням"), ("ოსეთი", "ოსეთში"), ("ხელმოწერა", "ხელმოწერის"),
    ],
)  # fmt: skip
def test_inflections_share_a_stem(left: str, right: str) -> None:
    assert same_stem(fold(left), fold(right), script_of(left))


def test_an_unknown_language_leaves_the_word_alone() -> None:
    assert stem("word", "xx") == "word"
    assert stem("word", None) == "word"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("T. Bibilov drew. He was glad.", 2),
        ("Он приехал в г. Цхинвал. Его ждали.", 2),
        ("«Да!» Так он сказал. 17 июля прошло.", 2),
        ("ბიბილოვმა თქვა. მას ელოდნენ.", 2),
        ("是的。不是。", 2),
        ("Am 17. Juli wird abgestimmt. Bis dahin gilt es.", 2),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_what_is_told_of_words_is_asked_once_and_kept_for_so_many() -> None:
    asked: list[str] = []

    def ask(word: str) -> int:
        asked.append(word)
        return len(word)

    told = Remembered(ask, most=2)
    assert [told[word] for word in ("a", "bb", "a", "bb", "ccc", "ccc")] == [1, 2, 1, 2, 3, 3]
    assert asked == ["a", "bb", "ccc"]
    assert len(told) == 1, "it began anew"
