import { afterAll, beforeAll, expect, test } from "vitest";
import { deployment, type Gateway, startGateway } from "./harness.js";

const ECHO = `export default {
  async fetch(request, env) {
    return Response.json({ url: request.url, method: request.method, cf: request.cf, headers: Object.fromEntries(request.headers), body: await request.text() });
  },
};`;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
  const answer = await gateway.deploy(deployment(ECHO));
  expect(answer.text).toContain("generation");
});
afterAll(() => gateway.stop());

test("a client without a choice is in the default country, and the Worker sees the platform's headers", async () => {
  const { json } = await gateway.get("/a?b=c");
  expect(json.url).toBe("http://api.example.com/a?b=c");
  expect(json.cf).toMatchObject({
    country: "US",
    continent: "NA",
    colo: "IAD",
    city: "Ashburn",
    timezone: "America/New_York",
  });
  expect(json.headers).toMatchObject({
    "cf-ipcountry": "US",
    "cf-connecting-ip": "127.0.0.1",
    "x-real-ip": "127.0.0.1",
    "x-forwarded-proto": "http",
  });
});
