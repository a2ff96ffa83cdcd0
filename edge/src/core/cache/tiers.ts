/** What all tiers share. A fault in one never fails a response. */

import { attempt } from "./attempt";
import { within } from "./body";
import type { Found } from "./copies";
import type { Core } from "./core";
import type { Policy } from "./policy";
import type { StoredValue } from "./stored";
import type { Reading } from "./stores";
import { type Body, discard, isStream, toBytes } from "./streams";
import type { CacheContext } from "./types";

/** Where the data centre's cache has what is not a client's to ask for. */
export const INTERNAL = "https://cache.edgewright.invalid/";
/** How long (ms) a request waits for another one's read of a store before it reads for itself. */
const SHARE_MS = 250;
/** Bytes of the longest body that is read whole for a crowd. */
const MAX_SHARED_BYTES = 1024 * 1024;
const MAX_LONG = 1024;

/** Reads a value of a farther tier, once for a crowd that comes while the store has not answered yet. */
export async function read(
  core: Core,
  from: "edge" | "kv",
  key: string,
  policy: Policy,
  ctx: CacheContext,
): Promise<Found | undefined> {
  const tier = core.remoteTiers.find(({ name }) => name === from);
  if (!tier?.isUsedBy(policy)) return undefined;
  const name = from + key;
  const readHere: ReadHere = (isCrowd) =>
    attempt(
      ctx,
      `The tier ${from} could not be read`,
      tier.read(key, policy, ctx).then((found) => gathered(core, name, found, isCrowd)),
      undefined,
    );
  const other = core.reads.get(name);
  // A long body is nobody's to share.
  if (core.long.has(name)) return readHere(alone);
  if (!other) return readForAll(core, name, readHere);
  other.crowd = true;
  const found = await within(other.found, SHARE_MS);
  if (found === "timeout") forget(core, name, other);
  return found === "timeout" || found === "alone" ? readHere(alone) : found;
}

type ReadHere = (isCrowd: () => boolean) => Promise<Found | undefined>;
const alone = () => false;

/** Reads, and lets others have it who come meanwhile. */
function readForAll(core: Core, name: string, readHere: ReadHere): Promise<Found | undefined> {
  const state = { crowd: false };
  const work = readHere(() => state.crowd);
  // Without `waitUntil`, which each read would pay for: where this client goes away, the others read for themselves.
  const reading: Reading = Object.assign(state, {
    found: work.then((found) => {
      forget(core, name, reading);
      return isStream(found?.body) ? ("alone" as const) : found;
    }),
  });
  core.reads.set(name, reading);
  return work;
}

function forget({ reads }: Core, name: string, reading: Reading): void {
  if (reads.get(name) === reading) reads.delete(name);
}

/** A stream is for one reader, bytes are for all. Nobody waits for the bytes where nobody else has come. */
async function gathered(
  { long }: Core,
  name: string,
  found: Found | undefined,
  isCrowd: () => boolean,
): Promise<Found | undefined> {
  if (!found || !isStream(found.body)) return found;
  const { value, body } = found;
  const length = (value.kind === "response" ? value.length : undefined) ?? Infinity;
  if (length > MAX_SHARED_BYTES) {
    if (long.size >= MAX_LONG) long.clear();
    long.add(name);
    return found;
  }
  long.delete(name);
  return isCrowd() ? { ...found, body: await toBytes(body) } : found;
}

/** Whoever reads from now on asks the stores again. */
export function changed({ remoteTiers, reads }: Core, key: string): void {
  for (const { name } of remoteTiers) reads.delete(name + key);
}

/** Writes to a farther tier, where there is one. False where it did not take it. `lifetime`: see `RemoteTier`. */
export async function write(
  core: Core,
  to: "edge" | "kv",
  value: StoredValue,
  body: Body,
  policy: Policy,
  ctx: CacheContext,
  lifetime?: number,
): Promise<boolean> {
  const tier = core.remoteTiers.find(({ name }) => name === to);
  const work = tier?.isUsedBy(policy) ? tier.write(value, body, policy, ctx, lifetime) : undefined;
  if (!work) {
    // A reader that never reads would hold up the others.
    discard(body);
    return false;
  }
  changed(core, value.key);
  const done = await attempt(
    ctx,
    `The tier ${to} could not be written`,
    work.then(() => true),
    false,
  );
  changed(core, value.key);
  return done;
}

/**
 * A short name for a key that is too long for a store: cyrb53, a public-domain hash of 53 bits, and the key's length. It need
 * not resist attack: a reader checks the whole key.
 */
export function shortHash(key: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return `#${(high >>> 0).toString(36)}${(low >>> 0).toString(36)}:${key.length}`;
}
