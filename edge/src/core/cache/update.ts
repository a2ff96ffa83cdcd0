/** What a 304 or the answer to a HEAD changes in a stored response. */

import { opaqueTag } from "../entity-tags";
import { header, type Meta } from "./entry";
import { without } from "./response";

/** Fields of a 304 that describe the message or the stored bytes, and so leave the stored ones as they are; and cookies. */
const KEPT = /^(content-(length|encoding|range)|transfer-encoding|set-cookie)$/;

/**
 * True where the 304 speaks of this stored response (RFC 9111 section 4.3.4): by the strong validator that it has, else by
 * a weak one; one without any belongs to the response whose validators were sent.
 */
export function selectedBy304(meta: Meta, headers: Headers): boolean {
  const etag = headers.get("etag");
  const stored = header(meta, "etag");
  // Two strong ones are compared as they are: there is nothing to take off.
  return etag === null || stored === null || opaqueTag(etag) === opaqueTag(stored);
}

/** The stored headers with those of a 304 (or a HEAD's 200) in their place (RFC 9111 section 3.2). */
export function updatedHeaders(meta: Meta, fresh: Headers): Headers {
  // What only the new message says of its age must not be mixed with the old one's.
  const headers = without(new Headers(meta.headers as [string, string][]), /^(age|date)$/);
  for (const [name, value] of without(fresh, KEPT)) headers.set(name, value);
  return headers;
}
