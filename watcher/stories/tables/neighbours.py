"""The most telling concepts of ``affairs`` and ``world`` in seven more languages.

``id | cs | nl | ro | bg | sr | az | hy``; stems as in ``affairs``; Serbian in both its scripts.
"""

NEIGHBOUR_LANGUAGES = ("cs", "nl", "ro", "bg", "sr", "az", "hy")

NEIGHBOURS = """
referendum | referend plebiscit | referend volksraadpleging | referend plebiscit | референдум допитване | referendum референдум | referendum | հանրաքվե
vote | hlasova hlasoval volic | stem. stemmen stemde kiezer stembus | vot. votul votat votare alegator | гласува гласов гласопода избирател | glasa гласа birac бирач | ses. seslər səsver secici | քվեարկ ընտրող
election | volby voleb volbach | verkiezing | alegeri alegerilor electoral | избори изборите изборн | izbor избор | seckilər secki | ընտրություն
runoff | druhe_kolo druhem_kole druheho_kola | tweede_ronde | turul_doi al_doilea_tur | балотаж втори_тур | drugi_krug други_круг | ikinci_tur | երկրորդ_փուլ
win | vyhral vitez vitezstv zvitez | won. wint winnaar overwinning | castig victori | побед спечел | pobed побед | qalib qələbə | հաղթ
lose | prohral porazk porazen | verlor verliest nederlaag | pierdut infrang | загуб поражен | izgub poraz изгуб пораз | məglub məğlub uduz | պարտ պարտվ
resign | rezign odstoup demis | aftred ontslag | demision demisi | остав подаде_оставк | ostavk оставк | istefa | հրաժարական
dismiss | odvola odvolal | ontslagen ontslaat | demis_ demitere revoc | уволн освободи | smenj razres смењ разреш | isdən_cıxar vəzifəsindən_azad | ազատ_արձակ պաշտոնանկ
appoint | jmenova jmenuje | benoemd benoemt | numit numire | назнач | imenova именова | təyin | նշանակ
government | vlada vlady vladu kabinet | regering kabinet | guvern cabinet | правителств кабинет | vlada влада | hökumət hokumət kabinet | կառավարություն
primeminister | premier premier_ ministersky_predsed | premier minister_president | premier prim_ministr | премиер | premijer премијер | bas_nazir | վարչապետ
parliament | parlament poslanc poslanec snemovn zakonodar | parlement kamerlid volksvertegenw | parlament deputat senat | парламент депутат | parlament skupstin poslanik парламент скупштин | parlament deputat | խորհրդարան պատգամավոր
speaker | predseda_parlamentu predsedkyne_parlamentu | parlementsvoorzitter | presedintele_parlamentului | председателят_на_парламент | predsednik_skupstine председник_скупштине | spiker | խոսնակ խորհրդարանի_նախագահ
opposition | opozic opozicni | opposit | opozit | опозиц | opozici опозици | muxalif | ընդդիմ
protest | protest demonstr | protest demonstr betog | protest manifest | протест демонстрац | protest demonstr протест | etiraz | բողոք ցույց
clash | stret nepokoj | rellen botsing | ciocnir confrunt | сблъс безредиц | sukob сукоб | toqqusma | բախում
police | policie policist | politie agent. | politie politist | полици | polici полици | polis | ոստիկան
arrest | zatce zadrz zatkl | gearresteerd arrest aangehouden | arest retinut | арест задърж | uhaps хапс ухапс | həbs saxlanıl | ձերբակալ
trial | soud. soudu soudni tribunal | rechtbank rechter hof. proces | tribunal instant judecat | съд. съда съдебн | sud. suda sudu суд. | məhkəmə | դատարան դատ.
sentence | odsouzen odsoudil | veroordeel celstraf | condamnat | осъд присъд | osudj presud осуђ пресуд | məhkum | դատապարտվ
release | propust osvobod | vrijgelat | eliberat | освобо | oslobod ослобод | azad_ed azadlıg | ազատ_արձակվ
treaty | smlouv dohod | verdrag akkoord | tratat acord | договор споразумен | ugovor sporazum уговор споразум | müqavilə saziş muqavilə | պայմանագիր համաձայնագիր
sign | podeps | ondertek tekende | semnat semnea semnar | подпис | potpis потпис | imzala | ստորագր
ratify | ratifik | geratificeerd | ratific | ратифиц | ratifik ратифик | ratifik | վավերաց
decree | dekret vynos | decreet | decret | указ. декрет | dekret ukaz декрет указ | fərman sərəncam | հրամանագիր հրաման.
law | zakon. zakona zakony | wet. wetten wetsvoorstel | lege. legea legii proiect_de_lege | закон | zakon закон | qanun | օրենք օրինագ
constitution | ustav. ustavy ustavni | grondwet | constitut | конституц | ustav устав | konstitusiya | սահմանադրություն
approve | schval | goedgekeurd keurde | aprob adoptat | одобр | usvoj odobr усвој одобр | qəbul_et təsdiq | հաստատ ընդուն
reject | odmit zamit veto | verworpen wees_af afgewezen veto | respins respinge refuz veto | отхвър отказ вето | odbi odbac одби одбац вето | rədd veto | մերժ
deny | popre popir | ontken | neaga negat dezminte dezmintit | отрече опровер | negir demant негир демант | təkzib inkar | հերք
postpone | odloz odlozi odklad | uitgestel stelt_uit | aman amanat | отлож отлага | odloz одлож | təxirə | հետաձգ
suspend | pozastav zmrazi | opgeschort schort | suspend | спря замраз преуста | suspend obustav обустав суспенд | dayandır dondur | կասեց դադարեց
cancel | zrus odvol | geannuleerd ingetrokken schrapt | anulat anula revoc | отмен анулир | otkaz ponist отказ пониш | ləğv | չեղարկ
ban | zakaz | verbod verbied verboden | interzi | забран | zabran забран | qadağan qadagan | արգել
sanction | sankc | sanctie | sanctiun | санкци | sankcij санкциј | sanksiya | պատժամիջոց
tariff | clo. cla. | invoerheffing heffing | tarif taxe_vam | мит. мита | carin царин | gömrük rüsum | մաքսատուրք
recognise | uzna uznal | erken erkent | recuno | призна | prizna призна | tanıdı tanıma tanıyıb tanımış | ճանաչ
annex | pripoj anex vstup_do zaclen | annex aansluit toetred | anex alipi ader unir | присъедин анекс | pripoj anekt припој анект | birləs ilhaq qosul | միացն միացում բռնակց
independence | nezavisl samostatn | onafhankelijk | independen suveran | независим | nezavisn независн | müstəqil mustəqil | անկախ
separatist | separat odstepen | afvallig separat afgescheiden | separat | сепарат отцепн | separat отцепљ сепарат otcepljen | separat qondarma | անջատողական
occupation | okup | bezet bezett | ocup | окуп | okup окуп | işğal isgal | օկուպ գրավյալ
border | hranic | grens | frontier granit | границ | granic границ | sərhəd | սահման
talks | rozhovor jedna vyjedn | gesprek onderhandel | negocier discutii | преговор | pregovor преговор | danışıq danisiq | բանակց
meeting | setka schuz | ontmoet vergader | intalni reuniun | среща срещ | sastan састан | görüş görus iclas | հանդիպ նիստ
summit | summit | top. topoverleg | summit | върх. среща_на_върха | samit самит | sammit | գագաթնաժողով
visit | navstev | bezoek | vizit | посеще визит | poset posjet посет | səfər | այց
foreignministry | ministr_zahranic ministerstvo_zahranic | buitenlandse_zaken | ministrul_de_externe extern | външн | spoljn inostranih спољн иностраних | xarici_islər xarici | արտգործ արտաքին
president | prezident | president | presedint | президент | predsednik председник | prezident | նախագահ
leader | vudce lidr predak sef. | leider | lider sef. conducat | лидер ръководител | lider vodj лидер вођ | lider basçı basci | առաջնորդ ղեկավար
spokesperson | mluvci | woordvoerder | purtator_de_cuvant | говорител | portparol портпарол | sözçü sozcu | խոսնակ մամուլի_քարտուղար
electioncommission | volebni_komis | kiescommissie kiesraad | comisia_electoral | избирателна_комиси цик. | izborna_komisij изборна_комисиј | seçki_komissiya secki_komissiya | ընտրական_հանձնաժողով
signatures | podpisu petic | handtekening petitie | semnaturi petit | подписк петици | potpis_ petici петициј | imza_ imzalar | ստորագրություններ
result | vysled scita | uitslag resultat | rezultat numarar | резултат | rezultat резултат | nəticə | արդյունք
turnout | ucast volebni_ucast | opkomst | prezenta | активност | izlaznost излазност | fəallıq fəalliq | մասնակց
propose | navrh navrhl | voorstel stelt_voor | propu propun initiativ | предлож предлаг инициатив | predlo предло иницијатив | təklif | առաջարկ
announce | oznam prohlas rekl uvedl | kondig verklaar zei zegt | anunt declar spus | обяви заяви каза | objavi izjav najav објави изјав најав | elan_et bildirib deyib | հայտարար ասել
demand | pozad zada vyzval vyzyva | eist roept_op riep | cere cerut solicit | иска поиск призов | trazi zahtev тражи захтев | tələb çağırıb | պահանջ կոչ_
warn | varova varuje hrozb hrozi | waarschuw dreig | avertiz amenint | предупре заплах | upozor pretnj упозор претњ | xəbərdar hədə | զգուշաց սպառն
accuse | obvin | beschuldig | acuz | обвин | optuz оптуж | ittiham | մեղադր
condemn | odsoudi nepripustn neprijateln | veroordeelt onaanvaardbaar | condamn inaccept | осъди недопуст неприем | osudi neprihvat осуди неприхват | pisləy qınay qəbuledilməz | դատապարտ անընդունելի
kill | zabi zastrel zavrazd | gedood doodge vermoord | ucis omor | уби застрел | ubi ubijen уби | öldür qətl | սպան
die | zemre zesnul umrti mrtv | overled doden dode. | murit deced mort. | почина смърт загина | umro preminu pogin умро погин | ölüb öldü vəfat | մահ մահաց զոհ
wound | zranen ranen | gewond | ranit | ранен пострада | ranjen povred рањен повред | yaralan | վիրավոր
explosion | vybuch explo bomb | ontploff explos bom. | explo bomb | взрив експлоз бомб | eksploz bomb експлоз бомб | partlay bomba | պայթյուն ռումբ
attack | utok zautoc napad | aanval aangevallen | atac | атак нападен удар. | napad напад | hücum | հարձակ
missile | raket strel | raket | rachet | ракет | raket ракет | raket | հրթիռ
drone | dron | drone | dron | дрон | dron дрон | dron pua | անօդաչու դրոն
war | valk invaz | oorlog invasie | razboi invazi | войн инваз | rat. rata rat invaz рат. рата | müharibə | պատերազմ
military | vojensk armad vojak | leger militair troep soldaat | militar armat soldat | войск арми военн войниц | vojsk војск | ordu hərbi əsgər | զինված բանակ ռազմ զինվոր
ceasefire | primer | staakt_het_vuren wapenstilstand bestand. | incetarea_focului armistit | примирие | primirj примирј | atəşkəs atəskəs | հրադադար
hostage | rukojm unes | gijzel ontvoer | ostatic rapit | заложниц отвлеч | talac otmic талац отмиц | girov qaçır | պատանդ առևանգ
investigate | vysetrov | onderzoek | anchet investig | разслед | istrag истраг | araşdır istintaq | հետաքնն քննչական
earthquake | zemetres | aardbev | cutremur | земетрес | zemljotres земљотрес | zəlzələ | երկրաշարժ
flood | povod zaplav | overstrom | inunda | наводнен | poplav поплав | daşqın sel | ջրհեղեղ հեղեղ
fire | pozar | brand. branden | incendi | пожар | pozar пожар | yanğın | հրդեհ
crash | nehod havar srazk | ongeluk botste ontspoor | accident ciocnir deraia | катастроф сблъск | nesrec sudar несрећ судар | qəza | վթար
gas | plyn zemni_plyn gazprom | gas. aardgas gazprom | gaz. gaze gazprom | газ. газпром природен_газ | gas. gasa гас. гаспром gasprom | qaz. qazı qazprom | գազ. գազի գազպրոմ
"""
