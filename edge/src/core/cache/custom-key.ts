/** Keys that are not of the whole URL, or not of it alone: of some parameters, of headers, cookies or the client's place. */

import { encode } from "./key";
import type { CustomKey } from "./policy";

export const customKey: CustomKey = {
  keeps: (name, { query, query_names: names }) =>
    query === "all" || (query !== "none" && names.includes(plain(name)) === (query === "include")),

  of(key, headers, policy, place) {
    const parts: string[] = [key];
    for (const name of policy.headers) parts.push(`${name}:${encode(headers.get(name))}`);
    if (policy.cookies.length > 0) {
      const jar = parseCookies(headers.get("cookie"));
      for (const name of policy.cookies) parts.push(`cookie ${name}:${encode(jar.get(name)?.join(";") ?? null)}`);
    }
    if (policy.country) parts.push(`country:${place.country ?? ""}`);
    if (policy.region) parts.push(`region:${place.region ?? ""}`);
    return parts.join("|");
  },
};

function plain(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}

/** All values of each cookie. */
export function parseCookies(header: string | null): Map<string, string[]> {
  const jar = new Map<string, string[]>();
  for (const part of header?.split(";") ?? []) {
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
