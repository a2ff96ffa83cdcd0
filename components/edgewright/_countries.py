"""The countries of ISO 3166-1: code, continent, and where most of their callers are.

Codes, names and positions come from the tz database (`iso3166.tab` and `zone.tab`, in the public domain): a country's
position is that of the place that names its main time zone. It is good for telling the nearest region, for nothing finer.
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


@functools.cache
def countries() -> dict[str, Country]:
    """Return every country by its code, sorted by code."""
    found = {}
    for line in _TABLE.strip().splitlines():
        code, continent, latitude, longitude, name = line.split(" ", 4)
        found[code] = Country(code, continent, float(latitude), float(longitude), name)
    return found


_TABLE = """
AD EU 42.5 1.5 Andorra
AE AS 25.3 55.3 United Arab Emirates
AF AS 34.5 69.2 Afghanistan
AG NA 17.1 -61.8 Antigua & Barbuda
AI NA 18.2 -63.1 Anguilla
AL EU 41.3 19.8 Albania
AM AS 40.2 44.5 Armenia
AO AF -8.8 13.2 Angola
AQ AN -77.8 166.6 Antarctica
AR SA -34.6 -58.5 Argentina
AS OC -14.3 -170.7 Samoa (American)
AT EU 48.2 16.3 Austria
AU OC -33.9 151.2 Australia
AW NA 12.5 -70.0 Aruba
AX EU 60.1 19.9 Åland Islands
AZ AS 40.4 49.9 Azerbaijan
BA EU 43.9 18.4 Bosnia & Herzegovina
BB NA 13.1 -59.6 Barbados
BD AS 23.7 90.4 Bangladesh
BE EU 50.8 4.3 Belgium
BF AF 12.4 -1.5 Burkina Faso
BG EU 42.7 23.3 Bulgaria
BH AS 26.4 50.6 Bahrain
BI AF -3.4 29.4 Burundi
BJ AF 6.5 2.6 Benin
BL NA 17.9 -62.9 St Barthelemy
BM NA 32.3 -64.8 Bermuda
BN AS 4.9 114.9 Brunei
BO SA -16.5 -68.2 Bolivia
BQ NA 12.2 -68.3 Caribbean NL
BR SA -23.5 -46.6 Brazil
BS NA 25.1 -77.3 Bahamas
BT AS 27.5 89.7 Bhutan
BV AN -54.4 3.4 Bouvet Island
BW AF -24.6 25.9 Botswana
BY EU 53.9 27.6 Belarus
BZ NA 17.5 -88.2 Belize
CA NA 43.6 -79.4 Canada
CC AS -12.2 96.9 Cocos (Keeling) Islands
CD AF -4.3 15.3 Congo (Dem. Rep.)
CF AF 4.4 18.6 Central African Rep.
CG AF -4.3 15.3 Congo (Rep.)
CH EU 47.4 8.5 Switzerland
CI AF 5.3 -4.0 Côte d’Ivoire
CK OC -21.2 -159.8 Cook Islands
CL SA -33.5 -70.7 Chile
CM AF 4.0 9.7 Cameroon
CN AS 31.2 121.5 China
CO SA 4.6 -74.1 Colombia
CR NA 9.9 -84.1 Costa Rica
CU NA 23.1 -82.4 Cuba
CV AF 14.9 -23.5 Cape Verde
CW NA 12.2 -69.0 Curaçao
CX AS -10.4 105.7 Christmas Island
CY EU 35.2 33.4 Cyprus
CZ EU 50.1 14.4 Czech Republic
DE EU 52.5 13.4 Germany
DJ AF 11.6 43.1 Djibouti
DK EU 55.7 12.6 Denmark
DM NA 15.3 -61.4 Dominica
DO NA 18.5 -69.9 Dominican Republic
DZ AF 36.8 3.0 Algeria
EC SA -2.2 -79.8 Ecuador
EE EU 59.4 24.8 Estonia
EG AF 30.1 31.2 Egypt
EH AF 27.1 -13.2 Western Sahara
ER AF 15.3 38.9 Eritrea
ES EU 40.4 -3.7 Spain
ET AF 9.0 38.7 Ethiopia
FI EU 60.2 25.0 Finland
FJ OC -18.1 178.4 Fiji
FK SA -51.7 -57.9 Falkland Islands
FM OC 7.0 158.2 Micronesia
FO EU 62.0 -6.8 Faroe Islands
FR EU 48.9 2.3 France
GA AF 0.4 9.4 Gabon
GB EU 51.5 -0.1 United Kingdom
GD NA 12.1 -61.8 Grenada
GE AS 41.7 44.8 Georgia
GF SA 4.9 -52.3 French Guiana
GG EU 49.5 -2.5 Guernsey
GH AF 5.5 -0.2 Ghana
GI EU 36.1 -5.3 Gibraltar
GL NA 64.2 -51.7 Greenland
GM AF 13.5 -16.6 Gambia
GN AF 9.5 -13.7 Guinea
GP NA 16.2 -61.5 Guadeloupe
GQ AF 3.8 8.8 Equatorial Guinea
GR EU 38.0 23.7 Greece
GS AN -54.3 -36.5 South Georgia & the South Sandwich Islands
GT NA 14.6 -90.5 Guatemala
GU OC 13.5 144.8 Guam
GW AF 11.8 -15.6 Guinea-Bissau
GY SA 6.8 -58.2 Guyana
HK AS 22.3 114.2 Hong Kong
HM AN -53.1 73.5 Heard Island & McDonald Islands
HN NA 14.1 -87.2 Honduras
HR EU 45.8 16.0 Croatia
HT NA 18.5 -72.3 Haiti
HU EU 47.5 19.1 Hungary
ID AS -6.2 106.8 Indonesia
IE EU 53.3 -6.2 Ireland
IL AS 31.8 35.2 Israel
IM EU 54.1 -4.5 Isle of Man
IN AS 22.5 88.4 India
IO AS -7.3 72.4 British Indian Ocean Territory
IQ AS 33.4 44.4 Iraq
IR AS 35.7 51.4 Iran
IS EU 64.2 -21.9 Iceland
IT EU 41.9 12.5 Italy
JE EU 49.2 -2.1 Jersey
JM NA 18.0 -76.8 Jamaica
JO AS 31.9 35.9 Jordan
JP AS 35.7 139.7 Japan
KE AF -1.3 36.8 Kenya
KG AS 42.9 74.6 Kyrgyzstan
KH AS 11.6 104.9 Cambodia
KI OC 1.4 173.0 Kiribati
KM AF -11.7 43.3 Comoros
KN NA 17.3 -62.7 St Kitts & Nevis
KP AS 39.0 125.8 Korea (North)
KR AS 37.5 127.0 Korea (South)
KW AS 29.3 48.0 Kuwait
KY NA 19.3 -81.4 Cayman Islands
KZ AS 43.2 77.0 Kazakhstan
LA AS 18.0 102.6 Laos
LB AS 33.9 35.5 Lebanon
LC NA 14.0 -61.0 St Lucia
LI EU 47.1 9.5 Liechtenstein
LK AS 6.9 79.8 Sri Lanka
LR AF 6.3 -10.8 Liberia
LS AF -29.5 27.5 Lesotho
LT EU 54.7 25.3 Lithuania
LU EU 49.6 6.2 Luxembourg
LV EU 57.0 24.1 Latvia
LY AF 32.9 13.2 Libya
MA AF 33.6 -7.6 Morocco
MC EU 43.7 7.4 Monaco
MD EU 47.0 28.8 Moldova
ME EU 42.4 19.3 Montenegro
MF NA 18.1 -63.1 St Martin (French)
MG AF -18.9 47.5 Madagascar
MH OC 7.2 171.2 Marshall Islands
MK EU 42.0 21.4 North Macedonia
ML AF 12.7 -8.0 Mali
MM AS 16.8 96.2 Myanmar (Burma)
MN AS 47.9 106.9 Mongolia
MO AS 22.2 113.5 Macau
MP OC 15.2 145.8 Northern Mariana Islands
MQ NA 14.6 -61.1 Martinique
MR AF 18.1 -15.9 Mauritania
MS NA 16.7 -62.2 Montserrat
MT EU 35.9 14.5 Malta
MU AF -20.2 57.5 Mauritius
MV AS 4.2 73.5 Maldives
MW AF -15.8 35.0 Malawi
MX NA 19.4 -99.2 Mexico
MY AS 3.2 101.7 Malaysia
MZ AF -26.0 32.6 Mozambique
NA AF -22.6 17.1 Namibia
NC OC -22.3 166.4 New Caledonia
NE AF 13.5 2.1 Niger
NF OC -29.1 168.0 Norfolk Island
NG AF 6.5 3.4 Nigeria
NI NA 12.2 -86.3 Nicaragua
NL EU 52.4 4.9 Netherlands
NO EU 59.9 10.8 Norway
NP AS 27.7 85.3 Nepal
NR OC -0.5 166.9 Nauru
NU OC -19.0 -169.9 Niue
NZ OC -36.9 174.8 New Zealand
OM AS 23.6 58.6 Oman
PA NA 9.0 -79.5 Panama
PE SA -12.1 -77.0 Peru
PF OC -17.5 -149.6 French Polynesia
PG OC -9.5 147.2 Papua New Guinea
PH AS 14.6 121.0 Philippines
PK AS 24.9 67.0 Pakistan
PL EU 52.2 21.0 Poland
PM NA 47.0 -56.3 St Pierre & Miquelon
PN OC -25.1 -130.1 Pitcairn
PR NA 18.5 -66.1 Puerto Rico
PS AS 31.5 35.1 Palestine
PT EU 38.7 -9.1 Portugal
PW OC 7.3 134.5 Palau
PY SA -25.3 -57.7 Paraguay
QA AS 25.3 51.5 Qatar
RE AF -20.9 55.5 Réunion
RO EU 44.4 26.1 Romania
RS EU 44.8 20.5 Serbia
RU EU 55.8 37.6 Russia
RW AF -1.9 30.1 Rwanda
SA AS 24.6 46.7 Saudi Arabia
SB OC -9.5 160.2 Solomon Islands
SC AF -4.7 55.5 Seychelles
SD AF 15.6 32.5 Sudan
SE EU 59.3 18.1 Sweden
SG AS 1.3 103.8 Singapore
SH AF -15.9 -5.7 St Helena
SI EU 46.0 14.5 Slovenia
SJ EU 78.0 16.0 Svalbard & Jan Mayen
SK EU 48.1 17.1 Slovakia
SL AF 8.5 -13.2 Sierra Leone
SM EU 43.9 12.5 San Marino
SN AF 14.7 -17.4 Senegal
SO AF 2.1 45.4 Somalia
SR SA 5.8 -55.2 Suriname
SS AF 4.8 31.6 South Sudan
ST AF 0.3 6.7 Sao Tome & Principe
SV NA 13.7 -89.2 El Salvador
SX NA 18.1 -63.0 St Maarten (Dutch)
SY AS 33.5 36.3 Syria
SZ AF -26.3 31.1 Eswatini (Swaziland)
TC NA 21.5 -71.1 Turks & Caicos Is
TD AF 12.1 15.1 Chad
TF AN -49.4 70.2 French S. Terr.
TG AF 6.1 1.2 Togo
TH AS 13.8 100.5 Thailand
TJ AS 38.6 68.8 Tajikistan
TK OC -9.4 -171.2 Tokelau
TL AS -8.6 125.6 East Timor
TM AS 38.0 58.4 Turkmenistan
TN AF 36.8 10.2 Tunisia
TO OC -21.1 -175.2 Tonga
TR EU 41.0 29.0 Turkey
TT NA 10.7 -61.5 Trinidad & Tobago
TV OC -8.5 179.2 Tuvalu
TW AS 25.1 121.5 Taiwan
TZ AF -6.8 39.3 Tanzania
UA EU 50.4 30.5 Ukraine
UG AF 0.3 32.4 Uganda
UM OC 19.3 166.6 US minor outlying islands
US NA 40.7 -74.0 United States
UY SA -34.9 -56.2 Uruguay
UZ AS 41.3 69.3 Uzbekistan
VA EU 41.9 12.5 Vatican City
VC NA 13.2 -61.2 St Vincent
VE SA 10.5 -66.9 Venezuela
VG NA 18.4 -64.6 Virgin Islands (UK)
VI NA 18.4 -64.9 Virgin Islands (US)
VN AS 10.8 106.7 Vietnam
VU OC -17.7 168.4 Vanuatu
WF OC -13.3 -176.2 Wallis & Futuna
WS OC -13.8 -171.7 Samoa (western)
YE AS 12.8 45.2 Yemen
YT AF -12.8 45.2 Mayotte
ZA AF -26.2 28.0 South Africa
ZM AF -15.4 28.3 Zambia
ZW AF -17.8 31.1 Zimbabwe
"""
