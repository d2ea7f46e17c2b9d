"""Search bait: pages that sell something under whatever names people type into a search box.

Their sentences may read like prose, so it is their wares that tell: several words of trade and of
search boxes, all over the page. A report on prices has a few of them among many others.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..text.words import fold

LEAST_WARES, LEAST_SHARE = 4, 0.05
"""Different wares, and wares among all words, from which on a text is bait."""

_WARES = frozenset(
    fold(ware).replace("_", " ")
    for line in (
        "net_worth vpn torrent coupon coupons promo promocode casino jackpot payday loan loans ringtone"
        " keto gummies viagra zodiac horoscope wallpaper wallpapers ebook essay essays plagiarism unblock"
        " cheap cheapest discount discounts bonus hotel hotels cheats hacks airbnb giveaway"
        " watch_online online_free free_download free_online live_stream full_movie best_price best_vpn"
        " limited_offer click_here buy_now buy_essay buy_cheap order_now sign_up near_me"
        " no_deposit no_registration money_back top_10 top_5 how_tall gift_card free_shipping",
        "скачать торрент реферат рефераты курсовая диплом антиплагиат сонник гороскоп промокод промокоды"
        " скидка скидки скидкой скидок недорого дешево бесплатно займ займы кредит казино обои рингтон знакомства"
        " куплю купить заказать доставка доставкой смотреть_онлайн без_регистрации без_смс без_отказа"
        " под_ключ оставьте_заявку своими_руками биография_кратко краткое_содержание"
        " все_серии хорошем_качестве по_акции на_карту ответы_егэ гдз",
        "завантажити торент реферат курсова сонник гороскоп промокод знижка знижки знижкою недорого дешево"
        " безкоштовно казино шпалери купити замовити доставка дивитися_онлайн без_реєстрації без_смс"
        " позика кредит знайомства рецепт",
        "უფასოდ უფასო ჩამოტვირთვა გადმოწერა ფასდაკლება ფასდაკლებით ფასდაკლებები იაფად იაფი იყიდე იყიდება"
        " შეიძინე შეუკვეთე კაზინო ბონუსი სესხი სესხები კრედიტი პრომოკოდი ჰოროსკოპი რეფერატი ტორენტი"
        " ონლაინ_ყურება უყურე_ონლაინ მიტანის_სერვისი",
        "gratis kostenlos günstig billig rabatt rabatte gutschein gutscheine kaufen bestellen herunterladen"
        " download kredit kredite casino horoskop vermögen versandkostenfrei schnäppchen hausarbeit stream"
        " online_schauen im_angebot kostenloser_versand",
        "gratuit gratuitement télécharger réduction réductions soldes coupon casino horoscope streaming"
        " acheter commander livraison pas_cher code_promo en_ligne bon_plan dissertation crédit_rapide",
        "gratis descargar descuento descuentos cupón cupones casino horóscopo barato baratos comprar préstamo"
        " préstamos envío ver_online en_línea código_promocional oferta ofertas patrimonio_neto",
        "gratis scaricare sconto sconti coupon casinò oroscopo economico comprare acquistare prestito"
        " prestiti streaming offerta offerte codice_sconto spedizione_gratuita tesina patrimonio_netto",
        "grátis baixar desconto descontos cupom cassino horóscopo barato comprar empréstimo frete"
        " promoção online_grátis assistir_online patrimônio_líquido",
        "darmowe darmowy pobierz torrent rabat rabaty zniżka zniżki tanio tanie kupić zamów kasyno horoskop"
        " pożyczka pożyczki chwilówka chwilówki kredyt tapety za_darmo oglądaj_online kod_rabatowy bez_rejestracji",
        "ücretsiz bedava indir indirim indirimli kupon ucuz satın casino bahis kredi burç film_izle"
        " canlı_izle hd_izle promosyon_kodu kargo_bedava",
    )
    for ware in line.split()
)
_FIRST = frozenset(ware.partition(" ")[0] for ware in _WARES)


Wares = Sequence[tuple[int, str]]
"""What is sold in a text: number of its first word, and the words."""


def wares(folded: Sequence[str]) -> Wares:
    """All wares of a text, given as its folded words; none where they are too few for bait."""
    if _FIRST.isdisjoint(folded):  # as in most texts: told in C
        return ()
    found = [
        (n, ware)
        for n, word in enumerate(folded)
        if word in _FIRST
        for ware in {word, " ".join(folded[n : n + 2])}
        if ware in _WARES
    ]
    return found if _enough(found) else ()


def is_bait(sold: Wares, first: int, stop: int) -> bool:
    """Whether the words from ``first`` to before ``stop`` sell more than they tell."""
    inside = [ware for ware in sold if first <= ware[0] < stop]
    return _enough(inside) and len(inside) >= LEAST_SHARE * (stop - first)


def _enough(sold: Wares) -> bool:
    return len({ware for _, ware in sold}) >= LEAST_WARES
