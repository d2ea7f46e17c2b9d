"""Which language a text is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text.lang import detect_lang


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The president said that the talks would continue", "en"),
        ("Президент Южной Осетии объявил о проведении референдума", "ru"),
        ("Президент оголосив про проведення референдуму, йдеться у заяві", "uk"),
        ("სამხრეთ ოსეთის პრეზიდენტმა რეფერენდუმი გამოაცხადა", "ka"),
        ("Цхинвалы рӕстӕг уӕлдай бӕрӕг уыди, зӕгъгӕ, загъта президент", "os"),
        ("Аҧсны Аҳәынҭқарра Ахада иҳәеит ареферендум азы", "ab"),
        ("Հարավային Օսիայի նախագահը հայտարարեց հանրաքվեի մասին", "hy"),
        ("南オセチアの大統領は住民投票を発表しました", "ja"),
        ("南奥塞梯总统宣布将举行加入俄罗斯的全民公投", "zh"),
        ("ok", None),
        ("12345 67890 !!! ???", None),
        ("", None),
    ],
)
def test_languages(text: str, lang: str | None) -> None:
    assert detect_lang(text) == lang


@given(st.text())
def test_language_detection_never_raises(text: str) -> None:
    lang = detect_lang(text * 3)
    assert lang is None or (len(lang) == 2 and lang.isascii())
