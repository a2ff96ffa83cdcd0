import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { functionRequest, functionResponse } from "../../src/platforms/cloudfront/gateway/functions-event.js";
import { headersOf } from "../../src/platforms/cloudfront/gateway/headers.js";
import { CloudFrontFaults } from "../../src/platforms/cloudfront/gateway/index.js";
import type { CloudFrontFunction, KeyValueStore } from "../../src/platforms/cloudfront/gateway/model.js";
import { EXAMPLE } from "./fixtures/function-event.js";
import { type Answer, behavior, edge, edgeFunction, FUNCTION_ARN, origin, simple } from "./support.js";

const STORE: KeyValueStore = {
  arn: "arn:aws:cloudfront::000000000000:key-value-store/11111111-1111-1111-1111-111111111111",
  id: "11111111-1111-1111-1111-111111111111",
  name: "flags",
  pairs: [
    { key: "colour", value: "green" },
    { key: "config", value: '{"a":1}' },
  ],
};

async function site(
  code: string,
  type: "viewer-request" | "viewer-response" = "viewer-request",
  more: Partial<CloudFrontFunction> = {},
) {
  const from = await origin((request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Set-Cookie": ["a=1; Path=/", "b=2"] });
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  const policy = { queries: "all" as const, cookies: "all" as const, headers: ["X-Added"] };
  const document = simple(from.port, policy, {
    default_cache_behavior: behavior({ function_associations: [{ event_type: type, function_arn: FUNCTION_ARN }] }),
  });
  document.functions.push(edgeFunction(code, more));
  document.key_value_stores.push(STORE);
  return { ...(await edge(document)), from };
}

const handler = (body: string): string =>
  `async function handler(event) { const request = event.request; const response = event.response; ${body} }`;

describe("the event", () => {
  it("is AWS's example for the example's request and response", () => {
    const request = functionRequest({
      method: "GET",
      uri: "/media/index.mpd",
      querystring: "ID=42&Exp=1619740800&TTL=1440&NoValue=&querymv=val1&querymv=val2,val3",
      headers: headersOf([
        ["Host", "video.example.com"],
        ["User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:83.0) Gecko/20100101 Firefox/83.0"],
        ["Accept", "application/json"],
        ["Accept", "application/xml"],
        ["Accept", "text/html"],
        ["Accept-Language", "en-GB,en;q=0.5"],
        ["Accept-Encoding", "gzip, deflate, br"],
        ["Origin", "https://website.example.com"],
        ["Referer", "https://website.example.com/videos/12345678?action=play"],
        ["CloudFront-Viewer-Country", "GB"],
        ["Cookie", "Cookie1=value1; Cookie2=value2; cookie_consent=true; cookiemv=value3; cookiemv=value4"],
      ]),
      body: undefined,
    });
    expect(request).toEqual(EXAMPLE.request);
    const response = functionResponse({
      status: 200,
      statusDescription: "OK",
      headers: headersOf([
        ["Date", "Mon, 04 Apr 2021 18:57:56 GMT"],
        ["Server", "gunicorn/19.9.0"],
        ["Access-Control-Allow-Origin", "*"],
        ["Access-Control-Allow-Credentials", "true"],
        ["Content-Type", "application/json"],
        ["Content-Length", "701"],
        ["Set-Cookie", "ID=id1234; Expires=Wed, 05 Apr 2021 07:28:00 GMT"],
        ["Set-Cookie", "Cookie1=val1; Secure; Path=/; Domain=example.com; Expires=Wed, 05 Apr 2021 07:28:00 GMT"],
        ["Set-Cookie", "Cookie1=val2; Path=/cat; Domain=example.com; Expires=Wed, 10 Jan 2021 07:28:00 GMT"],
      ]),
      body: undefined,
    });
    expect(response).toEqual(EXAMPLE.response);
  });

  it("has version, context and viewer", async () => {
    const { get } = await site(
      handler(
        "return { statusCode: 200, body: JSON.stringify({ v: event.version, c: event.context, ip: event.viewer.ip }) };",
      ),
    );
    const answer = await get("/");
    const { v, c, ip } = JSON.parse(answer.body);
    expect([v, ip]).toEqual(["1.0", "203.0.113.178"]);
    expect(c).toEqual({
      distributionDomainName: "d111111abcdef8.cloudfront.net",
      distributionId: "EDFDVBD6EXAMPLE",
      eventType: "viewer-request",
      requestId: answer.headers["x-amz-cf-id"],
    });
  });
});

describe("CloudFront's own headers", () => {
  const country = handler(
    `return { statusCode: 200, body: request.headers["cloudfront-viewer-country"] ? request.headers["cloudfront-viewer-country"].value : "none" };`,
  );
  const forged = { headers: { "CloudFront-Viewer-Country": "US" } };

  it("are seen where a policy of the behavior names them", async () => {
    const document = simple(1, { headers: ["CloudFront-Viewer-Country"] });
    document.distributions[0] = {
      ...(document.distributions[0] as (typeof document.distributions)[0]),
      default_cache_behavior: behavior({
        function_associations: [{ event_type: "viewer-request", function_arn: FUNCTION_ARN }],
      }),
    };
    document.functions.push(edgeFunction(country));
    const { get } = await edge(document, {}, { country: "DE" });
    expect((await get("/", forged)).body).toBe("DE");
  });

  it("are never the viewer's own", async () => {
    const { get } = await site(country);
    expect((await get("/", forged)).body).toBe("none");
  });
});

describe("viewer requests", () => {
  it("are changed on their way in", async () => {
    const { get } = await site(
      handler(`request.uri = "/b"; request.querystring.x = { value: "1", multiValue: [{ value: "1" }, { value: "2" }] };
        request.headers["x-added"] = { value: "yes" }; request.cookies.c = { value: "3" }; return request;`),
    );
    const { url, headers } = JSON.parse((await get("/a?y=%C3%A9", { headers: { Cookie: "b=2" } })).body);
    expect(url).toBe("/b?y=%C3%A9&x=1&x=2");
    expect(headers["x-added"]).toBe("yes");
    expect(headers.cookie).toBe("b=2; c=3");
  });

  it("are answered by the function: never cached, no origin", async () => {
    const { get, from } = await site(
      handler(
        `return { statusCode: 302, statusDescription: "Found", headers: { location: { value: "/new" } }, cookies: { seen: { value: "1", attributes: "Path=/; Secure" } } };`,
      ),
    );
    const answer = await get("/");
    expect([answer.status, answer.headers.location, answer.headers["set-cookie"], answer.headers["x-cache"]]).toEqual([
      302,
      "/new",
      "seen=1; Path=/; Secure",
      "FunctionGeneratedResponse from cloudfront",
    ]);
    expect(from.seen).toEqual([]);
  });

  it("take a body as text or base64", async () => {
    const text = await site(handler(`return { statusCode: 200, body: { encoding: "base64", data: "aGk=" } };`));
    expect((await text.get("/")).body).toBe("hi");
  });
});

describe("viewer responses", () => {
  it("are changed on their way out, from the cache too", async () => {
    const { get, from } = await site(
      handler(
        `response.headers["x-new"] = { value: "1" }; delete response.headers["content-type"]; response.cookies.a.value = "9"; return response;`,
      ),
      "viewer-response",
    );
    for (const result of ["Miss", "Hit"]) {
      const answer = await get("/");
      expect([answer.headers["x-new"], answer.headers["content-type"], answer.headers["x-cache"]]).toEqual([
        "1",
        undefined,
        `${result} from cloudfront`,
      ]);
      expect(answer.headers["set-cookie"]).toBe("a=9; Path=/,b=2");
    }
    expect(from.seen).toHaveLength(1);
  });

  it("may get another status and body", async () => {
    const { get } = await site(
      handler(`response.statusCode = 203; response.body = "other"; return response;`),
      "viewer-response",
    );
    const answer = await get("/");
    expect([answer.status, answer.body, answer.headers["content-length"]]).toEqual([203, "other", "5"]);
  });
});

describe("the runtime", () => {
  it("reads the associated KeyValueStore", async () => {
    const { get } = await site(
      `import cf from "cloudfront";
       const kvs = cf.kvs("${STORE.id}");
       async function handler(event) {
         const missing = await kvs.get("nope").catch((error) => error.message);
         return { statusCode: 200, body: JSON.stringify([await kvs.get("colour"), await kvs.get("config", { format: "json" }), await kvs.exists("nope"), await kvs.count(), missing, (await cf.kvs().meta()).keyCount]) };
       }`,
      "viewer-request",
      { key_value_store_associations: [STORE.arn] },
    );
    expect(JSON.parse((await get("/")).body)).toEqual(["green", { a: 1 }, false, 2, "KeyNotFound", 2]);
  });

  it("refuses a KeyValueStore that is not associated", async () => {
    const { get } = await site(
      `import cf from "cloudfront"; async function handler(event) { return cf.kvs("${STORE.id}").get("colour"); }`,
    );
    refused(await get("/"), 503, "FunctionExecutionError");
  });

  it("has crypto, querystring, Buffer and base64, and the same in runtime 1.0 by require", async () => {
    const { get } = await site(
      `import crypto from "crypto"; import qs from "querystring"; import { Buffer as B } from "buffer";
       function handler(event) { return { statusCode: 200, body: [
         crypto.createHash("sha256").update("a").digest("hex"), crypto.createHmac("sha256", "k").update("a").digest("base64url"),
         qs.stringify(qs.parse("a=1&a=2&b=%20")), Buffer.from("é").toString("hex"), B.from("aGk=", "base64").toString(), btoa("hi"), atob("aGk=") ].join() }; }`,
    );
    const mac = createHmac("sha256", "k").update("a").digest("base64url");
    expect((await get("/")).body.split(",")).toEqual([
      "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
      mac,
      "a=1&a=2&b=%20",
      "c3a9",
      "hi",
      "aGk=",
      "hi",
    ]);
    const old = await site(
      `var crypto = require("crypto"); function handler(event) { return { statusCode: 200, body: crypto.createHash("md5").update("a").digest("hex") + String.bytesFrom("6869", "hex") }; }`,
      "viewer-request",
      { runtime: "cloudfront-js-1.0" },
    );
    expect((await old.get("/")).body).toBe("0cc175b9c0f1b6a831c399e269772661hi");
  });

  it("has nothing of Node, no network, no timers, no code from text", async () => {
    const names = [
      "process",
      "globalThis.process",
      "fetch",
      "setTimeout",
      "setInterval",
      "XMLHttpRequest",
      "WebAssembly",
      "module",
      "Function.prototype.constructor('return 1')()",
      "console.log.constructor('return process')()",
    ];
    for (const name of names) {
      const { get } = await site(
        handler(
          `let found; try { found = String(typeof (${name})); } catch (error) { found = error.name; } return { statusCode: 200, body: found };`,
        ),
      );
      expect([name, (await get("/")).body]).toEqual([
        name,
        expect.stringMatching(/^(undefined|ReferenceError|EvalError|TypeError)$/),
      ]);
    }
    const { get } = await site(`var fs = require("fs"); function handler(event) { return event.request; }`);
    refused(await get("/"), 503, "FunctionExecutionError");
  });

  it("keeps no state between runs, and stops the clock", async () => {
    const { get } = await site(
      `let count = 0; function handler(event) { count++; const before = Date.now(); for (let i = 0; i < 300000; i++); return { statusCode: 200, body: count + " " + (Date.now() - before) + " " + (new Date() - before) }; }`,
    );
    expect([(await get("/")).body, (await get("/")).body]).toEqual(["1 0 0", "1 0 0"]);
  });

  it("stops a function that runs too long, and answers the next request", async () => {
    const { get } = await site(handler(`if (request.uri === "/loop") for (;;) {} return request;`));
    refused(await get("/loop"), 503, "FunctionExecutionError");
    expect((await get("/")).status).toBe(200);
    const waiting = await site(handler(`if (request.uri === "/wait") await new Promise(() => {}); return request;`));
    refused(await waiting.get("/wait"), 503, "FunctionExecutionError");
  });

  it("comes back after each of three ends, and says so meanwhile", async () => {
    const { get, cloudfront } = await site(handler(`if (request.uri === "/loop") for (;;) {} return request;`));
    const runtime = () => cloudfront.stats().functions[0]?.runtime;
    for (let ended = 1; ended <= 3; ended++) {
      refused(await get("/loop"), 503, "FunctionExecutionError");
      expect(runtime()).toMatchObject({ state: "restarting", restarts: ended });
      expect((await get("/")).status).toBe(200);
      expect(runtime()).toMatchObject({ state: "running", restarts: ended, reason: "it ran for more than 1000 ms" });
    }
    expect(cloudfront.runs().at(-1)?.state).toBe("LIVE; started again 3 times: last, it ran for more than 1000 ms");
  });

  it("stops one that takes too much memory, and this process lives on", async () => {
    const { get } = await site(
      handler(
        `if (request.uri === "/big") { const all = []; for (;;) all.push(new Array(100000).fill(1.5)); } return request;`,
      ),
    );
    refused(await get("/big"), 503, "FunctionExecutionError");
    expect((await get("/small")).status).toBe(200);
  });

  it("answers many at once, each with its own event", async () => {
    const { get } = await site(handler(`return { statusCode: 200, body: request.uri };`));
    const paths = Array.from({ length: 40 }, (_, index) => `/${index}`);
    expect((await Promise.all(paths.map((path) => get(path)))).map((answer) => answer.body)).toEqual(paths);
  });

  it("logs, up to 10 KB a run", async () => {
    const { get, logs } = await site(
      handler(`console.log("hello", { a: 1 }); console.log("x".repeat(20000)); console.log("gone"); return request;`),
    );
    await get("/");
    const lines = logs.filter((line) => line.subject === "function edge").map((line) => line.message);
    expect(lines[0]).toBe('hello {"a":1}');
    expect(lines).toHaveLength(2);
    expect(lines[1]?.length).toBeLessThan(10240);
  });
});

function refused(answer: Answer, status: number, result: string, message = ""): void {
  expect([answer.status, answer.headers["x-cache"]]).toEqual([status, `${result} from cloudfront`]);
  expect(answer.body).toContain(message);
}

describe("what a function returns", () => {
  const invalid: [string, string, "viewer-request" | "viewer-response", string][] = [
    ["nothing", "", "viewer-request", "not a request or response object"],
    ["another method", `request.method = "POST"; return request;`, "viewer-request", "request.method is read-only"],
    [
      "a URI without a slash",
      `request.uri = "x"; return request;`,
      "viewer-request",
      "request.uri must begin with a forward slash",
    ],
    [
      "another Host",
      `request.headers.host = { value: "x" }; return request;`,
      "viewer-request",
      "request.headers['host'] is read-only",
    ],
    [
      "a disallowed header",
      `request.headers["x-edge-a"] = { value: "x" }; return request;`,
      "viewer-request",
      "functions cannot add",
    ],
    [
      "a header in upper case",
      `request.headers["X-A"] = { value: "x" }; return request;`,
      "viewer-request",
      "lower case",
    ],
    [
      "a header as a string",
      `request.headers.a = "x"; return request;`,
      "viewer-request",
      "request.headers['a'] is not an object with a value",
    ],
    [
      "a cookie as a header",
      `request.headers.cookie = { value: "a=1" }; return request;`,
      "viewer-request",
      "cookies belong into request.cookies",
    ],
    [
      "a line break",
      `request.headers.a = { value: "x\\r\\ny" }; return request;`,
      "viewer-request",
      "has the character",
    ],
    [
      "a status that is text",
      `return { statusCode: "200" };`,
      "viewer-request",
      "response.statusCode is not an integer",
    ],
    [
      "a large body",
      `return { statusCode: 200, body: "x".repeat(50000) };`,
      "viewer-request",
      "response.body has 50000 bytes",
    ],
    [
      "bad base64",
      `return { statusCode: 200, body: { encoding: "base64", data: "*" } };`,
      "viewer-request",
      "not valid base64",
    ],
    ["another Via", `response.headers.via = { value: "x" }; return response;`, "viewer-response", "read-only"],
  ];
  it.each(invalid)("%s is a 502", async (_name, code, type, message) => {
    const { get } = await site(handler(code), type);
    refused(await get("/"), 502, "FunctionValidationError", message);
  });

  it("a throw is a 503", async () => {
    const { get, logs, from } = await site(handler(`throw new TypeError("boom");`));
    refused(
      await get("/"),
      503,
      "FunctionExecutionError",
      "The CloudFront function associated with the CloudFront distribution is invalid or could not run.",
    );
    expect(logs.some((line) => line.message.includes("TypeError: boom"))).toBe(true);
    expect(from.seen).toEqual([]);
  });
});

describe("code that CloudFront does not take is refused before it runs", () => {
  const faults = async (
    code: string,
    runtime: CloudFrontFunction["runtime"] = "cloudfront-js-2.0",
  ): Promise<readonly string[]> => {
    try {
      await site(code, "viewer-request", { runtime });
      return [];
    } catch (error) {
      if (error instanceof CloudFrontFaults) return error.faults;
      throw error;
    }
  };
  const body = (statement: string): string => `function handler(event) {\n  ${statement}\n  return event.request;\n}`;

  it("over 10 KB", async () => {
    expect(await faults(body(`var x = "${"y".repeat(10240)}";`))).toEqual([
      expect.stringMatching(/^CloudFront function edge has 103\d\d bytes of code, more than the 10240/),
    ]);
  });

  const refusedSyntax: [string, string][] = [
    ["class A {}", "class"],
    ["var { a } = event;", "destructuring"],
    ["var [a] = event;", "destructuring"],
    ["var a = event?.b;", "optional chaining"],
    ["var a = event ?? 1;", "nullish"],
    ["function* g() {}", "generator"],
    ["eval('1');", "eval"],
    ["new Function('1');", "function constructors"],
    ["function f({ a }) {}", "destructuring"],
    ["var f = ([a]) => a;", "destructuring"],
    ["function f(a, b = 1) {}", "default values"],
    ["var f = (a = 1) => a;", "default values"],
    ["var a = [...event.b];", "spreading"],
    ["if (Math.max(...event.a)) {}", "spreading"],
    ["var a = Object.keys({ ...event });", "spreading"],
    ["for (var a of event.b) {}", "for-of"],
    ["event.a ||= 1;", "logical assignment"],
  ];
  it.each(refusedSyntax)("%s", async (statement, what) => {
    expect(await faults(body(statement))).toEqual([
      expect.stringMatching(new RegExp(`^CloudFront function edge, line 2: ${what}`)),
    ]);
  });

  const only2: [string, string][] = [
    ["const a = 1;", "const and let"],
    ["let a = 1;", "const and let"],
    ["async function f() {}", "async"],
  ];
  it.each(only2)("%s in runtime 1.0 only", async (statement, what) => {
    expect(await faults(body(statement))).toEqual([]);
    expect(await faults(body(statement), "cloudfront-js-1.0")).toEqual([expect.stringContaining(`line 2: ${what}`)]);
  });

  it("but not for words in strings, comments, templates and regular expressions", async () => {
    const fine = [
      "var a = 'class A { }';",
      "// const { a } = b?.c",
      "/* let x ?? y */ var a = 1;",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the function's own template.
      "var a = `class A ${event.version + '?.'} let {`;",
      "var a = /class [A-Z]?.\\/??/g;",
      "var a = event ? .5 : 1;",
      "var klass = event.classes;",
      "function f(a, ...rest) {}",
      "var f = (...rest) => rest.length;",
      "var f = (a) => a === 1;",
      "if (event.a == 1 && (event.b >= 2)) {}",
      "for (var i = 0, of = 1; i < of; i++) {}",
      "var a = event.b.map(function (c) { return { d: c }; });",
    ];
    for (const statement of fine)
      expect([statement, await faults(body(statement), "cloudfront-js-1.0")]).toEqual([statement, []]);
  });

  it("that does not parse", async () => {
    expect(await faults("function handler(event) { return")).toEqual([expect.stringContaining("Unexpected")]);
  });
});
