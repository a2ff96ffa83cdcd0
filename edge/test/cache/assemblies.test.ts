/**
 * The cache of each kind of stack, over HTTP on workerd: a Worker each, made of the features that such a stack has and no others.
 * They share one runtime and one origin.
 */

import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { complete } from "../../src/core/cache/complete";
import type { EdgeSettings } from "../../src/core/settings.gen";
import { type Sent, send } from "../support/http";
import { endpoint, origin as originSpec, router, settings } from "../support/settings";
import { TestOrigin } from "./fixtures/system";

const SOURCES = join(import.meta.dirname, "../../src");

/** As `STACKS` of bench/cache_size.py has them, with the policy that asks for these parts. */
const kv = { binding: "KV", ttl_s: 600 };
const ASSEMBLIES: Record<string, { features: string[]; policy: Omit<CacheSpec, "name">; methods?: string[] }> = {
  "edge tier alone": {
    features: ["cache-edge"],
    policy: { edge_ttl_s: 60, tiers: { memory: null, edge: {}, kv: null } },
  },
  "by default": {
    features: ["cache-edge", "cache-memory"],
    policy: { edge_ttl_s: 60, tiers: { memory: { ttl_ceiling_s: 5 }, edge: {}, kv: null } },
  },
  "reference stack": {
    features: ["cache-edge", "cache-memory", "cache-kv", "cache-purge"],
    policy: { edge_ttl_s: 60, tiers: { memory: { ttl_ceiling_s: 5 }, edge: {}, kv } },
  },
  "caching-proxy": {
    features: ["cache-edge", "cache-memory", "cache-origin", "cache-writes"],
    policy: { mode: "origin", tiers: { memory: {}, edge: {}, kv: null } },
    methods: ["*"],
  },
  "with a shield": {
    features: ["cache-edge", "cache-memory", "cache-purge", "cache-shield"],
    policy: { edge_ttl_s: 60, tiers: { memory: {}, edge: {}, kv: null, shield: { shards: 1 } } },
  },
  "every part": {
    features: [
      ...["cache-edge", "cache-key", "cache-memory", "cache-kv", "cache-origin", "cache-writes", "cache-platform"],
      ...["cache-purge", "cache-shield"],
    ],
    policy: {
      mode: "origin",
      tiers: { memory: {}, edge: {}, kv, shield: { shards: 1 } },
      key: { cookies: ["plan"] },
    },
    methods: ["*"],
  },
};

const exportOf = (feature: string) => feature.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const moduleOf = (feature: string) =>
  join(SOURCES, feature === "cache-shield" ? "platforms/cloudflare" : "core/features", feature);

/** A stack's main module. */
function mainModule(own: EdgeSettings, features: readonly string[]): string {
  const all = ["cache", ...features, "geo"];
  const shielded = features.includes("cache-shield");
  return `
import { createWorker } from "${SOURCES}/platforms/cloudflare/edgewright";
${all.map((name) => `import { ${exportOf(name)} } from "${moduleOf(name)}";`).join("\n")}
${shielded ? `import { createShield } from "${SOURCES}/platforms/cloudflare/cache-shield";` : ""}
const settings = ${JSON.stringify(own)};
const options = { features: [${all.map(exportOf).join(", ")}] };
const worker = createWorker(settings, options);
export default {
  fetch: (request, env, context) =>
    worker.fetch(request, env, {
      waitUntil: (work) => context.waitUntil(work),
      exports: { EdgewrightShield: env.EDGEWRIGHT_SHIELD },
    }),
};
${shielded ? "export const EdgewrightShield = createShield(settings, options, worker);" : ""}`;
}

async function bundled(contents: string): Promise<string> {
  const built = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    target: "es2022",
  });
  return (built.outputFiles[0] as { text: string }).text;
}

const origin = new TestOrigin();
const names = Object.keys(ASSEMBLIES);
const workerName = (name: string) => name.replaceAll(" ", "-");
let miniflare: Miniflare;
const urls = new Map<string, string>();

beforeAll(async () => {
  const url = await origin.start();
  const workers = Object.entries(ASSEMBLIES).map(async ([name, { features, policy, methods = ["GET", "HEAD"] }]) => {
    const cache = complete({ name: "p", browser_ttl_s: null, ...policy });
    const own = settings({
      name: workerName(name),
      endpoints: [endpoint("/*", "r", { cache, methods })],
      routers: [router("r", [originSpec("eu", url)])],
    });
    return {
      name: workerName(name),
      modules: true,
      script: await bundled(mainModule(own, features)),
      compatibilityDate: "2026-07-01",
      kvNamespaces: { KV: `kv-${workerName(name)}` },
      ...(features.includes("cache-shield") && {
        durableObjects: { EDGEWRIGHT_SHIELD: { className: "EdgewrightShield", useSQLite: true } },
        bindings: { EDGEWRIGHT_PURGE_TOKEN: "0123456789abcdef0123456789abcdef" },
      }),
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    };
  });
  miniflare = new Miniflare({ workers: await Promise.all(workers) });
  await miniflare.ready;
  for (const name of names) urls.set(name, String(await miniflare.unsafeGetDirectURL(workerName(name))));
});

afterAll(async () => {
  await miniflare.dispose();
  await origin.stop();
});

describe.each(names)("%s", (name) => {
  /** Each Worker has a host of its own: the Cache API of all of them is one. */
  const host = `${workerName(name)}.example`;
  const ask = (path: string, sent: Sent = {}) =>
    send(urls.get(name) ?? "", `/${workerName(name)}${path}`, { ...sent, headers: { host, ...sent.headers } });
  const serve = (path: string, headers: Record<string, string>, body = "0123456789", status = 200) =>
    origin.routes.set(`/${workerName(name)}${path}`, (request, response, count) => {
      const same = headers.etag !== undefined && request.headers["if-none-match"] === headers.etag;
      response.writeHead(same ? 304 : status, { ...headers, "x-count": String(count) });
      response.end(same || request.method === "HEAD" ? undefined : body);
    });
  const count = (path: string) => origin.count(`/${workerName(name)}${path}`);
  const fresh = { "cache-control": "max-age=60" };

  it("stores, and answers from the store with its age", async () => {
    serve("/hit", { ...fresh, "x-own": "a" });
    const first = await ask("/hit");
    expect([first.status, first.text, first.headers["x-cache"]]).toEqual([200, "0123456789", "MISS"]);
    const second = await ask("/hit");
    expect([second.status, second.text, second.headers["x-cache"]]).toEqual([200, "0123456789", "HIT-EDGE"]);
    expect(second.headers["cache-status"]).toMatch(/(?:^|, )edgewright; hit; ttl=\d+; detail=(?:memory|edge)$/);
    expect(second.headers["x-own"]).toBe("a");
    expect(Number(second.headers.age)).toBeLessThan(60);
    expect(count("/hit")).toBe(1);
  });

  it.each([
    ["no-store", { "cache-control": "no-store" }],
    ["private", { "cache-control": "private, max-age=60" }],
    ["set-cookie", { ...fresh, "set-cookie": "sid=1" }],
    ["vary", { ...fresh, vary: "*" }],
  ] as [string, Record<string, string>][])("never stores what says %s", async (reason, headers) => {
    serve(`/never-${reason}`, headers);
    for (const _ of [1, 2]) expect((await ask(`/never-${reason}`)).headers["x-cache"]).toBe("BYPASS");
    expect(count(`/never-${reason}`)).toBe(2);
  });

  it("keeps variants apart", async () => {
    origin.routes.set(`/${workerName(name)}/vary`, (request, response) => {
      response.writeHead(200, { ...fresh, vary: "accept-language" });
      response.end(request.headers["accept-language"]);
    });
    const get = async (language: string) => (await ask("/vary", { headers: { "accept-language": language } })).text;
    expect([await get("de"), await get("fr"), await get("de"), await get("fr")]).toEqual(["de", "fr", "de", "fr"]);
    expect(count("/vary")).toBe(2);
  });

  it("answers conditions and ranges from the store", async () => {
    serve("/part", { ...fresh, etag: '"1"' });
    await ask("/part");
    const unchanged = await ask("/part", { headers: { "if-none-match": '"1"' } });
    expect([unchanged.status, unchanged.text]).toEqual([304, ""]);
    const part = await ask("/part", { headers: { range: "bytes=2-4" } });
    expect([part.status, part.text, part.headers["content-range"]]).toEqual([206, "234", "bytes 2-4/10"]);
    expect((await ask("/part", { headers: { range: "bytes=20-" } })).status).toBe(416);
    const head = await ask("/part", { method: "HEAD" });
    expect([head.status, head.headers["content-length"]]).toEqual([200, "10"]);
    expect(count("/part")).toBe(1);
  });

  it("leaves a body that broke off out of the store", async () => {
    const path = `/${workerName(name)}/broken`;
    origin.routes.set(path, (_request, response) => {
      response.writeHead(200, { ...fresh, "content-length": "100000" });
      response.write("begun", () => response.destroy());
    });
    await ask("/broken").catch(() => {});
    serve("/broken", fresh, "whole");
    expect((await ask("/broken")).text).toBe("whole");
  });

  // The others take no such method.
  if (ASSEMBLIES[name]?.methods === undefined) return;
  it("invalidates what is written to", async () => {
    serve("/write", fresh);
    await ask("/write");
    expect((await ask("/write")).headers["x-cache"]).toBe("HIT-EDGE");
    await ask("/write", { method: "PUT", body: "x" });
    expect((await ask("/write")).headers["x-cache"]).not.toBe("HIT-EDGE");
  });
});
