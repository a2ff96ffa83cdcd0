// The function on the origin's events, by the vendor's documented event objects.

import { describe, expect, it } from "vitest";
import { sessions } from "../../src/core/features/sessions";
import type { CacheSpec, EdgeSettings, EndpointSpec, RouterSpec } from "../../src/core/settings.gen";
import { createLambda, type LambdaOptions } from "../../src/platforms/cloudfront/lambda-edge/edgewright";
import type {
  CloudFrontEvent,
  EventHeaders,
  EventRequest,
  EventResponse,
} from "../../src/platforms/cloudfront/lambda-edge/events";
import { forward } from "../../src/platforms/cloudfront/lambda-edge/forward";
import { endpoint, policy, settings as settingsOf } from "../support/settings";

const ROUTER: RouterSpec = {
  name: "origins",
  origins: [
    {
      region: "eu",
      url: "https://eu.example.com:8443/base",
      countries: ["DE"],
      latitude: null,
      longitude: null,
      headers: { "x-key": "e" },
    },
    { region: "us", url: "http://us.example.com", countries: ["US"], latitude: null, longitude: null, headers: {} },
  ],
  fallback: "us",
  order: { us: ["us", "eu"], eu: ["eu", "us"] },
  timeout_ms: 2000,
  retry_statuses: [502],
  health: { path: null, interval_s: 30, unhealthy_after: 2 },
};
const PRODUCTS = policy({
  name: "products",
  tags: ["p"],
  key: { ...policy().key, query: "include", query_names: ["page"] },
});
const ORIGIN: EndpointSpec["target"] = { kind: "origin", router: "origins", strip_prefix: null };

const SETTINGS = settingsOf({
  routers: [ROUTER],
  sessions: { binding: "S", cookie: "session", ttl_s: 60, dated: false, key_prefix: "session:" },
  endpoints: [
    endpoint("/api/products", ORIGIN, { cache: PRODUCTS }),
    endpoint("/api/products/:id", ORIGIN, { cache: PRODUCTS }),
    endpoint("/api/orders", ORIGIN, { methods: ["POST"] }),
    endpoint("/api/session", { kind: "session" }, { auth: { kind: "session" } }),
    endpoint("/hello", { kind: "handler", module: "hello.js" }, { methods: ["GET", "HEAD", "POST"], cache: PRODUCTS }),
  ],
});
const BEHAVIORS: LambdaOptions["behaviors"] = [
  { pattern: "/api/orders", policy: null },
  { pattern: "/api/products", policy: "products" },
  { pattern: "/api/session", policy: null },
  { pattern: "/hello", policy: "products" },
  { pattern: "/api/products/*", policy: "products" },
  { pattern: "*", policy: null },
];

function handlerFor(
  settings: EdgeSettings = SETTINGS,
  answer: (request: Request, env: unknown) => Response | Promise<Response> = () => Response.json({ ok: true }),
) {
  return createLambda(settings, {
    features: [forward, sessions],
    handlers: { "hello.js": { default: answer } },
    behaviors: BEHAVIORS,
    env: { MODE: "live" },
  });
}

interface Asked {
  method?: string;
  uri?: string;
  querystring?: string;
  headers?: Record<string, string>;
  attempt?: string;
  body?: EventRequest["body"];
}

function eventHeaders(headers: Record<string, string>): EventHeaders {
  return Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]));
}

function request({
  method = "GET",
  uri = "/api/products",
  querystring = "",
  headers = {},
  attempt = "0",
  body,
}: Asked): CloudFrontEvent {
  const all = {
    Host: "api.example.com",
    "User-Agent": "curl",
    "X-Forwarded-For": "203.0.113.9",
    Via: "2.0 x.cloudfront.net (CloudFront)",
    ...headers,
  };
  return {
    Records: [
      {
        cf: {
          config: {
            distributionDomainName: "d111111abcdef8.cloudfront.net",
            eventType: "origin-request",
            requestId: "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
          },
          request: {
            clientIp: "203.0.113.9",
            method,
            uri,
            querystring,
            headers: eventHeaders(all),
            origin: {
              custom: {
                domainName: "us.example.com",
                path: "",
                customHeaders: eventHeaders({ "X-Edgewright-Attempt": attempt }),
              },
            },
            ...(body && { body }),
          },
        },
      },
    ],
  };
}

async function ask(asked: Asked, handler = handlerFor()): Promise<EventRequest & EventResponse> {
  return (await handler(request(asked))) as EventRequest & EventResponse;
}

function value(headers: EventHeaders, name: string): string | undefined {
  return headers[name]?.map((field) => field.value).join(", ");
}

/** Sends a request on and gives the origin's response to the function, as CloudFront does. */
async function through(
  asked: Asked,
  status: number,
  headers: Record<string, string>,
  handler = handlerFor(),
): Promise<EventResponse> {
  const sent = await ask(asked, handler);
  const event = request(asked);
  event.Records[0].cf.config.eventType = "origin-response";
  event.Records[0].cf.request = { ...sent, body: undefined as never };
  event.Records[0].cf.response = { status: String(status), statusDescription: "OK", headers: eventHeaders(headers) };
  return (await handler(event)) as EventResponse;
}

describe("a request on its way to an origin", () => {
  it("goes to the origin of the caller's country, with its path, port and headers", async () => {
    const sent = await ask({ headers: { "CloudFront-Viewer-Country": "DE" }, querystring: "page=2&utm=x" });
    expect(sent.origin?.custom).toMatchObject({
      domainName: "eu.example.com",
      path: "/base",
      port: 8443,
      protocol: "https",
      readTimeout: 4,
      keepaliveTimeout: 5,
      sslProtocols: ["TLSv1.2"],
    });
    expect(sent.uri).toBe("/api/products");
    expect(sent.querystring).toBe("page=2");
    expect(value(sent.headers, "host")).toBe("eu.example.com:8443");
    expect(value(sent.headers, "x-key")).toBe("e");
    expect(value(sent.headers, "x-forwarded-host")).toBe("api.example.com");
    // Its answer may be stored, for others too.
    expect(value(sent.headers, "x-forwarded-for")).toBeUndefined();
    const unstored = await ask({ method: "POST", uri: "/api/orders" });
    expect(value(unstored.headers, "x-forwarded-for")).toBe("203.0.113.9");
  });

  it("goes to the fallback where the country is unknown, and to the next nearest on the second attempt", async () => {
    expect((await ask({})).origin?.custom?.domainName).toBe("us.example.com");
    expect(
      (await ask({ headers: { "CloudFront-Viewer-Country": "DE" }, attempt: "1" })).origin?.custom?.domainName,
    ).toBe("us.example.com");
    expect((await ask({ attempt: "1" })).origin?.custom?.domainName).toBe("eu.example.com");
  });

  it("keeps what a function may not change, and adds nothing that it may not add", async () => {
    const sent = await ask({
      headers: {
        "Accept-Encoding": "br,gzip",
        "X-Origin-Region": "spoofed",
        "X-Real-IP": "1.1.1.1",
        "If-None-Match": '"a"',
      },
    });
    expect(value(sent.headers, "accept-encoding")).toBe("br,gzip");
    expect(value(sent.headers, "via")).toBe("2.0 x.cloudfront.net (CloudFront)");
    expect(value(sent.headers, "if-none-match")).toBe('"a"');
    expect(Object.keys(sent.headers).filter((name) => /^x-(origin-|real-ip|forwarded-proto|cache)/.test(name))).toEqual(
      [],
    );
  });

  it("does not bring the spoofed host of a client", async () => {
    const sent = await ask({ headers: { "X-Forwarded-Host": "evil.example" } });
    expect(value(sent.headers, "x-forwarded-host")).toBe("api.example.com");
  });

  it("leaves a POST's body to CloudFront", async () => {
    const sent = await ask({ method: "POST", uri: "/api/orders", headers: { "Content-Length": "2" } });
    expect(sent.method).toBe("POST");
    expect(sent).not.toHaveProperty("body");
    expect(value(sent.headers, "content-length")).toBe("2");
  });
});

describe("an answer of the edge's own", () => {
  it("is a problem document for what has no endpoint, a wrong method and a malformed path", async () => {
    const missing = await ask({ uri: "/none" });
    expect([missing.status, JSON.parse(missing.body as never).code]).toEqual(["404", "no-endpoint"]);
    const method = await ask({ method: "DELETE" });
    expect([method.status, value(method.headers, "allow")]).toEqual(["405", "GET, HEAD, OPTIONS"]);
    const malformed = await ask({ uri: "/api/..%2fproducts" });
    expect([malformed.status, JSON.parse(malformed.body as never).code]).toEqual(["400", "malformed-path"]);
    for (const answer of [missing, method, malformed])
      expect(value(answer.headers, "cache-control")).toMatch(/no-store|private/);
  });

  it("has no header that a function may not add", async () => {
    const answer = await ask({ uri: "/hello" });
    expect(
      Object.keys(answer.headers).filter((name) => /^(x-cache|cache-status|content-length|connection)$/.test(name)),
    ).toEqual([]);
  });

  it("comes from a handler, which sees the vars as env and the body", async () => {
    const handler = handlerFor(SETTINGS, async (asked, env) =>
      Response.json({ body: await asked.text(), env, host: new URL(asked.url).host }),
    );
    const body = {
      inputTruncated: false,
      action: "read-only",
      encoding: "base64",
      data: Buffer.from("hi").toString("base64"),
    };
    const answer = await ask({ method: "POST", uri: "/hello", body }, handler);
    expect(JSON.parse(answer.body as never)).toEqual({ body: "hi", env: { MODE: "live" }, host: "api.example.com" });
    const cut = await ask({ method: "POST", uri: "/hello", body: { ...body, inputTruncated: true } }, handler);
    expect([cut.status, JSON.parse(cut.body as never).code]).toEqual(["413", "body-too-large"]);
  });

  it("is base64 where it is no text, has each cookie on its own, and no body for HEAD", async () => {
    const bytes = new Uint8Array([255, 0, 1]);
    const headers = new Headers({ "content-type": "image/png" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const handler = handlerFor(SETTINGS, () => new Response(bytes, { headers }));
    const answer = await ask({ uri: "/hello" }, handler);
    expect([answer.bodyEncoding, answer.body]).toEqual(["base64", Buffer.from(bytes).toString("base64")]);
    expect(answer.headers["set-cookie"]?.map((field) => field.value)).toEqual(["a=1", "b=2"]);
    expect(await ask({ uri: "/hello", method: "HEAD" }, handler)).not.toHaveProperty("body");
  });

  it("over 1 MB becomes an error that says so", async () => {
    const handler = handlerFor(SETTINGS, () => new Response("x".repeat(1024 * 1024)));
    const answer = await ask({ uri: "/hello" }, handler);
    expect([answer.status, JSON.parse(answer.body as never).code]).toEqual(["500", "response-too-large"]);
  });

  it("is stored by its endpoint's policy, unless it is for one caller", async () => {
    expect(value((await ask({ uri: "/hello" })).headers, "cache-control")).toBe(
      "public, max-age=60, s-maxage=3600, stale-if-error=0",
    );
    const cookie = handlerFor(SETTINGS, () => new Response("x", { headers: { "set-cookie": "a=1" } }));
    expect(value((await ask({ uri: "/hello" }, cookie)).headers, "cache-control")).toMatch(/private|no-store/);
  });
});

describe("a session", () => {
  const kv = (id: string, session: unknown) =>
    `${encodeURIComponent(`session:${id}`)}=${encodeURIComponent(JSON.stringify(session))}`;

  it("is what the viewer's function has looked up", async () => {
    const answer = await ask({
      uri: "/api/session",
      headers: { Cookie: "session=abcdefgh", "X-Edgewright-Kv": kv("abcdefgh", { user: "ü" }) },
    });
    expect([answer.status, JSON.parse(answer.body as never)]).toEqual(["200", { user: "ü" }]);
    expect(value(answer.headers, "cache-control")).toBe("no-store");
  });

  it.each([
    ["none", {}, "no-session"],
    ["an unknown one", { Cookie: "session=abcdefgh" }, "unknown-session"],
    ["another one's data", { Cookie: "session=abcdefgh", "X-Edgewright-Kv": kv("zzzzzzzz", {}) }, "unknown-session"],
    ["malformed data", { Cookie: "session=abcdefgh", "X-Edgewright-Kv": "%=%" }, "unknown-session"],
  ])("is refused: %s", async (_name, headers, code) => {
    const answer = await ask({ uri: "/api/session", headers });
    expect([answer.status, JSON.parse(answer.body as never).code]).toEqual(["401", code]);
  });
});

describe("a session beside a function of the user's own at the viewer", () => {
  const behaviors: LambdaOptions["behaviors"] = [
    { pattern: "/api/session", policy: null },
    { pattern: "/own/*", policy: null, own: true },
    { pattern: "*", policy: null },
  ];
  const headers = {
    Cookie: "session=abcdefgh",
    "X-Edgewright-Kv": `${encodeURIComponent("session:abcdefgh")}=${encodeURIComponent('{"user":"mallory"}')}`,
  };
  const handler = (of = behaviors) =>
    createLambda(SETTINGS, {
      features: [forward, sessions],
      handlers: { "hello.js": { default: () => new Response() } },
      behaviors: of,
    });

  it("is what our function has looked up on its own path", async () => {
    expect((await ask({ uri: "/api/session", headers }, handler())).status).toBe("200");
  });

  // Nothing has removed the header there: the viewer would say who it is.
  it.each(["/own/..\\api\\session", "/x/%2e%2e/own/..\\api/session", "/own/%2e%2e/api/session", "/own/../api/session"])(
    "is not what the viewer says: %s",
    async (uri) => {
      expect((await ask({ uri, headers }, handler())).status).toMatch(/^40[01]$/);
    },
  );

  it("is not asked for where no function of ours runs at all", async () => {
    const own = behaviors.map((behavior) => ({ ...behavior, own: true }));
    expect((await ask({ uri: "/api/session", headers }, handler(own))).status).toBe("401");
  });
});

describe("an origin's response", () => {
  it("says where it came from, and is kept for the policy's time by CloudFront alone", async () => {
    const answer = await through({}, 200, {
      "Content-Type": "text/plain",
      "Cache-Control": "max-age=5",
      "X-Origin-Region": "spoofed",
    });
    expect(value(answer.headers, "x-origin-region")).toBe("us");
    expect(value(answer.headers, "cache-control")).toBe("public, max-age=60, s-maxage=3600, stale-if-error=0");
    expect(value(answer.headers, "cache-tag")).toBe("p");
    const second = await through({ attempt: "1" }, 200, {});
    expect([value(second.headers, "x-origin-region"), value(second.headers, "x-origin-failover")]).toEqual([
      "eu",
      "us",
    ]);
  });

  it.each([
    ["Set-Cookie", {}, { "Set-Cookie": "a=1" }],
    ["private", {}, { "Cache-Control": "private, max-age=60" }],
    ["no-store", {}, { "Cache-Control": "no-store" }],
    ["Authorization", { Authorization: "Bearer x" }, {}],
    ["Vary: *", {}, { Vary: "*" }],
    ["a Vary that is not in the key", {}, { Vary: "Accept-Language" }],
  ])("is not kept: %s", async (_name, headers, response) => {
    const answer = await through({ headers }, 200, response);
    expect(value(answer.headers, "cache-control")).toMatch(/private|no-store/);
    expect(value(answer.headers, "cache-control")).not.toContain("s-maxage");
  });

  it("with Vary: Accept-Encoding is kept: the coding is in CloudFront's key", async () => {
    const answer = await through({}, 200, { Vary: "Accept-Encoding" });
    expect(value(answer.headers, "cache-control")).toContain("s-maxage=3600");
  });

  it.each([404, 500, 503])("of status %i is not kept where the policy gives errors no time", async (status) => {
    const answer = await through({}, status, {});
    expect(value(answer.headers, "cache-control") ?? "private").not.toContain("s-maxage");
  });

  it("is not kept where a path of another behavior leads to its endpoint: the key may lack what it depends on", async () => {
    // CloudFront takes the default behavior for the escape; the core normalises it to /api/products.
    const answer = await through({ uri: "/%61pi/products" }, 200, {
      "Cache-Control": "public, max-age=600, s-maxage=9",
    });
    expect(value(answer.headers, "cache-control")).toBe("private, max-age=600");
  });

  it("is drawn from the jitter's range", async () => {
    const jittery: CacheSpec = { ...PRODUCTS, name: "jittery", edge_jitter_s: [100, 200] };
    const settings = settingsOf({ routers: [ROUTER], endpoints: [endpoint("/j", ORIGIN, { cache: jittery })] });
    const handler = createLambda(settings, {
      features: [forward],
      handlers: {},
      behaviors: [{ pattern: "*", policy: "jittery" }],
    });
    for (let round = 0; round < 20; round++) {
      const answer = await through({ uri: "/j" }, 200, {}, handler);
      const ttl = Number(/s-maxage=(\d+)/.exec(value(answer.headers, "cache-control") ?? "")?.[1]);
      expect(ttl).toBeGreaterThanOrEqual(100);
      expect(ttl).toBeLessThanOrEqual(200);
    }
  });
});
