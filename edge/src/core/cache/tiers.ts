/** What all tiers share. A fault in one never fails a response. */

import { attempt } from "./attempt";
import { within } from "./body";
import type { Found, Held, Index, Meta } from "./entry";
import { draw, errorTtl, isListed, type Policy } from "./policy";
import type { Core } from "./query";
import type { Reading } from "./stores";
import { type Body, discard, isStream, toBytes } from "./streams";
import type { CacheContext } from "./types";

/** Where the data centre's cache has what is not a client's to ask for. */
export const INTERNAL = "https://cache.edgewright.invalid/";
/** How long (ms) a request waits for another one's read of a store before it reads for itself. */
const SHARE_MS = 250;
/** Bytes of the longest body that is read whole for a crowd. */
const SHARED = 1024 * 1024;
const MOST_LONG = 1024;

/** Reads an entry of a farther tier, once for a crowd that comes while the store has not answered yet. */
export async function read(
  { far, reads, long }: Core,
  from: "edge" | "kv",
  key: string,
  policy: Policy,
  ctx: CacheContext,
): Promise<Found | undefined> {
  const tier = far.find(({ name }) => name === from);
  if (!tier?.has(policy)) return undefined;
  const name = from + key;
  const other = long.has(name) ? undefined : reads.get(name);
  const forget = (one: Reading) => {
    if (reads.get(name) === one) reads.delete(name);
  };
  if (other) {
    other.crowd = true;
    const found = await within(other.found, SHARE_MS);
    if (found === "timeout") forget(other);
    else if (found !== "alone") return found;
  }
  const own: Reading = { crowd: false, found: undefined as never };
  const work = attempt(
    ctx,
    `The tier ${from} could not be read`,
    tier.read(key, policy, ctx).then(gathered),
    undefined,
  );
  if (other || long.has(name)) return work;
  // Without `waitUntil`, which each read would pay for: where this client goes away, the others read for themselves.
  own.found = work.then((found) => {
    forget(own);
    return isStream(found?.body) ? "alone" : found;
  });
  reads.set(name, own);
  return work;

  /** A stream is for one reader, bytes are for all. Nobody waits for the bytes where nobody else has come. */
  async function gathered(found: Found | undefined): Promise<Found | undefined> {
    if (!isStream(found?.body)) return found;
    const { value, body } = found;
    // An index has no body.
    if (((value as Meta).length ?? Infinity) > SHARED) {
      if (long.size >= MOST_LONG) long.clear();
      long.add(name);
      return found;
    }
    long.delete(name);
    return own.crowd ? { ...found, body: await toBytes(body) } : found;
  }
}

/** Whoever reads from now on asks the stores again. */
export function changed({ far, reads }: Core, key: string): void {
  for (const { name } of far) reads.delete(name + key);
}

/** Writes to a farther tier, where there is one. False where it did not take it. */
export async function write(
  core: Core,
  to: "edge" | "kv",
  value: Meta | Index,
  body: Body,
  policy: Policy,
  ctx: CacheContext,
  ceiling?: number,
): Promise<boolean> {
  const tier = core.far.find(({ name }) => name === to);
  const work = tier?.has(policy) ? tier.write(value, body, policy, ctx, ceiling) : undefined;
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

export function hold(value: Meta | Index, body: ArrayBuffer | null, until = Infinity): Held {
  return { value, body, until, checked: -1, second: -1 };
}

/** The copy of an entry for a tier: no longer fresh than the tier's ceiling (s) from now. */
export function limited<T extends Meta | Index>(value: T, ceiling: number, now: number): T {
  if (value.kind !== "entry") return value;
  const freshUntil = Math.min(value.until, now + ceiling * 1000);
  return freshUntil === value.freshUntil ? value : { ...value, freshUntil };
}

/** Draws how long (s) copies of an entry are fresh in a data centre: once for its memory and edge tiers together. */
export function edgeLifetime(meta: Meta, policy: Policy, ctx: CacheContext): number {
  const { status } = meta;
  if (policy.mode !== "override" || !isListed(policy, status)) return Infinity;
  return errorTtl(policy, status) ?? draw(policy.edge_jitter_s, policy.edge_ttl_s, ctx);
}

/** A short name for a key that is too long for a store. It need not resist attack: a reader checks the whole key. */
export function shorten(key: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return `#${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}:${key.length}`;
}
