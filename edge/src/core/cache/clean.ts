/**
 * What of a request's headers may go on to the origin: for a cache that stands alone. At the edge the entrance has seen to
 * all of it (../entrance.ts).
 */

import { isClaim, isPlain, isProxys } from "../entrance";
import { parseCookies } from "./custom-key";
import type { Policy } from "./policy";

/** Set by whoever stands before a cache that stands alone. */
const OF_THE_FRONT = new Set(["x-forwarded-for", "x-forwarded-proto"]);

/** None of these is in a key, so that none goes on, unless the policy puts it into the key or into Vary. */
const unkeyed = (name: string): boolean =>
  (!isPlain(name) || isProxys(name) || isClaim(name)) && !OF_THE_FRONT.has(name);

const BODY = /^(content-(length|type|encoding)|transfer-encoding)$/;

/** The headers for the origin of a request whose response may be stored. */
export function forwardHeaders(sent: Headers, policy: Policy): Headers {
  const headers = new Headers(sent);
  const kept = (name: string) => policy.headers.includes(name) || policy.vary.includes(name);
  for (const name of [...headers.keys()]) {
    // A body of a GET means nothing (RFC 9110 section 9.3.1) and is not sent on, so neither is what describes it.
    if ((unkeyed(name) && !kept(name)) || BODY.test(name)) headers.delete(name);
  }
  if (policy.mode === "override" && headers.has("cookie") && !kept("cookie")) {
    // Under `override` the origin's silence counts as "the same for all", so it sees only the cookies of the key.
    const jar = parseCookies(headers.get("cookie"));
    const keyed = policy.cookies.flatMap((name) => (jar.get(name) ?? []).map((value) => `${name}=${value}`));
    if (keyed.length > 0) headers.set("cookie", keyed.join("; "));
    else headers.delete("cookie");
  }
  return headers;
}
