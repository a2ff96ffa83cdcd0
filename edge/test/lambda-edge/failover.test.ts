// What the function does where the first origin of a group has failed: it asks the others itself.

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { RouterSpec } from "../../src/core/settings.gen";
import { createLambda } from "../../src/platforms/cloudfront/lambda-edge/edgewright";
import type { CloudFrontEvent, EventRequest, EventResponse } from "../../src/platforms/cloudfront/lambda-edge/events";
import { forward } from "../../src/platforms/cloudfront/lambda-edge/forward";
import { deadUrl, type Origin, startOrigin } from "../support/origin";
import { endpoint, policy, settings } from "../support/settings";

const origins: Record<string, Origin> = {};
/** What each origin answers with. */
let answers: Record<string, { status: number; body: string; headers?: Record<string, string> }>;

const REGIONS = ["us", "eu", "apac"];
const policed = policy({ name: "products" });

beforeAll(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  for (const region of REGIONS) {
    origins[region] = await startOrigin(region, (_request, response) => {
      const { status, body, headers } = answers[region] ?? { status: 200, body: region };
      response.writeHead(status, { "content-type": "text/plain", ...headers });
      response.end(body);
    });
  }
});

beforeEach(() => {
  answers = {};
});

afterAll(async () => {
  vi.restoreAllMocks();
  await Promise.all(Object.values(origins).map((origin) => origin.close()));
});

function routerOf(urls: Partial<Record<string, string>> = {}): RouterSpec {
  return {
    name: "origins",
    origins: REGIONS.map((region) => ({
      region,
      url: urls[region] ?? (origins[region] as Origin).url,
      countries: [],
      latitude: null,
      longitude: null,
      headers: {},
    })),
    fallback: "us",
    order: { us: ["us", "eu", "apac"], eu: ["eu", "us", "apac"], apac: ["apac", "eu", "us"] },
    timeout_ms: 2000,
    retry_statuses: [502, 503],
    health: { path: null, interval_s: 30, unhealthy_after: 100 },
  };
}

function handlerFor(urls: Partial<Record<string, string>> = {}) {
  return createLambda(
    settings({
      routers: [routerOf(urls)],
      endpoints: [
        endpoint("/products", { kind: "origin", router: "origins", strip_prefix: null }, { cache: policed }),
        endpoint("/live", { kind: "origin", router: "origins", strip_prefix: null }),
      ],
    }),
    {
      features: [forward],
      behaviors: [
        { pattern: "/products", policy: "products" },
        { pattern: "*", policy: null },
      ],
    },
  );
}

function asked(uri: string, sent: Record<string, string> = {}, attempt = "1"): CloudFrontEvent {
  const headers = Object.entries({ Host: "api.example.com", ...sent }).map(
    ([key, value]): [string, { key: string; value: string }[]] => [key.toLowerCase(), [{ key, value }]],
  );
  const customHeaders = { "x-edgewright-attempt": [{ key: "X-Edgewright-Attempt", value: attempt }] };
  const request: EventRequest = {
    clientIp: "203.0.113.9",
    method: "GET",
    uri,
    querystring: "",
    headers: Object.fromEntries(headers),
    origin: { custom: { domainName: "eu.example.com", path: "", customHeaders } },
  };
  return {
    Records: [
      { cf: { config: { distributionDomainName: "d1.cloudfront.net", eventType: "origin-request" }, request } },
    ],
  };
}

type Result = EventRequest & EventResponse;

const value = ({ headers }: Result, name: string) => headers[name]?.[0]?.value;

describe("on the second attempt of an origin group", () => {
  it("the next nearest answers, to be stored as if it had come from CloudFront's own fetch", async () => {
    const answer = (await handlerFor()(asked("/products"))) as Result;
    expect([answer.status, answer.body]).toEqual(["200", "eu"]);
    expect([value(answer, "x-origin-region"), value(answer, "x-origin-failover")]).toEqual(["eu", "us"]);
    expect(value(answer, "cache-control")).toContain("s-maxage=");
    // A hit would tell how long somebody else had to wait.
    expect(value(answer, "x-origin-latency")).toBeUndefined();
  });

  it("the third answers where the second fails too, and says for how long it was waited for", async () => {
    answers = { eu: { status: 503, body: "down" } };
    const answer = (await handlerFor()(asked("/live"))) as Result;
    expect([answer.status, answer.body]).toEqual(["200", "apac"]);
    expect(value(answer, "x-origin-failover")).toBe("us, eu");
    expect(value(answer, "x-origin-latency")).toMatch(/^\d+$/);
    expect(value(answer, "cache-control")).toContain("private");
  });

  it("the third answers where the second cannot be reached", async () => {
    const answer = (await handlerFor({ eu: await deadUrl() })(asked("/live"))) as Result;
    expect([answer.status, answer.body]).toEqual(["200", "apac"]);
  });

  it("passes on the last one's error", async () => {
    answers = { eu: { status: 503, body: "" }, apac: { status: 503, body: "apac is down" } };
    const answer = (await handlerFor()(asked("/products"))) as Result;
    expect([answer.status, answer.body]).toEqual(["503", "apac is down"]);
    expect(value(answer, "cache-control")).toContain("private");
  });

  it("asks for the whole answer, whatever part CloudFront would take", async () => {
    const before = origins.eu?.requests.length ?? 0;
    await handlerFor()(asked("/products", { "If-None-Match": '"a"', Range: "bytes=0-1" }));
    const { headers } = origins.eu?.requests[before] ?? { headers: {} };
    expect(headers).not.toHaveProperty("if-none-match");
    expect(headers).not.toHaveProperty("range");
  });

  it("leaves an answer that is too large for a function to CloudFront, from the origin that has it", async () => {
    answers = { eu: { status: 503, body: "" }, apac: { status: 200, body: "x".repeat(1024 * 1024) } };
    const sent = (await handlerFor()(asked("/products"))) as Result;
    expect(sent.status).toBeUndefined();
    expect(sent.origin?.custom?.port).toBe(Number(new URL((origins.apac as Origin).url).port));
    expect(sent.origin?.custom?.customHeaders["x-edgewright-route"]?.[0]?.value).toMatch(/^apac;us eu;products;;\d+$/);
  });

  it("leaves the next nearest to CloudFront where none can be reached from here", async () => {
    const [eu, apac] = [await deadUrl(), await deadUrl()];
    const sent = (await handlerFor({ eu, apac })(asked("/products"))) as Result;
    expect(sent.origin?.custom?.port).toBe(Number(new URL(eu).port));
  });
});

it("on the first attempt CloudFront asks the nearest itself, and what is not stored says for how long", async () => {
  const handler = handlerFor();
  const event = asked("/live", {}, "0");
  const sent = (await handler(event)) as Result;
  expect(sent.origin?.custom?.port).toBe(Number(new URL((origins.us as Origin).url).port));
  event.Records[0].cf.config.eventType = "origin-response";
  event.Records[0].cf.request = sent;
  event.Records[0].cf.response = { status: "200", headers: {} };
  const told = (await handler(event)) as Result;
  expect(value(told, "x-origin-region")).toBe("us");
  expect(value(told, "x-origin-latency")).toMatch(/^\d+$/);
});

describe("an answer for a caller who is known", () => {
  const answered = async (guarded: boolean, control: string) => {
    const handler = createLambda(
      settings({
        endpoints: [
          endpoint(
            "/mine",
            { kind: "handler", module: "mine.js" },
            {
              auth: { kind: "session" },
              cache: policy({ name: "mine", mode: "origin" }),
            },
          ),
        ],
        sessions: { binding: "S", cookie: "session", ttl_s: 60, dated: false, key_prefix: "session:" },
      }),
      {
        features: [(await import("../../src/core/features/sessions")).sessions],
        handlers: { "mine.js": { default: () => new Response("mine", { headers: { "cache-control": control } }) } },
        behaviors: [{ pattern: "*", policy: "mine", guarded }],
      },
    );
    const kv = `${encodeURIComponent("session:s3ss10n_of_ada")}=${encodeURIComponent('{"user":1}')}`;
    const answer = await handler(asked("/mine", { Cookie: "session=s3ss10n_of_ada", "X-Edgewright-Kv": kv }));
    return value(answer as Result, "cache-control") ?? "";
  };

  it("is stored only where the viewer's function keeps strangers out", async () => {
    expect(await answered(true, "public, max-age=60")).toContain("s-maxage=60");
    expect(await answered(false, "public, max-age=60")).toContain("private");
  });

  const NOT_SHARED = [
    "max-age=60",
    'max-age=60, ext="x, public"',
    'max-age=60, ext="x, s-maxage=60"',
    'max-age=60, ext="x, public',
    'max-age=60, ext="x, private"',
    'max-age=60, ext="a \\", public"',
    'max-age=60, private="set-cookie"',
    "max-age=60, public-ish, ext=public",
  ];
  const SHARED = ['ext="x, private", public, max-age=60', "max-age=9, S-MaxAge=60"];
  const refused = /^private(?:,|$)/;

  it.each(NOT_SHARED)("is stored only where it says that it is for everybody, and not by %s", async (control) => {
    expect(await answered(true, control)).toMatch(refused);
    expect(await fromOrigin({ "cache-control": control })).toMatch(refused);
  });

  it.each(SHARED)("is stored where it says that it is for everybody, as by %s", async (control) => {
    expect(await answered(true, control)).toMatch(/, s-maxage=60$/);
    expect(await fromOrigin({ "cache-control": control })).toMatch(/, s-maxage=60$/);
  });

  it("is not stored by a CDN-Cache-Control that does not say that it is for everybody", async () => {
    expect(await fromOrigin({ "cdn-cache-control": "max-age=60" })).toMatch(refused);
    expect(await fromOrigin({ "cdn-cache-control": "public, max-age=60" })).toMatch(/, s-maxage=60$/);
  });

  /** By the event on which CloudFront hands over what an origin has answered. */
  async function fromOrigin(headers: Record<string, string>) {
    const handler = createLambda(
      settings({
        routers: [routerOf()],
        endpoints: [
          endpoint(
            "/mine",
            { kind: "origin", router: "origins", strip_prefix: null },
            { auth: { kind: "session" }, cache: policy({ name: "mine", mode: "origin" }) },
          ),
        ],
        sessions: { binding: "S", cookie: "session", ttl_s: 60, dated: false, key_prefix: "session:" },
      }),
      {
        features: [(await import("../../src/core/features/sessions")).sessions, forward],
        behaviors: [{ pattern: "*", policy: "mine", guarded: true }],
      },
    );
    const kv = `${encodeURIComponent("session:s3ss10n_of_ada")}=${encodeURIComponent('{"user":1}')}`;
    const event = asked("/mine", { Cookie: "session=s3ss10n_of_ada", "X-Edgewright-Kv": kv }, "0");
    const sent = (await handler(event)) as Result;
    event.Records[0].cf.config.eventType = "origin-response";
    event.Records[0].cf.request = sent;
    event.Records[0].cf.response = {
      status: "200",
      headers: Object.fromEntries(Object.entries(headers).map(([key, text]) => [key, [{ key, value: text }]])),
    };
    return value((await handler(event)) as Result, "cache-control") ?? "";
  }
});
