/**
 * What the origin has decided about an answer to a caller who is known. RFC 9111, section 3.5, for every way to
 * authenticate: a cookie is not `Authorization`, but means the same here.
 */

/** Fields that a cache here obeys: the targeted ones (RFC 9213), and what counts where none of them is valid. */
const TARGETED = ["cloudflare-cdn-cache-control", "cdn-cache-control"];

/** With a quote that is never closed: what comes after it may be meant as part of the string. */
const QUOTED = /"(?:\\.|[^"\\])*(?:"|\\?$)/gs;
/** Whatever its value: `must-revalidate` would not do, frameworks send it with anything. */
const SHARED = /(?:^|,)\s*(?:public\s*(?:,|$)|s-maxage\s*=)/i;
/** Of the whole answer: a qualified `private="set-cookie"` forbids only to store that field. */
const FORBIDDEN = /(?:^|,)\s*(?:private|no-store)\s*(?:,|$)/i;

/** What a targeted field says so with: a Dictionary takes no other value and no other case. */
const SHARED_FIELD = /(?:^|,)\s*(?:public|s-maxage=\d{1,15})\s*(?:,|$)/;

const unquoted = (control: string): string => control.replace(QUOTED, '""');

/** Cache-Control forbids a shared cache to store the answer. Nothing in a quoted string counts. */
export const isForbidden = (control: string): boolean => FORBIDDEN.test(unquoted(control));

const decided = (control: string): boolean => SHARED.test(unquoted(control)) || isForbidden(control);

const sharedField = (field: string): boolean => SHARED_FIELD.test(unquoted(field));

/** The origin itself says that the answer may be shared, or that it may not. */
export function isDecided(headers: Headers): boolean {
  if (!decided(headers.get("cache-control") ?? "")) return false;
  return TARGETED.every((name) => {
    const field = headers.get(name) ?? "public";
    return sharedField(field) || isForbidden(field);
  });
}

/** Adds `private` to each field in which the origin does not say that the answer may be shared. */
export function keepPersonal(headers: Headers): void {
  const control = headers.get("cache-control") ?? "";
  // The first counts in Cache-Control, the last in a Dictionary.
  if (!decided(control)) headers.set("cache-control", control === "" ? "private" : `private, ${control}`);
  for (const name of TARGETED) {
    const field = headers.get(name);
    if (field !== null && !sharedField(field)) headers.set(name, field === "" ? "private" : `${field}, private`);
  }
}
