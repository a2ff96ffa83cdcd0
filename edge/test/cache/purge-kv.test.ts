/** Purges that others wrote into KV: seen in time, and never at the price of a busy isolate's answers. */

import { beforeEach, expect, it } from "vitest";
import { createCache } from "../../src/core/cache";
import { KV_CHECK_MS } from "../../src/core/cache/kv-tier";
import type { CacheContext, CacheSpec, KvStore } from "../../src/core/cache/types";
import { MemoryKv } from "../../src/platforms/node/memory";

const SPEC: CacheSpec = {
  name: "p",
  edge_ttl_s: 3600,
  tiers: { memory: {}, edge: null, kv: { binding: "KV", ttl_s: 3600 } },
};

let now: number;
let store: MemoryKv;
let looks: number;
let reads: number;
/** Holds every list until it is called. */
let gate: Promise<void> | undefined;
let background: Promise<unknown>[];

beforeEach(() => {
  now = 1_000_000_000;
  store = new MemoryKv(() => now);
  looks = 0;
  reads = 0;
  gate = undefined;
  background = [];
});

function isolate(name: string) {
  const cache = createCache({ policies: [SPEC] });
  const kv: KvStore = {
    get: (key) => {
      if (key.startsWith("purge:")) reads += 1;
      return store.get(key);
    },
    put: (key, value, options) => store.put(key, value, options),
    delete: (key) => store.delete(key),
    async list(prefix) {
      looks += 1;
      await gate;
      // As many as a host's look at the list gives.
      return (await store.list(prefix)).slice(0, 2000);
    },
  };
  const ctx: CacheContext = {
    now: () => now,
    random: () => 0.5,
    waitUntil: (work) => void background.push(work),
    kv: () => kv,
  };
  let made = 0;
  return {
    purge: (tag: string) => cache.purge({ tags: [tag] }, ctx),
    async get() {
      const origin = async () => new Response(`${name} ${++made}`, { headers: { "cache-tag": "goods" } });
      const answer = await cache.handle(new Request("https://e.test/a"), SPEC, ctx, origin);
      const text = await answer.text();
      if (gate === undefined) await Promise.all(background);
      return text;
    },
  };
}

/** As `edgewright purge` writes it through the vendor's API. */
const outside = () =>
  store.put(`purge:${now}:x`, JSON.stringify([{ type: "tag", value: "goods", time: now, soft: false }]), {
    expirationTtl: 86400,
  });

it("is seen by an isolate that has not looked for as long as it may", async () => {
  const one = isolate("a");
  expect(await one.get()).toBe("a 1");
  now += 1000;
  await outside();
  expect(await one.get()).toBe("a 1");
  now += KV_CHECK_MS;
  expect(await one.get()).toBe("a 2");
});

it("is seen by a new isolate with its first request: what KV holds is void", async () => {
  await isolate("a").get();
  now += 1000;
  expect(await isolate("b").get()).toBe("a 1");
  await outside();
  now += 1000;
  expect(await isolate("c").get()).toBe("c 1");
});

it("is told to other isolates by a purge in one of them", async () => {
  const [one, other] = [isolate("a"), isolate("b")];
  expect([await one.get(), await other.get()]).toEqual(["a 1", "a 1"]);
  now += 1000;
  await one.purge("goods");
  now += KV_CHECK_MS;
  expect(await other.get()).toBe("b 1");
  expect(await one.get()).toBe("b 1");
});

it("is looked for behind the answers of a busy isolate: none waits, and few ask", async () => {
  const one = isolate("a");
  await one.get();
  const before = looks;
  gate = new Promise(() => {});
  for (let second = 0; second < 29; second += 1) {
    now += 1000;
    expect(await one.get()).toBe("a 1");
  }
  expect(looks).toBe(before + 1);
});

it("costs a new isolate one look, however many there were", async () => {
  const one = isolate("a");
  await one.get();
  for (let purge = 0; purge < 20; purge += 1) {
    now += 1000;
    await one.purge(`tag ${purge}`);
  }
  await one.purge("goods");
  now += 1000;
  const before = looks;
  expect(await isolate("b").get()).toBe("b 1");
  expect([looks - before, reads]).toEqual([1, 0]);
});

it("is read for itself where it is too long to be told by the list", async () => {
  const one = isolate("a");
  await one.get();
  now += 1000;
  await one.purge("goods".padEnd(1500, "s"));
  await outside();
  now += 1000;
  expect(await isolate("b").get()).toBe("b 1");
  expect(reads).toBe(2);
});

/** More purges than one look at the list tells. */
async function purgeOthers(one: ReturnType<typeof isolate>): Promise<void> {
  for (let purge = 0; purge < 2100; purge += 1) {
    now += 1;
    await one.purge(`tag ${purge % 10}`);
  }
}

it("is seen after thousands of others: the newest are told first", async () => {
  const [one, other] = [isolate("a"), isolate("b")];
  await one.get();
  now += 1;
  await purgeOthers(one);
  now += 1;
  // Made after all of them.
  expect([await other.get(), await other.get()]).toEqual(["b 1", "b 1"]);
  now += 1;
  await one.purge("goods");
  now += KV_CHECK_MS;
  expect(await other.get()).toBe("b 2");
});

it("is not forgotten behind thousands of others: what is as old is void with it", async () => {
  const one = isolate("a");
  await one.get();
  now += 1;
  await one.purge("goods");
  await purgeOthers(one);
  now += 1;
  expect(await isolate("b").get()).toBe("b 1");
});
