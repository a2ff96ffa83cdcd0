import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { Counters } from "../../src/gateway/counters.js";
import { clientOf } from "../../src/gateway/geo.js";
import { Logs } from "../../src/gateway/logs.js";
import { createCloudFront } from "../../src/platforms/cloudfront/gateway/index.js";
import { depsFor, viewerFor } from "../../src/platforms/cloudfront/gateway/mount.js";
import { behavior, DOMAIN, edgeFunction, FUNCTION_ARN, origin, simple } from "./support.js";

it("counts, logs and knows viewers as the gateway does", async () => {
  const from = await origin((incoming, response) => response.end(JSON.stringify(incoming.headers)));
  const headers = [
    "CloudFront-Viewer-Country",
    "CloudFront-Viewer-Time-Zone",
    "CloudFront-Viewer-City",
    "CloudFront-Forwarded-Proto",
  ];
  const associations = [{ event_type: "viewer-request" as const, function_arn: FUNCTION_ARN }];
  const document = simple(
    from.port,
    { headers },
    { default_cache_behavior: behavior({ function_associations: associations }) },
  );
  document.functions.push(edgeFunction(`function handler(event) { console.log("seen"); return event.request; }`));
  const counters = new Counters();
  const logs = new Logs(undefined);
  const cloudfront = createCloudFront(document, depsFor(counters, logs));
  const server = createServer((incoming, outgoing) => {
    const country = incoming.headers["x-local-country"] as string | undefined;
    const client = clientOf(country, undefined, incoming.socket.remoteAddress);
    void cloudfront.handleNode(incoming, outgoing, viewerFor(client, incoming), DOMAIN);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const body = await new Promise<string>((resolve) => {
    const headers = { "X-Local-Country": "DE", "X-Local-Proto": "http" };
    request({ port, host: "127.0.0.1", agent: false, headers }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve(text));
    }).end();
  });
  expect(JSON.parse(body)).toMatchObject({
    "cloudfront-viewer-country": "DE",
    "cloudfront-viewer-time-zone": "Europe/Berlin",
    "cloudfront-viewer-city": expect.any(String),
    "cloudfront-forwarded-proto": "http",
  });
  const name = `http://localhost:${from.port}`;
  await expect
    .poll(() => counters.origin(name))
    .toMatchObject({ requests: 1, inFlight: 0, errors: 0, byStatus: { 200: 1 } });
  await expect
    .poll(() => logs.after(0, 10).map((entry) => [entry.source, entry.worker, entry.message]))
    .toContainEqual(["worker", "function edge", "seen"]);
  await new Promise((resolve) => server.close(resolve));
  await cloudfront.stop();
});
