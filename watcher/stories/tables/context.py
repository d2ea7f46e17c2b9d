"""Words that turn a statement round, make it conditional, put it in the past or in doubt.

By language; a final ``*`` ends a stem, ``_`` stands for a space. Checked near a cue by ``stages``.
"""

NEGATION = {
    "en": "not no nothing never neither nor without isn wasn aren weren hasn haven hadn won_t doesn didn don cannot premature",
    "ru": "не нет ни никогда без никаких никак* преждевремен*",
    "uk": "не немає ні ніколи без жодн* ніяк* передчасн*",
    "ka": "არ არა ვერ აღარ არც ნუ",
    "de": "nicht kein* nie niemals weder ohne verfruht*",
    "fr": "ne n pas jamais aucun* ni sans premature*",
    "es": "no nunca ni ningun* sin prematur*",
    "it": "non mai ne nessun* senza",
    "pt": "nao nunca nem nenhum* sem",
    "pl": "nie nigdy bez zaden zadn*",
    "tr": "hicbir degil yok asla hic *mayacak *meyecek *madi *medi *madigini *medigini *mamis *memis *maz *mez *mayacagini *meyecegini *mayacaktir *meyecektir *mayacagi *meyecegi",
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
    "en": "survey* opinion_poll* pollster* respondent* polled poll_found poll_shows poll_showed poll_suggest*",
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
    "en": "said says told added announced declared reported confirmed showed",
    "fr": "dit declare affirme annonce assure",
    "es": "dijo afirmo declaro aseguro anuncio",
    "it": "detto dichiarato affirmato affermato annunciato",
    "pt": "disse afirmou declarou anunciou",
}

CENSURE = {
    "en": "condemn* denounc* illegal* unlawful* illegitima* reject* deplor* criticis* protest* void",
    "ru": "осудил* осужда* незаконн* нелегитимн* противоправн* неприемлем* отверг* протест*",
    "uk": "засуди* засуджу* незаконн* нелегітимн* протиправн* неприйнятн* відкину* протест*",
    "ka": "გმობ* დაგმო* უკანონო* არალეგიტიმურ* მიუღებელ* პროტესტ*",
    "de": "verurteil* illegal* rechtswidrig* volkerrechtswidrig* unrechtmassig* protest* verstoss*",
    "fr": "condamn* denonc* illegal* illegitim* juge_illeg* protest*",
    "es": "conden* denunci* ilegal* ilegitim* protest*",
    "it": "condann* denunci* illegal* illegittim* protest*",
    "pt": "conden* denunci* ilegal* ilegitim* protest*",
    "pl": "potepi* nielegaln* bezprawn* protest*",
    "tr": "kinadi* kiniyor* yasadisi* hukuksuz* gayrimesru* protesto*",
}
"""Who censures a step, in the first words of a sentence, comments on what others tell of."""

CALL = {
    "en": "urge* called_on calls_on call_on calling_on demand*",
    "ru": "призва* призыва* требу* потребова*",
    "uk": "заклика* вимага*",
    "ka": "მოუწოდ* მოითხოვ*",
    "de": "fordert* forderte* aufgefordert drangt* appell*",
    "fr": "appell* exhort* exig*",
    "es": "insta insto instan exig* llama_a llamo_a",
    "it": "esort* esig* invita invitano invitato",
    "pt": "exig* apela apelou insta instou",
    "pl": "wezwa* wzywa* domaga*",
    "tr": "cagri* cagird*",
}
"""What somebody is called upon to do is not done."""

SILENCE = {
    "en": "naming mention* specif* elaborat* outlin*",
    "ru": "называ* назвал* назвав упомин* упомян* уточн*",
    "uk": "назива* назвав назвавши згад* уточн*",
    "ka": "დასახელ* უსახელ* დაკონკრეტ* დაუკონკრეტ* უხსენებ*",
    "de": "nannte nennen nennt erwahn* zu_nennen",
    "fr": "mention* precis* evoqu*",
    "es": "mencion* precis* detall* especific*",
    "it": "menzion* precis* indic* specific*",
    "pt": "mencion* especific* precis* detalh* indic*",
    "pl": "wymieni* podaj* podal* precyz* wspomn* wspomin*",
    "tr": "belirtme* deginme* bahsetme* anma*",
}
"""Between "no" and "steps": who names none denies none."""

UNREAL = {
    "en": "if suppose supposing had were should",
    "ru": "если",
    "uk": "якщо якби",
    "ka": "თუ",
    "de": "wenn falls sollte",
    "fr": "si",
    "es": "si",
    "it": "se qualora",
    "pt": "se caso",
    "pl": "jesli jezeli gdyby",
    "tr": "eger",
}
"""A sentence that begins so supposes what it speaks of."""

MEMORY = {
    "en": "year_after months_after month_after weeks_after anniversary commemorat* years_on years_since years_after decades_since decades_after memorial wreath* jubilee textbook* history_of",
    "ru": "год_спустя месяца_спустя месяцев_спустя годовщин* лет_спустя летия летию летие памят* мемориал* юбиле* лет_назад истори* учебник*",
    "uk": "рік_потому місяці_потому річниц* років_потому річчя пам'ят* мемориал* ювіле* років_тому істори* підручник*",
    "ka": "წლისთავ* წლის_შემდეგ იუბილ* მემორიალ* ისტორი*",
    "de": "jahr_nach monate_nach wochen_nach jahrestag* jahre_nach jahre_spater gedenk* jubilaum* jahrzehnte*",
    "fr": "an_apres mois_apres semaines_apres anniversaire ans_apres ans_plus_tard commemor* hommage decennies",
    "es": "ano_despues meses_despues semanas_despues aniversario anos_despues conmemor* homenaje decadas",
    "it": "anno_dopo mesi_dopo settimane_dopo anniversario anni_dopo commemor* omaggio decenni",
    "pt": "ano_depois meses_depois semanas_depois aniversario anos_depois comemor* homenagem decadas",
    "pl": "rok_po miesiace_po miesiecy_po tygodni_po rocznic* lat_po lat_pozniej upamietn* jubileusz*",
    "tr": "yil_donumu yildonumu yil_sonra anma anit*",
}
"""Who remembers tells of what was long ago, wherever in the sentence it stands."""

ELECTION = {
    "en": "elections elect_a* electing_a* choose_a_president choosing_a_president presidential_election* presidential_vote presidential_poll* presidential_ballot parliamentary_election* parliamentary_vote parliamentary_poll* general_election* snap_election* local_election* legislative_election* municipal* mayoral* runoff run_off by_election* second_round",
    "ru": "президентские_выбор* президентских_выбор* выборы_президент* выборах_президент* выборов_президент* выборы_глав* выборах_глав* парламентские_выбор* парламентских_выбор* выборы_в выборах_в выборов_в выборы_депутат* выборах_депутат* выборов_депутат* выборам_депутат* выборам_президент* выборам_глав* выборам_в муниципальн* выбирают_президент* выбирает_президент* избирают_президент* второй_тур* втором_туре второго_тура довыбор*",
    "uk": "президентські_вибор* президентських_вибор* вибори_президент* виборах_президент* виборів_президент* парламентські_вибор* парламентських_вибор* вибори_глав* вибори_до виборах_до виборів_до муніципальн* другий_тур другому_турі другого_туру",
    "ka": "საპრეზიდენტო საპარლამენტო არჩევნ* მეორე_ტურ*",
    "de": "prasidentschaftswahl* prasidentenwahl* parlamentswahl* stichwahl* kommunalwahl* regionalwahl* neuwahl* wahlen",
    "fr": "presidentielle* legislatives municipales elections second_tour",
    "es": "presidenciales legislativas municipales elecciones segunda_vuelta",
    "it": "presidenziali legislative amministrative elezioni ballottaggio",
    "pt": "presidenciais legislativas autarquicas eleicoes segunda_volta segundo_turno",
    "pl": "wybory wyborow wyborach wyborami prezydenckie_wyb* druga_tura drugiej_turze druga_ture",
    "tr": "cumhurbaskanligi_secim* baskanlik_secim* milletvekili* parlamento_secim* meclis_secim* genel_secim* yerel_secim* ikinci_tur*",
}
"""A vote on persons: its polling stations, ballots and percentages are no rung of a saga."""

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
