// Places in modules that have a source map are told as places in the sources, at the start and in the log.

import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployment, type Gateway, startGateway, until } from "./harness.js";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 30_000);
afterAll(() => gateway.stop());

const MAIN = 'import * as handler from "./handler.js";\nexport default handler.default;';

async function modules(sources: Record<string, string>) {
  const { outputFiles } = await build({
    stdin: { contents: sources["src/main.ts"] ?? "", sourcefile: "src/main.ts", loader: "ts" },
    plugins: [
      {
        name: "memory",
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^\.\/lib$/ }, () => ({ path: "src/lib.ts", namespace: "memory" }));
          onLoad({ filter: /.*/, namespace: "memory" }, () => ({
            contents: sources["src/lib.ts"] ?? "",
            loader: "ts",
          }));
        },
      },
    ],
    outfile: "handler.js",
    bundle: true,
    write: false,
    format: "esm",
    sourcemap: "linked",
  });
  const [map, code] = outputFiles;
  return {
    "main.js": MAIN,
    "handler.js": code?.text ?? "",
    "handler.js.map": { type: "application/source-map", content: map?.text ?? "" },
  };
}

test("a throw at the start", async () => {
  const { status, json } = await gateway.deploy(
    deployment({
      modules: await modules({
        "src/main.ts": 'import "./lib";\nexport default { fetch: () => new Response() };',
        "src/lib.ts":
          "interface A { a: 1 }\n\nfunction deep() {\n  throw new TypeError('start\\n- one\\n- two');\n}\ndeep();",
      }),
    }),
  );
  expect(status).toBe(422);
  expect(json.errors).toEqual([
    { message: "TypeError: start\n- one\n- two", worker: "api", module: "memory:src/lib.ts", line: 4, column: 9 },
  ]);
}, 20_000);

test("a reason that names a module names its source", async () => {
  const { json } = await gateway.deploy(
    deployment({
      modules: {
        ...(await modules({ "src/main.ts": "export default 5;" })),
        "main.js": `import "./handler.js";\nthrow new Error("no use:\\n- handler.js is wrong");\nexport default {};`,
      },
    }),
  );
  expect(json.errors).toEqual([
    {
      message: "Error: no use:\n- src/main.ts is wrong",
      worker: "api",
      module: "src/main.ts",
      line: null,
      column: null,
    },
  ]);
}, 20_000);

test("an uncaught exception, and an error that is printed", async () => {
  const source = `
interface Unused { a: 1 }
function fail(): never {
  throw new RangeError("late");
}
export default {
  fetch(request: Request) {
    if (request.url.endsWith("/print")) {
      console.error(JSON.stringify({ stack: new Error("printed").stack }));
      return new Response("ok");
    }
    return fail();
  },
};`;
  const made = await modules({ "src/main.ts": source });
  expect((await gateway.deploy(deployment({ modules: made }))).status).toBe(200);
  await gateway.get("/throw");
  await gateway.get("/print");
  const messages = await until(async () => {
    const { entries } = (await gateway.control("GET", "/v1/logs")).json;
    const found = entries.filter((entry: { source: string }) => entry.source === "worker");
    return found.length >= 2 ? found.map((entry: { message: string }) => entry.message) : undefined;
  });
  expect(messages[0]).toMatch(
    /^Uncaught RangeError: late\n\s+at fail \(src\/main\.ts:4:9\)\n\s+at .*src\/main\.ts:12:12/,
  );
  expect(messages[1]).toContain("src/main.ts:9:45");
}, 20_000);

test("a map that is none leaves places as they are", async () => {
  const { json } = await gateway.deploy(
    deployment({
      modules: {
        "main.js": MAIN,
        "handler.js": "throw new Error('start');",
        "handler.js.map": { type: "application/source-map", content: "{" },
      },
    }),
  );
  expect(json.errors).toEqual([{ message: "Error: start", worker: "api", module: "handler.js", line: 1, column: 7 }]);
}, 20_000);
