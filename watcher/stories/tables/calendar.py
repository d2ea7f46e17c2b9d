"""Names of months and weekdays, and words for today and yesterday (months after Unicode CLDR).

Stems are folded and match the start of a word; a final ``.`` asks for the whole word.
"""

MONTHS = (
    "januar janvier enero gennai janeiro styczn ocak. ocakta ianuar ledna. ledn yanvar январ січн იანვ януар",
    "februar fevrier febrero febbrai fevereiro lut. lutego lutym subat februar unor fevral феврал лют. лютого лютому თებერ февруар",
    "march. mars. marz. marzo. marco. marca. marzec marcu mart. martta martin marti. maart martie brezn март. марта марте марту березн მარტ.  მარტს მარტი მარტის მარტში",
    "april avril abril aprile kwie nisan. nisanda nisanin dubna duben апрел квіт აპრილ avqust_x",
    "may. mai. mayo. maggio. maio. maj. maja. maju mayis mei. kvetn май. мая. мае. маю. майск трав. травн მაის",
    "june. juni. juin. junio. giugn junho. czerw haziran iuni cerven cervn iyun июн червн ივნის юни.",
    "july. juli. juillet. julio. lugl julho. lipc lipiec temmuz iuli cervenc iyul июл липн ივლის юли.",
    "august. aout. agosto. sierp agustos augustus. srpen srpn avqust август серпн აგვისტ",
    "september. septembre. septiembre. settembr setembro. wrzes eylul. eylulde eylulun septemb zari. сентяб верес სექტემბ септемвр",
    "october. oktober. octobre. octubre. ottobr outubro. pazdzier ekim. ekimde octomb rijen. rijn oktyabr октяб жовт ოქტომბ октомвр",
    "november. novembre. noviembre. novembro. listopad kasim. kasimda noiembr noyabr нояб листопад ნოემბ ноемвр",
    "december. dezember. decembre. diciembre. dicembr dezembro. grudn grudzien aralik. aralikta decemb prosin dekabr декаб грудн დეკემბ декемвр",
)

WEEKDAYS = (
    "monday montag lundi. lunes. lunedi. segunda_feira poniedzial pazartesi maandag luni. pondel понедел понеділ ორშაბათ",
    "tuesday dienstag mardi. martes. martedi. terca_feira wtorek wtork sali. dinsdag marti_x utery вторник вівтор სამშაბათ",
    "wednesday mittwoch mercredi. miercoles. mercoledi. quarta_feira srod carsamba woensdag miercuri. stred среду. среда. среды. середу середа середи ოთხშაბათ",
    "thursday donnerstag jeudi. jueves. giovedi. quinta_feira czwart persembe donderdag joi. ctvrt четверг четверг четвер. ხუთშაბათ",
    "friday freitag vendredi. viernes. venerdi. sexta_feira piatek piatk cuma. vrijdag vineri. patek. пятниц пятниц პარასკევ",
    "saturday samstag sonnabend samedi. sabado. sabato. sobot cumartesi zaterdag sambata суббот субот შაბათ.  შაბათს",
    "sunday sonntag dimanche. domingo. domenica. niedziel pazar. zondag duminica nedel. воскресен неділ კვირას. კვირა.",
)

DAY_WORDS = {
    0: "today tonight heute aujourd_hui hoy. oggi. hoje. dzis. dzisiaj bugun. сегодня сьогодн დღეს.",
    -1: "yesterday gestern hier. ayer. ieri. ontem. wczoraj dun. вчера накануне вчора напередодні გუშინ",
}
