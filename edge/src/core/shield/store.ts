/**
 * The bytes of a shield, in the SQLite storage of its Durable Object: they outlive the object's memory, which the
 * platform takes away after seconds without a request. Bounded; what was not read for the longest time goes first.
 */

import type { EdgeCacheStore } from "../host";

/** `ctx.storage.sql` of a Durable Object. */
export interface Sql {
  exec(query: string, ...values: unknown[]): { toArray(): Record<string, unknown>[] };
}

export interface ShieldStoreOptions {
  /** Most bytes of bodies together. */
  readonly maxBytes: number;
  /** A longer body is not kept. */
  readonly maxObjectBytes: number;
  /** An entry that is never removed to make room. */
  readonly kept: string;
  now(): number;
}

/** A row holds 2 MB at most, by the platform's limits; a piece of this size leaves room. */
const PIECE = 1024 * 1024;
/** How often (ms) a read is noted at most: writing costs, reading hardly does. */
const NOTE_MS = 60_000;
/** Rows removed at a time for having expired. */
const SWEEP = 200;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS entries (
  name TEXT PRIMARY KEY, id INTEGER NOT NULL, headers TEXT NOT NULL, size INTEGER NOT NULL,
  expires INTEGER NOT NULL, used INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_use ON entries (used);
CREATE INDEX IF NOT EXISTS by_expiry ON entries (expires);
CREATE TABLE IF NOT EXISTS pieces (id INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (id, at));
`;

export class ShieldStore implements EdgeCacheStore {
  readonly #sql: Sql;
  readonly #options: ShieldStoreOptions;
  #next: number;
  /** Of all bodies together. */
  #bytes: number;

  constructor(sql: Sql, options: ShieldStoreOptions) {
    this.#sql = sql;
    this.#options = options;
    sql.exec(SCHEMA);
    // Pieces of what was being written when the object ended belong to nothing.
    sql.exec("DELETE FROM pieces WHERE id NOT IN (SELECT id FROM entries)");
    const [row] = sql
      .exec("SELECT COALESCE(MAX(id), 0) AS last, COALESCE(SUM(size), 0) AS bytes FROM entries")
      .toArray();
    this.#next = Number(row?.last) + 1;
    this.#bytes = Number(row?.bytes);
  }

  async match(name: string): Promise<Response | undefined> {
    const [row] = this.#sql.exec("SELECT * FROM entries WHERE name = ?", name).toArray();
    if (row === undefined) return undefined;
    const now = this.#options.now();
    if (Number(row.expires) <= now) {
      this.#remove(row);
      return undefined;
    }
    if (now - Number(row.used) >= NOTE_MS) this.#sql.exec("UPDATE entries SET used = ? WHERE name = ?", now, name);
    const headers = JSON.parse(String(row.headers)) as [string, string][];
    const size = Number(row.size);
    return new Response(size <= PIECE ? this.#piece(Number(row.id), 0) : this.#stream(Number(row.id), size), {
      headers,
    });
  }

  #piece(id: number, at: number): ArrayBuffer | null {
    const [row] = this.#sql.exec("SELECT bytes FROM pieces WHERE id = ? AND at = ?", id, at).toArray();
    return (row?.bytes as ArrayBuffer | undefined) ?? null;
  }

  #stream(id: number, size: number): ReadableStream<Uint8Array> {
    let at = 0;
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const bytes = this.#piece(id, at);
          // It was replaced or evicted meanwhile: a body that breaks off, never one that looks whole.
          if (bytes === null) throw new Error("This entry was replaced while it was read.");
          at++;
          controller.enqueue(new Uint8Array(bytes));
          if (at * PIECE >= size) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  async put(name: string, response: Response): Promise<void> {
    const seconds = Number(/max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "")?.[1] ?? 0);
    const id = this.#next++;
    let size: number;
    try {
      size = await this.#write(id, response);
    } catch (error) {
      this.#sql.exec("DELETE FROM pieces WHERE id = ?", id);
      throw error;
    }
    const now = this.#options.now();
    this.#drop(name);
    const headers = JSON.stringify([...response.headers]);
    const expires = now + seconds * 1000;
    this.#sql.exec("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", name, id, headers, size, expires, now);
    this.#bytes += size;
    this.#sweep(now);
  }

  /** Writes a body's pieces, and tells its length. */
  async #write(id: number, response: Response): Promise<number> {
    let size = 0;
    let at = 0;
    let pending = new Uint8Array(PIECE);
    let filled = 0;
    const flush = () => {
      if (filled === 0) return;
      this.#sql.exec("INSERT INTO pieces VALUES (?, ?, ?)", id, at++, pending.slice(0, filled).buffer);
      pending = new Uint8Array(PIECE);
      filled = 0;
    };
    const reader = response.body?.getReader();
    for (;;) {
      const read = await reader?.read();
      if (read === undefined || read.done) break;
      let chunk = read.value as Uint8Array;
      size += chunk.byteLength;
      if (size > this.#options.maxObjectBytes) {
        const fault = new Error(`The body is longer than ${this.#options.maxObjectBytes} bytes.`);
        await reader?.cancel(fault);
        throw fault;
      }
      while (chunk.byteLength > 0) {
        const part = chunk.subarray(0, PIECE - filled);
        pending.set(part, filled);
        filled += part.byteLength;
        chunk = chunk.subarray(part.byteLength);
        if (filled === PIECE) flush();
      }
    }
    flush();
    return size;
  }

  async delete(name: string): Promise<boolean> {
    return this.#drop(name);
  }

  #drop(name: string): boolean {
    const [row] = this.#sql.exec("SELECT name, id, size FROM entries WHERE name = ?", name).toArray();
    if (row) this.#remove(row);
    return row !== undefined;
  }

  #remove(row: Record<string, unknown>): void {
    this.#sql.exec("DELETE FROM entries WHERE name = ?", row.name);
    this.#sql.exec("DELETE FROM pieces WHERE id = ?", row.id);
    this.#bytes -= Number(row.size);
  }

  #sweep(now: number): void {
    const remove = (rows: Record<string, unknown>[]) => {
      for (const row of rows) this.#remove(row);
      return rows.length;
    };
    remove(this.#sql.exec("SELECT name, id, size FROM entries WHERE expires <= ? LIMIT ?", now, SWEEP).toArray());
    while (this.#bytes > this.#options.maxBytes) {
      const [oldest] = this.#sql
        .exec("SELECT name, id, size FROM entries WHERE name <> ? ORDER BY used LIMIT 1", this.#options.kept)
        .toArray();
      if (!oldest || remove([oldest]) === 0) break;
    }
  }
}
