// src/gateway/main.ts
import { randomBytes as randomBytes4 } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join as join4 } from "node:path";
import { createInterface as createInterface2 } from "node:readline";

// src/gateway/control.ts
import { createHash as createHash2, timingSafeEqual } from "node:crypto";
import http5 from "node:http";

// src/gateway/diagnostics.ts
var DeployFailed = class extends Error {
  constructor(errors) {
    super(errors.map((error) => error.message).join("\n"));
    this.errors = errors;
  }
  errors;
};
function fault(message, worker = null, module = null) {
  return { message, worker, module, line: null, column: null };
}
function startupErrors(messages, ownModule) {
  const errors = [];
  for (const message of messages) {
    const found = message.match(/^service core:user:(.+?)@.*?: ([\s\S]*)$/);
    if (!found) continue;
    const [, worker, text] = found;
    const [first = "", ...rest] = text.replaceAll("file:///", "").trim().split("\n");
    const place = rest.map((line) => line.match(/^\s*at (\S+?):(\d+):(\d+)(?: in .*)?$/)).find((match) => match !== null && match[1] !== ownModule);
    const importer = rest.map((line) => line.match(/imported from "(.+)"/)?.[1]).find((name) => name !== void 0);
    const what = first.replace(/^Uncaught /, "");
    const base = what.startsWith("SyntaxError") ? 1 : 0;
    errors.push({
      message: what,
      worker,
      module: place?.[1] ?? importer ?? null,
      line: place ? Number(place[2]) : null,
      column: place ? Number(place[3]) + base : null
    });
  }
  return errors;
}
function unexplained(messages, cause) {
  const text = messages.join("\n").trim() || (cause instanceof Error ? cause.message : String(cause));
  return [fault(`The Workers runtime did not start: ${text}`)];
}

// src/gateway/kv.ts
import http2 from "node:http";

// src/gateway/proxy.ts
import http from "node:http";

// src/gateway/headers.ts
import { randomBytes } from "node:crypto";

// src/gateway/geo.ts
import { isIP } from "node:net";

// src/gateway/data/countries.ts
var COUNTRY_ROWS = `
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
CY|AS|LCA|35.1667|33.3667|Asia/Nicosia|Nicosia
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
UA|EU|KBP|44.95|34.1|Europe/Simferopol|Kyiv
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

// src/gateway/problem.ts
var ProblemError = class extends Error {
  constructor(problem2) {
    super(problem2.detail);
    this.problem = problem2;
  }
  problem;
};
function problem(status2, title, detail, extensions = {}) {
  return new ProblemError({ status: status2, title, detail, ...extensions });
}
function problemBody(value) {
  return `${JSON.stringify({ type: "about:blank", ...value })}
`;
}
function sendProblem(response, value, headers = {}) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = problemBody(value);
  response.writeHead(value.status, {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...headers
  });
  response.end(response.req.method === "HEAD" ? void 0 : body);
}

// src/gateway/geo.ts
var COUNTRIES = new Map(
  COUNTRY_ROWS.trim().split("\n").map((row) => {
    const [country, continent, colo, latitude, longitude, timezone, city] = row.split("|");
    return [country, { country, continent, colo, latitude, longitude, timezone, city }];
  })
);
var DEFAULT_COUNTRY = "US";
var PLACELESS = /* @__PURE__ */ new Set(["XX", "T1"]);
var ASN = 64512;
function clientOf(country, ip, remote) {
  const code = (country ?? DEFAULT_COUNTRY).trim().toUpperCase();
  const home = COUNTRIES.get(DEFAULT_COUNTRY);
  const place = PLACELESS.has(code) ? { ...home, country: code, continent: "" } : COUNTRIES.get(code);
  if (place === void 0) {
    throw problem(
      400,
      "Bad X-Local-Country",
      `X-Local-Country is ${JSON.stringify(country)}: give an ISO 3166-1 alpha-2 code such as DE or JP, or XX (unknown) or T1 (Tor).`
    );
  }
  if (ip !== void 0 && isIP(ip.trim()) === 0) {
    throw problem(
      400,
      "Bad X-Local-IP",
      `X-Local-IP is ${JSON.stringify(ip)}: give an IPv4 or IPv6 address such as 198.51.100.7 or 2001:db8::1.`
    );
  }
  return { ip: ip?.trim() ?? plainAddress(remote), place };
}
function plainAddress(remote) {
  return remote?.replace(/^::ffff:/i, "") ?? "127.0.0.1";
}
function cfObject(client, httpProtocol, acceptEncoding) {
  const { place } = client;
  const known2 = place.continent !== "";
  return {
    colo: place.colo,
    country: place.country,
    ...known2 && {
      city: place.city,
      continent: place.continent,
      latitude: place.latitude,
      longitude: place.longitude,
      timezone: place.timezone,
      ...EU.has(place.country) && { isEUCountry: "1" }
    },
    asn: ASN,
    asOrganization: "Local",
    httpProtocol,
    requestPriority: "",
    tlsCipher: "",
    tlsVersion: "",
    clientAcceptEncoding: acceptEncoding ?? "",
    clientTcpRtt: 1,
    edgeRequestKeepAliveStatus: 1
  };
}
var EU = new Set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" "));

// src/gateway/headers.ts
var HOP_BY_HOP = /* @__PURE__ */ new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
]);
var RESERVED_PREFIXES = ["cf-", "mf-", "x-local-", "x-forwarded-"];
var RESERVED = /* @__PURE__ */ new Set(["true-client-ip", "x-real-ip", "forwarded", "cdn-loop"]);
var CLIENT_MAY_SEND = /* @__PURE__ */ new Set(["cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion"]);
function isReserved(name) {
  if (CLIENT_MAY_SEND.has(name)) return false;
  return RESERVED.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
function connectionNames(value) {
  return new Set((value ?? "").split(",").map((name) => name.trim().toLowerCase()));
}
function endToEnd(raw, connection, drop2) {
  const listed = connectionNames(connection);
  const kept = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index];
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || listed.has(lower) || drop2(lower)) continue;
    kept.push(name, raw[index + 1]);
  }
  return kept;
}
function rayId(colo) {
  return `${randomBytes(8).toString("hex")}-${colo}`;
}
function workerHeaders(request, host, client, ray) {
  const raw = endToEnd(
    request.rawHeaders,
    request.headers.connection,
    // Expect was answered here. Accept-Encoding stays the client's: gap `accept-encoding`.
    (name) => name === "host" || name === "expect" || isReserved(name)
  );
  const protocol = `HTTP/${request.httpVersion}`;
  const encodings = request.headers["accept-encoding"];
  const cf = cfObject(client, protocol, Array.isArray(encodings) ? encodings.join(", ") : encodings);
  raw.push(
    "Host",
    host,
    "CF-Connecting-IP",
    client.ip,
    "CF-IPCountry",
    client.place.country,
    "CF-Ray",
    ray,
    "CF-Visitor",
    '{"scheme":"http"}',
    "X-Forwarded-For",
    client.ip,
    "X-Forwarded-Proto",
    "http",
    "X-Real-IP",
    client.ip,
    "MF-CF-Blob",
    JSON.stringify(cf)
  );
  return raw;
}

// src/gateway/proxy.ts
var IDLE_MS = 2e3;
var agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 256,
  timeout: IDLE_MS,
  scheduling: "lifo"
});
var ANSWER_HEADERS_LIMIT = 128 * 1024;
function forward(forwarded) {
  return new Promise((resolve, reject) => attempt(forwarded, resolve, reject, 0));
}
function attempt(forwarded, resolve, reject, tries) {
  const { request, response, upstream } = forwarded;
  if (response.closed || response.destroyed) {
    resolve(499);
    return;
  }
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const hasBody = length !== void 0 || encoding !== void 0;
  const onward = http.request({
    host: "127.0.0.1",
    port: upstream.port(),
    agent,
    method: request.method ?? "GET",
    path: forwarded.path,
    headers: hasBody && length === void 0 ? [...forwarded.headers, "Transfer-Encoding", "chunked"] : forwarded.headers,
    setDefaultHeaders: false,
    maxHeaderSize: ANSWER_HEADERS_LIMIT
  });
  let answer;
  onward.on("response", (incoming) => {
    answer = incoming;
    const raw = endToEnd(incoming.rawHeaders, incoming.headers.connection, () => false);
    try {
      response.writeHead(
        incoming.statusCode ?? 502,
        incoming.statusMessage,
        forwarded.answer(raw)
      );
    } catch (error) {
      abort(onward);
      reject(error);
      return;
    }
    if (incoming.headers["content-length"] === void 0) response.flushHeaders();
    incoming.on("error", () => response.destroy());
    incoming.pipe(response);
  });
  onward.on("error", (error) => {
    if (answer?.complete) return;
    if (response.destroyed || response.headersSent) {
      response.destroy();
      return;
    }
    const untouched = error.code === "ECONNREFUSED" || onward.reusedSocket && error.code === "ECONNRESET" && !hasBody;
    if (untouched && tries < 3) {
      response.off("close", closed);
      upstream.refresh().then(
        () => attempt(forwarded, resolve, reject, tries + 1),
        () => reject(lost(error))
      );
    } else reject(lost(error));
  });
  const closed = () => {
    const whole2 = response.writableFinished;
    if (!whole2 || !answer?.complete || !onward.writableEnded) abort(onward);
    request.removeAllListeners("data");
    request.resume();
    resolve(whole2 ? response.statusCode : 499);
  };
  response.on("close", closed);
  if (!hasBody) {
    onward.end();
    return;
  }
  onward.on("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => upload(request, onward));
    else upload(request, onward);
  });
}
var FIRST_BYTES = 32 * 1024;
var EARLY_ANSWER_MS = 10;
function upload(request, onward) {
  let sent = 0;
  let answer;
  onward.on("response", (incoming) => {
    answer = incoming;
  });
  const resume = () => void request.resume();
  const send2 = (chunk) => {
    if (answer?.complete || onward.destroyed || onward.write(chunk)) resume();
    else onward.once("drain", resume);
  };
  request.on("data", (chunk) => {
    request.pause();
    const first = FIRST_BYTES - sent;
    sent += chunk.length;
    if (first <= 0 || chunk.length <= first) {
      send2(chunk);
      return;
    }
    onward.write(chunk.subarray(0, first));
    setTimeout(() => send2(chunk.subarray(first)), EARLY_ANSWER_MS);
  });
  request.on("end", () => onward.end());
  onward.on("close", resume);
}
function lost(error) {
  const detail = `The Worker's connection ended before an answer: ${error.code ?? error.message}. See the log.`;
  return problem(502, "No answer from the Worker", detail);
}
function abort(onward) {
  if (onward.socket) onward.socket.resetAndDestroy();
  else onward.destroy();
}
function forwardUpgrade(request, socket, head, to) {
  return new Promise((resolve) => {
    const onward = http.request({
      host: "127.0.0.1",
      port: to.port,
      agent: false,
      method: request.method ?? "GET",
      path: to.path,
      headers: [...to.headers, "Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? "websocket"]
    });
    const write2 = (answer, raw) => {
      socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r
`);
      for (let index = 0; index < raw.length; index += 2) socket.write(`${raw[index]}: ${raw[index + 1]}\r
`);
      socket.write("\r\n");
    };
    onward.on("upgrade", (answer, upstream, rest) => {
      if (socket.destroyed) {
        upstream.destroy();
        resolve(499);
        return;
      }
      write2(answer, [
        ...to.answer(endToEnd(answer.rawHeaders, answer.headers.connection, () => false)),
        "Connection",
        "Upgrade",
        "Upgrade",
        answer.headers.upgrade ?? "websocket"
      ]);
      socket.write(rest);
      upstream.write(head);
      socket.setNoDelay(true);
      upstream.pipe(socket).pipe(upstream);
      const end2 = () => {
        socket.destroy();
        upstream.destroy();
      };
      for (const side of [socket, upstream]) side.on("error", end2).on("close", end2);
      resolve(101);
    });
    onward.on("response", (answer) => {
      write2(answer, [
        ...to.answer(endToEnd(answer.rawHeaders, answer.headers.connection, (name) => name === "content-length")),
        "Connection",
        "close"
      ]);
      answer.pipe(socket);
      answer.on("error", () => socket.destroy());
      resolve(answer.statusCode ?? 502);
    });
    onward.on("error", () => {
      socket.end("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      resolve(502);
    });
    socket.on("close", () => onward.destroy());
    onward.end();
  });
}

// src/gateway/kv.ts
var CONTROL_WORKER = "edgewright-control";
var SCRIPT = `
import { Buffer } from "node:buffer";
async function batch(namespace, items) {
  const failed = [];
  const rest = items.values();
  const lane = async () => {
    for (const { key, value, ...options } of rest) {
      try {
        await (value === undefined ? namespace.delete(key) : namespace.put(key, Buffer.from(value, "base64"), options));
      } catch (error) {
        failed.push({ key, error: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return Response.json(failed);
}
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, index, what, ...rest] = url.pathname.split("/");
    const namespace = env["N" + index];
    const query = (name) => url.searchParams.get(name) ?? undefined;
    const number = (name) => (query(name) === undefined ? undefined : Number(query(name)));
    try {
      if (what === "batch") return await batch(namespace, await request.json());
      if (what === "keys") {
        return Response.json(await namespace.list({ prefix: query("prefix"), limit: number("limit"), cursor: query("cursor") }));
      }
      const key = decodeURIComponent(rest.join("/"));
      if (request.method === "PUT") {
        const metadata = query("metadata");
        await namespace.put(key, await request.arrayBuffer(), {
          expiration: number("expiration"),
          expirationTtl: number("expiration_ttl"),
          metadata: metadata === undefined ? undefined : JSON.parse(metadata),
        });
        return new Response(null, { status: 204 });
      }
      if (request.method === "DELETE") {
        await namespace.delete(key);
        return new Response(null, { status: 204 });
      }
      const { value, metadata } = await namespace.getWithMetadata(key, "stream");
      if (value === null) return new Response(null, { status: 404 });
      return new Response(value, { headers: metadata === null ? {} : { "KV-Metadata": encodeURIComponent(JSON.stringify(metadata)) } });
    } catch (error) {
      return Response.json({ detail: error.message }, { status: 400 });
    }
  },
};
`;
function controlWorker(namespaces, compatibilityDate) {
  return {
    name: CONTROL_WORKER,
    modules: [{ type: "ESModule", path: "control.js", contents: SCRIPT }],
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    kvNamespaces: Object.fromEntries(namespaces.map((id, index) => [`N${index}`, id])),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }]
  };
}
var agent2 = new http2.Agent({ keepAlive: true, maxSockets: 16, timeout: IDLE_MS });
async function kvRequest(place, method, namespace, rest, body) {
  for (; ; ) {
    try {
      return await attempt2(place, method, namespace, rest, body);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
    }
  }
}
var StaleConnection = class extends Error {
};
function attempt2(place, method, namespace, rest, body) {
  return new Promise((resolve, reject) => {
    const request = http2.request(
      {
        host: "127.0.0.1",
        port: place.controlPort,
        method,
        agent: agent2,
        path: `/${place.namespaceIndex(namespace)}/${rest}`,
        headers: body === void 0 ? {} : { "Content-Length": body.length }
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const metadata = response.headers["kv-metadata"];
          resolve({
            status: response.statusCode ?? 500,
            body: Buffer.concat(chunks),
            metadata: typeof metadata === "string" ? metadata : void 0
          });
        });
      }
    );
    request.on("error", (error) => reject(request.reusedSocket ? new StaleConnection() : error));
    request.end(body);
  });
}

// src/gateway/purge.ts
import http4 from "node:http";

// src/gateway/entry.ts
var ENTRY_MODULE = "edgewright-local-entry.js";
var CONSOLE_MODULE = "edgewright-local-console.js";
var MARK = "";
var PURGE_HEADER = "x-local-purge";
var frontModule = (url) => `
function front(ctx) {
  const call = (soft) => async (what) => {
    const answer = await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify({ what, soft }) });
    return answer.json();
  };
  Object.defineProperty(ctx, "cache", { value: { purge: call(false), invalidate: call(true) }, configurable: true });
}
`;
function entryModule({ mainModule, purgeToken, frontCacheUrl: frontCacheUrl2 }) {
  const specifier = JSON.stringify(`./${mainModule}`);
  return `import { report } from "./${CONSOLE_MODULE}";
import * as main from ${specifier};
export * from ${specifier};
${frontCacheUrl2 === void 0 ? "function front() {}" : frontModule(frontCacheUrl2)}
function watched(target) {
  if (typeof target !== "object" || target === null || typeof target.fetch !== "function") return target;
  const fetch = (...args) => {
    let answer;
    try {
      const [request, env, ctx] = args;
      front(ctx);
      if (request.headers.get(${JSON.stringify(PURGE_HEADER)}) === ${JSON.stringify(purgeToken)}) {
        return request.json().then((what) => target.purge?.(what, env, ctx)).then((report) => Response.json(report ?? null));
      }
      answer = target.fetch(...args);
    } catch (error) {
      report(error);
      throw error;
    }
    if (typeof answer?.then === "function") answer.then(undefined, report);
    return answer;
  };
  return Object.create(target, { fetch: { value: fetch, enumerable: true } });
}
export default watched(main.default ?? {});
`;
}
function consoleModule(worker, version) {
  return `const mark = ${JSON.stringify(`${MARK}${worker}@${version}${MARK}`)};
for (const level of ["debug", "log", "info", "warn", "error", "trace"]) {
  const print = console[level].bind(console);
  // A format string stays the first argument.
  console[level] = (...args) => (typeof args[0] === "string" ? print(mark + args[0], ...args.slice(1)) : print(mark, ...args));
}
const error = console.error;
export const report = (thrown) => error("Uncaught %s", (thrown instanceof Error && thrown.stack) || String(thrown));
`;
}
function unmark(message) {
  const end2 = message.startsWith(MARK) ? message.indexOf(MARK, 1) : -1;
  if (end2 === -1) return { message };
  const name = message.slice(1, end2);
  const at = name.lastIndexOf("@");
  return { message: message.slice(end2 + 1).replace(/^ /, ""), worker: name.slice(0, at), version: name.slice(at + 1) };
}

// src/gateway/router.ts
function patternFault(pattern) {
  const { host, path } = splitPattern(pattern);
  if (host.slice(1).includes("*")) return "a `*` in the host may only be its first character";
  if (path.slice(0, -1).includes("*")) return "a `*` in the path may only be its last character";
  if (path.includes("?")) return "a pattern cannot contain a query string";
  if (host.replace("*", "") === "") return "a pattern needs a host name";
  return void 0;
}
function splitPattern(pattern) {
  const bare = pattern.replace(/^https?:\/\//i, "");
  const slash = bare.indexOf("/");
  return slash === -1 ? { host: bare.toLowerCase(), path: "/" } : { host: bare.slice(0, slash).toLowerCase(), path: bare.slice(slash) };
}
function compile(pattern, worker) {
  const { host, path } = splitPattern(pattern);
  const wildcardHost = host.startsWith("*");
  const wildcardPath = path.endsWith("*");
  return {
    pattern,
    worker,
    host: wildcardHost ? host.slice(1) : host,
    wildcardHost,
    path: wildcardPath ? path.slice(0, -1) : path,
    wildcardPath
  };
}
function bySpecificity(a, b) {
  return Number(a.wildcardHost) - Number(b.wildcardHost) || b.host.length - a.host.length || b.path.length - a.path.length || Number(a.wildcardPath) - Number(b.wildcardPath);
}
function matches(route2, host, target) {
  if (route2.wildcardHost ? !host.endsWith(route2.host) || host === route2.host.replace(/^\./, "") && route2.host.startsWith(".") : host !== route2.host) {
    return false;
  }
  return route2.wildcardPath ? target.startsWith(route2.path) : target === route2.path;
}
var LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)$/;
function hostnameOf(host) {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}
var Router = class {
  #routes;
  #domains;
  /** The host that stands for a request to loopback: of the one Worker that owns any. */
  #fallback;
  constructor(deployment) {
    this.#routes = deployment.routes.map((route2) => compile(route2.pattern, route2.worker)).sort(bySpecificity);
    this.#domains = new Map(deployment.domains.map((domain) => [domain.hostname.toLowerCase(), domain.worker]));
    const owners = /* @__PURE__ */ new Set([...this.#domains.values(), ...this.#routes.flatMap((route2) => route2.worker ?? [])]);
    if (owners.size === 1) {
      const [domain] = this.#domains.keys();
      const route2 = this.#routes.find((candidate) => candidate.worker !== null);
      this.#fallback = domain ?? (route2 && exampleHost(route2));
    }
  }
  /** Every host and route pattern that is served, for messages. */
  known() {
    return [...this.#domains.keys(), ...this.#routes.map((route2) => route2.pattern)];
  }
  hosts() {
    return [
      ...[...this.#domains].map(([host, worker]) => ({ host, worker })),
      ...this.#routes.flatMap(
        (route2) => route2.worker === null ? [] : [{ host: exampleHost(route2), worker: route2.worker }]
      )
    ];
  }
  /** The custom domain's Worker: what a `fetch` from a Worker to that host reaches. */
  domain(hostname) {
    return this.#domains.get(hostname);
  }
  /**
   * @param host the `Host` header
   * @param localHost the `X-Local-Host` header, which chooses a host where `Host` cannot
   * @param target path and query string
   */
  resolve(host, localHost, target) {
    const hostname = this.#hostname(hostnameOf(host), localHost);
    let bypassed;
    for (const route2 of this.#routes) {
      if (!matches(route2, hostname, target)) continue;
      if (route2.worker !== null) return { worker: route2.worker, hostname };
      bypassed = route2;
      break;
    }
    const worker = this.#domains.get(hostname);
    if (worker !== void 0) return { worker, hostname };
    if (bypassed) {
      throw problem(
        404,
        "No origin",
        `The route ${bypassed.pattern} bypasses Workers for ${hostname}${target}, and the local cloud has no origin behind it.`
      );
    }
    throw problem(
      404,
      "No Worker here",
      `No route or domain matches ${hostname}${target}. Known: ${this.known().join(", ") || "none"}. On loopback, choose one with the header X-Local-Host.`,
      { hosts: this.known() }
    );
  }
  #hostname(hostname, localHost) {
    if (localHost !== void 0) return hostnameOf(localHost.trim());
    if (this.#domains.has(hostname)) return hostname;
    if (hostname.endsWith(".localhost")) return hostname.slice(0, -".localhost".length);
    return LOOPBACK.test(hostname) && this.#fallback !== void 0 ? this.#fallback : hostname;
  }
};
function exampleHost(route2) {
  if (!route2.wildcardHost) return route2.host;
  return route2.host.startsWith(".") ? `www${route2.host}` : route2.host;
}

// src/gateway/front-cache.ts
import http3 from "node:http";
import { Readable } from "node:stream";

// src/core/cache/body.ts
var STALL_MS = 2e4;
var ISOLATE_BYTES = 32 * 1024 * 1024;
var heldByAll = 0;
async function within(promise, ms) {
  let timer;
  try {
    return await Promise.race([
      promise,
      new Promise((resolve) => {
        timer = setTimeout(resolve, ms, "timeout");
      })
    ]);
  } finally {
    clearTimeout(timer);
  }
}
function signal() {
  let fire = () => {
  };
  const promise = new Promise((resolve) => {
    fire = resolve;
  });
  return { promise, fire };
}
var SharedBody = class _SharedBody {
  /**
   * @param limit bytes that are held whole; a body beyond that is only streamed, through a window of `window` bytes
   * @param window bytes held for readers of a body over the limit
   */
  constructor(limit, window) {
    this.limit = limit;
    this.window = window;
  }
  limit;
  window;
  /** Bytes received. */
  size = 0;
  state = "open";
  error;
  /** The end of the pump. */
  finished;
  /** True while every byte from the first is still held, so that a reader may start. */
  whole = true;
  /** Called once, before bytes are let go: the last moment at which a reader may start. */
  onOverflow;
  #chunks = [];
  #first = 0;
  #held = 0;
  #readers = /* @__PURE__ */ new Set();
  #more = signal();
  #room;
  #joined;
  static of(bytes) {
    const body = new _SharedBody(bytes.byteLength, bytes.byteLength);
    if (bytes.byteLength > 0) body.#chunks.push(new Uint8Array(bytes));
    body.size = bytes.byteLength;
    body.state = "done";
    return body;
  }
  get failed() {
    return this.state === "failed";
  }
  /** Reads the source to its end. Runs in the leader's context; never throws. */
  async pump(source, expected) {
    const reader = source.getReader();
    try {
      for (; ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        this.#push(value);
        if (this.whole && (this.size > this.limit || this.size > this.window && heldByAll > ISOLATE_BYTES)) {
          this.onOverflow?.();
          this.whole = false;
        }
        if (!this.whole) {
          await this.#makeRoom();
          if (this.#readers.size === 0) throw new Error("Nobody reads this response any more.");
        }
      }
      if (expected !== void 0 && expected !== this.size) {
        throw new Error(`The origin announced ${expected} bytes and sent ${this.size}.`);
      }
      this.state = "done";
    } catch (error) {
      this.state = "failed";
      this.error = error;
      reader.cancel(error).catch(() => {
      });
    }
    this.#more.fire();
  }
  #push(chunk) {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.size += chunk.byteLength;
    this.#hold(chunk.byteLength);
    const more = this.#more;
    this.#more = signal();
    more.fire();
  }
  #hold(bytes) {
    this.#held += bytes;
    heldByAll += bytes;
  }
  /** Lets go of what every reader has, and waits until what is left fits the window. */
  async #makeRoom() {
    for (; ; ) {
      let slowest = Number.POSITIVE_INFINITY;
      for (const position of this.#readers) slowest = Math.min(slowest, position.next);
      while (this.#chunks.length > 0 && this.#first < slowest) {
        this.#hold(-this.#chunks.shift().byteLength);
        this.#first++;
      }
      if (this.#held <= this.window || this.#readers.size === 0) return;
      this.#room = signal();
      if (await within(this.#room.promise, STALL_MS) === "timeout") {
        for (const position of this.#readers) {
          if (position.next > slowest) continue;
          position.dropped = true;
          this.#readers.delete(position);
        }
      }
      this.#room = void 0;
    }
  }
  /** Releases what is held. Readers that are under way keep what they have not read yet. */
  release() {
    heldByAll -= this.#held;
    this.#held = 0;
  }
  /** The whole body, once it is done; undefined where its start was let go. */
  bytes() {
    if (this.state !== "done" || !this.whole) return void 0;
    if (this.#joined) return this.#joined;
    const only = this.#chunks[0];
    if (this.#chunks.length === 1 && only && only.byteLength === only.buffer.byteLength) {
      return only.buffer;
    }
    const joined = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#joined = joined.buffer;
    return joined.buffer;
  }
  /** A stream of the body from its first byte. Belongs to the request that made it. */
  stream() {
    const position = { next: 0, dropped: false };
    this.#readers.add(position);
    return new ReadableStream(
      {
        pull: async (controller) => {
          for (; ; ) {
            if (position.dropped) throw new Error("This client read too slowly.");
            const chunk = this.#chunks[position.next - this.#first];
            if (chunk) {
              position.next++;
              this.#room?.fire();
              controller.enqueue(chunk);
              return;
            }
            if (this.state === "done") {
              this.#readers.delete(position);
              controller.close();
              return;
            }
            if (this.state === "failed") {
              this.#readers.delete(position);
              throw this.error;
            }
            if (await within(this.#more.promise, STALL_MS) === "timeout") {
              throw new Error(`The origin sent nothing for ${STALL_MS / 1e3} s.`);
            }
          }
        },
        cancel: () => {
          this.#readers.delete(position);
          this.#room?.fire();
        }
      },
      { highWaterMark: 0 }
    );
  }
};

// src/core/cache/dates.ts
var MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
var IMF = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/i;
var RFC850 = /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/i;
var ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i;
function parseDate(text, now) {
  if (text === null) return void 0;
  const value = text.trim();
  let match = IMF.exec(value);
  if (match) return utc(match[3], match[2], match[1], match[4], match[5], match[6]);
  match = RFC850.exec(value);
  if (match) {
    const current = new Date(now).getUTCFullYear();
    let year = current - current % 100 + Number(match[3]);
    if (year > current + 50) year -= 100;
    return utc(String(year), match[2], match[1], match[4], match[5], match[6]);
  }
  match = ASCTIME.exec(value);
  if (match) return utc(match[6], match[1], match[2], match[3], match[4], match[5]);
  return void 0;
}
function utc(year, name, day, hour, minute, second) {
  const month = MONTHS.indexOf(name.toLowerCase());
  const d = Number(day);
  const h = Number(hour);
  const m = Number(minute);
  const s = Number(second);
  if (month < 0 || month % 3 !== 0 || d < 1 || d > 31 || h > 23 || m > 59 || s > 60) return void 0;
  return Date.UTC(Number(year), month / 3, d, h, m, s);
}

// src/core/cache/lists.ts
function splitList(text) {
  return text.match(/(?:[^,"]|"(?:\\.|[^"\\])*(?:"|$))+/g)?.map((part) => part.trim()).filter(Boolean) ?? [];
}

// src/core/cache/entry.ts
function bodyless(status2) {
  return status2 === 204 || status2 === 205 || status2 === 304;
}
var UNSTORED = /^(connection|keep-alive|proxy-(authenticate|authentication-info|authorization|connection)|te|trailer|transfer-encoding|upgrade|set-cookie2?|age|x-cache)$/;
var MAX_HEADER_BYTES = 16 * 1024;
function storedHeaders(headers, omit, unstored) {
  const left = [...splitList(headers.get("connection")?.toLowerCase() ?? ""), ...omit, ...unstored];
  const kept = [];
  let bytes = 0;
  for (const [name, value] of headers) {
    if (UNSTORED.test(name) || left.some((rule) => rule.endsWith("-") ? name.startsWith(rule) : name === rule))
      continue;
    bytes += name.length + value.length;
    kept.push([name, value]);
  }
  return bytes > MAX_HEADER_BYTES ? void 0 : kept;
}
function header(meta, name) {
  for (const pair2 of meta.headers) if (pair2[0] === name) return pair2[1];
  return null;
}
function age(meta, now) {
  return Math.max(0, Math.floor(meta.initialAge + (now - meta.responseTime) / 1e3));
}
var RETENTION_S = 30 * 86400;
var VALIDATION_S = 86400;
function retention(meta, now) {
  const validator = header(meta, "etag") !== null || header(meta, "last-modified") !== null;
  const after = Math.max(meta.staleWhileRevalidate, meta.staleIfError, validator ? VALIDATION_S : 60);
  return Math.min(RETENTION_S, Math.ceil(Math.max(0, meta.freshUntil - now) / 1e3) + after);
}
function toAscii(value) {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}
function pack(value, body) {
  const head = new TextEncoder().encode(JSON.stringify(value));
  const packed = new Uint8Array(4 + head.length + (body?.byteLength ?? 0));
  new DataView(packed.buffer).setUint32(0, head.length);
  packed.set(head, 4);
  if (body) packed.set(new Uint8Array(body), 4 + head.length);
  return packed.buffer;
}
function unpack(bytes) {
  if (bytes.byteLength < 4) return void 0;
  const length = new DataView(bytes).getUint32(0);
  if (4 + length > bytes.byteLength) return void 0;
  const value = parseValue(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  return value && { value, body: bytes.slice(4 + length) };
}
function parseValue(text) {
  if (text === null) return void 0;
  try {
    const value = JSON.parse(text);
    return value.kind === "entry" || value.kind === "index" ? value : void 0;
  } catch {
    return void 0;
  }
}

// src/core/cache/conditional.ts
function opaque(tag) {
  const text = tag.replace(/^W\//, "");
  return text.startsWith('"') ? text : `"${text}"`;
}
function notModified(meta, headers, now) {
  if (meta.status !== 200) return false;
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    const etag = header(meta, "etag");
    if (noneMatch.trim() === "*") return true;
    return etag !== null && splitList(noneMatch).some((tag) => opaque(tag) === opaque(etag));
  }
  const since = parseDate(headers.get("if-modified-since"), now);
  if (since === void 0) return false;
  const modified = parseDate(header(meta, "last-modified") ?? header(meta, "date"), now) ?? meta.responseTime;
  return modified <= since;
}
function parseRange(text, total) {
  if (text === null) return void 0;
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(text);
  if (!match || match[1] === "" && match[2] === "") return void 0;
  if (match[1] === "") {
    const length = Math.min(Number(match[2]), total);
    return length === 0 ? null : { start: total - length, end: total - 1 };
  }
  const start2 = Number(match[1]);
  const end2 = match[2] === "" ? total - 1 : Math.min(Number(match[2]), total - 1);
  if (match[2] !== "" && Number(match[2]) < start2) return void 0;
  return start2 >= total ? null : { start: start2, end: end2 };
}
function ifRange(meta, headers, now) {
  const condition = headers.get("if-range");
  if (condition === null) return true;
  const value = condition.trim();
  if (value.startsWith('"')) return header(meta, "etag") === value;
  if (value.startsWith("W/")) return false;
  const modified = header(meta, "last-modified");
  const then = parseDate(modified, now);
  const date = parseDate(header(meta, "date"), now);
  return modified !== null && modified === value && then !== void 0 && date !== void 0 && date - then >= 6e4;
}
function parseContentRange(text) {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(text?.trim() ?? "");
  if (!match) return void 0;
  const [start2, end2, total] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return start2 <= end2 && end2 < total ? { start: start2, end: end2, total } : void 0;
}
function strongTag(etag) {
  return etag?.startsWith('"') ? etag : void 0;
}

// src/core/cache/key.ts
var ESCAPE = /%([0-9a-f]{2})/gi;
var MAX_NAMES = 4096;
var MAX_NAME = 512;
function normaliseEscapes(text) {
  if (!text.includes("%")) return text;
  return text.replace(ESCAPE, (whole2, hex) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(char) ? char : whole2.toUpperCase();
  });
}
function normalisePath(path) {
  const decoded = normaliseEscapes(path);
  if (!/\/\.{1,2}(\/|$)/.test(decoded)) return decoded;
  return new URL(decoded, "http://localhost").pathname;
}
function keyQuery(search, policy) {
  if (search === "" || search === "?" || policy.query === "none") return "";
  const text = normaliseEscapes(search.slice(1));
  if (policy.mode !== "override" && policy.query === "all") return `?${text}`;
  const pairs = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const name = part.split("=", 1)[0];
    if (policy.query !== "all" && policy.queryNames.has(plain(name)) !== (policy.query === "include")) continue;
    pairs.push([name, part]);
  }
  if (policy.mode === "override") pairs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return pairs.length > 0 ? `?${pairs.map(([, part]) => part).join("&")}` : "";
}
function plain(name) {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
function named(sent, policy) {
  let found = policy.names.get(sent);
  if (found !== void 0) return found;
  const { protocol, host, pathname, search } = new URL(sent);
  const rest = normalisePath(pathname) + keyQuery(search, policy);
  const url = `${protocol}//${host}${rest}`;
  found = { url, key: `${policy.name}|${policy.mode}|${policy.host ? url : `${protocol}//*${rest}`}` };
  if (sent.length > MAX_NAME) return found;
  if (policy.names.size >= MAX_NAMES) policy.names.clear();
  policy.names.set(sent, found);
  return found;
}
var normaliseUrl = (url, policy) => named(url, policy).url;
function primaryKey(key, headers, policy, ctx) {
  if (policy.keyedByUrl) return key;
  const parts = [key];
  for (const name of policy.headers) parts.push(`${name}:${encode(headers.get(name))}`);
  if (policy.cookies.length > 0) {
    const jar = parseCookies(headers.get("cookie"));
    for (const name of policy.cookies) parts.push(`cookie ${name}:${encode(jar.get(name)?.join(";") ?? null)}`);
  }
  if (policy.country) parts.push(`country:${ctx.country ?? ""}`);
  if (policy.region) parts.push(`region:${ctx.region ?? ""}`);
  return parts.join("|");
}
function encode(value) {
  return value === null ? "" : `=${value.replace(/[%|:\n]/g, (char) => encodeURIComponent(char))}`;
}
function parseCookies(header2) {
  const jar = /* @__PURE__ */ new Map();
  for (const part of header2?.split(";") ?? []) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    const values = jar.get(name);
    if (values) values.push(value);
    else jar.set(name, [value]);
  }
  return jar;
}
var OVERRIDE = /^(forwarded|x-(forwarded-(?!for$|proto$).*|host|original-(host|url)|rewrite-url|http-(host|method)-override|http-method|method-override))$/;
var BODY = /^(content-(length|type|encoding)|transfer-encoding)$/;
function forwardHeaders(request, policy) {
  const headers = new Headers(request.headers);
  const kept = (name) => policy.headers.includes(name) || policy.vary.includes(name);
  for (const name of [...headers.keys()]) {
    if (OVERRIDE.test(name) && !kept(name) || BODY.test(name)) headers.delete(name);
  }
  if (policy.mode === "override" && headers.has("cookie") && !kept("cookie")) {
    const jar = parseCookies(headers.get("cookie"));
    const keyed = policy.cookies.flatMap((name) => (jar.get(name) ?? []).map((value) => `${name}=${value}`));
    if (keyed.length > 0) headers.set("cookie", keyed.join("; "));
    else headers.delete("cookie");
  }
  return headers;
}

// src/core/cache/directives.ts
var NONE = /* @__PURE__ */ new Map();
var MAX_SECONDS = 2147483648;
function parseCacheControl(text) {
  if (!text) return NONE;
  const found = /* @__PURE__ */ new Map();
  for (const part of splitList(text)) {
    const [, raw, value] = /^([^=]*)(?:=(.*))?$/s.exec(part);
    const name = raw.trim().toLowerCase();
    if (name && !found.has(name)) found.set(name, value === void 0 ? true : argument(value, raw));
  }
  return found;
}
function argument(value, name) {
  if (name !== name.trim() || value !== value.trim()) return " ";
  if (value.length > 1 && value[0] === '"' && value.endsWith('"')) return value.slice(1, -1).replace(/\\(.)/g, "$1");
  return value;
}
function seconds(directives, name) {
  const value = directives.get(name);
  if (value === void 0) return void 0;
  if (value === true || !/^\d+$/.test(value)) return 0;
  return Math.min(Number(value), MAX_SECONDS);
}
function fieldNames(directives, name) {
  const value = directives.get(name);
  if (value === void 0 || value === true) return void 0;
  const names = splitList(value.toLowerCase()).filter((part) => /^[!#$%&'*+.^_`|~\w-]+$/.test(part));
  return names.length > 0 ? names : void 0;
}
function whole(directives, name) {
  return directives.has(name) && fieldNames(directives, name) === void 0;
}

// src/core/cache/outgoing.ts
var OURS = ["cache-tag", "surrogate-key", "surrogate-control"];
function browserCacheControl(policy, error) {
  if (policy.browserTtl === null) return void 0;
  if (error !== void 0) return `public, max-age=${Math.min(policy.browserTtl, error)}`;
  const parts = ["public", `max-age=${policy.browserTtl}`];
  if (policy.staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${policy.staleWhileRevalidate}`);
  if (policy.staleIfError > 0) parts.push(`stale-if-error=${policy.staleIfError}`);
  if (policy.immutable) parts.push("immutable");
  return parts.join(", ");
}
function toClient(headers, status2, policy, targeted) {
  for (const name of OURS) headers.delete(name);
  for (const name of targeted) if (policy.mode === "override" || name !== "cdn-cache-control") headers.delete(name);
  if (policy.vary.length > 0) {
    const present = (headers.get("vary") ?? "").toLowerCase().split(/\s*,\s*/);
    for (const name of policy.vary) if (!present.includes(name)) headers.append("vary", name);
  }
  if (policy.mode === "override") {
    const error = status2 === 404 || status2 === 410;
    const text = browserCacheControl(policy, error ? policy.errorTtl : void 0);
    if (text !== void 0 && (error || policy.statuses.has(status2 === 206 ? 200 : status2))) {
      headers.set("cache-control", text);
      headers.delete("expires");
      headers.delete("pragma");
    }
  } else if (policy.browserTtl !== null) {
    const text = headers.get("cache-control");
    const age2 = seconds(parseCacheControl(text), "max-age");
    if (text !== null && age2 !== void 0 && age2 > policy.browserTtl) {
      headers.set("cache-control", text.replace(/(^|[\s,])max-age\s*=\s*"?\d+"?/i, `$1max-age=${policy.browserTtl}`));
    }
  }
}
function tagsOf(headers, policy) {
  const tags = new Set(policy.tags);
  for (const tag of headers.get("cache-tag")?.split(",") ?? []) if (tag.trim()) tags.add(tag.trim());
  for (const tag of headers.get("surrogate-key")?.split(" ") ?? []) if (tag.trim()) tags.add(tag.trim());
  return [...tags];
}
function toPlatform(headers, ttl, meta, field = "cdn-cache-control") {
  const parts = ["public", `max-age=${Math.max(0, Math.floor(ttl))}`];
  if (meta.noCache) parts.push("no-cache");
  if (meta.mustRevalidate) parts.push("must-revalidate");
  if (meta.staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${meta.staleWhileRevalidate}`);
  parts.push(`stale-if-error=${meta.staleIfError}`);
  headers.set(field, parts.join(", "));
  if (meta.tags.length > 0) headers.set("cache-tag", meta.tags.join(","));
}

// src/core/cache/parts.ts
function completable(entry) {
  const range = entry?.meta.range;
  return range?.start === 0 && strongTag(header(entry.meta, "etag")) ? range : void 0;
}
function completes(meta, headers) {
  const rest = parseContentRange(headers.get("content-range"));
  return rest !== void 0 && rest.start === (meta.range?.end ?? 0) + 1 && rest.end === rest.total - 1 && rest.total === meta.range?.total && headers.get("etag") === header(meta, "etag");
}
function combine(stored, meta, bytes) {
  let range = meta.range;
  let body = bytes;
  const old = stored?.meta.range;
  const tag = strongTag(header(meta, "etag"));
  if (old && stored?.body instanceof ArrayBuffer && tag !== void 0 && tag === header(stored.meta, "etag") && old.total === range.total && old.start <= range.end + 1 && range.start <= old.end + 1) {
    const start2 = Math.min(old.start, range.start);
    const end2 = Math.max(old.end, range.end);
    const joined = new Uint8Array(end2 - start2 + 1);
    joined.set(new Uint8Array(stored.body), old.start - start2);
    joined.set(new Uint8Array(bytes), range.start - start2);
    range = { start: start2, end: end2, total: range.total };
    body = joined.buffer;
  }
  const whole2 = body.byteLength === range.total;
  return {
    meta: { ...meta, range: whole2 ? void 0 : range, status: whole2 ? 200 : meta.status, length: body.byteLength },
    body
  };
}

// src/core/cache/policy.ts
var KV_VALUE_BYTES = 25 * 1024 * 1024;
var STATUSES = [200, 203, 204, 300, 301, 308, 404, 410];
var known = /* @__PURE__ */ new WeakMap();
function compile2(spec) {
  let policy = known.get(spec);
  if (policy === void 0) {
    policy = make(spec);
    known.set(spec, policy);
  }
  return policy;
}
function make(spec) {
  const { memory, edge = {}, kv } = spec.tiers ?? {};
  const key = spec.key ?? {};
  const lower = (names) => (names ?? []).map((name) => name.toLowerCase()).sort();
  const headers = lower(key.headers);
  const cookies = [...key.cookies ?? []].sort();
  const platform = spec.engine === "platform";
  return {
    name: spec.name,
    mode: spec.mode ?? "override",
    platform,
    edgeTtl: spec.edge_ttl_s ?? null,
    edgeJitter: pair(spec.edge_jitter_s),
    browserTtl: spec.browser_ttl_s ?? null,
    staleWhileRevalidate: spec.stale_while_revalidate_s ?? 0,
    staleIfError: spec.stale_if_error_s ?? 0,
    immutable: spec.immutable ?? false,
    statuses: new Set(spec.statuses ?? STATUSES),
    errorTtl: spec.error_ttl_s ?? 0,
    memory: memory ? {
      maxBytes: memory.max_bytes ?? 16 * 1024 * 1024,
      maxObjectBytes: memory.max_object_bytes ?? 1024 * 1024,
      ceiling: memory.ttl_ceiling_s ?? Number.POSITIVE_INFINITY
    } : null,
    // With the platform's own cache in front, a second copy in the same data centre only takes room.
    edge: edge && !platform ? { ceiling: edge.ttl_ceiling_s ?? Number.POSITIVE_INFINITY } : null,
    kv: kv ? {
      binding: kv.binding,
      ttl: kv.ttl_s,
      jitter: pair(kv.jitter_s),
      maxObjectBytes: Math.min(kv.max_object_bytes ?? KV_VALUE_BYTES, KV_VALUE_BYTES)
    } : null,
    query: key.query ?? "all",
    queryNames: new Set(key.query_names ?? []),
    headers,
    cookies,
    country: key.country ?? false,
    region: key.region ?? false,
    host: key.host ?? true,
    vary: lower(spec.vary),
    tags: [...spec.tags ?? []],
    keyedByUrl: headers.length === 0 && cookies.length === 0 && !key.country && !key.region,
    names: /* @__PURE__ */ new Map()
  };
}
function pair(range) {
  return range ? [Number(range[0]), Number(range[1])] : null;
}
function draw(range, ctx) {
  return range[0] + Math.floor(ctx.random() * (range[1] - range[0] + 1));
}

// src/core/cache/purge.ts
var KV_CHECK_MS = 3e4;
var KV_PROPAGATION_MS = 6e4;
var INTERNAL = "https://cache.edgewright.invalid/";
var EDGE_URL = `${INTERNAL}purges`;
var KV_PREFIX = "purge:";
var MAX_MARKERS = 1e3;
function schemeless(url) {
  return url.slice(url.indexOf("//"));
}
async function attempt3(ctx, fault2, work, fallback) {
  try {
    return await work;
  } catch (error) {
    ctx.warn?.(`${fault2}: ${String(error)}`);
    return fallback;
  }
}
var Purges = class {
  constructor(checkMs) {
    this.checkMs = checkMs;
  }
  checkMs;
  /** Grows with each change, so that what was held against one state need not be again. */
  version = 0;
  #markers = [];
  #index = /* @__PURE__ */ new Map();
  #edgeAt = Number.NEGATIVE_INFINITY;
  #kvAt = Number.NEGATIVE_INFINITY;
  #kvSeen = /* @__PURE__ */ new Set();
  due(now) {
    return now - this.#edgeAt >= this.checkMs;
  }
  /** Reads the markers of the shared tiers where it is time to. A store that fails leaves what is known. */
  async refresh(ctx, stores) {
    const now = ctx.now();
    this.#edgeAt = now;
    const work = [];
    if (ctx.edgeCache) work.push(this.#readEdge(ctx));
    if (stores.length > 0 && now - this.#kvAt >= KV_CHECK_MS) {
      this.#kvAt = now;
      for (const store of stores) work.push(this.#readKv(store));
    }
    await Promise.all(work.map((one) => attempt3(ctx, "Purge markers could not be read", one, void 0)));
  }
  async #readEdge(ctx) {
    const response = await ctx.edgeCache?.match(EDGE_URL);
    if (response) this.add(await response.json());
  }
  async #readKv(store) {
    for (const name of await store.list?.(KV_PREFIX) ?? []) {
      if (this.#kvSeen.has(name)) continue;
      const bytes = await store.get(name);
      if (!bytes) continue;
      this.#kvSeen.add(name);
      this.add(JSON.parse(new TextDecoder().decode(bytes)));
    }
  }
  add(markers) {
    for (const marker of markers) {
      const name = `${marker.soft ? "soft" : "hard"} ${marker.type} ${marker.value}`;
      const known2 = this.#index.get(name);
      if (known2 && known2.time >= marker.time) continue;
      this.#index.set(name, marker);
      this.version++;
    }
    this.#compact();
  }
  /** What an earlier purge of everything covers is dropped; over the limit, the oldest become one of everything. */
  #compact() {
    let epoch = this.#index.get("hard everything ");
    if (this.#index.size > MAX_MARKERS) {
      const times = [...this.#index.values()].map((marker) => marker.time).sort((a, b) => a - b);
      const time = times[times.length - MAX_MARKERS / 2];
      epoch = { type: "everything", value: "", time: Math.max(time, epoch?.time ?? 0), soft: false };
      this.#index.set("hard everything ", epoch);
    }
    if (epoch) {
      for (const [name, marker] of this.#index)
        if (marker !== epoch && marker.time <= epoch.time) this.#index.delete(name);
    }
    this.#markers = [...this.#index.values()];
  }
  /** Writes markers where others find them. Returns how many places took them. */
  async publish(markers, ctx, stores) {
    this.add(markers);
    const edge = async () => {
      if (!ctx.edgeCache) return 0;
      await this.#readEdge(ctx);
      await ctx.edgeCache.put(
        EDGE_URL,
        new Response(JSON.stringify(this.#markers), {
          headers: { "content-type": "application/json", "cache-control": `public, max-age=${RETENTION_S + 86400}` }
        })
      );
      return markers.length;
    };
    const kv = async (store) => {
      if (!store.list) return 0;
      const name = `${KV_PREFIX}${markers[0]?.time}:${Math.floor(ctx.random() * 1e15).toString(36)}`;
      this.#kvSeen.add(name);
      const bytes = new TextEncoder().encode(JSON.stringify(markers));
      await store.put(name, bytes.buffer, { expirationTtl: RETENTION_S + 86400 });
      return markers.length;
    };
    const counted = (one) => attempt3(ctx, "A purge marker could not be written", one, 0);
    const [inEdge, ...inKv] = await Promise.all([counted(edge()), ...stores.map((store) => counted(kv(store)))]);
    return { edge: inEdge ?? 0, kv: inKv.reduce((sum, count) => sum + count, 0) };
  }
  /** What the markers make of an entry: void, stale, or nothing. */
  judge(meta) {
    let found;
    for (const marker of this.#markers) {
      if (meta.requestTime > marker.time || !covers(marker, meta)) continue;
      if (!marker.soft) return "hard";
      found = "soft";
    }
    return found;
  }
};
function covers(marker, meta) {
  switch (marker.type) {
    case "everything":
      return true;
    case "url":
      return schemeless(meta.url) === marker.value;
    case "tag":
      return meta.tags.includes(marker.value);
    case "prefix": {
      const url = schemeless(meta.url).split("?", 1)[0];
      const target = marker.value.startsWith("//") ? url : url.slice(url.indexOf("/", 2));
      const prefix = marker.value.endsWith("/") ? marker.value : `${marker.value}/`;
      return target === marker.value || target.startsWith(prefix);
    }
  }
}
function markersOf(request, time, forms) {
  const soft = request.soft ?? false;
  const markers = [];
  if (request.everything) markers.push({ type: "everything", value: "", time, soft });
  for (const url of request.urls ?? []) {
    for (const value of new Set(forms(url).map(schemeless))) markers.push({ type: "url", value, time, soft });
  }
  for (const prefix of request.prefixes ?? []) {
    const value = prefix.startsWith("/") ? normalisePath(prefix) : prefixOf(new URL(prefix));
    markers.push({ type: "prefix", value, time, soft });
  }
  for (const value of request.tags ?? []) markers.push({ type: "tag", value, time, soft });
  return markers;
}
var prefixOf = (url) => `//${url.host}${normalisePath(url.pathname)}`;

// src/core/cache/reuse.ts
var ANY = {
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAge: void 0,
  minFresh: void 0,
  maxStale: void 0
};
function requestDirectives(headers) {
  const text = headers.get("cache-control");
  if (text === null) {
    const pragma2 = headers.get("pragma");
    return pragma2 !== null && parseCacheControl(pragma2).has("no-cache") ? { ...ANY, noCache: true } : ANY;
  }
  const cc = parseCacheControl(text);
  return {
    noCache: cc.has("no-cache"),
    noStore: cc.has("no-store"),
    onlyIfCached: cc.has("only-if-cached"),
    maxAge: seconds(cc, "max-age"),
    minFresh: seconds(cc, "min-fresh"),
    maxStale: cc.get("max-stale") === true ? Number.POSITIVE_INFINITY : seconds(cc, "max-stale")
  };
}
function reuse(meta, request, now, soft) {
  if (meta.noCache || request.noCache) return "validate";
  if (request.maxAge !== void 0 && age(meta, now) > request.maxAge) return "validate";
  const left = soft ? Math.min(meta.freshUntil - now, 0) : meta.freshUntil - now;
  if (left > 0 && left >= (request.minFresh ?? 0) * 1e3) return "hit";
  if (request.minFresh !== void 0) return "validate";
  const staleness = -left / 1e3;
  if (soft) return meta.mustRevalidate ? "validate" : "revalidate-behind";
  if (staleness <= meta.staleWhileRevalidate && meta.staleWhileRevalidate > 0) return "revalidate-behind";
  if (request.maxStale !== void 0 && !meta.mustRevalidate && staleness <= request.maxStale) return "hit";
  return "validate";
}
function usableOnError(meta, now, disconnected, allowDisconnected, soft = false) {
  if (meta.noCache) return false;
  const staleness = soft ? 0 : (now - meta.freshUntil) / 1e3;
  if (staleness <= meta.staleIfError && meta.staleIfError > 0) return true;
  return disconnected && allowDisconnected && !meta.mustRevalidate;
}
function addValidators(meta, headers) {
  const etag = header(meta, "etag");
  const modified = header(meta, "last-modified");
  if (etag !== null) headers.set("if-none-match", etag);
  if (modified !== null) headers.set("if-modified-since", modified);
  return etag !== null || modified !== null;
}

// src/core/cache/targeted.ts
var KEY = /[a-z*][a-z0-9_.*-]*/y;
var ITEM = /(-?(?:\d{1,12}\.\d{1,3}|\d{1,15}))(?![\d.])|"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*|:[\w+/=]*:|\?[01]|@-?\d{1,15}(?![\d.])|%"(?:[ !#$&-~]|%[0-9a-f]{2})*"/y;
var INNER = / */y;
var OWS = /[ \t]*/y;
var Reader = class {
  constructor(text) {
    this.text = text;
  }
  text;
  at = 0;
  take(pattern) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match?.[0];
  }
  eat(char) {
    const found = this.text[this.at] === char;
    if (found) this.at++;
    return found;
  }
  parameters() {
    while (this.eat(";")) {
      this.take(INNER);
      if (!this.take(KEY) || this.eat("=") && !this.take(ITEM)) return false;
    }
    return true;
  }
  innerList() {
    for (; ; ) {
      const space = this.take(INNER);
      if (this.eat(")")) return true;
      if (!space && this.text[this.at - 1] !== "(" || !this.take(ITEM) || !this.parameters()) return false;
    }
  }
};
function parseTargeted(text) {
  const reader = new Reader((text ?? "").replace(/^ +| +$/g, ""));
  const found = /* @__PURE__ */ new Map();
  for (; ; ) {
    const key = reader.take(KEY);
    if (!key) return void 0;
    let value = "?1";
    if (reader.eat("=")) value = reader.eat("(") ? reader.innerList() ? "()" : void 0 : reader.take(ITEM);
    if (!value || !reader.parameters()) return void 0;
    found.delete(key);
    if (/^\d+$/.test(value)) found.set(key, String(Math.min(Number(value), MAX_SECONDS)));
    else if (value === "?1") found.set(key, true);
    else if (value[0] === '"' && /^(private|no-cache)$/.test(key)) found.set(key, value.slice(1, -1));
    reader.take(OWS);
    if (reader.at >= reader.text.length) return found.size > 0 ? found : void 0;
    if (!reader.eat(",")) return void 0;
    reader.take(OWS);
  }
}

// src/core/cache/vary.ts
var MAX_FIELDS = 8;
var UNBOUNDED = /* @__PURE__ */ new Set([
  "cookie",
  "user-agent",
  "referer",
  "authorization",
  "x-forwarded-for",
  "cf-connecting-ip",
  "cf-ray",
  "x-request-id",
  "traceparent"
]);
function varyNames(vary, policy) {
  if (!vary && policy.vary.length === 0) return [];
  const names = new Set(policy.vary);
  for (const part of vary?.split(",") ?? []) {
    const name = part.trim().toLowerCase();
    if (name === "*") return null;
    if (name) names.add(name);
  }
  return [...names].sort();
}
function unbounded(names, policy) {
  if (names.length > MAX_FIELDS) return `${names.length} headers`;
  if (policy.mode !== "override") return void 0;
  return names.find((name) => UNBOUNDED.has(name) && !policy.headers.includes(name) && !policy.vary.includes(name));
}
function varyValues(names, headers) {
  return names.map((name) => `${name}${encode(normaliseValue(name, headers.get(name)))}`).join("|");
}
function normaliseValue(name, value) {
  if (value === null) return null;
  const parts = splitList(value);
  switch (name) {
    case "accept-encoding":
    case "accept-language":
    case "accept-charset": {
      const items = parts.map((part) => {
        const compact = part.toLowerCase().replace(/\s*([;=])\s*/g, "$1");
        return compact.replace(/;q=1(\.0{0,3})?$/, "");
      });
      return [...new Set(items)].sort().join(",");
    }
    default:
      return parts.join(",");
  }
}

// src/core/cache/store.ts
var HEURISTIC = /* @__PURE__ */ new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
var UNDERSTOOD = /* @__PURE__ */ new Set([
  200,
  203,
  204,
  206,
  300,
  301,
  302,
  303,
  307,
  308,
  400,
  401,
  403,
  404,
  405,
  410,
  414,
  500,
  501,
  502,
  503,
  504
]);
var HEURISTIC_PART = 0.1;
var HEURISTIC_MOST = 86400;
var no = (reason, warning) => ({ store: false, reason, warning });
function directivesFor(headers, targeted) {
  for (const name of targeted) {
    const cc = parseTargeted(headers.get(name));
    if (cc) return { cc, targeted: true };
  }
  return { cc: parseCacheControl(headers.get("cache-control")), targeted: false };
}
function initialAge(headers, requestTime, responseTime) {
  const date = parseDate(headers.get("date"), responseTime);
  const apparent = date === void 0 ? 0 : Math.max(0, Math.floor((responseTime - date) / 1e3));
  const delay = Math.max(0, responseTime - requestTime) / 1e3;
  return Math.max(apparent, parseAge(headers.get("age")) + delay);
}
function parseAge(text) {
  const match = text === null ? null : /^\s*(\d+)\s*(?:[;,]|$)/.exec(text);
  return match ? Math.min(Number(match[1]), 2147483648) : 0;
}
function lifetime(cc, targeted, status2, headers, responseTime) {
  const age2 = seconds(cc, "s-maxage") ?? seconds(cc, "max-age");
  if (age2 !== void 0) return { seconds: age2, explicit: true };
  const date = parseDate(headers.get("date"), responseTime) ?? responseTime;
  const expires = targeted ? null : headers.get("expires");
  if (expires !== null) {
    const at = parseDate(expires, responseTime);
    return { seconds: at === void 0 ? 0 : Math.max(0, Math.floor((at - date) / 1e3)), explicit: true };
  }
  const modified = parseDate(headers.get("last-modified"), responseTime);
  if (modified === void 0 || modified > date || !(HEURISTIC.has(status2) || cc.has("public"))) {
    return { seconds: 0, explicit: false };
  }
  const part = Math.floor((date - modified) / 1e3 * HEURISTIC_PART);
  return { seconds: Math.min(part, HEURISTIC_MOST), explicit: false };
}
function judge(exchange, policy, targetedFields) {
  const { method, status: status2, headers, responseTime } = exchange;
  if (policy.mode === "bypass") return no("bypass");
  if (method !== "GET" && method !== "POST") return no("method");
  if (status2 < 200 || status2 === 304 || status2 === 416) return no("status");
  if (exchange.noStore) return no("request-no-store");
  if (headers.has("set-cookie") || headers.has("set-cookie2")) return no("set-cookie");
  if (exchange.oversized && status2 >= 400) return no("oversized-request");
  const { cc, targeted } = directivesFor(headers, targetedFields);
  if (!UNDERSTOOD.has(status2) && cc.has("must-understand")) return no("must-understand");
  if (cc.has("no-store") && !cc.has("must-understand")) return no("no-store");
  if (whole(cc, "private")) return no("private");
  const names = varyNames(headers.get("vary"), policy);
  if (names === null) return no("vary", "Vary: * is never stored");
  const wide = unbounded(names, policy);
  if (wide !== void 0) return no("vary", `Vary on ${wide} would make about one entry a client: not stored`);
  const initial = initialAge(headers, exchange.requestTime, responseTime);
  const own = lifetime(cc, targeted, status2, headers, responseTime);
  const omit = [...fieldNames(cc, "private") ?? [], ...fieldNames(cc, "no-cache") ?? []];
  const store = (ttl2, age2, terms) => {
    const until = responseTime + (ttl2 - age2) * 1e3;
    return { store: true, omit, terms: { initialAge: initial, until, vary: names, ...terms } };
  };
  if (policy.mode === "override") {
    if (exchange.authorised) return no("authorization");
    if (method !== "GET") return no("method");
    const ttl2 = overrideTtl(status2, own, policy);
    if (ttl2 === void 0) return no("status");
    if (ttl2.seconds <= 0) return no("ttl");
    return store(ttl2.seconds, ttl2.explicit ? initial : 0, {
      staleWhileRevalidate: policy.staleWhileRevalidate,
      staleIfError: policy.staleIfError,
      mustRevalidate: false,
      noCache: false
    });
  }
  if (exchange.authorised && !["public", "s-maxage", "must-revalidate"].some((name) => cc.has(name))) {
    return no("authorization");
  }
  if (method === "POST" && !own.explicit) return no("method");
  if (!own.explicit && !cc.has("public") && !cc.has("private") && !HEURISTIC.has(status2)) return no("status");
  const ttl = Math.min(own.seconds, policy.edgeTtl ?? own.seconds);
  const noCache = whole(cc, "no-cache") || !own.explicit && pragma(headers);
  if ((noCache || ttl <= 0) && !headers.has("etag") && !headers.has("last-modified")) return no("no-freshness");
  const must = cc.has("must-revalidate") || cc.has("proxy-revalidate");
  const stale = (name, ceiling) => must ? 0 : Math.min(seconds(cc, name) ?? 0, ceiling || Number.POSITIVE_INFINITY);
  return store(ttl, initial, {
    staleWhileRevalidate: stale("stale-while-revalidate", policy.staleWhileRevalidate),
    staleIfError: stale("stale-if-error", policy.staleIfError),
    // s-maxage stands for proxy-revalidate too, but leaves the windows that the same response grants (RFC 5861).
    mustRevalidate: must || cc.has("s-maxage"),
    noCache
  });
}
function pragma(headers) {
  return /(^|,)\s*no-cache\s*(,|$)/i.test(headers.get("pragma") ?? "");
}
function overrideTtl(status2, own, policy) {
  if (status2 === 404 || status2 === 410) return { seconds: policy.errorTtl, explicit: false };
  const listed = status2 < 500 && (policy.statuses.has(status2) || status2 === 206 && policy.statuses.has(200));
  if (listed) {
    const edge = policy.edgeJitter?.[1] ?? policy.edgeTtl;
    const kv = policy.kv ? policy.kv.jitter?.[1] ?? policy.kv.ttl : null;
    if (edge !== null || kv !== null) return { seconds: Math.max(edge ?? 0, kv ?? 0), explicit: false };
  }
  if (!own.explicit) return void 0;
  return status2 >= 400 ? { seconds: Math.min(own.seconds, policy.errorTtl), explicit: true } : own;
}

// src/core/cache/streams.ts
function isStream(body) {
  return body instanceof ReadableStream;
}
function discard(body) {
  if (isStream(body) && !body.locked) body.cancel().catch(() => {
  });
}
function slice(body, from, length) {
  if (!isStream(body)) return body === null ? null : body.slice(from, from + length);
  let skip = from;
  let left = length;
  return body.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        const piece = chunk.subarray(skip, skip + left);
        skip = Math.max(0, skip - chunk.length);
        left -= piece.length;
        if (piece.length > 0) controller.enqueue(piece);
        if (left === 0) controller.terminate();
      }
    })
  );
}
function concat(first, rest) {
  return rest.pipeThrough(
    new TransformStream({
      start(controller) {
        controller.enqueue(new Uint8Array(first));
      }
    })
  );
}
async function toBytes(body) {
  return isStream(body) ? new Response(body).arrayBuffer() : body;
}

// src/core/cache/memory.ts
var Queue = class extends Map {
  bytes = 0;
  put(key, node) {
    this.set(key, node);
    this.bytes += node.size;
  }
  take(key) {
    const node = this.get(key);
    if (node) {
      this.delete(key);
      this.bytes -= node.size;
    }
    return node;
  }
  get oldest() {
    return this.keys().next().value;
  }
};
var SMALL_PART = 0.1;
var MAX_GHOSTS = 65536;
var Memory = class {
  constructor(maxBytes) {
    this.maxBytes = maxBytes;
  }
  maxBytes;
  #small = new Queue();
  #main = new Queue();
  /** Keys that left the small queue unused, with the bytes they had. */
  #ghosts = new Queue();
  get entries() {
    return this.#small.size + this.#main.size;
  }
  get bytes() {
    return this.#small.bytes + this.#main.bytes;
  }
  get(key) {
    const node = this.#main.get(key) ?? this.#small.get(key);
    if (!node) return void 0;
    if (node.uses < 3) node.uses++;
    return node.value;
  }
  set(key, value, size) {
    for (const queue of [this.#main, this.#small]) {
      const node = queue.get(key);
      if (!node) continue;
      queue.bytes += size - node.size;
      node.value = value;
      node.size = size;
      this.#evict();
      return;
    }
    if (size > this.maxBytes) return;
    (this.#ghosts.take(key) ? this.#main : this.#small).put(key, { value, size, uses: 0 });
    this.#evict();
  }
  delete(key) {
    this.#main.take(key);
    this.#small.take(key);
  }
  *[Symbol.iterator]() {
    for (const queue of [this.#main, this.#small]) for (const [key, node] of queue) yield [key, node.value];
  }
  #evict() {
    const [small, main, ghosts] = [this.#small, this.#main, this.#ghosts];
    while (this.bytes > this.maxBytes) {
      const queue = small.size > 0 && (small.bytes > this.maxBytes * SMALL_PART || main.size === 0) ? small : main;
      const key = queue.oldest;
      const node = queue.take(key);
      if (queue === main) {
        if (node.uses-- > 0) main.put(key, node);
      } else if (node.uses > 1) {
        main.put(key, { ...node, uses: 0 });
      } else {
        ghosts.put(key, { ...node, value: void 0 });
        while (ghosts.bytes > this.maxBytes || ghosts.size > MAX_GHOSTS) ghosts.take(ghosts.oldest);
      }
    }
  }
};

// src/core/cache/tiers.ts
var META = "x-edgewright-meta";
var MAX_META = 24 * 1024;
var KV_WRITE_MS = 1e3;
var KV_KEY_BYTES = 500;
var KV_PREFIX2 = "cache:";
var MAX_WRITES = 4096;
var MAX_READ = 1024;
function shorten(key) {
  let a = 3735928559;
  let b = 1103547991;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ a >>> 16, 2246822507) ^ Math.imul(b ^ b >>> 13, 3266489909);
  b = Math.imul(b ^ b >>> 16, 2246822507) ^ Math.imul(a ^ a >>> 13, 3266489909);
  return `#${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}:${key.length}`;
}
var edgeUrl = (key) => `${INTERNAL}e/${encodeURIComponent(key.length > 1500 ? `${key.slice(0, 200)}${shorten(key)}` : key)}`;
function kvKey(key) {
  const bytes = new TextEncoder().encode(key).length;
  return KV_PREFIX2 + (bytes > KV_KEY_BYTES ? `${encodeURIComponent(key).slice(0, 200)}${shorten(key)}` : key);
}
var Tiers = class {
  memory = new Memory(0);
  /** KV key -> when this isolate last wrote it (ms). */
  #writes = /* @__PURE__ */ new Map();
  /** Key -> the meta that the edge cache last had for it. */
  #read = /* @__PURE__ */ new Map();
  // --- reading ---
  read(tier, key, policy, ctx) {
    const work = tier === "edge" ? this.#fromEdge(key, ctx) : this.#fromKv(key, policy, ctx);
    return attempt3(ctx, `The tier ${tier} could not be read`, work, void 0);
  }
  async #fromEdge(key, ctx) {
    const response = await ctx.edgeCache?.match(edgeUrl(key));
    const text = response?.headers.get(META) ?? null;
    let known2 = this.#read.get(key);
    if (known2?.text !== text) {
      const value = parseValue(text);
      known2 = value && { text, held: hold(value, null) };
      if (this.#read.size >= MAX_READ) this.#read.clear();
      if (known2) this.#read.set(key, known2);
    }
    if (response && known2?.held.value.key === key) return { ...known2, value: known2.held.value, body: response.body };
    await response?.body?.cancel();
    return void 0;
  }
  async #fromKv(key, policy, ctx) {
    const bytes = await ctx.kv?.(policy.kv?.binding)?.get(kvKey(key));
    const found = bytes ? unpack(bytes) : void 0;
    return found?.value.key === key ? found : void 0;
  }
  // --- writing ---
  /** `ceiling`: freshness (s) that was drawn for the data centre's copies of this entry. */
  toMemory(value, body, policy, now, ceiling = Number.POSITIVE_INFINITY) {
    const tier = policy.memory;
    if (!tier) return void 0;
    const bytes = body?.byteLength ?? 0;
    if (bytes > tier.maxObjectBytes) {
      this.memory.delete(value.key);
      return void 0;
    }
    if (tier.maxBytes > this.memory.maxBytes) this.memory.maxBytes = tier.maxBytes;
    const copy = value.kind === "entry" ? limited(value, Math.min(tier.ceiling, ceiling), now) : value;
    const held = hold(copy, body);
    this.memory.set(value.key, held, bytes + weight(value));
    return held;
  }
  async toEdge(value, body, policy, ctx, ceiling = Number.POSITIVE_INFINITY) {
    if (!policy.edge || !ctx.edgeCache) return false;
    const now = ctx.now();
    const copy = value.kind === "entry" ? limited(value, Math.min(policy.edge.ceiling, ceiling), now) : value;
    const meta = toAscii(copy);
    if (meta.length > MAX_META) return false;
    const keep = copy.kind === "entry" ? retention(copy, now) : 30 * 86400;
    const response = new Response(body, {
      headers: { [META]: meta, "cache-control": `public, max-age=${keep}`, "content-type": "application/octet-stream" }
    });
    const put = ctx.edgeCache.put(edgeUrl(value.key), response).then(() => true);
    return attempt3(ctx, "The edge cache could not be written", put, false);
  }
  async toKv(value, body, policy, ctx) {
    const tier = policy.kv;
    const store = tier && ctx.kv?.(tier.binding);
    if (!store) return false;
    const now = ctx.now();
    const name = kvKey(value.key);
    const written = this.#writes.get(name);
    if (written !== void 0 && now - written < KV_WRITE_MS) return false;
    const lifetime2 = tier.jitter ? draw(tier.jitter, ctx) : tier.ttl;
    const copy = value.kind === "entry" ? limited(value, lifetime2, now) : value;
    if (copy.kind === "entry" && copy.freshUntil <= now && !copy.noCache) return false;
    const bytes = pack(copy, body);
    if (bytes.byteLength > tier.maxObjectBytes) return false;
    if (this.#writes.size >= MAX_WRITES) this.#writes.clear();
    this.#writes.set(name, now);
    const put = store.put(name, bytes, { expirationTtl: Math.max(60, tier.ttl, lifetime2) }).then(() => true);
    return attempt3(ctx, "KV could not be written", put, false);
  }
  /** Removes a slot everywhere that this isolate can reach. */
  async remove(key, policies, ctx) {
    this.memory.delete(key);
    const work = [];
    if (ctx.edgeCache) work.push(ctx.edgeCache.delete(edgeUrl(key)));
    const name = kvKey(key);
    this.#writes.delete(name);
    for (const binding of new Set(policies.flatMap((policy) => policy.kv?.binding ?? []))) {
      const store = ctx.kv?.(binding);
      if (store) work.push(store.delete(name));
    }
    await Promise.all(work.map((one) => attempt3(ctx, "An entry could not be removed", one, void 0)));
  }
};
function hold(value, body) {
  return { value, body, checked: -1, purged: void 0, ready: void 0, second: -1 };
}
function limited(meta, ceiling, now) {
  const freshUntil = Math.min(meta.until, now + ceiling * 1e3);
  return freshUntil === meta.freshUntil ? meta : { ...meta, freshUntil };
}
function edgeLifetime(meta, policy, ctx) {
  if (policy.mode !== "override" || !policy.statuses.has(meta.status === 206 ? 200 : meta.status)) {
    return Number.POSITIVE_INFINITY;
  }
  if (meta.status === 404 || meta.status === 410) return policy.errorTtl;
  if (policy.edgeJitter) return draw(policy.edgeJitter, ctx);
  return policy.edgeTtl ?? Number.POSITIVE_INFINITY;
}
function weight(value) {
  let bytes = 300 + value.key.length * 2 + value.url.length * 2;
  if (value.kind === "entry") for (const [name, text] of value.headers) bytes += 2 * (name.length + text.length) + 64;
  return bytes;
}

// src/core/cache/update.ts
var KEPT = /* @__PURE__ */ new Set(["content-length", "content-encoding", "content-range", "transfer-encoding"]);
function selectedBy304(meta, headers) {
  const etag = headers.get("etag");
  const stored = header(meta, "etag");
  if (etag !== null && stored !== null) {
    return etag.startsWith("W/") || stored.startsWith("W/") ? weak(etag) === weak(stored) : etag === stored;
  }
  return true;
}
var weak = (tag) => tag.replace(/^W\//, "");
function updatedHeaders(meta, fresh) {
  const headers = new Headers(meta.headers);
  for (const name of ["age", "date"]) headers.delete(name);
  for (const [name, value] of fresh) if (!KEPT.has(name) && name !== "set-cookie") headers.set(name, value);
  return headers;
}
function sameByHead(meta, fresh) {
  const differs = (name) => {
    const value = fresh.get(name);
    return value !== null && header(meta, name) !== null && value !== header(meta, name);
  };
  const length = fresh.get("content-length");
  if (length !== null && meta.length !== void 0 && Number(length) !== meta.length) return false;
  return !differs("etag") && !differs("last-modified") && !differs("content-length");
}
function isSafe(method) {
  return method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE";
}
function invalidated(url, status2, headers) {
  if (status2 < 200 || status2 > 399) return [];
  const urls = [url];
  for (const name of ["location", "content-location"]) {
    const value = headers.get(name);
    if (value === null) continue;
    try {
      const target = new URL(value, url);
      if (target.origin === new URL(url).origin && !urls.includes(target.href)) urls.push(target.href);
    } catch {
    }
  }
  return urls;
}

// src/core/cache/cache.ts
var JOIN_MS = 15e3;
var MAX_PASSES = 4096;
var OVERSIZED = 8192;
var ERRORS = [500, 502, 503, 504];
var UNSHARABLE = ["private", "no-store", "set-cookie", "authorization", "vary", "must-understand"];
var CONDITIONS = ["if-none-match", "if-modified-since"];
var RANGE = ["range", "if-range"];
var Query = class {
  constructor(head, policy, ctx, origin, whole2 = () => head) {
    this.policy = policy;
    this.ctx = ctx;
    this.origin = origin;
    const { method, headers, url } = head;
    const { url: normal, key } = named(url, policy);
    this.method = method;
    this.asked = headers;
    this.url = normal;
    this.key = primaryKey(key, headers, policy, ctx);
    this.directives = requestDirectives(headers);
    this.range = method === "GET" ? headers.get("range") : null;
    this.#whole = whole2;
  }
  policy;
  ctx;
  origin;
  key;
  url;
  method;
  /** As the client sent them; for looking at one by one. */
  asked;
  directives;
  range;
  #whole;
  /** The request itself: not for what a store may answer, because it may have to be made first. */
  get request() {
    return this.#whole();
  }
};
var Flight = class {
  constructor(url) {
    this.url = url;
  }
  url;
  settle;
  head = new Promise((resolve) => {
    this.settle = resolve;
  });
  /** An invalidation came while it was under way: what it brings is not stored. */
  void = false;
};
function createCache(options = {}) {
  return new EdgeCache(options);
}
var EdgeCache = class {
  #name;
  #targeted;
  #collapse;
  #hitForMiss;
  #unstored;
  #tiers = new Tiers();
  #flights = /* @__PURE__ */ new Map();
  /** Keys whose last response could not be shared -> until when (ms) requests go straight to the origin. */
  #passes = /* @__PURE__ */ new Map();
  #policies = /* @__PURE__ */ new Set();
  #purges;
  constructor(options) {
    const targeted = options.targetedFields ?? ["Cloudflare-CDN-Cache-Control", "CDN-Cache-Control"];
    this.#name = options.name ?? "edgewright";
    this.#targeted = targeted.map((name) => name.toLowerCase());
    this.#collapse = options.collapseMaxBytes ?? 4 * 1024 * 1024;
    this.#hitForMiss = options.hitForMissMs ?? 5e3;
    this.#unstored = ["x-origin-latency", "x-origin-failover", "server-timing", ...options.unstoredHeaders ?? []];
    this.#purges = new Purges(options.purgeCheckMs ?? 5e3);
    for (const spec of options.policies ?? []) this.#policies.add(compile2(spec));
  }
  stats() {
    return { entries: this.#tiers.memory.entries, bytes: this.#tiers.memory.bytes };
  }
  /** Not `async`: what memory has is answered in one go. */
  handle(head, spec, ctx, origin, whole2 = () => head) {
    const policy = spec && compile2(spec);
    const { method, headers } = head;
    if (policy) this.#policies.add(policy);
    if (method !== "GET" && method !== "HEAD") return this.#unsafe(whole2(), policy, ctx, origin);
    if (!policy || policy.mode === "bypass" || headers.has("upgrade") || headers.has("if-match") || headers.has("if-unmodified-since")) {
      return this.#bypass(origin(whole2()), "fwd=bypass");
    }
    if (policy.mode === "override" && headers.has("authorization")) {
      return this.#bypass(origin(whole2()), "fwd=request; detail=authorization");
    }
    const query = new Query(head, policy, ctx, origin, whole2);
    if (this.#purges.due(ctx.now())) {
      return this.#purges.refresh(ctx, this.#stores(ctx)).then(() => this.#answer(query, true));
    }
    const near = this.#near(query, query.key);
    if (near.decision === "hit" && this.#covers(near.entry?.meta, query)) {
      return this.#serve(query, near.entry);
    }
    return this.#answer(query, true, near);
  }
  async #bypass(answer, status2) {
    return this.#labelled(await answer, "BYPASS", status2);
  }
  // --- from the tiers ----------------------------------------------------------------------------------------------
  /** `join`: may wait for another request's answer. */
  async #answer(query, join5, near = this.#near(query, query.key)) {
    let found = near;
    if (found.decision !== "hit") found = await this.#far(query, found);
    const { entry, decision } = found;
    if (entry && this.#covers(entry.meta, query)) {
      if (decision === "hit") return this.#serve(query, entry);
      if (decision === "revalidate-behind") {
        const flightKey = this.#flightKey(query, found.slot);
        if (!this.#flights.has(flightKey)) {
          const kept = { ...entry, body: isStream(entry.body) ? void 0 : entry.body };
          const work = this.#lead(query, { ...found, entry: kept }, { forward: "stale", behind: true, flightKey });
          query.ctx.waitUntil(work.catch((error) => query.ctx.warn?.(`Revalidation failed: ${String(error)}`)));
        }
        return this.#serve(query, entry);
      }
    }
    if (query.directives.onlyIfCached) {
      const headers = new Headers({ "cache-control": "no-store" });
      return new Response(null, { status: 504, headers: this.#label(headers, "MISS", "fwd=request") });
    }
    return query.method === "HEAD" ? this.#head(query, found) : this.#fromOrigin(query, found, join5);
  }
  /** What isolate memory holds: at hand, nothing to wait for. */
  #near(query, slot, index) {
    const held = this.#tiers.memory.get(slot);
    if (!held) return { decision: "validate", index, slot };
    if (held.value.kind === "index") {
      if (index) return { decision: "validate", index, slot };
      return this.#near(query, this.#variant(query, held.value.names), held.value);
    }
    if (held.checked !== this.#purges.version) {
      held.checked = this.#purges.version;
      held.purged = this.#purges.judge(held.value);
      held.second = -1;
    }
    return this.#judged(query, slot, index, held.value, held.body, "memory", held.purged, held);
  }
  /** What the farther tiers hold, nearest first: the first that may be served, else the newest. */
  async #far(query, near) {
    const { policy, ctx } = query;
    let best = near;
    for (const tier of ["edge", "kv"]) {
      const found = policy[tier] ? await this.#tiers.read(tier, near.slot, policy, ctx) : void 0;
      if (!found) continue;
      const { value } = found;
      if (value.kind === "index") {
        if (near.index) continue;
        this.#tiers.toMemory(value, null, policy, ctx.now());
        if (tier === "kv") ctx.waitUntil(this.#tiers.toEdge(value, null, policy, ctx));
        discard(best.entry?.body);
        const variant = this.#near(query, this.#variant(query, value.names), value);
        return variant.decision === "hit" ? variant : this.#far(query, variant);
      }
      const purged = this.#purges.judge(value);
      const one = this.#judged(query, near.slot, near.index, value, found.body, tier, purged, found.held);
      const newer = one.entry && (!best.entry || value.responseTime > best.entry.meta.responseTime);
      if (one.decision !== "hit" && !newer) {
        discard(found.body);
        continue;
      }
      discard(best.entry?.body);
      best = one;
      if (one.decision === "hit") return { ...one, entry: await this.#promote(query, one.entry) };
    }
    return best;
  }
  #judged(query, slot, index, meta, body, tier, purged, held) {
    if (purged === "hard" || index && meta.requestTime < index.born) return { decision: "validate", index, slot };
    const soft = purged === "soft";
    const decision = reuse(meta, query.directives, query.ctx.now(), soft);
    return { entry: { meta, body, tier, soft, held }, decision, index, slot };
  }
  #variant(query, names) {
    return `${query.key}
${varyValues(names, query.asked)}`;
  }
  /** Puts a fresh entry of a farther tier into the nearer ones. */
  async #promote(query, entry) {
    const { policy, ctx } = query;
    const { meta, tier } = entry;
    if (isStream(entry.body) && (meta.length ?? Number.POSITIVE_INFINITY) > (policy.memory?.maxObjectBytes ?? -1)) {
      return entry;
    }
    const body = await toBytes(entry.body ?? null);
    const ceiling = tier === "edge" ? void 0 : edgeLifetime(meta, policy, ctx);
    const until = tier === "edge" ? { ...meta, until: meta.freshUntil } : meta;
    this.#tiers.toMemory(until, body, policy, ctx.now(), ceiling);
    if (tier === "kv") ctx.waitUntil(this.#tiers.toEdge(meta, body, policy, ctx, ceiling));
    return { ...entry, body };
  }
  /** A part answers only a range inside it; what is complete answers everything. */
  #covers(meta, query) {
    const part = meta.range;
    if (!part) return true;
    const wanted = parseRange(query.range, part.total);
    if (!wanted || !ifRange(meta, query.asked, query.ctx.now())) return false;
    return wanted.start >= part.start && wanted.end <= part.end;
  }
  // --- answers -----------------------------------------------------------------------------------------------------
  /** An answer from a stored entry. `note` replaces the plain `hit` of Cache-Status. */
  #serve(query, entry, note) {
    const { meta, held, tier } = entry;
    const now = query.ctx.now();
    const second = Math.floor(now / 1e3);
    if (held?.second === second && !note) return this.#again(query, meta, entry.body, held.ready);
    const ttl = Math.floor(((entry.soft ? Math.min(now, meta.freshUntil) : meta.freshUntil) - now) / 1e3);
    const status2 = note ?? `hit; ttl=${ttl}; detail=${tier}`;
    const told = entry.soft ? { ...meta, freshUntil: Math.min(now, meta.freshUntil) } : meta;
    const headers = this.#dress(query, meta.headers, told, tier === "kv" ? "HIT-KV" : "HIT-EDGE", status2, true);
    if (held && !note) {
      held.ready = this.#make(meta.status, headers, null, query.ctx.rawBodies);
      held.second = second;
    }
    return this.#respond(query, meta, entry.body, headers);
  }
  /** An answer whose headers are ready. The plain one is a copy with the body: the cheapest way to make a Response. */
  #again(query, meta, body, ready) {
    const { method, range, asked } = query;
    const plain2 = method === "GET" && range === null && !asked.has("if-none-match") && !asked.has("if-modified-since");
    if (!plain2 || bodyless(meta.status)) return this.#respond(query, meta, body, ready.headers);
    return new Response(body, ready);
  }
  /** Headers for the client: the response's own, the policy's, and what tells where it came from. */
  #dress(query, from, meta, xCache, status2, stored) {
    const { policy, ctx } = query;
    const now = ctx.now();
    const headers = new Headers(from);
    toClient(headers, meta.status, policy, this.#targeted);
    headers.delete("age");
    const old = age(meta, now);
    if (policy.platform) {
      const left = Math.min((meta.freshUntil - now) / 1e3, edgeLifetime(meta, policy, ctx));
      toPlatform(headers, left > 0 ? left + old : 0, meta, this.#targeted[0]);
    }
    if (stored || old > 0) headers.set("age", String(old));
    if (headers.has("content-encoding") && !ctx.rawBodies) headers.delete("content-length");
    return this.#label(headers, xCache, status2);
  }
  #label(headers, xCache, status2) {
    headers.set("x-cache", xCache);
    headers.append("cache-status", `${this.#name}; ${status2}`);
    return headers;
  }
  #labelled(response, xCache, status2) {
    if (!standard(response)) return response;
    return this.#make(
      response.status,
      this.#label(new Headers(response.headers), xCache, status2),
      response.body,
      true,
      response.statusText
    );
  }
  #make(status2, headers, body, raw, statusText = "") {
    const init = { status: status2, statusText, headers };
    if (raw && headers.has("content-encoding")) init.encodeBody = "manual";
    if (bodyless(status2)) {
      discard(body);
      return new Response(null, init);
    }
    return new Response(body, init);
  }
  /** The answer to this client's conditions, range and method. Leaves `headers` as they are. */
  #respond(query, meta, body, headers) {
    const { ctx, method, asked, range } = query;
    const now = ctx.now();
    const raw = ctx.rawBodies;
    if ((asked.has("if-none-match") || asked.has("if-modified-since")) && notModified(meta, asked, now)) {
      return this.#make(304, without(headers, /^content-(length|encoding|type)$/), body, raw);
    }
    const length = isStream(body) ? meta.length : body?.byteLength;
    if (method === "HEAD") {
      discard(body);
      if (length === void 0 || headers.has("content-length")) return this.#make(meta.status, headers, null, raw);
      const sized = new Headers(headers);
      sized.set("content-length", String(length));
      return this.#make(meta.status, sized, null, raw);
    }
    const total = meta.range?.total ?? length;
    const decoded = headers.has("content-encoding") && !raw;
    if (range !== null && total !== void 0 && (meta.status === 200 || meta.range) && !decoded) {
      const wanted = ifRange(meta, asked, now) ? parseRange(range, total) : void 0;
      if (wanted !== void 0) {
        const partial = without(
          headers,
          wanted ? /^content-length$/ : /^(content-(length|encoding|type)|etag|last-modified)$/
        );
        partial.set("content-range", wanted ? `bytes ${wanted.start}-${wanted.end}/${total}` : `bytes */${total}`);
        if (wanted) {
          const piece = slice(body, wanted.start - (meta.range?.start ?? 0), wanted.end - wanted.start + 1);
          return this.#make(206, partial, piece, raw);
        }
        discard(body);
        return this.#make(416, partial, null, raw);
      }
    }
    return this.#make(meta.status, headers, body, raw);
  }
  // --- from the origin ---------------------------------------------------------------------------------------------
  #flightKey(query, slot) {
    return query.asked.has("authorization") ? `${slot}#authorised` : slot;
  }
  async #fromOrigin(query, found, join5) {
    const { ctx, request } = query;
    const { entry } = found;
    const part = entry?.meta.range;
    const sendRange = query.range !== null && (!entry || part !== void 0);
    const fresh = entry && entry.meta.freshUntil > ctx.now() && !entry.soft;
    const forward2 = part ? "partial" : fresh ? "request" : entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
    let flightKey = this.#flightKey(query, found.slot);
    if (sendRange) flightKey += `#${query.range}#${request.headers.get("if-range")}`;
    if (query.directives.noStore || oversized(request.headers)) {
      return this.#lead(query, found, { forward: forward2, sendRange, keepConditions: !entry });
    }
    if ((this.#passes.get(flightKey) ?? 0) > ctx.now()) {
      return this.#lead(query, found, {
        forward: forward2,
        sendRange,
        keepConditions: !entry,
        detail: "hit-for-miss",
        flightKey
      });
    }
    const flight = this.#flights.get(flightKey);
    if (!flight) return this.#lead(query, found, { forward: forward2, sendRange, flightKey });
    if (join5) {
      const head = await within(flight.head, JOIN_MS);
      if (head !== "timeout") {
        const answer = this.#join(query, found, head, forward2);
        if (answer) return answer;
        if (head.kind === "entry") return this.#answer(query, head.meta.vary.length > 0 && !found.index);
      } else if (this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
    }
    return this.#lead(query, found, { forward: forward2, sendRange });
  }
  /** An answer from what another request brought, or undefined where it is not for this one. */
  #join(query, found, head, forward2) {
    const note = `fwd=${forward2}; collapsed`;
    if (head.kind === "pass") return void 0;
    if (head.kind === "failed") {
      const stale = this.#staleOnError(query, found, true, note);
      if (stale) return stale;
      throw head.error;
    }
    const { meta, body } = head;
    if (varyValues(meta.vary, query.asked) !== meta.varyValues || reuse(
      meta,
      query.directives.noCache ? { ...query.directives, noCache: false } : query.directives,
      query.ctx.now(),
      false
    ) !== "hit" || !this.#covers(meta, query) || body.state === "failed" || !body.whole) {
      return void 0;
    }
    const headers = this.#dress(query, meta.headers, meta, "MISS", note, true);
    return this.#respond(query, meta, body.bytes() ?? body.stream(), headers);
  }
  /** Asks the origin. Tells those who wait, stores what may be, and answers its own client. */
  async #lead(query, found, options) {
    const { ctx } = query;
    const { flightKey } = options;
    const flight = new Flight(query.url);
    const leading = flightKey !== void 0 && !this.#flights.has(flightKey) && options.detail === void 0;
    if (leading) this.#flights.set(flightKey, flight);
    let finish = () => {
    };
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    const remove = () => {
      if (leading && this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
    };
    ctx.waitUntil(finished.then(remove, remove));
    try {
      return await this.#exchange(query, found, flight, options, finish);
    } catch (error) {
      flight.settle({ kind: "failed", error });
      const note = `fwd=${options.forward}; detail=origin-failed`;
      const stale = options.behind ? void 0 : this.#staleOnError(query, found, true, note);
      if (stale) return stale;
      throw error;
    } finally {
      finish();
    }
  }
  async #exchange(query, found, flight, options, finish) {
    const { ctx, policy, request } = query;
    const { entry } = found;
    const { forward: forward2, flightKey } = options;
    const ask2 = (headers2) => query.origin(originRequest(query, headers2));
    const headers = forwardHeaders(request, policy);
    if (!options.keepConditions) drop(headers, CONDITIONS);
    if (!options.sendRange) drop(headers, RANGE);
    const part = options.sendRange ? void 0 : completable(entry);
    const validating = options.confirmed || entry && !entry.meta.range && addValidators(entry.meta, headers);
    if (part) {
      headers.set("range", `bytes=${part.end + 1}-`);
      headers.set("if-range", header(entry.meta, "etag"));
    }
    let requestTime = ctx.now();
    let response = await ask2(headers);
    let stored = entry?.body;
    const confirmed = response.status === 304 && validating;
    if (confirmed && stored === void 0) stored = (await this.#tiers.read("edge", found.slot, policy, ctx))?.body;
    const mistaken = confirmed ? stored === void 0 || !selectedBy304(entry.meta, response.headers) : part && (response.status === 416 || response.status === 206 && !completes(entry.meta, response.headers));
    if (mistaken) {
      discard(response.body);
      drop(headers, [...CONDITIONS, ...RANGE]);
      requestTime = ctx.now();
      response = await ask2(headers);
    }
    if (!standard(response)) {
      flight.settle({ kind: "pass" });
      return response;
    }
    if (ERRORS.includes(response.status)) {
      const note = `fwd=${forward2}; fwd-status=${response.status}; detail=stale-if-error`;
      const stale = this.#staleOnError(query, found, false, note);
      if (stale) {
        discard(response.body);
        flight.settle({ kind: "failed", error: new Error(`The origin answered ${response.status}.`) });
        return stale;
      }
    }
    let { status: status2 } = response;
    let full = response.headers;
    let source = response.body;
    if (confirmed && !mistaken) {
      full = updatedHeaders(entry.meta, full);
      for (const cookie of response.headers.getSetCookie()) full.append("set-cookie", cookie);
      ({ status: status2 } = entry.meta);
      source = stored;
    } else if (part && status2 === 206 && source && !mistaken) {
      full = without(updatedHeaders(entry.meta, full), /^content-(range|length)$/);
      status2 = 200;
      source = concat(stored, source);
    } else discard(stored);
    const [saved, verdict] = this.#metaOf(query, status2, without(full, confirmed ? /^set-cookie$/ : /^$/), requestTime);
    const sharable = saved !== void 0 && !saved.noCache && saved.freshUntil > ctx.now();
    if (flightKey !== void 0) {
      if (sharable) this.#passes.delete(flightKey);
      else if (status2 < 500) {
        if (this.#passes.size >= MAX_PASSES) this.#passes.clear();
        this.#passes.set(flightKey, ctx.now() + this.#hitForMiss);
      }
    }
    const was = status2 === response.status ? "" : `; fwd-status=${response.status}`;
    if (!saved) {
      flight.settle({ kind: "pass" });
      const reason = verdict.store ? "headers" : verdict.reason;
      const out2 = new Headers(full);
      if (reason === "ttl") toClient(out2, status2, policy, this.#targeted);
      const xCache = forward2 === "method" || UNSHARABLE.includes(reason) ? "BYPASS" : "MISS";
      this.#label(out2, xCache, `fwd=${forward2}${was}; detail=${options.detail ?? reason}`);
      return this.#make(status2, out2, source, ctx.rawBodies, response.statusText);
    }
    const limit = Math.max(this.#collapse, policy.memory?.maxObjectBytes ?? 0, policy.kv?.maxObjectBytes ?? 0);
    const length = announced(full, ctx);
    const meta = length === void 0 ? saved : { ...saved, length };
    const ceiling = edgeLifetime(meta, policy, ctx);
    const body = isStream(source) ? new SharedBody(limit, this.#collapse) : SharedBody.of(source ?? new ArrayBuffer(0));
    let streamed;
    if (isStream(source)) {
      const overflow = new Promise((resolve) => {
        body.onOverflow = () => {
          if (!flight.void && !meta.range) streamed = this.#tiers.toEdge(meta, body.stream(), policy, ctx, ceiling);
          resolve();
        };
      });
      const pumping = body.pump(source, length);
      body.finished = pumping;
      if (entry && !options.behind && this.#usable(query, entry, true)) {
        await Promise.race([pumping, overflow]);
        if (body.failed) throw body.error;
      }
    }
    flight.settle(sharable ? { kind: "entry", meta, body } : { kind: "pass" });
    const store = async () => {
      await body.finished;
      await streamed;
      if (!body.failed && !flight.void) await this.#save(query, found, meta, body, ceiling);
      body.release();
    };
    const own = options.behind ? null : body.bytes() ?? body.stream();
    finish(store());
    if (options.behind) return new Response(null);
    const out = this.#dress(
      query,
      full,
      meta,
      forward2 === "method" ? "BYPASS" : "MISS",
      `fwd=${forward2}${was}; stored`,
      false
    );
    return meta.range ? this.#make(206, out, own, ctx.rawBodies) : this.#respond(query, meta, own, out);
  }
  #usable(query, entry, disconnected) {
    const { ctx, policy } = query;
    return usableOnError(entry.meta, ctx.now(), disconnected, policy.mode === "origin", entry.soft);
  }
  #staleOnError(query, { entry }, disconnected, note) {
    if (!entry || entry.body === void 0 || isStream(entry.body) && entry.body.locked) return void 0;
    if (!this.#covers(entry.meta, query) || !this.#usable(query, entry, disconnected)) return void 0;
    return this.#serve(query, entry, note);
  }
  // --- storing -----------------------------------------------------------------------------------------------------
  /** What would be stored. Undefined where it may not be, no tier is there to hold it, or its headers are too large. */
  #metaOf(query, status2, full, requestTime) {
    const { policy, ctx, request, key, url } = query;
    const responseTime = ctx.now();
    const exchange = {
      method: request.method === "POST" ? "POST" : "GET",
      authorised: request.headers.has("authorization"),
      noStore: query.directives.noStore,
      oversized: oversized(request.headers),
      status: status2,
      headers: full,
      requestTime,
      responseTime
    };
    const verdict = judge(exchange, policy, this.#targeted);
    if (!verdict.store) {
      if (verdict.warning) ctx.warn?.(`${url}: ${verdict.warning}`);
      return [void 0, verdict];
    }
    const encoded = full.has("content-encoding");
    let headers = storedHeaders(full, verdict.omit, this.#unstored);
    let range;
    if (status2 === 206) {
      range = parseContentRange(full.get("content-range"));
      const length = announced(full, ctx);
      if (!range || encoded && !ctx.rawBodies || (length ?? range.end - range.start + 1) !== range.end - range.start + 1) {
        headers = void 0;
      }
      headers = headers?.filter(([name]) => !/^content-(range|length)$/.test(name));
    }
    const somewhere = policy.platform || policy.memory || policy.edge && ctx.edgeCache || policy.kv;
    if (!headers || !somewhere) return [void 0, verdict];
    const { terms } = verdict;
    let { vary } = terms;
    if (encoded && !vary.includes("accept-encoding")) vary = [...vary, "accept-encoding"].sort();
    const meta = {
      kind: "entry",
      key: vary.length > 0 ? this.#variant(query, vary) : key,
      url,
      status: status2,
      headers,
      requestTime,
      responseTime,
      ...terms,
      freshUntil: terms.until,
      vary,
      varyValues: varyValues(vary, request.headers),
      tags: tagsOf(full, policy),
      range
    };
    return [meta, verdict];
  }
  async #save(query, found, meta, body, ceiling) {
    const { policy, ctx, key, url } = query;
    if (this.#purges.judge(meta) === "hard") return;
    const work = [];
    const put = (value, bytes2, kv = true) => {
      this.#tiers.toMemory(value, bytes2, policy, ctx.now(), ceiling);
      work.push(this.#tiers.toEdge(value, bytes2, policy, ctx, ceiling));
      if (kv) work.push(this.#tiers.toKv(value, bytes2, policy, ctx));
    };
    if (meta.vary.length > 0) {
      const known2 = found.index;
      const same = known2?.names.join() === meta.vary.join();
      const born = same && known2 ? known2.born : meta.requestTime;
      put({ kind: "index", key, url, born, names: meta.vary }, null, !same);
    }
    const bytes = body.bytes();
    if (bytes && meta.range) {
      if (bytes.byteLength !== meta.range.end - meta.range.start + 1) return;
      const merged = combine(found.entry, meta, bytes);
      put(merged.meta, merged.body);
    } else if (bytes) put({ ...meta, length: bytes.byteLength }, bytes);
    await Promise.all(work);
  }
  // --- other methods -----------------------------------------------------------------------------------------------
  /** A HEAD that no stored response answers: what comes back also tells whether the stored GET is still right. */
  async #head(query, found) {
    const { ctx, policy, request } = query;
    const { entry } = found;
    const fail = (disconnected, detail) => this.#staleOnError(query, found, disconnected, `fwd=stale; detail=${detail}`);
    let response;
    try {
      response = await query.origin(originRequest(query, forwardHeaders(request, policy)));
    } catch (error) {
      const stale2 = fail(true, "origin-failed");
      if (stale2) return stale2;
      throw error;
    }
    const stale = ERRORS.includes(response.status) ? fail(false, "stale-if-error") : void 0;
    if (stale) return stale;
    if (entry && response.status === 200 && !entry.meta.range) {
      if (sameByHead(entry.meta, response.headers)) {
        const confirmation = new Response(null, { status: 304, headers: response.headers });
        const get = new Query(new Request(request.url, request), policy, ctx, async () => confirmation);
        ctx.waitUntil(this.#lead(get, found, { forward: "stale", behind: true, confirmed: true }).catch(() => {
        }));
      } else {
        discard(entry.body);
        ctx.waitUntil(this.#tiers.remove(entry.meta.key, [policy], ctx));
      }
    } else discard(entry?.body);
    const headers = new Headers(response.headers);
    if (standard(response) && this.#metaOf(query, response.status, headers, ctx.now())[0]) {
      toClient(headers, response.status, policy, this.#targeted);
    }
    const forward2 = entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
    return this.#make(response.status, this.#label(headers, "MISS", `fwd=${forward2}`), null, true, response.statusText);
  }
  async #unsafe(request, policy, ctx, origin) {
    const response = await origin(request);
    if (!isSafe(request.method)) {
      const urls = invalidated(request.url, response.status, response.headers);
      if (urls.length > 0) await this.#invalidate(urls, ctx);
    }
    const place = response.headers.get("content-location");
    if (request.method === "POST" && policy?.mode === "origin" && response.status === 200 && place !== null) {
      if (invalidated(request.url, 200, new Headers({ location: place })).length === 1) {
        const { method, headers, url } = request;
        const query = new Query(new Request(url, { method, headers }), policy, ctx, async () => response);
        return this.#lead(query, { decision: "validate", slot: query.key }, { forward: "method" });
      }
    }
    return this.#labelled(response, "BYPASS", "fwd=method");
  }
  /** Makes void what is stored for these URLs, and what is under way for them. */
  async #invalidate(urls, ctx) {
    const work = [];
    const marked = /* @__PURE__ */ new Set();
    for (const policy of this.#policies) {
      for (const url of urls) {
        const normal = normaliseUrl(url, policy);
        for (const [key, flight] of this.#flights) {
          if (flight.url !== normal) continue;
          flight.void = true;
          this.#flights.delete(key);
        }
        if (!policy.keyedByUrl) marked.add(schemeless(normal));
        work.push(this.#tiers.remove(named(url, policy).key, [policy], ctx));
      }
    }
    if (marked.size > 0) {
      const time = ctx.now();
      const markers = [...marked].map((value) => ({ type: "url", value, time, soft: false }));
      work.push(this.#purges.publish(markers, ctx, this.#stores(ctx)));
    }
    await Promise.all(work);
  }
  // --- purging -----------------------------------------------------------------------------------------------------
  #stores(ctx) {
    const bindings = new Set([...this.#policies].flatMap((policy) => policy.kv?.binding ?? []));
    return [...bindings].flatMap((binding) => ctx.kv?.(binding) ?? []);
  }
  async purge(request, ctx) {
    const forms = (url) => [
      new URL(url).href,
      ...[...this.#policies].map((policy) => normaliseUrl(url, policy))
    ];
    const markers = markersOf(request, ctx.now(), forms);
    const stores = this.#stores(ctx);
    const counts = await this.#purges.publish(markers, ctx, stores);
    let memory = 0;
    for (const [key, { value }] of [...this.#tiers.memory]) {
      const purged = value.kind === "entry" ? this.#purges.judge(value) : void 0;
      if (purged) memory++;
      if (purged === "hard") this.#tiers.memory.delete(key);
    }
    const shared = stores.length > 0 && stores.every((store) => store.list);
    const visibleWithinMs = shared ? KV_PROPAGATION_MS + KV_CHECK_MS : this.#purges.checkMs;
    return { memory, ...counts, visibleWithinMs };
  }
};
function originRequest(query, headers) {
  const { request } = query;
  const init = { method: request.method, headers, redirect: "manual" };
  const { cf } = request;
  if (cf !== void 0) init.cf = cf;
  return new Request(query.url, init);
}
function standard({ status: status2 }) {
  if (status2 < 200 && status2 !== 101) throw new Error(`The origin answered with the interim status ${status2}.`);
  return status2 >= 200 && status2 <= 599;
}
function oversized(headers) {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes > OVERSIZED;
}
function announced(headers, ctx) {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) && (ctx.rawBodies || !headers.has("content-encoding")) ? Number(text) : void 0;
}
function drop(headers, names) {
  for (const name of names) headers.delete(name);
}
function without(headers, names) {
  const copy = new Headers(headers);
  for (const name of headers.keys()) if (names.test(name)) copy.delete(name);
  return copy;
}

// src/gateway/front-cache.ts
var FRONT_CACHE_HOST = "front-cache.edgewright.invalid";
var frontCacheUrl = (worker) => `http://${FRONT_CACHE_HOST}/${encodeURIComponent(worker)}`;
var MAX_BYTES = 128 * 1024 * 1024;
var MAX_OBJECT_BYTES = 32 * 1024 * 1024;
var VERSIONS = 4;
var UNSAID = {
  200: 7200,
  203: 7200,
  204: 7200,
  300: 1200,
  301: 1200,
  404: 180,
  405: 60,
  410: 180,
  414: 60,
  501: 60
};
var FOR_EVER_S = 10 * 365 * 86400;
var OWN_FIELD = "edgewright-front-control";
var KEPT_FIELD = "x-edgewright-front-kept";
var RAW_TARGET = "x-edgewright-front-target";
var KEPT2 = ["cache-control", "cdn-cache-control", "cache-status", "x-cache", "expires", "pragma"];
var KEPT_UNSTORED = ["x-origin-latency", "x-origin-failover", "server-timing"];
var SAYS = ["cloudflare-cdn-cache-control", "cdn-cache-control", "cache-control", "expires"];
var POISONS = [
  "cloudflare-workers-version-key",
  "forwarded",
  "x-forwarded-host",
  "x-forwarded-scheme",
  "x-host",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url"
];
var SPEC = {
  name: "workers-cache",
  mode: "origin",
  tiers: { memory: { max_bytes: MAX_BYTES, max_object_bytes: MAX_OBJECT_BYTES } },
  key: { headers: [RAW_TARGET, ...POISONS] }
};
var FrontCaches = class {
  constructor(logs) {
    this.logs = logs;
  }
  logs;
  /** By Worker, then by version, or `*` where versions share one. The last used comes last. */
  #workers = /* @__PURE__ */ new Map();
  #work = /* @__PURE__ */ new Set();
  #of(worker, version) {
    let versions = this.#workers.get(worker);
    if (versions === void 0) {
      versions = /* @__PURE__ */ new Map();
      this.#workers.set(worker, versions);
    }
    const found = versions.get(version) ?? createCache({ targetedFields: [OWN_FIELD], name: "front" });
    versions.delete(version);
    versions.set(version, found);
    for (const oldest of [...versions.keys()].slice(0, -VERSIONS)) versions.delete(oldest);
    return found;
  }
  /** Answers a GET or HEAD; gives the status that the client got, or 499 where it left before one. */
  async serve(worker, version, fronted) {
    const { request, response } = fronted;
    const context = this.#context(worker, fronted.hold);
    const asked = new Request("https://front.invalid/", { headers: webHeaders(fronted.headers) });
    const url = new URL(asked.url);
    url.pathname = fronted.path.split("?", 1)[0];
    const headers = new Headers(asked.headers);
    headers.set(RAW_TARGET, fronted.path);
    const answer = await this.#of(worker, version).handle(
      new Request(url, { headers }),
      SPEC,
      context,
      (onward) => fetchWorker(fronted, onward)
    );
    return write(request, response, answer, fronted.answer);
  }
  #context(worker, hold2) {
    return {
      now: Date.now,
      random: Math.random,
      rawBodies: true,
      waitUntil: (work) => {
        const release = hold2();
        const done = work.catch((error) => this.logs.warn(`${worker}: behind the cache in front: ${String(error)}`)).finally(() => {
          release();
          this.#work.delete(done);
        });
        this.#work.add(done);
      },
      warn: (message) => this.logs.warn(`${worker}: cache in front: ${message}`)
    };
  }
  /** Answers a call of `ctx.cache` as the product does; `path` names the Worker. */
  async called(path, body) {
    try {
      const { what, soft } = JSON.parse(body);
      const known2 = ["tags", "pathPrefixes", "purgeEverything"];
      const wrong = Object.keys(what).filter((name) => !known2.includes(name));
      if (wrong.length > 0 || Object.keys(what).length === 0)
        throw new Error(`It takes ${known2.join(", ")}, at least one; got ${wrong.join(", ") || "none"}.`);
      await this.purgeWorker(decodeURIComponent(path.slice(1)), what, soft);
      return { success: true, errors: [] };
    } catch (error) {
      return {
        success: false,
        errors: [{ code: 1001, message: error instanceof Error ? error.message : String(error) }]
      };
    }
  }
  /** Purges in the terms of `ctx.cache`, every version of a Worker: what it says is of the data, not of the code. */
  async purgeWorker(worker, what, soft) {
    await this.#purge(this.#workers.get(worker), {
      // Tags match whatever the case.
      ...what.tags && { tags: what.tags.map((tag) => tag.toLowerCase()) },
      ...what.pathPrefixes && { prefixes: what.pathPrefixes },
      ...what.purgeEverything && { everything: true },
      soft
    });
  }
  /** Purges as a person asks for it, in every Worker's cache; hosts do not matter, because no key has one. */
  async purge(request) {
    const pathOf = (text) => text.startsWith("/") ? text : new URL(text).pathname;
    const paths = [...request.urls ?? [], ...request.prefixes ?? []].map(pathOf);
    const translated = {
      ...request.tags?.length && { tags: request.tags.map((tag) => tag.toLowerCase()) },
      ...paths.length > 0 && { prefixes: paths },
      ...request.everything && { everything: true },
      soft: request.soft ?? false
    };
    let memory = 0;
    for (const versions of this.#workers.values()) memory += await this.#purge(versions, translated);
    return { memory };
  }
  async #purge(versions, request) {
    let count = 0;
    for (const cache of versions?.values() ?? []) {
      const context = this.#context("purge", () => () => {
      });
      count += (await cache.purge(request, context)).memory;
    }
    return count;
  }
  stats() {
    let [entries, bytes] = [0, 0];
    for (const versions of this.#workers.values()) {
      for (const cache of versions.values()) {
        entries += cache.stats().entries;
        bytes += cache.stats().bytes;
      }
    }
    return { entries, bytes };
  }
};
function frontable(request) {
  return request.method === "GET" || request.method === "HEAD";
}
function unfronted(raw) {
  const kept = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index].toLowerCase();
    if (name !== "cloudflare-cdn-cache-control" && name !== "cache-tag")
      kept.push(raw[index], raw[index + 1]);
  }
  kept.push("Cf-Cache-Status", "BYPASS");
  return kept;
}
function webHeaders(raw) {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) {
    headers.append(raw[index], raw[index + 1]);
  }
  return headers;
}
var CORES = /* @__PURE__ */ new Set(["if-none-match", "if-modified-since", "if-range", "range"]);
function fetchWorker(fronted, onward) {
  const raw = [];
  for (let index = 0; index < fronted.headers.length; index += 2) {
    const name = fronted.headers[index];
    if (!CORES.has(name.toLowerCase())) raw.push(name, fronted.headers[index + 1]);
  }
  for (const name of ["if-none-match", "if-modified-since"]) {
    const value = onward.headers.get(name);
    if (value !== null) raw.push(name, value);
  }
  const attempt4 = async (tries) => {
    try {
      return await ask(fronted, raw);
    } catch (error) {
      const { code } = error;
      if (tries >= 3 || code !== "ECONNREFUSED" && code !== "ECONNRESET") throw lost2(error);
      await fronted.upstream.refresh();
      return attempt4(tries + 1);
    }
  };
  return attempt4(0);
}
function lost2(error) {
  const detail = `The Worker's connection ended before an answer: ${error.code ?? error.message}. See the log.`;
  return problem(502, "No answer from the Worker", detail);
}
function ask(fronted, headers) {
  return new Promise((resolve, reject) => {
    const release = fronted.hold();
    const onward = http3.request({
      host: "127.0.0.1",
      port: fronted.upstream.port(),
      agent,
      method: "GET",
      path: fronted.path,
      headers,
      setDefaultHeaders: false
    });
    onward.on("error", reject);
    onward.on("close", release);
    onward.on("response", (incoming) => {
      try {
        resolve(shown(incoming));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    onward.end();
  });
}
var NULL_BODY = /* @__PURE__ */ new Set([204, 205, 304]);
function shown(incoming) {
  const status2 = incoming.statusCode;
  const headers = webHeaders(incoming.rawHeaders);
  for (const name of ["connection", "keep-alive", "transfer-encoding"]) headers.delete(name);
  const kept = [];
  for (const name of [...KEPT2, ...KEPT_UNSTORED]) {
    const value = headers.get(name);
    if (value !== null) kept.push([name, value]);
  }
  if (status2 !== 304) headers.set(KEPT_FIELD, encodeURIComponent(JSON.stringify(kept)));
  const says = SAYS.some((name) => headers.has(name));
  if (status2 !== 304 || says) headers.set(OWN_FIELD, control(status2, headers, says));
  for (const name of [...KEPT2, ...KEPT_UNSTORED, "cloudflare-cdn-cache-control"]) headers.delete(name);
  const tags = headers.get("cache-tag");
  if (tags !== null) headers.set("cache-tag", tags.toLowerCase());
  const bodyless2 = NULL_BODY.has(status2);
  if (bodyless2) incoming.resume();
  return new Response(bodyless2 ? null : Readable.toWeb(incoming), {
    status: status2,
    statusText: incoming.statusMessage ?? "",
    headers
  });
}
function control(status2, headers, says) {
  if (status2 === 206 || status2 >= 520 && status2 <= 526) return "no-store";
  if (!says) {
    const fresh2 = UNSAID[status2];
    return fresh2 === void 0 ? "no-store" : `max-age=${fresh2}, stale-if-error=${FOR_EVER_S}`;
  }
  const { cc, targeted } = directivesFor(headers, ["cloudflare-cdn-cache-control", "cdn-cache-control"]);
  const never = ["s-maxage", "must-revalidate", "proxy-revalidate"].some((name) => cc.has(name));
  const parts = [...words(cc)];
  const fresh = lifetime(cc, targeted, status2, headers, Date.now());
  if (fresh.explicit) parts.push(`max-age=${fresh.seconds}`);
  if (never) parts.push("must-revalidate", "public");
  else if (!cc.has("stale-if-error")) parts.push(`stale-if-error=${FOR_EVER_S}`);
  return parts.join(", ") || "no-store";
}
var DROPPED = /* @__PURE__ */ new Set(["max-age", "s-maxage", "must-revalidate", "proxy-revalidate"]);
function* words(cc) {
  for (const [name, value] of cc) {
    if (DROPPED.has(name) || !/^[a-z*][a-z0-9_.*-]*$/.test(name)) continue;
    if (value === true) yield name;
    else if (/^\d{1,15}$/.test(value)) yield `${name}=${value}`;
    else if (name === "private" || name === "no-cache") yield `${name}="${value.replace(/[^ !#-[\]-~]/g, "")}"`;
  }
}
function statusOf(cacheStatus) {
  const own = cacheStatus?.split(",").at(-1) ?? "";
  if (/; detail=(stale-if-error|origin-failed)/.test(own)) return "STALE";
  const hit = /; hit; ttl=(-?\d+)/.exec(own);
  if (hit) return Number(hit[1]) < 0 ? "UPDATING" : "HIT";
  if (!/; (stored|collapsed)/.test(own)) return "BYPASS";
  if (!own.includes("fwd=stale")) return "MISS";
  return own.includes("fwd-status=304") ? "REVALIDATED" : "EXPIRED";
}
var REMOVED = /* @__PURE__ */ new Set([...KEPT2, ...KEPT_UNSTORED, KEPT_FIELD, OWN_FIELD, "cache-tag"]);
function write(request, response, answer, finish) {
  return new Promise((resolve) => {
    const raw = [];
    const kept = answer.headers.get(KEPT_FIELD);
    for (const [name, value] of answer.headers) {
      if (!REMOVED.has(name)) raw.push(name, value);
    }
    const restored = kept === null ? [] : JSON.parse(decodeURIComponent(kept));
    for (const [name, value] of restored) raw.push(name, value);
    raw.push("Cf-Cache-Status", statusOf(answer.headers.get("cache-status")));
    response.on("close", () => resolve(response.writableFinished ? response.statusCode : 499));
    response.writeHead(answer.status, answer.statusText, finish(raw));
    if (answer.body === null || request.method === "HEAD") {
      void answer.body?.cancel();
      response.end();
      return;
    }
    const body = Readable.fromWeb(answer.body);
    body.on("error", () => response.destroy());
    response.on("close", () => body.destroy());
    body.pipe(response);
  });
}

// src/gateway/versions.ts
import { createHash } from "node:crypto";
var VERSION_KEY = "cloudflare-workers-version-key";
var VERSION_OVERRIDES = "cloudflare-workers-version-overrides";
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let value = state;
    value = Math.imul(value ^ value >>> 15, value | 1);
    value ^= value + Math.imul(value ^ value >>> 7, value | 61);
    return ((value ^ value >>> 14) >>> 0) / 4294967296;
  };
}
function overrideFor(header2, worker) {
  for (const member of (header2 ?? "").split(",")) {
    const [key, value] = member.split("=", 2);
    if (key?.trim() !== worker) continue;
    return value?.trim().match(/^"([^"]*)"/)?.[1];
  }
  return void 0;
}
function placeOf(worker, key) {
  return createHash("sha256").update(`${worker}\0${key}`).digest().readUInt32BE(0) / 2 ** 32 * 100;
}
function pickVersion(worker, shares, headers, random) {
  const override = overrideFor(headers.override, worker);
  if (override !== void 0 && shares.some((share) => share.version_id === override)) return override;
  const place = headers.key ? placeOf(worker, headers.key) : random() * 100;
  let reached = 0;
  for (const share of shares) {
    reached += share.percentage;
    if (place < reached) return share.version_id;
  }
  return primaryVersion(shares);
}
function primaryVersion(shares) {
  return shares.reduce((best, share) => share.percentage > best.percentage ? share : best).version_id;
}

// src/gateway/translate.ts
var serviceName = (worker, version) => `${worker}@${version}`;
var MODULE_TYPES = {
  "application/javascript+module": "ESModule",
  "text/javascript+module": "ESModule",
  "application/javascript": "CommonJS",
  "text/javascript": "CommonJS",
  "text/plain": "Text",
  "text/html": "Text",
  "application/octet-stream": "Data",
  "application/wasm": "CompiledWasm"
};
function moduleOf(module) {
  const type = module.content_type.split(";")[0]?.trim().toLowerCase() ?? "";
  const contents = Buffer.from(module.content_base64, "base64");
  if (type === "application/source-map") return void 0;
  if (type === "application/json") {
    const text2 = contents.toString("utf8");
    try {
      JSON.parse(text2);
    } catch (error) {
      return `not JSON: ${error.message}`;
    }
    return { type: "ESModule", path: `/${module.name}`, contents: `export default ${text2};` };
  }
  const kind = MODULE_TYPES[type];
  if (kind === void 0) {
    return `unknown content type ${JSON.stringify(module.content_type)}; known: ${[...Object.keys(MODULE_TYPES), "application/json"].join(", ")}`;
  }
  const text = kind === "ESModule" || kind === "CommonJS" || kind === "Text";
  return { type: kind, path: `/${module.name}`, contents: text ? contents.toString("utf8") : contents };
}
function modulesOf(worker, version, { purgeToken }, errors) {
  const modules = [];
  for (const module of version.modules) {
    const translated = moduleOf(module);
    if (typeof translated === "string")
      errors.push(fault(`Module ${module.name}: ${translated}`, worker.name, module.name));
    else if (translated !== void 0) modules.push(translated);
  }
  const main = version.modules.find((module) => module.name === version.main_module);
  if (main === void 0) {
    errors.push(
      fault(
        `Version ${version.id} has no module named ${JSON.stringify(version.main_module)}, its main module. It has: ${version.modules.map((module) => module.name).join(", ") || "none"}`,
        worker.name
      )
    );
  } else if (!main.content_type.includes("+module")) {
    errors.push(
      fault(
        `The main module ${main.name} is ${main.content_type}; it must be application/javascript+module`,
        worker.name,
        main.name
      )
    );
  }
  const entry = {
    mainModule: version.main_module,
    purgeToken,
    frontCacheUrl: version.cache_enabled ? frontCacheUrl(worker.name) : void 0
  };
  return [
    { type: "ESModule", path: `/${ENTRY_MODULE}`, contents: entryModule(entry) },
    { type: "ESModule", path: `/${CONSOLE_MODULE}`, contents: consoleModule(worker.name, version.id) },
    ...modules
  ];
}
function dateOf(worker, version, context) {
  const date = version.compatibility_date ?? context.newestDate;
  if (date <= context.newestDate) return date;
  context.warn(
    `${worker.name}: compatibility date ${date} is newer than this workerd knows; ${context.newestDate} is used (gap 'compatibility-date')`
  );
  return context.newestDate;
}
function translate(deployment, context, errors) {
  const primary = new Map(
    deployment.workers.filter((worker) => worker.deployment.length > 0).map((worker) => [worker.name, serviceName(worker.name, primaryVersion(worker.deployment))])
  );
  return deployment.workers.flatMap(
    (worker) => worker.versions.map((version) => {
      const name = serviceName(worker.name, version.id);
      const options = {
        name,
        modules: modulesOf(worker, version, context, errors),
        // Paths are names here, not files: rooted at "/", stack traces say `file:///main.js`.
        modulesRoot: "/",
        compatibilityDate: dateOf(worker, version, context),
        compatibilityFlags: [...version.compatibility_flags],
        outboundService: context.outbound,
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        zone: deployment.domains.find((domain) => domain.worker === worker.name)?.hostname ?? `${worker.name}.example.com`
      };
      return { ...options, ...bindingsOf(worker, version, primary, errors) };
    })
  );
}
function bindingsOf(worker, version, primary, errors) {
  const own = serviceName(worker.name, version.id);
  const plain2 = {};
  const kvNamespaces = {};
  const ratelimits = {};
  const serviceBindings = {};
  const queueProducers = {};
  const durableObjects = {};
  const r2Buckets = {};
  const d1Databases = {};
  const refuse2 = (message) => {
    errors.push(fault(message, worker.name));
  };
  for (const binding of version.bindings) {
    switch (binding.type) {
      case "kv_namespace":
        kvNamespaces[binding.name] = binding.namespace_id;
        break;
      case "plain_text":
      case "secret_text":
        plain2[binding.name] = binding.text;
        break;
      case "json":
        try {
          plain2[binding.name] = JSON.parse(binding.json_text);
        } catch (error) {
          refuse2(`Binding ${binding.name} is not JSON: ${error.message}`);
        }
        break;
      case "version_metadata":
        plain2[binding.name] = { id: version.id, tag: "", timestamp: (/* @__PURE__ */ new Date(0)).toISOString() };
        break;
      case "ratelimit":
        ratelimits[binding.name] = {
          namespace_id: binding.namespace_id,
          simple: { limit: binding.limit, period: binding.period_s }
        };
        break;
      case "service": {
        const service = primary.get(binding.service);
        if (service === void 0) refuse2(`Binding ${binding.name}: there is no Worker named ${binding.service}`);
        else {
          serviceBindings[binding.name] = {
            name: service,
            ...binding.entrypoint && { entrypoint: binding.entrypoint }
          };
        }
        break;
      }
      case "queue":
        queueProducers[binding.name] = binding.queue_name;
        break;
      case "durable_object_namespace": {
        const script = binding.script_name ?? worker.name;
        const holder = primary.get(script);
        if (holder === void 0) refuse2(`Binding ${binding.name}: there is no Worker named ${script}`);
        durableObjects[binding.name] = {
          className: binding.class_name,
          useSQLite: true,
          // Storage is keyed by the script, not by the version, so that it outlives versions.
          unsafeUniqueKey: `${script}-${binding.class_name}`,
          ...holder !== own && { scriptName: holder }
        };
        break;
      }
      case "r2_bucket":
        r2Buckets[binding.name] = binding.bucket_name;
        break;
      case "d1":
        d1Databases[binding.name] = binding.database_id;
        break;
      default:
        refuse2(`Binding ${JSON.stringify(binding)} is of a type that the local cloud does not know`);
    }
  }
  return {
    bindings: plain2,
    kvNamespaces,
    ratelimits,
    serviceBindings,
    queueProducers,
    durableObjects,
    r2Buckets,
    d1Databases
  };
}

// src/gateway/purge.ts
var OWN_MODULE = "edgewright.js";
var LISTS = ["urls", "prefixes", "tags"];
var LOOPBACK2 = /* @__PURE__ */ new Set(["127.0.0.1", "localhost", "[::1]"]);
function readPurge(text) {
  const faults = [];
  let value = {};
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) value = parsed;
    else faults.push("The body must be a JSON object.");
  } catch (error) {
    faults.push(`The body is not JSON: ${error.message}.`);
  }
  for (const name of Object.keys(value)) {
    if (![...LISTS, "everything", "soft"].includes(name))
      faults.push(`${name} is unknown; a purge has ${LISTS.join(", ")}, everything and soft.`);
  }
  for (const name of ["everything", "soft"]) {
    if (name in value && typeof value[name] !== "boolean") faults.push(`${name} must be true or false.`);
  }
  for (const name of LISTS) {
    const list = value[name] ?? [];
    if (!Array.isArray(list) || list.some((item) => typeof item !== "string" || item === ""))
      faults.push(`${name} must be a list of texts that are not empty.`);
    else if (name !== "tags") for (const item of list) checkTarget(name, item, faults);
  }
  if (faults.length === 0 && value.everything !== true && LISTS.every((name) => !value[name]?.length))
    faults.push("There is nothing to purge: give urls, prefixes, tags or everything.");
  if (faults.length > 0) throw problem(400, "Not a purge", faults.join(" "));
  return value;
}
function checkTarget(name, item, faults) {
  if (item.startsWith("/")) return;
  const url = URL.parse(item);
  if (url === null || !/^https?:$/.test(url.protocol))
    faults.push(
      `${name} has ${JSON.stringify(item)}: give an http:// or https:// URL, or a path that begins with "/".`
    );
}
function ofHosts(request, serving) {
  const hosts = [...new Set(serving.router.hosts().map(({ host }) => hostnameOf(host)))];
  const urls = (request.urls ?? []).flatMap((text) => {
    const url = new URL(text, "http://127.0.0.1");
    if (!LOOPBACK2.has(url.hostname)) return [text];
    return hosts.map((host) => `http://${host}${url.pathname}${url.search}`);
  });
  const prefixes = (request.prefixes ?? []).map((text) => {
    const url = text.startsWith("/") ? void 0 : new URL(text);
    return url !== void 0 && LOOPBACK2.has(url.hostname) ? url.pathname : text;
  });
  return { ...request, urls, prefixes };
}
async function purge({ reload, fronts, purgeToken }, text) {
  const asked = readPurge(text);
  const serving = await reload.enter();
  try {
    const request = ofHosts(asked, serving);
    const workers = [];
    for (const worker of serving.deployment.workers) {
      for (const version of worker.versions) {
        if (!version.modules.some((module) => module.name === OWN_MODULE)) continue;
        const port = serving.instance.port(serviceName(worker.name, version.id));
        workers.push({ worker: worker.name, version: version.id, report: await tell(port, purgeToken, request) });
      }
    }
    return { front: await fronts.purge(asked), workers };
  } finally {
    serving.instance.busy.end();
  }
}
function tell(port, token, request) {
  const body = Buffer.from(JSON.stringify(request));
  return new Promise((resolve, reject) => {
    const headers = { Host: "purge.invalid", [PURGE_HEADER]: token, "Content-Length": body.length };
    const outgoing = http4.request({ host: "127.0.0.1", port, agent, method: "POST", path: "/", headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (answer.statusCode !== 200)
          reject(new Error(`A Worker answered a purge with ${answer.statusCode}: ${text}`));
        else resolve(JSON.parse(text));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

// src/gateway/validate.ts
var LISTS2 = [
  "workers",
  "kv_namespaces",
  "kv_entries",
  "queues",
  "r2_buckets",
  "d1_databases",
  "routes",
  "domains"
];
var KNOWN = /* @__PURE__ */ new Set(["stack", ...LISTS2, "cloudfront"]);
function readDeployment(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `The body is not JSON: ${error.message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body is not a Deployment object";
  const document = {
    stack: "",
    ...Object.fromEntries(LISTS2.map((name) => [name, []])),
    ...value
  };
  const strange = Object.keys(value).filter((name) => !KNOWN.has(name));
  if (strange.length > 0) return `Unknown: ${strange.join(", ")}. Known: ${[...KNOWN].join(", ")}`;
  const wrong = LISTS2.filter((name) => !Array.isArray(document[name]));
  if (wrong.length > 0) return `Not lists: ${wrong.join(", ")}`;
  for (const worker of document.workers) {
    worker.versions ??= [];
    worker.deployment ??= [];
    for (const version of worker.versions) {
      version.bindings ??= [];
      version.compatibility_flags ??= [];
      version.modules ??= [];
    }
  }
  return document;
}
function repeated(values) {
  const seen = /* @__PURE__ */ new Set();
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))];
}
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
function validate(deployment) {
  const errors = [];
  if (deployment.cloudfront != null) {
    errors.push(fault("The deployment has CloudFront distributions (`cloudfront`), which this gateway does not serve"));
  }
  const names = new Set(deployment.workers.map((worker) => worker.name));
  const namespaces = new Set(deployment.kv_namespaces.map((namespace) => namespace.id));
  for (const name of repeated(deployment.workers.map((worker) => worker.name))) {
    errors.push(fault(`There are several Workers named ${name}`, name));
  }
  for (const worker of deployment.workers) {
    const versions = new Set(worker.versions.map((version) => version.id));
    for (const id of repeated(worker.versions.map((version) => version.id))) {
      errors.push(fault(`There are several versions ${id}`, worker.name));
    }
    for (const share of worker.deployment) {
      if (!versions.has(share.version_id))
        errors.push(fault(`The deployment names version ${share.version_id}, which is not there`, worker.name));
    }
    const sum = worker.deployment.reduce((total, share) => total + share.percentage, 0);
    if (worker.deployment.length > 0 && Math.abs(sum - 100) > 0.01) {
      errors.push(fault(`The deployment's percentages add up to ${sum}, not to 100`, worker.name));
    }
    for (const version of worker.versions) {
      for (const binding of version.bindings) {
        if (binding.type === "kv_namespace" && !namespaces.has(binding.namespace_id)) {
          errors.push(
            fault(
              `Binding ${binding.name} names KV namespace ${binding.namespace_id}, which is not declared`,
              worker.name
            )
          );
        }
      }
    }
  }
  for (const route2 of deployment.routes) {
    const wrong = patternFault(route2.pattern);
    if (wrong !== void 0) errors.push(fault(`Route ${route2.pattern}: ${wrong}`, route2.worker));
    if (route2.worker !== null && !names.has(route2.worker)) {
      errors.push(fault(`Route ${route2.pattern} names Worker ${route2.worker}, which is not there`, route2.worker));
    }
  }
  for (const pattern of repeated(deployment.routes.map((route2) => route2.pattern))) {
    errors.push(fault(`Route ${pattern} is declared more than once`));
  }
  for (const domain of deployment.domains) {
    if (!names.has(domain.worker))
      errors.push(fault(`Domain ${domain.hostname} names Worker ${domain.worker}, which is not there`, domain.worker));
  }
  for (const host of repeated(deployment.domains.map((domain) => domain.hostname.toLowerCase()))) {
    errors.push(fault(`Domain ${host} is declared more than once`));
  }
  for (const name of repeated(
    deployment.kv_entries.map((entry) => `${entry.key} of namespace ${entry.namespace_id}`)
  )) {
    errors.push(fault(`KV entry ${name} is declared more than once`));
  }
  for (const entry of deployment.kv_entries) {
    if (!namespaces.has(entry.namespace_id)) {
      errors.push(fault(`KV entry ${entry.key} names namespace ${entry.namespace_id}, which is not declared`));
    }
    if (entry.metadata_json != null && !isJson(entry.metadata_json)) {
      errors.push(fault(`KV entry ${entry.key} of namespace ${entry.namespace_id}: its metadata is not JSON`));
    }
  }
  return errors;
}

// src/gateway/control.ts
var BODY_LIMIT = 512 * 1024 * 1024;
var ROUTES = {
  "POST /v1/deploy": deploy,
  "GET /v1/status": status,
  "GET /v1/counters": (options, _request, response) => json(response, 200, options.counters.snapshot()),
  "POST /v1/counters/reset": (options, _request, response) => {
    options.counters.reset();
    json(response, 200, options.counters.snapshot());
  },
  "GET /v1/logs": logEntries,
  "POST /v1/purge": async (options, request, response) => {
    json(response, 200, await purge(options, (await bodyOf(request)).toString("utf8")));
  }
};
function createControl(options) {
  const expected = digest(options.token);
  return http5.createServer({ requestTimeout: 0 }, (request, response) => {
    if (!/^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? "")) {
      sendProblem(response, {
        status: 421,
        title: "Misdirected request",
        detail: "The control port answers to 127.0.0.1 only."
      });
      return;
    }
    const given = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1] ?? "";
    if (!timingSafeEqual(digest(given), expected)) {
      sendProblem(
        response,
        { status: 401, title: "Unauthorized", detail: "Send the token: Authorization: Bearer <token>." },
        { "WWW-Authenticate": "Bearer" }
      );
      return;
    }
    const url = new URL(request.url ?? "/", "http://control");
    const handler = ROUTES[`${request.method} ${url.pathname}`] ?? (url.pathname.startsWith("/v1/kv/") ? keyValue : unknown);
    (async () => handler(options, request, response, url))().catch((error) => {
      if (error instanceof ProblemError) {
        sendProblem(response, error.problem);
        return;
      }
      options.logs.error(
        `Control ${request.method} ${url.pathname}: ${error instanceof Error ? error.stack : String(error)}`
      );
      sendProblem(response, { status: 500, title: "The gateway failed", detail: String(error) });
    });
  });
}
var digest = (text) => createHash2("sha256").update(text).digest();
function json(response, code, value) {
  const body = Buffer.from(`${JSON.stringify(value)}
`);
  response.writeHead(code, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
}
async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw problem(413, "Content too large", `The body is over ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
async function deploy(options, request, response) {
  const deployment = readDeployment((await bodyOf(request)).toString("utf8"));
  if (typeof deployment === "string") throw problem(400, "Not a deployment", deployment);
  try {
    json(response, 200, await options.reload.deploy(deployment));
  } catch (error) {
    if (!(error instanceof DeployFailed)) throw error;
    json(response, 422, { errors: error.errors });
  }
}
function status(options, _request, response) {
  const { reload, started } = options;
  const { serving } = reload;
  json(response, 200, {
    generation: serving?.generation ?? 0,
    stack: serving?.deployment.stack ?? null,
    workers: (serving?.deployment.workers ?? []).map((worker) => ({
      name: worker.name,
      versions: worker.versions.map((version) => version.id),
      deployment: worker.deployment
    })),
    urls: (serving?.router.hosts() ?? []).map((host) => ({ ...host, url: options.edgeUrl() })),
    uptime_s: Math.round((Date.now() - started.getTime()) / 100) / 10,
    since: started.toISOString(),
    last_error: reload.lastErrors ?? null
  });
}
function logEntries(options, _request, response, url) {
  const number = (name, otherwise) => {
    const text = url.searchParams.get(name);
    if (text === null) return otherwise;
    if (!/^\d{1,15}$/.test(text))
      throw problem(400, "Bad query", `${name} is ${JSON.stringify(text)}: give a whole number, 0 or more.`);
    return Number(text);
  };
  json(response, 200, {
    entries: options.logs.after(number("after", 0), number("limit", 1e3)),
    last: options.logs.lastSeq
  });
}
async function keyValue(options, request, response, url) {
  const found = url.pathname.match(/^\/v1\/kv\/([^/]+)\/(?:(keys)|values\/(.+))$/);
  const method = request.method ?? "GET";
  if (!found || !(found[2] ? ["GET"] : ["GET", "PUT", "DELETE"]).includes(method))
    return unknown(options, request, response, url);
  const namespace = decodeURIComponent(found[1]);
  const body = method === "PUT" ? await bodyOf(request) : void 0;
  const { instance, deployment } = await options.reload.enter();
  let answer;
  try {
    if (instance.namespaceIndex(namespace) === -1) {
      const known2 = deployment.kv_namespaces.map(({ id, title }) => `${id} (${title})`).join(", ") || "none";
      throw problem(404, "No such namespace", `There is no KV namespace ${namespace}. Known: ${known2}.`);
    }
    const rest = found[2] ? `keys${url.search}` : `values/${found[3]}${url.search}`;
    answer = await kvRequest(instance, method, namespace, rest, body);
  } finally {
    instance.busy.end();
  }
  if (answer.status === 404)
    throw problem(404, "No such key", `The namespace ${namespace} has no key ${decodeURIComponent(found[3] ?? "")}.`);
  if (answer.status === 400)
    throw problem(400, "KV refused", JSON.parse(answer.body.toString("utf8")).detail);
  if (answer.status >= 500) throw problem(502, "KV failed", answer.body.toString("utf8"));
  response.writeHead(answer.status, {
    "Content-Type": found[2] ? "application/json" : "application/octet-stream",
    "Content-Length": answer.body.length,
    ...answer.metadata !== void 0 && { "KV-Metadata": answer.metadata }
  });
  response.end(answer.body);
}
function unknown(_options, request, response, url) {
  sendProblem(response, {
    status: 404,
    title: "No such operation",
    detail: `${request.method} ${url.pathname} is not part of the control API. Known: ${Object.keys(ROUTES).join(", ")}, /v1/kv/{namespace}/values/{key}, /v1/kv/{namespace}/keys.`
  });
}

// src/gateway/counters.ts
var Counters = class {
  requests = 0;
  inFlight = 0;
  /** Requests that waited for a reload, and those that waited in vain. */
  held = 0;
  refused = 0;
  byStatus = {};
  kv = { written: 0, unchanged: 0, deleted: 0 };
  #origins = /* @__PURE__ */ new Map();
  since = /* @__PURE__ */ new Date();
  origin(name) {
    let counters = this.#origins.get(name);
    if (counters === void 0) {
      counters = { requests: 0, errors: 0, bytes: 0, inFlight: 0, maxConcurrency: 0, byStatus: {} };
      this.#origins.set(name, counters);
    }
    return counters;
  }
  started(name) {
    const counters = this.origin(name);
    counters.requests += 1;
    counters.inFlight += 1;
    counters.maxConcurrency = Math.max(counters.maxConcurrency, counters.inFlight);
    return counters;
  }
  /** Sets everything to zero; what is in flight stays counted as such. */
  reset() {
    this.requests = 0;
    this.held = 0;
    this.refused = 0;
    this.byStatus = {};
    this.kv = { written: 0, unchanged: 0, deleted: 0 };
    this.since = /* @__PURE__ */ new Date();
    for (const counters of this.#origins.values()) {
      Object.assign(counters, { requests: 0, errors: 0, bytes: 0, maxConcurrency: counters.inFlight, byStatus: {} });
    }
  }
  snapshot() {
    return {
      since: this.since.toISOString(),
      requests: this.requests,
      inFlight: this.inFlight,
      held: this.held,
      refused: this.refused,
      byStatus: this.byStatus,
      origins: Object.fromEntries(this.#origins),
      kv: this.kv
    };
  }
};

// src/gateway/edge.ts
import { randomBytes as randomBytes2 } from "node:crypto";
import http6 from "node:http";
var HEADERS_LIMIT = 128 * 1024;
var URL_LIMIT = 16 * 1024;
function createEdge(options) {
  const server = http6.createServer({
    // Room for the URL beside the headers; what is over its own limit is told apart below.
    maxHeaderSize: HEADERS_LIMIT + URL_LIMIT + 1024,
    requireHostHeader: false,
    keepAliveTimeout: 75e3,
    requestTimeout: 0,
    noDelay: true
  });
  server.maxHeadersCount = 0;
  server.on("request", (request, response) => void serve(options, request, response));
  server.on("checkContinue", (request, response) => {
    response.writeContinue();
    void serve(options, request, response);
  });
  server.on("upgrade", (request, socket, head) => void upgrade(options, request, socket, head));
  server.on("connect", (_request, socket) => refuse(socket, badRequest("CONNECT is not served here.")));
  server.on("clientError", (error, socket) => clientError(error, socket));
  return server;
}
function badRequest(detail) {
  return { status: 400, title: "Bad request", detail };
}
function refuse(socket, value) {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = problemBody(value);
  socket.end(
    `HTTP/1.1 ${value.status} ${http6.STATUS_CODES[value.status]}\r
Content-Type: application/problem+json\r
Content-Length: ${Buffer.byteLength(body)}\r
Connection: close\r
\r
${body}`
  );
}
function clientError(error, socket) {
  if (error.code === "ECONNRESET") {
    socket.destroy();
  } else if (error.code === "HPE_HEADER_OVERFLOW") {
    refuse(socket, badRequest(`The request's headers are over ${HEADERS_LIMIT} bytes.`));
  } else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    refuse(socket, { status: 408, title: "Request timeout", detail: "The request's headers did not arrive in time." });
  } else {
    refuse(socket, badRequest(`The request is not valid HTTP: ${error.message}`));
  }
}
function single(request, name) {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
var HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;
function targetOf(request) {
  const url = request.url ?? "/";
  if (url.length > URL_LIMIT)
    throw problem(414, "URI too long", `The URL is ${url.length} bytes long; the limit is ${URL_LIMIT}.`);
  let size = 0;
  let hosts = 0;
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index];
    size += name.length + request.rawHeaders[index + 1].length + 4;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  if (size > HEADERS_LIMIT)
    throw problem(400, "Bad request", `The request's headers are ${size} bytes; the limit is ${HEADERS_LIMIT}.`);
  if (hosts > 1) throw problem(400, "Bad request", "The request has several Host headers.");
  const absolute = url.match(/^https?:\/\/([^/?#]+)([^#]*)$/i);
  const host = absolute?.[1] ?? request.headers.host ?? "";
  const path = absolute ? absolute[2]?.startsWith("/") ? absolute[2] : `/${absolute[2] ?? ""}` : url;
  for (const [name, value] of [
    ["Host", host],
    ["X-Local-Host", request.headers["x-local-host"]]
  ]) {
    if (value === void 0 || HOST.test(String(value))) continue;
    throw problem(400, "Bad request", `${name} is ${JSON.stringify(value)}, which is not a host name.`);
  }
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw problem(400, "Bad request", "The request target is not a path.");
  return { host, path };
}
async function route(options, request) {
  const { host, path } = targetOf(request);
  const client = clientOf(
    single(request, "x-local-country"),
    single(request, "x-local-ip"),
    request.socket.remoteAddress
  );
  const serving = await options.reload.enter();
  try {
    const target = serving.router.resolve(host, single(request, "x-local-host"), path);
    const shares = serving.shares.get(target.worker) ?? [];
    if (shares.length === 0) {
      throw problem(
        503,
        "Nothing is deployed",
        `The Worker ${target.worker} has no deployment, so none of its versions gets traffic.`
      );
    }
    const override = single(request, VERSION_OVERRIDES);
    const version = pickVersion(target.worker, shares, { override, key: single(request, VERSION_KEY) }, options.random);
    const ray = rayId(client.place.colo);
    return {
      serving,
      target,
      client,
      ray,
      path,
      version,
      service: serviceName(target.worker, version),
      headers: workerHeaders(request, target.hostname, client, ray),
      answer: (raw) => answerHeaders(raw, target.hostname, host, ray)
    };
  } catch (error) {
    serving.instance.busy.end();
    throw error;
  }
}
function answerHeaders(raw, hostname, host, ray) {
  if (hostnameOf(host) !== hostname || host.includes(":")) {
    for (let index = 0; index < raw.length; index += 2) {
      if (raw[index].toLowerCase() !== "location") continue;
      const own = raw[index + 1].match(/^https?:\/\/([^/?#]+)(.*)$/i);
      if (own && hostnameOf(own[1]) === hostname) raw[index + 1] = `http://${host}${own[2]}`;
    }
  }
  raw.push("CF-Ray", ray);
  return raw;
}
function upstreamOf(routed) {
  const { instance } = routed.serving;
  return { port: () => instance.port(routed.service), refresh: () => instance.findPorts() };
}
function frontOf({ serving, target, version }) {
  const worker = serving.deployment.workers.find(({ name }) => name === target.worker);
  const found = worker?.versions.find(({ id }) => id === version);
  if (!found?.cache_enabled) return void 0;
  return found.cross_version_cache ? "*" : version;
}
async function serve(options, request, response) {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  counters.inFlight += 1;
  let routed;
  let status2;
  try {
    routed = await route(options, request);
    const { path, headers, answer } = routed;
    const forwarded = { request, response, upstream: upstreamOf(routed), path, headers, answer };
    const front = frontOf(routed);
    if (front === void 0) status2 = await forward(forwarded);
    else if (frontable(request)) {
      const { busy } = routed.serving.instance;
      const hold2 = () => {
        busy.begin();
        return () => busy.end();
      };
      status2 = await options.fronts.serve(routed.target.worker, front, { ...forwarded, hold: hold2 });
    } else {
      const bypass = (raw) => answer(unfronted(raw));
      status2 = await forward({ ...forwarded, answer: bypass });
    }
  } catch (error) {
    status2 = answerError(options, error, response);
  } finally {
    routed?.serving.instance.busy.end();
    counters.inFlight -= 1;
  }
  record(options, request, status2, begin, routed);
}
function problemOf(options, error) {
  if (error instanceof ProblemError) return error.problem;
  const id = randomBytes2(4).toString("hex");
  options.logs.error(`Fault ${id}: ${error instanceof Error ? error.stack : String(error)}`);
  return { status: 500, title: "The gateway failed", detail: `See fault ${id} in the log.` };
}
function answerError(options, error, response) {
  const value = problemOf(options, error);
  sendProblem(response, value, value.status === 503 ? { "Retry-After": "1" } : {});
  return value.status;
}
async function upgrade(options, request, socket, head) {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  socket.on("error", () => socket.destroy());
  let routed;
  let status2;
  try {
    routed = await route(options, request);
    const port = upstreamOf(routed).port();
    status2 = await forwardUpgrade(request, socket, head, {
      port,
      path: routed.path,
      headers: routed.headers,
      answer: routed.answer
    });
  } catch (error) {
    const value = problemOf(options, error);
    refuse(socket, value);
    status2 = value.status;
  } finally {
    routed?.serving.instance.busy.end();
  }
  record(options, request, status2, begin, routed);
}
function record(options, request, status2, begin, routed) {
  const { counters, logs } = options;
  counters.byStatus[status2] = (counters.byStatus[status2] ?? 0) + 1;
  const ms = Math.round((performance.now() - begin) * 100) / 100;
  const method = request.method ?? "GET";
  const host = routed?.target.hostname ?? request.headers.host ?? "";
  const url = `http://${host}${routed?.path ?? request.url ?? ""}`;
  logs.add({
    level: status2 >= 500 ? "error" : "info",
    source: "request",
    message: `${method} ${url} ${status2}`,
    method,
    url,
    status: status2,
    ms,
    ...routed && { worker: routed.target.worker, version: routed.version }
  });
}

// src/gateway/instance.ts
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

// src/gateway/busy.ts
var Busy = class {
  #count = 0;
  #waiting = [];
  get count() {
    return this.#count;
  }
  begin() {
    this.#count += 1;
  }
  end() {
    this.#count -= 1;
    if (this.#count === 0) for (const wake of this.#waiting.splice(0)) wake();
  }
  /** Waits until nothing is under way, at most so long; says whether that was reached. */
  async idle(ms) {
    const end2 = performance.now() + ms;
    while (this.#count > 0) {
      const left = end2 - performance.now();
      if (left <= 0) return false;
      let timer;
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return true;
  }
};

// src/gateway/instance.ts
function loadMiniflare(runtimeDir) {
  return createRequire(join(runtimeDir, "package.json"))("miniflare");
}
var LEVELS = /* @__PURE__ */ new Set(["debug", "log", "info", "warn", "error"]);
var Instance = class _Instance {
  constructor(options, miniflare) {
    this.options = options;
    this.miniflare = miniflare;
  }
  options;
  miniflare;
  /** Requests that a client waits for (not WebSockets, which a deployment may close). */
  busy = new Busy();
  #ports = /* @__PURE__ */ new Map();
  #startup = [];
  #started = false;
  /** Uncaught exceptions that a Worker's entry module told of, until workerd tells of them too. */
  #reported = [];
  /** Starts workerd; raises DeployFailed, with nothing left running, when a Worker cannot start. */
  static async start(options) {
    const { stateDir, cacheDir } = options;
    let instance;
    const lines = [];
    const shared = {
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      logRequests: false,
      log: new options.miniflare.NoOpLog(),
      defaultPersistRoot: stateDir,
      // Writes are visible at once, to all: gap `kv-consistency`.
      kvPersist: true,
      r2Persist: true,
      d1Persist: true,
      durableObjectsPersist: true,
      cachePersist: cacheDir,
      structuredWorkerdLogs: true,
      handleRuntimeStdio: (out, err) => {
        lines.push([out, "out"], [err, "err"]);
        for (const stream of [out, err]) {
          createInterface({ input: stream }).on("line", (line) => instance?.runtimeLine(line));
        }
      },
      unsafeHandleRuntimeRestart: async () => {
        options.logs.error("workerd stopped unexpectedly and was started again");
        await instance?.findPorts();
      }
    };
    const miniflare = new options.miniflare.Miniflare({
      ...shared,
      workers: options.workers
    });
    instance = new _Instance(options, miniflare);
    try {
      await miniflare.ready;
      await instance.findPorts();
    } catch (error) {
      await miniflare.dispose().catch(() => {
      });
      const errors = startupErrors(instance.#startup, ENTRY_MODULE);
      throw new DeployFailed(errors.length > 0 ? errors : unexplained(instance.#startup, error));
    }
    instance.#started = true;
    for (const message of instance.#startup) instance.runtimeMessage({ level: "warn", message });
    return instance;
  }
  /** workerd's port for a Worker version. */
  port(service) {
    const port = this.#ports.get(service);
    if (port === void 0) throw new Error(`No socket for ${service}`);
    return port;
  }
  /** Asks for the ports again: they change when workerd was started again. */
  async findPorts() {
    for (const worker of this.options.workers) {
      const url = await this.miniflare.unsafeGetDirectURL(worker.name);
      this.#ports.set(worker.name, Number(url.port));
    }
  }
  namespaceIndex(id) {
    return this.options.namespaces.indexOf(id);
  }
  get controlPort() {
    return this.port(CONTROL_WORKER);
  }
  async dispose() {
    await this.miniflare.dispose().catch((error) => this.options.logs.warn(`workerd's end: ${String(error)}`));
  }
  /** One line of workerd's output: JSON, or whatever a crash prints. */
  runtimeLine(line) {
    let parsed;
    try {
      parsed = JSON.parse(line);
    } catch {
      parsed = { level: "error", message: line };
    }
    const message = String(parsed.message ?? line);
    const level = LEVELS.has(String(parsed.level)) ? String(parsed.level) : "error";
    if (!this.#started && !message.startsWith("")) this.#startup.push(message);
    else this.runtimeMessage({ level, message });
  }
  runtimeMessage(line) {
    const { message, ...origin } = unmark(line.message.replaceAll("file:///", ""));
    if (origin.worker !== void 0) {
      if (message.startsWith("Uncaught "))
        this.#reported = [...this.#reported.slice(-99), firstLine(message.slice("Uncaught ".length))];
      this.options.logs.add({ level: line.level, source: "worker", message, ...origin });
      return;
    }
    const exception = message.match(/remote\.jsg\.(\w+: [\s\S]*?)(?:\nstack: [\s\S]*)?$/);
    if (exception) {
      const told = firstLine(exception[1]);
      const known2 = this.#reported.findIndex((text) => text === told || `Error: ${text}` === told);
      if (known2 !== -1) {
        this.#reported.splice(known2, 1);
        return;
      }
    }
    const clean = exception ? `Uncaught ${exception[1]}` : message.replace(/\nstack: [\s\S]*$/, "");
    this.options.logs.add({ level: line.level, source: "runtime", message: clean });
  }
};
var firstLine = (text) => text.split("\n", 1)[0];

// src/gateway/logs.ts
import { createWriteStream } from "node:fs";
var RING = 5e3;
var FILE_LIMIT = 64 * 1024 * 1024;
var Logs = class {
  constructor(path) {
    this.path = path;
    this.#open("a");
  }
  path;
  #entries = [];
  #seq = 0;
  #file;
  #written = 0;
  #open(flags) {
    if (this.path === void 0) return;
    this.#file = createWriteStream(this.path, { flags, mode: 384 });
    this.#file.on("error", () => {
      this.#file = void 0;
    });
  }
  add(entry) {
    const whole2 = { seq: ++this.#seq, time: entry.time ?? (/* @__PURE__ */ new Date()).toISOString(), ...entry };
    this.#entries.push(whole2);
    if (this.#entries.length > RING * 1.25) this.#entries = this.#entries.slice(-RING);
    if (this.#file === void 0) return;
    const line = `${JSON.stringify(whole2)}
`;
    this.#written += line.length;
    if (this.#written > FILE_LIMIT) {
      this.#written = 0;
      this.#file.end();
      this.#open("w");
    }
    this.#file?.write(line);
  }
  info(message) {
    this.add({ level: "info", source: "gateway", message });
  }
  warn(message) {
    this.add({ level: "warn", source: "gateway", message });
  }
  error(message) {
    this.add({ level: "error", source: "gateway", message });
  }
  /** Entries after a sequence number, oldest first. */
  after(seq, limit) {
    const first = this.#entries.findIndex((entry) => entry.seq > seq);
    return first === -1 ? [] : this.#entries.slice(first, first + limit);
  }
  get lastSeq() {
    return this.#seq;
  }
  close() {
    return new Promise((resolve) => this.#file ? this.#file.end(() => resolve()) : resolve());
  }
};

// src/gateway/outbound.ts
import { randomBytes as randomBytes3 } from "node:crypto";
import http7 from "node:http";
import https from "node:https";
import { connect } from "node:net";

// src/gateway/destination.ts
function destinationOf(url) {
  const found = url?.match(/^(https?):\/\/([^/?#]+)([^#]*)/i);
  if (!found) return void 0;
  const scheme = found[1].toLowerCase();
  const authority = found[2].slice(found[2].lastIndexOf("@") + 1).toLowerCase();
  const host = authority.match(/^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/);
  if (!host) return void 0;
  const rest = found[3];
  return {
    scheme,
    authority,
    hostname: host[1].replace(/^\[|\]$/g, ""),
    port: host[2] ? Number(host[2]) : scheme === "https" ? 443 : 80,
    path: rest.startsWith("/") ? rest : `/${rest}`
  };
}

// src/gateway/outbound.ts
var PASS_HEADER = "x-local-outbound";
var HTTP_PROXY_STYLE = 1;
var NO_HTTP = "no HTTP\r\n\r\n";
var Outbound = class {
  constructor(options) {
    this.options = options;
    this.#server = http7.createServer({
      maxHeaderSize: 256 * 1024,
      requireHostHeader: false,
      keepAliveTimeout: 6e4,
      requestTimeout: 0
    });
    this.#server.on("request", (request, response) => this.#request(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("connect", (request, socket, head) => this.#connect(request, socket, head));
  }
  options;
  #server;
  #pass = randomBytes3(16).toString("hex");
  /** Requests under way for each workerd, so that one is not ended in the middle of its background work. */
  #busy = /* @__PURE__ */ new Map();
  #agents = {
    http: new http7.Agent({ keepAlive: true, maxFreeSockets: 64 }),
    https: new https.Agent({ keepAlive: true, maxFreeSockets: 64 })
  };
  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }
  /** What miniflare is told, for one workerd. */
  service(workerd) {
    const { port } = this.#server.address();
    return {
      external: {
        address: `127.0.0.1:${port}`,
        http: {
          style: HTTP_PROXY_STYLE,
          injectRequestHeaders: [{ name: PASS_HEADER, value: `${this.#pass}.${workerd}` }]
        }
      }
    };
  }
  /** What a workerd has under way. */
  busy(workerd) {
    let busy = this.#busy.get(workerd);
    if (busy === void 0) {
      busy = new Busy();
      this.#busy.set(workerd, busy);
    }
    return busy;
  }
  /** Forgets a workerd that has ended. */
  forget(workerd) {
    this.#busy.delete(workerd);
  }
  close() {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
  /** Which workerd a request comes from; undefined: none of ours. */
  #from(request) {
    const [pass, workerd] = String(request.headers[PASS_HEADER] ?? "").split(".");
    return pass === this.#pass ? workerd : void 0;
  }
  #request(request, response) {
    const to = destinationOf(request.url);
    const workerd = this.#from(request);
    if (to === void 0 || workerd === void 0) {
      response.writeHead(403, { Connection: "close" }).end("This port is for the local cloud's own Workers.\n");
      return;
    }
    if (to.authority === FRONT_CACHE_HOST) {
      void this.#frontCache(request, response);
      return;
    }
    const counters = this.options.counters.started(`${to.scheme}://${to.authority}`);
    const busy = this.busy(workerd);
    busy.begin();
    let done = false;
    const finish = (failed) => {
      if (done) return;
      done = true;
      busy.end();
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
    };
    this.#send(request, response, to, counters, finish, false);
    response.on("close", () => finish(false));
  }
  async #frontCache(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname } = new URL(request.url);
    const answer = await this.options.fronts.called(pathname, Buffer.concat(chunks).toString("utf8"));
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  }
  #send(request, response, to, counters, finish, again) {
    const onward = this.#open(request, to);
    const hasBody = request.headers["content-length"] !== void 0 || request.headers["transfer-encoding"] !== void 0;
    let answer;
    onward.on("response", (incoming) => {
      answer = incoming;
      const status2 = String(incoming.statusCode);
      counters.byStatus[status2] = (counters.byStatus[status2] ?? 0) + 1;
      const raw = endToEnd(incoming.rawHeaders, incoming.headers.connection, () => false);
      response.sendDate = false;
      response.removeHeader("Connection");
      try {
        const status3 = incoming.statusCode ?? 502;
        response.writeHead(status3, incoming.statusMessage, raw);
      } catch {
        finish(true);
        request.socket.end(NO_HTTP);
        onward.destroy();
        return;
      }
      response.flushHeaders();
      incoming.on("data", (chunk) => {
        counters.bytes += chunk.length;
      });
      incoming.pipe(response);
      incoming.on("end", () => finish(false));
      incoming.on("error", () => {
        finish(true);
        response.destroy();
      });
    });
    onward.on("upgrade", (_incoming, socket) => {
      finish(true);
      socket.destroy();
      request.socket.end(NO_HTTP);
    });
    onward.on("error", (error) => {
      if (answer !== void 0) {
        if (error.code === "HPE_INVALID_CHUNK_SIZE") request.socket.write("not a chunk\r\n");
        return;
      }
      if (onward.reusedSocket && error.code === "ECONNRESET" && !hasBody && !again) {
        this.#send(request, response, to, counters, finish, true);
        return;
      }
      finish(true);
      if (error.code?.startsWith("HPE_")) request.socket.end(error.rawPacket ?? NO_HTTP);
      else if (error.syscall === "getaddrinfo") request.socket.end(NO_HTTP);
      else request.socket.destroy();
    });
    response.on("close", () => {
      if (answer === void 0 ? !response.writableFinished : !answer.complete) onward.destroy();
    });
    if (hasBody) request.pipe(onward);
    else onward.end();
  }
  #open(request, to, extra = []) {
    const own = this.#own(to);
    const raw = endToEnd(
      request.rawHeaders,
      request.headers.connection,
      (name) => name === PASS_HEADER || name === "host"
    );
    const chunked = request.headers["transfer-encoding"] !== void 0 ? ["Transfer-Encoding", "chunked"] : [];
    const secure = to.scheme === "https" && own === void 0;
    const options = {
      host: own === void 0 ? to.hostname : "127.0.0.1",
      port: own ?? to.port,
      method: request.method ?? "GET",
      path: to.path,
      headers: ["Host", to.authority, ...raw, ...chunked, ...extra],
      setDefaultHeaders: false,
      maxHeaderSize: 256 * 1024,
      agent: extra.length > 0 ? false : secure ? this.#agents.https : this.#agents.http
    };
    return secure ? https.request(options) : http7.request(options);
  }
  #own(to) {
    return to.port === 80 || to.port === 443 ? this.options.ownPort(to.hostname) : void 0;
  }
  /** A WebSocket that a Worker opens. */
  #upgrade(request, socket, head) {
    const to = destinationOf(request.url);
    if (to === void 0 || this.#from(request) === void 0) {
      socket.destroy();
      return;
    }
    const counters = this.options.counters.started(`${to.scheme}://${to.authority}`);
    const onward = this.#open(request, to, [
      "Connection",
      "Upgrade",
      "Upgrade",
      request.headers.upgrade ?? "websocket"
    ]);
    let failed = true;
    const relay = (answer, extra) => {
      failed = false;
      const raw = [...endToEnd(answer.rawHeaders, answer.headers.connection, () => false), ...extra];
      let text = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r
`;
      for (let index = 0; index < raw.length; index += 2) text += `${raw[index]}: ${raw[index + 1]}\r
`;
      socket.write(`${text}\r
`);
    };
    onward.on("upgrade", (answer, upstream, rest) => {
      relay(answer, ["Connection", "Upgrade", "Upgrade", answer.headers.upgrade ?? "websocket"]);
      socket.write(rest);
      upstream.write(head);
      upstream.on("data", (chunk) => {
        counters.bytes += chunk.length;
      });
      join2(socket, upstream);
    });
    onward.on("response", (answer) => {
      relay(answer, ["Connection", "close"]);
      answer.pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.on("close", () => {
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
      onward.destroy();
    });
    onward.end();
  }
  /**
   * `connect()` from `cloudflare:sockets`: a plain tunnel. workerd adds no header of ours to CONNECT, so this cannot tell who asks; it gives
   * a process of this machine nothing that it does not have, and a page in a browser cannot send CONNECT.
   */
  #connect(request, socket, head) {
    const found = request.url?.match(/^(\[[^\]]+\]|[^:]+):(\d+)$/);
    if (!found) {
      socket.destroy();
      return;
    }
    const counters = this.options.counters.started(`tcp://${request.url}`);
    const upstream = connect(Number(found[2]), found[1].replace(/^\[|\]$/g, ""));
    let failed = true;
    upstream.on("connect", () => {
      failed = false;
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      join2(socket, upstream);
    });
    upstream.on("data", (chunk) => {
      counters.bytes += chunk.length;
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    socket.on("close", () => {
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
      upstream.destroy();
    });
  }
};
function join2(one, other) {
  one.setNoDelay(true);
  other.setNoDelay(true);
  one.pipe(other).pipe(one);
  one.on("close", () => other.destroy()).on("error", () => other.destroy());
  other.on("close", () => one.destroy()).on("error", () => one.destroy());
}

// src/gateway/reload.ts
import { createHash as createHash4 } from "node:crypto";

// src/gateway/kv-entries.ts
import { createHash as createHash3 } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join as join3 } from "node:path";
var BATCH_ITEMS = 500;
var BATCH_BYTES = 8 * 1024 * 1024;
var KvEntries = class {
  #path;
  #ledger;
  constructor(stateDir) {
    this.#path = join3(stateDir, "kv-declared.json");
    this.#ledger = readLedger(this.#path);
  }
  /**
   * Brings the namespaces to what is declared. Keys that a Worker wrote are never touched, nor is a declared key that a Worker
   * overwrote, until its declaration changes: as with the provider.
   */
  async apply(entries, namespaces, placeOf2) {
    const counts = { written: 0, unchanged: 0, deleted: 0 };
    const failed = [];
    for (const namespace of namespaces) {
      const written = this.#ledger[namespace] ?? {};
      this.#ledger[namespace] = written;
      const items = [];
      const declared = /* @__PURE__ */ new Set();
      for (const entry of entries) {
        if (entry.namespace_id !== namespace) continue;
        declared.add(entry.key);
        const hash = createHash3("sha256").update(JSON.stringify(entry)).digest("base64url");
        if (written[entry.key] === hash) counts.unchanged += 1;
        else items.push(itemOf(entry, hash));
      }
      for (const key of Object.keys(written)) if (!declared.has(key)) items.push({ key });
      for (const batch of batches(items)) {
        const errors = await send(placeOf2(namespace), namespace, batch);
        for (const item of batch) {
          const error = errors.get(item.key);
          if (error !== void 0) failed.push(`KV entry ${item.key} of namespace ${namespace}: ${error}`);
          else if (item.hash === void 0) {
            delete written[item.key];
            counts.deleted += 1;
          } else {
            written[item.key] = item.hash;
            counts.written += 1;
          }
        }
        this.#save();
      }
    }
    if (failed.length > 0) throw new DeployFailed(failed.map((message) => fault(message)));
    return counts;
  }
  #save() {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#ledger), { mode: 384 });
    renameSync(`${this.#path}.new`, this.#path);
  }
};
function readLedger(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}
function itemOf(entry, hash) {
  return {
    key: entry.key,
    value: entry.value_base64,
    hash,
    ...entry.metadata_json != null && { metadata: JSON.parse(entry.metadata_json) },
    ...entry.expiration != null && { expiration: entry.expiration },
    ...entry.expiration_ttl_s != null && { expirationTtl: entry.expiration_ttl_s }
  };
}
function* batches(items) {
  let batch = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.value?.length ?? 0;
    if (batch.length > 0 && (batch.length >= BATCH_ITEMS || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
async function send(place, namespace, items) {
  const body = Buffer.from(JSON.stringify(items.map(({ hash: _hash, ...item }) => item)));
  const answer = await kvRequest(place, "POST", namespace, "batch", body);
  if (answer.status !== 200)
    throw new Error(`KV namespace ${namespace}: ${answer.status} ${answer.body.toString("utf8")}`);
  const failed = JSON.parse(answer.body.toString("utf8"));
  return new Map(failed.map(({ key, error }) => [key, error]));
}

// src/gateway/reload.ts
var DRAIN_MS = 1e3;
var LINGER_MS = 3e4;
var GRACE_MS = 20;
var HELD_MAX = 2e3;
var HELD_MS = 15e3;
var Reload = class {
  constructor(options) {
    this.options = options;
    this.#entries = new KvEntries(options.stateDir);
  }
  options;
  #serving;
  #fingerprint = "";
  #started = 0;
  #turn = Promise.resolve();
  #holding = false;
  #waiters = /* @__PURE__ */ new Set();
  #entries;
  lastErrors;
  get serving() {
    return this.#serving;
  }
  /** What serves now; waits during a switch. Raises a 503 problem when it waits in vain. The caller calls `instance.busy.end()`. */
  async enter() {
    if (this.#holding) await this.#held();
    if (this.#serving === void 0)
      throw problem(503, "Nothing is deployed", "The local cloud runs no Worker yet: deploy first.");
    this.#serving.instance.busy.begin();
    return this.#serving;
  }
  #held() {
    const { counters } = this.options;
    if (this.#waiters.size >= HELD_MAX) {
      counters.refused += 1;
      throw problem(503, "Too many requests wait for a reload", `${HELD_MAX} requests wait already. Try again.`);
    }
    counters.held += 1;
    return new Promise((resolve, reject) => {
      const waiter = {
        go: () => {
          clearTimeout(waiter.timer);
          resolve();
        },
        timer: setTimeout(() => {
          this.#waiters.delete(waiter);
          counters.refused += 1;
          reject(problem(503, "The reload takes too long", `The request waited for ${HELD_MS} ms. Try again.`));
        }, HELD_MS)
      };
      this.#waiters.add(waiter);
    });
  }
  #release() {
    this.#holding = false;
    for (const waiter of this.#waiters) waiter.go();
    this.#waiters.clear();
  }
  /** Applies a deployment; raises DeployFailed and leaves the last one serving when it cannot. */
  deploy(deployment) {
    const result = this.#turn.then(() => this.#deploy(deployment));
    this.#turn = result.catch(() => {
    });
    return result;
  }
  async #deploy(deployment) {
    const begin = performance.now();
    let steps;
    try {
      steps = await this.#apply(deployment);
    } catch (error) {
      const errors = error instanceof DeployFailed ? error.errors : [fault(error instanceof Error ? error.message : String(error))];
      this.lastErrors = errors;
      for (const { message, worker, module, line, column } of errors) {
        const place = module === null ? "" : ` (${module}${line === null ? "" : `:${line}:${column}`})`;
        this.options.logs.add({
          level: "error",
          source: "gateway",
          message: `Deployment refused: ${message}${place}`,
          ...worker !== null && { worker }
        });
      }
      throw new DeployFailed(errors);
    }
    this.lastErrors = void 0;
    const ms = elapsed(begin);
    const generation = this.#serving?.generation ?? 0;
    this.options.logs.info(`Generation ${generation} serves after ${ms} ms (${steps})`);
    return { generation, ms };
  }
  async #apply(deployment) {
    const begin = performance.now();
    const { miniflare, logs, counters, stateDir, cacheDir } = this.options;
    const errors = validate(deployment);
    const newestDate = miniflare.supportedCompatibilityDate;
    const workerd = String(this.#started++);
    const outbound = this.options.outbound.service(workerd);
    const workers = translate(
      deployment,
      { outbound, newestDate, warn: (text) => logs.warn(text), purgeToken: this.options.purgeToken },
      errors
    );
    if (errors.length > 0) throw new DeployFailed(errors);
    const namespaces = deployment.kv_namespaces.map((namespace) => namespace.id).sort();
    workers.push(controlWorker(namespaces, newestDate));
    const old = this.#serving;
    const fingerprint = createHash4("sha256").update(JSON.stringify(workers, (key, value) => key === "outboundService" ? void 0 : value)).digest("hex");
    const same = old !== void 0 && fingerprint === this.#fingerprint;
    const instance = same ? old.instance : await Instance.start({ name: workerd, miniflare, workers, stateDir, cacheDir, logs, namespaces });
    const startMs = elapsed(begin);
    try {
      const placeOf2 = (id) => old !== void 0 && old.instance.namespaceIndex(id) !== -1 ? old.instance : instance;
      const counts = await this.#entries.apply(deployment.kv_entries, namespaces, placeOf2);
      for (const key of ["written", "unchanged", "deleted"]) counters.kv[key] += counts[key];
    } catch (error) {
      if (!same) await instance.dispose();
      throw error;
    }
    const entriesMs = elapsed(begin) - startMs;
    const next = {
      instance,
      router: new Router(deployment),
      shares: new Map(deployment.workers.map((worker) => [worker.name, worker.deployment])),
      deployment,
      generation: (old?.generation ?? 0) + 1
    };
    if (!same && old !== void 0) await this.#switch(old.instance, next);
    this.#serving = next;
    this.#fingerprint = fingerprint;
    const switchMs = elapsed(begin) - startMs - entriesMs;
    return `start ${startMs} ms, KV entries ${entriesMs.toFixed(1)} ms, switch ${switchMs.toFixed(1)} ms`;
  }
  async #switch(old, next) {
    this.#holding = true;
    try {
      if (await this.#finished(old, DRAIN_MS)) await this.#dispose(old);
      else void this.#finished(old, LINGER_MS).then(() => this.#dispose(old));
    } finally {
      this.#serving = next;
      this.#release();
    }
  }
  /** Waits until a workerd has nothing to do any more, at most so long; says whether that was reached. */
  async #finished(instance, ms) {
    const end2 = performance.now() + ms;
    if (!await instance.busy.idle(ms)) return false;
    if (!await this.options.outbound.busy(instance.options.name).idle(end2 - performance.now())) return false;
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    const { namespaces } = instance.options;
    await Promise.all(namespaces.map((id) => kvRequest(instance, "GET", id, "keys?limit=1").catch(() => {
    })));
    return true;
  }
  async #dispose(instance) {
    await instance.dispose();
    this.options.outbound.forget(instance.options.name);
  }
  async close() {
    await this.#serving?.instance.dispose();
  }
};
var elapsed = (begin) => Math.round((performance.now() - begin) * 10) / 10;

// src/gateway/main.ts
var StartFailed = class extends Error {
  constructor(code, message, exitCode) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
  code;
  exitCode;
};
function say(value) {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(value)}
`, () => resolve()));
}
function readOptions(line) {
  let value;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new StartFailed("bad-options", `The first line is not JSON: ${error.message}`, 2);
  }
  const {
    host = "127.0.0.1",
    port = 8787,
    controlPort = 0,
    stateDir,
    runtimeDir = process.cwd(),
    logFile,
    seed
  } = value;
  const wrong = [
    ...Object.entries({ port, controlPort }).flatMap(
      ([name, given]) => Number.isInteger(given) && given >= 0 && given <= 65535 ? [] : [`${name} is ${JSON.stringify(given)}: a port from 0 to 65535`]
    ),
    ...typeof stateDir === "string" && stateDir !== "" ? [] : ["stateDir is missing: a directory that the gateway may write to"]
  ];
  if (wrong.length > 0) throw new StartFailed("bad-options", wrong.join("; "), 2);
  return {
    host,
    port,
    controlPort,
    stateDir,
    runtimeDir,
    ...logFile !== void 0 && { logFile },
    ...seed !== void 0 && { seed }
  };
}
function listen(server, host, port) {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const taken = error.code === "EADDRINUSE";
      const message = taken ? `Port ${port} on ${host} is in use. Stop what uses it, or choose another with --port.` : error.message;
      reject(new StartFailed(taken ? "port-in-use" : "cannot-listen", message, 3));
    });
    server.listen(port, host, () => resolve(server.address().port));
  });
}
async function start(options) {
  const started = /* @__PURE__ */ new Date();
  const cacheDir = join4(options.stateDir, "cache");
  rmSync(cacheDir, { recursive: true, force: true });
  mkdirSync(options.stateDir, { recursive: true, mode: 448 });
  const logs = new Logs(options.logFile);
  const counters = new Counters();
  const token = randomBytes4(32).toString("base64url");
  const purgeToken = randomBytes4(32).toString("base64url");
  let port = options.port;
  const fronts = new FrontCaches(logs);
  const outbound = new Outbound({
    counters,
    fronts,
    ownPort: (hostname) => reload.serving?.router.domain(hostname) === void 0 ? void 0 : port
  });
  await outbound.listen();
  let miniflare;
  try {
    miniflare = loadMiniflare(options.runtimeDir);
  } catch (error) {
    throw new StartFailed(
      "runtime-missing",
      `miniflare cannot be loaded from ${options.runtimeDir}: ${error.message}`,
      3
    );
  }
  const reload = new Reload({
    miniflare,
    stateDir: options.stateDir,
    cacheDir,
    outbound,
    logs,
    counters,
    purgeToken
  });
  const random = options.seed === void 0 ? Math.random : seededRandom(options.seed);
  const edge = createEdge({ reload, counters, logs, random, fronts });
  const control2 = createControl({
    token,
    reload,
    counters,
    logs,
    started,
    fronts,
    purgeToken,
    edgeUrl: () => `http://${options.host}:${port}`
  });
  port = await listen(edge, options.host, options.port);
  const controlPort = await listen(control2, "127.0.0.1", options.controlPort);
  await say({ port, controlPort, token, pid: process.pid });
  return async () => {
    for (const server of [edge, control2]) {
      server.close();
      server.closeAllConnections();
    }
    await reload.close();
    outbound.close();
    await logs.close();
  };
}
var stop;
var stopping = false;
async function end(code) {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(code), 5e3).unref();
  await stop?.().catch(() => {
  });
  process.exit(code);
}
for (const [signal2, number] of [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15]
])
  process.on(signal2, () => void end(128 + number));
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    console.error("The gateway crashed:", error);
    void end(1);
  });
}
var input = createInterface2({ input: process.stdin });
input.on("close", () => void end(0));
input.once("line", (line) => {
  void (async () => {
    try {
      stop = await start(readOptions(line));
    } catch (error) {
      const known2 = error instanceof StartFailed ? error : new StartFailed("cannot-start", String(error), 3);
      await say({ error: { code: known2.code, message: known2.message } });
      await end(known2.exitCode);
    }
  })();
});
