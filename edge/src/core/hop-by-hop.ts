/**
 * Header fields of one connection (RFC 9110 section 7.6.1): who passes a message on, or stores it, leaves them out. The list is
 * Python's too: `HOP_BY_HOP` of components/edgewright/_claims.py.
 */

import { HOP_BY_HOP } from "./claims.gen";
import { namesIn, TOKEN } from "./fields";

export { HOP_BY_HOP };

/**
 * The fields that `Connection` declares to be of one connection, in lower case. Not Content-Length: it says where the message
 * ends, and is for everybody on the way. Sent on without it, a body would be the next request on the same connection.
 */
export const connectionOptions = (connection: string | null): string[] =>
  namesIn(connection).filter((name) => TOKEN.test(name) && name !== "content-length");

/** Removes the fields of one connection, also those that `Connection` names. */
export function removeHopByHop(headers: Headers): void {
  for (const name of connectionOptions(headers.get("connection"))) headers.delete(name);
  for (const name of HOP_BY_HOP) headers.delete(name);
}
