// Where a client is: `X-Local-Country` and `X-Local-IP` choose it, on the local cloud only.

import { isIP } from "node:net";
import { COUNTRY_ROWS } from "./data/countries.js";
import { problem } from "./problem.js";

export interface Place {
  country: string;
  continent: string;
  colo: string;
  latitude: string;
  longitude: string;
  timezone: string;
  city: string;
}

export interface Client {
  ip: string;
  place: Place;
}

export const COUNTRIES: ReadonlyMap<string, Place> = new Map(
  COUNTRY_ROWS.trim()
    .split("\n")
    .map((row) => {
      const [country, continent, colo, latitude, longitude, timezone, city] = row.split("|") as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      return [country, { country, continent, colo, latitude, longitude, timezone, city }] as const;
    }),
);

/** Where a client is that says nothing else. */
export const DEFAULT_COUNTRY = "US";

/**
 * Codes that Cloudflare uses beside ISO 3166-1: `XX` where the country is unknown, `T1` for Tor.
 * They come without a place: https://developers.cloudflare.com/network/ip-geolocation/
 */
const PLACELESS = new Set(["XX", "T1"]);

/** A private-use AS number (RFC 6996). */
export const ASN = 64512;

/** Reads `X-Local-Country` and `X-Local-IP`; raises a 400 problem on values that are neither a country nor an address. */
export function clientOf(country: string | undefined, ip: string | undefined, remote: string | undefined): Client {
  const code = (country ?? DEFAULT_COUNTRY).trim().toUpperCase();
  const home = COUNTRIES.get(DEFAULT_COUNTRY) as Place;
  const place = PLACELESS.has(code) ? { ...home, country: code, continent: "" } : COUNTRIES.get(code);
  if (place === undefined) {
    throw problem(
      400,
      "Bad X-Local-Country",
      `X-Local-Country is ${JSON.stringify(country)}: give an ISO 3166-1 alpha-2 code such as DE or JP, or XX (unknown) or T1 (Tor).`,
    );
  }
  if (ip !== undefined && isIP(ip.trim()) === 0) {
    throw problem(
      400,
      "Bad X-Local-IP",
      `X-Local-IP is ${JSON.stringify(ip)}: give an IPv4 or IPv6 address such as 198.51.100.7 or 2001:db8::1.`,
    );
  }
  return { ip: ip?.trim() ?? plainAddress(remote), place };
}

/** The socket's address; an IPv4 address that came in over an IPv6 socket as IPv4. */
function plainAddress(remote: string | undefined): string {
  return remote?.replace(/^::ffff:/i, "") ?? "127.0.0.1";
}

/** `request.cf`: the fields that a Worker reads most. The rest of the product's object is absent (gap `cf-fields`). */
export function cfObject(client: Client, httpProtocol: string, acceptEncoding: string | undefined): object {
  const { place } = client;
  const known = place.continent !== "";
  return {
    colo: place.colo,
    country: place.country,
    ...(known && {
      city: place.city,
      continent: place.continent,
      latitude: place.latitude,
      longitude: place.longitude,
      timezone: place.timezone,
      ...(EU.has(place.country) && { isEUCountry: "1" }),
    }),
    asn: ASN,
    asOrganization: "Local",
    httpProtocol,
    requestPriority: "",
    tlsCipher: "",
    tlsVersion: "",
    clientAcceptEncoding: acceptEncoding ?? "",
    clientTcpRtt: 1,
    edgeRequestKeepAliveStatus: 1,
  };
}

const EU = new Set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" "));
