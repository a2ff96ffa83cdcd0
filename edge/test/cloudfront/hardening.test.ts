// Requests that try to get something into the cache, or out of it, that does not belong there.

import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import {
  behavior,
  cachePolicy,
  customOrigin,
  deployment,
  distribution,
  edge,
  origin,
  originRequestPolicy,
  simple,
} from "./support.js";

const echo = () =>
  origin((request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "max-age=60" });
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });

describe("the cache stays clean", () => {
  it("of headers that are not in the key: they do not reach the origin", async () => {
    const from = await echo();
    const site = await edge(simple(from.port));
    const evil = {
      "X-Forwarded-Host": "evil.example",
      "X-Original-URL": "/admin",
      Forwarded: "host=evil.example",
      "X-HTTP-Method-Override": "DELETE",
    };
    const poisoned = await site.get("/a", { headers: evil });
    expect(poisoned.body).not.toContain("evil.example");
    expect(Object.keys(from.seen[0]?.headers ?? {}).sort()).toEqual([
      "connection",
      "host",
      "user-agent",
      "via",
      "x-amz-cf-id",
      "x-forwarded-for",
    ]);
  });

  it("of parameters that hide in others", async () => {
    const from = await echo();
    const site = await edge(simple(from.port, { queries: ["q"] }));
    await site.get("/a?q=1");
    for (const query of ["q=1;q=2", "q=1&q=2", "%71=2", "Q=1"]) {
      expect([query, (await site.get(`/a?${query}`)).headers["x-cache"]]).toEqual([query, "Miss from cloudfront"]);
    }
  });

  it("of values that imitate the key's own form", async () => {
    const from = await echo();
    const site = await edge(simple(from.port, { headers: ["X-A", "X-B"], cookies: ["c"] }));
    await site.get("/a", { headers: { "X-A": '1","2', "X-B": "3" } });
    for (const headers of [
      { "X-A": "1", "X-B": '2","3' },
      { "X-A": '1","2,3' },
      { "X-B": "3" },
      { "X-A": "", "X-B": "3" },
    ]) {
      expect((await site.get("/a", { headers })).headers["x-cache"]).toBe("Miss from cloudfront");
    }
  });

  it("of names that mean something to JavaScript", async () => {
    const from = await echo();
    const site = await edge(simple(from.port, { headers: ["__proto__", "constructor"], queries: "all" }));
    const answer = await site.get("/a?__proto__=1&constructor=2", { headers: { constructor: "x", __proto__x: "y" } });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body).headers.constructor).toBe("x");
    expect((await site.get("/a?__proto__=1&constructor=2")).headers["x-cache"]).toBe("Miss from cloudfront");
  });

  it("of cookies where none are forwarded", async () => {
    const from = await origin((_request, response) =>
      response.writeHead(200, { "Set-Cookie": "session=1", "Cache-Control": "max-age=60" }).end("x"),
    );
    const site = await edge(simple(from.port));
    expect((await site.get("/a")).headers["set-cookie"]).toBeUndefined();
    expect((await site.get("/a")).headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("of the wrong behavior's objects, by dot segments", async () => {
    const from = await echo();
    const closed = behavior({
      path_pattern: "/admin/*",
      allowed_methods: ["GET", "HEAD"],
      trusted_key_groups: ["keys"],
    });
    const site = await edge(
      deployment({
        key_groups: [{ id: "keys", name: "keys", items: [] }],
        distributions: [distribution([customOrigin(from.port)], { ordered_cache_behaviors: [closed] })],
      }),
    );
    for (const path of ["/admin/x", "/public/../admin/x", "/public/%2e%2e/admin/x", "/%61dmin/x", "/./admin/x"]) {
      expect([path, (await raw(site.url, path)).status]).toEqual([path, 403]);
    }
    expect((await raw(site.url, "/public/x")).status).toBe(200);
  });

  it("of what a viewer says about itself", async () => {
    const from = await echo();
    const site = await edge(
      deployment({
        cache_policies: [cachePolicy()],
        origin_request_policies: [
          originRequestPolicy({ headers_config: { header_behavior: "allViewer", headers: null } }),
        ],
        distributions: [
          distribution([customOrigin(from.port)], {
            default_cache_behavior: behavior({ origin_request_policy_id: "forward" }),
          }),
        ],
      }),
      {},
      { country: "DE" },
    );
    const spoofed = {
      "CloudFront-Viewer-Country": "US",
      "X-Amz-Cf-Id": "mine",
      Via: "1.0 me",
      "X-Local-Country": "US",
      "X-Forwarded-For": "198.51.100.9",
      "X-Kept": "1",
    };
    const { headers } = JSON.parse((await site.get("/a", { headers: spoofed })).body);
    expect(headers["cloudfront-viewer-country"]).toBeUndefined();
    expect(headers["x-local-country"]).toBeUndefined();
    expect(headers["x-amz-cf-id"]).not.toBe("mine");
    expect(headers.via).not.toContain("1.0 me");
    expect([headers["x-forwarded-for"], headers["x-kept"]]).toEqual(["198.51.100.9,203.0.113.178", "1"]);
  });
});

describe("parts and heads", () => {
  it("a range of an object that is not there yet is asked for as such, and served", async () => {
    const from = await origin((request, response) => {
      const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      const body = "0123456789";
      if (start === undefined) response.writeHead(200, { "Content-Length": "10", ETag: '"r"' }).end(body);
      else
        response
          .writeHead(206, {
            "Content-Range": `bytes ${start}-${end}/10`,
            ETag: '"r"',
            "Content-Length": String(Number(end) - Number(start) + 1),
          })
          .end(body.slice(Number(start), Number(end) + 1));
    });
    const site = await edge(simple(from.port));
    for (const result of ["Miss", "Hit"]) {
      const part = await site.get("/a", { headers: { Range: "bytes=2-4" } });
      expect([part.status, part.body, part.headers["content-range"], part.headers["x-cache"]]).toEqual([
        206,
        "234",
        "bytes 2-4/10",
        `${result} from cloudfront`,
      ]);
    }
    expect((await site.get("/a")).body).toBe("0123456789");
  });

  it("a HEAD of what is not there yet is passed on, and does not become the object", async () => {
    const from = await origin((request, response) =>
      response
        .writeHead(200, { "Content-Length": "4", "Cache-Control": "max-age=60" })
        .end(request.method === "HEAD" ? undefined : "body"),
    );
    const site = await edge(simple(from.port));
    const head = await site.get("/a", { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "4", ""]);
    expect((await site.get("/a")).body).toBe("body");
  });

  it("an object over the limit of the cache is passed on whole", async () => {
    const size = 3 * 1024 * 1024;
    const from = await origin((_request, response) =>
      response.writeHead(200, { "Content-Length": String(size) }).end("x".repeat(size)),
    );
    const site = await edge(simple(from.port), { cacheBytes: 1024 * 1024 });
    for (let round = 0; round < 2; round++) expect((await site.get("/big")).body.length).toBe(size);
    expect(site.cloudfront.stats().distributions[0]?.cacheBytes).toBeLessThan(1024 * 1024);
  });

  it("redirects of the origin are kept and passed on", async () => {
    const from = await origin((_request, response) =>
      response.writeHead(302, { Location: "/b", "Cache-Control": "max-age=60" }).end(),
    );
    const site = await edge(simple(from.port));
    for (const result of ["Miss", "Hit"]) {
      const moved = await site.get("/a");
      expect([moved.status, moved.headers.location, moved.headers["x-cache"]]).toEqual([
        302,
        "/b",
        `${result} from cloudfront`,
      ]);
    }
  });
});

/** A request whose path goes out as it is written. */
function raw(url: string, path: string): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => resolve({ status: Number(text.split(" ")[1]) }));
    socket.on("error", reject);
  });
}
