/** What is stored of a response, and where it goes. */

import type { SharedBody } from "./body";
import { type Index, type Meta, type PartRange, storedHeaders } from "./entry";
import { far, near } from "./lookup";
import { tagsOf } from "./outgoing";
import type { Lookup, Query } from "./query";
import { isAuthorised, judge } from "./store";
import { discard } from "./streams";
import { write } from "./tiers";
import type { CacheContext } from "./types";
import { varyValues } from "./vary";

/** A request whose headers have more bytes than this may have caused the error that it got: that is not stored. */
const OVERSIZED = 8192;

export function oversized(headers: Headers): boolean {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes > OVERSIZED;
}

/** Length of the body as it will be read, where the headers say it. */
export function announced(headers: Headers, ctx: CacheContext): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) && (ctx.rawBodies || !headers.has("content-encoding"))
    ? Number(text)
    : undefined;
}

/** What would be stored. Undefined, and the reason, where it may not be, no tier is there to hold it, or its headers are too large. */
export function metaOf(query: Query, status: number, full: Headers, requestTime: number): [Meta] | [undefined, string] {
  const { core, policy, ctx, request, key, url } = query;
  const responseTime = ctx.now();
  const exchange = {
    method: request.method,
    authorised: isAuthorised(request.headers, policy),
    noStore: query.directives?.noStore === true,
    oversized: oversized(request.headers),
    status,
    headers: full,
    requestTime,
    responseTime,
  };
  const warn = (text: string) => ctx.warn?.(`${url}: ${text}`);
  const verdict = judge(exchange, policy, core.targetedFields, core.origin, warn);
  if (typeof verdict === "string") return [undefined, verdict];
  const { omit, ...terms } = verdict;
  const encoded = full.has("content-encoding");
  let headers = storedHeaders(full, omit, core.unstoredHeaders);
  let range: PartRange | undefined;
  if (status === 206) {
    range = encoded && !ctx.rawBodies ? undefined : core.origin?.partOf(full, announced(full, ctx));
    headers = range && headers?.filter(([name]) => !/^content-(range|length)$/.test(name));
  }
  const somewhere = policy.platform || policy.memory || (policy.edge && ctx.edgeCache) || policy.kv || policy.shield;
  if (status === 206 && !range) return [undefined, "range"];
  if (!headers) return [undefined, "headers"];
  if (!somewhere) return [undefined, "size"];
  let { vary } = terms;
  // Encoded content without Vary on it would be given to clients that cannot read it.
  if (encoded && !vary.includes("accept-encoding")) vary = [...vary, "accept-encoding"].sort();
  const meta: Meta = {
    kind: "entry",
    key: vary.length > 0 ? query.variant(vary) : key,
    url,
    status,
    headers,
    requestTime,
    responseTime,
    ...terms,
    freshUntil: terms.until,
    vary,
    varyValues: varyValues(vary, request.headers),
    tags: tagsOf(full, policy),
    range,
  };
  return [meta];
}

export async function save(query: Query, found: Lookup, meta: Meta, body: SharedBody, ceiling: number): Promise<void> {
  const { core, policy, ctx, key, url } = query;
  if (core.purges?.judge(meta) === "hard") return;
  const work: Promise<unknown>[] = [];
  const put = (value: Meta | Index, bytes: ArrayBuffer | null) => {
    core.memory?.put(value, bytes, policy, ctx, ceiling);
    work.push(write(core, "edge", value, bytes, policy, ctx, ceiling));
    work.push(write(core, "kv", value, bytes, policy, ctx));
  };
  if (meta.vary.length > 0) {
    let { index } = found;
    if (index?.guessed) {
      const now = await far(query, near(query));
      discard(now.entry?.body);
      ({ index } = now);
    }
    // One that is known stays as it is stored, or is gone: a write has made void what is found by it. Variants of another
    // list of headers are not looked for any more; those of this one go on.
    if (index?.names.join() !== meta.vary.join()) {
      put({ kind: "index", key, url, born: meta.requestTime, names: meta.vary }, null);
    }
  }
  const bytes = body.bytes();
  if (bytes) {
    const whole = { meta: { ...meta, length: bytes.byteLength }, body: bytes };
    const kept = meta.range ? core.origin?.combine(found.entry, meta, bytes) : whole;
    if (kept) put(kept.meta, kept.body);
  }
  await Promise.all(work);
}
