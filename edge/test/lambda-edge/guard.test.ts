// The function at the viewer that checks tokens before CloudFront gives out what it has stored.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jwt } from "../../src/core/features/jwt";
import type { EndpointSpec } from "../../src/core/settings.gen";
import type {
  CloudFrontEvent,
  EventHeaders,
  EventRequest,
  EventResponse,
} from "../../src/platforms/cloudfront/lambda-edge/events";
import { createGuard, orderedQuery } from "../../src/platforms/cloudfront/lambda-edge/guard";
import { deadUrl } from "../support/origin";
import { endpoint, settings } from "../support/settings";

const SESSION: EndpointSpec["target"] = { kind: "session" };

let keys: Server;
let fetched = 0;
let token: (claims?: Record<string, unknown>) => Promise<string>;
let handler: ReturnType<typeof createGuard>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" };
  keys = createServer((_request, response) => {
    fetched += 1;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => keys.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;
  token = (claims = {}) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "1" })
      .setIssuer("https://id")
      .setAudience("products")
      .setExpirationTime("5m")
      .sign(privateKey);
  const auth: EndpointSpec["auth"] = {
    kind: "jwt",
    issuer: "https://id",
    audience: ["products"],
    algorithms: ["ES256"],
    jwks_url: url,
    secret_binding: null,
    clock_tolerance_s: 0,
    required_claims: {},
    jwks_max_stale_s: 0,
  };
  handler = createGuard(
    settings({
      endpoints: [
        endpoint("/private/:id", SESSION, { auth }),
        endpoint("/private/open", SESSION),
        endpoint("/account", SESSION, { auth: { kind: "session" } }),
      ],
    }),
    {
      features: [jwt],
      reserved: ["x-edgewright-", "x-origin-"],
      redirects: [
        { path: "/old/*", to: "/private/*", status: 301, text: "Moved Permanently" },
        { path: "/gone", to: "https://other.example.com/", status: 308, text: "Permanent Redirect" },
      ],
      queries: [{ pattern: "/private/*", keep: "include", names: ["page", "sort"] }],
    },
  );
});

afterAll(async () => {
  await new Promise<void>((resolve) => keys.close(() => resolve()));
});

function event(uri: string, given: Partial<EventRequest> & { sent?: Record<string, string> } = {}): CloudFrontEvent {
  const { sent = {}, ...more } = given;
  const headers: EventHeaders = { host: [{ key: "Host", value: "api.example.com" }] };
  for (const [key, value] of Object.entries(sent)) headers[key.toLowerCase()] = [{ key, value }];
  const request: EventRequest = {
    clientIp: "203.0.113.9",
    method: "GET",
    uri,
    querystring: "",
    headers,
    ...more,
  };
  const config = { distributionDomainName: "d1.cloudfront.net", eventType: "viewer-request" };
  return { Records: [{ cf: { config, request } }] };
}

const ask = async (uri: string, given: Parameters<typeof event>[1] = {}) =>
  (await handler(event(uri, given))) as EventRequest & EventResponse;

const bearer = async (claims?: Record<string, unknown>) => ({ Authorization: `Bearer ${await token(claims)}` });

describe("the guard", () => {
  it("lets a caller with a good token on, and asks for the key set once", async () => {
    for (let index = 0; index < 3; index++) {
      const passed = await ask("/private/1", { sent: await bearer() });
      expect(passed.uri).toBe("/private/1");
      expect(passed.status).toBeUndefined();
    }
    expect(fetched).toBe(1);
  });

  it.each([
    [{}, "no-token"],
    [{ Authorization: "Bearer abc" }, "invalid-token"],
    [{ Authorization: "Bearer eyJhbGciOiJub25lIn0.e30.c2ln" }, "invalid-token"],
  ])("answers %j with 401 and %s", async (sent: Record<string, string>, code) => {
    const refused = await ask("/private/1", { sent });
    expect(refused.status).toBe("401");
    expect(JSON.parse(refused.body ?? "")).toMatchObject({ status: 401, code, instance: "/private/1" });
    expect(refused.headers["www-authenticate"]?.[0]?.value).toContain("Bearer realm=");
    expect(refused.headers["cache-control"]?.[0]?.value).toBe("no-store");
  });

  it.each(["/private/%2e%2e/private/1", "//private/1", "/%70rivate/1", "/private/1;x=1", "/open/../private/1"])(
    "asks for the token under every spelling of a path: %s",
    async (uri) => {
      expect((await ask(uri)).status).toBe("401");
      expect((await ask(uri, { sent: await bearer() })).status).toBeUndefined();
    },
  );

  it("answers a malformed path, an unknown one and a wrong method as the edge does", async () => {
    expect((await ask("/private%2f1")).status).toBe("400");
    expect((await ask("/nowhere")).status).toBe("404");
    const wrong = await ask("/private/1", { method: "DELETE" });
    expect([wrong.status, wrong.headers.allow?.[0]?.value]).toEqual(["405", "GET, HEAD, OPTIONS"]);
  });

  it("lets on what needs no token, and leaves a session to the edge", async () => {
    expect((await ask("/private/open")).status).toBeUndefined();
    expect((await ask("/account")).status).toBeUndefined();
  });

  it("removes the headers by which a client would speak for the edge", async () => {
    const passed = await ask("/private/open", { sent: { "X-Edgewright-Kv": "session:a=1", "X-Mine": "1" } });
    expect(Object.keys(passed.headers).sort()).toEqual(["host", "x-mine"]);
  });

  it("redirects before it asks who is there", async () => {
    const moved = await ask("/old/1", { querystring: "a=1" });
    expect([moved.status, moved.headers.location?.[0]?.value]).toEqual(["301", "/private/1?a=1"]);
    expect((await ask("/old//evil.example.com")).headers.location?.[0]?.value).toBe("/private//evil.example.com");
    expect((await ask("/gone")).headers.location?.[0]?.value).toBe("https://other.example.com/");
  });

  it("puts parameters in one order and drops those that are not in the key", async () => {
    const passed = await ask("/private/open", { querystring: "utm_source=x&sort=b&%70age=2&page=3" });
    expect(passed.querystring).toBe("page=2&page=3&sort=b");
  });
});

describe("a query in one order", () => {
  const all = { keep: "all", names: [] } as const;

  it("says the same in whatever order and spelling it came", () => {
    const pair = fc.tuple(fc.constantFrom("a", "b", "page", "%70age", "x+y", "x%20y"), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(
        fc.uniqueArray(pair, { selector: ([name]) => decodeURIComponent(name.replace("+", " ")) }),
        (pairs) => {
          const text = (list: typeof pairs) =>
            list.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
          const once = orderedQuery(text(pairs), all);
          expect(orderedQuery(text([...pairs].reverse()), all)).toBe(once);
          expect(orderedQuery(once, all)).toBe(once);
        },
      ),
    );
  });

  it("keeps what cannot be read, and lets nothing be cut at a semicolon", () => {
    expect(orderedQuery("%zz=1&b=1;c=2", all)).toBe("%zz=1&b=1%3Bc=2");
    expect(orderedQuery("b=2&a=1&&a=0", all)).toBe("a=1&a=0&b=2");
    expect(orderedQuery("a=1", { keep: "none", names: [] })).toBe("");
    expect(orderedQuery("a=1&b=2", { keep: "exclude", names: ["a"] })).toBe("b=2");
  });
});

it("fails closed where the key set cannot be had", async () => {
  const auth: EndpointSpec["auth"] = {
    kind: "jwt",
    issuer: "https://id",
    audience: ["products"],
    algorithms: ["ES256"],
    jwks_url: await deadUrl(),
    secret_binding: null,
    clock_tolerance_s: 0,
    required_claims: {},
    jwks_max_stale_s: 0,
  };
  const closed = createGuard(settings({ endpoints: [endpoint("/private/:id", SESSION, { auth })] }), {
    features: [jwt],
    reserved: [],
    redirects: [],
    queries: [],
  });
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const refused = (await closed(event("/private/1", { sent: await bearer() }))) as EventResponse;
  expect(refused.status).toBe("503");
  expect(JSON.parse(refused.body ?? "")).toMatchObject({ code: "keys-unavailable" });
  expect(error).toHaveBeenCalled();
  error.mockRestore();
});
