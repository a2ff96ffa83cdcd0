// What the edge does to a request's headers before a Worker sees them, and to a response's before a client does.

import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { connectionOptions, HOP_BY_HOP } from "../core/hop-by-hop.js";
import { type Client, cfObject } from "./geo.js";

/** What only the edge may say: a client's own values never reach a Worker. */
const RESERVED_PREFIXES = ["cf-", "mf-", "x-local-", "x-forwarded-"];
const RESERVED = new Set(["true-client-ip", "x-real-ip", "forwarded", "cdn-loop"]);

/** `cf-*` headers that are a client's to send, because the platform documents them so. */
const CLIENT_MAY_SEND = new Set(["cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion"]);

export function isReserved(name: string): boolean {
  if (CLIENT_MAY_SEND.has(name)) return false;
  return RESERVED.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Raw headers (`name, value, name, value ...`) without those of one hop, and without those that `drop` names. */
export function endToEnd(
  raw: readonly string[],
  connection: string | undefined,
  drop: (name: string) => boolean,
): string[] {
  const listed = new Set(connectionOptions(connection ?? null));
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || listed.has(lower) || drop(lower)) continue;
    kept.push(name, raw[index + 1] as string);
  }
  return kept;
}

/** A new ray id: 16 hexadecimal digits and the data centre, as in `CF-Ray`. */
export function rayId(colo: string): string {
  return `${randomBytes(8).toString("hex")}-${colo}`;
}

/** The headers of a request as a Worker at the edge would see them, raw: of those that came, as the zone's rules left them. */
export function workerHeaders(
  request: IncomingMessage,
  came: readonly string[],
  host: string,
  client: Client,
  ray: string,
): string[] {
  const raw = endToEnd(
    came,
    request.headers.connection,
    // Expect was answered here. Accept-Encoding stays the client's: gap `accept-encoding`.
    (name) => name === "host" || name === "expect" || isReserved(name),
  );
  const protocol = `HTTP/${request.httpVersion}`;
  const encodings = request.headers["accept-encoding"];
  const cf = cfObject(client, protocol, Array.isArray(encodings) ? encodings.join(", ") : encodings);
  raw.push(
    "Host",
    host,
    "CF-Connecting-IP",
    client.ip,
    "CF-IPCountry",
    client.place.country,
    "CF-Ray",
    ray,
    "CF-Visitor",
    '{"scheme":"http"}',
    "X-Forwarded-For",
    client.ip,
    "X-Forwarded-Proto",
    "http",
    "X-Real-IP",
    client.ip,
    "MF-CF-Blob",
    JSON.stringify(cf),
  );
  return raw;
}
