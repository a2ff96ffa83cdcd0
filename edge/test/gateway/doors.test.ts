// Who is answered at which door. Everything behind the gateway is a socket in a folder that only this user may enter; what listens on loopback
// are the edge, which is public, and the control port, which wants its token. The rest answers nobody.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import http from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployment, type Gateway, request, startGateway, until } from "./harness.js";

const WORKER = `
  import { DurableObject } from "cloudflare:workers";
  export class Counter extends DurableObject { fetch() { return new Response("object"); } }
  export default { async fetch(request, env) {
    if (request.method === "POST") await env.KV.put("session", await request.text());
    return new Response((await env.KV.get("session")) ?? "none");
  } };`;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  const answer = await gateway.deploy(
    deployment(
      {
        modules: { "main.js": WORKER },
        bindings: [
          { type: "option", option: "kvNamespaces", name: "KV", value: "sessions" },
          { type: "durable_object_namespace", name: "COUNTER", class_name: "Counter", script_name: null },
        ],
      },
      { kv_namespaces: [{ id: "sessions", title: "sessions" }] },
    ),
  );
  expect(answer.json).toMatchObject({ generation: 1 });
});
afterAll(() => gateway.stop());

function processesOf(pid: number): number[] {
  const children = readdirSync("/proc").filter((name) => {
    try {
      return (
        /^\d+$/.test(name) && readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === String(pid)
      );
    } catch {
      return false;
    }
  });
  return [pid, ...children.flatMap((child) => processesOf(Number(child)))];
}

/** The TCP ports that some processes listen on. */
function listening(pids: readonly number[]): number[] {
  const inodes = new Set(
    pids.flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
        } catch {
          return [];
        }
      }),
    ),
  );
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
    readFileSync(table, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((row) => row[3] === "0A" && inodes.has(row[9] as string))
      .map((row) => Number.parseInt((row[1] as string).split(":").at(-1) as string, 16)),
  );
}

/** The sockets by path that the gateway and workerd listen on. */
function socketPaths(): string[] {
  const listeners = execFileSync("ss", ["-xlnH"], { encoding: "utf8" }).split("\n");
  return listeners.map((line) => line.split(/\s+/)[4] ?? "").filter((path) => path.includes("/edgewright-"));
}

test("workerd listens on no port at all, and the gateway on none that answers but the edge and the control port", async () => {
  const pids = processesOf(gateway.pid);
  expect(pids.length).toBeGreaterThan(1);
  expect(listening(pids.slice(1))).toEqual([]);
  const others = listening(pids).filter((port) => port !== gateway.port && port !== gateway.controlPort);
  for (const port of others) {
    for (const [method, path] of [
      ["POST", "/1/batch"],
      ["POST", "/core/store-temp-file?prefix=../../x&extension=sh"],
      ["GET", "/core/do-storage/api-Counter"],
      ["GET", "/"],
    ] as const) {
      const headers = { "Content-Type": "text/plain", Origin: "https://evil.example" };
      await expect(
        request(port, path, { method, headers, ...(method === "POST" && { body: "[]" }) }),
      ).rejects.toThrow();
    }
    // An upgrade, and CONNECT, which a page cannot send but a program can.
    for (const line of [
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket",
      "CONNECT a:1 HTTP/1.1",
    ]) {
      const said = await new Promise<string>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(`${line}\r\n\r\n`));
        let text = "";
        socket.on("data", (chunk) => {
          text += chunk;
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(text));
      });
      expect(said).toBe("");
    }
  }
});

test("the sockets behind the gateway are in a folder of this user's alone", async () => {
  const paths = socketPaths();
  // The way out, workerd's entry, the Worker, the control Worker.
  expect(paths.length).toBeGreaterThanOrEqual(4);
  for (const path of paths) {
    let folder = dirname(path);
    while (!/\/edgewright-[^/]+$/.test(folder)) folder = dirname(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  }
});

test("a page's request without a preflight changes nothing at the control port", async () => {
  const headers = { "Content-Type": "text/plain", Origin: "https://evil.example" };
  for (const path of ["/v1/kv/sessions/values/session", "/v1/deploy", "/v1/purge"]) {
    const answer = await request(gateway.controlPort, path, { method: "POST", headers, body: "[]" });
    expect(answer.status).toBe(401);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  }
  const rebound = await request(gateway.controlPort, "/v1/status", { headers: { Host: "evil.example" } });
  expect(rebound.status).toBe(421);
  expect((await gateway.get("/", { Host: "api.example.com" })).text).toBe("none");
});

test("the way out answers nobody but workerd", async () => {
  const [path] = socketPaths().filter((each) => each.endsWith("/outbound"));
  const answer = await new Promise<number | undefined>((resolve, reject) => {
    http
      .request(
        {
          socketPath: path as string,
          path: "http://127.0.0.1:1/",
          agent: false,
          headers: { "X-Local-Outbound": "guess" },
        },
        (message) => {
          message.resume();
          resolve(message.statusCode);
        },
      )
      .on("error", reject)
      .end();
  });
  expect(answer).toBe(403);
});

/** The folder of a gateway's sockets, as its workerd was told it: other gateways come and go meanwhile. */
function folderOf(gateway: Gateway): string {
  const told = processesOf(gateway.pid).flatMap((pid) => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0"));
  const [, folder] = told.find((each) => each.startsWith("EDGEWRIGHT_DOORS="))?.split("=") ?? [];
  if (folder === undefined) throw new Error("no workerd of this gateway runs");
  return folder;
}

test("the folder is gone with the gateway", async () => {
  const other = await startGateway();
  await other.deploy(deployment("export default { fetch: () => new Response('x') };"));
  const folder = folderOf(other);
  const own = socketPaths().filter((path) => dirname(path) === folder);
  expect(own.length).toBeGreaterThan(0);
  await other.stop();
  await until(() => own.every((path) => !socketPaths().includes(path)));
  expect(() => statSync(folder)).toThrow();
});

test.each(["port", "controlPort"] as const)(
  "a request's head that comes drop by drop is closed (%s), a body may take its time",
  async (door) => {
    const slow = await startGateway({ headTimeoutMs: 500 });
    await slow.deploy(
      deployment("export default { async fetch(request) { return new Response(await request.text()); } };"),
    );
    for (const start of ["", "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"]) {
      const said = await new Promise<string>((resolve) => {
        const socket = connect(slow[door], "127.0.0.1");
        const drops = setInterval(() => socket.write(start === "" ? "" : "X"), 50);
        let text = "";
        socket.on("connect", () => socket.write(start));
        socket.on("data", (chunk) => {
          text += chunk;
        });
        socket.on("error", () => {});
        socket.on("close", () => {
          clearInterval(drops);
          resolve(text);
        });
      });
      expect(said).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    }
    if (door === "port") {
      const answer = await new Promise<string>((resolve, reject) => {
        const outgoing = http.request(
          {
            port: slow.port,
            host: "127.0.0.1",
            method: "POST",
            path: "/",
            agent: false,
            headers: { Host: "api.example.com", "Content-Length": 2 },
          },
          (message) => {
            let text = "";
            message.on("data", (chunk) => {
              text += chunk;
            });
            message.on("end", () => resolve(text));
          },
        );
        outgoing.on("error", reject);
        outgoing.write("a");
        setTimeout(() => outgoing.end("b"), 2_500);
      });
      expect(answer).toBe("ab");
    }
    await slow.stop();
  },
);
