"""The arts borrow the words of news: a band called Bird Flu, a film about a liquidator, a novel.

What is sung, played or reviewed has not happened, however many of a topic's words it holds.
"""

from __future__ import annotations

from ..text.words import fold
from .layout import Layout, Place

_LEAST = 3

_WORDS = frozenset(
    fold(word)
    for line in (
        "album albums band bands song songs sang sings singer drummer guitarist guitar bassist encore punk gig"
        " gigs concert concerts trio quartet lyrics chorus melody tracklist film films movie movies"
        " actress cinema cinemas screenplay sequel starring novel novels novelist thriller protagonist heroine"
        " fiction fictional paperback publisher playwright theatre"
        " comedy drama premiere spectators costume sculptor painter gallery exhibition canvas poem poet"
        " poems reviewer sitcom dance dancer dancers danced ballet opera",
        "альбом альбома песня песни песню песен певец певица гитарист барабанщик концерт концерта концерте"
        " трио квартет фильм фильма фильме фильмы кино актер актера актеры актриса режиссер режиссера сценарист"
        " роман романа романе романист триллер героиня"
        " издательство театр театра театре зритель зрители зрителей комедия драма премьера"
        " премьерой спектакль спектакля выставка художник поэма поэт стихи рецензия сериал танец танцы танцовщик балет опера",
        "альбом пісня пісні співак співачка гітарист барабанщик концерт фільм фільму кіно актор актори акторка"
        " режисер роман роману трилер героїня театр театру глядач"
        " глядачі комедія прем'єра вистава виставка художник поет вірші рецензія серіал танець танці балет опера",
        "ალბომი სიმღერა სიმღერები მომღერალი გიტარისტი კონცერტი ფილმი ფილმის კინო მსახიობი მსახიობები რეჟისორი"
        " რომანი რომანის თრილერი თეატრი თეატრის მაყურებელი"
        " კომედია პრემიერა სპექტაკლი გამოფენა მხატვარი პოეტი ლექსი რეცენზია სერიალი ცეკვა ბალეტი ოპერა",
        "album lied lieder sänger sängerin gitarrist schlagzeuger konzert film films kino schauspieler"
        " schauspielerin regisseur regisseurin roman romans thriller heldin theater"
        " komödie premiere zuschauer ausstellung maler gedicht rezension tanz tänzer ballett oper",
        "album chanson chansons chanteur chanteuse guitariste batteur concert film films cinéma"
        " actrice comédien comédienne réalisateur réalisatrice roman romans romancier thriller héroïne"
        " théâtre comédie spectateurs exposition peintre poème musicien"
        " musiciens musique danse danser danseur danseuse ballet opéra",
        "álbum disco canción canciones cantante guitarrista baterista concierto trío película películas cine"
        " actriz novela novelas novelista teatro"
        " comedia estreno espectadores exposición pintor poema músicos surf gira baile bailar bailarín ópera",
        "album disco canzone canzoni cantante chitarrista batterista concerto trio film cinema"
        " attrice regista romanzo romanzi romanziere teatro commedia"
        " spettatori pittore poesia musicisti danza balletto",
        "álbum disco canção canções cantor cantora guitarrista baterista concerto filme filmes cinema"
        " atores atriz romance romances romancista teatro comédia"
        " estreia espectadores exposição pintor poema músicos dança bailarino",
        "album płyta piosenka piosenki wokalista gitarzysta perkusista koncert film filmu kino"
        " aktorzy aktorka reżyser powieść powieści pisarz thriller bohaterka teatr"
        " komedia premiera widzowie wystawa malarz wiersz recenzja taniec balet opera",
        "albüm şarkı şarkılar şarkıcı gitarist davulcu konser film filmi sinema oyuncu oyuncular yönetmen"
        " roman romanı tiyatro seyirci komedi sergi ressam şiir dans bale opera",
    )
    for word in line.split()
)


def words_of_arts(layout: Layout) -> tuple[int, ...]:
    """Numbers of the different words of the arts in an article, outside furniture; none where there
    are hardly any."""
    if len(_WORDS.intersection(layout.words.folded)) < _LEAST:  # as in most texts: told in C
        return ()
    first: dict[str, int] = {}
    for n, word in enumerate(layout.words.folded):
        if word in _WORDS and layout.place_of(n) is not Place.FURNITURE:
            first.setdefault(word, n)
    return tuple(first.values()) if len(first) >= _LEAST else ()


def is_of_arts(folded: str) -> bool:
    """Whether a word is one of those that tell an arts page."""
    return folded in _WORDS
