/** What is stored of a response, and where it goes. */

import type { SharedBody } from "./body";
import type { Lookup, Query } from "./core";
import { decideStorage, type StorageDecision } from "./decide/storage";
import { lookUpInMemory, lookUpInTiers } from "./lookup";
import type { SelectingHeaders, StoredResponse, StoredValue } from "./stored";
import { discard } from "./streams";
import { write } from "./tiers";
import type { CacheContext } from "./types";

/** Length of the body as it will be read, where the headers say it. */
export function announcedLength(headers: Pick<Headers, "get" | "has">, ctx: CacheContext): number | undefined {
  const length = headers.get("content-length");
  const isAsRead = ctx.rawBodies || !headers.has("content-encoding");
  return length !== null && /^\d+$/.test(length) && isAsRead ? Number(length) : undefined;
}

/** Whether the response to a query would be stored. */
export function decideStorageFor(query: Query, status: number, headers: Headers, requestTime: number): StorageDecision {
  const { core, policy, ctx, request, key, url } = query;
  const exchange = {
    method: request.method,
    key,
    url,
    requestHeaders: request.headers,
    noStore: query.directives?.noStore === true,
    status,
    headers,
    requestTime,
    responseTime: ctx.now(),
    length: announcedLength(headers, ctx),
    rawBodies: ctx.rawBodies === true,
    hasEdgeCache: ctx.edgeCache !== undefined,
  };
  const decision = decideStorage(exchange, policy, core.targetedFields, core.unstoredHeaders, core.origin);
  if (!decision.store && decision.unusual) ctx.warn?.(`${url}: ${decision.unusual}`);
  return decision;
}

/** Puts a response and its bytes into the tiers. `lifetime`: drawn for the data centre's copies. */
export async function save(
  query: Query,
  found: Lookup,
  stored: StoredResponse,
  body: SharedBody,
  lifetime: number,
): Promise<void> {
  const { core, policy, ctx } = query;
  if (core.purges?.verdictFor(stored) === "removed") return;
  const writes: Promise<unknown>[] = [];
  const put = (value: StoredValue, bytes: ArrayBuffer | null) => {
    core.memory?.put(value, bytes, policy, ctx, lifetime);
    writes.push(write(core, "edge", value, bytes, policy, ctx, lifetime));
    writes.push(write(core, "kv", value, bytes, policy, ctx));
  };
  if (stored.selectingNames.length > 0) {
    const known = await knownSelecting(query, found);
    // Those that are known stay as they are stored, or are gone: a write has invalidated what is found by them. Variants of
    // another list of fields are not looked for any more; those of this one go on.
    if (known?.names.join() !== stored.selectingNames.join()) put(selectingHeadersOf(query, stored), null);
  }
  const bytes = body.bytes();
  if (bytes) {
    const whole = { stored: { ...stored, length: bytes.byteLength }, body: bytes };
    const kept = stored.range ? core.origin?.combine(found.selected, stored, bytes) : whole;
    if (kept) put(kept.stored, kept.body);
  }
  await Promise.all(writes);
}

const selectingHeadersOf = ({ key, url }: Query, stored: StoredResponse): SelectingHeaders => ({
  kind: "selecting-headers",
  key,
  url,
  validFrom: stored.requestTime,
  names: stored.selectingNames,
});

async function knownSelecting(query: Query, found: Lookup): Promise<SelectingHeaders | undefined> {
  if (!found.selecting?.provisional) return found.selecting;
  const now = await lookUpInTiers(query, lookUpInMemory(query));
  discard(now.selected?.body);
  return now.selecting;
}
