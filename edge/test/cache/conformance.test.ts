/** What the public suite of HTTP caching tests and the caches that it lists have shown: see bench/conformance.py. */

import { describe, expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { Harness } from "./fixtures/harness";

const SPEC: CacheSpec = { name: "proxy", mode: "origin", tiers: { memory: {}, edge: {}, kv: null } };
const reply = (body: BodyInit | null, headers: Record<string, string>, status = 200) =>
  new Response(body, { status, headers });

/** A cache whose response is stale, before an origin that then answers with a status. */
async function failing(headers: Record<string, string>, status: number, policy: Partial<CacheSpec> = {}) {
  const h = new Harness({ ...SPEC, ...policy });
  h.origin = (_, count) => (count === 1 ? reply("old", headers) : reply("down", {}, status));
  await h.get("/");
  h.advance(100);
  return h;
}

describe("an error in answer to a validation (RFC 9111 section 4.3.3)", () => {
  const TAGGED = { "cache-control": "max-age=10", etag: '"1"' };

  it.each([500, 502, 503, 504])("%i is as good as no answer: what is stored serves", async (status) => {
    const h = await failing(TAGGED, status);
    const answer = await h.get("/");
    expect(answer).toMatchObject({ status: 200, text: "old" });
    expect(answer.cacheStatus).toContain(`fwd-status=${status}`);
    expect(h.requests).toHaveLength(2);
  });

  it.each([
    ["what has no validator was not validated", { "cache-control": "max-age=10" }, 503],
    ["must-revalidate", { ...TAGGED, "cache-control": "max-age=10, must-revalidate" }, 503],
    ["proxy-revalidate", { ...TAGGED, "cache-control": "max-age=10, proxy-revalidate" }, 503],
    ["s-maxage", { ...TAGGED, "cache-control": "s-maxage=10" }, 503],
    ["no-cache", { ...TAGGED, "cache-control": "no-cache" }, 503],
    ["stale-if-error that has passed", { ...TAGGED, "cache-control": "max-age=10, stale-if-error=20" }, 503],
    ["a client's error is an answer", TAGGED, 404],
    ["501 and others say something of the resource", TAGGED, 501],
  ])("is passed on where that may not be: %s", async (_, headers, status) => {
    const h = await failing(headers, status);
    expect(await h.get("/")).toMatchObject({ status, text: "down" });
  });

  it("is passed on under a policy of its own times, which says for how long errors are hidden", async () => {
    const h = await failing(TAGGED, 503, { mode: "override", edge_ttl_s: 10 });
    expect((await h.get("/")).status).toBe(503);
  });
});

describe("Set-Cookie2", () => {
  it("sets no cookie anywhere any more (RFC 6265 section 9.4), so that it is a header like others", async () => {
    const h = new Harness(SPEC);
    h.origin = (_, count) => reply(`body ${count}`, { "cache-control": "max-age=60", "set-cookie2": "a=b" });
    await h.get("/");
    const again = await h.get("/");
    expect([again.xCache, again.headers.get("set-cookie2")]).toEqual(["HIT-EDGE", "a=b"]);
  });

  it("leaves Set-Cookie what it is: stored in no mode", async () => {
    for (const policy of [SPEC, { ...SPEC, mode: "override" as const, edge_ttl_s: 60 }]) {
      const h = new Harness(policy);
      h.origin = (_, count) => reply(`body ${count}`, { "cache-control": "public, max-age=60", "set-cookie": "a=b" });
      await h.get("/");
      expect((await h.get("/")).text).toBe("body 2");
    }
  });
});

describe("parts", () => {
  it.each([
    ["a length that is not that of Content-Range", "bytes 4-9/10", "01234"],
    ["an end beyond the whole", "bytes 8-12/10", "01234"],
    ["no total", "bytes 4-8/*", "01234"],
  ])("are not stored with %s", async (_, range, body) => {
    const h = new Harness(SPEC);
    h.origin = () => reply(body, { "cache-control": "max-age=60", "content-range": range, etag: '"1"' }, 206);
    for (let i = 0; i < 2; i++) await h.get("/", { range: "bytes=-5" });
    expect(h.requests).toHaveLength(2);
  });

  it("are stored and serve smaller ranges where they are what they say", async () => {
    const h = new Harness(SPEC);
    const headers = { "cache-control": "max-age=60", "content-range": "bytes 5-9/10", etag: '"1"' };
    h.origin = () => reply("56789", headers, 206);
    await h.get("/", { range: "bytes=-5" });
    for (const [range, text] of [
      ["bytes=-5", "56789"],
      ["bytes=6-8", "678"],
      ["bytes=6-", "6789"],
      ["bytes=-1", "9"],
    ] as const) {
      expect(await h.get("/", { range })).toMatchObject({ status: 206, text });
    }
    expect(h.requests).toHaveLength(1);
  });
});

describe("freshness that is no number", () => {
  it.each(["max-age=100a", "max-age=a100", "max-age=1.5", "max-age=3600.0", "max-age=0, max-age=3600"])(
    "%s is stale, as RFC 9111 section 4.2.1 asks for",
    async (control) => {
      const h = new Harness(SPEC);
      h.origin = (_, count) => reply(`body ${count}`, { "cache-control": control, etag: '"1"' });
      await h.get("/");
      expect((await h.get("/")).text).toBe("body 2");
    },
  );
});

describe("a request's no-cache", () => {
  it("is not answered by what the origin said before it, although that is still being stored", async () => {
    const h = new Harness(SPEC);
    let stored = () => {};
    const put = h.edge.put.bind(h.edge);
    h.edge.put = async (url, response) => {
      await new Promise<void>((resolve) => {
        stored = resolve;
      });
      return put(url, response);
    };
    h.origin = (_, count) => reply(`body ${count}`, { "cache-control": "max-age=60", etag: '"1"' });
    expect(await (await h.send("/")).text()).toBe("body 1");
    const again = h.send("/", { headers: { "cache-control": "no-cache" } });
    expect(await (await again).text()).toBe("body 2");
    stored();
  });
});
