// Deployments: whole or not at all, with errors that say where, and without a failed request.

import http, { type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployment, type Gateway, httpServer, startGateway, until, worker } from "./harness.js";

let gateway: Gateway;
const answering = (text: string): string =>
  `export default { fetch() { return new Response(${JSON.stringify(text)}); } };`;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

describe("a deployment that cannot be applied leaves the last good one serving", () => {
  beforeAll(async () => {
    expect((await gateway.deploy(deployment(answering("good")))).status).toBe(200);
  });

  const good = { "main.js": 'import * as x from "./handler-x.js";\nexport default x.default;' };
  test.each<[string, Record<string, string>, object]>([
    [
      "a syntax error",
      { ...good, "handler-x.js": "export default {\n  fetch( {{{ }\n};" },
      { message: expect.stringContaining("SyntaxError: "), module: "handler-x.js", line: 2 },
    ],
    [
      "a syntax error in the main module",
      { "main.js": "const a = 1;\nconst a = 2;\nexport default {};" },
      { message: "SyntaxError: Identifier 'a' has already been declared", module: "main.js", line: 2, column: 7 },
    ],
    [
      "a throw at start-up",
      { ...good, "handler-x.js": "function deep() {\n  throw new TypeError('start');\n}\ndeep();\nexport default {};" },
      { message: "TypeError: start", module: "handler-x.js", line: 2, column: 9 },
    ],
    [
      "an unknown import",
      { ...good, "handler-x.js": 'import nope from "./nope.js";\nexport default {};' },
      { message: 'Error: No such module "nope.js".', module: "handler-x.js", line: null },
    ],
    [
      "an import of a name that is not there",
      {
        ...good,
        "handler-x.js": "export const other = 1;",
        "main.js": 'import { gone } from "./handler-x.js";\nexport default { fetch: gone };',
      },
      { message: expect.stringContaining("does not provide an export named 'gone'"), module: "main.js" },
    ],
    [
      "a fetch at start-up",
      { "main.js": "await fetch('http://127.0.0.1:1/');\nexport default {};" },
      {
        message: expect.stringContaining("Disallowed operation called within global scope"),
        module: "main.js",
        line: 1,
      },
    ],
  ])("%s", async (_name, modules, expected) => {
    const generation = (await gateway.control("GET", "/v1/status")).json.generation;
    const answer = await gateway.deploy(deployment({ version: "broken", modules }));
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0]).toMatchObject({ worker: "api", ...expected });
    expect((await gateway.get("/")).text).toBe("good");
    const status = (await gateway.control("GET", "/v1/status")).json;
    expect(status.generation).toBe(generation);
    expect(status.last_error[0]).toMatchObject({ worker: "api", ...expected });
  });

  test("the next good one serves, and clears the error", async () => {
    expect((await gateway.deploy(deployment(answering("better")))).status).toBe(200);
    expect((await gateway.get("/")).text).toBe("better");
    expect((await gateway.control("GET", "/v1/status")).json.last_error).toBeNull();
  });

  test("errors of several Workers come together", async () => {
    const answer = await gateway.deploy({
      ...deployment("syntax error here"),
      workers: [worker("syntax error"), worker({ name: "other", modules: { "main.js": "throw new Error('other')" } })],
    });
    expect(answer.status).toBe(422);
    expect(answer.json.errors.map((error: { worker: string }) => error.worker)).toContain("api");
  });

  test("a document that does not hold together: every fault at once", async () => {
    const one = worker({
      modules: {
        "main.js": answering("x"),
        "data.json": { type: "application/json", content: "{" },
        "x.py": { type: "text/x-python", content: "" },
      },
    });
    const answer = await gateway.deploy({
      workers: [
        {
          ...one,
          deployment: [
            { version_id: "v1", percentage: 50 },
            { version_id: "v9", percentage: 10 },
          ],
          versions: [
            {
              ...(one.versions[0] as (typeof one.versions)[0]),
              main_module: "gone.js",
              bindings: [
                { type: "option", option: "kvNamespaces", name: "KV", value: "nowhere" },
                { type: "service", name: "S", service: "nobody", entrypoint: null },
                { type: "durable_object_namespace", name: "D", class_name: "C", script_name: "nobody" },
                { type: "imaginary", name: "I" } as never,
              ],
            },
          ],
        },
      ],
      routes: [
        { pattern: "a.*.example.com/*", worker: "api" },
        { pattern: "example.com/*/x", worker: "nobody" },
      ],
      domains: [
        { hostname: "api.example.com", worker: "nobody" },
        { hostname: "API.example.com", worker: "api" },
      ],
      kv_entries: [
        {
          namespace_id: "nowhere",
          key: "k",
          value_base64: "",
          metadata_json: null,
          expiration: null,
          expiration_ttl_s: null,
        },
      ],
    });
    expect(answer.status).toBe(422);
    const messages = answer.json.errors.map((error: { message: string }) => error.message).join("\n");
    for (const part of [
      "version v9, which is not there",
      "percentages add up to 60, not to 100",
      "Binding KV names KV namespace nowhere",
      "Binding S: there is no Worker named nobody",
      "Binding D: there is no Worker named nobody",
      '"type":"imaginary","name":"I"} is of a type that the local cloud does not know',
      'no module named "gone.js", its main module. It has: main.js, data.json, x.py',
      "Module data.json: not JSON",
      'Module x.py: unknown content type "text/x-python"; known: ',
      "Route a.*.example.com/*: a `*` in the host may only be its first character",
      "Route example.com/*/x: a `*` in the path may only be its last character",
      "Route example.com/*/x names Worker nobody",
      "Domain api.example.com names Worker nobody",
      "Domain api.example.com is declared more than once",
      "KV entry k names namespace nowhere",
    ]) {
      expect(messages).toContain(part);
    }
  });

  test.each(["", "[]", "{", '{"workers": 1}', '{"crons": []}'])("a body that is no deployment: %j", async (body) => {
    const answer = await gateway.control("POST", "/v1/deploy", body);
    expect(answer.status).toBe(400);
    expect(answer.json.title).toBe("Not a deployment");
  });
});

describe("modules and bindings", () => {
  test("every type of module", async () => {
    const wasm = Buffer.from("0061736d010000000105016000017f03020100070501016100000a0601040041070b", "hex");
    const answer = await gateway.deploy(
      deployment({
        modules: {
          "src/main.js": `import text from "../note.txt"; import data from "../data.bin"; import wasm from "../seven.wasm"; import json from "../data.json"; import { name } from "./lib.js"; import common from "../common.cjs";
            export default { async fetch() { const instance = await WebAssembly.instantiate(wasm); return Response.json({ text, data: [...new Uint8Array(data)], seven: instance.exports.a(), json, name, common: common.value }); } };`,
          "src/lib.js": "export const name = 'lib';",
          "note.txt": { type: "text/plain", content: "grüß" },
          "data.bin": { type: "application/octet-stream", content: Buffer.from([0, 255]) },
          "data.json": { type: "application/json", content: '{"a": [1]}' },
          "seven.wasm": { type: "application/wasm", content: wasm },
          "common.cjs": { type: "application/javascript", content: "module.exports = { value: 'cjs' };" },
          "main.js.map": { type: "application/source-map", content: "{}" },
        },
        main: "src/main.js",
      }),
    );
    expect(answer.text).toContain("generation");
    expect((await gateway.get("/")).json).toEqual({
      text: "grüß",
      data: [0, 255],
      seven: 7,
      json: { a: [1] },
      name: "lib",
      common: "cjs",
    });
  });

  test("every type of binding", async () => {
    const api = worker({
      version: "v7",
      bindings: [
        { type: "option", option: "kvNamespaces", name: "KV", value: "ns1" },
        { type: "option", option: "bindings", name: "TEXT", value: "plain" },
        { type: "option", option: "bindings", name: "SECRET", value: "hidden" },
        { type: "option", option: "bindings", name: "JSON", value: { a: [1, null] } },
        {
          type: "option",
          option: "ratelimits",
          name: "LIMIT",
          value: { namespace_id: "1", simple: { limit: 2, period: 60 } },
        },
        { type: "service", name: "OTHER", service: "other", entrypoint: null },
        { type: "service", name: "NAMED", service: "other", entrypoint: "Named" },
        { type: "option", option: "queueProducers", name: "QUEUE", value: "jobs" },
        { type: "durable_object_namespace", name: "COUNTER", class_name: "Counter", script_name: null },
        { type: "option", option: "r2Buckets", name: "BUCKET", value: "files" },
        { type: "option", option: "d1Databases", name: "DB", value: "db1" },
        { type: "version_metadata", name: "VERSION" },
      ],
      modules: {
        "main.js": `
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  async add() { const count = (await this.ctx.storage.get("count") ?? 0) + 1; await this.ctx.storage.put("count", count); return count; }
}
export default { async fetch(request, env) {
  await env.KV.put("k", "v"); await env.BUCKET.put("o", "object"); await env.QUEUE.send({ a: 1 });
  await env.DB.exec("CREATE TABLE IF NOT EXISTS t (x INTEGER)"); await env.DB.prepare("INSERT INTO t VALUES (?)").bind(1).run();
  const limits = []; for (let index = 0; index < 3; index += 1) limits.push((await env.LIMIT.limit({ key: "k" })).success);
  return Response.json({
    kv: await env.KV.get("k"), text: env.TEXT, secret: env.SECRET, json: env.JSON, limits,
    other: await (await env.OTHER.fetch("http://x/")).text(), named: await env.NAMED.hello("you"),
    count: await env.COUNTER.get(env.COUNTER.idFromName("one")).add(),
    object: await (await env.BUCKET.get("o")).text(), rows: (await env.DB.prepare("SELECT count(*) AS n FROM t").first()).n, version: env.VERSION,
  });
} };`,
      },
    });
    const other = worker({
      name: "other",
      modules: {
        "main.js": `import { WorkerEntrypoint } from "cloudflare:workers";
export class Named extends WorkerEntrypoint { hello(name) { return "hello " + name; } }
export default class extends WorkerEntrypoint { fetch() { return new Response("from other"); } }`,
      },
    });
    const whole = {
      ...deployment(""),
      workers: [api, other],
      kv_namespaces: [{ id: "ns1", title: "one" }],
      queues: ["jobs"],
      r2_buckets: ["files"],
      d1_databases: ["db1"],
    };
    expect((await gateway.deploy(whole)).text).toContain("generation");
    const expected = {
      kv: "v",
      text: "plain",
      secret: "hidden",
      json: { a: [1, null] },
      limits: [true, true, false],
      other: "from other",
      named: "hello you",
      count: 1,
      object: "object",
      rows: 1,
      version: { id: "v7", tag: "", timestamp: expect.any(String) },
    };
    expect((await gateway.get("/")).json).toEqual(expected);
    // Storage outlives the version: the same objects, rows and files under a new one.
    (api.versions[0] as { id: string }).id = "v8";
    api.deployment = [{ version_id: "v8", percentage: 100 }];
    expect((await gateway.deploy(whole)).text).toContain("generation");
    const { json } = await gateway.get("/");
    expect(json).toMatchObject({ count: 2, rows: 2, version: { id: "v8" } });
  });

  test("a date that workerd does not know yet is lowered, with a warning", async () => {
    expect(
      (await gateway.deploy(deployment({ modules: { "main.js": answering("new") }, date: "2099-01-01" }))).status,
    ).toBe(200);
    expect((await gateway.get("/")).text).toBe("new");
    const { entries } = (await gateway.control("GET", "/v1/logs")).json;
    expect(
      entries.some(
        (entry: { level: string; message: string }) =>
          entry.level === "warn" && /2099-01-01 is newer/.test(entry.message),
      ),
    ).toBe(true);
  });

  test("compatibility flags count", async () => {
    const source =
      'import { Buffer } from "node:buffer"; export default { fetch() { return new Response(Buffer.from("ok").toString()); } };';
    expect(
      (await gateway.deploy(deployment({ modules: { "main.js": source }, flags: ["nodejs_compat"] }))).status,
    ).toBe(200);
    expect((await gateway.get("/")).text).toBe("ok");
    expect((await gateway.deploy(deployment({ modules: { "main.js": source }, date: "2024-01-01" }))).status).toBe(422);
  });
});

test("a Worker without a default export starts, for the classes that it exports", async () => {
  const named =
    'import { WorkerEntrypoint } from "cloudflare:workers"; export class Named extends WorkerEntrypoint { hi() { return "hi"; } }';
  const api = worker({
    bindings: [{ type: "service", name: "NAMED", service: "classes", entrypoint: "Named" }],
    modules: {
      "main.js": "export default { async fetch(request, env) { return new Response(await env.NAMED.hi()); } };",
    },
  });
  const workers = [api, worker({ name: "classes", modules: { "main.js": named } })];
  expect((await gateway.deploy({ ...deployment(""), workers })).text).toContain("generation");
  expect((await gateway.get("/")).text).toBe("hi");
});

describe("reloads", () => {
  test("ten under load: no request fails, and each is answered by a version that was deployed", async () => {
    const make = (index: number) =>
      deployment(
        {
          version: `v${index}`,
          bindings: [{ type: "option", option: "kvNamespaces", name: "KV", value: "load" }],
          modules: {
            "main.js": `export default { async fetch(request, env, ctx) {
            const key = "k" + Math.floor(Math.random() * 20);
            const had = await env.KV.get(key);
            ctx.waitUntil(env.KV.put(key, "v${index}"));
            if (Math.random() < 0.1) await scheduler.wait(80);
            return new Response("v${index}");
          } };`,
          },
        },
        { kv_namespaces: [{ id: "load", title: "load" }] },
      );
    expect((await gateway.deploy(make(0))).status).toBe(200);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    const seen: Record<string, number> = {};
    const failures: string[] = [];
    let running = true;
    const client = async (): Promise<void> => {
      while (running) {
        const text = await new Promise<string>((resolve) => {
          http
            .get({ port: gateway.port, host: "127.0.0.1", path: "/", agent }, (answer) => {
              let body = "";
              answer.on("data", (part) => {
                body += part;
              });
              answer.on("end", () => resolve(answer.statusCode === 200 ? body : `${answer.statusCode} ${body}`));
              answer.on("error", (error) => resolve(String(error)));
            })
            .on("error", (error) => resolve(String(error)));
        });
        if (/^v\d+$/.test(text)) seen[text] = (seen[text] ?? 0) + 1;
        else failures.push(text);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    const times: number[] = [];
    for (let index = 1; index <= 10; index += 1) {
      const answer = await gateway.deploy(make(index));
      expect(answer.status).toBe(200);
      times.push(answer.json.ms);
      expect((await gateway.get("/")).text).toBe(`v${index}`);
      await until(() => `v${index}` in seen);
    }
    running = false;
    await Promise.all(clients);
    agent.destroy();
    expect(failures).toEqual([]);
    expect(Object.keys(seen)).toHaveLength(11);
    const sorted = times.sort((a, b) => a - b);
    console.log(`reloads under load: median ${sorted[5]} ms, worst ${sorted[9]} ms; requests: ${JSON.stringify(seen)}`);
  }, 60_000);

  test("a request that outlives the switch ends on the old version; new ones wait a moment and are answered by the new one", async () => {
    const answers: ServerResponse[] = [];
    const origin = await httpServer((_incoming, answer) => void answers.push(answer));
    const slow = (text: string): string =>
      `export default { async fetch(request) { if (new URL(request.url).pathname === "/slow") await fetch("http://127.0.0.1:${origin.port}/"); return new Response("${text}"); } };`;
    await gateway.deploy(deployment({ version: "a", modules: { "main.js": slow("old") } }));
    await gateway.control("POST", "/v1/counters/reset");
    const late = gateway.get("/slow");
    await until(() => answers.length === 1);
    const deployed = gateway.deploy(deployment({ version: "b", modules: { "main.js": slow("new") } }));
    const held = await until(async () => {
      const answer = await gateway.get("/");
      return (await gateway.control("GET", "/v1/counters")).json.held > 0 && answer;
    });
    expect(held.text).toBe("new");
    expect((await deployed).status).toBe(200);
    answers[0]?.end();
    expect((await late).text).toBe("old");
    origin.close();
  });

  test("a client that leaves while it is held leaves nothing behind", async () => {
    const answers: ServerResponse[] = [];
    const origin = await httpServer((_incoming, answer) => void answers.push(answer));
    const slow = `export default { async fetch(request) { if (new URL(request.url).pathname === "/slow") await fetch("http://127.0.0.1:${origin.port}/"); return new Response("x"); } };`;
    await gateway.deploy(deployment({ version: "a", modules: { "main.js": slow } }));
    const late = gateway.get("/slow");
    await until(() => answers.length === 1);
    const { held } = (await gateway.control("GET", "/v1/counters")).json;
    const deployed = gateway.deploy(deployment({ version: "b", modules: { "main.js": slow } }));
    await until(async () => {
      let closed = false;
      const outgoing = http.get({ port: gateway.port, host: "127.0.0.1", path: "/", agent: false });
      outgoing.on("response", (answer) => answer.resume());
      outgoing.on("error", () => {});
      outgoing.on("close", () => {
        closed = true;
      });
      while (!closed) {
        if ((await gateway.control("GET", "/v1/counters")).json.held > held) {
          outgoing.destroy();
          return true;
        }
      }
      return false;
    });
    await deployed;
    answers[0]?.end();
    await late;
    origin.close();
    await until(async () => (await gateway.control("GET", "/v1/counters")).json.inFlight === 0);
  });

  test("work that a Worker does after its answer is done before its workerd ends", async () => {
    const origin = await httpServer((_incoming, answer) => void setTimeout(() => answer.end("slow answer"), 150));
    const source = (version: string): string => `export default { async fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === "/read") return new Response(await env.KV.get("k"));
      ctx.waitUntil((async () => { const answer = await fetch("http://127.0.0.1:${origin.port}/"); await env.KV.put("k", "${version} " + await answer.text()); })());
      return new Response("at once");
    } };`;
    const make = (version: string) =>
      deployment(
        {
          version,
          bindings: [{ type: "option", option: "kvNamespaces", name: "KV", value: "after" }],
          modules: { "main.js": source(version) },
        },
        { kv_namespaces: [{ id: "after", title: "after" }] },
      );
    await gateway.deploy(make("one"));
    expect((await gateway.get("/")).text).toBe("at once");
    expect((await gateway.deploy(make("two"))).status).toBe(200);
    expect((await gateway.get("/read")).text).toBe("one slow answer");
    origin.close();
  });

  test("a change of routes alone keeps the running Workers and their memory", async () => {
    const counting = "let count = 0; export default { fetch() { count += 1; return new Response(String(count)); } };";
    await gateway.deploy(deployment(counting));
    expect((await gateway.get("/")).text).toBe("1");
    const answer = await gateway.deploy(
      deployment(counting, { routes: [{ pattern: "www.example.com/*", worker: "api" }] }),
    );
    expect(answer.status).toBe(200);
    expect((await gateway.get("/", { Host: "www.example.com" })).text).toBe("2");
  });

  test("deployments that come together are applied one after the other", async () => {
    const answers = await Promise.all(
      [1, 2, 3].map((index) =>
        gateway.deploy(deployment({ version: `p${index}`, modules: { "main.js": answering(`p${index}`) } })),
      ),
    );
    const generations = answers.map((answer) => answer.json.generation);
    expect(generations).toEqual([generations[0], generations[0] + 1, generations[0] + 2]);
    expect((await gateway.get("/")).text).toBe("p3");
  });

  test("workerd killed: it is started again and requests go on", async () => {
    const { readdirSync, readFileSync } = await import("node:fs");
    await gateway.deploy(deployment(answering("alive")));
    expect((await gateway.get("/")).text).toBe("alive");
    const children = (): string[] =>
      readdirSync("/proc").filter((pid) => {
        try {
          return (
            /^\d+$/.test(pid) &&
            readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === String(gateway.pid)
          );
        } catch {
          return false;
        }
      });
    // Until the last version's workerd is gone.
    const [workerd] = await until(() => children().length === 1 && children());
    process.kill(Number(workerd), "SIGKILL");
    await until(async () => (await gateway.get("/").catch(() => undefined))?.text === "alive");
    expect((await gateway.get("/")).status).toBe(200);
  });
});
