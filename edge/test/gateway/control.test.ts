// The control port: who may use it, and what it tells.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployment, type Gateway, request, startGateway, until } from "./harness.js";

interface Entry {
  seq: number;
  time: string;
  level: string;
  source: string;
  message: string;
  worker?: string;
  version?: string;
  status?: number;
  ms?: number;
}

const directory = mkdtempSync(join(tmpdir(), "edgewright-log-"));
const logFile = join(directory, "gateway.ndjson");
let gateway: Gateway;
const entries = async (after = 0): Promise<Entry[]> =>
  (await gateway.control("GET", `/v1/logs?after=${after}`)).json.entries;

beforeAll(async () => {
  gateway = await startGateway({ logFile });
  const source = `console.log("loaded");
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/log") { console.log("one %s", "two", { a: 1 }); console.warn({ b: 2 }); console.error("bad"); console.debug("fine"); console.info("so"); }
    if (pathname === "/lines") console.log("first\\nsecond");
    if (pathname === "/throw") inner();
    if (pathname === "/reject") await Promise.reject(new RangeError("async"));
    if (pathname === "/text") throw "just text";
    if (pathname === "/broken") return 42;
    return new Response("ok");
  },
};
function inner() { throw new TypeError("boom"); }`;
  expect((await gateway.deploy(deployment({ version: "v3", modules: { "main.js": source } }))).status).toBe(200);
});
afterAll(async () => {
  await gateway.stop();
  rmSync(directory, { recursive: true });
});

describe("who may use it", () => {
  test.each([
    ["no token", {}],
    ["a wrong token", { Authorization: "Bearer wrong" }],
    ["another scheme", { Authorization: "Basic d3Jvbmc=" }],
  ])("%s: 401", async (_name, headers) => {
    for (const path of ["/v1/status", "/v1/deploy", "/v1/kv/x/values/y", "/nothing"]) {
      const answer = await request(gateway.controlPort, path, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    }
  });

  test.each(["evil.example", "evil.example:80", "127.0.0.1.evil.example:80", "localhost.evil.example:80"])(
    "Host %s: 421, also with the token",
    async (host) => {
      const answer = await request(gateway.controlPort, "/v1/status", {
        headers: { Authorization: `Bearer ${gateway.token}`, Host: host },
      });
      expect(answer.status).toBe(421);
    },
  );

  test("the token does not open anything at the edge, and the control API is not there", async () => {
    const answer = await gateway.get("/v1/status", { Authorization: `Bearer ${gateway.token}` });
    expect(answer.text).toBe("ok");
  });

  test("what is not part of it: 404 with what is", async () => {
    const answer = await gateway.control("GET", "/v1/nothing");
    expect(answer.status).toBe(404);
    expect(answer.json.detail).toContain("POST /v1/deploy");
  });
});

describe("what it tells", () => {
  test("status", async () => {
    const { json } = await gateway.control("GET", "/v1/status");
    expect(json).toMatchObject({
      generation: 1,
      stack: "test",
      last_error: null,
      urls: [{ host: "api.example.com", worker: "api" }],
    });
    expect(json.uptime_s).toBeGreaterThan(0);
    expect(new Date(json.since).getTime()).toBeLessThanOrEqual(Date.now());
  });

  test("a request's entry: method, URL, status, time, Worker and version", async () => {
    const last = (await gateway.control("GET", "/v1/logs?limit=1")).json.last;
    await gateway.request("/x?y", { method: "POST", body: "z" });
    const [entry] = await entries(last);
    expect(entry).toMatchObject({
      source: "request",
      level: "info",
      method: "POST",
      url: "http://api.example.com/x?y",
      status: 200,
      worker: "api",
      version: "v3",
    });
    expect(entry?.ms).toBeGreaterThan(0);
    expect(entry?.seq).toBe(last + 1);
  });

  test("what a Worker prints, with its name and version", async () => {
    await gateway.get("/log");
    const printed = await until(async () => {
      const found = (await entries()).filter(({ source }) => source === "worker");
      return found.length >= 6 && found;
    });
    expect(printed.map(({ level, message, worker, version }) => [level, message, worker, version])).toEqual([
      ["log", "loaded", "api", "v3"],
      ["log", "one two { a: 1 }", "api", "v3"],
      ["warn", "{ b: 2 }", "api", "v3"],
      ["error", "bad", "api", "v3"],
      ["debug", "fine", "api", "v3"],
      ["info", "so", "api", "v3"],
    ]);
  });

  test("several lines of one print stay one entry", async () => {
    await gateway.get("/lines");
    await until(async () => (await entries()).some(({ message }) => message === "first\nsecond"));
  });

  test.each([
    ["/throw", /^Uncaught TypeError: boom\n\s+at inner \(main\.js:14:\d+\)/],
    ["/reject", /^Uncaught RangeError: async\n\s+at .*main\.js:8:/],
    ["/text", /^Uncaught just text$/],
    ["/broken", /^Uncaught TypeError: Incorrect type for Promise/],
  ])("an uncaught exception, once: %s", async (path, expected) => {
    const last = (await gateway.control("GET", "/v1/logs?limit=1")).json.last;
    expect((await gateway.get(path)).status).toBe(500);
    const found = await until(async () =>
      (await entries(last)).find(({ source, message }) => source !== "request" && expected.test(message)),
    );
    expect(found.level).toBe("error");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(
      (await entries(last)).map(({ message }) => message).filter((message) => message.startsWith("Uncaught")),
    ).toEqual([found.message]);
    expect((await gateway.get("/")).text).toBe("ok");
  });

  test("the file has the same entries, one JSON object a line, for its owner alone", async () => {
    const expected = await entries();
    await until(() => readFileSync(logFile, "utf8").trim().split("\n").length >= expected.length);
    const lines = readFileSync(logFile, "utf8").trim().split("\n");
    expect(lines.slice(0, expected.length).map((line) => JSON.parse(line))).toEqual(expected);
    expect(statSync(logFile).mode & 0o777).toBe(0o600);
  });

  test("entries in portions, and a question that is none", async () => {
    const two = (await gateway.control("GET", "/v1/logs?after=1&limit=2")).json.entries as Entry[];
    expect(two.map(({ seq }) => seq)).toEqual([2, 3]);
    expect((await gateway.control("GET", "/v1/logs?after=x")).json.detail).toContain('after is "x"');
  });

  test("counters by status, back to zero when asked", async () => {
    await gateway.control("POST", "/v1/counters/reset");
    await gateway.get("/");
    await gateway.get("/throw");
    await gateway.get("/", { "X-Local-Country": "??" });
    expect((await gateway.control("GET", "/v1/counters")).json).toMatchObject({
      requests: 3,
      byStatus: { 200: 1, 400: 1, 500: 1 },
      origins: {},
    });
    expect((await gateway.control("POST", "/v1/counters/reset")).json).toMatchObject({ requests: 0, byStatus: {} });
  });
});

test("a log file that cannot be written stops nothing", async () => {
  const other = await startGateway({ logFile: "/proc/none/gateway.ndjson" });
  await other.deploy(deployment("export default { fetch() { return new Response('ok'); } };"));
  expect((await other.get("/")).text).toBe("ok");
  await other.stop();
  expect(existsSync("/proc/none/gateway.ndjson")).toBe(false);
});
