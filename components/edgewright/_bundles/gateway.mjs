// src/gateway/main.ts
import { randomBytes as randomBytes4 } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join as join4 } from "node:path";
import { createInterface as createInterface2 } from "node:readline";

// src/gateway/control.ts
import { createHash, timingSafeEqual } from "node:crypto";
import http3 from "node:http";

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
  const known = place.continent !== "";
  return {
    colo: place.colo,
    country: place.country,
    ...known && {
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
function endToEnd(raw, connection, drop) {
  const listed = connectionNames(connection);
  const kept = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index];
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || listed.has(lower) || drop(lower)) continue;
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
    const whole = response.writableFinished;
    if (!whole || !answer?.complete || !onward.writableEnded) abort(onward);
    request.removeAllListeners("data");
    request.resume();
    resolve(whole ? response.statusCode : 499);
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
    const write = (answer, raw) => {
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
      write(answer, [
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
      write(answer, [
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

// src/gateway/front-cache.ts
function frontCacheFaults(deployment) {
  return deployment.workers.flatMap(
    (worker) => worker.versions.filter((version) => version.cache_enabled).map(
      (version) => fault(
        `Version ${version.id} sets cache_options.enabled (Workers Cache), which the local cloud does not run. Use a CachePolicy with engine "worker" here, or leave cache_options out.`,
        worker.name
      )
    )
  );
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

// src/gateway/validate.ts
var LISTS = [
  "workers",
  "kv_namespaces",
  "kv_entries",
  "queues",
  "r2_buckets",
  "d1_databases",
  "routes",
  "domains"
];
var KNOWN = /* @__PURE__ */ new Set(["stack", ...LISTS, "cloudfront"]);
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
    ...Object.fromEntries(LISTS.map((name) => [name, []])),
    ...value
  };
  const strange = Object.keys(value).filter((name) => !KNOWN.has(name));
  if (strange.length > 0) return `Unknown: ${strange.join(", ")}. Known: ${[...KNOWN].join(", ")}`;
  const wrong = LISTS.filter((name) => !Array.isArray(document[name]));
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
  const errors = [...frontCacheFaults(deployment)];
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
  "GET /v1/logs": logEntries
};
function createControl(options) {
  const expected = digest(options.token);
  return http3.createServer({ requestTimeout: 0 }, (request, response) => {
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
var digest = (text) => createHash("sha256").update(text).digest();
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
      const known = deployment.kv_namespaces.map(({ id, title }) => `${id} (${title})`).join(", ") || "none";
      throw problem(404, "No such namespace", `There is no KV namespace ${namespace}. Known: ${known}.`);
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
import http4 from "node:http";

// src/gateway/entry.ts
var ENTRY_MODULE = "edgewright-local-entry.js";
var CONSOLE_MODULE = "edgewright-local-console.js";
var MARK = "";
function entryModule(mainModule) {
  const specifier = JSON.stringify(`./${mainModule}`);
  return `import { report } from "./${CONSOLE_MODULE}";
import * as main from ${specifier};
export * from ${specifier};
function watched(target) {
  if (typeof target !== "object" || target === null || typeof target.fetch !== "function") return target;
  const fetch = (...args) => {
    let answer;
    try {
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

// src/gateway/versions.ts
import { createHash as createHash2 } from "node:crypto";
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
function overrideFor(header, worker) {
  for (const member of (header ?? "").split(",")) {
    const [key, value] = member.split("=", 2);
    if (key?.trim() !== worker) continue;
    return value?.trim().match(/^"([^"]*)"/)?.[1];
  }
  return void 0;
}
function placeOf(worker, key) {
  return createHash2("sha256").update(`${worker}\0${key}`).digest().readUInt32BE(0) / 2 ** 32 * 100;
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
function modulesOf(worker, version, errors) {
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
  return [
    { type: "ESModule", path: `/${ENTRY_MODULE}`, contents: entryModule(version.main_module) },
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
        modules: modulesOf(worker, version, errors),
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
  const plain = {};
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
        plain[binding.name] = binding.text;
        break;
      case "json":
        try {
          plain[binding.name] = JSON.parse(binding.json_text);
        } catch (error) {
          refuse2(`Binding ${binding.name} is not JSON: ${error.message}`);
        }
        break;
      case "version_metadata":
        plain[binding.name] = { id: version.id, tag: "", timestamp: (/* @__PURE__ */ new Date(0)).toISOString() };
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
    bindings: plain,
    kvNamespaces,
    ratelimits,
    serviceBindings,
    queueProducers,
    durableObjects,
    r2Buckets,
    d1Databases
  };
}

// src/gateway/edge.ts
var HEADERS_LIMIT = 128 * 1024;
var URL_LIMIT = 16 * 1024;
function createEdge(options) {
  const server = http4.createServer({
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
    `HTTP/1.1 ${value.status} ${http4.STATUS_CODES[value.status]}\r
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
async function serve(options, request, response) {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  counters.inFlight += 1;
  let routed;
  let status2;
  try {
    routed = await route(options, request);
    status2 = await forward({
      request,
      response,
      upstream: upstreamOf(routed),
      path: routed.path,
      headers: routed.headers,
      answer: routed.answer
    });
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
      const known = this.#reported.findIndex((text) => text === told || `Error: ${text}` === told);
      if (known !== -1) {
        this.#reported.splice(known, 1);
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
    const whole = { seq: ++this.#seq, time: entry.time ?? (/* @__PURE__ */ new Date()).toISOString(), ...entry };
    this.#entries.push(whole);
    if (this.#entries.length > RING * 1.25) this.#entries = this.#entries.slice(-RING);
    if (this.#file === void 0) return;
    const line = `${JSON.stringify(whole)}
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
import http5 from "node:http";
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
    this.#server = http5.createServer({
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
    http: new http5.Agent({ keepAlive: true, maxFreeSockets: 64 }),
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
    return secure ? https.request(options) : http5.request(options);
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
    const workers = translate(deployment, { outbound, newestDate, warn: (text) => logs.warn(text) }, errors);
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
  let port = options.port;
  const outbound = new Outbound({
    counters,
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
    counters
  });
  const random = options.seed === void 0 ? Math.random : seededRandom(options.seed);
  const edge = createEdge({ reload, counters, logs, random });
  const control = createControl({
    token,
    reload,
    counters,
    logs,
    started,
    edgeUrl: () => `http://${options.host}:${port}`
  });
  port = await listen(edge, options.host, options.port);
  const controlPort = await listen(control, "127.0.0.1", options.controlPort);
  await say({ port, controlPort, token, pid: process.pid });
  return async () => {
    for (const server of [edge, control]) {
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
for (const [signal, number] of [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15]
])
  process.on(signal, () => void end(128 + number));
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
      const known = error instanceof StartFailed ? error : new StartFailed("cannot-start", String(error), 3);
      await say({ error: { code: known.code, message: known.message } });
      await end(known.exitCode);
    }
  })();
});
