// Python functions at Lambda@Edge, in processes of their own.

import { describe, expect, it } from "vitest";
import { behavior, edge, LAMBDA_ARN, lambda, origin, simple } from "./support.js";

async function site(
  source: string,
  more: { timeout?: number; memory?: number; handler?: string; file?: string; event?: "origin-request" } = {},
) {
  const from = await origin((request, response) => {
    response.writeHead(200, { "Content-Type": "text/plain" }).end(`origin ${request.url}`);
  });
  const event = more.event ?? "viewer-request";
  const document = simple(
    from.port,
    {},
    {
      default_cache_behavior: behavior({
        lambda_function_associations: [{ event_type: event, lambda_arn: LAMBDA_ARN, include_body: false }],
      }),
    },
  );
  document.lambda_versions.push(
    lambda(source, {
      file: more.file ?? "index.py",
      runtime: "python3.13",
      handler: more.handler ?? "index.handler",
      timeout: more.timeout ?? 20,
      memory_size: more.memory ?? 128,
    }),
  );
  return { ...(await edge(document)), from };
}

const UNAVAILABLE =
  "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required permissions.";

describe("a Python function", () => {
  it("changes requests, and keeps its state between invocations", async () => {
    const { get, cloudfront } = await site(`
seen = []

def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    seen.append(request["uri"])
    request["uri"] = "/" + str(len(seen)) + request["uri"]
    return request
`);
    expect((await get("/a")).body).toBe("origin /1/a");
    expect((await get("/b")).body).toBe("origin /2/b");
    expect(cloudfront.stats().lambda).toMatchObject([
      { invocations: 2, errors: 0, coldStarts: [{ function: "edge" }] },
    ]);
  });

  it("answers itself, with non-ASCII text, and has a context", async () => {
    const { get } = await site(
      `
def handler(event, context):
    told = "%s %s %s %s" % (context.function_name, context.function_version, context.memory_limit_in_mb, context.invoked_function_arn)
    left = context.get_remaining_time_in_millis()
    return {"status": "200", "body": "grüezi " + told, "headers": {"x-left": [{"key": "X-Left", "value": str(0 < left <= 20000)}]}}
`,
      { event: "origin-request" },
    );
    const answer = await get("/");
    expect(answer.body).toBe(`grüezi us-east-1.edge 1 128 ${LAMBDA_ARN}`);
    expect(answer.headers["x-left"]).toBe("True");
    expect(answer.headers["x-cache"]).toBe("LambdaGeneratedResponse from cloudfront");
  });

  it("is found in a folder of the package, and finds modules beside it", async () => {
    const { get } = await site("from json import dumps\ndef run(event, context): return {'status': '204'}", {
      file: "src/edge.py",
      handler: "src/edge.run",
    });
    expect((await get("/")).status).toBe(204);
  });

  it("logs what it prints, line by line", async () => {
    const { get, logs } = await site(`
import sys

def handler(event, context):
    print("one")
    print("two", file=sys.stderr)
    return {"status": "204"}
`);
    await get("/");
    const told = () => logs.filter(({ message }) => message === "one" || message === "two");
    await expect.poll(() => told().length).toBe(2);
    expect(
      told()
        .map(({ level, message }) => `${level} ${message}`)
        .sort(),
    ).toEqual(["info one", "warn two"]);
  });

  it("has Lambda's own environment and the standard library, and nothing of this machine's", async () => {
    const { get } = await site(`
import os, sys

def handler(event, context):
    packages = [path for path in sys.path if "site-packages" in path or "dist-packages" in path]
    return {"status": "200", "body": "%s %s" % (sorted(k for k in os.environ if k != "LC_CTYPE"), packages)}
`);
    expect((await get("/")).body).toBe(
      "['AWS_DEFAULT_REGION', 'AWS_EXECUTION_ENV', 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'AWS_LAMBDA_FUNCTION_NAME'," +
        " 'AWS_LAMBDA_FUNCTION_VERSION', 'AWS_REGION', 'LAMBDA_TASK_ROOT', 'TZ'] []",
    );
  });
});

describe("a Python function that fails", () => {
  it.each<[string, string, string]>([
    ["raises", "def handler(event, context): raise ValueError('no table')", "ValueError: no table"],
    ["answers what is no JSON", "def handler(event, context): return {1, 2}", "Runtime.MarshalError"],
    ["does not parse", "def handler(event, context) return 1", "Runtime.UserCodeSyntaxError"],
    ["imports what is not there", "import nowhere", "Unable to import module 'index': No module named 'nowhere'"],
    ["has no such handler", "def other(event, context): pass", "Handler 'handler' missing on module 'index'"],
    ["raises as it is imported", "raise RuntimeError('early')", "RuntimeError: early"],
    ["ends its process", "import os\ndef handler(event, context): os._exit(3)", "Runtime exited with exit code 3"],
    ["leaves", "import sys\ndef handler(event, context): sys.exit()", "Runtime exited with exit code 0"],
  ])("because it %s is a 503, with the reason in the log", async (_name, source, reason) => {
    const { get, logs, from } = await site(source);
    const answer = await get("/");
    expect([answer.status, answer.headers["x-cache"]]).toEqual([503, "LambdaExecutionError from cloudfront"]);
    expect(answer.body).toContain(UNAVAILABLE);
    expect(logs.map(({ message }) => message).join("\n")).toContain(reason);
    expect(from.seen).toEqual([]);
  });

  it("is stopped at its timeout, and the next request is answered", async () => {
    const { get, logs } = await site(
      `
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    while request["uri"] == "/loop": pass
    return {"status": "204"}
`,
      { timeout: 3 },
    );
    const answer = await get("/loop");
    expect([answer.status, answer.headers["x-cache"]]).toEqual([503, "LambdaLimitExceeded from cloudfront"]);
    expect(logs.some(({ message }) => message.includes("Task timed out after 3.00 seconds"))).toBe(true);
    expect((await get("/")).status).toBe(204);
  });

  it.skipIf(process.platform !== "linux")("is stopped where it takes too much memory", async () => {
    const { get, logs } = await site(
      `
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"] == "/big":
        return {"status": "200", "body": str(len(bytearray(400 * 1024 * 1024)))}
    return {"status": "204"}
`,
      { memory: 128 },
    );
    const answer = await get("/big");
    expect([answer.status, answer.headers["x-cache"]]).toEqual([503, "LambdaExecutionError from cloudfront"]);
    expect(logs.some(({ message }) => message.includes("more than its 128 MB of memory"))).toBe(true);
    expect((await get("/")).status).toBe(204);
  });

  it("is told before anything runs where there is no such Python, or another language", async () => {
    const document = simple(1);
    document.lambda_versions.push(
      lambda("", { runtime: "python3.13", interpreter: "/nowhere/python" }),
      lambda("", { arn: `${LAMBDA_ARN}1`, version: "11", runtime: "ruby3.4" }),
    );
    await expect(edge(document)).rejects.toMatchObject({
      faults: [
        "Lambda function edge:1 has the runtime python3.13, and there is no Python at /nowhere/python.",
        "Lambda function edge:11 has the runtime ruby3.4; Lambda@Edge runs Node.js and Python.",
      ],
    });
  });
});

describe("a function whose environment is killed", () => {
  const source = `
import os, subprocess

def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"] == "/kill":
        os.kill(os.getpid(), 9)
    if request["uri"] == "/orphan":
        # It holds the output of the function open after its end.
        subprocess.Popen(["sleep", "60"])
    return {"status": "200", "body": str(os.getpid())}
`;

  it("comes back each time, and says so meanwhile", async () => {
    const { get, cloudfront } = await site(source, { timeout: 5 });
    const runtime = () => cloudfront.stats().lambda[0]?.runtime;
    const seen = new Set([(await get("/")).body]);
    expect(runtime()).toEqual({ state: "running", restarts: 0, reason: null });
    for (let killed = 1; killed <= 3; killed++) {
      expect((await get("/kill")).status).toBe(503);
      expect(runtime()).toEqual({ state: "restarting", restarts: killed, reason: "Runtime exited with SIGKILL" });
      expect(cloudfront.runs().find(({ what }) => what === "Lambda function")).toEqual({
        what: "Lambda function",
        name: "edge",
        state: "version 1; starts again with the next request: Runtime exited with SIGKILL",
      });
      const answer = await get("/");
      expect(answer.status).toBe(200);
      seen.add(answer.body);
      expect(runtime()).toMatchObject({ state: "running", restarts: killed });
    }
    expect(seen.size).toBe(4);
  });

  it("comes back where it was killed between two requests, and where a process of its own outlives it", async () => {
    const { get, cloudfront } = await site(source, { timeout: 5 });
    for (const path of ["/", "/orphan"]) {
      const pid = Number((await get(path)).body);
      process.kill(pid, "SIGKILL");
      await expect.poll(() => cloudfront.stats().lambda[0]?.runtime.state).toBe("restarting");
      const answer = await get("/");
      expect([answer.status, Number(answer.body) === pid]).toEqual([200, false]);
    }
  });
});
