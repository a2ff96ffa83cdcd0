import { afterEach, expect, test, vi } from "vitest";
import { cache } from "../../src/core/features/cache";
import { cacheEdge } from "../../src/core/features/cache-edge";
import { cachePurge } from "../../src/core/features/cache-purge";
import { createWorker } from "../../src/platforms/cloudflare/edgewright";
import { policy } from "../cache/fixtures/centres";
import { endpoint, settings } from "../support/settings";

afterEach(() => vi.unstubAllGlobals());

/** The URLs that a function asks the data centre's cache for, at one request of a client. */
async function asked(cacheHost: string | null): Promise<string[]> {
  const urls: string[] = [];
  const kept = {
    match: async (url: string) => void urls.push(url),
    put: async (url: string) => void urls.push(url),
    delete: async (url: string) => urls.push(url) > 0,
  };
  vi.stubGlobal("caches", { default: kept });
  const cached = policy("pages", {
    tiers: { memory: null, edge: { ttl_ceiling_s: null, jitter_s: null }, kv: null, shield: null },
  });
  const page = endpoint("/page", { kind: "handler", module: "page.js" }, { cache: cached });
  const worker = createWorker(settings({ endpoints: [page], cache_host: cacheHost }), {
    features: [cache, cacheEdge, cachePurge],
    handlers: { "page.js": { default: () => new Response("page") } },
  });
  const work: Promise<unknown>[] = [];
  const context = { waitUntil: (one: Promise<unknown>) => void work.push(one) };
  expect(await (await worker.fetch(new Request("https://www.example.com/page"), {}, context)).text()).toBe("page");
  await worker.purge({ urls: ["https://www.example.com/page"] }, {}, context);
  await Promise.all(work);
  expect(urls.length).toBeGreaterThan(2);
  return urls;
}

test("entries and markers in the data centre's cache have the function's own hostname", async () => {
  for (const url of await asked("api.example.com")) {
    expect(url).toMatch(/^https:\/\/api\.example\.com\/\.well-known\/edgewright\/cache\//);
  }
});

test("a function without a hostname of its own has one that is nobody's", async () => {
  for (const url of await asked(null)) expect(new URL(url).hostname).toBe("cache.edgewright.invalid");
});

test.each(["origin", "override"] as const)(
  "a handler is not told by a header either which host was asked (%s)",
  async (mode) => {
    const shared = policy("shared", {
      mode,
      edge_ttl_s: mode === "override" ? 60 : null,
      key: { query: "all", query_names: [], headers: [], cookies: [], country: false, region: false, host: false },
    });
    const page = endpoint("/page", { kind: "handler", module: "page.js" }, { cache: shared });
    const worker = createWorker(settings({ endpoints: [page], hostname: "shop.example.com" }), {
      features: [cache],
      handlers: {
        "page.js": { default: ({ url, headers }: Request) => Response.json([new URL(url).host, headers.get("host")]) },
      },
    });
    const context = { waitUntil: () => {} };
    const asked = new Request("https://evil.test/page", { headers: { Host: "evil.test" } });
    const told = (await (await worker.fetch(asked, {}, context)).json()) as (string | null)[];
    expect(told[0]).toBe("shop.example.com");
    expect(["shop.example.com", null]).toContain(told[1]);
  },
);
