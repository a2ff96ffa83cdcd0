import { describe, expect, it } from "vitest";
import {
  behavior,
  cachePolicy,
  clock,
  customOrigin,
  deployment,
  distribution,
  edge,
  origin,
  originRequestPolicy,
  simple,
} from "./support.js";

const echo = (headers: Record<string, string> = {}) =>
  origin((request, response) => {
    response.writeHead(200, { "Content-Type": "text/plain", ...headers });
    response.end(`${request.method} ${request.url}`);
  });

describe("hits and misses", () => {
  it("says what happened in X-Cache, Age, Via, X-Amz-Cf-Pop and X-Amz-Cf-Id", async () => {
    const time = clock();
    const from = await echo({ "Cache-Control": "max-age=30" });
    const site = await edge(simple(from.port), { now: time.now }, { colo: "fra" });
    const miss = await site.get("/a");
    expect(miss.status).toBe(200);
    expect(miss.headers["x-cache"]).toBe("Miss from cloudfront");
    expect(miss.headers.age).toBeUndefined();
    expect(miss.headers.via).toMatch(/^1\.1 [0-9a-f]{32}\.cloudfront\.net \(CloudFront\)$/);
    expect(miss.headers["x-amz-cf-pop"]).toBe("FRA50-C1");
    expect(miss.headers["x-amz-cf-id"]).toMatch(/^[\w-]{54,56}==$/);
    time.advance(7);
    const hit = await site.get("/a");
    expect(hit.headers["x-cache"]).toBe("Hit from cloudfront");
    expect(hit.headers.age).toBe("7");
    expect(hit.body).toBe("GET /a");
    expect(hit.headers["cache-control"]).toBe("max-age=30");
    expect(hit.headers["x-amz-cf-id"]).not.toBe(miss.headers["x-amz-cf-id"]);
    expect(from.seen).toHaveLength(1);
  });

  it("shows nothing of its own machinery", async () => {
    const from = await echo();
    const site = await edge(simple(from.port));
    for (const answer of [await site.get("/"), await site.get("/")]) {
      expect(
        Object.keys(answer.headers).filter((name) => /edgewright|cache-status|cloudfront-cache/.test(name)),
      ).toEqual([]);
    }
  });

  it("revalidates with the origin's ETag and reports RefreshHit", async () => {
    const time = clock();
    const from = await origin((request, response) => {
      if (request.headers["if-none-match"] === '"1"') response.writeHead(304, { ETag: '"1"', "X-Round": "2" }).end();
      else
        response
          .writeHead(200, { ETag: '"1"', "Cache-Control": "max-age=5", "X-Round": "1", "Content-Type": "text/plain" })
          .end("same");
    });
    const site = await edge(simple(from.port), { now: time.now });
    await site.get("/a");
    time.advance(6);
    const refreshed = await site.get("/a");
    expect(refreshed.headers["x-cache"]).toBe("RefreshHit from cloudfront");
    expect(refreshed.body).toBe("same");
    expect(refreshed.headers["x-round"]).toBe("2");
    expect(refreshed.headers["content-type"]).toBe("text/plain");
    expect((await site.get("/a")).headers["x-cache"]).toBe("Hit from cloudfront");
    expect(from.seen).toHaveLength(2);
  });

  it("keeps what a 304 confirms for as long as the 304 says", async () => {
    const time = clock();
    const from = await origin((request, response) => {
      const known = request.headers["if-none-match"] !== undefined;
      const headers = { ETag: '"1"', "Cache-Control": `max-age=${known ? 30 : 5}` };
      if (known) response.writeHead(304, headers).end();
      else response.writeHead(200, headers).end("same");
    });
    const site = await edge(simple(from.port), { now: time.now });
    await site.get("/a");
    time.advance(6);
    expect((await site.get("/a")).headers["x-cache"]).toBe("RefreshHit from cloudfront");
    time.advance(20);
    const kept = await site.get("/a");
    expect([kept.headers["x-cache"], kept.headers.age, kept.body]).toEqual(["Hit from cloudfront", "20", "same"]);
    time.advance(11);
    expect((await site.get("/a")).headers["x-cache"]).toBe("RefreshHit from cloudfront");
    expect(from.seen).toHaveLength(3);
  });

  it("answers conditional and range requests from the cache", async () => {
    const from = await origin((_request, response) => {
      response.writeHead(200, { ETag: '"x"', "Content-Length": "10", "Content-Type": "text/plain" }).end("0123456789");
    });
    const site = await edge(simple(from.port));
    await site.get("/a");
    const same = await site.get("/a", { headers: { "If-None-Match": '"x"' } });
    expect(same.status).toBe(304);
    expect(same.headers["x-cache"]).toBe("Hit from cloudfront");
    const part = await site.get("/a", { headers: { Range: "bytes=2-4" } });
    expect(part.status).toBe(206);
    expect(part.body).toBe("234");
    expect(part.headers["content-range"]).toBe("bytes 2-4/10");
    const head = await site.get("/a", { method: "HEAD" });
    expect(head.headers["content-length"]).toBe("10");
    expect(head.headers["x-cache"]).toBe("Hit from cloudfront");
    expect(from.seen).toHaveLength(1);
  });

  it("makes one origin request of 64 at once on a cold key", async () => {
    const from = await origin((_request, response) => {
      setTimeout(() => response.writeHead(200, { "Cache-Control": "max-age=60" }).end("once"), 150);
    });
    const site = await edge(simple(from.port));
    const answers = await Promise.all(Array.from({ length: 64 }, () => site.get("/cold")));
    expect(new Set(answers.map((answer) => answer.body))).toEqual(new Set(["once"]));
    expect(from.seen).toHaveLength(1);
  });

  it("ignores Cache-Control of the viewer", async () => {
    const from = await echo();
    const site = await edge(simple(from.port));
    await site.get("/a");
    const forced = await site.get("/a", { headers: { "Cache-Control": "no-cache", Pragma: "no-cache" } });
    expect(forced.headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("sends what is not cached to the origin each time, bodies included", async () => {
    const from = await origin((request, response, body) => response.end(`${request.method} ${body}`));
    const site = await edge(simple(from.port));
    for (const round of ["1", "2"]) {
      const answer = await site.get("/form", {
        method: "POST",
        body: `round=${round}`,
        headers: { "Content-Type": "text/plain" },
      });
      expect(answer.body).toBe(`POST round=${round}`);
      expect(answer.headers["x-cache"]).toBe("Miss from cloudfront");
    }
    expect(from.seen.map((each) => each.headers["content-type"])).toEqual(["text/plain", "text/plain"]);
  });

  it("caches OPTIONS only where the behavior says so, apart from GET", async () => {
    const from = await echo();
    const plain = await edge(simple(from.port));
    for (let round = 0; round < 2; round++)
      expect((await plain.get("/a", { method: "OPTIONS" })).headers["x-cache"]).toBe("Miss from cloudfront");
    const cached = behavior({ cached_methods: ["GET", "HEAD", "OPTIONS"] });
    const site = await edge(simple(from.port, {}, { default_cache_behavior: cached }));
    await site.get("/a");
    expect((await site.get("/a", { method: "OPTIONS" })).body).toBe("OPTIONS /a");
    const hit = await site.get("/a", { method: "OPTIONS" });
    expect([hit.headers["x-cache"], hit.body]).toEqual(["Hit from cloudfront", "OPTIONS /a"]);
  });
});

describe("the cache key", () => {
  it("leaves out what the policy does not name", async () => {
    const from = await echo();
    const site = await edge(simple(from.port));
    await site.get("/a?x=1", { headers: { Cookie: "a=1", "Accept-Language": "de" } });
    const other = await site.get("/a?x=2", { headers: { Cookie: "a=2", "Accept-Language": "en" } });
    expect(other.headers["x-cache"]).toBe("Hit from cloudfront");
    expect(from.seen[0]?.url).toBe("/a");
    expect(from.seen[0]?.headers.cookie).toBeUndefined();
    expect(from.seen[0]?.headers["accept-language"]).toBeUndefined();
  });

  it("tells objects apart by what the policy names, and forwards just that", async () => {
    const from = await echo();
    const site = await edge(simple(from.port, { queries: ["q"], headers: ["Accept-Language"], cookies: ["tier"] }));
    const first = { headers: { "Accept-Language": "de", Cookie: "tier=gold; id=7" } };
    await site.get("/a?q=1&utm=x", first);
    expect((await site.get("/a?utm=y&q=1", first)).headers["x-cache"]).toBe("Hit from cloudfront");
    expect((await site.get("/a?q=2", first)).headers["x-cache"]).toBe("Miss from cloudfront");
    expect(
      (await site.get("/a?q=1", { headers: { ...first.headers, "Accept-Language": "en" } })).headers["x-cache"],
    ).toBe("Miss from cloudfront");
    expect(
      (await site.get("/a?q=1", { headers: { ...first.headers, Cookie: "tier=silver" } })).headers["x-cache"],
    ).toBe("Miss from cloudfront");
    expect(from.seen[0]?.url).toBe("/a?q=1");
    expect(from.seen[0]?.headers.cookie).toBe("tier=gold");
  });

  it("takes all query strings but those named", async () => {
    const from = await echo();
    const site = await edge(simple(from.port, { queriesExcept: ["utm"] }));
    await site.get("/a?q=1&utm=x");
    expect((await site.get("/a?q=1&utm=y")).headers["x-cache"]).toBe("Hit from cloudfront");
    expect((await site.get("/a?q=2&utm=x")).headers["x-cache"]).toBe("Miss from cloudfront");
  });

  it("forwards more than it keys by, with an origin request policy", async () => {
    const from = await echo();
    const site = await edge(
      deployment({
        cache_policies: [cachePolicy()],
        origin_request_policies: [
          originRequestPolicy({
            headers_config: { header_behavior: "whitelist", headers: { items: ["X-Trace", "User-Agent"] } },
            query_strings_config: { query_string_behavior: "all", query_strings: null },
            cookies_config: { cookie_behavior: "all", cookies: null },
          }),
        ],
        distributions: [
          distribution([customOrigin(from.port)], {
            default_cache_behavior: behavior({ origin_request_policy_id: "forward" }),
          }),
        ],
      }),
    );
    await site.get("/a?x=1", { headers: { "X-Trace": "t", "User-Agent": "curl", Cookie: "a=1", "X-Other": "o" } });
    const { headers, url } = from.seen[0] as (typeof from.seen)[0];
    expect([url, headers["x-trace"], headers["user-agent"], headers.cookie, headers["x-other"]]).toEqual([
      "/a?x=1",
      "t",
      "curl",
      "a=1",
      undefined,
    ]);
    expect((await site.get("/a?x=2", { headers: { Cookie: "a=2" } })).headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("sends the origin its own Host, X-Forwarded-For, Via and CloudFront's User-Agent", async () => {
    const from = await echo();
    const site = await edge(simple(from.port));
    await site.get("/a", { headers: { "User-Agent": "curl/8", "X-Forwarded-For": "198.51.100.1" } });
    const { headers } = from.seen[0] as (typeof from.seen)[0];
    expect(headers.host).toBe(`localhost:${from.port}`);
    expect(headers["user-agent"]).toBe("Amazon CloudFront");
    expect(headers["x-forwarded-for"]).toBe("198.51.100.1,203.0.113.178");
    expect(headers.via).toMatch(/cloudfront\.net \(CloudFront\)$/);
    expect(headers["x-amz-cf-id"]).toMatch(/==$/);
  });

  it("keys by the normalised Accept-Encoding", async () => {
    const from = await echo();
    const site = await edge(simple(from.port, { gzip: true, brotli: true }));
    await site.get("/a", { headers: { "Accept-Encoding": "gzip, deflate, br;q=0.9, zstd" } });
    expect(from.seen[0]?.headers["accept-encoding"]).toBe("br,gzip");
    expect((await site.get("/a", { headers: { "Accept-Encoding": "br, gzip" } })).headers["x-cache"]).toBe(
      "Hit from cloudfront",
    );
    expect((await site.get("/a", { headers: { "Accept-Encoding": "gzip" } })).headers["x-cache"]).toBe(
      "Miss from cloudfront",
    );
    expect((await site.get("/a", { headers: { "Accept-Encoding": "deflate" } })).headers["x-cache"]).toBe(
      "Miss from cloudfront",
    );
    expect(from.seen[2]?.headers["accept-encoding"]).toBe("identity");
  });

  it("adds CloudFront's own headers only where policies ask", async () => {
    const from = await echo();
    const headers = ["CloudFront-Viewer-Country", "CloudFront-Is-Mobile-Viewer"];
    const german = await edge(simple(from.port, { headers }), {}, { country: "DE" });
    const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148";
    await german.get("/a", { headers: { "User-Agent": phone, "CloudFront-Viewer-Country": "US" } });
    expect(from.seen[0]?.headers["cloudfront-viewer-country"]).toBe("DE");
    expect(from.seen[0]?.headers["cloudfront-is-mobile-viewer"]).toBe("true");
    expect(
      (await german.get("/a", { headers: { "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)" } })).headers["x-cache"],
    ).toBe("Miss from cloudfront");
    const told = { headers: ["CloudFront-Viewer-TLS", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Address"] };
    for (const [protocol, cipher] of [
      ["https", "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake"],
      ["http", undefined],
    ] as const) {
      await (await edge(simple(from.port, told), {}, { protocol })).get(`/${protocol}`);
      expect(from.seen.at(-1)?.headers).toMatchObject({
        "cloudfront-forwarded-proto": protocol,
        "cloudfront-viewer-address": "203.0.113.178:46532",
      });
      expect(from.seen.at(-1)?.headers["cloudfront-viewer-tls"]).toBe(cipher);
    }
    const without = await edge(simple(from.port), {}, { country: "DE" });
    await without.get("/a", { headers: { "CloudFront-Viewer-Country": "US" } });
    expect(from.seen.at(-1)?.headers["cloudfront-viewer-country"]).toBeUndefined();
  });
});
