import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { type System, sleep, start } from "./fixtures/system";

const tiers = { memory: {}, edge: {}, kv: null };
const policies: Record<string, CacheSpec> = {
  page: { name: "page", mode: "override", edge_ttl_s: 60, tiers },
  proxy: { name: "proxy", mode: "origin", tiers },
  kv: {
    name: "kv",
    mode: "override",
    edge_ttl_s: 60,
    tiers: { memory: null, edge: null, kv: { binding: "KV", ttl_s: 60 } },
  },
  plan: { name: "plan", mode: "override", edge_ttl_s: 60, tiers, key: { query: "include", query_names: ["id"] } },
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, string | string[] | undefined>;
}

describe("attacks on the cache, over HTTP on workerd", () => {
  let system: System;

  beforeAll(async () => {
    system = await start(policies);
  });
  afterAll(async () => {
    await system.stop();
  });

  /** The path goes out as it is written here: fetch would normalise it. */
  function get(
    path: string,
    headers: Record<string, string> = {},
    policy = "page",
    method = "GET",
    body?: string,
  ): Promise<Answer> {
    const { hostname, port } = new URL(system.url);
    return new Promise((resolve, reject) => {
      const options = {
        hostname,
        port,
        path,
        method,
        headers: { "x-policy": policy, host: "shop.example", ...headers },
      };
      const outgoing = httpRequest(options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(parts).toString("latin1"),
            headers: response.headers,
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  const hit = (answer: Answer) => String(answer.headers["x-cache"]).startsWith("HIT");

  it("case 8: an unkeyed header shapes nothing that a second client gets", async () => {
    system.origin.routes.set("/links", (request, response) => {
      const host = request.headers["x-forwarded-host"] ?? request.headers["x-host"] ?? "shop";
      response.writeHead(200, { "cache-control": "max-age=60" }).end(`<script src=//${host}/x.js>`);
    });
    for (const policy of ["page", "proxy"]) {
      for (const name of ["X-Forwarded-Host", "X-Host"]) {
        expect((await get("/links", { [name]: "evil.example" }, policy)).text).not.toContain("evil");
      }
      const clean = await get("/links", {}, policy);
      expect(clean.text).toContain("//shop/");
      expect(hit(clean)).toBe(true);
    }
  });

  it("case 8: an unkeyed cookie shapes nothing either", async () => {
    system.origin.routes.set("/greeting", (request, response) => {
      response.writeHead(200).end(`hello ${request.headers.cookie ?? "stranger"}`);
    });
    await get("/greeting", { cookie: "name=mallory" });
    expect((await get("/greeting")).text).toBe("hello stranger");
  });

  it("case 9: a path dressed as a file is the same path for the cache, and what is private is not stored", async () => {
    system.origin.routes.set("/account", (request, response) => {
      response
        .writeHead(200, { "cache-control": "private, max-age=60" })
        .end(`account of ${request.headers.cookie ?? "none"}`);
    });
    const seen: string[] = [];
    for (const path of ["/account", "/x/../account", "/x/%2e%2e/account", "/%61ccount"]) {
      const answer = await get(path, { cookie: `sid=${path}` }, "proxy");
      seen.push(answer.text);
      expect([path, answer.status, hit(answer)]).toEqual([path, 200, false]);
    }
    expect(new Set(seen).size).toBe(4);
    for (const path of ["/account%2Fx.css", "/account%00.css", "/account;.css"]) {
      expect([path, (await get(path, {}, "proxy")).status]).toEqual([path, 404]);
    }
  });

  it.each([
    ["private", { "cache-control": "private" }, {}],
    ["Set-Cookie", { "cache-control": "max-age=60", "set-cookie": "sid=secret" }, {}],
    ["a request with Authorization", { "cache-control": "max-age=60" }, { authorization: "Bearer x" }],
  ])("case 10: %s is not stored", async (name, answered, asked) => {
    const path = `/private-${name.length}`;
    system.origin.routes.set(path, (_request, response, count) => {
      response.writeHead(200, answered).end(`secret ${count}`);
    });
    for (const policy of ["page", "proxy", "kv"]) {
      const first = await get(path, asked as Record<string, string>, policy);
      await sleep(20);
      const second = await get(path, {}, policy);
      expect(second.text).not.toBe(first.text);
      if (!("set-cookie" in answered)) expect(second.headers["set-cookie"]).toBeUndefined();
    }
  });

  it("case 11: a GET's body reaches nobody; parameters are keyed as they are parsed", async () => {
    system.origin.routes.set("/echo", (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        response.writeHead(200, { "cache-control": "max-age=60" }).end(`${request.url} [${Buffer.concat(parts)}]`);
      });
    });
    expect((await get("/echo", { "content-length": "4" }, "page", "GET", "evil")).text).toBe("/echo []");
    // Cloaking: an origin that splits at `;` must not be given more than the key holds.
    expect((await get("/echo?id=1&utm=x;id=2", {}, "plan")).text).toBe("/echo?id=1 []");
    expect((await get("/echo?id=1", {}, "plan")).text).toBe("/echo?id=1 []");
    expect((await get("/echo?id=1;x=2", {}, "plan")).text).toBe("/echo?id=1;x=2 []");
    expect((await get("/echo?id=1&id=2", {}, "plan")).text).toBe("/echo?id=1&id=2 []");
    expect((await get("/echo?id=2&id=1", {}, "plan")).text).toBe("/echo?id=2&id=1 []");
  });

  it("case 12: an error that a header caused is not what others get", async () => {
    system.origin.routes.set("/strict", (request, response) => {
      const bad = request.headers["x-oversized"] !== undefined;
      response.writeHead(bad ? 400 : 200, { "cache-control": "max-age=60" }).end(bad ? "bad request" : "fine");
    });
    for (const policy of ["page", "proxy", "kv"]) {
      expect((await get("/strict", { "x-oversized": "x".repeat(9000) }, policy)).status).toBe(400);
      expect((await get("/strict", {}, policy)).text).toBe("fine");
    }
    // With a small header of another kind the policy's error TTL (0) is what protects.
    system.origin.routes.set("/meta", (request, response) => {
      response.writeHead(request.headers["x-meta"] ? 404 : 200).end(request.headers["x-meta"] ? "error" : "fine");
    });
    await get("/meta", { "x-meta": "1" });
    expect((await get("/meta")).text).toBe("fine");
  });

  it("case 13: Vary: * and Vary on what each client has its own of are not stored, with a warning", async () => {
    for (const [path, vary] of [
      ["/star", "accept, *"],
      ["/agent", "User-Agent"],
    ] as const) {
      system.origin.routes.set(path, (_request, response, count) => {
        response.writeHead(200, { vary, "cache-control": "max-age=60" }).end(String(count));
      });
      await get(path);
      expect((await get(path)).text).toBe("2");
    }
    const stats = JSON.parse((await get("/.stats")).text) as { warnings: string[] };
    expect(stats.warnings.join("\n")).toMatch(/Vary: \*[\s\S]*user-agent/);
  });

  // Which status a refusal has is the entrance's business (400); workerd alone says 500.
  it("case 14: CRLF in a value and conflicting lengths are refused before the cache", async () => {
    const { hostname, port } = new URL(system.url);
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.write(text));
        let got = "";
        socket.on("data", (part) => {
          got += part;
        });
        socket.on("close", () => resolve(got));
        socket.on("error", () => {});
        socket.setTimeout(15_000, () => socket.destroy());
      });
    const head = "GET /links HTTP/1.1\r\nHost: shop.example\r\nX-Policy: page\r\nConnection: close\r\n";
    expect(await raw(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`)).toMatch(/^HTTP\/1\.1 [45]\d\d/);
    expect(await raw(`${head}X-A: 1\rX-Forwarded-Host: evil.example\r\n\r\n`)).not.toContain("evil");
    expect((await get("/links")).text).not.toContain("evil");
  });

  it("an origin's CRLF cannot split a stored response", async () => {
    system.origin.routes.set("/split", (_request, response) => {
      response.socket?.end(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nX-A: 1\rSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok",
      );
    });
    await get("/split", {}, "proxy");
    // workerd takes the bare CR for a line's end: then it is a cookie, and such a response is not stored.
    expect(hit(await get("/split", {}, "proxy"))).toBe(false);
  });
});

describe("the tiers on workerd", () => {
  let system: System;

  beforeAll(async () => {
    system = await start({
      edge: { name: "edge", mode: "origin", tiers: { memory: null, edge: {}, kv: null } },
      kv: policies.kv as CacheSpec,
      all: {
        name: "all",
        mode: "override",
        edge_ttl_s: 60,
        tags: ["shop"],
        tiers: { memory: {}, edge: {}, kv: { binding: "KV", ttl_s: 60 } },
      },
      sie: { name: "sie", mode: "origin", tiers },
    });
  });
  afterAll(async () => {
    await system.stop();
  });

  const get = async (path: string, policy: string, headers: Record<string, string> = {}) => {
    const response = await fetch(system.url + path, { headers: { "x-policy": policy, ...headers } });
    return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
  };

  it("keep encoded bytes as the origin sent them, by encoding asked for", async () => {
    const { gzipSync, gunzipSync } = await import("node:zlib");
    const packed = gzipSync("hello ".repeat(100));
    system.origin.routes.set("/gz", (request, response) => {
      const wants = request.headers["accept-encoding"]?.includes("gzip") ?? false;
      response.writeHead(200, {
        "cache-control": "max-age=60",
        vary: "accept-encoding",
        ...(wants ? { "content-encoding": "gzip" } : {}),
      });
      response.end(wants ? packed : "hello");
    });
    for (const policy of ["edge", "kv", "all"]) {
      for (let round = 0; round < 2; round++) {
        const raw = await rawGet("/gz", policy, "gzip");
        expect([policy, round, gunzipSync(raw.body).toString().length]).toEqual([policy, round, 600]);
        expect(raw.body.equals(packed)).toBe(true);
        expect((await rawGet("/gz", policy, "identity")).body.toString()).toBe("hello");
      }
      expect(String((await rawGet("/gz", policy, "gzip")).headers["x-cache"])).toMatch(/^HIT/);
    }
    const part = await rawGet("/gz", "all", "gzip", { range: "bytes=2-5" });
    expect(part.body.equals(packed.subarray(2, 6))).toBe(true);
  });

  function rawGet(path: string, policy: string, encoding: string, more: Record<string, string> = {}) {
    const { hostname, port } = new URL(system.url);
    const headers = { "x-policy": policy, "accept-encoding": encoding, ...more };
    return new Promise<{ body: Buffer; headers: Record<string, unknown> }>((resolve, reject) => {
      httpRequest({ hostname, port, path, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => resolve({ body: Buffer.concat(parts), headers: response.headers }));
      })
        .on("error", reject)
        .end();
    });
  }

  it.each(["edge", "kv", "all"])("hold and revalidate, with Vary and odd keys (%s)", async (policy) => {
    const path = `/odd-${policy}/%E2%82%AC;a%2Fb`;
    system.origin.routes.set(path, (request, response, count) => {
      response
        .writeHead(200, { "cache-control": "max-age=60", vary: "x-a", etag: '"1"' })
        .end(`${request.headers["x-a"]} ${count}`);
    });
    const url = `${path}?b=1&a=${"2".repeat(600)}`;
    const text = async (a: string) => new TextDecoder().decode((await get(url, policy, { "x-a": a })).bytes);
    for (let round = 0; round < 2; round++) expect([await text("1"), await text("2|x=")]).toEqual(["1 1", "2|x= 2"]);
    expect(system.origin.count(path)).toBe(2);
  });

  it("purge through every tier", async () => {
    system.origin.routes.set("/tagged", (_request, response, count) => {
      response.writeHead(200).end(`body ${count}`);
    });
    const text = async () => new TextDecoder().decode((await get("/tagged", "all")).bytes);
    expect([await text(), await text()]).toEqual(["body 1", "body 1"]);
    await sleep(20);
    const purged = await fetch(`${system.url}/.purge`, { method: "POST", body: JSON.stringify({ tags: ["shop"] }) });
    expect(await purged.json()).toMatchObject({ edge: 1, kv: 1 });
    await sleep(20);
    expect(await text()).toBe("body 2");
  });

  it("stale-if-error serves when the origin breaks off in mid-body", async () => {
    let breakOff = () => {};
    system.origin.routes.set("/breaks", (_request, response, count) => {
      const headers = { "cache-control": "max-age=60, stale-if-error=600", "content-length": "1000" };
      response.writeHead(200, headers);
      if (count === 1) response.end("x".repeat(1000));
      else {
        response.write("x".repeat(10));
        breakOff = () => void response.destroy();
      }
    });
    await get("/breaks", "sie");
    await system.advance(61);
    const asked = Promise.all(Array.from({ length: 8 }, () => get("/breaks", "sie")));
    await system.underWay(8);
    await expect.poll(() => system.origin.count("/breaks")).toBe(2);
    breakOff();
    const answers = await asked;
    for (const answer of answers) expect([answer.status, answer.bytes.length]).toEqual([200, 1000]);
    expect(system.origin.count("/breaks")).toBe(2);
  });

  it("a break in mid-body without anything stale stores nothing", async () => {
    system.origin.routes.set("/cut", (_request, response, count) => {
      response.writeHead(200, { "cache-control": "max-age=60", "content-length": "10" });
      if (count > 1) response.end("0123456789");
      else {
        response.write("01234");
        setTimeout(() => response.destroy(), 30);
      }
    });
    await get("/cut", "edge").catch(() => undefined);
    const again = await get("/cut", "edge");
    expect([again.bytes.length, system.origin.count("/cut")]).toEqual([10, 2]);
  });
});
