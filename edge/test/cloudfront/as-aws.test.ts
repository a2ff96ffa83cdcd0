// What AWS's pages say of requests before a function, of crowds and of limits, held over HTTP.

import { describe, expect, it } from "vitest";
import {
  behavior,
  customOrigin,
  distribution,
  edge,
  LAMBDA_ARN,
  lambda,
  origin,
  originRequestPolicy,
  type PolicyWords,
  simple,
} from "./support.js";

const made = `export const handler = async () => ({ status: "200", body: "made" });`;

describe("an origin's name", () => {
  it.each(["origin.invalid", "nowhere.example", "a.test", "INVALID"])(
    "that no DNS has is a 502 before any function runs: %s",
    async (name) => {
      const document = simple(80);
      const functions = [{ event_type: "origin-request" as const, lambda_arn: LAMBDA_ARN, include_body: false }];
      document.distributions = [
        distribution([customOrigin(80, { domain_name: name })], {
          default_cache_behavior: behavior({ lambda_function_associations: functions }),
        }),
      ];
      document.lambda_versions.push(lambda(made));
      const { get } = await edge(document);
      const answer = await get("/");
      expect([answer.status, answer.headers["x-cache"]]).toEqual([502, "Error from cloudfront"]);
      expect(answer.body).toContain("resolve the origin domain name");
      document.addresses = [{ domain_name: name, url: "http://127.0.0.1:9" }];
      const known = await edge(document);
      expect((await known.get("/")).body).toBe("made");
    },
  );

  it("that no DNS has lets an origin group go on to the next", async () => {
    const from = await origin((_request, response) => response.end("second"));
    const document = simple(from.port);
    document.distributions = [
      distribution([customOrigin(80, { origin_id: "first", domain_name: "gone.invalid" }), customOrigin(from.port)], {
        origin_groups: [
          {
            origin_id: "both",
            failover_criteria: { status_codes: [502] },
            members: [{ origin_id: "first" }, { origin_id: "main" }],
          },
        ],
        default_cache_behavior: behavior({ target_origin_id: "both", allowed_methods: ["GET", "HEAD"] }),
      }),
    ];
    const { get } = await edge(document);
    expect((await get("/")).body).toBe("second");
  });
});

/** A site whose origin answers once it was asked `count` times; `forward`: cookies go on to it beside those of the key. */
async function crowd(policy: PolicyWords, forward: boolean, count: number) {
  const waiting: (() => void)[] = [];
  const from = await origin((request, response) => {
    if (request.headers["if-none-match"] === '"1"') return response.writeHead(304, { ETag: '"1"' }).end();
    waiting.push(() => response.writeHead(200, { "Cache-Control": "max-age=2", ETag: '"1"' }).end("once"));
    if (from.seen.length >= count) setTimeout(() => waiting.splice(0).map((answer) => answer()), count === 1 ? 150 : 0);
  });
  const document = simple(from.port, policy);
  document.origin_request_policies.push(
    originRequestPolicy({ cookies_config: { cookie_behavior: forward ? "all" : "none", cookies: null } }),
  );
  (document.distributions[0] as { default_cache_behavior: unknown }).default_cache_behavior = behavior({
    origin_request_policy_id: "forward",
  });
  let now = Date.now();
  const site = await edge(document, { now: () => now });
  return { ...site, from, later: () => (now += 5000) };
}

describe("requests of one key at once", () => {
  it.each([
    ["share one where no cookie goes to the origin", {}, false, 1],
    ["each ask where an origin request policy forwards cookies", {}, true, 16],
    ["each ask where a cache policy does", { cookies: ["a"] }, false, 16],
  ])("%s", async (_name, policy, forward, asked) => {
    const { get, from, later } = await crowd(policy, forward, asked);
    const answers = await Promise.all(Array.from({ length: 16 }, () => get("/")));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(["once"]));
    expect(from.seen).toHaveLength(asked);
    expect((await get("/")).headers["x-cache"]).toBe("Hit from cloudfront");
    later();
    const again = await get("/");
    expect(from.seen.at(-1)?.headers["if-none-match"]).toBe(asked === 1 ? '"1"' : undefined);
    expect([again.body, again.headers["x-cache"]]).toEqual([
      "once",
      `${asked === 1 ? "RefreshHit" : "Miss"} from cloudfront`,
    ]);
  });
});

describe("a body that a function puts in the place of a request's", () => {
  it.each([
    ["viewer-request", 40 * 1024],
    ["origin-request", 1024 * 1024],
  ] as const)("may have its limit on %s, and is a 502 above it", async (type, most) => {
    const from = await origin((_request, response, body) => response.end(String(body.length)));
    const document = simple(from.port);
    (document.distributions[0] as { default_cache_behavior: unknown }).default_cache_behavior = behavior({
      lambda_function_associations: [{ event_type: type, lambda_arn: LAMBDA_ARN, include_body: true }],
    });
    document.lambda_versions.push(
      lambda(`export const handler = async (event) => {
        const { request } = event.Records[0].cf;
        const size = Number(request.uri.slice(1));
        request.body = { action: "replace", encoding: "text", data: "x".repeat(size) };
        return request;
      };`),
    );
    const { get } = await edge(document);
    expect((await get(`/${most}`, { method: "POST", body: "a" })).body).toBe(String(most));
    const over = await get(`/${most + 1}`, { method: "POST", body: "a" });
    expect([over.status, over.headers["x-cache"]]).toEqual([502, "LambdaValidationError from cloudfront"]);
  });
});

describe("headers of one connection", () => {
  const listed = "X-Hop, keep-alive, content-length, host";

  it("that a viewer's Connection names reach neither the origin nor the key", async () => {
    const from = await origin((request, response) =>
      response.end(JSON.stringify([request.headers["x-hop"] ?? null, request.headers["x-end"] ?? null])),
    );
    const document = simple(from.port, { headers: ["X-Hop"] });
    document.origin_request_policies.push(
      originRequestPolicy({ headers_config: { header_behavior: "allViewer", headers: null } }),
    );
    (document.distributions[0] as { default_cache_behavior: unknown }).default_cache_behavior = behavior({
      origin_request_policy_id: "forward",
    });
    const { get } = await edge(document);
    const named = await get("/", { headers: { Connection: listed, "X-Hop": "one", "X-End": "two" } });
    expect(named.body).toBe('[null,"two"]');
    const plain = await get("/", { headers: { "X-End": "two" } });
    expect([plain.body, plain.headers["x-cache"]]).toEqual(['[null,"two"]', "Hit from cloudfront"]);
    const other = await get("/", { headers: { "X-Hop": "one", "X-End": "three" } });
    expect(other.body).toBe('["one","three"]');
  });

  it("that an origin's Connection names reach no viewer", async () => {
    const from = await origin((_request, response) =>
      response.writeHead(200, { Connection: "close, X-Hop", "X-Hop": "one", "X-End": "two" }).end("x"),
    );
    const { get } = await edge(simple(from.port));
    const answer = await get("/");
    expect([answer.headers["x-hop"], answer.headers["x-end"]]).toEqual([undefined, "two"]);
  });

  it("leave the length of a body where it is", async () => {
    const from = await origin((_request, response, body) => response.end(body));
    const document = simple(from.port);
    (document.distributions[0] as { default_cache_behavior: unknown }).default_cache_behavior = behavior({
      allowed_methods: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
    });
    const { get } = await edge(document);
    const headers = { Connection: "close, content-length", "Content-Length": "5" };
    const answer = await get("/", { method: "POST", headers, body: "hello" });
    expect([answer.status, answer.body]).toEqual([200, "hello"]);
    expect(from.seen).toHaveLength(1);
  });
});
