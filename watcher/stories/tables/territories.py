"""Territories that are no states and vote on where they belong: a vote told of one is its own.

A state that is named may only comment on another's vote; a territory hardly does. One a line,
``id stem stem ...``, as in ``places``; territories that have a row there are listed by their id.
"""

TERRITORIES = """
faroe faroe farore feroe faroer farer фарер ფარერ
wales wales. welsh galles. gales. walia уэльс уельс უელს
quebec quebec kwebek квебек კვებეკ
newcaledonia noumea new_caledoni nouvelle_caledoni nueva_caledoni nuova_caledoni nova_caledoni neukaledoni nowa_kaledoni nowej_kaledoni yeni_kaledon нов_каледон новая_каледон новой_каледон нова_каледон нової_каледон ახალი_კალედონი ახალ_კალედონი
polynesia french_polynesi polynesie franzosisch_polynes полинези полінезі
bougainville bougainvill bugenvil бугенвил бугенвіл ბუგენვილ
puertorico puerto_ric porto_ric portoryk пуэрто_рик пуерто_рик პუერტო_რიკ
corsica corsica corsican corse. corses. korsika korsisch corcega korsyk korsika корсик корсик კორსიკ
basque basque baskenland baskisch pais_vasco vasco. vasca. baskow kraj_basko bask. баскск страна_басков ბასკ
flanders fland flamen flamand flandern flamisch фландр ფლანდრი
veneto veneto. venetien lombard ломбард
southtyrol south_tyrol sudtirol alto_adige haut_adige южн_тирол южный_тироль
bavaria bavari bavier bayern bayerisch бавар ბავარი
srpska banja_luk баня_лук ბანია_ლუკ republika_srpska republike_srpske republici_srpskoj srpska. republique_serbe_de_bosnie serb_republic republica_srpska republic_srpska serbische_republik serbischen_republik sirp_cumhuriyet републик_сербск республик_сербск республика_сербская республики_сербской республіка_сербська республіки_сербської სერბთა_რესპუბლიკ
somaliland hargeisa somaliland сомалиленд сомаліленд სომალილენდ
puntland puntland
westernsahara western_sahara sahara_occidental westsahara bati_sahra западн_сахар западной_сахар західн_сахар დასავლეთ_საჰარ
northcyprus northern_cyprus turkish_cypriot chypre_du_nord nordzypern norte_de_chipre cipro_nord kuzey_kibris kktc. северн_кипр северный_кипр северном_кипр північн_кіпр ჩრდილოეთ_კვიპროს
tatarstan tatarstan татарстан თათარსტან
bashkortostan bashkort baschkort башкорт башкир
kalmykia kalmyk kalmuck калмык
ingushetia ingush inguschet ингуш інгуш ინგუშ
gibraltar gibraltar гибралтар
falklands falkland malvinas malouines фолкленд
tibet tibet тибет ტიბეტ
kashmir kashmir cachemire kaschmir cachemira кашмир
zanzibar zanzibar sansibar занзибар
tigray tigray tigre. тыграй тиграй
ambazonia ambazoni
biafra biafra биафр
chuuk chuuk
tokelau tokelau
bermuda bermud
aruba aruba. curacao
canton canton. cantons. cantonal cantonale kanton kantone cantone cantoni canton. cantones кантон კანტონ
texas texas texan teksas техас ტეხას
california californi kaliforni калифорн კალიფორნი
"""

ALSO_TERRITORIES = """
kurdistan alberta scotland catalonia crimea donbas donetsk luhansk kherson zaporizhzhia essequibo
northossetia abkhazia adjara transnistria gagauz karabakh chechnya dagestan berne greenland
crossborder_ireland xk
"""
"""Ids of ``places`` that are such territories."""
