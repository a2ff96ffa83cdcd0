/** What a 304 or the answer to a HEAD changes in a stored response, and what an unsafe request invalidates. */

import { parseDate } from "./dates";
import { header, type Meta } from "./entry";

/** Fields of a 304 that describe the message or the stored bytes, and so leave the stored ones as they are. */
const KEPT = new Set(["content-length", "content-encoding", "content-range", "transfer-encoding"]);

/**
 * True where the 304 speaks of this stored response (RFC 9111 section 4.3.4): by the strong validator that it has, else by
 * a weak one; one without any belongs to the response whose validators were sent.
 */
export function selectedBy304(meta: Meta, headers: Headers): boolean {
  const etag = headers.get("etag");
  const stored = header(meta, "etag");
  if (etag !== null && stored !== null) {
    return etag.startsWith("W/") || stored.startsWith("W/") ? weak(etag) === weak(stored) : etag === stored;
  }
  return true;
}

const weak = (tag: string) => tag.replace(/^W\//, "");

/** The stored headers with those of a 304 (or a HEAD's 200) in their place (RFC 9111 section 3.2). */
export function updatedHeaders(meta: Meta, fresh: Headers): Headers {
  const headers = new Headers(meta.headers as [string, string][]);
  // What only the new message says of its age must not be mixed with the old one's.
  for (const name of ["age", "date"]) headers.delete(name);
  for (const [name, value] of fresh) if (!KEPT.has(name) && name !== "set-cookie") headers.set(name, value);
  return headers;
}

/** May a HEAD's 200 update this stored GET (RFC 9111 section 4.3.5)? False means that the stored one is out of date. */
export function sameByHead(meta: Meta, fresh: Headers): boolean {
  const differs = (name: string) => {
    const value = fresh.get(name);
    return value !== null && header(meta, name) !== null && value !== header(meta, name);
  };
  const length = fresh.get("content-length");
  if (length !== null && meta.length !== undefined && Number(length) !== meta.length) return false;
  return !differs("etag") && !differs("last-modified") && !differs("content-length");
}

/** Methods that change nothing (RFC 9110 section 9.2.1). Any other one may. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE";
}

/** The URLs that a successful unsafe request makes out of date (RFC 9111 section 4.4): same origin only. */
export function invalidated(url: string, status: number, headers: Headers): string[] {
  if (status < 200 || status > 399) return [];
  const urls = [url];
  for (const name of ["location", "content-location"]) {
    const value = headers.get(name);
    if (value === null) continue;
    try {
      const target = new URL(value, url);
      if (target.origin === new URL(url).origin && !urls.includes(target.href)) urls.push(target.href);
    } catch {
      // A reference that is no URL names nothing.
    }
  }
  return urls;
}

/** True where the new answer is not older than what is stored: an older one never replaces a newer. */
export function notOlder(meta: Meta | undefined, headers: Headers, now: number): boolean {
  if (!meta) return true;
  const stored = parseDate(header(meta, "date"), now);
  const fresh = parseDate(headers.get("date"), now);
  return stored === undefined || fresh === undefined || fresh >= stored;
}
