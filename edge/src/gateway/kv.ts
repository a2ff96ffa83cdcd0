// KV from outside the Workers: through a small Worker that is bound to every namespace.

import http from "node:http";
import type { WorkerOptions } from "miniflare";
import { IDLE_MS } from "./proxy.js";

export const CONTROL_WORKER = "edgewright-control";

/** The path that asks whether workerd answers at all. */
export const ALIVE = "/alive";

/**
 * `PUT|GET|DELETE /<namespace index>/values/<key>`, `GET /<namespace index>/keys`, and `POST /<namespace index>/batch` with a list of
 * `{key, value?, metadata?, expiration?, expirationTtl?}`: written where there is a value (base64), else deleted; it answers with those that failed.
 */
const SCRIPT = `
import { Buffer } from "node:buffer";
async function batch(namespace, items) {
  const failed = [];
  const rest = items.values();
  const lane = async () => {
    for (const { key, value, ...options } of rest) {
      try {
        await (value === undefined ? namespace.delete(key) : namespace.put(key, Buffer.from(value, "base64"), options));
      } catch (error) {
        failed.push({ key, error: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return Response.json(failed);
}
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "${ALIVE}") return new Response(null, { status: 204 });
    const [, index, what, ...rest] = url.pathname.split("/");
    const namespace = env["N" + index];
    const query = (name) => url.searchParams.get(name) ?? undefined;
    const number = (name) => (query(name) === undefined ? undefined : Number(query(name)));
    try {
      if (what === "batch") return await batch(namespace, await request.json());
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
    compatibilityFlags: ["nodejs_compat"],
    kvNamespaces: Object.fromEntries(namespaces.map((id, index) => [`N${index}`, id])),
  } as WorkerOptions;
}

/** What the control Worker is reached by. */
export interface KvPlace {
  controlSocket: string;
  /** Waits for a workerd that starts again. */
  available(): Promise<void>;
  namespaceIndex(id: string): number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 16, timeout: IDLE_MS });

export interface KvAnswer {
  status: number;
  body: Buffer;
  /** As URI-encoded JSON. */
  metadata: string | undefined;
}

export async function kvRequest(
  place: KvPlace,
  method: string,
  namespace: string,
  rest: string,
  body?: Buffer,
): Promise<KvAnswer> {
  for (;;) {
    await place.available();
    try {
      return await attempt(place, method, namespace, rest, body);
    } catch (error) {
      // An idle connection that workerd closed as we took it. Every operation here may be repeated.
      if (!(error instanceof StaleConnection)) throw error;
    }
  }
}

class StaleConnection extends Error {}

function attempt(place: KvPlace, method: string, namespace: string, rest: string, body?: Buffer): Promise<KvAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        socketPath: place.controlSocket,
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
            metadata: typeof metadata === "string" ? metadata : undefined,
          });
        });
      },
    );
    request.on("error", (error) => reject(request.reusedSocket ? new StaleConnection() : error));
    request.end(body);
  });
}
