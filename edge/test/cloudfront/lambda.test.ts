import { describe, expect, it } from "vitest";
import type { EventType } from "../../src/platforms/cloudfront/gateway/types.js";
import { type Answer, behavior, edge, LAMBDA_ARN, lambda, origin, simple } from "./support.js";

interface Words {
  type?: EventType;
  body?: boolean;
  file?: string;
  timeout?: number;
  memory?: number;
  /** What the origin answers with. */
  status?: number;
}

/** A site whose one function is `source`, with an origin that echoes what it got. */
async function site(
  source: string,
  { type = "viewer-request", body = false, file, timeout = 5, memory = 128, status = 200 }: Words = {},
) {
  const from = await origin((request, response, text) => {
    response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "max-age=60", "X-Origin": "1" });
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: text }));
  });
  const associations = [{ event_type: type, lambda_arn: LAMBDA_ARN, include_body: body }];
  const document = simple(
    from.port,
    { queries: "all" },
    { default_cache_behavior: behavior({ lambda_function_associations: associations }) },
  );
  document.lambda_versions.push(lambda(source, { timeout, memory_size: memory, ...(file !== undefined && { file }) }));
  return { ...(await edge(document)), from };
}

const returning = (text: string): string =>
  `export const handler = async (event) => { const { request, response } = event.Records[0].cf; ${text} };`;

function refused(answer: Answer, status: number, result: string, message: string): void {
  expect([answer.status, answer.headers["x-cache"]]).toEqual([status, `${result} from cloudfront`]);
  expect(answer.body).toContain(message);
  expect(answer.body).toContain(`Request ID: ${answer.headers["x-amz-cf-id"]}`);
}

describe("handlers", () => {
  it("are modules or CommonJS, with promises or callbacks", async () => {
    const modules: [string, string][] = [
      ["index.mjs", returning(`request.uri = "/changed"; return request;`)],
      [
        "index.js",
        `exports.handler = (event, context, callback) => { const r = event.Records[0].cf.request; r.uri = "/changed"; setTimeout(() => callback(null, r), 5); };`,
      ],
      [
        "index.cjs",
        `exports.handler = async (event) => { const r = event.Records[0].cf.request; r.uri = "/changed"; return r; };`,
      ],
      [
        "index.js",
        `exports.handler = (event, context) => { const r = event.Records[0].cf.request; r.uri = "/changed"; context.succeed(r); };`,
      ],
    ];
    for (const [file, source] of modules) {
      const { get } = await site(source, { file });
      expect([file, JSON.parse((await get("/x")).body).url]).toEqual([file, "/changed"]);
    }
  });

  it("have only Lambda's own environment, and a context", async () => {
    process.env.EDGEWRIGHT_TEST_SECRET = "canary";
    const { get } = await site(
      `export const handler = async (event, context) => ({ status: "200", body: JSON.stringify({
        secret: process.env.EDGEWRIGHT_TEST_SECRET ?? null, region: process.env.AWS_REGION, name: context.functionName,
        version: context.functionVersion, left: context.getRemainingTimeInMillis(), memory: context.memoryLimitInMB }) });`,
    );
    const { left, ...rest } = JSON.parse((await get("/")).body);
    expect(rest).toEqual({ secret: null, region: "us-east-1", name: "us-east-1.edge", version: "1", memory: "128" });
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5000);
    delete process.env.EDGEWRIGHT_TEST_SECRET;
  });

  it("report their cold start once, and keep their state between invocations", async () => {
    const { get, cloudfront } = await site(
      `let count = 0; export const handler = async () => ({ status: "200", body: String(++count) });`,
    );
    expect([(await get("/")).body, (await get("/")).body]).toEqual(["1", "2"]);
    const [stats] = cloudfront.stats().lambda;
    expect(stats).toMatchObject({ function: "edge", version: "1", invocations: 2, errors: 0 });
    expect(stats?.coldStarts).toHaveLength(1);
    expect(stats?.coldStarts[0]?.importMs).toBeGreaterThan(0);
    expect(stats?.coldStarts[0]?.firstAnswerMs).toBeGreaterThanOrEqual(stats?.coldStarts[0]?.importMs as number);
  });

  it("hold one invocation at a time in one environment", async () => {
    const { get, cloudfront } = await site(
      `let running = 0; export const handler = async () => { running++; await new Promise((r) => setTimeout(r, 30)); const most = running; running--; return { status: "200", body: String(most) }; };`,
    );
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(`/${index}`)));
    expect(answers.map((answer) => answer.body)).toEqual(Array.from({ length: 20 }, () => "1"));
    expect(cloudfront.stats().lambda[0]?.coldStarts.length).toBeLessThanOrEqual(8);
  });
});

describe("failures", () => {
  const UNAVAILABLE =
    "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required permissions.";

  it("a throw is a 503", async () => {
    const { get, logs, from } = await site(returning(`throw new Error("boom");`));
    refused(await get("/"), 503, "LambdaExecutionError", UNAVAILABLE);
    expect(from.seen).toEqual([]);
    expect(logs.some((line) => line.level === "error" && line.message.includes("Error: boom"))).toBe(true);
  });

  it("a throw outside of the promise is a 503, and the next request is answered", async () => {
    const { get } = await site(
      `export const handler = (event, context, callback) => { const r = event.Records[0].cf.request; if (r.uri === "/bad") setTimeout(() => { throw new Error("late"); }, 1); else callback(null, r); };`,
    );
    refused(await get("/bad"), 503, "LambdaExecutionError", UNAVAILABLE);
    expect((await get("/good")).status).toBe(200);
  });

  it("a time-out is a 503 after the function's timeout, and the next request is answered", async () => {
    const { get, logs } = await site(
      returning(`if (request.uri === "/slow") await new Promise(() => setInterval(() => {}, 1000)); return request;`),
      { timeout: 2 },
    );
    refused(await get("/slow"), 503, "LambdaLimitExceeded", UNAVAILABLE);
    expect(logs.some((line) => line.message.includes("Task timed out after 2.00 seconds"))).toBe(true);
    expect((await get("/fast")).status).toBe(200);
  });

  it("a busy loop is stopped too", async () => {
    const { get } = await site(returning(`if (request.uri === "/loop") for (;;) {} return request;`), { timeout: 2 });
    refused(await get("/loop"), 503, "LambdaLimitExceeded", UNAVAILABLE);
    expect((await get("/fast")).status).toBe(200);
  });

  it("too much memory is a 503, and this process lives on", async () => {
    const { get } = await site(
      returning(
        `if (request.uri === "/big") { const all = []; for (;;) all.push(new Array(100000).fill(Math.random())); } return request;`,
      ),
      { memory: 32, timeout: 20 },
    );
    refused(await get("/big"), 503, "LambdaExecutionError", UNAVAILABLE);
    expect((await get("/small")).status).toBe(200);
  }, 30_000);

  it("too much memory in buffers is a 503 long before 2 GB, which no limit of the heap sees", async () => {
    const { get } = await site(
      returning(
        `if (request.uri === "/big") { const all = []; for (;;) all.push(Buffer.alloc(16 * 1024 * 1024, 1)); } return request;`,
      ),
      { memory: 128, timeout: 30 },
    );
    let most = 0;
    const sampling = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 10);
    refused(await get("/big"), 503, "LambdaExecutionError", UNAVAILABLE);
    clearInterval(sampling);
    expect(most).toBeLessThan(2 * 1024 ** 3);
    expect((await get("/small")).status).toBe(200);
  });

  it("a module that does not load is a 503", async () => {
    for (const source of [`import "nowhere"; export const handler = 1;`, `export const other = 1;`, `syntax error`]) {
      const { get } = await site(source);
      refused(await get("/"), 503, "LambdaExecutionError", UNAVAILABLE);
    }
  });

  it("process.exit is a 503", async () => {
    const { get } = await site(returning(`if (request.uri === "/exit") process.exit(1); return request;`));
    refused(await get("/exit"), 503, "LambdaExecutionError", UNAVAILABLE);
    expect((await get("/")).status).toBe(200);
  });

  it("comes back after each of three such ends, and says so meanwhile", async () => {
    const { get, cloudfront } = await site(returning(`if (request.uri === "/exit") process.exit(1); return request;`));
    const runtime = () => cloudfront.stats().lambda[0]?.runtime;
    for (let ended = 1; ended <= 3; ended++) {
      expect((await get("/exit")).status).toBe(503);
      expect(runtime()).toMatchObject({ state: "restarting", restarts: ended });
      expect((await get("/")).status).toBe(200);
      expect(runtime()).toMatchObject({ state: "running", restarts: ended });
    }
  });
});

describe("what a function returns", () => {
  const invalid: [string, string, EventType, string][] = [
    ["nothing", "return undefined;", "viewer-request", "The json output must be an object type."],
    ["a string", `return "no";`, "viewer-request", "The json output must be an object type."],
    [
      "a disallowed header",
      `request.headers["x-cache"] = [{ value: "Hit" }]; return request;`,
      "viewer-request",
      "The function tried to add a blacklisted header.",
    ],
    [
      "a header of CloudFront's",
      `request.headers["x-amz-cf-id"] = [{ value: "1" }]; return request;`,
      "origin-request",
      "The function tried to add a blacklisted header.",
    ],
    [
      "a viewer country",
      `request.headers["cloudfront-viewer-country"] = [{ value: "DE" }]; return request;`,
      "viewer-request",
      "The function tried to add a blacklisted header.",
    ],
    [
      "another Host",
      `request.headers.host = [{ key: "Host", value: "evil.example" }]; return request;`,
      "viewer-request",
      "read-only header",
    ],
    ["no Via", `delete request.headers.via; return request;`, "origin-request", "read-only header"],
    [
      "another Accept-Encoding",
      `request.headers["accept-encoding"] = [{ value: "gzip" }]; return request;`,
      "origin-request",
      "read-only header",
    ],
    [
      "a Via of its own",
      `response.headers.via = [{ value: "1.1 me" }]; return response;`,
      "viewer-response",
      "read-only header",
    ],
    [
      "a header that is no array",
      `request.headers.a = { value: "1" }; return request;`,
      "viewer-request",
      "Each header entry in the headers object must be an array.",
    ],
    [
      "a header value that is no string",
      `request.headers.a = [{ value: 1 }]; return request;`,
      "viewer-request",
      "The value of each header must be a string.",
    ],
    [
      "a line break in a header",
      `request.headers.a = [{ value: "x\\r\\ny: z" }]; return request;`,
      "viewer-request",
      "returned an invalid header",
    ],
    [
      "a header name in upper case",
      `request.headers["X-A"] = [{ value: "1" }]; return request;`,
      "viewer-request",
      "lower case",
    ],
    ["another method", `request.method = "POST"; return request;`, "viewer-request", "read-only field method"],
    [
      "another client address",
      `request.clientIp = "198.51.100.1"; return request;`,
      "viewer-request",
      "read-only field clientIp",
    ],
    [
      "a URI without a slash",
      `request.uri = "x"; return request;`,
      "viewer-request",
      "must be a string that begins with a forward slash",
    ],
    [
      "a query string with a space",
      `request.querystring = "a b"; return request;`,
      "viewer-request",
      "querystring must be a string without spaces",
    ],
    [
      "a URI that is too long",
      `request.uri = "/" + "a".repeat(8192); return request;`,
      "viewer-request",
      "shorter than 8192",
    ],
    ["a status under 200", `return { status: "100" };`, "viewer-request", "status must be a number from 200 to 599"],
    ["no status", `return { headers: {} };`, "viewer-request", "status must be a number from 200 to 599"],
    [
      "a body that is no string",
      `return { status: "200", body: { a: 1 } };`,
      "viewer-request",
      "The body is not a string, is not an object, or exceeds the maximum size.",
    ],
    ["a body with 204", `return { status: "204", body: "x" };`, "viewer-request", "204 cannot have a body"],
    [
      "40 KB and more to a viewer",
      `return { status: "200", body: "x".repeat(40 * 1024 + 1) };`,
      "viewer-request",
      "exceeds the maximum size",
    ],
    [
      "1 MB and more from an origin request",
      `return { status: "200", body: "x".repeat(1024 * 1024 + 1) };`,
      "origin-request",
      "exceeds the maximum size",
    ],
    [
      "bad base64",
      `return { status: "200", body: "*", bodyEncoding: "base64" };`,
      "viewer-request",
      "not valid base64",
    ],
    [
      "another status to a viewer",
      `response.status = "404"; return response;`,
      "viewer-response",
      "cannot change the status",
    ],
    ["two origins", `request.origin.s3 = {}; return request;`, "origin-request", "exactly one of custom and s3"],
    [
      "an origin by address",
      `request.origin.custom.domainName = "10.0.0.1"; return request;`,
      "origin-request",
      "not an IP address",
    ],
    [
      "a low port",
      `request.origin.custom.port = 22; return request;`,
      "origin-request",
      "port must be 80, 443 or from 1024",
    ],
    [
      "a custom header twice",
      `request.origin.custom.customHeaders = { "user-agent": [{ value: "x" }] }; return request;`,
      "origin-request",
      "customHeaders and in the request's headers",
    ],
  ];
  it.each(invalid)("%s is a 502", async (_name, code, type, message) => {
    const { get } = await site(returning(code), { type });
    refused(await get("/", { headers: { "User-Agent": "x" } }), 502, "LambdaValidationError", message);
  });

  it("may change URI, query string and headers on the way in, and cookies on the way out", async () => {
    const inward = await site(
      returning(
        `request.uri = "/b"; request.querystring = "c=1"; request.headers["content-type"] = [{ value: "x/y" }]; return request;`,
      ),
    );
    const { url, headers } = JSON.parse((await inward.get("/a")).body);
    expect([url, headers["content-type"]]).toEqual(["/b?c=1", "x/y"]);
    const outward = await site(
      returning(
        `response.headers["set-cookie"] = [{ value: "a=1" }, { value: "b=2" }]; delete response.headers["x-origin"]; return response;`,
      ),
      { type: "viewer-response" },
    );
    const answer = await outward.get("/");
    expect(answer.rawHeaders.filter((each) => each === "Set-Cookie")).toHaveLength(2);
    expect(answer.headers["x-origin"]).toBeUndefined();
    expect(answer.headers["set-cookie"]).toBe("a=1,b=2");
  });

  it("is the answer itself, from a viewer request: never cached, no origin", async () => {
    const { get, from } = await site(
      `let n = 0; export const handler = async () => ({ status: "302", statusDescription: "Found", headers: { location: [{ value: "/new" }] }, body: String(++n) });`,
    );
    const first = await get("/");
    expect([first.status, first.headers.location, first.headers["x-cache"]]).toEqual([
      302,
      "/new",
      "LambdaGeneratedResponse from cloudfront",
    ]);
    expect((await get("/")).body).toBe("2");
    expect(from.seen).toEqual([]);
  });

  it("is the answer itself, from an origin request: cached", async () => {
    const { get, from } = await site(
      `let n = 0; export const handler = async () => ({ status: "200", headers: { "cache-control": [{ value: "max-age=60" }] }, body: String(++n) });`,
      { type: "origin-request" },
    );
    expect((await get("/")).headers["x-cache"]).toBe("LambdaGeneratedResponse from cloudfront");
    const hit = await get("/");
    expect([hit.body, hit.headers["x-cache"]]).toEqual(["1", "Hit from cloudfront"]);
    expect(from.seen).toEqual([]);
  });

  it("may be bytes in base64", async () => {
    const { get } = await site(
      `export const handler = async () => ({ status: "200", bodyEncoding: "base64", body: Buffer.from("bytes").toString("base64") });`,
    );
    expect((await get("/")).body).toBe("bytes");
  });

  it("may replace the request's body", async () => {
    const { get } = await site(
      returning(`request.body = { action: "replace", encoding: "text", data: "other" }; return request;`),
      { body: true },
    );
    expect(JSON.parse((await get("/", { method: "POST", body: "one" })).body).body).toBe("other");
  });

  it("may choose another origin", async () => {
    const other = await origin((request, response) =>
      response.end(`other ${request.url} ${request.headers["x-key"]} ${request.headers.host}`),
    );
    const { get, from } = await site(
      returning(
        `request.origin.custom = { ...request.origin.custom, domainName: "localhost", port: ${other.port}, path: "/base", customHeaders: { "x-key": [{ value: "k" }] } }; request.headers.host = [{ key: "Host", value: "other.example" }]; return request;`,
      ),
      { type: "origin-request" },
    );
    expect((await get("/a")).body).toBe("other /base/a k other.example");
    expect(from.seen).toEqual([]);
  });

  it("may turn an origin's error into a page, which is then cached", async () => {
    const { get, from } = await site(
      returning(
        `if (response.status === "404") { response.status = "200"; response.statusDescription = "OK"; response.body = "found after all"; } return response;`,
      ),
      { type: "origin-response", status: 404 },
    );
    expect([(await get("/")).status, (await get("/")).body]).toEqual([200, "found after all"]);
    expect(from.seen).toHaveLength(1);
  });

  it("is not asked for a viewer response to an error of the origin", async () => {
    const { get, cloudfront } = await site(returning(`return response;`), { type: "viewer-response", status: 404 });
    expect((await get("/")).status).toBe(404);
    expect(cloudfront.stats().lambda[0]?.invocations).toBe(0);
  });

  it("that fails is not stored, and no stale object hides it", async () => {
    const { get, from } = await site(
      returning(`if (request.querystring === "ok") return response; throw new Error("x");`),
      { type: "origin-response" },
    );
    expect((await get("/")).status).toBe(503);
    expect((await get("/")).status).toBe(503);
    expect(from.seen).toHaveLength(2);
  });
});
