"""Places, peoples and bodies that news in any language names, by the stems of their names.

One a line: ``id class stem stem ...``; stems are folded, match the start of a word in every
language of their script, a final ``.`` asks for the whole word, ``_`` stands for a space.
Class ``p`` is a place or people, ``o`` an organisation or institution.
"""

PLACES = """
ru p russia russie russo russa. russi russland russisch russe. russes. russen rusia. rusa ruso. rusos. rusia rosja rosji rosje rosyj rusya rus. ruslar rusland росси россий русск росі російськ рф. რუსეთ რუს. რუსი რუსულ რუსმა რუსებ rusiya rusk русия руск. руски руска руско ռուս
ua p ukrain ucrain ucran ukrayn oekrai украин україн უკრაინ ukrajin украјин ուկրաին
ge p georgia. georgian georgie georgien georgier georgisch georgia georgios gruzj gruzin gurcistan gurcu грузи грузин грузі საქართველ ქართულ ქართველ gruzie. gruzia gruzie gruzii gruzin վրաստան վրացական gürcüst gürcü georgië грузия
us p united_states usa. us. american americain americano amerikan amerika. vereinigte_staaten vereinigten_staaten etats_unis estados_unidos eeuu. ee_uu stati_uniti stany_zjednoczone stanow_zjednoczon stanach_zjedn abd. сша. америк აშშ. ამერიკ amerykan washington вашингтон ვაშინგტონ waszyngton abş. ամն spojene_stat spojenych_stat verenigde_staten statele_unite
gb p united_kingdom uk. britain british britann grande_bretagne royaume_uni reino_unido gran_bretana regno_unito gran_bretagna inglaterra grossbritannien britisch wielk_brytan brytyj birlesik_krallik ingiliz ingiltere великобритан британ британі გაერთიანებულ_სამეფო ბრიტანეთ ბრიტანულ london. londres londra londyn лондон ლონდონ բրիտանիա britsk
fr p france. franc french francais frances. francese frankreich franzosisch francia franceses fransa fransiz francj francusk франц საფრანგეთ ფრანგ paris. parigi pariz paryz париж პარიზ francouz ֆրանսիա
de p germany german. germans. allemagne allemand deutschland deutsch alemania aleman. alemanes german germania tedesc niemcy niemiec niemcz almanya alman. герман немецк німеч німецьк გერმანი berlin берлін ბერლინ berlino. berlim nemeck գերմանիա duits
it p italy italian italie italien italia. italiano wlochy wlosk italya итали італі იტალი roma. rzym
es p spain spanish espagn espan spanien spanisch spagn hiszpan ispanya испан іспан ესპანეთ ესპანურ madrid мадрид მადრიდ madryt
pt p portugal portug португал პორტუგალ lisbon lissabon lisboa lizbon лиссабон
pl p poland polish pologne polonais polen polnisch polonia. polaco polacc polska polski polsce polonya польш польщ польськ польск პოლონეთ პოლონ warsaw varsovi warschau varsav warszaw варшав ვარშავ
tr p turkiye turkey turkish turquie turc. turcs. turque turkei turkisch turquia turco turchia turch turcja turcji tureck turk. turkler турци турецк туречч турець თურქეთ თურქ. თურქულ ankara анкар ანკარა tureck türkiyə թուրքիա turkij
by p belarus bielorus weissruss bialorus белорус білорус ბელარუს minsk минск мінськ მინსკ belorusk բելառուս
md p moldova moldav moldau moldaw moldov молдав молдов მოლდოვ chisinau kischinau кишинев кишинів კიშინოვ kiszyniow kisinev
am p armenia armenie armenien armeni ermenistan ermeni армен вірмен армян სომხეთ სომხ. სომხურ yerevan erevan eriwan erywan ереван єреван ერევან հայաստան հայկական ermənist
az p azerbaij azerbaid aserbaid azerbeid azerbejdz azerbaycan azerbaigian азербайдж აზერბაიჯან baku. bakou баку. ბაქო azərbayc ադրբեջան azerbajdz
kz p kazakh kasach kazac kazajst kazaj kazachst cazaq казахст казах ყაზახ astana астан
uz p uzbek usbek ouzbek ozbek узбек უზბეკ tashkent taschkent ташкент
kg p kyrgyz kirghiz kirgis kirgui kirgiz кыргыз киргиз ყირგიზ bishkek бишкек
cn p china. chinese chine. chinois chines. chinesisch chino. chinos cina. cinese chinska chiny chinach chinsk cin. cinli китай китайс китаю ჩინეთ ჩინ. ჩინურ beijing pekin pechino pequim пекин пекін პეკინ cinsk չինաստան
tw p taiwan тайван ტაივან tajwan tayvan taipei taipeh тайбэ
hk p hong_kong hongkong гонконг ჰონგკონგ
jp p japan japon giappon японо япони японськ იაპონ tokyo tokio токио токіо ტოკიო
kr p south_korea coree_du_sud sudkorea corea_del_sur corea_del_sud coreia_do_sul korea_poludniow korei_poludniow guney_kore южн_коре южная_корея південн_коре სამხრეთ_კორე seoul сеул
kp p north_korea coree_du_nord nordkorea corea_del_norte corea_del_nord coreia_do_norte korea_polnocn korei_polnocn kuzey_kore кндр северн_коре північн_коре ჩრდილოეთ_კორე pyongyang pjongjang пхеньян
in p india. indian inde. indien. indiano hindistan индия индии индий індія індії ინდოეთ new_delhi delhi дели.
pk p pakistan пакистан პაკისტან islamabad исламабад
af p afghan afgan афган ავღანეთ taliban талиб თალიბ kabul кабул
ir p iran irano irani иран іран ირან teheran tehran tahran тегеран თეირან իրան
iq p iraq irak ирак ірак ერაყ bagdad baghdad bagdat багдад
kurdistan p kurd курд კურდ qurdist erbil эрбиль
sy p syria syrie syrien siria. sirio siriano syri siryj suriye сирия сирии сирий сирій სირი. სირიის სირიამ სირიი სირია damas damask damascus дамаск
il p israel izrael israil израил ізраїл ისრაელ gerusalem jerusalem иерусалим tel_aviv тель_авив իսրայել
ps p palestin palastin filistin палестин პალესტინ gaza gazze газа. сектор_газ ღაზა hamas хамас ჰამას
lb p lebanon liban. libanon libano lubnan ливан ліван ლიბან hezbollah hizbollah hisbollah хезболл beirut beyrouth
ye p yemen jemen йемен ємен იემენ houthi huthi huti хусит ხუთ
sa p saudi saoudit saudit saudyj suudi сауд საუდ riyadh riad. эр_рияд
qa p qatar katar катар კატარ doha доха
ae p emirates emirats emiratos emirati emirate. эмират емірат ემირატ dubai дубай
eg p egypt egipt agypten egitto egito. egipcio misir. египет египт єгипет єгипт ეგვიპტ cairo kairo le_caire каир
ly p libya libye libyen libia libij ливия ливии ливий лівія ლიბი tripoli триполи
dz p algeri argelia argel cezayir алжир ალჟირ
ma p morocco maroc marokko marruecos marrocos maroko fas. марокк მაროკო
tn p tunisi tunez tunus тунис ტუნის
sd p sudan soudan судан სუდან khartoum
et p ethiopi etiopi athiopi etiyopya эфиоп ефіоп ეთიოპ
so_africa p south_africa afrique_du_sud sudafrik sudafric republika_poludniowej_afr africa_do_sul guney_afrika юар южно_африк პრეტორი
ng p nigeria nigerian нигери ნიგერი abuja
ne_sahel p sahel сахел niger. нигер. niamey
ml p mali. malien bamako мали. бамако
cd p congo kongo конго კონგო
ke p kenya kenia кени ქენია nairobi
ve p venezuel wenezuel венесуэл венесуел ვენესუელ caracas каракас კარაკას
gy p guyan gujan гайан ґаян გაიან
essequibo p essequib esequib эссекибо есекібо ესეკიბ
co p colombi kolombi kolumbi колумби კოლუმბი bogota богот
cu p cuba. cuban cubain kuba. kuban kubu куба. кубин კუბა havana habana
mx p mexic mexiq mexik mejic meksyk meksik мексик მექსიკ
br p brazil brasil bresil brasilien бразил ბრაზილ
ar p argentin arjantin аргентин არგენტინ buenos_aires
ni p nicaragu nikaragu никарагуа нікарагуа ნიკარაგუა ortega managua
ca p canada canadien canadien canadi kanada kanadisch kanadyj канад კანად ottawa оттав
alberta p albert. alberta альберта
au p australi avustralya австрали ავსტრალი canberra
rs p serbia. serbi serbie serbien serb. sirbistan sirp серби сербськ сербск სერბეთ belgrad белград
xk p kosov kosow косов კოსოვ pristina prishtina приштин
ba p bosni bosnia босни боснії ბოსნი republika_srpska republike_srpske srpska. republica_srpska републик_сербск dodik додик sarajev сараев
gr p greece greek grece grec. grecs grecque griechen griech grecia grieg greci grecj yunan греци греческ греці საბერძნეთ athens athenes athen. atina. афин
hu p hungar hongrie hongrois ungarn hungria ungheri wegry wegier wegr macar венгр угорщ უნგრეთ უნგრ budapest будапешт ბუდაპეშტ
ro_ p romania. roumani ruman rumun romany румын румун რუმინეთ bucharest bucarest bukarest бухарест
bg_ p bulgar bulgari болгар ბულგარ sofia. софия
cz p czech tchequ tschech checa. ceco. ceca. czesk czech_ cek_cumh чехи чешск чехія ჩეხ. ჩეხეთ prague prag. praga прага
sk p slovak slowak slovaq eslova slovacch словак словач სლოვაკ bratislav
lt p lithuan lituan litauen litwa litw litvan литов литв ლიტვ vilnius вильнюс
lv p latvia lettonie lettland letonia lettonia lotwa lotew letonya латв латві ლატვი riga рига
ee p estoni estland estonsk estonya эстон естон ესტონეთ tallinn таллин
fi p finland finlande finnland finlandia fince финлянд финск фінлянд ფინეთ helsinki хельсинк
se p sweden swedish suede suedois schwed suecia sueco svezia svedes szwecj szwedz isvec швец швед შვედ stockholm стокгольм
no_ p norway norweg noruega norveg norwegia norvec норвег ნორვეგ oslo осло
ch_ p switzerland swiss suisse schweiz suiza suizo svizzer szwajcar isvicre швейцар შვეიცარ geneva geneve genf ginebra ginevra женев
berne p moutier berne jura. bern. berna
at p austria austrian autrich osterreich austriac avusturya австри ავსტრი vienna vienne wien. viena wieden viyana вена. вены відень
nl p netherland dutch pays_bas neerland niederland holanda olanda paesi_bassi holland hollanda niderland нидерланд нідерланд ნიდერლანდ the_hague la_haye den_haag haga. гааг ჰააგ
be p belgium belgian belgique belge belgien belgica belgio belgia belcika бельги ბელგი
ie p ireland irish irlande irlandais irland irlanda irlandes irlanda ирланд ірланд ირლანდ dublin дублин
scotland p scotland scottish scots. ecoss schottland schottisch escoc scozi szkoc iskoc шотланд შოტლანდ
catalonia p catalon catalan catalog katalon catalu catalun katalonya каталон კატალონი barcelona барселон
crimea p crimea crimee krim. crimea krym kirim крым крим. криму криме ყირიმ sevastopol sebastopol севастопол ղրիմ
donbas p donbas donbass донбас დონბას
donetsk p donetsk donezk doneck donieck донецк донецьк დონეცკ dnr. днр
luhansk p luhansk lugansk louhansk luhansk луганск луганськ ლუგანსკ ლუჰანსკ lnr. лнр
kherson p kherson cherson jerson chersonsk херсон ხერსონ herson
zaporizhzhia p zaporizh zaporij saporis zaporiz zaporij запорож запоріж ზაპოროჟიე ზაპორიჟია
mariupol p mariupol marioupol маріупол мариупол მარიუპოლ
kyiv p kyiv kiev kiew kijow києв київ киев კიევ
kharkiv p kharkiv charkow charkiw kharkov jarkov харков харків ხარკოვ
odesa p odesa odessa одесс одес ოდეს
moscow p moscow moscou moskau moscu mosca. moskw moskova moskiew moscovit москв московск москов მოსკოვ moskv մոսկվա
kremlin p kremlin kreml kremlj cremlin кремл კრემლ կրեմլ
southossetia p south_osset osset_sud ossetie_du_sud sudosset osetia_del_sur ossezia_del_sud ossetia_do_sul osetia_poludn osetii_poludn osetie_poludn guney_osety южн_осет южная_осет южной_осет южную_осет югоосет юго_осет рюо. півден_осет південна_осет південної_осет південній_осет південну_осет სამხრეთ_ოს suroset sudosseti jizni_oset zuid_osset poludniowoosety tskhinval zchinwali zchinwal zchinval cchinwal chinwali tshinval tsjinval cinvali цхинвал цхінвал ცხინვალ tsjinvali tskhinv ჭინვალ jizni_oset jiznich_oset jihooset cənubi_oset հարավային_օս հարավօս osetia_de_sud южна_осет јужна_осет juzna_oset ցխինվալ sxinval tsxinval cxinval
northossetia p north_osset ossetie_du_nord nordosset osetia_del_norte ossezia_del_nord ossetia_do_norte osetia_polnocn osetii_polnocn osetie_polnocn kuzey_osety северн_осет северная_осет северной_осет северную_осет північн_осет північна_осет північної_осет ჩრდილოეთ_ოს alania alanie alanija алани ალანია vladikavkaz wladikawkas wladykaukaz владикавказ ვლადიკავკაზ severni_oset şimali_oset հյուսիսային_օս северна_осет noord_osset
ossetian p osset osety osezi осетин осети ოსურ ოსი. ოსებ օսեթ օսական
abkhazia p abkhaz abchas abjas abcas abchaz abhaz abecas abkas абхаз აფხაზ sukhum suchum sujumi sokhumi sohumi сухум სოხუმ abxaz աբխազ suxum սուխում
adjara p adjara adjar adzhar batumi batoumi batum аджар батум აჭარა ბათუმ
tbilisi p tbilisi tbiliss tiflis тбилис тбіліс თბილის թբիլիսի
transnistria p transnist transdniest transniest pridnestr transnistri naddniestrz przydniestrz приднестр придністр დნესტრისპირეთ tiraspol тирасп ტირასპოლ tyraspol
gagauz p gagauz gagaouz gagavuz гагауз გაგაუზ
karabakh p karabakh karabach karabag qarabag карабах ყარაბაღ stepanakert степанакерт ղարաբաղ արցախ
chechnya p chechn tchetchen tschetschen chechen cecen czeczen чечен чечн ჩეჩნ grozny грозн
dagestan p dagestan daghestan дагестан დაღესტან makhachkala махачкал
caucasus p caucas kaukas caucaso kafkas kaukaz кавказ კავკასი kavkaz qafqaz կովկաս
blacksea p black_sea mer_noire schwarze_meer schwarzmeer schwarzen_meer mar_negro mar_nero morze_czarne morza_czarnego karadeniz черн_мор черное_море чорн_мор შავ_ზღვ
atlanta p atlanta атланта
brussels p brussels bruxelles brussel brusel bruxel bruksel brukseli брюссел ბრიუსელ
eu o european_union union_europeenne europaische_union europaischen_union union_europea unione_europea uniao_europeia unia_europejska unii_europejskiej avrupa_birligi евросоюз европейск_союз європейськ_союз євросоюз ევროკავშირ eu. ue. ес. єс. ab. avropa_ittifaq evropska_unie evropske_unie եվրամիություն
un o united_nations nations_unies vereinte_nationen vereinten_nationen naciones_unidas nazioni_unite nacoes_unidas birlesmis_millet организаци_объединенных_наци оон. организация_объединенных გაერო გაერთიანებული_ერებ un. onu. uno. bm. onz. оон
nato o nato otan нато ნატო
osce o osce oszd osce osze agit. обсе обсє ეუთო obwe
councileurope o council_of_europe conseil_de_l_europe europarat consejo_de_europa consiglio_d_europa conselho_da_europa rada_europy rady_europy avrupa_konseyi совет_европы совета_европы рада_європи ევროპის_საბჭო pace. пасе
csto o csto odkb одкб ოდკბ otsc otks
icc o international_criminal_court cpi. icc. istgh corte_penal_internacional corte_penale_internazionale cour_penale_internationale мус. международн_уголовн_суд მისს
icj o international_court_of_justice cij. icj. igh. corte_internacional_de_justicia cour_internationale_de_justice corte_internazionale_di_giustizia международный_суд_оон
imf o imf. fmi. iwf. mfw. мвф. imf
wto o world_trade_organization вто. omc. wto.
who o world_health_organization oms. weltgesundheitsorganisation
whitehouse o white_house maison_blanche weissen_haus weisse_haus casa_blanca casa_bianca casa_branca bialy_dom bialego_domu beyaz_saray белый_дом білий_дім თეთრი_სახლ
unitedrussia o united_russia russie_unie einiges_russland rusia_unida russia_unita jedna_rosja един_росси единая_россия единой_россии єдина_росія ერთიანი_რუსეთ birlesik_rusya
georgiandream o georgian_dream reve_georgien georgischer_traum sueno_georgiano sogno_georgiano sonho_georgiano gruzinskie_marzenie gruzinskiego_marzenia gurcu_hayali грузинск_мечт грузинская_мечта грузинськ_мрі грузинська_мрія ქართული_ოცნებ ოცნებ
telegram o telegram телеграм ტელეგრამ
interfax o interfax интерфакс інтерфакс ინტერფაქს
tass o tass. тасс. ტას. ტასს
ria o ria. риа.
reuters o reuters рейтер როიტერ
crossborder_ireland p northern_ireland ulster
greenland p greenland groenland gronland groenland groenland гренланд გრენლანდი grenland gronland
panama p panama панам პანამ
cyprus p cyprus chypre zypern chipre cipro. cypr. kibris кипр კვიპრ
"""
