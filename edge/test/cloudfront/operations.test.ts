// Invalidations, continuous deployment, response headers policies, compression, and faults of a document.

import { describe, expect, it } from "vitest";
import { type CloudFrontFaults, createCloudFront } from "../../src/platforms/cloudfront/gateway/index.js";
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from "../../src/platforms/cloudfront/gateway/managed-policies.js";
import type {
  CloudFrontDeployment,
  ResponseHeadersPolicy,
  TrafficConfig,
} from "../../src/platforms/cloudfront/gateway/model.js";
import { STICKY_COOKIE } from "../../src/platforms/cloudfront/gateway/staging.js";
import {
  behavior,
  cachePolicy,
  clock,
  customOrigin,
  DISTRIBUTION_ID,
  DOMAIN,
  deployment,
  distribution,
  edge,
  edgeFunction,
  FUNCTION_ARN,
  LAMBDA_ARN,
  lambda,
  origin,
  simple,
} from "./support.js";

describe("invalidations", () => {
  it("remove what their paths name, and nothing else", async () => {
    const from = await origin((request, response) => response.end(request.url));
    const site = await edge(simple(from.port, { queries: "all" }));
    const paths = ["/images/a.jpg", "/images/b.jpg", "/image", "/a?x=1", "/a?x=2"];
    const results = async (): Promise<string[]> => {
      const answers: string[] = [];
      for (const path of paths)
        answers.push(((await site.get(path)).headers["x-cache"] as string).split(" ", 1)[0] as string);
      return answers;
    };
    await results();
    expect(await results()).toEqual(["Hit", "Hit", "Hit", "Hit", "Hit"]);
    site.cloudfront.invalidate(["/images/a.jpg"]);
    expect(await results()).toEqual(["Miss", "Hit", "Hit", "Hit", "Hit"]);
    site.cloudfront.invalidate(["/images/*"]);
    expect(await results()).toEqual(["Miss", "Miss", "Hit", "Hit", "Hit"]);
    site.cloudfront.invalidate(["/image*"]);
    expect(await results()).toEqual(["Miss", "Miss", "Miss", "Hit", "Hit"]);
    site.cloudfront.invalidate(["/a"]);
    expect(await results()).toEqual(["Hit", "Hit", "Hit", "Hit", "Hit"]);
    site.cloudfront.invalidate(["/a?x=1"]);
    expect(await results()).toEqual(["Hit", "Hit", "Hit", "Miss", "Hit"]);
    site.cloudfront.invalidate(["/*"]);
    expect(await results()).toEqual(["Miss", "Miss", "Miss", "Miss", "Miss"]);
  });

  it("reach what is under way: its response is not found again", async () => {
    let version = 1;
    const from = await origin((_request, response) => {
      const body = `v${version}`;
      setTimeout(() => response.end(body), 60);
    });
    const site = await edge(simple(from.port));
    const first = site.get("/a");
    await expect.poll(() => from.seen.length).toBe(1);
    version = 2;
    site.cloudfront.invalidate(["/a"]);
    expect((await first).body).toBe("v1");
    expect((await site.get("/a")).body).toBe("v2");
  });

  it("remove what has a tag, whatever its case, where the distribution names the header", async () => {
    const from = await origin((request, response) => {
      response.setHeader("Surrogates", request.url === "/a" ? "news, Red" : "news");
      response.end(request.url);
    });
    const tagged = simple(from.port, {}, { cache_tag_config: { header_name: "surrogates" } });
    const time = clock();
    const site = await edge(tagged, { now: time.now });
    const result = async (path: string): Promise<unknown> => (await site.get(path)).headers["x-cache"];
    const [miss, hit] = ["Miss from cloudfront", "Hit from cloudfront"];
    for (const path of ["/a", "/b"]) await site.get(path);
    // What is asked for in the very millisecond of an invalidation is under way, and not kept.
    const invalidate = async (paths: string[]): Promise<void> => {
      await site.cloudfront.invalidate(paths);
      time.advance(1);
    };
    await invalidate(["#RED"]);
    expect([await result("/a"), await result("/b")]).toEqual([miss, hit]);
    await invalidate(["#news", "/other"]);
    expect([await result("/a"), await result("/b")]).toEqual([miss, miss]);
    await invalidate(["#nothing"]);
    expect([await result("/a"), await result("/b")]).toEqual([hit, hit]);
    expect(() => site.cloudfront.invalidate(["#", "#a,b", `#${"x".repeat(257)}`])).toThrow(/"#".*"#a,b".*"#xxx/s);

    const without = await edge(simple(from.port));
    await without.get("/a");
    await without.cloudfront.invalidate(["#news"]);
    expect((await without.get("/a")).headers["x-cache"]).toBe(hit);
  });

  it("refuse paths that CloudFront refuses, all at once", async () => {
    const from = await origin((_request, response) => response.end());
    const site = await edge(simple(from.port));
    try {
      site.cloudfront.invalidate(["a", "/a*b", `/${"x".repeat(4000)}`], "NOBODY");
      expect.unreachable();
    } catch (error) {
      expect((error as CloudFrontFaults).faults).toEqual([
        'The invalidation path "a" must begin with a slash.',
        'The invalidation path "/a*b" has a * that is not its last character.',
        expect.stringContaining("has 4001 characters, more than 4000"),
        "There is no distribution NOBODY.",
      ]);
    }
  });
});

async function staged(traffic: TrafficConfig, random: () => number = Math.random, now?: () => number) {
  const primary = await origin((_request, response) => response.end("primary"));
  const staging = await origin((_request, response) => response.end("staging"));
  const document = deployment({
    distributions: [
      distribution([customOrigin(primary.port)], { continuous_deployment_policy_id: "cd" }),
      distribution([customOrigin(staging.port)], {
        id: "ESTAGING",
        domain_name: "d222222abcdef8.cloudfront.net",
        staging: true,
      }),
    ],
    continuous_deployment_policies: [
      {
        id: "cd",
        enabled: true,
        staging_distribution_dns_names: { items: ["d222222abcdef8.cloudfront.net"] },
        traffic_config: traffic,
      },
    ],
  });
  return edge(document, { random, ...(now && { now }) });
}

describe("continuous deployment", () => {
  it("by header", async () => {
    const site = await staged({
      type: "SingleHeader",
      single_header_config: { header: "aws-cf-cd-test", value: "1" },
      single_weight_config: null,
    });
    expect((await site.get("/")).body).toBe("primary");
    expect((await site.get("/", { headers: { "aws-cf-cd-test": "1" } })).body).toBe("staging");
    expect((await site.get("/", { headers: { "aws-cf-cd-test": "2" } })).body).toBe("primary");
    expect(site.cloudfront.runs()[0]?.state).toBe(`${DOMAIN}; requests with aws-cf-cd-test to ESTAGING`);
  });

  it("by weight", async () => {
    let roll = 0;
    const rolls = [0.09, 0.1, 0.5];
    const site = await staged(
      {
        type: "SingleWeight",
        single_header_config: null,
        single_weight_config: { weight: 0.1, session_stickiness_config: null },
      },
      () => rolls[roll++ % 3] as number,
    );
    expect([(await site.get("/")).body, (await site.get("/")).body, (await site.get("/")).body]).toEqual([
      "staging",
      "primary",
      "primary",
    ]);
    expect(site.cloudfront.runs()).toEqual([
      { what: "distribution", name: DISTRIBUTION_ID, state: `${DOMAIN}; 10 % to ESTAGING` },
      {
        what: "distribution",
        name: "ESTAGING",
        state: `d222222abcdef8.cloudfront.net; staging of ${DISTRIBUTION_ID}, 10 %`,
      },
    ]);
  });

  it("by weight with sessions that end when idle, or after their longest time", async () => {
    const time = clock();
    let roll = 0.01;
    const site = await staged(
      {
        type: "SingleWeight",
        single_header_config: null,
        single_weight_config: { weight: 0.1, session_stickiness_config: { idle_ttl: 300, maximum_ttl: 600 } },
      },
      () => roll,
      time.now,
    );
    const first = await site.get("/");
    expect(first.body).toBe("staging");
    const cookieOf = (answer: typeof first): string =>
      (answer.headers["set-cookie"] as string).split(";", 1)[0] as string;
    expect(cookieOf(first)).toMatch(new RegExp(`^${STICKY_COOKIE}=`));
    roll = 0.9;
    expect((await site.get("/")).body).toBe("primary");
    let cookie = cookieOf(first);
    time.advance(299);
    const second = await site.get("/", { headers: { Cookie: cookie } });
    expect(second.body).toBe("staging");
    cookie = cookieOf(second);
    time.advance(299);
    expect((await site.get("/", { headers: { Cookie: cookie } })).body).toBe("staging");
    time.advance(10);
    expect((await site.get("/", { headers: { Cookie: cookie } })).body).toBe("primary");
    time.advance(301);
    expect((await site.get("/", { headers: { Cookie: cookieOf(first) } })).body).toBe("primary");
  });
});

describe("response headers policies", () => {
  const POLICY: ResponseHeadersPolicy = {
    id: "headers",
    name: "headers",
    cors_config: {
      access_control_allow_credentials: true,
      access_control_allow_headers: { items: ["X-A", "X-B"] },
      access_control_allow_methods: { items: ["GET", "PUT"] },
      access_control_allow_origins: { items: ["https://*.example.com"] },
      access_control_expose_headers: null,
      access_control_max_age_sec: 600,
      origin_override: true,
    },
    custom_headers_config: {
      items: [
        { header: "X-Own", value: "policy", override: false },
        { header: "X-Forced", value: "policy", override: true },
      ],
    },
    remove_headers_config: { items: [{ header: "X-Powered-By" }] },
    security_headers_config: {
      content_security_policy: { content_security_policy: "default-src 'self'", override: true },
      content_type_options: { override: true },
      frame_options: { frame_option: "DENY", override: true },
      referrer_policy: { referrer_policy: "no-referrer", override: true },
      strict_transport_security: {
        access_control_max_age_sec: 60,
        include_subdomains: true,
        preload: true,
        override: true,
      },
      xss_protection: null,
    },
    server_timing_headers_config: { enabled: true, sampling_rate: 100 },
  };

  it("add, override and remove, on hits as on misses", async () => {
    const from = await origin((_request, response) => {
      response.writeHead(200, { "X-Own": "origin", "X-Forced": "origin", "X-Powered-By": "x" }).end();
    });
    const document = simple(
      from.port,
      {},
      { default_cache_behavior: behavior({ response_headers_policy_id: "headers" }) },
    );
    document.response_headers_policies.push(POLICY);
    const site = await edge(document);
    for (const [result, timing] of [
      ["Miss", "cdn-cache-miss"],
      ["Hit", "cdn-cache-hit"],
    ] as const) {
      const { headers } = await site.get("/", { headers: { Origin: "https://shop.example.com" } });
      expect(headers).toMatchObject({
        "x-own": "origin",
        "x-forced": "policy",
        "content-security-policy": "default-src 'self'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=60; includeSubDomains; preload",
        "access-control-allow-origin": "https://shop.example.com",
        "access-control-allow-credentials": "true",
        "x-cache": `${result} from cloudfront`,
      });
      expect(headers["x-powered-by"]).toBeUndefined();
      expect(headers["access-control-allow-methods"]).toBeUndefined();
      expect(headers["server-timing"]).toContain(timing);
    }
    const preflight = await site.get("/", {
      method: "OPTIONS",
      headers: { Origin: "https://shop.example.com", "Access-Control-Request-Method": "PUT" },
    });
    expect(preflight.headers).toMatchObject({
      "access-control-allow-methods": "GET,PUT",
      "access-control-allow-headers": "X-A,X-B",
      "access-control-max-age": "600",
    });
    expect(
      (await site.get("/", { headers: { Origin: "https://evil.test" } })).headers["access-control-allow-origin"],
    ).toBeUndefined();
    expect((await site.get("/")).headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("of AWS are known by id", async () => {
    const from = await origin((_request, response) => response.writeHead(200, { "X-Frame-Options": "DENY" }).end());
    const site = await edge(
      simple(
        from.port,
        {},
        { default_cache_behavior: behavior({ response_headers_policy_id: "67f7725c-6f97-4210-82d7-5512b31e9d03" }) },
      ),
    );
    const { headers } = await site.get("/");
    expect([
      headers["x-frame-options"],
      headers["x-content-type-options"],
      headers["strict-transport-security"],
    ]).toEqual(["DENY", "nosniff", "max-age=31536000"]);
  });
});

describe("managed policies", () => {
  it("have ids and names of their own", () => {
    const all = [...MANAGED_CACHE_POLICIES, ...MANAGED_ORIGIN_REQUEST_POLICIES, ...MANAGED_RESPONSE_HEADERS_POLICIES];
    expect(new Set(all.map((policy) => policy.id)).size).toBe(all.length);
    for (const { id } of all) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("CachingDisabled never caches, CachingOptimized leaves query strings out", async () => {
    const from = await origin((request, response) => response.end(request.url));
    const off = await edge(
      simple(
        from.port,
        {},
        { default_cache_behavior: behavior({ cache_policy_id: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" }) },
      ),
    );
    await off.get("/a");
    expect((await off.get("/a")).headers["x-cache"]).toBe("Miss from cloudfront");
    const on = await edge(
      simple(
        from.port,
        {},
        { default_cache_behavior: behavior({ cache_policy_id: "658327ea-f89d-4fab-a63d-7e88639e58f6" }) },
      ),
    );
    await on.get("/a?x=1");
    expect((await on.get("/a?x=2")).headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("AllViewerExceptHostHeader forwards everything but Host", async () => {
    const from = await origin((request, response) => response.end(JSON.stringify([request.url, request.headers])));
    const site = await edge(
      simple(
        from.port,
        {},
        {
          default_cache_behavior: behavior({
            cache_policy_id: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            origin_request_policy_id: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
          }),
        },
      ),
      {},
      { country: "DE" },
    );
    const [url, headers] = JSON.parse(
      (await site.get("/a?x=1", { headers: { Authorization: "Bearer x", Cookie: "a=1", "User-Agent": "me" } })).body,
    );
    expect([url, headers.authorization, headers.cookie, headers["user-agent"], headers.host]).toEqual([
      "/a?x=1",
      "Bearer x",
      "a=1",
      "me",
      `localhost:${from.port}`,
    ]);
    expect(headers["cloudfront-viewer-country"]).toBeUndefined();
  });
});

describe("compression", () => {
  const big = "edge ".repeat(400);
  const compressing = (port: number) =>
    simple(port, { gzip: true, brotli: true }, { default_cache_behavior: behavior({ compress: true }) });

  it("prefers brotli, keys by encoding, weakens the ETag", async () => {
    const from = await origin((_request, response) =>
      response
        .writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": big.length, ETag: '"a"' })
        .end(big),
    );
    const site = await edge(compressing(from.port));
    for (const [accepted, encoding, etag] of [
      ["gzip, br", "br", 'W/"a"'],
      ["gzip", "gzip", 'W/"a"'],
      ["", undefined, '"a"'],
    ] as const) {
      for (const result of ["Miss", "Hit"]) {
        const answer = await site.get("/a", { headers: { "Accept-Encoding": accepted } });
        expect([
          answer.headers["content-encoding"],
          answer.headers.etag,
          answer.body === big,
          answer.headers["x-cache"],
        ]).toEqual([encoding, etag, true, `${result} from cloudfront`]);
        if (encoding !== undefined) expect(answer.headers.vary).toBe("Accept-Encoding");
      }
    }
  });

  it("leaves alone what is small, of another type, or encoded by the origin", async () => {
    const from = await origin((request, response) => {
      const kind = request.url?.slice(1);
      const body = kind === "small" ? "x" : big;
      const headers: Record<string, string> = {
        "Content-Type": kind === "image" ? "image/png" : "text/plain",
        "Content-Length": String(body.length),
      };
      if (kind === "chunked") delete headers["Content-Length"];
      response.writeHead(200, headers).end(body);
    });
    const site = await edge(compressing(from.port));
    for (const path of ["/small", "/image", "/chunked"])
      expect([
        path,
        (await site.get(path, { headers: { "Accept-Encoding": "gzip" } })).headers["content-encoding"],
      ]).toEqual([path, undefined]);
    expect((await site.get("/text", { headers: { "Accept-Encoding": "gzip" } })).headers["content-encoding"]).toBe(
      "gzip",
    );
  });
});

describe("a new document", () => {
  it("leaves the caches of its distributions as they are", async () => {
    const from = await origin((_request, response) => response.end("kept"));
    const site = await edge(simple(from.port));
    await site.get("/a");
    site.cloudfront.invalidate(["/b"]);
    const changed = simple(from.port, {}, { comment: "changed" });
    const next = createCloudFront(changed, {}, site.cloudfront);
    const viewer = { ip: "203.0.113.1" };
    const hit = await next.handle(new Request(`http://${DOMAIN}/a`), viewer);
    expect([hit.headers.get("x-cache"), await hit.text()]).toEqual(["Hit from cloudfront", "kept"]);
    expect((await site.get("/a")).headers["x-cache"]).toBe("Hit from cloudfront");
    await next.stop();
  });
});

describe("a document's faults", () => {
  it("are all told at once, with what to do", () => {
    const document: CloudFrontDeployment = deployment({
      distributions: [
        distribution([customOrigin(1)], {
          aliases: ["a.example.com"],
          default_cache_behavior: behavior({
            target_origin_id: "nobody",
            cache_policy_id: "missing",
            function_associations: [{ event_type: "viewer-request", function_arn: "arn:none" }],
            lambda_function_associations: [
              { event_type: "viewer-request", lambda_arn: LAMBDA_ARN, include_body: false },
              { event_type: "origin-response", lambda_arn: LAMBDA_ARN, include_body: true },
            ],
          }),
        }),
        distribution([customOrigin(1)], {
          id: "E2",
          domain_name: "d2.cloudfront.net",
          aliases: ["A.example.com"],
          default_cache_behavior: behavior({
            forwarded_values: {
              query_string: false,
              query_string_cache_keys: [],
              headers: [],
              cookies: { forward: "none", whitelisted_names: [] },
            },
          }),
        }),
      ],
      cache_policies: [cachePolicy()],
      lambda_versions: [
        lambda("x", { version: "$LATEST", runtime: "ruby3.4", timeout: 60, handler: "handler", files: [] }),
      ],
      functions: [edgeFunction("class A {}", { arn: FUNCTION_ARN })],
      key_value_stores: [{ arn: "a", id: "a", name: "flags", pairs: [{ key: "k", value: "v".repeat(1025) }] }],
    });
    try {
      createCloudFront(document);
      expect.unreachable();
    } catch (error) {
      const { faults } = error as CloudFrontFaults;
      for (const part of [
        "class is not supported",
        "not a numbered version",
        "runtime ruby3.4",
        "timeout of 60 s",
        'handler "handler"',
        "has no code",
        "value has 1025 bytes",
        "targets nobody",
        "cache policy missing is neither",
        "CloudFront function arn:none is not in this stack",
        "cannot both be on viewer events",
        "origin-response includes the body",
        "an event takes one",
        "both a cache policy and forwarded values",
        "The alias A.example.com is on distributions",
      ]) {
        expect(faults.filter((fault) => fault.includes(part)).length, part).toBeGreaterThan(0);
      }
    }
  });
});
