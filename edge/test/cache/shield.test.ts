/** The shield: one place between the caches of many data centres and the origin. */

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sent } from "../support/http";
import { type Centres, PURGE_TOKEN, policy, startCentres } from "./fixtures/centres";

const CENTRES = ["fra", "iad", "sin", "gru"] as const;
const BY_LANGUAGE = { query: "all", query_names: [], headers: ["x-lang"], cookies: [], country: false, region: false };

describe("a shield", () => {
  let world: Centres;

  beforeAll(async () => {
    world = await startCentres(
      CENTRES,
      {
        pages: policy("pages"),
        lasting: policy("lasting", {}, { ttl_s: 600 }),
        jittered: policy("jittered", { edge_ttl_s: 1 }, { ttl_s: 600, jitter_s: [100, 200] }),
        tolerant: policy("tolerant", { stale_if_error_s: 600 }),
        revalidating: policy("revalidating", { stale_while_revalidate_s: 600 }),
        byorigin: policy("byorigin", { mode: "origin", edge_ttl_s: null }),
        languages: policy("languages", { key: { ...BY_LANGUAGE, host: true } as never }),
      },
      ["lone"],
    );
  });
  afterAll(async () => {
    await world.stop();
  });

  const count = (path: string) => world.origin.count(path);
  async function ask(centre: string, path: string, headers: Record<string, string> = {}, sent: Sent = {}) {
    const reply = await world.ask(centre, path, { ...sent, headers });
    return { ...reply, x: reply.headers["x-cache"], age: Number(reply.headers.age ?? 0) };
  }
  /** What the cache stores is stored a moment after its client is answered. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 400));

  /** An origin that numbers its answers. */
  function numbered(path: string, headers: Record<string, string> = {}, status = 200): void {
    world.origin.routes.set(path, (_request, response, number) => {
      response.writeHead(status, headers).end(`body ${number}`);
    });
  }

  it("makes one origin request of the crowds in every data centre", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    world.origin.routes.set("/pages/cold", async (_request, response, number) => {
      await held;
      response.writeHead(200).end(`body ${number}`);
    });
    const crowd = CENTRES.flatMap((centre) => Array.from({ length: 16 }, () => ask(centre, "/pages/cold")));
    await expect.poll(() => count("/pages/cold")).toBe(1);
    release();
    const answers = await Promise.all(crowd);
    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(crowd.map(() => "200 body 1"));
    expect(count("/pages/cold")).toBe(1);
    await settled();
    for (const centre of CENTRES) expect((await ask(centre, "/pages/cold")).x).toBe("HIT-EDGE");
  });

  it("answers a data centre that never asked, says so, and is no longer fresh there than anywhere", async () => {
    numbered("/pages/kept");
    expect((await ask("fra", "/pages/kept")).x).toBe("MISS");
    await settled();
    await world.advance(40);
    const late = await ask("sin", "/pages/kept");
    expect([late.x, late.text, late.age >= 40]).toEqual(["HIT-SHIELD", "body 1", true]);
    expect(late.headers["cache-status"]).toMatch(/^edgewright-shield; hit; .*edgewright; fwd=uri-miss; stored$/);
    for (const name of ["x-edgewright-shield", "x-edgewright-shield-report"])
      expect(late.headers[name]).toBeUndefined();
    await settled();
    expect((await ask("sin", "/pages/kept")).x).toBe("HIT-EDGE");
    // 60 s from the origin's answer, not from the shield's.
    await world.advance(25);
    expect([(await ask("sin", "/pages/kept")).text, count("/pages/kept")]).toEqual(["body 2", 2]);
  });

  it("keeps a time of its own, and draws it from its jitter", async () => {
    numbered("/lasting/a");
    await ask("fra", "/lasting/a");
    await settled();
    await world.advance(100);
    // Past the edge's 60 s, inside the shield's 600 s; then the edge's own time begins again.
    expect([(await ask("fra", "/lasting/a")).x, count("/lasting/a")]).toEqual(["HIT-SHIELD", 1]);
    await world.advance(510);
    await ask("fra", "/lasting/a");
    expect(count("/lasting/a")).toBe(2);

    numbered("/jittered/a");
    await ask("fra", "/jittered/a");
    await settled();
    await world.advance(95);
    expect([(await ask("iad", "/jittered/a")).x, count("/jittered/a")]).toEqual(["HIT-SHIELD", 1]);
    await world.advance(110);
    await ask("sin", "/jittered/a");
    expect(count("/jittered/a")).toBe(2);
  });

  it("follows the origin where the policy does", async () => {
    numbered("/byorigin/fresh", { "cache-control": "no-store", "cdn-cache-control": "max-age=100", etag: '"1"' });
    await ask("fra", "/byorigin/fresh");
    await settled();
    const other = await ask("iad", "/byorigin/fresh");
    expect([other.x, other.text, other.headers["cache-control"]]).toEqual(["HIT-SHIELD", "body 1", "no-store"]);
    await settled();
    expect((await ask("iad", "/byorigin/fresh")).x).toBe("HIT-EDGE");

    for (const [path, headers] of [
      ["/byorigin/private", { "cache-control": "private, max-age=60" }],
      ["/byorigin/none", { "cache-control": "no-store" }],
      ["/byorigin/cookie", { "cache-control": "max-age=60", "set-cookie": "a=b" }],
    ] as const) {
      numbered(path, headers);
      const texts = [await ask("fra", path), await ask("iad", path), await ask("fra", path)].map(({ text }) => text);
      expect([path, ...texts]).toEqual([path, "body 1", "body 2", "body 3"]);
    }
  });

  it("confirms what an edge has with a 304, and what it has itself at the origin", async () => {
    const path = "/byorigin/tagged";
    const seen: (string | undefined)[] = [];
    world.origin.routes.set(path, (request, response) => {
      const asked = request.headers["if-none-match"];
      seen.push(asked);
      response.writeHead(asked === '"v"' ? 304 : 200, { "cache-control": "max-age=10", etag: '"v"' });
      response.end(asked === '"v"' ? undefined : "long lasting");
    });
    for (const centre of CENTRES) expect((await ask(centre, path)).text).toBe("long lasting");
    await settled();
    await world.advance(20);
    for (const centre of CENTRES) expect((await ask(centre, path)).text).toBe("long lasting");
    expect(seen).toEqual([undefined, '"v"']);
  });

  it("tells variants and keys apart", async () => {
    world.origin.routes.set("/languages/a", (request, response, number) => {
      response
        .writeHead(200, { vary: "x-kind" })
        .end(`${request.headers["x-lang"]} ${request.headers["x-kind"]} ${number}`);
    });
    const kinds = [
      { "x-lang": "de", "accept-language": "a" },
      { "x-lang": "fr", "accept-language": "a" },
    ];
    for (const kind of kinds) expect((await ask("fra", "/languages/a", kind)).text).toContain(`${kind["x-lang"]} `);
    await settled();
    for (const centre of ["iad", "sin"]) {
      for (const kind of kinds) {
        const answer = await ask(centre, "/languages/a", kind);
        expect([answer.x, answer.text.slice(0, 2)]).toEqual(["HIT-SHIELD", kind["x-lang"]]);
        await settled();
        expect((await ask(centre, "/languages/a", kind)).x).toBe("HIT-EDGE");
      }
    }
  });

  it("forgets what a write in any data centre made wrong", async () => {
    numbered("/pages/written");
    await ask("fra", "/pages/written");
    await settled();
    await ask("gru", "/pages/written", {}, { method: "PUT", body: "new" });
    const after = await ask("iad", "/pages/written");
    expect([after.x, after.text]).toEqual(["MISS", "body 3"]);
  });

  it("carries a purge to every data centre, and asks no store for each marker", async () => {
    numbered("/pages/purged", { "cache-tag": "red" });
    for (const centre of CENTRES) await ask(centre, "/pages/purged");
    await settled();
    const { visibleWithinMs, ...told } = await world.purge("fra", { tags: ["red"] });
    expect(visibleWithinMs).toBe(30_000);
    // Of the shield each object is told, and nothing of it counts as KV.
    expect(told).toMatchObject({ edge: 1, kv: 0, shield: 2 });
    // At once where it was made, and in the shield.
    expect((await ask("fra", "/pages/purged")).text).toBe("body 2");
    await settled();
    await world.advance(31);
    for (const centre of ["iad", "sin", "gru"]) {
      expect([centre, (await ask(centre, "/pages/purged")).text]).toEqual([centre, "body 2"]);
    }
    expect(count("/pages/purged")).toBe(2);
  });

  it("takes a purge from outside by its token, and from nobody else", async () => {
    numbered("/pages/outside");
    await ask("fra", "/pages/outside");
    await settled();
    const door = async (headers: Record<string, string>, body: string, method = "POST") => {
      const sent = { "content-type": "application/json", "content-length": String(body.length), ...headers };
      const reply = await ask("iad", "/.well-known/edgewright/purge", sent, { method, body });
      return [reply.status, reply.json?.code ?? reply.json?.visibleWithinMs];
    };
    const body = JSON.stringify({ urls: ["https://shop.example/pages/outside"], prefixes: [], tags: [], soft: false });
    const token = { authorization: `Bearer ${PURGE_TOKEN}` };
    expect(await door({}, body)).toEqual([401, "wrong-token"]);
    expect(await door({ authorization: `Bearer ${PURGE_TOKEN.slice(1)}0` }, body)).toEqual([401, "wrong-token"]);
    expect(await door(token, body, "PUT")).toEqual([405, "method-not-allowed"]);
    for (const wrong of [
      "[]x",
      '{"urls":["nothing"]}',
      '{"tags":[1]}',
      '{"all":true}',
      `{"tags":["${"x".repeat(70_000)}"]}`,
    ]) {
      expect(await door(token, wrong)).toEqual([400, "malformed-request"]);
    }
    expect((await ask("gru", "/pages/outside")).x).toBe("HIT-SHIELD");
    expect(await door(token, body)).toEqual([200, 30_000]);
    expect((await ask("sin", "/pages/outside")).text).toBe("body 2");
  });

  it("keeps a long body in its storage, whole and in ranges, and coded bytes as they are", async () => {
    const long = randomBytes(3 * 1024 * 1024 + 17);
    world.origin.routes.set("/pages/long", (_request, response) => {
      response.writeHead(200, { "content-length": long.length }).end(long);
    });
    expect((await ask("fra", "/pages/long")).body.equals(long)).toBe(true);
    await expect.poll(async () => (await ask("iad", "/pages/long")).x).toBe("HIT-SHIELD");
    expect((await ask("sin", "/pages/long")).body.equals(long)).toBe(true);
    expect(count("/pages/long")).toBeLessThanOrEqual(2);
    const before = count("/pages/long");
    const part = await ask("gru", "/pages/long", { range: "bytes=1048570-1048590" });
    expect([part.status, part.body.equals(long.subarray(1048570, 1048591))]).toEqual([206, true]);
    expect(count("/pages/long")).toBe(before);

    const coded = gzipSync(randomBytes(50_000));
    world.origin.routes.set("/pages/coded", (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": coded.length }).end(coded);
    });
    await ask("fra", "/pages/coded", { "accept-encoding": "gzip" });
    await settled();
    const again = await ask("iad", "/pages/coded", { "accept-encoding": "gzip" });
    expect([again.x, again.headers["content-encoding"], again.body.equals(coded)]).toEqual([
      "HIT-SHIELD",
      "gzip",
      true,
    ]);
  });

  it("passes a failure of the origin on once, and serves stale where the policy says so", async () => {
    world.origin.routes.set("/pages/broken", (request) => void request.socket.destroy());
    expect([(await ask("fra", "/pages/broken")).status, count("/pages/broken")]).toEqual([502, 1]);

    numbered("/tolerant/a");
    await ask("fra", "/tolerant/a");
    await settled();
    world.origin.routes.set("/tolerant/a", (_request, response) => response.writeHead(503).end("down"));
    await world.advance(100);
    // This one has it itself, that one has it from the shield.
    for (const centre of ["fra", "iad"]) expect((await ask(centre, "/tolerant/a")).text).toBe("body 1");
  });

  it("serves stale everywhere while one request revalidates", async () => {
    numbered("/revalidating/a");
    for (const centre of CENTRES) await ask(centre, "/revalidating/a");
    await settled();
    await world.advance(100);
    for (const centre of CENTRES) expect((await ask(centre, "/revalidating/a")).text).toBe("body 1");
    await expect.poll(() => count("/revalidating/a")).toBe(2);
    await settled();
    await expect.poll(async () => (await ask("sin", "/revalidating/a")).text).toBe("body 2");
    expect(count("/revalidating/a")).toBe(2);
  });

  it("never takes a body that broke off for a whole one", async () => {
    for (const [path, headers] of [
      ["/pages/half-sized", { "content-length": "1000" }],
      ["/pages/half-chunked", {}],
    ] as const) {
      world.origin.routes.set(path, (_request, response) => {
        response.writeHead(200, headers);
        response.write("half");
        setTimeout(() => response.destroy(), 50);
      });
      await ask("fra", path).catch(() => {});
      await settled();
      const before = count(path);
      await ask("iad", path).catch(() => {});
      await ask("fra", path).catch(() => {});
      expect([path, count(path)]).toEqual([path, before + 2]);
    }
  });

  it("believes no origin that speaks for it", async () => {
    const told = `1 ${Date.now()} ${Date.now()} 0 ${Date.now() + 10 ** 9}`;
    numbered("/byorigin/liar", {
      "cache-control": "no-store",
      "x-edgewright-shield-report": told,
      "x-edgewright-shield": "failed",
    });
    const answers = [await ask("fra", "/byorigin/liar"), await ask("iad", "/byorigin/liar")];
    expect(answers.map(({ status, text, x }) => [status, text, x])).toEqual([
      [200, "body 1", "BYPASS"],
      [200, "body 2", "BYPASS"],
    ]);
  });

  it("is done without where it is not there", async () => {
    numbered("/pages/alone");
    expect([(await ask("lone", "/pages/alone")).x, (await ask("lone", "/pages/alone")).text]).toEqual([
      "MISS",
      "body 1",
    ]);
  });
});
