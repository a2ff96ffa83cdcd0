// The table of countries, and what a client may say of itself.

import { describe, expect, test } from "vitest";
import { COUNTRIES, cfObject, clientOf } from "../../src/gateway/geo.js";
import { isReserved } from "../../src/gateway/headers.js";

/** Officially assigned codes of ISO 3166-1 alpha-2. */
const ISO =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split(
    " ",
  );

test("every country of ISO 3166-1 is there, and nothing else", () => {
  expect([...COUNTRIES.keys()].sort()).toEqual(ISO);
});

test.each(ISO)("%s is a place", (code) => {
  const place = COUNTRIES.get(code) as NonNullable<ReturnType<typeof COUNTRIES.get>>;
  expect(place.continent).toMatch(/^(AF|AN|AS|EU|NA|OC|SA)$/);
  expect(place.colo).toMatch(/^[A-Z]{3}$/);
  expect(Math.abs(Number(place.latitude))).toBeLessThanOrEqual(90);
  expect(Math.abs(Number(place.longitude))).toBeLessThanOrEqual(180);
  expect(place.city).not.toBe("");
  expect(() => new Intl.DateTimeFormat("en", { timeZone: place.timezone })).not.toThrow();
});

describe("a client", () => {
  test("is where and who it says, else in the default country with its own address", () => {
    expect(clientOf("de", "2001:db8::1", "127.0.0.1")).toMatchObject({
      ip: "2001:db8::1",
      place: { country: "DE", continent: "EU" },
    });
    expect(clientOf(undefined, undefined, "::ffff:192.0.2.1")).toMatchObject({
      ip: "192.0.2.1",
      place: { country: "US" },
    });
  });

  test.each(["", "U", "USA", "ZZ", "??", "US, DE"])("is refused with the country %j", (country) => {
    expect(() => clientOf(country, undefined, undefined)).toThrow(/give an ISO 3166-1 alpha-2 code/);
  });

  test.each(["", "1.2.3", "1.2.3.4, 5.6.7.8", "::g"])("is refused with the address %j", (ip) => {
    expect(() => clientOf(undefined, ip, undefined)).toThrow(/give an IPv4 or IPv6 address/);
  });

  test("isEUCountry is set in the Union alone", () => {
    expect(cfObject(clientOf("FR", undefined, undefined), "HTTP/1.1", "gzip")).toMatchObject({
      isEUCountry: "1",
      clientAcceptEncoding: "gzip",
    });
    expect(cfObject(clientOf("GB", undefined, undefined), "HTTP/1.1", undefined)).not.toHaveProperty("isEUCountry");
  });
});

test.each([
  ["cf-connecting-ip", true],
  ["mf-anything", true],
  ["x-local-country", true],
  ["x-forwarded-host", true],
  ["true-client-ip", true],
  ["x-real-ip", true],
  ["cf-access-jwt-assertion", false],
  ["cfx", false],
  ["x-forward", false],
  ["cookie", false],
])("the header %s is the edge's own: %s", (name, reserved) => {
  expect(isReserved(name)).toBe(reserved);
});
