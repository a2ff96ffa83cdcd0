// KV from outside the Workers: a small Worker that is bound to every namespace, and the ledger of declared entries.

import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import type { WorkerOptions } from "miniflare";
import type { KvEntry } from "./protocol.gen.js";

export const CONTROL_WORKER = "edgewright-control";

/** `PUT|GET|DELETE /<namespace index>/values/<key>`, `GET /<namespace index>/keys`. */
const SCRIPT = `
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, index, what, ...rest] = url.pathname.split("/");
    const namespace = env["N" + index];
    const query = (name) => url.searchParams.get(name) ?? undefined;
    const number = (name) => (query(name) === undefined ? undefined : Number(query(name)));
    try {
      if (what === "keys") {
        return Response.json(await namespace.list({ prefix: query("prefix"), limit: number("limit"), cursor: query("cursor") }));
      }
      const key = decodeURIComponent(rest.join("/"));
      if (request.method === "PUT") {
        const metadata = query("metadata");
        await namespace.put(key, await request.arrayBuffer(), {
          expiration: number("expiration"),
          expirationTtl: number("expiration_ttl"),
          metadata: metadata === undefined ? undefined : JSON.parse(metadata),
        });
        return new Response(null, { status: 204 });
      }
      if (request.method === "DELETE") {
        await namespace.delete(key);
        return new Response(null, { status: 204 });
      }
      const { value, metadata } = await namespace.getWithMetadata(key, "stream");
      if (value === null) return new Response(null, { status: 404 });
      return new Response(value, { headers: metadata === null ? {} : { "KV-Metadata": encodeURIComponent(JSON.stringify(metadata)) } });
    } catch (error) {
      return Response.json({ detail: error.message }, { status: 400 });
    }
  },
};
`;

export function controlWorker(namespaces: readonly string[], compatibilityDate: string): WorkerOptions {
  return {
    name: CONTROL_WORKER,
    modules: [{ type: "ESModule", path: "control.js", contents: SCRIPT }],
    compatibilityDate,
    kvNamespaces: Object.fromEntries(namespaces.map((id, index) => [`N${index}`, id])),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  } as WorkerOptions;
}

/** What the control Worker is reached by. */
export interface KvPlace {
  controlPort: number;
  namespaceIndex(id: string): number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 16, timeout: 4000 });

export interface KvAnswer {
  status: number;
  body: Buffer;
  metadata: string | undefined;
}

export function kvRequest(
  place: KvPlace,
  method: string,
  namespace: string,
  rest: string,
  body?: Buffer,
): Promise<KvAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: "127.0.0.1",
        port: place.controlPort,
        method,
        agent,
        path: `/${place.namespaceIndex(namespace)}/${rest}`,
        headers: body === undefined ? {} : { "Content-Length": body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const metadata = response.headers["kv-metadata"];
          resolve({
            status: response.statusCode ?? 500,
            body: Buffer.concat(chunks),
            metadata: typeof metadata === "string" ? decodeURIComponent(metadata) : undefined,
          });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** Which declared entries were written, by namespace and key: the hash of what was declared. */
type Ledger = Record<string, Record<string, string>>;

export class KvEntries {
  readonly #path: string;
  #ledger: Ledger;

  constructor(stateDir: string) {
    this.#path = join(stateDir, "kv-declared.json");
    this.#ledger = readLedger(this.#path);
  }

  /**
   * Writes what is new or changed and deletes what is no longer declared. Keys that a Worker wrote are never touched, nor is a
   * declared key that a Worker overwrote until its declaration changes, as with the provider.
   */
  async apply(
    entries: readonly KvEntry[],
    namespaces: readonly string[],
    placeOf: (namespace: string) => KvPlace,
  ): Promise<{ written: number; unchanged: number; deleted: number }> {
    const counts = { written: 0, unchanged: 0, deleted: 0 };
    const work: (() => Promise<void>)[] = [];
    const declared = new Set<string>();
    for (const entry of entries) {
      const { namespace_id: namespace, key } = entry;
      declared.add(`${namespace}\0${key}`);
      const hash = createHash("sha256").update(JSON.stringify(entry)).digest("base64url");
      if (this.#ledger[namespace]?.[key] === hash) {
        counts.unchanged += 1;
        continue;
      }
      work.push(async () => {
        await put(placeOf(namespace), entry);
        (this.#ledger[namespace] ??= {})[key] = hash;
        counts.written += 1;
      });
    }
    for (const namespace of namespaces) {
      for (const key of Object.keys(this.#ledger[namespace] ?? {})) {
        if (declared.has(`${namespace}\0${key}`)) continue;
        work.push(async () => {
          await kvRequest(placeOf(namespace), "DELETE", namespace, `values/${encodeURIComponent(key)}`);
          delete this.#ledger[namespace]?.[key];
          counts.deleted += 1;
        });
      }
    }
    try {
      await inParallel(work, 16);
    } finally {
      if (work.length > 0) this.#save(); // Also after a failure: what was written is written.
    }
    return counts;
  }

  #save(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#ledger), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function readLedger(path: string): Ledger {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Ledger;
  } catch {
    return {}; // None yet, or unreadable: then everything declared is written again.
  }
}

async function put(place: KvPlace, entry: KvEntry): Promise<void> {
  const query = new URLSearchParams();
  if (entry.expiration != null) query.set("expiration", String(entry.expiration));
  if (entry.expiration_ttl_s != null) query.set("expiration_ttl", String(entry.expiration_ttl_s));
  if (entry.metadata_json != null) query.set("metadata", entry.metadata_json);
  const path = `values/${encodeURIComponent(entry.key)}?${query}`;
  const answer = await kvRequest(place, "PUT", entry.namespace_id, path, Buffer.from(entry.value_base64, "base64"));
  if (answer.status !== 204) {
    throw new Error(`KV entry ${entry.key} of namespace ${entry.namespace_id}: ${answer.body.toString("utf8")}`);
  }
}

async function inParallel(work: (() => Promise<void>)[], width: number): Promise<void> {
  const rest = work.values();
  const lane = async (): Promise<void> => {
    for (const next of rest) await next();
  };
  await Promise.all(Array.from({ length: Math.min(width, work.length) }, lane));
}
