// The event objects against AWS's own examples: the same request, made into an event, is the example.

import { describe, expect, it } from "vitest";
import { eventBody, requestEvent, responseEvent } from "../../src/platforms/cloudfront/gateway/events.js";
import type { EdgeRequest, EdgeResponse, EventType, Headers } from "../../src/platforms/cloudfront/gateway/types.js";
import { EXAMPLES } from "./fixtures/lambda-events.js";
import {
  behavior,
  customOrigin,
  DISTRIBUTION_ID,
  DOMAIN,
  deployment,
  distribution,
  edge,
  LAMBDA_ARN,
  lambda,
  origin,
  simple,
} from "./support.js";

describe("AWS's example events", () => {
  it.each(["viewer-request", "origin-request", "origin-response", "viewer-response"] as EventType[])("%s", (type) => {
    const example = EXAMPLES[type] as (typeof EXAMPLES)[string];
    const { config, request, response } = (example as NonNullable<typeof example>).Records[0].cf;
    const asked: EdgeRequest = {
      method: request.method,
      uri: request.uri,
      querystring: request.querystring,
      headers: request.headers,
      body: undefined,
    };
    if (response === undefined) {
      expect(requestEvent(config, asked, request.clientIp, { origin: request.origin })).toEqual(example);
    } else {
      const answered: EdgeResponse = {
        status: Number(response.status),
        statusDescription: response.statusDescription,
        headers: response.headers,
        body: undefined,
      };
      expect(responseEvent(config, asked, request.clientIp, answered, request.origin)).toEqual(example);
    }
  });
});

/** The shape of a value: its keys, and the types at the leaves. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shape(each)]));
}

/** A function that stays out of the way and tells its event in a log line. */
const TELL = `export const handler = async (event) => {
  console.log("EVENT " + JSON.stringify(event));
  const { request, response } = event.Records[0].cf;
  return response ?? request;
};`;

async function told(type: EventType, includeBody = false) {
  const from = await origin((_request, response) => {
    response
      .writeHead(200, { "Content-Type": "text/html; charset=utf-8", Server: "ExampleCustomOriginServer" })
      .end("hello");
  });
  const association = { event_type: type, lambda_arn: LAMBDA_ARN, include_body: includeBody };
  const document = simple(
    from.port,
    {},
    { default_cache_behavior: behavior({ lambda_function_associations: [association] }) },
  );
  document.lambda_versions.push(lambda(TELL));
  const site = await edge(document);
  const events = () =>
    site.logs
      .filter((line) => line.message.startsWith("EVENT "))
      .map((line) => JSON.parse(line.message.slice(6)).Records[0].cf);
  return { site, from, events };
}

describe("events over HTTP", () => {
  const headers = { Host: DOMAIN, "User-Agent": "curl/7.66.0", accept: "*/*" };

  it("a viewer request has AWS's shape", async () => {
    const { site, events } = await told("viewer-request");
    await site.get("/", { headers });
    await expect.poll(() => events().length).toBe(1);
    const [event] = events();
    // This client's own Connection header is not exposed to functions.
    expect(shape(event)).toEqual(shape(EXAMPLES["viewer-request"]?.Records[0].cf));
    expect(event.config).toMatchObject({
      distributionDomainName: DOMAIN,
      distributionId: DISTRIBUTION_ID,
      eventType: "viewer-request",
    });
    expect(event.request.clientIp).toBe("203.0.113.178");
    expect(event.request.headers.accept).toEqual([{ key: "accept", value: "*/*" }]);
  });

  it("an origin request shows the origin and what CloudFront adds", async () => {
    const { site, events, from } = await told("origin-request");
    await site.get("/", { headers });
    await expect.poll(() => events().length).toBe(1);
    const [{ request }] = events();
    expect(request.origin).toEqual({
      custom: {
        customHeaders: {},
        domainName: "localhost",
        keepaliveTimeout: 5,
        path: "",
        port: from.port,
        protocol: "http",
        readTimeout: 30,
        sslProtocols: ["TLSv1.2"],
      },
    });
    expect(request.headers["x-forwarded-for"]).toEqual([{ key: "X-Forwarded-For", value: "203.0.113.178" }]);
    expect(request.headers["user-agent"]).toEqual([{ key: "User-Agent", value: "Amazon CloudFront" }]);
    expect(request.headers.host).toEqual([{ key: "Host", value: "localhost" }]);
    expect(request.headers.via[0].value).toMatch(/cloudfront\.net \(CloudFront\)$/);
    expect(request.headers["x-amz-cf-id"]).toBeUndefined();
  });

  it("the four events of one request share an id and come in order", async () => {
    const from = await origin((_request, response) => response.end("x"));
    const types: EventType[] = ["viewer-request", "origin-request", "origin-response", "viewer-response"];
    const associations = types.map((event_type) => ({ event_type, lambda_arn: LAMBDA_ARN, include_body: false }));
    const document = deployment({
      distributions: [
        distribution([customOrigin(from.port)], {
          default_cache_behavior: behavior({ lambda_function_associations: associations }),
        }),
      ],
      lambda_versions: [lambda(TELL)],
    });
    const site = await edge(document);
    const miss = await site.get("/");
    const config = () =>
      site.logs
        .filter((line) => line.message.startsWith("EVENT "))
        .map((line) => JSON.parse(line.message.slice(6)).Records[0].cf.config);
    await expect.poll(() => config().map((each) => each.eventType)).toEqual(types);
    expect(new Set(config().map((each) => each.requestId))).toEqual(new Set([miss.headers["x-amz-cf-id"]]));
    await site.get("/");
    await expect
      .poll(() =>
        config()
          .slice(4)
          .map((each) => each.eventType),
      )
      .toEqual(["viewer-request", "viewer-response"]);
  });

  it("an origin response has status and headers, never the body", async () => {
    const { site, events } = await told("origin-response");
    await site.get("/");
    await expect.poll(() => events().length).toBe(1);
    const [{ response }] = events();
    expect(response.status).toBe("200");
    expect(response.statusDescription).toBe("OK");
    expect(response.body).toBeUndefined();
    expect(response.headers["content-type"]).toEqual([{ key: "Content-Type", value: "text/html; charset=utf-8" }]);
  });

  it("includes a body in base64 where the trigger asks for it, and cuts it at the event's limit", async () => {
    const { site, events, from } = await told("viewer-request", true);
    await site.get("/", { method: "POST", body: "name=value" });
    const large = "x".repeat(41 * 1024);
    await site.get("/", { method: "POST", body: large });
    await expect.poll(() => events().length).toBe(2);
    expect(events()[0].request.body).toEqual({
      inputTruncated: false,
      action: "read-only",
      encoding: "base64",
      data: Buffer.from("name=value").toString("base64"),
    });
    expect(events()[1].request.body.inputTruncated).toBe(true);
    expect(Buffer.from(events()[1].request.body.data, "base64")).toHaveLength(40 * 1024);
    // Read-only access leaves the origin the full body.
    expect(from.seen.map((each) => each.body.length)).toEqual([10, large.length]);
  });

  it("cuts at 1 MB for origin requests", () => {
    const body = eventBody(new Uint8Array(1024 * 1024 + 1), "origin-request");
    expect(body.inputTruncated).toBe(true);
    expect(Buffer.from(body.data, "base64")).toHaveLength(1024 * 1024);
  });

  it("hides disallowed headers from functions", () => {
    const headers: Headers = {
      "x-cache": [{ value: "Hit" }],
      "x-amz-cf-id": [{ value: "1" }],
      "x-edge-location": [{ value: "1" }],
      "x-real-ip": [{ value: "1" }],
      ok: [{ value: "1" }],
    };
    const config = {
      distributionDomainName: DOMAIN,
      distributionId: DISTRIBUTION_ID,
      eventType: "viewer-request" as const,
      requestId: "1",
    };
    const event = requestEvent(
      config,
      { method: "GET", uri: "/", querystring: "", headers, body: undefined },
      "203.0.113.1",
    );
    expect(Object.keys(event.Records[0].cf.request.headers)).toEqual(["ok"]);
  });
});
