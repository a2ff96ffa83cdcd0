/** One exchange with the origin: it is asked, those who wait are told, what may be is stored, and its client is answered. */

import { sharedBody } from "./body";
import type { Entry, Meta } from "./entry";
import { toClient } from "./outgoing";
import { Flight, type Forward, type Lookup, type Query } from "./query";
import { dress, label, make, respond, serve, standard, without } from "./response";
import { addValidators, reuse, usableOnError } from "./reuse";
import { announced, metaOf, save } from "./save";
import { parseAge } from "./store";
import { type Body, discard, isStream } from "./streams";
import { edgeLifetime, read, write } from "./tiers";
import { selectedBy304, updatedHeaders } from "./update";

const MAX_PASSES = 4096;
/** Requests under way that are known at most: those whose isolate was stopped for them never end. */
const MAX_OPEN = 4096;
/** A body announced with up to this many bytes is short. */
const SHORT = 64 * 1024;
/** Of a body with more bytes than this, or of unknown length, no range waits for the whole. */
const MAX_FILL = 64 * 1024 * 1024;
const ERRORS = [500, 502, 503, 504];
/** Reasons for which a response is nobody's to share. */
const UNSHARABLE = ["private", "no-store", "set-cookie", "authorization", "vary", "must-understand"];
const CONDITIONS = ["if-none-match", "if-modified-since"];
const RANGE = ["range", "if-range"];

export interface LeadOptions {
  readonly forward: Forward;
  /** Under which others may find and join it. */
  readonly flightKey?: string;
  /** Sends the client's conditions as they are: for a response that will most likely not be stored. */
  readonly keepConditions?: boolean;
  readonly sendRange?: boolean;
  /** The client asks for a range, and the whole is asked for to be stored. */
  readonly fill?: boolean;
  /** Nobody waits for the answer. */
  readonly behind?: boolean;
  /** The origin's 304 is known to speak of the stored response. */
  readonly confirmed?: boolean;
  readonly detail?: string;
}

/** Bytes of the longest body that a tier of this data centre keeps; less than none where there is no tier. */
function keepable({ policy: { edge, memory, kv }, ctx }: Query): number {
  return edge && ctx.edgeCache ? Infinity : Math.max(...[memory, kv].map((tier) => tier?.max_object_bytes ?? -1));
}

/** Bytes of the longest body that a range waits for: what some tier can keep, and not more than is reasonable. */
const fillable = (query: Query): number =>
  Math.min(MAX_FILL, Math.max(keepable(query), query.policy.shield?.max_object_bytes ?? 0));

/** The headers for the origin. */
function headersFor({ core, request, policy }: Query): Headers {
  return core.clean?.(request.headers, policy) ?? new Headers(request.headers);
}

export function originRequest(query: Query, headers = headersFor(query)): Request {
  const { request, policy } = query;
  // Under `override` a HEAD fills the cache as a GET does.
  const method = policy.mode === "override" ? "GET" : request.method;
  // Without the client's signal: others may wait for this, and the store does. Without a body: a GET's means nothing.
  const { cf } = request as { cf?: unknown };
  // The origin is asked for what the key says, so that nothing outside the key can shape the answer.
  return new Request(query.url, { method, headers, redirect: "manual", cf } as RequestInit);
}

/**
 * A stale answer in the place of one that failed: `failure` is its status, or undefined where there was no answer. A 5xx to
 * a validation counts as none (RFC 9111 section 4.3.3), but where the response says itself for how long errors may be hidden.
 */
export function staleOnError(
  query: Query,
  { entry }: Lookup,
  note: string,
  failure?: number,
  validating?: boolean,
): Response | undefined {
  if (failure !== undefined && !ERRORS.includes(failure)) return undefined;
  if (!entry || entry.body === undefined || (isStream(entry.body) && entry.body.locked)) return undefined;
  if (
    (entry.meta.range && !query.core.origin?.covers(entry.meta, query)) ||
    !usableOnError(query, entry, failure === undefined || (validating && !entry.meta.staleIfError) === true)
  ) {
    return undefined;
  }
  return serve(query, entry, note);
}

/** Asks the origin. Tells those who wait, stores what may be, and answers its own client. */
export async function lead(query: Query, found: Lookup, options: LeadOptions): Promise<Response> {
  const { ctx, core } = query;
  const { flights } = core;
  const { flightKey } = options;
  const flight = new Flight(query.url, !found.entry, options.behind ?? false);
  const leading = flightKey !== undefined && !flights.has(flightKey) && options.detail === undefined;
  if (leading) flights.set(flightKey, flight);
  if (core.open.size >= MAX_OPEN) core.open.clear();
  core.open.add(flight);
  const leave = () => {
    core.open.delete(flight);
    if (leading && flights.get(flightKey) === flight) flights.delete(flightKey);
  };
  const answer = exchange(query, found, flight, options);
  // The work goes on when the client goes away: others wait for it, and the tiers want it.
  ctx.waitUntil(answer.then(() => flight.stored).then(leave, leave));
  try {
    return await answer;
  } catch (error) {
    flight.settle({ error });
    const note = `fwd=${options.forward}; detail=origin-failed`;
    const stale = options.behind ? undefined : staleOnError(query, found, note);
    if (stale) return stale;
    throw error;
  }
}

async function exchange(query: Query, found: Lookup, flight: Flight, options: LeadOptions): Promise<Response> {
  const { core, ctx, policy } = query;
  const { entry } = found;
  const { forward, flightKey } = options;
  const raw = ctx.rawBodies;
  const headers = headersFor(query);
  const drop = (names: readonly string[]) => {
    for (const name of names) headers.delete(name);
  };
  let requestTime = 0;
  const ask = () => {
    requestTime = ctx.now();
    return query.origin(originRequest(query, headers));
  };

  if (!options.keepConditions) drop(CONDITIONS);
  if (!options.sendRange) drop(RANGE);
  const validating = options.confirmed || (entry && !entry.meta.range && addValidators(entry.meta, headers));
  const rest = options.sendRange ? undefined : core.origin?.rest(entry, headers);
  let response = await ask();
  let stored = entry?.body;
  const confirmed = response.status === 304 && validating;
  if (confirmed && stored === undefined) stored = (await read(core, "edge", found.slot, policy, ctx))?.body;
  const mistaken = confirmed
    ? stored === undefined || !selectedBy304((entry as Entry).meta, response.headers)
    : rest?.mistaken(response);
  if (mistaken) {
    // It speaks of another version than the stored one: ask again, without conditions.
    discard(response.body);
    drop([...CONDITIONS, ...RANGE]);
    response = await ask();
  }

  if (!standard(response)) {
    flight.settle();
    return response;
  }
  const note = `fwd=${forward}; fwd-status=${response.status}; detail=stale-if-error`;
  const stale = staleOnError(query, found, note, response.status, validating && !mistaken);
  if (stale) {
    discard(response.body);
    flight.settle({ error: new Error(`The origin answered ${response.status}.`) });
    return stale;
  }

  let { status } = response;
  let full = response.headers;
  let source: Body = response.body;
  if (confirmed && !mistaken) {
    full = updatedHeaders((entry as Entry).meta, full);
    // A cookie that came with the confirmation is for this client alone.
    for (const cookie of response.headers.getSetCookie()) full.append("set-cookie", cookie);
    ({ status } = (entry as Entry).meta);
    source = stored as Body;
  } else if (rest && status === 206 && source && !mistaken) {
    ({ headers: full, body: source } = rest.whole(response, stored as ArrayBuffer));
    status = 200;
  } else discard(stored);

  const [made, reason = ""] = metaOf(query, status, without(full, confirmed ? /^set-cookie$/ : /^$/), requestTime);
  // A copy of what the shield has is as old, and as long fresh, as that.
  const told = core.shield?.told(response);
  const length = announced(full, ctx);
  const inVain = options.fill && status === 200 && !(made && length !== undefined && length <= fillable(query));
  const saved = inVain ? undefined : made && { ...made, ...told?.times };
  // What comes stale may still serve those who wait, where it says so (RFC 5861): nothing newer is to be had.
  const sharable = saved !== undefined && reuse(saved, ctx.now(), false) !== "validate";
  if (flightKey !== undefined) {
    const { passes } = core;
    if (sharable) passes.delete(flightKey);
    else if (status < 500) {
      if (passes.size >= MAX_PASSES) passes.clear();
      passes.set(flightKey, ctx.now() + core.hitForMissMs);
    }
  }
  const was = status === response.status ? "" : `; fwd-status=${response.status}`;
  const said = `fwd=${forward}${was}; `;
  if (!saved) {
    flight.settle();
    if (inVain) {
      discard(source);
      return lead(query, found, { forward, sendRange: true, keepConditions: true });
    }
    const out = new Headers(full);
    if (reason === "ttl") toClient(core, out, status, policy, parseAge(out.get("age")));
    const xCache = forward === "method" || UNSHARABLE.includes(reason) ? "BYPASS" : told?.hit ? "HIT-SHIELD" : "MISS";
    label(core, out, xCache, `${said}detail=${options.detail ?? reason}`);
    if (query.method === "HEAD") discard(source);
    return make(status, out, query.method === "HEAD" ? null : source, raw, response.statusText);
  }

  const limit = Math.max(core.collapseMaxBytes, policy.memory?.max_object_bytes ?? 0, policy.kv?.max_object_bytes ?? 0);
  const meta: Meta = length === undefined ? saved : { ...saved, length };
  const ceiling = edgeLifetime(meta, policy, ctx);
  let streamed: Promise<boolean> | undefined;
  // A body that is stored while it comes is found only once it is whole: workerd's cache takes a stream that fails for one
  // that ends. So it is put in a place of its own first.
  const bodyAt = `${meta.key}\n${requestTime}.${ctx.random()}`;
  const body = sharedBody(source, length, limit, core.collapseMaxBytes, () => {
    if (flight.void || meta.range) return;
    streamed = write(core, "edge", { ...meta, key: bodyAt }, body.stream(), policy, ctx, ceiling);
  });
  // While something stale could still serve, nothing is promised to a client before the body is here. A short one is
  // waited for as well: it comes with the headers, and a crowd is answered from bytes at a fraction of a stream's cost.
  const careful = entry && !options.behind && usableOnError(query, entry, true);
  if (careful || (length !== undefined && length <= SHORT)) await body.ready;
  if (careful && body.failure) {
    body.release();
    throw body.failure.error;
  }
  flight.settle(body.failure ?? (sharable ? { meta, body } : undefined));
  const store = async () => {
    await body.finished;
    const kept = await streamed;
    if (body.failure || flight.void) return body.release();
    if (kept) await write(core, "edge", { ...meta, length: body.size, bodyAt }, null, policy, ctx, ceiling);
    await save(query, found, meta, body, ceiling);
    body.release();
  };
  // Taken before the store joins the bytes, so that this client reads from the first one.
  const own = options.behind ? null : (body.bytes() ?? body.stream());
  flight.stored = store();
  if (options.behind) return new Response(null);
  const xCache = forward === "method" ? "BYPASS" : told?.hit ? "HIT-SHIELD" : "MISS";
  const stays = policy.platform || (length ?? 0) <= keepable(query);
  const out = dress(query, full, meta, xCache, said + (stays ? "stored" : "detail=size"), false);
  // The origin's own answer to a range goes to the one who asked for it as it is.
  return meta.range ? make(206, out, own, raw) : respond(query, meta, own, out);
}
