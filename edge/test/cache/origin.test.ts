import { describe, expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { Harness } from "./fixtures/harness";

const spec: CacheSpec = { name: "proxy", mode: "origin", tiers: { memory: {}, edge: {}, kv: null } };
const make = (overrides: Partial<CacheSpec> = {}) => new Harness({ ...spec, ...overrides });
const reply = (body: BodyInit | null, headers: Record<string, string>, status = 200) =>
  new Response(body, { status, headers });

describe("validation", () => {
  it("asks with both validators, and a 304 renews and updates what is stored", async () => {
    const h = make();
    const modified = h.date(-5000);
    h.origin = (request, count) =>
      count === 1
        ? reply("one", { "cache-control": "max-age=10", etag: '"1"', "last-modified": modified, a: "1", b: "1" })
        : request.headers.get("if-none-match") === '"1"' && request.headers.get("if-modified-since") === modified
          ? reply(null, { "cache-control": "max-age=20", etag: '"1"', a: "2", "content-length": "999" }, 304)
          : reply("not validated", {});
    await h.get("/");
    h.advance(11);
    const answer = await h.get("/");
    expect(answer).toMatchObject({ status: 200, text: "one", xCache: "MISS" });
    expect(answer.cacheStatus).toBe("edgewright; fwd=stale; fwd-status=304; stored");
    expect([answer.headers.get("a"), answer.headers.get("b")]).toEqual(["2", "1"]);
    h.advance(19);
    const again = await h.get("/");
    expect(again).toMatchObject({ text: "one", xCache: "HIT-EDGE" });
    expect([again.headers.get("a"), again.headers.get("age")]).toEqual(["2", "19"]);
    expect(h.requests).toHaveLength(2);
  });

  it("asks again without conditions when a 304 speaks of another version", async () => {
    const h = make();
    h.origin = (request, count) => {
      if (count === 1) return reply("one", { "cache-control": "max-age=1", etag: '"1"' });
      if (request.headers.has("if-none-match")) return reply(null, { etag: '"2"' }, 304);
      return reply("two", { "cache-control": "max-age=60", etag: '"2"' });
    };
    await h.get("/");
    h.advance(5);
    expect((await h.get("/")).text).toBe("two");
    expect(h.requests).toHaveLength(3);
    expect((await h.get("/")).hit).toBe(true);
  });

  it("gives a cookie that came with a 304 to that client alone", async () => {
    const h = make();
    h.origin = (_request, count) =>
      count === 1
        ? reply("one", { "cache-control": "max-age=1", etag: '"1"' })
        : reply(null, { "cache-control": "max-age=60", etag: '"1"', "set-cookie": "sid=secret" }, 304);
    await h.get("/");
    h.advance(5);
    expect((await h.get("/")).headers.getSetCookie()).toEqual(["sid=secret"]);
    const next = await h.get("/");
    expect(next.hit).toBe(true);
    expect(next.headers.has("set-cookie")).toBe(false);
  });

  it("stores what may not be used unvalidated, and validates each time", async () => {
    const h = make();
    h.origin = (request, count) =>
      request.headers.get("if-none-match") === '"1"'
        ? reply(null, { etag: '"1"' }, 304)
        : reply(`body ${count}`, { "cache-control": "no-cache", etag: '"1"' });
    for (let round = 0; round < 3; round++) expect((await h.get("/")).text).toBe("body 1");
    expect(h.requests).toHaveLength(3);
  });

  it("answers a client's own conditions from what is stored", async () => {
    const h = make();
    const modified = h.date(-5000);
    h.origin = () =>
      reply("body", { "cache-control": "max-age=60", etag: 'W/"1"', "last-modified": modified, date: h.date() });
    await h.get("/");
    for (const [name, value, status] of [
      ["if-none-match", '"0", W/"1"', 304],
      ["if-none-match", '"1"', 304],
      ["if-none-match", "*", 304],
      ["if-none-match", '"2"', 200],
      ["if-modified-since", modified, 304],
      ["if-modified-since", h.date(-6000), 200],
    ] as const) {
      const answer = await h.get("/", { [name]: value });
      expect([name, value, answer.status]).toEqual([name, value, status]);
      expect(answer.headers.get("etag")).toBe('W/"1"');
      expect(answer.text).toBe(status === 304 ? "" : "body");
    }
    const both = await h.get("/", { "if-none-match": '"2"', "if-modified-since": modified });
    expect(both.status).toBe(200);
    expect(h.requests).toHaveLength(1);
  });

  it("fills itself from a conditional miss: the origin is asked for the whole", async () => {
    const h = make();
    h.origin = (request) => {
      expect(request.headers.has("if-none-match")).toBe(false);
      return reply("body", { "cache-control": "max-age=60", etag: '"1"' });
    };
    expect((await h.get("/", { "if-none-match": '"1"' })).status).toBe(304);
    expect((await h.get("/")).text).toBe("body");
    expect(h.requests).toHaveLength(1);
  });
});

describe("methods", () => {
  it("answers HEAD from a stored GET, with its length and no body", async () => {
    const h = make();
    h.origin = () => reply("12345", { "cache-control": "max-age=60", etag: '"1"' });
    await h.get("/");
    const head = await h.get("/", {}, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "", xCache: "HIT-EDGE" });
    expect(head.headers.get("content-length")).toBe("5");
  });

  it("renews a stored GET by a HEAD that agrees with it, and drops one that it contradicts", async () => {
    const h = make();
    let version = '"1"';
    h.origin = (request, count) =>
      reply(request.method === "HEAD" ? null : `body ${count}`, {
        "cache-control": "max-age=10",
        etag: version,
        n: String(count),
      });
    await h.get("/");
    h.advance(11);
    expect((await h.get("/", {}, { method: "HEAD" })).headers.get("n")).toBe("2");
    const renewed = await h.get("/");
    expect(renewed).toMatchObject({ text: "body 1", hit: true });
    expect(renewed.headers.get("n")).toBe("2");
    h.advance(11);
    version = '"2"';
    await h.get("/", {}, { method: "HEAD" });
    const request = await h.get("/");
    expect(request.text).toBe("body 4");
    expect(h.requests.at(-1)?.headers.has("if-none-match")).toBe(false);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH", "PURPLE"])(
    "%s invalidates its target, Location and Content-Location",
    async (method) => {
      const h = make();
      h.origin = (request, count) =>
        request.method === "GET"
          ? reply(`body ${count}`, { "cache-control": "max-age=60" })
          : reply("done", { location: "/b", "content-location": "https://shop.example/c" }, 201);
      for (const path of ["/a", "/b", "/c", "/d"]) await h.get(path);
      expect((await h.get("/a", {}, { method })).xCache).toBe("BYPASS");
      const texts = [];
      for (const path of ["/a", "/b", "/c", "/d"]) texts.push((await h.get(path)).text);
      expect(texts).toEqual(["body 6", "body 7", "body 8", "body 4"]);
    },
  );

  it("does not invalidate on failure, on a safe method, nor on another origin's word", async () => {
    const h = make();
    let unsafe = () => reply("no", {}, 500);
    h.origin = (request, count) =>
      request.method === "GET" ? reply(`body ${count}`, { "cache-control": "max-age=60" }) : unsafe();
    await h.get("/a");
    await h.get("/b");
    await h.get("/a", {}, { method: "POST" });
    await h.get("/a", {}, { method: "OPTIONS" });
    unsafe = () => reply("ok", { location: "https://evil.example/b" });
    await h.get("/x", {}, { method: "POST" });
    expect((await h.get("/a")).text).toBe("body 1");
    expect((await h.get("/b")).text).toBe("body 2");
  });

  it("does not store what was under way when its URL was invalidated", async () => {
    const h = make();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    h.origin = async (request, count) => {
      if (request.method === "POST") return reply("ok", {});
      if (count === 1) await gate;
      return reply(`body ${count}`, { "cache-control": "max-age=60" });
    };
    const old = h.get("/");
    while (h.requests.length === 0) await Promise.resolve();
    await h.send("/", { method: "POST" });
    release();
    expect((await old).text).toBe("body 1");
    expect((await h.get("/")).text).toBe("body 3");
  });

  it("does not store what one alone brings either, when its URL was invalidated meanwhile", async () => {
    const h = make();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    h.origin = async (request, count) => {
      if (request.method === "POST") return reply("ok", {});
      // The first one sends the second by itself, as a hit for miss.
      if (count === 1) return reply("body 1", { "cache-control": "no-store" });
      if (count === 2) await gate;
      return reply(`body ${count}`, { "cache-control": "max-age=60" });
    };
    await h.get("/");
    const old = h.get("/");
    while (h.requests.length === 1) await Promise.resolve();
    await h.send("/", { method: "POST" });
    release();
    expect((await old).text).toBe("body 2");
    expect((await h.get("/")).text).toBe("body 4");
  });

  it("stores a POST that says it is what a GET would get, and no other", async () => {
    const h = make();
    h.origin = (request, count) =>
      reply(`body ${count}`, {
        "cache-control": request.url.includes("nofresh") ? "public" : "max-age=60",
        "content-location": request.url.includes("other") ? "/elsewhere" : new URL(request.url).pathname,
      });
    for (const [path, hit] of [
      ["/same", true],
      ["/other", false],
      ["/nofresh", false],
    ] as const) {
      await h.get(path, {}, { method: "POST", body: "x" });
      expect([path, (await h.get(path)).hit]).toEqual([path, hit]);
    }
  });

  it("sends a GET's body to nobody", async () => {
    const h = make();
    h.origin = () => reply("x", { "cache-control": "max-age=60" });
    await h.get("/", { "content-type": "text/plain", "content-length": "5" });
    expect(h.requests[0]?.body).toBeNull();
    expect(h.requests[0]?.headers.has("content-type")).toBe(false);
  });
});

describe("ranges", () => {
  const digits = "0123456789";
  const ranged = (h: Harness, headers: Record<string, string> = { etag: '"1"' }) => {
    h.origin = (request) => {
      const match = /bytes=(\d*)-(\d*)/.exec(request.headers.get("range") ?? "");
      const common = { "cache-control": "max-age=60", ...headers };
      if (!match) return reply(digits, common);
      const start = match[1] === "" ? 10 - Number(match[2]) : Number(match[1]);
      const end = match[1] === "" || match[2] === "" ? 9 : Math.min(9, Number(match[2]));
      return reply(digits.slice(start, end + 1), { ...common, "content-range": `bytes ${start}-${end}/10` }, 206);
    };
  };

  it("serves ranges of a stored whole", async () => {
    const h = make();
    ranged(h);
    await h.get("/");
    for (const [range, text, content] of [
      ["bytes=0-1", "01", "bytes 0-1/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-3", "789", "bytes 7-9/10"],
      ["bytes=8-99", "89", "bytes 8-9/10"],
    ] as const) {
      const answer = await h.get("/", { range });
      expect(answer).toMatchObject({ status: 206, text, hit: true });
      expect(answer.headers.get("content-range")).toBe(content);
    }
    const beyond = await h.get("/", { range: "bytes=10-" });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe("bytes */10");
    expect((await h.get("/", { range: "bytes=0-1,3-4" })).status).toBe(200);
    expect((await h.get("/", { range: "bytes=0-1", "if-range": '"other"' })).status).toBe(200);
    expect(h.requests).toHaveLength(1);
  });

  it("stores parts, serves ranges inside them, and combines those of one version", async () => {
    const h = make();
    ranged(h);
    await h.get("/", { range: "bytes=2-5" });
    const inside = await h.get("/", { range: "bytes=3-4" });
    expect(inside).toMatchObject({ status: 206, text: "34", hit: true });
    expect((await h.get("/", { range: "bytes=6-7" })).text).toBe("67");
    expect(await h.get("/", { range: "bytes=4-7" })).toMatchObject({ text: "4567", hit: true });
    expect(h.requests).toHaveLength(2);
    await h.get("/", { range: "bytes=0-1" });
    await h.get("/", { range: "bytes=8-9" });
    expect(await h.get("/")).toMatchObject({ status: 200, text: digits, hit: true });
    expect(h.requests).toHaveLength(4);
  });

  it("completes a stored beginning instead of fetching all again", async () => {
    const h = make();
    ranged(h);
    await h.get("/", { range: "bytes=0-3" });
    const whole = await h.get("/");
    expect(whole).toMatchObject({ status: 200, text: digits });
    expect(h.requests[1]?.headers.get("range")).toBe("bytes=4-");
    expect(h.requests[1]?.headers.get("if-range")).toBe('"1"');
    expect(await h.get("/")).toMatchObject({ text: digits, hit: true });
  });

  it("fetches all again where the beginning is in the edge cache alone, as a stream", async () => {
    for (const tiers of [
      { memory: null, edge: {} },
      { memory: { max_object_bytes: 3 }, edge: {} },
    ]) {
      const h = make({ tiers });
      ranged(h);
      await h.get("/", { range: "bytes=0-5" });
      expect(await h.get("/")).toMatchObject({ status: 200, text: digits });
      expect(await h.get("/")).toMatchObject({ status: 200, text: digits, hit: true });
    }
  });

  it("does not store a whole that lacks a part of what was to be completed", async () => {
    const h = make();
    ranged(h);
    await h.get("/", { range: "bytes=0-3" });
    h.origin = () => reply("45", { "cache-control": "max-age=60", etag: '"1"', "content-range": "bytes 4-9/10" }, 206);
    await h.get("/").catch(() => {});
    ranged(h);
    expect((await h.get("/")).text).toBe(digits);
  });

  it("looks in the farther tiers where a nearer one has a part that is not wanted", async () => {
    const h = make({ tiers: { memory: {}, edge: {} } });
    ranged(h);
    await h.get("/", { range: "bytes=0-3" });
    const { cache } = h;
    h.isolate();
    await h.get("/");
    const asked = h.requests.length;
    // The first isolate has its part in memory still, and the edge cache has the whole.
    h.cache = cache;
    expect(await h.get("/", { range: "bytes=6-7" })).toMatchObject({ text: "67", hit: true });
    expect(await h.get("/")).toMatchObject({ text: digits, hit: true });
    expect(h.requests).toHaveLength(asked);
  });

  it("takes the whole where the version has changed meanwhile", async () => {
    const h = make();
    ranged(h);
    await h.get("/", { range: "bytes=0-3" });
    h.origin = () => reply("abcdefghij", { "cache-control": "max-age=60", etag: '"2"' });
    expect((await h.get("/")).text).toBe("abcdefghij");
    expect((await h.get("/")).hit).toBe(true);
  });

  it("does not combine parts of two versions: the newer one stays", async () => {
    const h = make();
    ranged(h);
    await h.get("/", { range: "bytes=0-3" });
    ranged(h, { etag: '"2"' });
    await h.get("/", { range: "bytes=4-9" });
    expect((await h.get("/", { range: "bytes=3-4" })).hit).toBe(false);
    expect(await h.get("/", { range: "bytes=5-6" })).toMatchObject({ text: "56", hit: true });
  });

  it("combines nothing without a strong validator, and stores no part whose length is not what it says", async () => {
    const h = make();
    ranged(h, { etag: 'W/"1"' });
    await h.get("/", { range: "bytes=0-3" });
    await h.get("/", { range: "bytes=4-9" });
    expect((await h.get("/")).hit).toBe(false);
    const g = make();
    g.origin = () =>
      reply("0123", { "cache-control": "max-age=60", "content-range": "bytes 0-9/10", "content-length": "4" }, 206);
    await g.get("/", { range: "bytes=0-9" });
    expect((await g.get("/", { range: "bytes=0-1" })).hit).toBe(false);
  });
});

describe("Vary", () => {
  it("keeps variants apart, and equal values in other words together", async () => {
    const h = make();
    h.origin = (request, count) =>
      reply(`${request.headers.get("accept-language")} ${count}`, {
        "cache-control": "max-age=60",
        vary: "Accept-Language",
      });
    const first = await h.get("/", { "accept-language": "en, de;q=0.5" });
    const second = await h.get("/", { "accept-language": "fr" });
    const same = await h.get("/", { "accept-language": "DE;q=0.5 ,EN" });
    expect(same.text).toBe(first.text);
    expect((await h.get("/", { "accept-language": "fr" })).text).toBe(second.text);
    expect((await h.get("/")).hit).toBe(false);
    expect((await h.get("/", { "accept-language": "en, de;q=0.9" })).hit).toBe(false);
    expect(second.cacheStatus).toContain("fwd=vary-miss");
  });

  it("finds variants in the edge cache of another isolate", async () => {
    const h = make();
    h.origin = (request) => reply(`x${request.headers.get("a")}`, { "cache-control": "max-age=60", vary: "a" });
    await h.get("/", { a: "1" });
    await h.get("/", { a: "2" });
    h.isolate();
    for (const a of ["1", "2"]) {
      const answer = await h.get("/", { a });
      expect(answer).toMatchObject({ text: `x${a}`, hit: true });
      expect(answer.cacheStatus).toContain("detail=edge");
    }
    expect(h.requests).toHaveLength(2);
  });

  it("does not bring back variants of before an invalidation", async () => {
    const h = make();
    h.origin = (request, count) =>
      request.method === "GET" ? reply(`body ${count}`, { "cache-control": "max-age=60", vary: "a" }) : reply("ok", {});
    await h.get("/", { a: "1" });
    await h.get("/", { a: "2" });
    h.advance(1);
    await h.get("/", {}, { method: "POST" });
    h.advance(1);
    await h.get("/", { a: "1" });
    const old = await h.get("/", { a: "2" });
    expect(old).toMatchObject({ text: "body 5", hit: false });
  });

  it.each(["a b", '"x"', "a, b c", "(x)"])(
    "answers, and does not store, what varies on no header's name: %s",
    async (vary) => {
      for (const mode of ["origin", "override"] as const) {
        const h = make({ mode, ...(mode === "override" && { edge_ttl_s: 60 }) });
        h.origin = (_request, count) =>
          new Response(String(count), { headers: { "cache-control": "max-age=60", vary } });
        expect([(await h.get("/")).text, (await h.get("/")).text]).toEqual(["1", "2"]);
      }
    },
  );

  it("never stores Vary: *, and warns", async () => {
    const h = make();
    h.origin = () => reply("x", { "cache-control": "max-age=60", vary: "a, *" });
    await h.get("/");
    expect((await h.get("/")).xCache).toBe("BYPASS");
    expect(h.warnings.join()).toContain("Vary: *");
  });

  it("gives encoded content only to those who said the same of encodings, Vary or not", async () => {
    const h = make();
    h.origin = (request) =>
      request.headers.get("accept-encoding")?.includes("x")
        ? reply("encoded", { "cache-control": "max-age=60", "content-encoding": "x" })
        : reply("plain", { "cache-control": "max-age=60" });
    await h.get("/", { "accept-encoding": "x" });
    expect((await h.get("/", { "accept-encoding": "identity" })).text).toBe("plain");
  });
});

describe("request directives", () => {
  const stored = async () => {
    const h = make();
    h.origin = (_request, count) => reply(`body ${count}`, { "cache-control": "max-age=60" });
    await h.get("/");
    h.advance(30);
    return h;
  };

  it("only-if-cached is a 504 where nothing may be served, and no request", async () => {
    const h = await stored();
    expect((await h.get("/", { "cache-control": "only-if-cached" })).hit).toBe(true);
    expect((await h.get("/other", { "cache-control": "only-if-cached" })).status).toBe(504);
    expect((await h.get("/", { "cache-control": "only-if-cached, min-fresh=40" })).status).toBe(504);
    expect(h.requests).toHaveLength(1);
  });

  it.each([
    ["no-cache", false],
    ["max-age=29", false],
    ["max-age=30", true],
    ["min-fresh=30", true],
    ["min-fresh=31", false],
    ["no-transform", true],
    ["no-store", true],
    ["unknown=1", true],
  ])("%s: reuse is %s", async (directive, hit) => {
    const h = await stored();
    expect((await h.get("/", { "cache-control": directive })).hit).toBe(hit);
  });

  it("Pragma: no-cache counts only without Cache-Control", async () => {
    const h = await stored();
    expect((await h.get("/", { pragma: "no-cache", "cache-control": "max-age=99" })).hit).toBe(true);
    expect((await h.get("/", { pragma: "no-cache" })).hit).toBe(false);
  });

  it("no-store keeps the answer out of the store", async () => {
    const h = make();
    h.origin = () => reply("x", { "cache-control": "max-age=60" });
    await h.get("/", { "cache-control": "no-store" });
    expect((await h.get("/")).hit).toBe(false);
  });

  it("max-stale takes what is stale, unless the origin forbids it", async () => {
    for (const [extra, hit] of [
      ["", true],
      [", must-revalidate", false],
      [", s-maxage=60", false],
    ] as const) {
      const h = make();
      h.origin = () => reply("x", { "cache-control": `max-age=60${extra}`, etag: '"1"' });
      await h.get("/");
      h.advance(65);
      expect((await h.get("/", { "cache-control": "max-stale=4" })).hit).toBe(false);
      const g = make();
      g.origin = h.origin;
      await g.get("/");
      g.advance(65);
      expect((await g.get("/", { "cache-control": "max-stale=5" })).hit).toBe(hit);
    }
  });
});

describe("stale answers", () => {
  const stale = async (control: string, then: () => Response | Promise<Response>) => {
    const h = make();
    h.origin = (_request, count) => (count === 1 ? reply("old", { "cache-control": control, etag: '"1"' }) : then());
    await h.get("/");
    h.advance(20);
    return h;
  };
  const failures: [string, () => Response | Promise<Response>][] = [
    ["503", () => reply("down", {}, 503)],
    ["a disconnect", () => Promise.reject(new Error("connection lost"))],
    [
      "a disconnect in mid-body",
      () => {
        let sent = false;
        const body = new ReadableStream({
          pull(controller) {
            if (sent) controller.error(new Error("connection lost"));
            else controller.enqueue(new TextEncoder().encode("new, but tru"));
            sent = true;
          },
        });
        return reply(body, { "cache-control": "max-age=60" });
      },
    ],
    ["a body shorter than announced", () => reply("short", { "cache-control": "max-age=60", "content-length": "500" })],
  ];

  it.each(failures)("stale-if-error serves on %s, within its window", async (_name, fail) => {
    const h = await stale("max-age=10, stale-if-error=30", fail);
    const answer = await h.get("/");
    expect(answer).toMatchObject({ status: 200, text: "old", xCache: "HIT-EDGE" });
    expect(answer.cacheStatus).toMatch(/fwd=stale/);
    expect(answer.headers.get("age")).toBe("20");
  });

  it("past the window, an error is an error", async () => {
    const h = await stale("max-age=10, stale-if-error=5", () => reply("down", {}, 503));
    expect((await h.get("/")).status).toBe(503);
  });

  it.each(["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=10"])(
    "%s forbids it on a disconnect",
    async (flag) => {
      const h = await stale(`max-age=10, ${flag}`, () => Promise.reject(new Error("lost")));
      await expect(h.get("/")).rejects.toThrow("lost");
    },
  );

  it("without any such word, a disconnected cache serves stale, and so does one whose validation got an error", async () => {
    const lost = await stale("max-age=10", () => Promise.reject(new Error("lost")));
    expect((await lost.get("/")).text).toBe("old");
    const down = await stale("max-age=10", () => reply("down", {}, 503));
    expect(await down.get("/")).toMatchObject({ status: 200, text: "old" });
  });

  it("is revalidated as a GET behind a HEAD", async () => {
    const h = await stale("max-age=10, stale-while-revalidate=30", () => reply("unused", {}));
    h.origin = ({ method }) => reply(method === "HEAD" ? null : "the whole", { "cache-control": "max-age=60" });
    expect((await h.get("/", {}, { method: "HEAD" })).hit).toBe(true);
    expect(await h.get("/")).toMatchObject({ hit: true, text: "the whole" });
  });

  it("stale-while-revalidate serves at once and asks once behind", async () => {
    const h = await stale("max-age=10, stale-while-revalidate=30", () =>
      reply("new", { "cache-control": "max-age=60" }),
    );
    const answer = await h.get("/");
    expect(answer).toMatchObject({ text: "old", xCache: "HIT-EDGE" });
    expect(answer.cacheStatus).toBe("edgewright; hit; ttl=-10; detail=memory");
    expect(await h.get("/")).toMatchObject({ text: "new", hit: true });
    expect(h.requests).toHaveLength(2);
  });

  it("a failure behind leaves what is stored, and the next request tries again", async () => {
    const h = await stale("max-age=10, stale-while-revalidate=30", () => Promise.reject(new Error("lost")));
    expect((await h.get("/")).text).toBe("old");
    expect((await h.get("/")).text).toBe("old");
    expect(h.requests).toHaveLength(3);
  });
});

describe("a response that cannot be shared", () => {
  it("sends the next requests straight on, each with its own conditions; an error does not", async () => {
    const h = make();
    h.origin = () => reply("x", { "cache-control": "no-store" });
    await h.get("/");
    const next = await h.get("/", { "if-none-match": '"1"' });
    expect(next.cacheStatus).toBe("edgewright; fwd=uri-miss; detail=hit-for-miss");
    expect(h.requests[1]?.headers.get("if-none-match")).toBe('"1"');
    h.advance(6);
    expect((await h.get("/")).cacheStatus).toContain("detail=no-store");

    h.origin = () => reply("down", {}, 503);
    await h.get("/down");
    const crowd = Promise.all([1, 2, 3].map(() => h.get("/down")));
    expect((await crowd).filter((answer) => answer.cacheStatus?.includes("hit-for-miss"))).toHaveLength(0);
  });

  it("is found to be sharable again as soon as it is", async () => {
    const h = make();
    h.origin = (_request, count) => reply("x", { "cache-control": count === 1 ? "no-store" : "max-age=60" });
    await h.get("/");
    await h.get("/");
    expect((await h.get("/")).hit).toBe(true);
  });
});

describe("what is stored", () => {
  it.each([
    ["private", {}, 200, false],
    ['max-age=60, private="x-secret"', {}, 200, true],
    ['max-age=60, no-cache="x-secret"', {}, 200, true],
    ["max-age=60, no-store", {}, 200, false],
    ["max-age=60, no-store, must-understand", {}, 200, true],
    ["max-age=60, no-store, must-understand", {}, 299, false],
    ["max-age=60", {}, 299, true],
    ["max-age=60", {}, 500, true],
    ["max-age=60", { "set-cookie": "a=b" }, 200, false],
    ["public, max-age=60", { "set-cookie": "a=b" }, 200, false],
    ["", {}, 200, false],
    ["max-age=1", { "cdn-cache-control": "max-age=60" }, 200, true],
    ["max-age=60", { "cdn-cache-control": "no-store" }, 200, false],
    ["max-age=60", { "cdn-cache-control": "private" }, 200, false],
    ["no-store", { "cdn-cache-control": "MAX-AGE=60" }, 200, false],
    ["no-store", { "cdn-cache-control": "max-age=60" }, 200, true],
    ["no-store", { "cdn-cache-control": "no-store", "cloudflare-cdn-cache-control": "max-age=60" }, 200, true],
  ])("%j %j %d: reuse is %s", async (control, extra, status, hit) => {
    const h = make();
    const headers = {
      ...(extra as Record<string, string>),
      "x-secret": "s",
      ...(control ? { "cache-control": control } : {}),
    };
    h.origin = () => reply("x", headers, status);
    await h.get("/");
    h.advance(5);
    const answer = await h.get("/");
    expect(answer.hit).toBe(hit);
    if (control.includes("x-secret")) expect(answer.headers.has("x-secret")).toBe(false);
  });

  it("drops hop-by-hop fields, those that Connection names, and the core's notes of one request", async () => {
    const h = make();
    h.origin = () =>
      reply("x", {
        "cache-control": "max-age=60",
        connection: "x-hop, close",
        "x-hop": "1",
        "keep-alive": "5",
        "x-origin-latency": "12",
        "x-origin-region": "eu",
        kept: "1",
      });
    expect((await h.get("/")).headers.get("x-origin-latency")).toBe("12");
    const { headers } = await h.get("/");
    for (const name of ["x-hop", "keep-alive", "connection", "x-origin-latency"]) expect(headers.has(name)).toBe(false);
    expect(headers.get("kept")).toBe("1");
    expect(headers.get("x-origin-region")).toBe("eu");
  });

  it("appends to the Cache-Status of the caches before it, and leaves Date alone", async () => {
    const h = make();
    const date = h.date(-3);
    h.origin = () => reply("x", { "cache-control": "max-age=60", "cache-status": "Origin; hit", date });
    expect((await h.get("/")).cacheStatus).toBe("Origin; hit, edgewright; fwd=uri-miss; stored");
    h.advance(7);
    const { headers, cacheStatus } = await h.get("/");
    expect(cacheStatus).toBe("Origin; hit, edgewright; hit; ttl=50; detail=memory");
    expect([headers.get("date"), headers.get("age")]).toEqual([date, "10"]);
  });

  it("takes two orders of parameters as two resources, and equal escapes as one", async () => {
    const h = make();
    h.origin = (_request, count) => reply(`body ${count}`, { "cache-control": "max-age=60" });
    await h.get("/%7Euser?a=1&b=2");
    expect((await h.get("/~user?a=1&b=2")).hit).toBe(true);
    expect((await h.get("/~user?b=2&a=1")).hit).toBe(false);
    expect((await h.get("/~user?a=1&b=2&")).hit).toBe(false);
  });

  it("does not let one that authenticated fill what others get, unless the origin says so", async () => {
    for (const [control, hit] of [
      ["max-age=60", false],
      ["max-age=60, public", true],
      ["s-maxage=60", true],
    ] as const) {
      const h = make();
      h.origin = () => reply("x", { "cache-control": control });
      await h.get("/", { authorization: "Bearer 1" });
      expect([control, (await h.get("/")).hit]).toEqual([control, hit]);
    }
  });

  it("stores nothing without a tier to hold it, and says so", async () => {
    const h = make({ tiers: { memory: null, edge: {}, kv: null } });
    h.hasEdge = false;
    h.origin = () => reply("x", { "cache-control": "max-age=60" });
    expect((await h.get("/")).cacheStatus).not.toContain("stored");
  });
});
