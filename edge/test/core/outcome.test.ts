/** What became of a request is told as data: X-Cache and Cache-Status are for others to read. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Outcome } from "../../src/core/cache/decide/outcome";
import { createEdge } from "../../src/core/edge";
import { cache } from "../../src/core/features/cache";
import { cacheMemory } from "../../src/core/features/cache-memory";
import { geo } from "../../src/core/features/geo";
import { testHost } from "../support/host";
import { endpoint, policy, settings } from "../support/settings";

const SOURCES = join(import.meta.dirname, "../../src");

it("is told to the host once a request, whatever the answer says of itself", async () => {
  const heard: Outcome[] = [];
  const host = testHost({ settled: (outcome) => void heard.push(outcome) });
  const memory = { max_bytes: 1 << 20, max_object_bytes: 1 << 16, ttl_ceiling_s: null, jitter_s: null };
  const own = { kind: "handler", module: "own" } as const;
  const edge = createEdge(
    settings({
      endpoints: [
        { ...endpoint("/open", "r"), target: own, cache: null },
        {
          ...endpoint("/stored", "r"),
          target: own,
          cache: policy({ tiers: { ...policy().tiers, edge: null, memory } }),
        },
      ],
    }),
    {
      features: [cache, cacheMemory, geo],
      handlers: { own: { default: () => new Response("own", { headers: { "x-cache": "HIT-EDGE" } }) } },
    },
  );
  const said = async (path: string) => {
    const response = await edge(new Request(`http://edge.test${path}`), host, { env: {}, context: undefined });
    return response.headers.get("x-cache");
  };
  expect([await said("/open"), await said("/stored"), await said("/stored")]).toEqual(["BYPASS", "MISS", "HIT-EDGE"]);
  expect(heard).toMatchObject([
    { kind: "forwarded", forward: "bypass" },
    { kind: "forwarded", forward: "uri-miss", storage: "stored" },
    { kind: "hit", tier: "memory" },
  ]);
});

it("is read from no header here", () => {
  const reading = /\.(get|has)\(\s*["'](x-cache|cache-status)["']/i;
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((name) => reading.test(readFileSync(join(SOURCES, name), "utf8")))).toEqual([]);
});
