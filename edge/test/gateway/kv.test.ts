// KV: what is declared, what Workers and the control API write, and what is left of it after reloads and restarts.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployment, type Gateway, startGateway } from "./harness.js";
import type { Deployment } from "./types.js";

const WORKER = `export default { async fetch(request, env) {
  const url = new URL(request.url);
  const key = url.searchParams.get("key");
  if (request.method === "PUT") { await env.KV.put(key, await request.arrayBuffer(), JSON.parse(url.searchParams.get("options") ?? "{}")); return new Response("put"); }
  const { value, metadata } = await env.KV.getWithMetadata(key, "text");
  const listed = (await env.KV.list({ prefix: key })).keys.find(({ name }) => name === key);
  return Response.json({ value, metadata, expiration: listed?.expiration ?? null });
} };`;

type Entry = Deployment["kv_entries"][number];

function entry(key: string, value: string | Buffer, more: Partial<Entry> = {}): Entry {
  return {
    namespace_id: "ns1",
    key,
    value_base64: Buffer.from(value).toString("base64"),
    metadata_json: null,
    expiration: null,
    expiration_ttl_s: null,
    ...more,
  };
}

const bindings = [{ type: "option" as const, option: "kvNamespaces", name: "KV", value: "ns1" }];
const document = (entries: Entry[], extra = ""): Partial<Deployment> =>
  deployment(
    { bindings, modules: { "main.js": WORKER + extra } },
    { kv_namespaces: [{ id: "ns1", title: "products" }], kv_entries: entries },
  );

const stateDir = mkdtempSync(join(tmpdir(), "edgewright-kv-"));
let gateway: Gateway;

// biome-ignore lint/suspicious/noExplicitAny: whatever the Worker says of the key.
const read = async (key: string): Promise<any> => (await gateway.get(`/?key=${encodeURIComponent(key)}`)).json;
const write = (key: string, body: string | Buffer): Promise<unknown> =>
  gateway.request(`/?key=${key}`, { method: "PUT", body });

beforeAll(async () => {
  gateway = await startGateway({ stateDir });
});
afterAll(async () => {
  await gateway.stop();
  rmSync(stateDir, { recursive: true });
});

async function deploy(entries: Entry[], extra = ""): Promise<object> {
  await gateway.control("POST", "/v1/counters/reset");
  const answer = await gateway.deploy(document(entries, extra));
  expect(answer.status, answer.text).toBe(200);
  return (await gateway.control("GET", "/v1/counters")).json.kv;
}

test("declared entries are written once, changed ones again, undeclared ones deleted; other keys stay", async () => {
  expect(
    await deploy([entry("a", "1"), entry("b", "2", { metadata_json: '{"m":1}' }), entry("grüß/ä?&#", "3")]),
  ).toEqual({ written: 3, unchanged: 0, deleted: 0 });
  expect(await read("a")).toMatchObject({ value: "1", metadata: null });
  expect(await read("b")).toMatchObject({ value: "2", metadata: { m: 1 } });
  expect(await read("grüß/ä?&#")).toMatchObject({ value: "3" });

  await write("own", "mine");
  await write("a", "overwritten by the Worker");
  expect(await deploy([entry("a", "1"), entry("b", "2b", { metadata_json: '{"m":1}' })], "// reload")).toEqual({
    written: 1,
    unchanged: 1,
    deleted: 1,
  });
  expect(await read("a")).toMatchObject({ value: "overwritten by the Worker" });
  expect(await read("b")).toMatchObject({ value: "2b" });
  expect(await read("grüß/ä?&#")).toMatchObject({ value: null });
  expect(await read("own")).toMatchObject({ value: "mine" });

  // Changed in its metadata only.
  expect(
    await deploy([entry("a", "1", { metadata_json: '"x"' }), entry("b", "2b", { metadata_json: '{"m":1}' })]),
  ).toEqual({ written: 1, unchanged: 1, deleted: 0 });
  expect(await read("a")).toMatchObject({ value: "1", metadata: "x" });
});

test("expiration: as a time and as a time to live", async () => {
  const before = Math.floor(Date.now() / 1000);
  const at = before + 3600;
  await deploy([entry("at", "1", { expiration: at }), entry("ttl", "2", { expiration_ttl_s: 7200 })]);
  expect((await read("at")).expiration).toBe(at);
  const { expiration } = await read("ttl");
  expect(expiration).toBeGreaterThanOrEqual(before + 7200);
  expect(expiration).toBeLessThanOrEqual(Date.now() / 1000 + 7201);
});

test("an entry that KV refuses fails the deployment, which leaves the old one serving", async () => {
  const before = (await gateway.control("GET", "/v1/status")).json.generation;
  const answer = await gateway.deploy(document([entry("at", "1", { expiration_ttl_s: 5 })], "// new"));
  expect(answer.status).toBe(422);
  expect(answer.json.errors[0].message).toMatch(/KV entry at of namespace ns1: .*expiration_ttl|Invalid expiration/i);
  expect((await gateway.control("GET", "/v1/status")).json.generation).toBe(before);
  expect(await read("at")).toMatchObject({ value: "1" });
});

test("values up to 25 MiB, declared and written", async () => {
  const large = Buffer.alloc(25 * 1024 * 1024, "x");
  await deploy([entry("large", large)]);
  expect((await gateway.control("GET", "/v1/kv/ns1/values/large")).text.length).toBe(large.length);
  const over = await gateway.deploy(document([entry("large", Buffer.alloc(25 * 1024 * 1024 + 1))]));
  expect(over.status).toBe(422);
  expect(over.json.errors[0].message).toContain("KV entry large");
});

test("a seed of hundreds of entries", async () => {
  const counts = await deploy(
    Array.from({ length: 600 }, (_, index) => entry(`seed-${String(index).padStart(4, "0")}`, `{"id":${index}}`)),
  );
  expect(counts).toMatchObject({ written: 600 });
  const first = (await gateway.control("GET", "/v1/kv/ns1/keys?prefix=seed-&limit=400")).json;
  expect(first.keys).toHaveLength(400);
  const rest = (await gateway.control("GET", `/v1/kv/ns1/keys?prefix=seed-&limit=400&cursor=${first.cursor}`)).json;
  expect(rest.keys).toHaveLength(200);
  expect(rest.list_complete).toBe(true);
  expect(rest.keys[199].name).toBe("seed-0599");
});

test("the control API reads and writes what Workers read and write", async () => {
  const put = await gateway.control(
    "PUT",
    `/v1/kv/ns1/values/from%2Foutside?expiration_ttl=600&metadata=${encodeURIComponent('{"a":"ü"}')}`,
    Buffer.from([0, 1, 255]),
  );
  expect(put.status).toBe(204);
  expect(await read("from/outside")).toMatchObject({ metadata: { a: "ü" } });
  const got = await gateway.control("GET", "/v1/kv/ns1/values/from%2Foutside");
  expect(decodeURIComponent(String(got.headers["kv-metadata"]))).toBe('{"a":"ü"}');
  expect((await gateway.control("DELETE", "/v1/kv/ns1/values/from%2Foutside")).status).toBe(204);
  expect((await gateway.control("GET", "/v1/kv/ns1/values/from%2Foutside")).status).toBe(404);
});

test("the control API says what is wrong", async () => {
  const namespace = await gateway.control("GET", "/v1/kv/nowhere/values/a");
  expect([namespace.status, namespace.json.detail]).toEqual([
    404,
    "There is no KV namespace nowhere. Known: ns1 (products).",
  ]);
  expect((await gateway.control("GET", "/v1/kv/ns1/values/none")).json.detail).toBe(
    "The namespace ns1 has no key none.",
  );
  const short = await gateway.control("PUT", "/v1/kv/ns1/values/a?expiration_ttl=5", "x");
  expect([short.status, short.json.title]).toEqual([400, "KV refused"]);
  expect((await gateway.control("POST", "/v1/kv/ns1/keys")).status).toBe(404);
});

test("data outlives the process, and declared entries stay known", async () => {
  await deploy([entry("a", "1")]);
  await write("own", "still mine");
  expect(await gateway.stop()).toBe(0);
  gateway = await startGateway({ stateDir });
  expect(await deploy([entry("a", "1")])).toEqual({ written: 0, unchanged: 1, deleted: 0 });
  expect(await read("own")).toMatchObject({ value: "still mine" });
  expect(await read("a")).toMatchObject({ value: "1" });
});

test("a namespace that is gone and comes back has its data (gap `kv-namespace-removed`)", async () => {
  expect(
    (await gateway.deploy(deployment("export default { fetch() { return new Response('none'); } };"))).status,
  ).toBe(200);
  expect((await gateway.control("GET", "/v1/kv/ns1/values/own")).status).toBe(404);
  await deploy([entry("a", "1")]);
  expect(await read("own")).toMatchObject({ value: "still mine" });
});

test.each([
  ["that says nothing of the kind", '[1, {"a": 2}]'],
  ["of odd values", '{"ns1": {"a": 3}}'],
  ["cut off", '{"ns1": {"a"'],
  ["nested too deep", "[".repeat(100_000)],
])("with a list of what was declared %s, all that is declared is written again, and nothing else", async (_, text) => {
  const folder = mkdtempSync(join(tmpdir(), "edgewright-kv-damaged-"));
  const first = await startGateway({ stateDir: folder });
  const asked = document([entry("a", "1")]);
  expect((await first.deploy(asked)).status).toBe(200);
  await first.request("/?key=own", { method: "PUT", body: "mine" });
  await first.request("/?key=a", { method: "PUT", body: "overwritten" });
  await first.stop();

  const list = join(folder, "kv-declared.json");
  expect(JSON.parse(readFileSync(list, "utf8"))).toHaveProperty("ns1");
  writeFileSync(list, text);
  const second = await startGateway({ stateDir: folder });
  expect((await second.deploy(asked)).status).toBe(200);
  expect((await second.get("/?key=a")).json.value).toBe("1");
  expect((await second.get("/?key=own")).json.value).toBe("mine");
  await second.stop();
  rmSync(folder, { recursive: true });
});

test("a store's file that is no database is named before anything is deployed, with the way out", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edgewright-kv-damaged-"));
  const first = await startGateway({ stateDir: folder });
  expect((await first.deploy(document([entry("a", "1")]))).status).toBe(200);
  await first.stop();

  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith(".sqlite"));
  const file = join(folder, files.find((name) => name.startsWith("kv")) ?? "");
  writeFileSync(file, "no database\n".repeat(1000));
  const second = await startGateway({ stateDir: folder });
  const refused = await second.deploy(document([entry("a", "1")]));
  expect(refused.status).toBe(422);
  expect(refused.text).toContain(`${file} is damaged: it is no database of SQLite.`);
  expect(refused.text).toContain("edgewright up --fresh");
  await second.stop();
  rmSync(folder, { recursive: true });
});
