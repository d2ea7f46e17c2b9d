"""Words that turn a statement round, make it conditional, put it in the past or in doubt.

By language; a final ``*`` ends a stem, ``_`` stands for a space. Checked near a cue by ``stages``.
"""

NEGATION = {
    "en": "not no nothing never neither nor without isn wasn aren weren hasn haven hadn won doesn didn don cannot premature",
    "ru": "не нет ни никогда без никаких никак* преждевремен*",
    "uk": "не немає ні ніколи без жодн* ніяк* передчасн*",
    "ka": "არ არა ვერ აღარ არც ნუ",
    "de": "nicht kein* nie niemals weder ohne verfruht*",
    "fr": "ne n pas jamais aucun* ni sans premature*",
    "es": "no nunca ni ningun* sin prematur*",
    "it": "non mai ne nessun* senza",
    "pt": "nao nunca nem nenhum* sem",
    "pl": "nie nigdy bez zaden zadn*",
    "tr": "hicbir degil yok asla hic *mayacak *meyecek *madi *medi *madigini *medigini *mamis *memis *maz *mez",
}

CONDITION = {
    "en": "if may might could whether unless can possibly perhaps likely possible",
    "ru": "если может могут мог могла могли возможно вероятно ли допустил* вряд",
    "uk": "якщо може можуть міг могла могли можливо ймовірно чи",
    "ka": "თუ შესაძლოა შეიძლება შეუძლია ალბათ რომც იქნებოდა",
    "de": "wenn falls ob konnte* durfte* moglicherweise vielleicht eventuell kann konnen",
    "fr": "si pourrai* peut peuvent eventuel* peut_etre",
    "es": "si podria* puede pueden quiza* tal_vez eventual*",
    "it": "se potrebbe* puo possono forse eventual*",
    "pt": "se poderia* pode podem talvez eventual*",
    "pl": "jesli jezeli gdyby moze moga mogl* ewentualn* czy",
    "tr": "eger *abilir *ebilir *saydi *seydi olurdu *sa *se belki muhtemelen olasi",
}

QUESTION = {
    "en": "whether if",
    "ru": "ли",
    "uk": "чи",
    "de": "ob",
    "fr": "si",
    "es": "si",
    "it": "se",
    "pt": "se",
    "pl": "czy",
}
"""Conditions that, after the first word of a cue, are what is voted on: "votes on whether to join"."""

THAT = frozenset(
    ["that", "что", "чтобы", "що", "щоб", "რომ", "dass", "damit", "ze", "zeby", "aby", "que", "ki"]
)
"""After a comma, what is said depends on the clause before it."""

POLLED = {
    "en": "survey* opinion_poll* poll pollster* respondent* polled",
    "ru": "опрос* респондент* социолог*",
    "uk": "опитуван* респондент* соціолог*",
    "ka": "გამოკითხ* კვლევ* რესპონდენტ*",
    "de": "umfrage* befragt* meinungsforsch*",
    "fr": "sondage* sondes",
    "es": "encuesta* sondeo* encuestad*",
    "it": "sondagg* intervistat*",
    "pt": "sondage* inquerito* inquirid*",
    "pl": "sondaz* ankiet* badan*",
    "tr": "anket*",
}
"""What people would do, told by those who asked them."""

WOULD = {
    "en": "would should",
    "ru": "бы",
    "uk": "би б",
    "de": "sollte*",
    "fr": "serai* devrai*",
    "es": "seria*",
    "it": "sarebbe*",
    "pt": "seria*",
    "pl": "byloby byby",
}

FUTURE = {
    "en": "will shall ll",
    "ru": "будет будут предстоит",
    "uk": "буде будуть",
    "ka": "იქნება",
    "de": "wird werden",
    "fr": "sera seront aura auront devra",
    "es": "sera seran tendra celebrara deberan debera",
    "it": "sara saranno terra dovra",
    "pt": "sera serao tera devera",
    "pl": "bedzie beda ma_sie",
    "tr": "*acak *ecek *acagini *ecegini",
}

BACKGROUND = {
    "en": "ago earlier previously formerly last_year once then",
    "ru": "ранее раньше прежде тогда назад прошлом тогдашн* некогда",
    "uk": "раніше тоді тому_році минулого попередн* колись",
    "ka": "ადრე მაშინ წინათ წარსულში მაშინდელ*",
    "de": "zuvor fruher damals einst vorher vergangen*",
    "fr": "auparavant precedemment alors jadis",
    "es": "antes anteriormente entonces pasado",
    "it": "prima precedentemente allora fa scorso",
    "pt": "antes anteriormente entao passado",
    "pl": "wczesniej wtedy uprzednio niegdys poprzednio",
    "tr": "daha_once onceki gecen o_zaman eskiden",
}

PLUPERFECT = {
    "en": "had",
    "ka": "იყო",
    "de": "hatte hatten",
    "fr": "avait avaient",
    "es": "habia habian",
    "it": "aveva avevano",
    "pt": "havia haviam tinha tinham",
    "tr": "*misti *mustu",
}
"""A deed before another one, unless it is what somebody said."""

REPORT = {
    "en": "said says told added announced",
    "fr": "dit declare affirme annonce assure",
    "es": "dijo afirmo declaro aseguro anuncio",
    "it": "detto dichiarato affirmato affermato annunciato",
    "pt": "disse afirmou declarou anunciou",
}

DOUBT = {
    "en": "reportedly allegedly rumour* rumor* unconfirmed source sources",
    "ru": "якобы слух* источник* неподтвержд* предположительно",
    "uk": "нібито чутк* джерел* непідтвердж*",
    "ka": "თითქოს ჭორ* წყარო*",
    "de": "angeblich gerucht* unbestatigt* mutmasslich insider*",
    "fr": "rumeur* pretendument selon_une_source source sources",
    "es": "supuestamente rumor* presunt* fuente fuentes",
    "it": "presunt* voci fonte fonti",
    "pt": "alegadamente rumor* suposto suposta fonte fontes",
    "pl": "rzekom* podobno plotk* zrodl* nieoficjal*",
    "tr": "iddia* soylenti* kaynak* sozde_kaynak",
}
"""Who says so without a name: the statement counts less."""
