// Every country of ISO 3166-1 alpha-2: its continent, a Cloudflare data centre that commonly serves it, and one
// representative place with its coordinates and time zone (gap `geo-representative`).
// Generated from components/edgewright/contract/countries.py. Run `make build`; do not edit.
//
// country, continent, colo, latitude, longitude, time zone, city
export const COUNTRY_ROWS = `
AD|EU|BCN|42.5|1.5167|Europe/Andorra|Andorra la Vella
AE|AS|DXB|25.3|55.3|Asia/Dubai|Dubai
AF|AS|ISB|34.5167|69.2|Asia/Kabul|Kabul
AG|NA|MIA|17.05|-61.8|America/Antigua|Saint John's
AI|NA|SJU|18.2|-63.0667|America/Anguilla|The Valley
AL|EU|TIA|41.3333|19.8333|Europe/Tirane|Tirane
AM|AS|EVN|40.1833|44.5|Asia/Yerevan|Yerevan
AO|AF|LAD|-8.8|13.2333|Africa/Luanda|Luanda
AQ|AN|CHC|-77.8333|166.6|Antarctica/McMurdo|McMurdo Station
AR|SA|EZE|-34.6|-58.45|America/Argentina/Buenos_Aires|Buenos Aires
AS|OC|HNL|-14.2667|-170.7|Pacific/Pago_Pago|Pago Pago
AT|EU|VIE|48.2167|16.3333|Europe/Vienna|Vienna
AU|OC|SYD|-33.8667|151.217|Australia/Sydney|Sydney
AW|NA|CUR|12.5|-69.9667|America/Aruba|Oranjestad
AX|EU|HEL|60.1|19.95|Europe/Mariehamn|Mariehamn
AZ|AS|GYD|40.3833|49.85|Asia/Baku|Baku
BA|EU|SJJ|43.8667|18.4167|Europe/Sarajevo|Sarajevo
BB|NA|BGI|13.1|-59.6167|America/Barbados|Bridgetown
BD|AS|DAC|23.7167|90.4167|Asia/Dhaka|Dhaka
BE|EU|BRU|50.8333|4.3333|Europe/Brussels|Brussels
BF|AF|OUA|12.3667|-1.5167|Africa/Ouagadougou|Ouagadougou
BG|EU|SOF|42.6833|23.3167|Europe/Sofia|Sofia
BH|AS|BAH|26.3833|50.5833|Asia/Bahrain|Manama
BI|AF|NBO|-3.3833|29.3667|Africa/Bujumbura|Bujumbura
BJ|AF|COO|6.4833|2.6167|Africa/Porto-Novo|Porto-Novo
BL|NA|SJU|17.8833|-62.85|America/St_Barthelemy|Gustavia
BM|NA|EWR|32.2833|-64.7667|Atlantic/Bermuda|Hamilton
BN|AS|BWN|4.9333|114.917|Asia/Brunei|Bandar Seri Begawan
BO|SA|LPB|-16.5|-68.15|America/La_Paz|La Paz
BQ|NA|CUR|12.1508|-68.2767|America/Kralendijk|Kralendijk
BR|SA|GRU|-23.5333|-46.6167|America/Sao_Paulo|Sao Paulo
BS|NA|MIA|25.0833|-77.35|America/Nassau|Nassau
BT|AS|PBH|27.4667|89.65|Asia/Thimphu|Thimphu
BV|AN|CPT|-54.4208|3.3464|Etc/UTC|Bouvet Island
BW|AF|GBE|-24.65|25.9167|Africa/Gaborone|Gaborone
BY|EU|MSQ|53.9|27.5667|Europe/Minsk|Minsk
BZ|NA|MIA|17.5|-88.2|America/Belize|Belize City
CA|NA|YYZ|43.65|-79.3833|America/Toronto|Toronto
CC|AS|PER|-12.1667|96.9167|Indian/Cocos|West Island
CD|AF|FIH|-4.3|15.3|Africa/Kinshasa|Kinshasa
CF|AF|DLA|4.3667|18.5833|Africa/Bangui|Bangui
CG|AF|FIH|-4.2667|15.2833|Africa/Brazzaville|Brazzaville
CH|EU|ZRH|47.3833|8.5333|Europe/Zurich|Zurich
CI|AF|ABJ|5.3167|-4.0333|Africa/Abidjan|Abidjan
CK|OC|AKL|-21.2333|-159.767|Pacific/Rarotonga|Avarua
CL|SA|SCL|-33.45|-70.6667|America/Santiago|Santiago
CM|AF|DLA|4.05|9.7|Africa/Douala|Douala
CN|AS|HKG|31.2333|121.467|Asia/Shanghai|Shanghai
CO|SA|BOG|4.6|-74.0833|America/Bogota|Bogota
CR|NA|SJO|9.9333|-84.0833|America/Costa_Rica|San Jose
CU|NA|MIA|23.1333|-82.3667|America/Havana|Havana
CV|AF|DKR|14.9167|-23.5167|Atlantic/Cape_Verde|Praia
CW|NA|CUR|12.1833|-69|America/Curacao|Willemstad
CX|AS|PER|-10.4167|105.717|Indian/Christmas|Flying Fish Cove
CY|EU|LCA|35.1667|33.3667|Asia/Nicosia|Nicosia
CZ|EU|PRG|50.0833|14.4333|Europe/Prague|Prague
DE|EU|FRA|50.1109|8.6821|Europe/Berlin|Frankfurt am Main
DJ|AF|JIB|11.6|43.15|Africa/Djibouti|Djibouti
DK|EU|CPH|55.6667|12.5833|Europe/Copenhagen|Copenhagen
DM|NA|GND|15.3|-61.4|America/Dominica|Roseau
DO|NA|SDQ|18.4667|-69.9|America/Santo_Domingo|Santo Domingo
DZ|AF|ALG|36.7833|3.05|Africa/Algiers|Algiers
EC|SA|UIO|-2.1667|-79.8333|America/Guayaquil|Guayaquil
EE|EU|TLL|59.4167|24.75|Europe/Tallinn|Tallinn
EG|AF|CAI|30.05|31.25|Africa/Cairo|Cairo
EH|AF|LPA|27.15|-13.2|Africa/El_Aaiun|Laayoune
ER|AF|JIB|15.3333|38.8833|Africa/Asmara|Asmara
ES|EU|MAD|40.4|-3.6833|Europe/Madrid|Madrid
ET|AF|ADD|9.0333|38.7|Africa/Addis_Ababa|Addis Ababa
FI|EU|HEL|60.1667|24.9667|Europe/Helsinki|Helsinki
FJ|OC|SUV|-18.1333|178.417|Pacific/Fiji|Suva
FK|SA|EZE|-51.7|-57.85|Atlantic/Stanley|Stanley
FM|OC|GUM|7.4167|151.783|Pacific/Chuuk|Palikir
FO|EU|CPH|62.0167|-6.7667|Atlantic/Faroe|Torshavn
FR|EU|CDG|48.8667|2.3333|Europe/Paris|Paris
GA|AF|LBV|0.3833|9.45|Africa/Libreville|Libreville
GB|EU|LHR|51.5083|-0.1253|Europe/London|London
GD|NA|GND|12.05|-61.75|America/Grenada|Saint George's
GE|AS|TBS|41.7167|44.8167|Asia/Tbilisi|Tbilisi
GF|SA|CAY|4.9333|-52.3333|America/Cayenne|Cayenne
GG|EU|LHR|49.4547|-2.5361|Europe/Guernsey|Saint Peter Port
GH|AF|ACC|5.55|-0.2167|Africa/Accra|Accra
GI|EU|MAD|36.1333|-5.35|Europe/Gibraltar|Gibraltar
GL|NA|KEF|64.1833|-51.7333|America/Nuuk|Nuuk
GM|AF|DKR|13.4667|-16.65|Africa/Banjul|Banjul
GN|AF|DKR|9.5167|-13.7167|Africa/Conakry|Conakry
GP|NA|PTP|16.2333|-61.5333|America/Guadeloupe|Basse-Terre
GQ|AF|DLA|3.75|8.7833|Africa/Malabo|Malabo
GR|EU|ATH|37.9667|23.7167|Europe/Athens|Athens
GS|AN|EZE|-54.2667|-36.5333|Atlantic/South_Georgia|King Edward Point
GT|NA|GUA|14.6333|-90.5167|America/Guatemala|Guatemala City
GU|OC|GUM|13.4667|144.75|Pacific/Guam|Hagatna
GW|AF|DKR|11.85|-15.5833|Africa/Bissau|Bissau
GY|SA|GEO|6.8|-58.1667|America/Guyana|Georgetown
HK|AS|HKG|22.2833|114.15|Asia/Hong_Kong|Hong Kong
HM|AN|PER|-53.1|73.5167|Indian/Kerguelen|Heard Island
HN|NA|TGU|14.1|-87.2167|America/Tegucigalpa|Tegucigalpa
HR|EU|ZAG|45.8|15.9667|Europe/Zagreb|Zagreb
HT|NA|PAP|18.5333|-72.3333|America/Port-au-Prince|Port-au-Prince
HU|EU|BUD|47.5|19.0833|Europe/Budapest|Budapest
ID|AS|CGK|-6.1667|106.8|Asia/Jakarta|Jakarta
IE|EU|DUB|53.3333|-6.25|Europe/Dublin|Dublin
IL|AS|TLV|31.7806|35.2239|Asia/Jerusalem|Jerusalem
IM|EU|MAN|54.15|-4.4667|Europe/Isle_of_Man|Douglas
IN|AS|BOM|19.076|72.8777|Asia/Kolkata|Mumbai
IO|AS|MLE|-7.3333|72.4167|Indian/Chagos|Diego Garcia
IQ|AS|BGW|33.35|44.4167|Asia/Baghdad|Baghdad
IR|AS|DXB|35.6667|51.4333|Asia/Tehran|Tehran
IS|EU|KEF|64.15|-21.85|Atlantic/Reykjavik|Reykjavik
IT|EU|MXP|41.9|12.4833|Europe/Rome|Rome
JE|EU|LHR|49.1836|-2.1067|Europe/Jersey|Saint Helier
JM|NA|KIN|17.9681|-76.7933|America/Jamaica|Kingston
JO|AS|AMM|31.95|35.9333|Asia/Amman|Amman
JP|AS|NRT|35.6544|139.745|Asia/Tokyo|Tokyo
KE|AF|NBO|-1.2833|36.8167|Africa/Nairobi|Nairobi
KG|AS|ALA|42.9|74.6|Asia/Bishkek|Bishkek
KH|AS|PNH|11.55|104.917|Asia/Phnom_Penh|Phnom Penh
KI|OC|NAN|1.4167|173|Pacific/Tarawa|Tarawa
KM|AF|MRU|-11.6833|43.2667|Indian/Comoro|Moroni
KN|NA|SJU|17.3|-62.7167|America/St_Kitts|Basseterre
KP|AS|ICN|39.0167|125.75|Asia/Pyongyang|Pyongyang
KR|AS|ICN|37.55|126.967|Asia/Seoul|Seoul
KW|AS|KWI|29.3333|47.9833|Asia/Kuwait|Kuwait City
KY|NA|MIA|19.3|-81.3833|America/Cayman|George Town
KZ|AS|ALA|43.25|76.95|Asia/Almaty|Almaty
LA|AS|VTE|17.9667|102.6|Asia/Vientiane|Vientiane
LB|AS|BEY|33.8833|35.5|Asia/Beirut|Beirut
LC|NA|BGI|14.0167|-61|America/St_Lucia|Castries
LI|EU|ZRH|47.15|9.5167|Europe/Vaduz|Vaduz
LK|AS|CMB|6.9333|79.85|Asia/Colombo|Colombo
LR|AF|ROB|6.3|-10.7833|Africa/Monrovia|Monrovia
LS|AF|JNB|-29.4667|27.5|Africa/Maseru|Maseru
LT|EU|VNO|54.6833|25.3167|Europe/Vilnius|Vilnius
LU|EU|LUX|49.6|6.15|Europe/Luxembourg|Luxembourg
LV|EU|RIX|56.95|24.1|Europe/Riga|Riga
LY|AF|TUN|32.9|13.1833|Africa/Tripoli|Tripoli
MA|AF|CMN|33.65|-7.5833|Africa/Casablanca|Casablanca
MC|EU|MRS|43.7|7.3833|Europe/Monaco|Monaco
MD|EU|KIV|47|28.8333|Europe/Chisinau|Chisinau
ME|EU|TGD|42.4333|19.2667|Europe/Podgorica|Podgorica
MF|NA|SJU|18.0667|-63.0833|America/Marigot|Marigot
MG|AF|TNR|-18.9167|47.5167|Indian/Antananarivo|Antananarivo
MH|OC|HNL|7.15|171.2|Pacific/Majuro|Majuro
MK|EU|SKP|41.9833|21.4333|Europe/Skopje|Skopje
ML|AF|DKR|12.65|-8|Africa/Bamako|Bamako
MM|AS|MDL|16.7833|96.1667|Asia/Yangon|Yangon
MN|AS|ULN|47.9167|106.883|Asia/Ulaanbaatar|Ulaanbaatar
MO|AS|MFM|22.1972|113.542|Asia/Macau|Macau
MP|OC|GUM|15.2|145.75|Pacific/Saipan|Saipan
MQ|NA|PTP|14.6|-61.0833|America/Martinique|Fort-de-France
MR|AF|DKR|18.1|-15.95|Africa/Nouakchott|Nouakchott
MS|NA|SJU|16.7167|-62.2167|America/Montserrat|Brades
MT|EU|MLA|35.9|14.5167|Europe/Malta|Valletta
MU|AF|MRU|-20.1667|57.5|Indian/Mauritius|Port Louis
MV|AS|MLE|4.1667|73.5|Indian/Maldives|Male
MW|AF|LLW|-15.7833|35|Africa/Blantyre|Blantyre
MX|NA|QRO|19.4|-99.15|America/Mexico_City|Mexico City
MY|AS|KUL|3.1667|101.7|Asia/Kuala_Lumpur|Kuala Lumpur
MZ|AF|MPM|-25.9667|32.5833|Africa/Maputo|Maputo
NA|AF|WDH|-22.5667|17.1|Africa/Windhoek|Windhoek
NC|OC|NOU|-22.2667|166.45|Pacific/Noumea|Noumea
NE|AF|OUA|13.5167|2.1167|Africa/Niamey|Niamey
NF|OC|SYD|-29.05|167.967|Pacific/Norfolk|Kingston
NG|AF|LOS|6.45|3.4|Africa/Lagos|Lagos
NI|NA|MGA|12.15|-86.2833|America/Managua|Managua
NL|EU|AMS|52.3667|4.9|Europe/Amsterdam|Amsterdam
NO|EU|OSL|59.9167|10.75|Europe/Oslo|Oslo
NP|AS|KTM|27.7167|85.3167|Asia/Kathmandu|Kathmandu
NR|OC|BNE|-0.5167|166.917|Pacific/Nauru|Yaren
NU|OC|AKL|-19.0167|-169.917|Pacific/Niue|Alofi
NZ|OC|AKL|-36.8667|174.767|Pacific/Auckland|Auckland
OM|AS|MCT|23.6|58.5833|Asia/Muscat|Muscat
PA|NA|PTY|8.9667|-79.5333|America/Panama|Panama City
PE|SA|LIM|-12.05|-77.05|America/Lima|Lima
PF|OC|PPT|-17.5333|-149.567|Pacific/Tahiti|Papeete
PG|OC|POM|-9.5|147.167|Pacific/Port_Moresby|Port Moresby
PH|AS|MNL|14.5867|120.968|Asia/Manila|Manila
PK|AS|KHI|24.8667|67.05|Asia/Karachi|Karachi
PL|EU|WAW|52.25|21|Europe/Warsaw|Warsaw
PM|NA|YUL|47.05|-56.3333|America/Miquelon|Saint-Pierre
PN|OC|PPT|-25.0667|-130.083|Pacific/Pitcairn|Adamstown
PR|NA|SJU|18.4683|-66.1061|America/Puerto_Rico|San Juan
PS|AS|TLV|31.5|34.4667|Asia/Gaza|Gaza
PT|EU|LIS|38.7167|-9.1333|Europe/Lisbon|Lisbon
PW|OC|GUM|7.3333|134.483|Pacific/Palau|Ngerulmud
PY|SA|ASU|-25.2667|-57.6667|America/Asuncion|Asuncion
QA|AS|DOH|25.2833|51.5333|Asia/Qatar|Doha
RE|AF|RUN|-20.8667|55.4667|Indian/Reunion|Saint-Denis
RO|EU|OTP|44.4333|26.1|Europe/Bucharest|Bucharest
RS|EU|BEG|44.8333|20.5|Europe/Belgrade|Belgrade
RU|EU|DME|55.7558|37.6178|Europe/Moscow|Moscow
RW|AF|KGL|-1.95|30.0667|Africa/Kigali|Kigali
SA|AS|RUH|24.6333|46.7167|Asia/Riyadh|Riyadh
SB|OC|BNE|-9.5333|160.2|Pacific/Guadalcanal|Honiara
SC|AF|SEZ|-4.6667|55.4667|Indian/Mahe|Victoria
SD|AF|KRT|15.6|32.5333|Africa/Khartoum|Khartoum
SE|EU|ARN|59.3333|18.05|Europe/Stockholm|Stockholm
SG|AS|SIN|1.2833|103.85|Asia/Singapore|Singapore
SH|AF|CPT|-15.9167|-5.7|Atlantic/St_Helena|Jamestown
SI|EU|LJU|46.05|14.5167|Europe/Ljubljana|Ljubljana
SJ|EU|OSL|78|16|Arctic/Longyearbyen|Longyearbyen
SK|EU|BTS|48.15|17.1167|Europe/Bratislava|Bratislava
SL|AF|ROB|8.5|-13.25|Africa/Freetown|Freetown
SM|EU|BLQ|43.9167|12.4667|Europe/San_Marino|San Marino
SN|AF|DKR|14.6667|-17.4333|Africa/Dakar|Dakar
SO|AF|MGQ|2.0667|45.3667|Africa/Mogadishu|Mogadishu
SR|SA|PBM|5.8333|-55.1667|America/Paramaribo|Paramaribo
SS|AF|NBO|4.85|31.6167|Africa/Juba|Juba
ST|AF|LBV|0.3333|6.7333|Africa/Sao_Tome|Sao Tome
SV|NA|SAL|13.7|-89.2|America/El_Salvador|San Salvador
SX|NA|SJU|18.0514|-63.0472|America/Lower_Princes|Philipsburg
SY|AS|BEY|33.5|36.3|Asia/Damascus|Damascus
SZ|AF|MPM|-26.3|31.1|Africa/Mbabane|Mbabane
TC|NA|MIA|21.4667|-71.1333|America/Grand_Turk|Cockburn Town
TD|AF|NDJ|12.1167|15.05|Africa/Ndjamena|N'Djamena
TF|AN|RUN|-49.3528|70.2175|Indian/Kerguelen|Port-aux-Francais
TG|AF|LFW|6.1333|1.2167|Africa/Lome|Lome
TH|AS|BKK|13.75|100.517|Asia/Bangkok|Bangkok
TJ|AS|DYU|38.5833|68.8|Asia/Dushanbe|Dushanbe
TK|OC|AKL|-9.3667|-171.233|Pacific/Fakaofo|Atafu
TL|AS|DPS|-8.55|125.583|Asia/Dili|Dili
TM|AS|TAS|37.95|58.3833|Asia/Ashgabat|Ashgabat
TN|AF|TUN|36.8|10.1833|Africa/Tunis|Tunis
TO|OC|SUV|-21.1333|-175.2|Pacific/Tongatapu|Nuku'alofa
TR|AS|IST|41.0167|28.9667|Europe/Istanbul|Istanbul
TT|NA|POS|10.65|-61.5167|America/Port_of_Spain|Port of Spain
TV|OC|SUV|-8.5167|179.217|Pacific/Funafuti|Funafuti
TW|AS|TPE|25.05|121.5|Asia/Taipei|Taipei
TZ|AF|DAR|-6.8|39.2833|Africa/Dar_es_Salaam|Dar es Salaam
UA|EU|KBP|50.4333|30.5167|Europe/Kyiv|Kyiv
UG|AF|EBB|0.3167|32.4167|Africa/Kampala|Kampala
UM|OC|HNL|28.2167|-177.367|Pacific/Midway|Sand Island
US|NA|IAD|39.0438|-77.4874|America/New_York|Ashburn
UY|SA|MVD|-34.9092|-56.2125|America/Montevideo|Montevideo
UZ|AS|TAS|41.3333|69.3|Asia/Tashkent|Tashkent
VA|EU|FCO|41.9022|12.4531|Europe/Vatican|Vatican City
VC|NA|GND|13.15|-61.2333|America/St_Vincent|Kingstown
VE|SA|CCS|10.5|-66.9333|America/Caracas|Caracas
VG|NA|SJU|18.45|-64.6167|America/Tortola|Road Town
VI|NA|SJU|18.35|-64.9333|America/St_Thomas|Charlotte Amalie
VN|AS|SGN|10.75|106.667|Asia/Ho_Chi_Minh|Ho Chi Minh City
VU|OC|NOU|-17.6667|168.417|Pacific/Efate|Port Vila
WF|OC|NOU|-13.3|-176.167|Pacific/Wallis|Mata-Utu
WS|OC|AKL|-13.8333|-171.733|Pacific/Apia|Apia
YE|AS|JED|12.75|45.2|Asia/Aden|Aden
YT|AF|MRU|-12.7833|45.2333|Indian/Mayotte|Mamoudzou
ZA|AF|JNB|-26.25|28|Africa/Johannesburg|Johannesburg
ZM|AF|LUN|-15.4167|28.2833|Africa/Lusaka|Lusaka
ZW|AF|HRE|-17.8333|31.05|Africa/Harare|Harare
`;
