"""The files that the table's programs name."""

from pathlib import Path

FILES = {
    # Tells what it was given.
    "echo.js": """
export default {
  async fetch(request, env, context) {
    const plain = Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string" || value?.constructor === Object));
    return Response.json({
      method: request.method, url: new URL(request.url).pathname, params: context.params, claims: context.claims ?? null,
      session: context.session ?? null, env: plain, body: await request.text(), headers: Object.fromEntries(request.headers),
    });
  },
};
""",
    # Tells which behaviours the runtime has.
    "probe.js": """
export default {
  fetch() {
    // True before `urlsearchparams_delete_has_value_arg`, of 2023-07-01.
    const hasValue = new URLSearchParams("a=1").has("a", "2");
    return Response.json({ hasValue, buffer: typeof globalThis.Buffer === "function" });
  },
};
""",
    # Keeps a processor busy for seconds, or for ever.
    "burns.js": """
export default (request) => {
  let sum = 0;
  const count = new URL(request.url).pathname === "/x/long" ? 2.5e9 : Infinity;
  for (let number = 0; number < count; number++) sum += number;
  return new Response(String(sum));
};
""",
    "other.js": 'export default () => new Response("other");\n',
    # Tells what its store says.
    "store.js": """
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/x/list") {
      const store = env.STORE;
      return Response.json((await store.list()).keys.length);
    }
    return Response.json(Object.keys(env).filter((name) => typeof env[name]?.get === "function"));
  },
};
""",
    # Uses what it is bound to as ONE, and where there is a second of the kind, looks at what that one has of it.
    "bound.js": """
const uses = {
  kv: async (one, two) => { await one.put("k", "v"); return two.get("k"); },
  listed: async (one) => {
    for (const key of ["a", "b", "c"]) await one.put(`listed-${key}`, "v");
    return (await one.list({ prefix: "listed-" })).keys.length;
  },
  lasting: async (one) => {
    await one.put("lasting", "v");
    return (await one.list({ prefix: "lasting" })).keys[0].expiration !== undefined;
  },
  bucket: async (one, two) => { await one.put("k", "v"); return (await two.get("k"))?.text() ?? null; },
  database: async (one, two) => {
    await one.exec("CREATE TABLE IF NOT EXISTS t (x)");
    return (await two.prepare("SELECT count(*) AS found FROM sqlite_master WHERE name = 't'").first()).found;
  },
  queue: async (one) => { await one.send({}); return "sent"; },
  points: (one) => { one.writeDataPoint({ blobs: ["a"] }); return "written"; },
  service: async (one) => (await one.fetch("https://service.example.com/")).text(),
  object: async (one) => (await one.get(one.idFromName("a")).fetch("https://object.example.com/")).text(),
  version: (one) => /^[0-9a-f-]{36}$/.test(one.id),
  value: (one) => one,
  names: (one, two, env) => Object.keys(env).filter((name) => name === "ONE" || name === "TWO"),
};
export default {
  async fetch(request, env) {
    const use = new URL(request.url).pathname.split("/").pop();
    if (env.ONE === undefined && use !== "names") return Response.json(null);
    return Response.json(await uses[use](env.ONE, env.TWO ?? env.ONE, env));
  },
};
""",
    "sessions.json": '{"session:s3ss10n-of-ada_0001": {"user": "file"}}',
    "ids.json": '{"s3ss10n-of-ada_0001": {"user": "file"}}',
    "sessions/session:s3ss10n-of-ada_0001": '{"user": "directory"}',
    "seed.json": '{"from-file": "yes"}',
    "functions/file.ts": """
export const handler = async (event: any) => {
  const { response } = event.Records[0].cf;
  response.headers["x-mine"] = [{ key: "X-Mine", value: "file" }];
  return response;
};
""",
    "functions/settings.ts": """
import settings from "edgewright:settings";
export const handler = async (event: any) => {
  const { response } = event.Records[0].cf;
  response.headers["x-mine"] = [{ key: "X-Mine", value: settings.greeting }];
  return response;
};
""",
    "functions/folder/index.mjs": """
const put = (value) => async (event) => {
  const { response } = event.Records[0].cf;
  response.headers["x-mine"] = [{ key: "X-Mine", value }];
  return response;
};
export const handler = put("folder");
export const other = put("other");
""",
    "site/index.txt": "index of one\n",
    "site/css/app.css": "body { color: red }\n",
    "site/x/guarded.txt": "secret of one\n",
    "site/private/report.txt": "secret of one\n",
    "site2/index.txt": "index of two\n",
}


def write_files(folder: Path) -> None:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
