"""Names with a point of the compass in other languages: "South Ossetia" is "Osetia Południowa".

A closed set of words that half of the world's regions are named with. The name itself needs no
translation, since its skeleton is the same in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

# For each point: words that stand before the name, words that stand behind it, and what grows
# together with it.
_POINTS = {
    "south": (
        "south southern южн* південн* паўднёв* јужн* južn* jižn* južna სამხრեთ სამხრეთ* հարավային νότι*"
        " zuid süd syd sør etelä dél lõuna pietų güney cənubi janubiy оңтүстік sul 南 남 दक्षिण",
        "du_sud del_sur del_sud do_sul de_sud meridional* południow* selatan الجنوبي* جنوبی הדרומית",
        "süd sud zuid syd sør jiho juho južno sur юго южно південно юж етелä etelä dienvid dél",
    ),
    "north": (
        "north northern северн* північн* паўночн* север* severn* ჩრդილո ჩრდილოეთ* հյուսիսային βόρει*"
        " noord nord nord nordre pohjois észak põhja šiaurės kuzey şimali soltüstik солтүстік 北 북 उत्तर",
        "du_nord del_norte del_nord do_norte de_nord settentrionale septentrional* północn* utara الشمالي* شمالی הצפונית",
        "nord noord severo северо північно pohjois ziemeļ észak",
    ),
    "east": (
        "east eastern восточн* східн* усходн* източн* источн* východn* vzhodn* istočn* აღმოսავլ აღმოსავლეთ* արևելյան ανατολικ*"
        " oost ost øst öst itä kelet ida rytų doğu şərqi шығыс 东 東 동 पूर्वी",
        "de_l'est del_este dell'est do_leste oriental* wschodni* timur الشرقي* شرقی המזרחית",
        "ost oost øst öst восточно східно itä kelet austrum",
    ),
    "west": (
        "west western западн* західн* заходн* západn* zahodn* zapadn* დასავლեთ დასავლეთ* արևմտյան δυτικ*"
        " west vest väst länsi nyugat lääne vakarų batı qərbi батыс 西 서 पश्चिम",
        "de_l'ouest del_oeste dell'ovest do_oeste occidental* zachodni* barat الغربي* غربی המערבית",
        "west vest väst западно західно länsi nyugat rietum",
    ),
}


def elsewhere_written(text: str) -> Iterator[str]:
    """The term "South Ossetia" in other languages, as terms; nothing for any other term."""
    point, _, name = text.partition(" ")
    forms = _POINTS.get(point.casefold())
    if not point.istitle() or not name.istitle() or " " in name or forms is None:
        return
    before, behind, joined = (some.split(" ") for some in forms)
    yield from (f"{word} {name}" for word in before[1:])
    yield from (f"{name} {word.replace('_', ' ')}" for word in behind)
    root = name.rstrip("aeiou") if len(name) > 5 else name
    yield from (f"{word.title()}{root.lower()}*" for word in joined)
