// The small Headers, Request and Response against Node's own, operation by operation.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import * as light from "../../src/platforms/cloudfront/lambda-edge/web.js";

const node = { Headers, Request, Response };

interface Kinds {
  Headers: typeof Headers;
  Request: typeof Request;
  Response: typeof Response;
}

/** What an operation gives, or the kind of error that it throws. */
async function outcome(make: (kinds: Kinds) => unknown, kinds: Kinds): Promise<unknown> {
  try {
    return await make(kinds);
  } catch (error) {
    return `throws ${(error as Error).name}`;
  }
}

async function agree(make: (kinds: Kinds) => unknown): Promise<void> {
  expect(await outcome(make, light)).toEqual(await outcome(make, node));
}

const names = ["a", "A", "Set-Cookie", "x-b", "X-B", "content-type", "bad name", "", "ü"];
const values = ["1", " spaced\t", "a, b", "", "ÿ", "Ā", "line\nbreak", "nul\0", "\r\n trimmed \n"];

describe("Headers", () => {
  it("do what Node's do, whatever is done to them", async () => {
    const step = fc.record({
      what: fc.constantFrom("append", "set", "delete", "get", "has"),
      name: fc.constantFrom(...names),
      value: fc.constantFrom(...values),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await agree(async (kinds) => {
          const headers = new kinds.Headers();
          const seen: unknown[] = [];
          for (const { what, name, value } of steps) {
            seen.push(
              await outcome(() => {
                if (what === "append" || what === "set") return headers[what](name, value);
                return headers[what as "get"](name);
              }, kinds),
            );
          }
          const visited: string[] = [];
          headers.forEach((value, name) => {
            visited.push(`${name}: ${value}`);
          });
          return [seen, [...headers], [...headers.keys()], [...headers.values()], headers.getSetCookie(), visited];
        });
      }),
    );
  });

  it.each<[string, (kinds: Kinds) => unknown]>([
    ["a record", ({ Headers }) => [...new Headers({ B: "2", a: "1" })]],
    ["pairs", ({ Headers }) => [...new Headers([["B", "2"], ["b", "3"]])]], // biome-ignore format: a pair a header
    ["a pair too short", ({ Headers }) => new Headers([["B"]] as unknown as [string, string][])],
    ["other Headers", ({ Headers }) => [...new Headers(new Headers({ "Set-Cookie": "a=1" }))]],
    ["nothing", ({ Headers }) => [...new Headers(undefined)]],
    ["null", ({ Headers }) => [...new Headers(null as unknown as undefined)]],
    ["Node's Headers", ({ Headers }) => [...new Headers(new node.Headers({ x: "y" }))]],
  ])("are made from %s as Node's are", async (_name, make) => agree(make));
});

const told = async (message: Request | Response) => ({
  headers: [...message.headers],
  body: message.body === null ? null : "a stream",
  used: message.bodyUsed,
  text: await message.text(),
  usedNow: message.bodyUsed,
});

const asked = async (request: Request) => ({
  url: request.url,
  method: request.method,
  redirect: request.redirect,
  aborted: request.signal.aborted,
  ...(await told(request)),
});

const answered = async (response: Response) => ({
  status: response.status,
  statusText: response.statusText,
  ok: response.ok,
  type: response.type,
  redirected: response.redirected,
  ...(await told(response)),
});

function stream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("one "));
      controller.enqueue(new TextEncoder().encode("two"));
      controller.close();
    },
  });
}

const POST = { method: "POST", duplex: "half" } as const;

describe("Request", () => {
  it.each<[string, (kinds: Kinds) => unknown]>([
    ["a URL with a fragment", ({ Request }) => asked(new Request("https://A.example/b?c=d#e"))],
    ["what is no URL", ({ Request }) => new Request("/relative")],
    ["credentials", ({ Request }) => new Request("https://u:p@a.example/")],
    ["a method in lower case", ({ Request }) => asked(new Request("https://a.example/", { method: "delete" }))],
    ["a method of its own", ({ Request }) => asked(new Request("https://a.example/", { method: "purge" }))],
    ["CONNECT", ({ Request }) => new Request("https://a.example/", { method: "CONNECT" })],
    ["TRACE", ({ Request }) => new Request("https://a.example/", { method: "trace" })],
    ["a method that is none", ({ Request }) => new Request("https://a.example/", { method: "A B" })],
    ["a GET with a body", ({ Request }) => new Request("https://a.example/", { body: "x" })],
    ["a text", ({ Request }) => asked(new Request("https://a.example/", { ...POST, body: "tëxt" }))],
    ["an empty text", ({ Request }) => asked(new Request("https://a.example/", { ...POST, body: "" }))],
    ["bytes", ({ Request }) => asked(new Request("https://a.example/", { ...POST, body: new Uint8Array([97, 98]) }))],
    ["a buffer", ({ Request }) => asked(new Request("https://a.example/", { ...POST, body: new ArrayBuffer(2) }))],
    ["a form", ({ Request }) =>
      asked(new Request("https://a.example/", { ...POST, body: new URLSearchParams({ a: "b c" }) }))],
    ["a blob", ({ Request }) => asked(new Request("https://a.example/", { ...POST, body: new Blob(["b"], { type: "a/b" }) }))],
    ["a stream", ({ Request }) => asked(new Request("https://a.example/", { ...POST, body: stream() } as RequestInit))],
    ["a type of its own", ({ Request }) =>
      asked(new Request("https://a.example/", { ...POST, body: "x", headers: { "Content-Type": "a/b" } }))],
    ["another request", ({ Request }) =>
      asked(new Request(new Request("https://a.example/", { ...POST, body: "x", headers: { a: "b" } })))],
    ["another request, and other words", ({ Request }) =>
      asked(
        new Request(new Request("https://a.example/", { headers: { a: "b" }, redirect: "manual" }), {
          headers: { c: "d" },
        }),
      )],
    ["another request as a GET", ({ Request }) => asked(new Request(new Request("https://a.example/", { method: "HEAD" }), { method: "GET" }))],
    ["a signal", ({ Request }) => {
      const controller = new AbortController();
      const request = new Request("https://a.example/", { signal: controller.signal });
      controller.abort();
      return asked(request);
    }],
    ["a clone", async ({ Request }) => {
      const request = new Request("https://a.example/", { ...POST, body: "twice" });
      return [await asked(request.clone()), await asked(request)];
    }],
    ["a clone of a stream", async ({ Request }) => {
      const request = new Request("https://a.example/", { ...POST, body: stream() } as RequestInit);
      return [await asked(request.clone()), await asked(request)];
    }],
    ["a body read twice", async ({ Request }) => {
      const request = new Request("https://a.example/", { ...POST, body: "x" });
      await request.text();
      return request.text();
    }],
    ["a form's data", async ({ Request }) => {
      const request = new Request("https://a.example/", { ...POST, body: new URLSearchParams({ a: "1", b: "2" }) });
      return [...(await request.formData())];
    }],
    ["JSON", ({ Request }) => new Request("https://a.example/", { ...POST, body: '{"a":1}' }).json()],
    ["JSON that is none", ({ Request }) => new Request("https://a.example/", { ...POST, body: "{" }).json()],
  ])("is as Node's for %s", async (_name, make) => agree(make)); // biome-ignore format: one case a line or block

  it("becomes Node's own, body and all", async () => {
    const made = new light.Request("https://a.example/x", { method: "PUT", body: "b", headers: { a: "1" } });
    const own = light.real(made);
    expect(own.constructor).toBe(node.Request);
    expect(await asked(own)).toEqual(
      await asked(new node.Request("https://a.example/x", { method: "PUT", body: "b", headers: { a: "1" } })),
    );
    expect(light.real(own)).toBe(own);
  });

  it("and its kind are told from others", () => {
    for (const kinds of [light, node]) {
      expect(new kinds.Request("https://a.example/")).toBeInstanceOf(light.Request);
      expect(new kinds.Response()).toBeInstanceOf(light.Response);
      expect(new kinds.Headers()).toBeInstanceOf(light.Headers);
      expect(new kinds.Response()).not.toBeInstanceOf(light.Request);
    }
    expect(null).not.toBeInstanceOf(light.Response);
    expect({ status: 200 }).not.toBeInstanceOf(light.Response);
  });
});

describe("Response", () => {
  it.each<[string, (kinds: Kinds) => unknown]>([
    ["nothing", ({ Response }) => answered(new Response())],
    ["a text", ({ Response }) => answered(new Response("tëxt", { status: 201, statusText: "Made", headers: { a: "b" } }))],
    ["an empty text", ({ Response }) => answered(new Response(""))],
    ["a stream", ({ Response }) => answered(new Response(stream()))],
    ["a locked stream", ({ Response }) => {
      const locked = stream();
      locked.getReader();
      return new Response(locked);
    }],
    ["a copy", async ({ Response }) => {
      const first = new Response("whole", { status: 203, headers: { "Set-Cookie": "a=1" } });
      return answered(new Response(first.body, first));
    }],
    ["a copy of a stream", async ({ Response }) => {
      const first = new Response(stream(), { statusText: "x" });
      return answered(new Response(first.body, first));
    }],
    ["a stream that somebody began to read", async ({ Response }) => {
      const first = new Response("whole");
      const reader = (first.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      reader.releaseLock();
      return answered(new Response(first.body));
    }],
    ["a body read by its stream", async ({ Response }) => {
      const parts: Uint8Array[] = [];
      for await (const part of new Response("abc").body as unknown as AsyncIterable<Uint8Array>) parts.push(part);
      return Buffer.concat(parts).toString();
    }],
    ["a cancelled body", async ({ Response }) => {
      const response = new Response("abc");
      await response.body?.cancel();
      return response.body === null;
    }],
    ["204", ({ Response }) => answered(new Response(null, { status: 204 }))],
    ["204 with a body", ({ Response }) => new Response("x", { status: 204 })],
    ["304 with an empty body", ({ Response }) => new Response("", { status: 304 })],
    ["a status too low", ({ Response }) => new Response(null, { status: 199 })],
    ["a status too high", ({ Response }) => new Response(null, { status: 600 })],
    ["a malformed status text", ({ Response }) => new Response(null, { statusText: "a\nb" })],
    ["JSON", ({ Response }) => answered(Response.json({ a: [1, "b"] }, { status: 202 }))],
    ["JSON of its own type", ({ Response }) => answered(Response.json(1, { headers: { "content-type": "a/b" } }))],
    ["no JSON", ({ Response }) => Response.json(undefined)],
    ["a redirect", ({ Response }) => answered(Response.redirect("https://a.example/b", 307))],
    ["a redirect of no such status", ({ Response }) => Response.redirect("https://a.example/b", 200)],
    ["a clone", async ({ Response }) => {
      const response = new Response("twice", { headers: { a: "b" } });
      return [await answered(response.clone()), await answered(response)];
    }],
    ["a clone of what was read", async ({ Response }) => {
      const response = new Response("once");
      await response.text();
      return response.clone();
    }],
    ["a buffer", async ({ Response }) => [...new Uint8Array(await new Response("ab").arrayBuffer())]],
    ["a blob", async ({ Response }) => {
      const blob = await new Response("ab", { headers: { "content-type": "a/b" } }).blob();
      return [blob.type, await blob.text()];
    }],
  ])("is as Node's for %s", async (_name, make) => agree(make)); // biome-ignore format: one case a line or block

  it("may be made from Node's own", async () => {
    const own = new node.Response(stream(), { status: 206, headers: { a: "b" } });
    expect(await answered(new light.Response(own.body, own))).toMatchObject({ status: 206, text: "one two" });
  });
});

describe("the bundle", () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewright-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("answers without loading Node's HTTP client, which is most of a cold start", () => {
    const bundle = resolve(import.meta.dirname, "../../../components/edgewright/_bundles/lambda_edge/edgewright.mjs");
    const settings = { version: 1, name: "api", endpoints: [], routers: [], reserved_header_prefixes: [] };
    const program = `
      import { createLambda } from ${JSON.stringify(pathToFileURL(bundle).href)};
      const handler = createLambda(${JSON.stringify(settings)}, { behaviors: [] });
      const request = { clientIp: "203.0.113.1", method: "GET", uri: "/a", querystring: "", headers: { host: [{ value: "a.example" }] } };
      const answer = await handler({ Records: [{ cf: { config: { distributionDomainName: "d", eventType: "origin-request" }, request } }] });
      const loaded = process.moduleLoadList.filter((name) => name.includes("undici/undici"));
      console.log(JSON.stringify({ status: answer.status, type: answer.headers["content-type"][0].value, loaded }));`;
    const file = join(folder, "program.mjs");
    writeFileSync(file, program);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ status: "404", type: "application/problem+json", loaded: [] });
  });
});
