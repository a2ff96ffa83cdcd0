/** May a response be stored, and for how long is it fresh? RFC 9111 sections 3 and 4.2. Nothing here touches a store. */

import { CREDENTIALS } from "../claims.gen";
import { parseDate } from "../dates";
import { type Directives, deltaSeconds, fieldNames, parseCacheControl, seconds, whole } from "./directives";
import { errorTtl, isListed, type Policy } from "./policy";
import { unbounded, varyNames } from "./vary";

/**
 * Whether a request says with whom it is: by `Authorization`, or by a header that means the same and that no key has. What it
 * brings is for the others only where the origin says so (RFC 9111 section 3.5).
 */
export function isAuthorised(headers: Headers, policy: Pick<Policy, "headers" | "vary">): boolean {
  if (headers.has("authorization")) return true;
  return [...headers.keys()].some(
    (name) => CREDENTIALS.has(name) && !policy.headers.includes(name) && !policy.vary.includes(name),
  );
}

/** Everything about an exchange that decides on storing it. */
export interface Exchange {
  /** GET or HEAD; in mode `origin` also POST. */
  readonly method: string;
  /** The request said with whom it is: see `isAuthorised`. */
  readonly authorised: boolean;
  /** The request said `no-store`. */
  readonly noStore: boolean;
  /** The request had headers so large that an error may be their fault alone. */
  readonly oversized: boolean;
  readonly status: number;
  readonly headers: Headers;
  /** When the request was sent and when its response's headers came, ms. */
  readonly requestTime: number;
  readonly responseTime: number;
}

/** What is kept of a response beside its bytes, as far as it follows from the response and the policy. */
export interface Terms {
  /** corrected_initial_age of RFC 9111 section 4.2.3, seconds. */
  readonly initialAge: number;
  /** When freshness ends, ms. */
  readonly until: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Never served stale, not even on a disconnect. */
  readonly mustRevalidate: boolean;
  /** Never served without a successful validation. */
  readonly noCache: boolean;
  readonly vary: readonly string[];
}

/** The reason why a response is not stored, or how it is. */
export type Verdict =
  | string
  /** `omit`: header fields that are not stored, as a qualified `no-cache` or `private` names them. */
  | (Terms & { readonly omit: readonly string[] });

/** The directives that bind this cache, and whether a targeted field (RFC 9213) has them; undefined where it cannot tell. */
export type Binding = (
  headers: Headers,
  fields: readonly string[],
) => { readonly cc: Directives; readonly targeted: boolean } | undefined;

/**
 * What is read of targeted fields where no policy has mode `origin`, which brings the whole of their grammar: one that says
 * more than this may forbid what it likes.
 */
export const plain: Binding = (headers, fields) => {
  const field = fields.map((name) => headers.get(name)).find(Boolean);
  // The last of two members with one name counts here, the first in Cache-Control.
  const members = field?.split(",").reverse();
  // Without a value, or with a whole number: nearly every targeted field is made of such ones.
  const plainMember = /^ *(?!private=|no-cache=)[a-z][a-z-]*(?:=\d{1,15})? *$/;
  if (members && !members.every((member) => plainMember.test(member))) return undefined;
  return { cc: parseCacheControl(members?.join() ?? headers.get("cache-control")), targeted: members !== undefined };
};

/** When a response says that it was made (ms), or else when it came. */
export const dateOf = (headers: Headers, responseTime: number): number =>
  parseDate(headers.get("date"), responseTime) ?? responseTime;

const wholeSeconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

/** `Age` of a received response: the first member of what may have become a list, or 0 where that is not a number. */
export const parseAge = (text: string | null): number => deltaSeconds(text?.split(/[;,]/, 1)[0]?.trim());

/**
 * The freshness lifetime (s) that a response states for a shared cache (RFC 9111 section 4.2.1); undefined where it states
 * none.
 */
export function explicitLifetime(
  cc: Directives,
  targeted: boolean,
  headers: Headers,
  responseTime: number,
): number | undefined {
  const age = seconds(cc, "s-maxage") ?? seconds(cc, "max-age");
  // Where a targeted field is valid, Expires has no say (RFC 9213 section 2.2).
  const expires = targeted ? null : headers.get("expires");
  if (age !== undefined || expires === null) return age;
  const date = dateOf(headers, responseTime);
  return wholeSeconds((parseDate(expires, responseTime) ?? date) - date);
}

/** What is made of a response that nothing forbids to store: the terms, or the reason why it is not stored. */
export type Rules = (
  exchange: Exchange,
  policy: Policy,
  cc: Directives,
  targeted: boolean,
  initialAge: number,
) => Granted | string;

export interface Granted extends Pick<Terms, "staleWhileRevalidate" | "staleIfError" | "mustRevalidate" | "noCache"> {
  /** Freshness (s) that is left when the response comes. */
  readonly left: number;
}

/** `warn` is told of what most likely was not meant. */
export function judge(
  exchange: Exchange,
  policy: Policy,
  targetedFields: readonly string[],
  { binding = plain, judge: rules }: { readonly binding?: Binding; readonly judge?: Rules } = {},
  warn: (text: string) => void = () => {},
): Verdict {
  const unusual = (reason: string, text: string) => {
    warn(text);
    return reason;
  };
  const { status, headers, responseTime } = exchange;
  if (status < 200 || status === 304 || status === 416) return "status";
  if (exchange.noStore) return "request-no-store";
  // Stricter than RFC 9111 section 7.3: a cookie is for one client, and so most likely is what came with it.
  if (headers.has("set-cookie")) return "set-cookie";
  if (exchange.oversized && status >= 400) return "oversized-request";

  const bound = binding(headers, targetedFields);
  if (!bound) return unusual("targeted", "A targeted field has more than plain directives: not stored");
  const { cc, targeted } = bound;
  // Statuses whose caching requirements this cache knows.
  const understood = /^(20[0346]|30[0-378]|40[01345]|41[04]|50[0-4])$/.test(String(status));
  if (!understood && cc.has("must-understand")) return "must-understand";
  if (cc.has("no-store") && !cc.has("must-understand")) return "no-store";
  if (whole(cc, "private")) return "private";
  const vary = varyNames(headers.get("vary"), policy);
  if (!vary) return unusual("vary", "Vary: *, or on what is no name, is never stored");
  const wide = unbounded(vary, policy);
  if (wide) return unusual("vary", `Vary on ${wide} would make about one entry a client: not stored`);

  // corrected_initial_age: by `Age`, and by how old `Date` says the response is.
  const delay = Math.max(0, responseTime - exchange.requestTime) / 1000;
  const aged = parseAge(headers.get("age")) + delay;
  const age = Math.max(wholeSeconds(responseTime - dateOf(headers, responseTime)), aged);
  const granted =
    policy.mode === "override"
      ? overridden(exchange, policy, explicitLifetime(cc, targeted, headers, responseTime), age)
      : (rules?.(exchange, policy, cc, targeted, age) ?? "status");
  if (typeof granted === "string") return granted;
  const { left, ...terms } = granted;
  const omit = [...fieldNames(cc.get("private")), ...fieldNames(cc.get("no-cache"))];
  return { omit, initialAge: age, until: responseTime + left * 1000, vary, ...terms };
}

function overridden(
  { authorised, status }: Exchange,
  policy: Policy,
  own: number | undefined,
  age: number,
): Granted | string {
  if (authorised) return "authorization";
  // The longest of the tiers counts for the entry; each tier's copy is then limited to the tier's own.
  let ttl = errorTtl(policy, status) ?? (status < 500 && isListed(policy, status) ? policy.longest : null);
  // A TTL of the policy begins when the response comes; the origin's own began when the response was made.
  let gone = 0;
  if (ttl === null) {
    if (own === undefined) return "status";
    // An error's own freshness counts up to error_ttl_s: an error page is not pinned.
    ttl = status >= 400 ? Math.min(own, policy.error_ttl_s) : own;
    gone = age;
  }
  if (ttl <= 0) return "ttl";
  const { stale_while_revalidate_s: staleWhileRevalidate, stale_if_error_s: staleIfError } = policy;
  return { left: ttl - gone, staleWhileRevalidate, staleIfError, mustRevalidate: false, noCache: false };
}
