// url_normalization `none`: what a client sends is what the origin is asked for and what an entry is found by.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BadAssembly, createEdge } from "../../src/core/edge";
import { targetAsSent } from "../../src/core/entrance";
import { cache } from "../../src/core/features/cache";
import { cacheMemory } from "../../src/core/features/cache-memory";
import { cacheOrigin } from "../../src/core/features/cache-origin";
import { cachePurge } from "../../src/core/features/cache-purge";
import { geo } from "../../src/core/features/geo";
import type { CacheSpec, EndpointSpec } from "../../src/core/settings.gen";
import { testHost } from "../support/host";
import { endpoint, jwtAuth, origin, policy, router, settings } from "../support/settings";

const memory = { max_bytes: 1 << 20, max_object_bytes: 1 << 16, ttl_ceiling_s: null, jitter_s: null };
const byHeaders = (part: Partial<CacheSpec> = {}) =>
  policy({ mode: "origin", edge_ttl_s: null, tiers: { ...policy().tiers, edge: null, memory }, ...part });

function proxy(part: Partial<EndpointSpec> = {}, more: EndpointSpec[] = []) {
  const asked: string[] = [];
  const edge = createEdge(
    settings({
      url_normalization: "none",
      endpoints: [endpoint("/*", "r", { cache: byHeaders(), ...part }), ...more],
      routers: [router("r", [origin("us", "http://origin.test/base")])],
    }),
    { features: [cache, cacheMemory, cacheOrigin, cachePurge, geo] },
  );
  const host = testHost({
    async fetch(request) {
      asked.push(request.url);
      return new Response(request.url, { headers: { "cache-control": "max-age=60" } });
    },
  });
  const get = async (target: string) => {
    const response = await edge(new Request(`http://edge.test${target}`), host, { env: {}, context: undefined });
    return { cached: response.headers.get("x-cache"), url: await response.text() };
  };
  const purge = (request: { urls?: string[]; prefixes?: string[] }) => edge.purge(request, host);
  return { get, purge, asked, host };
}

/** Pieces that servers read in different ways, and harmless ones. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("/", "//", "a", "b", "?", "&", "=", ";", "%2F", "%2f", "%61", "%5C", "%00") },
  { weight: 2, arbitrary: fc.constantFrom("..", ".", "%2e%2e", "%2E", "..;", "\\", "%25", "%", "%zz", "|", "'", '"') },
  { weight: 1, arbitrary: fc.constantFrom("<", "`", "{", "^", "[", "#", "+", "@", ":", "é", "%C3%A9", "%c3%a9", "*") },
);
const target = fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join("")}`);
/** The URL as a parser has it: what the runtime's `fetch` would make of it anyway. */
const parsed = (base: string, sent: string) => new URL(`${base}${sent}`).href.split("#")[0] as string;

describe("a target as it was sent", () => {
  it("is changed by nothing but what parses URLs, and not again", () => {
    fc.assert(
      fc.property(target, (sent) => {
        const found = targetAsSent(`http://edge.test${sent}`);
        expect(found.url).toBe(parsed("http://edge.test", sent));
        expect(found.url).toBe(found.origin + found.path + found.query);
        expect(targetAsSent(found.url)).toEqual(found);
      }),
    );
  });

  it("is what the origin is asked for and what its answer is found by, and by no other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(target, { minLength: 1, maxLength: 12 }), async (targets) => {
        const { get, asked } = proxy();
        const known = new Set<string>();
        for (const sent of targets) {
          const { cached, url } = await get(sent);
          // What the parser leaves is put behind the origin's own path; a path may not escape it.
          const wanted = `http://origin.test/base${parsed("http://edge.test", sent).slice("http://edge.test".length)}`;
          expect(url).toBe(wanted);
          expect(cached).toBe(known.has(wanted) ? "HIT-EDGE" : "MISS");
          known.add(wanted);
        }
        expect(asked).toEqual([...known]);
      }),
    );
  });

  it("is purged by its URL, and by a prefix in whatever spelling", async () => {
    await fc.assert(
      fc.asyncProperty(target, async (sent) => {
        const { get, purge, host } = proxy();
        const url = parsed("http://edge.test", sent);
        const { pathname } = new URL(url);
        for (const request of [{ urls: [url] }, { prefixes: [`http://edge.test${pathname}`] }]) {
          await get(sent);
          expect((await get(sent)).cached).toBe("HIT-EDGE");
          await purge(request);
          host.time += 1;
          expect((await get(sent)).cached).toBe("MISS");
        }
      }),
    );
  });
});

describe("url_normalization `none` does not start", () => {
  it.each<[string, Partial<EndpointSpec>, EndpointSpec[]]>([
    ["with a second endpoint", {}, [endpoint("/a", "r")]],
    ["with another path", { path: "/a/*" }, []],
    ["with auth", { auth: jwtAuth({ jwks_url: "https://i.test/k" }) }, []],
    ["with a rate limit", { rate_limit: { binding: "X", limit: 1, period_s: 60 } }, []],
    ["with static files", { static: true }, []],
    ["with a session as the answer", { target: { kind: "session" }, cache: null }, []],
    ["with forced times", { cache: byHeaders({ mode: "override" }) }, []],
    ["with the platform's cache", { cache: byHeaders({ engine: "platform" }) }, []],
    ["with a part of the query", { cache: byHeaders({ key: { ...policy().key, query: "none" } }) }, []],
  ])("%s", (_name, part, more) => {
    let faults: readonly string[] = [];
    try {
      proxy(part, more);
    } catch (error) {
      faults = (error as BadAssembly).faults;
    }
    expect(faults).toContain(
      "url_normalization `none`: there must be one endpoint, `/*`, that an origin answers, with nothing to guard.",
    );
  });
});
