"""Number words that news writes out, so that ``eleven thousand`` and ``11 000`` meet.

One value a line: ``value | stems``; whole words unless they end in ``*``. Small ones are left out
where a language uses the word for much else (``one``, ``two``).
"""

NUMERALS = """
3 | three trois tres tre drei trzy trzech trois uc тремя три трех троих три სამი სამმა
4 | four quatre cuatro quattro quatro vier cztery czterech dort четыре четырех четверо чотири чотирьох ოთხი ოთხმა
5 | five cinq cinco cinque funf piec pieciu bes пять пяти пятеро пять ხუთი ხუთმა
6 | six seis sei sechs szesc szesciu alti шесть шести шестеро шість ექვსი ექვსმა
7 | seven sept siete sette sete sieben siedem siedmiu yedi семь семи семеро сім семеро შვიდი შვიდმა
8 | eight huit ocho otto oito acht osiem osmiu sekiz восемь восьми вісім რვა
9 | nine neuf nueve nove neun dziewiec dziewieciu dokuz девять девяти дев'ять ცხრა
10 | ten dix diez dieci dez zehn dziesiec dziesieciu on десять десяти ათი
11 | eleven onze once undici elf jedenascie jedenastu onbir одиннадцать одиннадцати одинадцять თერთმეტი
12 | twelve douze doce dodici doze zwolf dwanascie dwunastu oniki двенадцать двенадцати дванадцять თორმეტი
13 | thirteen treize trece tredici treze dreizehn trzynascie trzynastu onuc тринадцать тринадцати тринадцять ცამეტი
14 | fourteen quatorze catorce quattordici catorze vierzehn czternascie czternastu ondort четырнадцать четырнадцати чотирнадцять თოთხმეტი
15 | fifteen quinze quince quindici funfzehn pietnascie pietnastu onbes пятнадцать пятнадцати п'ятнадцять თხუთმეტი
16 | sixteen seize dieciseis sedici dezasseis dezesseis sechzehn szesnascie szesnastu onalti шестнадцать шестнадцати шістнадцять თექვსმეტი
17 | seventeen diecisiete diciassette dezassete dezessete siebzehn siedemnascie siedemnastu onyedi семнадцать семнадцати сімнадцять ჩვიდმეტი
18 | eighteen dieciocho diciotto dezoito achtzehn osiemnascie osiemnastu onsekiz восемнадцать восемнадцати вісімнадцять თვრამეტი
19 | nineteen diecinueve diciannove dezanove dezenove neunzehn dziewietnascie dziewietnastu ondokuz девятнадцать девятнадцати дев'ятнадцять ცხრამეტი
20 | twenty vingt veinte venti vinte zwanzig dwadziescia dwudziestu yirmi двадцать двадцати двадцять ოცი
30 | thirty trente treinta trenta trinta dreissig trzydziesci trzydziestu otuz тридцать тридцати тридцять ოცდაათი
40 | forty quarante cuarenta quaranta quarenta vierzig czterdziesci czterdziestu kirk сорок сорока ორმოცი
50 | fifty cinquante cincuenta cinquanta cinquenta funfzig piecdziesiat piecdziesieciu elli пятьдесят пятидесяти п'ятдесят ორმოცდაათი
60 | sixty soixante sesenta sessanta sessenta sechzig szescdziesiat altmis шестьдесят шестидесяти шістдесят სამოცი
70 | seventy setenta settanta siebzig siedemdziesiat yetmis семьдесят семидесяти сімдесят სამოცდაათი
80 | eighty ochenta ottanta oitenta achtzig osiemdziesiat seksen восемьдесят восьмидесяти вісімдесят ოთხმოცი
90 | ninety noventa novanta neunzig dziewiecdziesiat doksan девяносто дев'яносто ოთხმოცდაათი
"""

ONLY_IN = {
    "alti": "tr",  # Italian: high
    "bin": "tr",  # German and English: am, a box, bin Laden
    "cent": "fr ca",  # English, German, Italian: a coin
    "dort": "tr",  # German: there
    "dez": "pt gl",  # German: December
    "doze": "pt gl",  # English: a nap
    "elf": "de nl",  # English and Polish: a being of tales
    "kirk": "tr",  # a name, a church
    "neuf": "fr",
    "nove": "it pt gl",  # Czech: new
    "on": "tr",  # English and German: on; French: one; Polish: he
    "once": "es gl",  # English: one time
    "onze": "fr pt ca",  # Dutch: ours
    "otto": "it",  # a name
    "quince": "es gl",  # English: a fruit
    "sei": "it",  # German: be; Portuguese: I know
    "seize": "fr",  # English: to take
    "sept": "fr",  # English: a month
    "sete": "pt gl",  # Italian: thirst; a town
    "sette": "it",  # Norwegian: to set
    "ten": "en",  # Polish, Czech, Dutch: this
    "tres": "es pt ca gl",  # French: very
    "uc": "tr",  # a university
    "venti": "it",  # English: a size
}
"""Numerals that are common words elsewhere, and the languages in which alone they count."""

AFTER_TENS = {
    "en": "one=1 two=2",
    "ru": "один=1 одна=1 одного=1 одну=1 одной=1 два=2 две=2 двух=2 двум=2",
    "uk": "один=1 одна=1 одного=1 одну=1 однієї=1 два=2 дві=2 двох=2 двом=2",
    "fr": "un=1 une=1 deux=2",
    "es": "un=1 uno=1 una=1 dos=2",
    "it": "un=1 uno=1 una=1 due=2",
    "pt": "um=1 uma=1 dois=2 duas=2",
    "pl": "jeden=1 dwa=2 dwie=2 dwoch=2",
    "tr": "bir=1 iki=2",
}
"""Common words that are numbers behind a ten, by language: ``fifty-two``."""

UNITS = {
    "de": "ein zwei drei vier funf sechs sieben acht neun",
    "es": "uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "uno due tre quattro cinque sei sette otto nove",
    "ka": "ერთი ორი სამი ოთხი ხუთი ექვსი შვიდი რვა ცხრა ათი თერთმეტი თორმეტი ცამეტი თოთხმეტი "
    "თხუთმეტი თექვსმეტი ჩვიდმეტი თვრამეტი ცხრამეტი",
}
TENS = {
    "de": "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "ka": "ოც ორმოც სამოც ოთხმოც",
}
"""What languages that write 52 as one word put together."""

MULTIPLIERS = {
    100: "hundred hundreds cent ciento cien cento hundert sto yuz сто ста ასი",
    1_000: "thousand thousands mille mil mila tausend tys tysiac* tysiec* bin тысяч* тыс тисяч* тис ათას*",
    1_000_000: "million* millon* milion* mln mio milyon* миллион* млн мільйон* მილიონ* მლნ milhao milhoes milioni",
    1_000_000_000: "billion milliard* mrd miliard* milyar* миллиард* млрд мільярд* მილიარდ* მლრდ",
}
