// What a purge names reaches the cache in the form in which requests do.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEdge } from "../../src/core/edge";
import { cache } from "../../src/core/features/cache";
import { cacheMemory } from "../../src/core/features/cache-memory";
import { cacheOrigin } from "../../src/core/features/cache-origin";
import { cachePurge } from "../../src/core/features/cache-purge";
import { geo } from "../../src/core/features/geo";
import { frontPurge } from "../../src/core/purge/front";
import { asServed, targetFor } from "../../src/core/purge/targets";
import type { CacheSpec } from "../../src/core/settings.gen";
import { spellings } from "../../src/gateway/targets";
import { cacheShield } from "../../src/platforms/cloudflare/cache-shield";
import { testHost } from "../support/host";
import { endpoint, origin, policy, router, settings } from "../support/settings";

interface Case {
  sent: string;
  strict: string | null;
  as_sent: string;
}
/** `components/edgewright/contract/purge_targets.py` is held to the same. */
const TABLE: Case[] = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tests/golden/targets.json"), "utf8"));

const HOST = "http://edge.test";

describe("the table that purges written from Python are held to as well", () => {
  it.each(TABLE)("$sent", ({ sent, strict, as_sent }) => {
    // As a cache has it: what the entrance leaves of a query, URL parsers escape.
    const told = (asSent: boolean) => new URL(targetFor(HOST + sent, asSent).url).href.slice(HOST.length);
    expect(told(true)).toBe(as_sent);
    if (strict === null) expect(() => told(false)).toThrow(/path/);
    else expect(told(false)).toBe(strict);
  });
});

const memory = { max_bytes: 1 << 20, max_object_bytes: 1 << 16, ttl_ceiling_s: null, jitter_s: null };

function shop(mode: CacheSpec["mode"], vary: string[] = []) {
  const tiers = { ...policy().tiers, edge: null, memory };
  const edge = createEdge(
    settings({
      endpoints: [
        endpoint("/*", "r", { cache: policy({ mode, vary, edge_ttl_s: mode === "override" ? 60 : null, tiers }) }),
      ],
      routers: [router("r", [origin("us", "http://origin.test")])],
    }),
    { features: [cache, cacheMemory, cacheOrigin, cachePurge, geo, cacheShield] },
  );
  const host = testHost({
    fetch: async () => new Response("x", { headers: { "cache-control": "max-age=60" } }),
    secret: (name) => (name === "EDGEWRIGHT_PURGE_TOKEN" ? "t".repeat(32) : undefined),
  });
  const send = (request: Request) => edge(request, host, { env: {}, context: undefined });
  const get = async (target: string) => (await send(new Request(HOST + target))).headers.get("x-cache");
  return { get, send, host, purge: (request: object) => edge.purge(request, host) };
}

/** Ways to write what the edge rewrites, and another one of each, which a purge means too. */
const SPELLED: [string, string][] = [
  ["/a;b=1", "/a%3Bb=1"],
  ["/a//dd", "/a/dd"],
  ["/a/./x/../y", "/a/y"],
  ["/a|b", "/a%7Cb"],
  ["/ww?a=1;b=2", "/ww?a=1%3Bb=2"],
  ["/%61//;c", "/a/%3bc"],
];

describe.each(["override", "origin"] as const)("a purge in mode %s", (mode) => {
  it.each(SPELLED)("of %s is of what a client got by it, and by %s", async (sent, other) => {
    const { get, purge, host } = shop(mode);
    for (const [asked, request] of [
      [sent, { urls: [HOST + sent] }],
      [other, { urls: [HOST + sent] }],
      [sent, { urls: [HOST + other] }],
      [sent, { prefixes: [sent.split("?")[0]] }],
      [`${other.split("?")[0]}/below`, { prefixes: [HOST + sent.split("?")[0]] }],
    ] as const) {
      await get(asked);
      await get("/stays");
      expect(await get(asked)).toBe("HIT-EDGE");
      await purge(request);
      host.time += 1;
      expect(await get(asked)).toBe("MISS");
      expect(await get("/stays")).toBe("HIT-EDGE");
    }
  });
});

describe("what varies", () => {
  it("is nowhere stored after a purge of its URL, prefix or everything, and found again after", async () => {
    const { send, host, purge } = shop("override", ["accept-language"]);
    const get = async (language: string) =>
      (await send(new Request(`${HOST}/a`, { headers: { "accept-language": language } }))).headers.get("cache-status");
    expect(await get("de")).toContain("fwd=uri-miss");
    expect(await get("fr")).toContain("fwd=vary-miss");
    for (const request of [{ urls: [`${HOST}/a`] }, { prefixes: ["/"] }, { everything: true }]) {
      host.time += 1;
      await purge(request);
      host.time += 1;
      expect(await get("fr")).toContain("fwd=uri-miss");
      expect(await get("de")).toContain("fwd=vary-miss");
      expect(await get("fr")).toContain("hit");
      expect(await get("de")).toContain("hit");
    }
  });
});

describe("what runtimes read in two ways", () => {
  it("is purged in both", () => {
    expect(asServed({ urls: [`${HOST}/a//../b`], prefixes: ["/a//../b"] }, false)).toMatchObject({
      urls: [`${HOST}/b`, `${HOST}/a/b`],
      prefixes: ["/b", "/a/b"],
    });
  });
});

describe("a purge by token", () => {
  const post = (body: object) =>
    new Request(`${HOST}/.well-known/edgewright/purge`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${"t".repeat(32)}`,
        "content-length": String(JSON.stringify(body).length),
      },
      body: JSON.stringify(body),
    });

  it("is of what a client got by the same spelling", async () => {
    const { get, send } = shop("override");
    await get("/a;b//c");
    const report = await send(post({ urls: [`${HOST}/a;b//c`] }));
    expect([report.status, await report.json()]).toEqual([200, expect.objectContaining({ memory: 1 })]);
  });

  it.each([
    [{ urls: [`${HOST}/a%2Fb`] }, /escaped slash/],
    [{ prefixes: ["/%ff"] }, /not Unicode/],
    [{ prefixes: ["//x"] }, /begins with two slashes/],
  ])("of what can never be served is refused with why: %j", async (body, why) => {
    const answer = await shop("override").send(post(body));
    expect([answer.status, (await answer.json()) as object]).toEqual([
      400,
      expect.objectContaining({ code: "malformed-path", detail: expect.stringMatching(why) }),
    ]);
  });
});

describe("the caches in front", () => {
  it("Workers Cache is told of the one form that is stored there", () => {
    const request = { urls: [`${HOST}/a;b//c?x=1;2`], prefixes: ["/p|q", `${HOST}/%7Ex`] };
    expect(frontPurge(asServed(request, false))).toEqual({ pathPrefixes: ["/a%3Bb/c", "/p%7Cq", "/~x"] });
  });

  it("what is kept as it was sent is named as it is written, as a parser has it, and in normal form", () => {
    expect(spellings("/a;b/../c;d?x;y")).toEqual(["/a;b/../c;d?x;y", "/c;d?x;y", "/c%3Bd?x%3By"]);
    expect(spellings("/plain?x")).toEqual(["/plain?x"]);
    expect(spellings("/a%2Fb")).toEqual(["/a%2Fb"]);
  });
});
