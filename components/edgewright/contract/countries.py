"""The countries of ISO 3166-1: code, continent, and one place that stands for where most of their callers are.

Codes, names, places and time zones come from the tz database (`iso3166.tab` and `zone.tab`, in the public domain). A place is
good for telling the nearest region, for nothing finer. The data centres are a choice, good for the local cloud and no
statement about real routing. `make build` writes the local gateway's table from this one.
"""

import functools
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """One country: `continent` is AF, AN, AS, EU, NA, OC or SA; the position is in degrees."""

    code: str
    continent: str
    latitude: float
    longitude: float
    name: str


NOT_ISO = {"UK": "GB", "EL": "GR", "AN": "CW", "SU": "RU", "YU": "RS", "TP": "TL", "ZR": "CD", "BU": "MM", "FX": "FR"}
"""Codes that people write and ISO 3166-1 does not have, with the one meant."""

EARTH_RADIUS_KM = 6371.0


def distance_km(from_: tuple[float, float], to: tuple[float, float]) -> float:
    """Return the great-circle distance between two (latitude, longitude) pairs, in kilometres."""
    lat1, lon1, lat2, lon2 = (math.radians(degrees) for degrees in (*from_, *to))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def gateway_rows() -> str:
    """Return the table as the local gateway reads it: all but the countries' names."""
    return "\n".join(line.rpartition("|")[0] for line in _TABLE.strip().splitlines())


@functools.cache
def countries() -> dict[str, Country]:
    """Return every country by its code, sorted by code."""
    found = {}
    for line in _TABLE.strip().splitlines():
        code, continent, _, latitude, longitude, _, _, name = line.split("|")
        found[code] = Country(code, continent, float(latitude), float(longitude), name)
    return found


# Code, continent, data centre of Cloudflare, latitude, longitude, time zone, place, name.
_TABLE = """
AD|EU|BCN|42.5|1.5167|Europe/Andorra|Andorra la Vella|Andorra
AE|AS|DXB|25.3|55.3|Asia/Dubai|Dubai|United Arab Emirates
AF|AS|ISB|34.5167|69.2|Asia/Kabul|Kabul|Afghanistan
AG|NA|MIA|17.05|-61.8|America/Antigua|Saint John's|Antigua & Barbuda
AI|NA|SJU|18.2|-63.0667|America/Anguilla|The Valley|Anguilla
AL|EU|TIA|41.3333|19.8333|Europe/Tirane|Tirane|Albania
AM|AS|EVN|40.1833|44.5|Asia/Yerevan|Yerevan|Armenia
AO|AF|LAD|-8.8|13.2333|Africa/Luanda|Luanda|Angola
AQ|AN|CHC|-77.8333|166.6|Antarctica/McMurdo|McMurdo Station|Antarctica
AR|SA|EZE|-34.6|-58.45|America/Argentina/Buenos_Aires|Buenos Aires|Argentina
AS|OC|HNL|-14.2667|-170.7|Pacific/Pago_Pago|Pago Pago|Samoa (American)
AT|EU|VIE|48.2167|16.3333|Europe/Vienna|Vienna|Austria
AU|OC|SYD|-33.8667|151.217|Australia/Sydney|Sydney|Australia
AW|NA|CUR|12.5|-69.9667|America/Aruba|Oranjestad|Aruba
AX|EU|HEL|60.1|19.95|Europe/Mariehamn|Mariehamn|Åland Islands
AZ|AS|GYD|40.3833|49.85|Asia/Baku|Baku|Azerbaijan
BA|EU|SJJ|43.8667|18.4167|Europe/Sarajevo|Sarajevo|Bosnia & Herzegovina
BB|NA|BGI|13.1|-59.6167|America/Barbados|Bridgetown|Barbados
BD|AS|DAC|23.7167|90.4167|Asia/Dhaka|Dhaka|Bangladesh
BE|EU|BRU|50.8333|4.3333|Europe/Brussels|Brussels|Belgium
BF|AF|OUA|12.3667|-1.5167|Africa/Ouagadougou|Ouagadougou|Burkina Faso
BG|EU|SOF|42.6833|23.3167|Europe/Sofia|Sofia|Bulgaria
BH|AS|BAH|26.3833|50.5833|Asia/Bahrain|Manama|Bahrain
BI|AF|NBO|-3.3833|29.3667|Africa/Bujumbura|Bujumbura|Burundi
BJ|AF|COO|6.4833|2.6167|Africa/Porto-Novo|Porto-Novo|Benin
BL|NA|SJU|17.8833|-62.85|America/St_Barthelemy|Gustavia|St Barthelemy
BM|NA|EWR|32.2833|-64.7667|Atlantic/Bermuda|Hamilton|Bermuda
BN|AS|BWN|4.9333|114.917|Asia/Brunei|Bandar Seri Begawan|Brunei
BO|SA|LPB|-16.5|-68.15|America/La_Paz|La Paz|Bolivia
BQ|NA|CUR|12.1508|-68.2767|America/Kralendijk|Kralendijk|Caribbean NL
BR|SA|GRU|-23.5333|-46.6167|America/Sao_Paulo|Sao Paulo|Brazil
BS|NA|MIA|25.0833|-77.35|America/Nassau|Nassau|Bahamas
BT|AS|PBH|27.4667|89.65|Asia/Thimphu|Thimphu|Bhutan
BV|AN|CPT|-54.4208|3.3464|Etc/UTC|Bouvet Island|Bouvet Island
BW|AF|GBE|-24.65|25.9167|Africa/Gaborone|Gaborone|Botswana
BY|EU|MSQ|53.9|27.5667|Europe/Minsk|Minsk|Belarus
BZ|NA|MIA|17.5|-88.2|America/Belize|Belize City|Belize
CA|NA|YYZ|43.65|-79.3833|America/Toronto|Toronto|Canada
CC|AS|PER|-12.1667|96.9167|Indian/Cocos|West Island|Cocos (Keeling) Islands
CD|AF|FIH|-4.3|15.3|Africa/Kinshasa|Kinshasa|Congo (Dem. Rep.)
CF|AF|DLA|4.3667|18.5833|Africa/Bangui|Bangui|Central African Rep.
CG|AF|FIH|-4.2667|15.2833|Africa/Brazzaville|Brazzaville|Congo (Rep.)
CH|EU|ZRH|47.3833|8.5333|Europe/Zurich|Zurich|Switzerland
CI|AF|ABJ|5.3167|-4.0333|Africa/Abidjan|Abidjan|Côte d’Ivoire
CK|OC|AKL|-21.2333|-159.767|Pacific/Rarotonga|Avarua|Cook Islands
CL|SA|SCL|-33.45|-70.6667|America/Santiago|Santiago|Chile
CM|AF|DLA|4.05|9.7|Africa/Douala|Douala|Cameroon
CN|AS|HKG|31.2333|121.467|Asia/Shanghai|Shanghai|China
CO|SA|BOG|4.6|-74.0833|America/Bogota|Bogota|Colombia
CR|NA|SJO|9.9333|-84.0833|America/Costa_Rica|San Jose|Costa Rica
CU|NA|MIA|23.1333|-82.3667|America/Havana|Havana|Cuba
CV|AF|DKR|14.9167|-23.5167|Atlantic/Cape_Verde|Praia|Cape Verde
CW|NA|CUR|12.1833|-69|America/Curacao|Willemstad|Curaçao
CX|AS|PER|-10.4167|105.717|Indian/Christmas|Flying Fish Cove|Christmas Island
CY|EU|LCA|35.1667|33.3667|Asia/Nicosia|Nicosia|Cyprus
CZ|EU|PRG|50.0833|14.4333|Europe/Prague|Prague|Czech Republic
DE|EU|FRA|50.1109|8.6821|Europe/Berlin|Frankfurt am Main|Germany
DJ|AF|JIB|11.6|43.15|Africa/Djibouti|Djibouti|Djibouti
DK|EU|CPH|55.6667|12.5833|Europe/Copenhagen|Copenhagen|Denmark
DM|NA|GND|15.3|-61.4|America/Dominica|Roseau|Dominica
DO|NA|SDQ|18.4667|-69.9|America/Santo_Domingo|Santo Domingo|Dominican Republic
DZ|AF|ALG|36.7833|3.05|Africa/Algiers|Algiers|Algeria
EC|SA|UIO|-2.1667|-79.8333|America/Guayaquil|Guayaquil|Ecuador
EE|EU|TLL|59.4167|24.75|Europe/Tallinn|Tallinn|Estonia
EG|AF|CAI|30.05|31.25|Africa/Cairo|Cairo|Egypt
EH|AF|LPA|27.15|-13.2|Africa/El_Aaiun|Laayoune|Western Sahara
ER|AF|JIB|15.3333|38.8833|Africa/Asmara|Asmara|Eritrea
ES|EU|MAD|40.4|-3.6833|Europe/Madrid|Madrid|Spain
ET|AF|ADD|9.0333|38.7|Africa/Addis_Ababa|Addis Ababa|Ethiopia
FI|EU|HEL|60.1667|24.9667|Europe/Helsinki|Helsinki|Finland
FJ|OC|SUV|-18.1333|178.417|Pacific/Fiji|Suva|Fiji
FK|SA|EZE|-51.7|-57.85|Atlantic/Stanley|Stanley|Falkland Islands
FM|OC|GUM|7.4167|151.783|Pacific/Chuuk|Palikir|Micronesia
FO|EU|CPH|62.0167|-6.7667|Atlantic/Faroe|Torshavn|Faroe Islands
FR|EU|CDG|48.8667|2.3333|Europe/Paris|Paris|France
GA|AF|LBV|0.3833|9.45|Africa/Libreville|Libreville|Gabon
GB|EU|LHR|51.5083|-0.1253|Europe/London|London|United Kingdom
GD|NA|GND|12.05|-61.75|America/Grenada|Saint George's|Grenada
GE|AS|TBS|41.7167|44.8167|Asia/Tbilisi|Tbilisi|Georgia
GF|SA|CAY|4.9333|-52.3333|America/Cayenne|Cayenne|French Guiana
GG|EU|LHR|49.4547|-2.5361|Europe/Guernsey|Saint Peter Port|Guernsey
GH|AF|ACC|5.55|-0.2167|Africa/Accra|Accra|Ghana
GI|EU|MAD|36.1333|-5.35|Europe/Gibraltar|Gibraltar|Gibraltar
GL|NA|KEF|64.1833|-51.7333|America/Nuuk|Nuuk|Greenland
GM|AF|DKR|13.4667|-16.65|Africa/Banjul|Banjul|Gambia
GN|AF|DKR|9.5167|-13.7167|Africa/Conakry|Conakry|Guinea
GP|NA|PTP|16.2333|-61.5333|America/Guadeloupe|Basse-Terre|Guadeloupe
GQ|AF|DLA|3.75|8.7833|Africa/Malabo|Malabo|Equatorial Guinea
GR|EU|ATH|37.9667|23.7167|Europe/Athens|Athens|Greece
GS|AN|EZE|-54.2667|-36.5333|Atlantic/South_Georgia|King Edward Point|South Georgia & the South Sandwich Islands
GT|NA|GUA|14.6333|-90.5167|America/Guatemala|Guatemala City|Guatemala
GU|OC|GUM|13.4667|144.75|Pacific/Guam|Hagatna|Guam
GW|AF|DKR|11.85|-15.5833|Africa/Bissau|Bissau|Guinea-Bissau
GY|SA|GEO|6.8|-58.1667|America/Guyana|Georgetown|Guyana
HK|AS|HKG|22.2833|114.15|Asia/Hong_Kong|Hong Kong|Hong Kong
HM|AN|PER|-53.1|73.5167|Indian/Kerguelen|Heard Island|Heard Island & McDonald Islands
HN|NA|TGU|14.1|-87.2167|America/Tegucigalpa|Tegucigalpa|Honduras
HR|EU|ZAG|45.8|15.9667|Europe/Zagreb|Zagreb|Croatia
HT|NA|PAP|18.5333|-72.3333|America/Port-au-Prince|Port-au-Prince|Haiti
HU|EU|BUD|47.5|19.0833|Europe/Budapest|Budapest|Hungary
ID|AS|CGK|-6.1667|106.8|Asia/Jakarta|Jakarta|Indonesia
IE|EU|DUB|53.3333|-6.25|Europe/Dublin|Dublin|Ireland
IL|AS|TLV|31.7806|35.2239|Asia/Jerusalem|Jerusalem|Israel
IM|EU|MAN|54.15|-4.4667|Europe/Isle_of_Man|Douglas|Isle of Man
IN|AS|BOM|19.076|72.8777|Asia/Kolkata|Mumbai|India
IO|AS|MLE|-7.3333|72.4167|Indian/Chagos|Diego Garcia|British Indian Ocean Territory
IQ|AS|BGW|33.35|44.4167|Asia/Baghdad|Baghdad|Iraq
IR|AS|DXB|35.6667|51.4333|Asia/Tehran|Tehran|Iran
IS|EU|KEF|64.15|-21.85|Atlantic/Reykjavik|Reykjavik|Iceland
IT|EU|MXP|41.9|12.4833|Europe/Rome|Rome|Italy
JE|EU|LHR|49.1836|-2.1067|Europe/Jersey|Saint Helier|Jersey
JM|NA|KIN|17.9681|-76.7933|America/Jamaica|Kingston|Jamaica
JO|AS|AMM|31.95|35.9333|Asia/Amman|Amman|Jordan
JP|AS|NRT|35.6544|139.745|Asia/Tokyo|Tokyo|Japan
KE|AF|NBO|-1.2833|36.8167|Africa/Nairobi|Nairobi|Kenya
KG|AS|ALA|42.9|74.6|Asia/Bishkek|Bishkek|Kyrgyzstan
KH|AS|PNH|11.55|104.917|Asia/Phnom_Penh|Phnom Penh|Cambodia
KI|OC|NAN|1.4167|173|Pacific/Tarawa|Tarawa|Kiribati
KM|AF|MRU|-11.6833|43.2667|Indian/Comoro|Moroni|Comoros
KN|NA|SJU|17.3|-62.7167|America/St_Kitts|Basseterre|St Kitts & Nevis
KP|AS|ICN|39.0167|125.75|Asia/Pyongyang|Pyongyang|Korea (North)
KR|AS|ICN|37.55|126.967|Asia/Seoul|Seoul|Korea (South)
KW|AS|KWI|29.3333|47.9833|Asia/Kuwait|Kuwait City|Kuwait
KY|NA|MIA|19.3|-81.3833|America/Cayman|George Town|Cayman Islands
KZ|AS|ALA|43.25|76.95|Asia/Almaty|Almaty|Kazakhstan
LA|AS|VTE|17.9667|102.6|Asia/Vientiane|Vientiane|Laos
LB|AS|BEY|33.8833|35.5|Asia/Beirut|Beirut|Lebanon
LC|NA|BGI|14.0167|-61|America/St_Lucia|Castries|St Lucia
LI|EU|ZRH|47.15|9.5167|Europe/Vaduz|Vaduz|Liechtenstein
LK|AS|CMB|6.9333|79.85|Asia/Colombo|Colombo|Sri Lanka
LR|AF|ROB|6.3|-10.7833|Africa/Monrovia|Monrovia|Liberia
LS|AF|JNB|-29.4667|27.5|Africa/Maseru|Maseru|Lesotho
LT|EU|VNO|54.6833|25.3167|Europe/Vilnius|Vilnius|Lithuania
LU|EU|LUX|49.6|6.15|Europe/Luxembourg|Luxembourg|Luxembourg
LV|EU|RIX|56.95|24.1|Europe/Riga|Riga|Latvia
LY|AF|TUN|32.9|13.1833|Africa/Tripoli|Tripoli|Libya
MA|AF|CMN|33.65|-7.5833|Africa/Casablanca|Casablanca|Morocco
MC|EU|MRS|43.7|7.3833|Europe/Monaco|Monaco|Monaco
MD|EU|KIV|47|28.8333|Europe/Chisinau|Chisinau|Moldova
ME|EU|TGD|42.4333|19.2667|Europe/Podgorica|Podgorica|Montenegro
MF|NA|SJU|18.0667|-63.0833|America/Marigot|Marigot|St Martin (French)
MG|AF|TNR|-18.9167|47.5167|Indian/Antananarivo|Antananarivo|Madagascar
MH|OC|HNL|7.15|171.2|Pacific/Majuro|Majuro|Marshall Islands
MK|EU|SKP|41.9833|21.4333|Europe/Skopje|Skopje|North Macedonia
ML|AF|DKR|12.65|-8|Africa/Bamako|Bamako|Mali
MM|AS|MDL|16.7833|96.1667|Asia/Yangon|Yangon|Myanmar (Burma)
MN|AS|ULN|47.9167|106.883|Asia/Ulaanbaatar|Ulaanbaatar|Mongolia
MO|AS|MFM|22.1972|113.542|Asia/Macau|Macau|Macau
MP|OC|GUM|15.2|145.75|Pacific/Saipan|Saipan|Northern Mariana Islands
MQ|NA|PTP|14.6|-61.0833|America/Martinique|Fort-de-France|Martinique
MR|AF|DKR|18.1|-15.95|Africa/Nouakchott|Nouakchott|Mauritania
MS|NA|SJU|16.7167|-62.2167|America/Montserrat|Brades|Montserrat
MT|EU|MLA|35.9|14.5167|Europe/Malta|Valletta|Malta
MU|AF|MRU|-20.1667|57.5|Indian/Mauritius|Port Louis|Mauritius
MV|AS|MLE|4.1667|73.5|Indian/Maldives|Male|Maldives
MW|AF|LLW|-15.7833|35|Africa/Blantyre|Blantyre|Malawi
MX|NA|QRO|19.4|-99.15|America/Mexico_City|Mexico City|Mexico
MY|AS|KUL|3.1667|101.7|Asia/Kuala_Lumpur|Kuala Lumpur|Malaysia
MZ|AF|MPM|-25.9667|32.5833|Africa/Maputo|Maputo|Mozambique
NA|AF|WDH|-22.5667|17.1|Africa/Windhoek|Windhoek|Namibia
NC|OC|NOU|-22.2667|166.45|Pacific/Noumea|Noumea|New Caledonia
NE|AF|OUA|13.5167|2.1167|Africa/Niamey|Niamey|Niger
NF|OC|SYD|-29.05|167.967|Pacific/Norfolk|Kingston|Norfolk Island
NG|AF|LOS|6.45|3.4|Africa/Lagos|Lagos|Nigeria
NI|NA|MGA|12.15|-86.2833|America/Managua|Managua|Nicaragua
NL|EU|AMS|52.3667|4.9|Europe/Amsterdam|Amsterdam|Netherlands
NO|EU|OSL|59.9167|10.75|Europe/Oslo|Oslo|Norway
NP|AS|KTM|27.7167|85.3167|Asia/Kathmandu|Kathmandu|Nepal
NR|OC|BNE|-0.5167|166.917|Pacific/Nauru|Yaren|Nauru
NU|OC|AKL|-19.0167|-169.917|Pacific/Niue|Alofi|Niue
NZ|OC|AKL|-36.8667|174.767|Pacific/Auckland|Auckland|New Zealand
OM|AS|MCT|23.6|58.5833|Asia/Muscat|Muscat|Oman
PA|NA|PTY|8.9667|-79.5333|America/Panama|Panama City|Panama
PE|SA|LIM|-12.05|-77.05|America/Lima|Lima|Peru
PF|OC|PPT|-17.5333|-149.567|Pacific/Tahiti|Papeete|French Polynesia
PG|OC|POM|-9.5|147.167|Pacific/Port_Moresby|Port Moresby|Papua New Guinea
PH|AS|MNL|14.5867|120.968|Asia/Manila|Manila|Philippines
PK|AS|KHI|24.8667|67.05|Asia/Karachi|Karachi|Pakistan
PL|EU|WAW|52.25|21|Europe/Warsaw|Warsaw|Poland
PM|NA|YUL|47.05|-56.3333|America/Miquelon|Saint-Pierre|St Pierre & Miquelon
PN|OC|PPT|-25.0667|-130.083|Pacific/Pitcairn|Adamstown|Pitcairn
PR|NA|SJU|18.4683|-66.1061|America/Puerto_Rico|San Juan|Puerto Rico
PS|AS|TLV|31.5|34.4667|Asia/Gaza|Gaza|Palestine
PT|EU|LIS|38.7167|-9.1333|Europe/Lisbon|Lisbon|Portugal
PW|OC|GUM|7.3333|134.483|Pacific/Palau|Ngerulmud|Palau
PY|SA|ASU|-25.2667|-57.6667|America/Asuncion|Asuncion|Paraguay
QA|AS|DOH|25.2833|51.5333|Asia/Qatar|Doha|Qatar
RE|AF|RUN|-20.8667|55.4667|Indian/Reunion|Saint-Denis|Réunion
RO|EU|OTP|44.4333|26.1|Europe/Bucharest|Bucharest|Romania
RS|EU|BEG|44.8333|20.5|Europe/Belgrade|Belgrade|Serbia
RU|EU|DME|55.7558|37.6178|Europe/Moscow|Moscow|Russia
RW|AF|KGL|-1.95|30.0667|Africa/Kigali|Kigali|Rwanda
SA|AS|RUH|24.6333|46.7167|Asia/Riyadh|Riyadh|Saudi Arabia
SB|OC|BNE|-9.5333|160.2|Pacific/Guadalcanal|Honiara|Solomon Islands
SC|AF|SEZ|-4.6667|55.4667|Indian/Mahe|Victoria|Seychelles
SD|AF|KRT|15.6|32.5333|Africa/Khartoum|Khartoum|Sudan
SE|EU|ARN|59.3333|18.05|Europe/Stockholm|Stockholm|Sweden
SG|AS|SIN|1.2833|103.85|Asia/Singapore|Singapore|Singapore
SH|AF|CPT|-15.9167|-5.7|Atlantic/St_Helena|Jamestown|St Helena
SI|EU|LJU|46.05|14.5167|Europe/Ljubljana|Ljubljana|Slovenia
SJ|EU|OSL|78|16|Arctic/Longyearbyen|Longyearbyen|Svalbard & Jan Mayen
SK|EU|BTS|48.15|17.1167|Europe/Bratislava|Bratislava|Slovakia
SL|AF|ROB|8.5|-13.25|Africa/Freetown|Freetown|Sierra Leone
SM|EU|BLQ|43.9167|12.4667|Europe/San_Marino|San Marino|San Marino
SN|AF|DKR|14.6667|-17.4333|Africa/Dakar|Dakar|Senegal
SO|AF|MGQ|2.0667|45.3667|Africa/Mogadishu|Mogadishu|Somalia
SR|SA|PBM|5.8333|-55.1667|America/Paramaribo|Paramaribo|Suriname
SS|AF|NBO|4.85|31.6167|Africa/Juba|Juba|South Sudan
ST|AF|LBV|0.3333|6.7333|Africa/Sao_Tome|Sao Tome|Sao Tome & Principe
SV|NA|SAL|13.7|-89.2|America/El_Salvador|San Salvador|El Salvador
SX|NA|SJU|18.0514|-63.0472|America/Lower_Princes|Philipsburg|St Maarten (Dutch)
SY|AS|BEY|33.5|36.3|Asia/Damascus|Damascus|Syria
SZ|AF|MPM|-26.3|31.1|Africa/Mbabane|Mbabane|Eswatini (Swaziland)
TC|NA|MIA|21.4667|-71.1333|America/Grand_Turk|Cockburn Town|Turks & Caicos Is
TD|AF|NDJ|12.1167|15.05|Africa/Ndjamena|N'Djamena|Chad
TF|AN|RUN|-49.3528|70.2175|Indian/Kerguelen|Port-aux-Francais|French S. Terr.
TG|AF|LFW|6.1333|1.2167|Africa/Lome|Lome|Togo
TH|AS|BKK|13.75|100.517|Asia/Bangkok|Bangkok|Thailand
TJ|AS|DYU|38.5833|68.8|Asia/Dushanbe|Dushanbe|Tajikistan
TK|OC|AKL|-9.3667|-171.233|Pacific/Fakaofo|Atafu|Tokelau
TL|AS|DPS|-8.55|125.583|Asia/Dili|Dili|East Timor
TM|AS|TAS|37.95|58.3833|Asia/Ashgabat|Ashgabat|Turkmenistan
TN|AF|TUN|36.8|10.1833|Africa/Tunis|Tunis|Tunisia
TO|OC|SUV|-21.1333|-175.2|Pacific/Tongatapu|Nuku'alofa|Tonga
TR|AS|IST|41.0167|28.9667|Europe/Istanbul|Istanbul|Turkey
TT|NA|POS|10.65|-61.5167|America/Port_of_Spain|Port of Spain|Trinidad & Tobago
TV|OC|SUV|-8.5167|179.217|Pacific/Funafuti|Funafuti|Tuvalu
TW|AS|TPE|25.05|121.5|Asia/Taipei|Taipei|Taiwan
TZ|AF|DAR|-6.8|39.2833|Africa/Dar_es_Salaam|Dar es Salaam|Tanzania
UA|EU|KBP|50.4333|30.5167|Europe/Kyiv|Kyiv|Ukraine
UG|AF|EBB|0.3167|32.4167|Africa/Kampala|Kampala|Uganda
UM|OC|HNL|28.2167|-177.367|Pacific/Midway|Sand Island|US minor outlying islands
US|NA|IAD|39.0438|-77.4874|America/New_York|Ashburn|United States
UY|SA|MVD|-34.9092|-56.2125|America/Montevideo|Montevideo|Uruguay
UZ|AS|TAS|41.3333|69.3|Asia/Tashkent|Tashkent|Uzbekistan
VA|EU|FCO|41.9022|12.4531|Europe/Vatican|Vatican City|Vatican City
VC|NA|GND|13.15|-61.2333|America/St_Vincent|Kingstown|St Vincent
VE|SA|CCS|10.5|-66.9333|America/Caracas|Caracas|Venezuela
VG|NA|SJU|18.45|-64.6167|America/Tortola|Road Town|Virgin Islands (UK)
VI|NA|SJU|18.35|-64.9333|America/St_Thomas|Charlotte Amalie|Virgin Islands (US)
VN|AS|SGN|10.75|106.667|Asia/Ho_Chi_Minh|Ho Chi Minh City|Vietnam
VU|OC|NOU|-17.6667|168.417|Pacific/Efate|Port Vila|Vanuatu
WF|OC|NOU|-13.3|-176.167|Pacific/Wallis|Mata-Utu|Wallis & Futuna
WS|OC|AKL|-13.8333|-171.733|Pacific/Apia|Apia|Samoa (western)
YE|AS|JED|12.75|45.2|Asia/Aden|Aden|Yemen
YT|AF|MRU|-12.7833|45.2333|Indian/Mayotte|Mamoudzou|Mayotte
ZA|AF|JNB|-26.25|28|Africa/Johannesburg|Johannesburg|South Africa
ZM|AF|LUN|-15.4167|28.2833|Africa/Lusaka|Lusaka|Zambia
ZW|AF|HRE|-17.8333|31.05|Africa/Harare|Harare|Zimbabwe
"""
