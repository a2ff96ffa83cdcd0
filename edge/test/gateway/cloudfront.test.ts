// Distributions in the gateway: beside Workers, swapped whole, invalidated from the control port.

import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DOMAIN, type distribution, edgeFunction, simple } from "../cloudfront/support.js";
import { type Gateway, startGateway, worker } from "./harness.js";
import type { Deployment } from "./types.js";

type CloudFrontDeployment = NonNullable<Deployment["cloudfront"]>;

let gateway: Gateway;
let origin: http.Server;
let port: number;
/** Answers of `/slow` that wait to be let go. */
const waiting: (() => void)[] = [];

beforeAll(async () => {
  gateway = await startGateway();
  origin = http.createServer((request, response) => {
    if (request.url === "/moved") {
      response.writeHead(302, { Location: "https://www.shop.example/there" }).end();
      return;
    }
    const answer = (): void => {
      response.setHeader("Cache-Tag", "news");
      response.end(`${request.url} ${Math.random()}`);
    };
    if (request.url === "/slow") waiting.push(answer);
    else answer();
  });
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  port = (origin.address() as AddressInfo).port;
});

afterAll(async () => {
  await gateway.stop();
  origin.closeAllConnections();
  origin.close();
});

const ALIAS = { aliases: ["www.shop.example"], cache_tag_config: { header_name: "cache-tag" } };

function site(more: Parameters<typeof distribution>[1] = ALIAS): CloudFrontDeployment {
  return simple(port, {}, more);
}

const api = worker(`export default { fetch: () => new Response("from the Worker") };`);
const onDomain = { workers: [api], domains: [{ hostname: "api.shop.example", worker: "api" }] };

describe("who answers", () => {
  test("the distribution alone: on its names, on loopback, and nobody else's", async () => {
    expect((await gateway.deploy({ cloudfront: site() })).status).toBe(200);
    for (const headers of [
      { Host: DOMAIN },
      { Host: "WWW.shop.example:80" },
      { "X-Local-Host": "www.shop.example" },
      {},
    ]) {
      const answer = await gateway.get("/who", headers as Record<string, string>);
      expect([answer.status, answer.headers["x-cache"]]).toEqual([200, expect.stringContaining("from cloudfront")]);
    }
    const stranger = await gateway.get("/", { Host: "other.example" });
    expect(stranger.status).toBe(404);
    expect(stranger.json.hosts).toEqual(["www.shop.example", DOMAIN]);
  });

  test("a Worker beside it, which loopback then means", async () => {
    expect((await gateway.deploy({ ...onDomain, cloudfront: site() })).status).toBe(200);
    expect((await gateway.get("/", { Host: "api.shop.example" })).text).toBe("from the Worker");
    expect((await gateway.get("/")).text).toBe("from the Worker");
    expect((await gateway.get("/", { Host: "www.shop.example" })).headers["x-cache"]).toMatch(/cloudfront/);
    const { json } = await gateway.control("GET", "/v1/status");
    expect(json.urls).toEqual([
      { host: "www.shop.example", distribution: "EDFDVBD6EXAMPLE", url: expect.any(String) },
      { host: DOMAIN, distribution: "EDFDVBD6EXAMPLE", url: expect.any(String) },
      { host: "api.shop.example", worker: "api", url: expect.any(String) },
    ]);
    expect(json.runs).toEqual([
      { what: "Worker", name: "api", state: expect.stringMatching(/ 100 %$/) },
      { what: "distribution", name: "EDFDVBD6EXAMPLE", state: `${DOMAIN}, www.shop.example` },
    ]);
  });

  test("redirects to its own name stay here", async () => {
    await gateway.deploy({ cloudfront: site() });
    const local = `127.0.0.1:${gateway.port}`;
    expect((await gateway.get("/moved", { Host: local })).headers.location).toBe(`http://${local}/there`);
    expect((await gateway.get("/moved", { Host: "www.shop.example" })).headers.location).toBe(
      "https://www.shop.example/there",
    );
  });

  test("WebSockets are refused by name", async () => {
    await gateway.deploy({ cloudfront: site() });
    const answer = await gateway.get("/", {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    });
    expect([answer.status, answer.json.detail]).toEqual([501, expect.stringContaining("aws-protocols")]);
  });
});

describe("deployments", () => {
  test("what is wrong is told whole, and the last good one goes on", async () => {
    await gateway.deploy({ cloudfront: site() });
    const first = await gateway.get("/good");
    const bad = site();
    bad.functions.push(edgeFunction("function handler(event) {"));
    const answer = await gateway.deploy({
      workers: [api],
      domains: [{ hostname: "www.shop.example", worker: "api" }],
      cloudfront: bad,
    });
    expect(answer.status).toBe(422);
    const messages = answer.json.errors.map(({ message }: { message: string }) => message);
    expect(messages).toEqual([
      "CloudFront function edge: Unexpected token ')'.",
      "Domain www.shop.example is also an alias of distribution EDFDVBD6EXAMPLE",
    ]);
    const again = await gateway.get("/good");
    expect([again.text, again.headers["x-cache"]]).toEqual([first.text, "Hit from cloudfront"]);
  });

  test("a Worker that cannot start leaves the distribution as it was", async () => {
    await gateway.deploy({ cloudfront: site() });
    const answer = await gateway.deploy({
      workers: [worker("export default {")],
      cloudfront: site({ enabled: false }),
    });
    expect(answer.status).toBe(422);
    expect((await gateway.get("/still")).status).toBe(200);
  });

  test("the cache outlives them, and a request under way is answered by what it came to", async () => {
    await gateway.deploy({ cloudfront: site() });
    const kept = await gateway.get("/kept");
    const slow = gateway.get("/slow");
    await expect.poll(() => waiting.length).toBe(1);
    await gateway.deploy({ cloudfront: site({ ...ALIAS, comment: "another" }) });
    await gateway.deploy({ ...onDomain, cloudfront: site({ ...ALIAS, comment: "a third" }) });
    expect((await gateway.get("/kept", { Host: DOMAIN })).text).toBe(kept.text);
    waiting.pop()?.();
    expect((await slow).text).toMatch(/^\/slow /);
    await gateway.deploy({ workers: [], cloudfront: null });
    expect((await gateway.get("/kept", { Host: DOMAIN })).status).toBe(404);
  });
});

describe("invalidations", () => {
  test("by path and tag, and by a purge, which knows this machine's names", async () => {
    await gateway.deploy({ cloudfront: site() });
    const result = async (): Promise<unknown> => (await gateway.get("/news/1")).headers["x-cache"];
    for (const [path, body] of [
      ["/v1/invalidate", { paths: ["/news/*"] }],
      ["/v1/invalidate", { paths: ["#news"], distribution_id: "EDFDVBD6EXAMPLE" }],
      ["/v1/purge", { urls: [`http://127.0.0.1:${gateway.port}/news/1`] }],
      ["/v1/purge", { urls: ["https://www.shop.example/news/1"] }],
      ["/v1/purge", { prefixes: ["/news"] }],
      ["/v1/purge", { tags: ["news"] }],
      ["/v1/purge", { everything: true }],
    ] as const) {
      await result();
      expect(await result()).toBe("Hit from cloudfront");
      expect((await gateway.control("POST", path, body)).status).toBe(200);
      expect(await result()).toBe("Miss from cloudfront");
    }
    for (const body of [
      { urls: ["https://other.example/news/1"] },
      { urls: ["https://other.example/news/1"], soft: true },
    ]) {
      const { status, json } = await gateway.control("POST", "/v1/purge", body);
      expect([status, json.detail]).toEqual([400, expect.stringContaining("the stack has no host other.example")]);
      expect(await result()).toBe("Hit from cloudfront");
    }
    // CloudFront keeps paths as they were sent.
    const { json } = await gateway.control("POST", "/v1/purge", { urls: ["/news;x//1?a;b", "/a%2Fb"] });
    expect(json.distributions[0].items).toEqual(["/news;x//1?a;b", "/news%3Bx/1?a%3Bb", "/a%2Fb"]);
    for (const what of [{ everything: true }, { tags: ["news"] }, { urls: ["https://www.shop.example/news/1"] }]) {
      const { status, json } = await gateway.control("POST", "/v1/purge", { ...what, soft: true });
      expect([status, json.detail]).toEqual([400, expect.stringContaining("CloudFront knows no soft purge")]);
      expect(await result()).toBe("Hit from cloudfront");
    }
  });

  test.each([
    ["", "The body is not JSON"],
    ["{}", "paths must be a list"],
    ['{"paths": []}', "paths must be a list"],
    ['{"paths": ["/a"], "id": 1}', "id is unknown"],
    ['{"paths": ["a"]}', 'The invalidation path "a" must begin with a slash'],
    ['{"paths": ["/a"], "distribution_id": "E1"}', "There is no distribution E1"],
  ])("%j is refused", async (body, message) => {
    await gateway.deploy({ cloudfront: site() });
    const answer = await gateway.control("POST", "/v1/invalidate", body);
    expect([answer.status, answer.json.detail]).toEqual([400, expect.stringContaining(message)]);
  });

  test("without a distribution there is nothing to invalidate", async () => {
    await gateway.deploy({ workers: [] });
    expect((await gateway.control("POST", "/v1/invalidate", { paths: ["/*"] })).status).toBe(404);
  });
});
