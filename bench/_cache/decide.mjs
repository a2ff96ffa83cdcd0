// Decisions a second over a Zipf trace: those over heads alone, beside `handle`, which fetches and moves the bytes.
// `node decide.mjs '{"edge", "seed", "objects", "requests", "alpha"}'`

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { edge, seed, objects, requests, alpha } = JSON.parse(process.argv[2]);
const { build } = createRequire(join(edge, "package.json"))("esbuild");

const folder = await mkdtemp(join(tmpdir(), "decide-"));
const outfile = join(folder, "cache.mjs");
const core = join(edge, "src/core/cache");
await build({
  stdin: {
    contents: `
export { createCache } from "${core}/index";
export { complete } from "${core}/complete";
export { OF_ONE_ANSWER } from "${core}/cache";
export { originMode } from "${core}/origin-mode";
export { Replay } from "${core}/decide/replay";`,
    resolveDir: core,
    loader: "ts",
  },
  bundle: true,
  format: "esm",
  outfile,
});
const { createCache, complete, OF_ONE_ANSWER, originMode, Replay } = await import(pathToFileURL(outfile).href);
await rm(folder, { recursive: true });

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

const SIZE = 1024;
const START = Date.UTC(2026, 0, 1);
const trace = zipf();
const urls = Array.from({ length: objects }, (_, object) => `https://trace.test/objects/${object}`);
const policy = complete({ name: "trace", mode: "origin", tiers: { memory: {}, edge: null, kv: null } });
const control = { "cache-control": "max-age=30", "content-length": String(SIZE) };
const asked = new Headers({ accept: "*/*", "accept-encoding": "gzip" });

function decide() {
  const replay = new Replay({ origin: originMode, targetedFields: ["cdn-cache-control"], unstoredHeaders: OF_ONE_ANSWER });
  let now = START;
  const moment = { now: () => now, random: () => 0.5 };
  const response = { status: 200, headers: new Headers(control), bytes: SIZE };
  const origin = () => response;
  let hits = 0;
  for (const object of trace) {
    const request = { method: "GET", url: urls[object], headers: asked };
    if (replay.decide(request, policy, moment, origin).outcome.kind === "hit") hits++;
    now++;
  }
  return hits;
}

async function handle() {
  const cache = createCache();
  let now = START;
  const work = [];
  const context = { now: () => now, random: () => 0.5, waitUntil: (promise) => work.push(promise) };
  const origin = async () => new Response(new Uint8Array(SIZE), { headers: control });
  let hits = 0;
  for (const object of trace) {
    const response = await cache.handle(new Request(urls[object], { headers: asked }), policy, context, origin);
    if (response.headers.get("x-cache").startsWith("HIT")) hits++;
    await response.arrayBuffer();
    if (work.length > 0) await Promise.all(work.splice(0));
    now++;
  }
  return hits;
}

async function timed(run) {
  await run();
  const before = performance.now();
  const hits = await run();
  return { hits, rate: requests / ((performance.now() - before) / 1000) };
}

process.stdout.write(JSON.stringify({ decide: await timed(decide), handle: await timed(handle) }));
