// Hit ratio on a Zipf trace: the cache core itself, with a clock that goes one millisecond a request, beside LRU and the
// optimum. `node trace.mjs '{"edge", "seed", "objects", "requests", "alpha", "ttl", "room"}'`

import { createRequire } from "node:module";
import { join } from "node:path";
import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

const { edge, seed, objects, requests, alpha, ttl, room } = JSON.parse(process.argv[2]);
const { build } = createRequire(join(edge, "package.json"))("esbuild");
const SIZE = 1024;

/** mulberry32 */
function chance(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function zipf() {
  const sums = new Float64Array(objects);
  let sum = 0;
  for (let rank = 0; rank < objects; rank++) sums[rank] = sum += 1 / (rank + 1) ** alpha;
  const random = chance(seed);
  return Int32Array.from({ length: requests }, () => {
    const wanted = random() * sum;
    let [low, high] = [0, objects - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** What nothing can beat: each object is fetched once, or once a lifetime of `ttl` requests. */
function ideal(trace, lifetime) {
  const until = new Map();
  let hits = 0;
  for (let now = 0; now < trace.length; now++) {
    if ((until.get(trace[now]) ?? 0) > now) hits++;
    else until.set(trace[now], now + lifetime);
  }
  return hits / trace.length;
}

function lru(trace) {
  const held = new Map();
  let hits = 0;
  for (const object of trace) {
    if (held.delete(object)) hits++;
    else if (held.size >= room) held.delete(held.keys().next().value);
    held.set(object, true);
  }
  return hits / trace.length;
}

/** Belady: of what is held and what came, the one that is asked for again last leaves. */
function optimum(trace) {
  const next = new Int32Array(trace.length);
  const seen = new Map();
  for (let at = trace.length - 1; at >= 0; at--) {
    next[at] = seen.get(trace[at]) ?? trace.length + trace[at];
    seen.set(trace[at], at);
  }
  const held = new Map();
  let hits = 0;
  for (let at = 0; at < trace.length; at++) {
    if (held.has(trace[at])) hits++;
    held.set(trace[at], next[at]);
    if (held.size <= room) continue;
    let [victim, last] = [-1, -1];
    for (const [object, when] of held) if (when > last) [victim, last] = [object, when];
    held.delete(victim);
  }
  return hits / trace.length;
}

const folder = await mkdtemp(join(tmpdir(), "trace-"));
const outfile = join(folder, "cache.mjs");
await build({ entryPoints: [join(edge, "src/core/cache/index.ts")], bundle: true, format: "esm", outfile });
const { createCache } = await import(pathToFileURL(outfile).href);
await rm(folder, { recursive: true });

/** Asks for objects one after another; returns the part that the origin was not asked for, and the bytes that one takes. */
async function core(trace, maxBytes, maxAge) {
  let now = Date.UTC(2026, 0, 1);
  let asked = 0;
  const work = [];
  const cache = createCache();
  const context = { now: () => now, random: Math.random, waitUntil: (promise) => work.push(promise) };
  const policy = {
    name: "trace",
    mode: "origin",
    tiers: { memory: { max_bytes: maxBytes, max_object_bytes: 1 << 20 }, edge: null, kv: null },
  };
  const origin = async () => {
    asked++;
    return new Response(new Uint8Array(SIZE), { headers: { "cache-control": `max-age=${maxAge}` } });
  };
  for (const object of trace) {
    const request = new Request(`http://trace.test/objects/${String(object).padStart(6, "0")}`);
    const response = await cache.handle(request, policy, context, origin);
    await response.arrayBuffer();
    if (work.length > 0) await Promise.all(work.splice(0));
    now++;
  }
  return { ratio: 1 - asked / trace.length, bytes: cache.stats().bytes };
}

const trace = zipf();
const AMPLE = 1 << 30;
const one = (await core([0], AMPLE, 1e6)).bytes;
const distinct = new Set(trace).size;
process.stdout.write(
  JSON.stringify({
    distinct,
    ample: { ideal: 1 - distinct / trace.length, edgewright: (await core(trace, AMPLE, 1e6)).ratio },
    ttl: { ideal: ideal(trace, ttl), edgewright: (await core(trace, AMPLE, ttl / 1000)).ratio },
    room: { lru: lru(trace), optimum: optimum(trace), edgewright: (await core(trace, one * room, 1e6)).ratio },
  }),
);
