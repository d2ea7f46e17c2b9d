"""The arts borrow the words of news: a band called Bird Flu, a film about a liquidator, a novel.

What is sung, played or reviewed has not happened, however many of a topic's words it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..text.words import fold

_LEAST, _FULL_SHARE = 3, 0.06

_WORDS = frozenset(
    fold(word)
    for line in (
        "album albums band bands song songs sang sings singer drummer guitarist guitar bassist encore punk gig"
        " gigs concert concerts trio quartet lyrics chorus melody tracklist film films movie movies actor actors"
        " actress cinema cinemas screenplay sequel starring novel novels novelist thriller protagonist heroine"
        " fiction fictional reader readers chapter chapters plot paperback publisher playwright theatre stage"
        " audience comedy drama premiere spectators costume sculptor painter gallery exhibition canvas poem poet"
        " poems reviewer episode sitcom player players level gameplay",
        "альбом альбома песня песни песню песен певец певица гитарист барабанщик группы концерт концерта концерте"
        " трио квартет фильм фильма фильме фильмы кино актер актера актеры актриса режиссер режиссера сценарист"
        " роман романа романе романист триллер героиня героини герой глава главы сюжет сюжета читатель читатели"
        " издательство театр театра театре сцена сцене сцены зритель зрители зрителей комедия драма премьера"
        " премьерой спектакль спектакля выставка художник поэма поэт стихи рецензия сериал игрок игроки",
        "альбом пісня пісні співак співачка гітарист барабанщик концерт фільм фільму кіно актор актори акторка"
        " режисер роман роману письменник трилер героїня сюжет читач читачі театр театру сцена сцені глядач"
        " глядачі комедія прем'єра вистава виставка художник поет вірші рецензія серіал",
        "ალბომი სიმღერა სიმღერები მომღერალი გიტარისტი კონცერტი ფილმი ფილმის კინო მსახიობი მსახიობები რეჟისორი"
        " რომანი რომანის მწერალი თრილერი გმირი სიუჟეტი მკითხველი თეატრი თეატრის სცენა სცენაზე მაყურებელი"
        " კომედია პრემიერა სპექტაკლი გამოფენა მხატვარი პოეტი ლექსი რეცენზია სერიალი",
        "album band lied lieder sänger sängerin gitarrist schlagzeuger konzert film films kino schauspieler"
        " schauspielerin regisseur regisseurin roman romans autorin thriller heldin leser theater bühne publikum"
        " komödie premiere zuschauer ausstellung maler gedicht rezension serie spieler",
        "album groupe chanson chansons chanteur chanteuse guitariste batteur concert film films cinéma acteur"
        " acteurs actrice comédien comédienne réalisateur réalisatrice roman romans romancier thriller héroïne"
        " lecteur lecteurs théâtre scène public comédie première spectateurs exposition peintre poème musicien"
        " musiciens musique tourné salles joue intrigue",
        "álbum disco banda canción canciones cantante guitarrista baterista concierto trío película películas cine"
        " actor actores actriz director directora novela novelas novelista protagonista lector lectores teatro"
        " escenario público comedia estreno espectadores exposición pintor poema músicos surf gira bailar",
        "album disco band canzone canzoni cantante chitarrista batterista concerto trio film cinema attore attori"
        " attrice regista romanzo romanzi romanziere protagonista lettore lettori teatro palco pubblico commedia"
        " spettatori mostra pittore poesia musicisti",
        "álbum disco banda canção canções cantor cantora guitarrista baterista concerto filme filmes cinema ator"
        " atores atriz diretor romance romances romancista protagonista leitor leitores teatro palco comédia"
        " estreia espectadores exposição pintor poema músicos",
        "album płyta zespół piosenka piosenki wokalista gitarzysta perkusista koncert film filmu kino aktor"
        " aktorzy aktorka reżyser powieść powieści pisarz thriller bohaterka czytelnik teatr scena scenie"
        " publiczność komedia premiera widzowie wystawa malarz wiersz recenzja",
        "albüm grup şarkı şarkılar şarkıcı gitarist davulcu konser film filmi sinema oyuncu oyuncular yönetmen"
        " roman romanı yazar kahraman okur okurlar tiyatro sahne sahnede seyirci komedi gala sergi ressam şiir",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Arts:
    """How much a text speaks as the arts pages do, and by which words."""

    value: float = 0.0
    """0 to 1."""
    words: tuple[int, ...] = ()
    """Numbers of its words of the arts, each where it first stands."""


def arts(folded: Sequence[str]) -> Arts:
    """What a text, given as its folded words, has of the arts: nothing for a word or two."""
    found = [n for n, word in enumerate(folded) if word in _WORDS]
    first: dict[str, int] = {}
    for n in found:
        first.setdefault(folded[n], n)
    if len(first) < _LEAST:
        return Arts()
    return Arts(min(1.0, len(found) / (_FULL_SHARE * len(folded))), tuple(first.values()))


def is_of_arts(folded: str) -> bool:
    """Whether a word is one of those that tell an arts page."""
    return folded in _WORDS
