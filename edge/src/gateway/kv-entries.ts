// Declared KV entries (`WorkersKv`): written when they are new or changed, deleted when they are no longer declared.

import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeployFailed, fault } from "./diagnostics.js";
import { type KvPlace, kvRequest } from "./kv.js";
import type { KvEntry } from "./protocol.gen.js";
import { BEGIN_ANEW } from "./stored.js";

/** Which declared entries were written, by namespace and key: the hash of what was declared. */
type Ledger = Record<string, Record<string, string>>;

interface Item {
  key: string;
  /** Absent: to be deleted. */
  value?: string;
  metadata?: unknown;
  expiration?: number;
  expirationTtl?: number;
  hash?: string;
}

/** How much goes into one request to the control Worker. */
const BATCH_ITEMS = 500;
const BATCH_BYTES = 8 * 1024 * 1024;

export interface KvCounts {
  written: number;
  unchanged: number;
  deleted: number;
}

export class KvEntries {
  readonly #path: string;
  #ledger: Ledger;

  constructor(stateDir: string) {
    this.#path = join(stateDir, "kv-declared.json");
    this.#ledger = readLedger(this.#path);
  }

  /**
   * Brings the namespaces to what is declared. Keys that a Worker wrote are never touched, nor is a declared key that a Worker
   * overwrote, until its declaration changes: as with the provider.
   */
  async apply(
    entries: readonly KvEntry[],
    namespaces: readonly string[],
    placeOf: (namespace: string) => KvPlace,
  ): Promise<KvCounts> {
    const counts = { written: 0, unchanged: 0, deleted: 0 };
    const failed: string[] = [];
    for (const namespace of namespaces) {
      const written = this.#ledger[namespace] ?? {};
      this.#ledger[namespace] = written;
      const items: Item[] = [];
      const declared = new Set<string>();
      for (const entry of entries) {
        if (entry.namespace_id !== namespace) continue;
        declared.add(entry.key);
        const hash = createHash("sha256").update(JSON.stringify(entry)).digest("base64url");
        if (written[entry.key] === hash) counts.unchanged += 1;
        else items.push(itemOf(entry, hash));
      }
      for (const key of Object.keys(written)) if (!declared.has(key)) items.push({ key });
      for (const batch of batches(items)) {
        const errors = await send(placeOf(namespace), namespace, batch);
        for (const item of batch) {
          const error = errors.get(item.key);
          if (error !== undefined) failed.push(`KV entry ${item.key} of namespace ${namespace}: ${error}`);
          else if (item.hash === undefined) {
            delete written[item.key];
            counts.deleted += 1;
          } else {
            written[item.key] = item.hash;
            counts.written += 1;
          }
        }
        this.#save(); // Also before a failure: what was written is written.
      }
    }
    if (failed.length > 0) throw new DeployFailed(failed.map((message) => fault(message)));
    return counts;
  }

  #save(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#ledger), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function readLedger(path: string): Ledger {
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isLedger(found)) return found;
  } catch {} // None yet, or unreadable.
  return {}; // Then everything declared is written again.
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isLedger(value: unknown): value is Ledger {
  return (
    isObject(value) &&
    Object.values(value).every(
      (written) => isObject(written) && Object.values(written).every((hash) => typeof hash === "string"),
    )
  );
}

function itemOf(entry: KvEntry, hash: string): Item {
  return {
    key: entry.key,
    value: entry.value_base64,
    hash,
    ...(entry.metadata_json != null && { metadata: JSON.parse(entry.metadata_json) as unknown }),
    ...(entry.expiration != null && { expiration: entry.expiration }),
    ...(entry.expiration_ttl_s != null && { expirationTtl: entry.expiration_ttl_s }),
  };
}

function* batches(items: readonly Item[]): Generator<Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.value?.length ?? 0;
    if (batch.length > 0 && (batch.length >= BATCH_ITEMS || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Writes and deletes; gives the errors by key. */
async function send(place: KvPlace, namespace: string, items: readonly Item[]): Promise<Map<string, string>> {
  const body = Buffer.from(JSON.stringify(items.map(({ hash: _hash, ...item }) => item)));
  const answer = await kvRequest(place, "POST", namespace, "batch", body);
  if (answer.status !== 200) {
    const said = answer.body.toString("utf8").split("\n", 1)[0];
    throw new Error(`KV namespace ${namespace}: its stored data cannot be written (${said}). ${BEGIN_ANEW}`);
  }
  const failed = JSON.parse(answer.body.toString("utf8")) as { key: string; error: string }[];
  return new Map(failed.map(({ key, error }) => [key, error]));
}
