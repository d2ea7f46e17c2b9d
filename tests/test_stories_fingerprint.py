"""Fingerprints: the same from any alphabet, small, and kept whole by storage."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.model import ArticleText
from watcher.stories import Fingerprint, fingerprint
from watcher.stories.dates import days, numbers
from watcher.stories.lexicon import find, table_of
from watcher.stories.names import alike, name_key
from watcher.stories.sketch import Sketch, overlap, sketch
from watcher.text.words import fold, tokenise

AT = datetime(2022, 5, 13, 16, 10, tzinfo=UTC)
LANGS = ("en", "ru", "uk", "ka", "de", "fr", "es", "it", "pt", "pl", "tr", "cs", "hy", "ar", None)


def article(title: str, text: str, lang: str | None) -> ArticleText:
    return ArticleText(title=title, text=text, lang=lang, published_at=AT)


@pytest.mark.parametrize(
    "spellings",
    [
        "Гаглоев/ru Gagloyev/en Gagloev/en Gaglojew/de Gaglóev/es გაგლოევმა/ka Гаглоєва/uk",
        "Бибилов/ru Bibilov/en Bibiłow/pl ბიბილოვისთვის/ka Bibilow/de Bibílov/es",
        "Захарова/ru Zakharova/en Sacharowa/de Zacharowa/pl ზახაროვამ/ka Zajárova/es",
        "Медведев/ru Medvedev/en Medwedew/de Miedwiediew/pl მედვედევი/ka Медведєв/uk",
        "Зеленский/ru Зеленський/uk Zelensky/en Selenskyj/de Zełenski/pl ზელენსკიმ/ka",
        "Шойгу/ru Shoigu/en Choïgou/fr Schoigu/de Szojgu/pl Şoygu/tr შოიგუ/ka",
        "Пашинян/ru Pashinyan/en Paschinjan/de Paszynian/pl ფაშინიანმა/ka",
        "Гжелак/ru Grzelak/pl Grzelak/de Grzelak/en Grzelaka/pl",
        "Малешевич/ru Malesevic/en Malešević/de Malesevic/fr Malesevic/it Malesevic/es",
        "Баня/ru Banja/en Banja/de Banja/es",
        "Бенжамен/ru Benjamin/fr",
    ],
)
def test_a_name_has_one_sound_in_every_spelling(spellings: str) -> None:
    written = [spelling.split("/") for spelling in spellings.split()]
    keys = [name_key(fold(word), lang) for word, lang in written]
    assert all(alike(keys[0], key) for key in keys), keys


def test_different_names_sound_different() -> None:
    words = [
        "Bibilov",
        "Gagloyev",
        "Peskov",
        "Zakharova",
        "Medvedev",
        "Tibilov",
        "Kokoity",
        "Lavrov",
        "Putin",
        "Sandu",
    ]
    keys = [name_key(fold(word), "en") for word in words]
    assert not any(alike(a, b) for n, a in enumerate(keys) for b in keys[n + 1 :])


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "a vote on July 17, called on Friday", {"0717", "0513"}),
        ("en", "from 14 to 16 June", {"0614", "0616"}),
        ("ru", "17 июля, указ подписан вчера", {"0717", "0512"}),
        ("ka", "კენჭისყრა 17 ივლისს გაიმართება", {"0717"}),
        ("uk", "голосування 17 липня", {"0717"}),
        ("de", "am 17. Juli, wie es am Montagabend hieß", {"0717", "0509"}),
        ("fr", "le 1er juillet et le 17 juillet 2022", {"0701", "0717"}),
        ("es", "el 17 de julio", {"0717"}),
        ("pl", "na 17 lipca", {"0717"}),
        ("tr", "17 Temmuz'da yapılacak", {"0717"}),
        ("en", "since August 26, 2008", {"20080826"}),
        ("de", "bis 17.07.2022", {"0717"}),
    ],
)
def test_days_are_read_in_every_language(lang: str, text: str, expected: set[str]) -> None:
    words = tokenise(text)
    named = days(words, find(words.folded, table_of(lang, text)), date(2022, 5, 13))
    assert {mention.value for mention in named} == expected


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "16,134 votes, or 56.09 per cent", {"16134", "56.09"}),
        ("ru", "16 134 голоса, 56,09%", {"16134", "56.09"}),
        ("en", "Eleven thousand signatures, 11,340 of them", {"11000", "11340"}),
        ("tr", "11 bin 340 imza", {"11340"}),
        ("ru", "подписи, 11 с лишним тысяч", {"11000"}),
        ("de", "11 340 Unterschriften, Neunzehn Mitglieder", {"11340", "19"}),
        (None, "4.5 million people and 4,5 млн человек", {"4500000"}),
        ("ka", "ცხრამეტი წევრი", {"19"}),
        ("en", "in 2008 a 7 was drawn", set()),
        ("en", "Fifty-two deputies, fifty, three more", {"52", "50", "3"}),
        ("en", "twenty two thousand people", {"22000"}),
        ("ru", "пятьдесят два депутата, двадцать тысяч", {"52", "20000"}),
        ("es", "cincuenta y dos diputados, veintidós", {"52", "22"}),
        ("pt", "cinquenta e dois", {"52"}),
        ("fr", "quatre-vingt-dix-sept voix, soixante-douze contre", {"97", "72"}),
        ("fr", "quatre-vingts, vingt et un, dix-sept", {"80", "21", "17"}),
        ("de", "zweiundfünfzig Abgeordnete", {"52"}),
        ("it", "cinquantadue deputati, ventuno, ventotto", {"52", "21", "28"}),
        ("ka", "ორმოცდათორმეტი დეპუტატი, ოცდაათი", {"52", "30"}),
        ("pl", "pięćdziesiąt dwa", {"52"}),
        ("tr", "elli iki vekil", {"52"}),
        ("pt", "vinte dos feridos, trinta dos quarenta", {"20", "30", "40"}),
        ("de", "von zwanzig um fünf, vierzig sei, dreißig dort", {"20", "5", "40", "30"}),
        ("it", "venti alti", {"20"}),
        ("uk", "двадцяти двом", set()),
    ],
)
def test_numbers_meet_however_they_are_written(lang: str, text: str, expected: set[str]) -> None:
    assert {mention.value for mention in numbers(tokenise(text), [], lang)} == expected


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("tr", "on iki üye ve dört milletvekili, kırk yıl", {"10", "4", "40"}),
        ("en", "once on trial, Kirk and Otto seize Venti in Sept.", set()),
        ("de", "dort sei er on air, 17 bin ich, 30 Cent im Dez.", {"17", "30"}),
        ("fr", "on dit que c'est très bon, trois cent", {"300"}),
        ("pl", "on i ten elf", set()),
        ("pt", "sei que dez votaram", {"10"}),
        ("es", "once votos y tres actas", {"11", "3"}),
        ("it", "alti venti, sei voti", {"20", "6"}),
        (None, "on trial, three times", {"3"}),
    ],
)
def test_a_numeral_is_no_number_in_a_language_that_means_another_word(
    lang: str, text: str, expected: set[str]
) -> None:
    assert {mention.value for mention in numbers(tokenise(text), [], lang)} == expected


def test_one_event_in_six_languages_shares_acts_days_and_keys() -> None:
    told = [
        article(title, "", lang)
        for lang, title in (
            ("en", "South Ossetia leader signs decree for July 17 referendum"),
            ("ru", "Глава Южной Осетии подписал указ о референдуме 17 июля"),
            ("ka", "სამხრეთ ოსეთის ლიდერმა 17 ივლისს რეფერენდუმის ბრძანებულებას ხელი მოაწერა"),
            ("de", "Südossetiens Machthaber unterzeichnet Dekret für Referendum am 17. Juli"),
            ("es", "El líder de Osetia del Sur firma el decreto del referéndum del 17 de julio"),
            ("tr", "Güney Osetya lideri 17 Temmuz referandumu için kararnameyi imzaladı"),
        )
    ]
    prints = [fingerprint(one) for one in told]
    for fp in prints:
        assert {"referendum", "decree"} <= fp.acts.keys(), fp
        assert "southossetia" in fp.places
        assert "0717" in fp.days
    assert set.intersection(*(set(fp.keys) for fp in prints))


def test_footers_and_backgrounds_weigh_less_than_the_lead() -> None:
    text = "Bibilov resigned on Friday. " + "The weather stayed fine. " * 60 + "Peskov spoke."
    fp = fingerprint(article("Leader resigns", text, "en"))
    assert fp.acts["resign"] == 9
    assert fp.names["pSkv"] == 1 if "pSkv" in fp.names else fp.weak["pSkv"] == 1


texts = st.text(max_size=600) | st.lists(
    st.sampled_from(
        [
            "Bibilov",
            "signed",
            "decree",
            "17",
            "июля",
            "референдум",
            "ხელი",
            "რეფერენდუმი",
            "16,134",
            "%",
            "«да»",
            ".",
        ]
    ),
    max_size=80,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(title=texts, text=texts, lang=st.sampled_from(LANGS))
def test_any_text_gives_a_bounded_fingerprint_that_storage_keeps(
    title: str, text: str, lang: str | None
) -> None:
    fp = fingerprint(article(title, text, lang))
    written = fp.to_json()
    assert Fingerprint.from_json(written) == fp
    assert len(written.encode()) < 5_000
    assert len(fp.keys) <= 40
    assert fingerprint(article(title, text, lang)) == fp


def test_a_long_article_stays_small() -> None:
    text = " ".join(
        f"Minister Name{n}ov Surname{n}ski rejected {n * 37} requests." for n in range(900)
    )
    fp = fingerprint(article("A very long article", text, "en"))
    assert len(fp.to_json().encode()) < 4_096


words = st.lists(st.sampled_from([f"w{n}" for n in range(60)]), min_size=0, max_size=120)


@given(words, words)
def test_sketches_are_symmetric_bounded_and_reversible(left: list[str], right: list[str]) -> None:
    a, b = sketch(left), sketch(right)
    assert Sketch.unpacked(a.packed()) == a
    likeness, containment = overlap(a, b)
    assert (likeness, containment) == overlap(b, a)
    assert 0.0 <= likeness <= 1.0
    assert likeness <= containment + 1e-9 <= 1.0 + 1e-9
    if left:
        assert overlap(a, a) == (1.0, 1.0)
