/** What a 304, or the answer to a HEAD, changes in a stored response (RFC 9111 sections 3.2 and 4.3.4). */

import { opaqueTag } from "../entity-tags";
import { header, type StoredResponse } from "./stored";

/** Fields of a 304 that describe the message or the stored bytes, and so leave the stored ones as they are; and cookies. */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "content-range",
  "transfer-encoding",
  "set-cookie",
]);

/** Puts the stored validators on a request for the origin (section 4.3.1). False where there are none. */
export function addValidators(stored: StoredResponse, headers: Headers): boolean {
  const etag = header(stored, "etag");
  const lastModified = header(stored, "last-modified");
  if (etag !== null) headers.set("if-none-match", etag);
  if (lastModified !== null) headers.set("if-modified-since", lastModified);
  return etag !== null || lastModified !== null;
}

/**
 * True where the 304 speaks of this stored response (section 4.3.4): by the strong validator that it has, else by a weak one;
 * one without any belongs to the response whose validators were sent.
 */
export function isSelectedBy304(stored: StoredResponse, headers: Pick<Headers, "get">): boolean {
  const etag = headers.get("etag");
  const storedTag = header(stored, "etag");
  // Two strong ones are compared as they are: there is nothing to take off.
  return etag === null || storedTag === null || opaqueTag(etag) === opaqueTag(storedTag);
}

/** The stored header fields with those of a 304 (or a HEAD's 200) in their place (section 3.2). */
export function updatedHeaders(stored: StoredResponse, fresh: Iterable<[string, string]>): Headers {
  const headers = new Headers(stored.headers as [string, string][]);
  // What only the new message says of its age must not be mixed with the old one's.
  headers.delete("age");
  headers.delete("date");
  for (const [name, value] of fresh) if (!NOT_UPDATED.has(name)) headers.set(name, value);
  return headers;
}

/** Whether a HEAD's 200 is of the stored representation (section 4.3.5). */
export function agrees(stored: StoredResponse, fresh: Pick<Headers, "get">): boolean {
  const differs = (name: string) => {
    const value = fresh.get(name);
    const before = header(stored, name);
    return value !== null && before !== null && value !== before;
  };
  const length = fresh.get("content-length");
  if (length !== null && stored.length !== undefined && Number(length) !== stored.length) return false;
  return !differs("etag") && !differs("last-modified") && !differs("content-length");
}
