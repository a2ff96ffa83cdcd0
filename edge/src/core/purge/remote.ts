/**
 * A purge from outside. The cache in front forgets only what the function itself tells it to, so the function has to be
 * asked. Whoever asks has first written the purge into the cache's KV namespace under a name that cannot be guessed, and
 * then names it here: who may write to that namespace may purge, and there is no further secret to keep.
 */

import type { PurgeRequest } from "../cache/types";
import type { PurgeReport } from "../feature";
import type { Host } from "../host";
import { problemResponse } from "../problem";

const KV_PREFIX = "purge-request:";
/** 32 random bytes in base64url. */
const TICKET = /^[A-Za-z0-9_-]{43}$/;
const BODY_LIMIT = 1024;

export async function answerPurge(
  request: Request,
  path: string,
  host: Host,
  bindings: readonly string[],
  purge: (request: PurgeRequest, host: Host) => Promise<PurgeReport>,
): Promise<Response> {
  const refuse = (status: number, code: string, detail: string) =>
    problemResponse({ status, code, detail, ...(status === 405 && { headers: { Allow: "POST" } }) }, path);
  if (request.method !== "POST") return refuse(405, "method-not-allowed", `${path} takes POST.`);
  const ticket = await ticketOf(request);
  if (ticket === undefined) return refuse(400, "malformed-request", 'The body must be {"ticket": "<43 characters>"}.');
  for (const binding of bindings) {
    const store = host.kv(binding);
    const text = await store?.getText(KV_PREFIX + ticket);
    if (text == null) continue;
    const report = await purge(JSON.parse(text) as PurgeRequest, host);
    // Once is enough; what stays for another minute in KV's own caches does no harm.
    if (!report.front.startsWith("refused")) host.waitUntil(store?.delete(KV_PREFIX + ticket) ?? Promise.resolve());
    return Response.json(report, { headers: { "Cache-Control": "no-store" } });
  }
  return refuse(404, "unknown-ticket", "There is no such purge, or it has not arrived in this data centre yet.");
}

async function ticketOf(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? BODY_LIMIT + 1) > BODY_LIMIT) return undefined;
  try {
    const { ticket } = (await request.json()) as { ticket?: unknown };
    return typeof ticket === "string" && TICKET.test(ticket) ? ticket : undefined;
  } catch {
    return undefined;
  }
}
