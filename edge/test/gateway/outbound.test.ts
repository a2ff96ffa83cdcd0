// What a Worker's fetch sees of an origin: the same through the gateway as from workerd without it. And what is counted.

import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { join } from "node:path";
import type * as MiniflareModule from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployment, edgeDir, type Gateway, httpServer, request, startGateway, tcpServer, until } from "./harness.js";

const WORKER = `
import { connect } from "cloudflare:sockets";
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const to = url.searchParams.get("to");
    if (url.pathname === "/tcp") {
      const socket = connect(to);
      const writer = socket.writable.getWriter();
      await writer.write(new TextEncoder().encode("ping"));
      const { value } = await socket.readable.getReader().read();
      return new Response(value);
    }
    if (url.pathname === "/ws") {
      const { webSocket } = await fetch(to, { headers: { Upgrade: "websocket" } });
      webSocket.accept();
      const message = new Promise((resolve) => webSocket.addEventListener("message", (event) => resolve(event.data)));
      webSocket.send("ping");
      const text = await message;
      webSocket.close();
      return new Response(text);
    }
    if (url.pathname === "/timeout") {
      try {
        return await fetch(to, { signal: AbortSignal.timeout(1500) });
      } catch (error) {
        return Response.json({ fetch: error.name });
      }
    }
    const masked = (error) => error.name + ": " + error.message.replace(/reference = \\w+/, "reference");
    let answer;
    try {
      answer = await fetch(to, { method: request.method, body: request.body, redirect: "manual", headers: { "X-Own": "1" } });
    } catch (error) {
      return Response.json({ fetch: masked(error) });
    }
    const hop = ["connection", "transfer-encoding"];
    const result = { status: answer.status, headers: Object.fromEntries([...answer.headers].filter(([name]) => !hop.includes(name))) };
    try {
      return Response.json({ ...result, body: await answer.text() });
    } catch (error) {
      return Response.json({ ...result, error: masked(error) });
    }
  },
};`;

let gateway: Gateway;
let bare: MiniflareModule.Miniflare;
let barePort: number;

beforeAll(async () => {
  gateway = await startGateway();
  const answer = await gateway.deploy(deployment(WORKER));
  expect(answer.text).toContain("generation");
  const { Miniflare } = createRequire(join(edgeDir, "package.json"))("miniflare") as typeof MiniflareModule;
  bare = new Miniflare({
    cf: false,
    handleRuntimeStdio: () => {},
    workers: [
      {
        name: "api",
        modules: [{ type: "ESModule", path: "main.js", contents: WORKER }],
        compatibilityDate: "2026-06-01",
        unsafeDirectSockets: [{ port: 0 }],
        outboundService: { network: { allow: ["public", "private", "local"], tlsOptions: { trustBrowserCas: true } } },
      },
    ],
  });
  barePort = Number((await bare.unsafeGetDirectURL("api")).port);
});
afterAll(async () => {
  await gateway.stop();
  await bare.dispose();
});

const head = "HTTP/1.1 200 OK\r\n";
const later = (socket: Socket, what: (socket: Socket) => void): unknown => setTimeout(() => what(socket), 300);

describe("an origin looks as it does without the gateway", () => {
  test.each<[string, (socket: Socket) => void, object]>([
    [
      "an ordinary answer",
      (socket) => socket.end(`${head}Content-Length: 5\r\nX-A: 1\r\n\r\nhello`),
      { status: 200, body: "hello" },
    ],
    ["an answer until the end", (socket) => socket.end(`${head}Connection: close\r\n\r\nhello`), { body: "hello" }],
    [
      "a chunked answer",
      (socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
      { body: "hello" },
    ],
    [
      "an error status",
      (socket) => socket.end("HTTP/1.1 503 Nope\r\nContent-Length: 0\r\n\r\n"),
      { status: 503, body: "" },
    ],
    ["closes at once", (socket) => socket.end(), { fetch: "Error: Network connection lost." }],
    ["resets at once", (socket) => socket.resetAndDestroy(), { fetch: "Error: Network connection lost." }],
    ["garbage", (socket) => socket.end("\0\x01garbage\r\n\r\n"), { fetch: "Error: internal error; reference" }],
    [
      "a bad status line",
      (socket) => socket.end("HTTP/1.1 two OK\r\n\r\n"),
      { fetch: "Error: internal error; reference" },
    ],
    [
      "cut off in a chunk",
      (socket) => {
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n50\r\nhello`);
        later(socket, (one) => one.destroy());
      },
      { status: 200, error: "Error: Network connection lost." },
    ],
    [
      "cut off between chunks",
      (socket) => {
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
        later(socket, (one) => one.destroy());
      },
      { status: 200, error: "Error: Network connection lost." },
    ],
    [
      "reset short of its length",
      (socket) => {
        socket.write(`${head}Content-Length: 100\r\n\r\nhello`);
        later(socket, (one) => one.resetAndDestroy());
      },
      { status: 200, error: "Error: Network connection lost." },
    ],
    [
      "half-closed short of its length",
      (socket) => socket.end(`${head}Content-Length: 100\r\n\r\nhello`),
      { error: "Error: Network connection lost." },
    ],
    [
      "a bad chunk",
      (socket) => {
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
        later(socket, (one) => one.end("zz\r\nx\r\n"));
      },
      { status: 200, error: "Error: internal error; reference" },
    ],
    [
      "slow",
      (socket) => {
        later(socket, () => socket.write(head));
        setTimeout(() => socket.end("Content-Length: 2\r\n\r\nok"), 300);
      },
      { status: 200, body: "ok" },
    ],
  ])("%s", async (_name, serve, expected) => {
    const origin = await tcpServer((socket) => socket.once("data", () => serve(socket)));
    const path = `/?to=http://127.0.0.1:${origin.port}/x`;
    const [ours, theirs] = await Promise.all([gateway.get(path), request(barePort, path)]);
    origin.close();
    expect(ours.json).toMatchObject(expected);
    expect(ours.json).toEqual(theirs.json);
  });

  test.each([
    ["down", "http://127.0.0.1:1/", "Error: Network connection lost."],
    ["down, with TLS", "https://127.0.0.1:1/", "Error: Network connection lost."],
    ["a name without an address", "http://no-such-host.invalid/", "Error: internal error; reference"],
  ])("%s", async (_name, to, expected) => {
    const [ours, theirs] = await Promise.all([gateway.get(`/?to=${to}`), request(barePort, `/?to=${to}`)]);
    expect(ours.json).toEqual({ fetch: expected });
    expect(theirs.json).toEqual(ours.json);
  });

  test.each([
    ["a status that HTTP does not have", "HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n"],
    ["an upgrade that nobody asked for", "HTTP/1.1 101 Odd\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
  ])("%s is an error", async (_name, text) => {
    const origin = await tcpServer((socket) => socket.once("data", () => socket.end(text)));
    expect((await gateway.get(`/?to=http://127.0.0.1:${origin.port}/`)).json).toEqual({
      fetch: "Error: internal error; reference",
    });
    origin.close();
  });

  test("no TLS where TLS was asked for is an error", async () => {
    const origin = await tcpServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    );
    expect((await gateway.get(`/?to=https://127.0.0.1:${origin.port}/`)).json.fetch).toMatch(/^Error: /);
    origin.close();
  });

  test("the request arrives as the Worker made it", async () => {
    const seen: { url: string | undefined; method: string | undefined; headers: object; body: string }[] = [];
    const origin = await httpServer((incoming, answer) => {
      let body = "";
      incoming.on("data", (part) => {
        body += part;
      });
      incoming.on("end", () => {
        seen.push({ url: incoming.url, method: incoming.method, headers: incoming.headers, body });
        answer.end();
      });
    });
    const to = encodeURIComponent(`http://127.0.0.1:${origin.port}/a%2Fb/../c?q=%20&r=[x]`);
    await gateway.request(`/?to=${to}`, { method: "POST", body: "some body" });
    await request(barePort, `/?to=${to}`, { method: "POST", body: "some body" });
    origin.close();
    const [ours, theirs] = seen as [(typeof seen)[0], (typeof seen)[0]];
    expect(ours).toMatchObject({
      method: "POST",
      body: "some body",
      headers: { host: `127.0.0.1:${origin.port}`, "x-own": "1" },
    });
    expect({ ...ours, headers: undefined }).toEqual({ ...theirs, headers: undefined });
    const names = (headers: object): string[] =>
      Object.keys(headers)
        .filter((name) => name !== "connection")
        .sort();
    expect(names(ours.headers)).toEqual(names(theirs.headers));
  });
});

describe("beyond plain requests", () => {
  test("a Worker's time limit ends the request at the origin", async () => {
    let left = 0;
    const origin = await httpServer((incoming) => incoming.on("close", () => (left += 1)));
    expect((await gateway.get(`/timeout?to=http://127.0.0.1:${origin.port}/`)).json).toEqual({ fetch: "TimeoutError" });
    await until(() => left === 1);
    origin.close();
  });

  test("a Worker's WebSocket", async () => {
    const origin = await httpServer(() => {});
    origin.server.on("upgrade", (incoming, socket) => {
      const key = `${incoming.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      // One unmasked text frame for whatever comes first.
      socket.once("data", () => socket.write(Buffer.from([0x81, 4, ...Buffer.from("pong")])));
    });
    expect((await gateway.get(`/ws?to=http://127.0.0.1:${origin.port}/`)).text).toBe("pong");
    origin.close();
  });

  test("a Worker's TCP socket", async () => {
    const origin = await tcpServer((socket) => socket.on("data", (data) => socket.write(`pong ${data}`)));
    expect((await gateway.get(`/tcp?to=127.0.0.1:${origin.port}`)).text).toBe("pong ping");
    const { origins } = (await gateway.control("GET", "/v1/counters")).json;
    expect(origins[`tcp://127.0.0.1:${origin.port}`]).toMatchObject({ requests: 1, errors: 0, bytes: 9 });
    origin.close();
  });

  test("a fetch to a custom domain of the deployment stays inside", async () => {
    const { json } = await gateway.get(`/?to=${encodeURIComponent("http://api.example.com/?to=http://127.0.0.1:1/")}`);
    expect(JSON.parse(json.body)).toEqual({ fetch: "Error: Network connection lost." });
  });
});

test("each origin is counted: requests, errors, bytes, statuses, concurrency", async () => {
  const answers: ServerResponse[] = [];
  const origin = await httpServer((incoming, answer) => {
    if (incoming.url === "/cut") {
      answer.writeHead(200, { "Content-Length": 100 }).write("12345");
      setTimeout(() => answer.destroy(), 20);
    } else if (incoming.url === "/held") answers.push(answer);
    else answer.writeHead(incoming.url === "/500" ? 500 : 200).end("hello");
  });
  const name = `http://127.0.0.1:${origin.port}`;
  await gateway.control("POST", "/v1/counters/reset");
  const go = (path: string): Promise<unknown> => gateway.get(`/?to=${name}${path}`);
  await go("/a");
  await go("/500");
  await go("/cut");
  const held = [go("/held"), go("/held"), go("/held")];
  await until(() => answers.length === 3);
  const during = (await gateway.control("GET", "/v1/counters")).json;
  expect(during.origins[name].inFlight).toBe(3);
  for (const answer of answers) answer.end("!");
  await Promise.all(held);
  const { origins, requests, byStatus } = (await gateway.control("GET", "/v1/counters")).json;
  expect(origins[name]).toEqual({
    requests: 6,
    errors: 1,
    bytes: 18,
    inFlight: 0,
    maxConcurrency: 3,
    byStatus: { 200: 5, 500: 1 },
  });
  expect(requests).toBe(6);
  expect(byStatus).toEqual({ 200: 6 });
  origin.close();
  await go("/gone");
  expect((await gateway.control("GET", "/v1/counters")).json.origins[name]).toMatchObject({
    requests: 7,
    errors: 2,
    inFlight: 0,
  });
  await gateway.control("POST", "/v1/counters/reset");
  expect((await gateway.control("GET", "/v1/counters")).json.origins[name]).toMatchObject({ requests: 0, errors: 0 });
});
