/**
 * One exchange with the origin: it is asked, those who wait are told, what may be is stored, and its client is answered.
 * What is decided on the way is decided in ./decide.
 */

import { type SharedBody, sharedBody } from "./body";
import type { Selected } from "./copies";
import type { Completion, Lookup, Query, ShieldReport } from "./core";
import type { Forward, Forwarded, StaleInstead } from "./decide/outcome";
import { drawDataCentreLifetime, longestBody } from "./decide/placement";
import { decideReuse, decideStaleOnError, type OriginFailure } from "./decide/reuse";
import { parseAge, type StorageDecision } from "./decide/storage";
import { Flight } from "./flight";
import { covers } from "./lookup";
import { toClient } from "./outgoing";
import { answerFrom, answerHeaders, answerStale, canBeRemade, labelled, makeResponse } from "./response";
import { decideStorageFor, save } from "./save";
import type { StoredResponse } from "./stored";
import { type Body, discard, isStream } from "./streams";
import { read, write } from "./tiers";
import { addValidators, isSelectedBy304, updatedHeaders } from "./update";

const MAX_HIT_FOR_MISS = 4096;
/** Requests under way that are known at most: those whose isolate was stopped for them never end. */
const MAX_OPEN = 4096;
/** A body announced with up to this many bytes is short. */
const SHORT_BYTES = 64 * 1024;
/** Of a body with more bytes than this, or of unknown length, no range waits for the whole. */
const MAX_FILL_BYTES = 64 * 1024 * 1024;
/** Statuses that stale-if-error may hide (RFC 5861 section 4). */
const ERRORS = [500, 502, 503, 504];
const CONDITIONS = ["if-none-match", "if-modified-since"];
const RANGE = ["range", "if-range"];

export interface LeadOptions {
  readonly forward: Exclude<Forward, "bypass">;
  /** Under which others may find and join it. */
  readonly flightKey?: string;
  /** Sends the client's conditions as they are: for a response that will most likely not be stored. */
  readonly keepConditions?: boolean;
  readonly sendRange?: boolean;
  /** The client asks for a range, and the whole is asked for to be stored. */
  readonly fill?: boolean;
  /** Nobody waits for the answer. */
  readonly inBackground?: boolean;
  /** The origin's 304 is known to speak of the stored response. */
  readonly confirmed?: boolean;
  /** A response like it could not be shared a moment ago: nobody is to wait for this one. */
  readonly hitForMiss?: boolean;
}

/** In the place of an answer for which nobody waits, and of which nobody is told. */
const unheard = (): Response => new Response(null);

/** Asks the origin. Tells those who wait, stores what may be, and answers its own client. */
export async function lead(query: Query, found: Lookup, options: LeadOptions): Promise<Response> {
  const flight = new Flight(query.url, !found.selected, options.inBackground ?? false);
  const close = open(query, flight, options);
  const answer = exchange(query, found, flight, options);
  // The work goes on when the client goes away: others wait for it, and the tiers want it.
  query.ctx.waitUntil(answer.then(() => flight.stored).then(close, close));
  try {
    return await answer;
  } catch (error) {
    flight.settle({ kind: "failed", error });
    const outcome = { forward: options.forward, reason: "origin-failed" } as const;
    const stale = options.inBackground ? undefined : staleInstead(query, found, "disconnected", outcome);
    if (stale) return stale;
    throw error;
  }
}

/** Lets others find a request to the origin. Returns what ends that. */
function open({ core }: Query, flight: Flight, { flightKey, hitForMiss }: LeadOptions): () => void {
  const { flights, open: all } = core;
  const joinable = flightKey !== undefined && !flights.has(flightKey) && !hitForMiss;
  if (joinable) flights.set(flightKey, flight);
  if (all.size >= MAX_OPEN) all.clear();
  all.add(flight);
  return () => {
    all.delete(flight);
    if (joinable && flights.get(flightKey) === flight) flights.delete(flightKey);
  };
}

/** A stale answer in the place of a failure, where one may be given. */
export function staleInstead(
  query: Query,
  found: Lookup,
  failure: OriginFailure,
  outcome: Omit<StaleInstead, "kind" | "tier">,
): Response | undefined {
  const stale = staleFor(query, found, failure);
  return stale && isReadable(stale) ? answerStale(query, stale, outcome) : undefined;
}

/** The stored response that may answer in the place of a failure. */
function staleFor(query: Query, { selected }: Lookup, failure: OriginFailure): Selected | undefined {
  if (!selected || !covers(selected.stored, query)) return undefined;
  const { stored, markedStale } = selected;
  const allowed = decideStaleOnError(stored, markedStale, failure, query.policy.mode, query.ctx.now());
  return allowed ? selected : undefined;
}

/** Its body is here, and nobody else reads it. */
const isReadable = ({ body }: Selected): boolean => body !== undefined && !(isStream(body) && body.locked);

export const isHiddenError = (status: number): boolean => ERRORS.includes(status);

async function exchange(query: Query, found: Lookup, flight: Flight, options: LeadOptions): Promise<Response> {
  const answer = await askOrigin(query, found, options);
  const { response } = answer;
  if (!canBeRemade(response)) {
    flight.settle({ kind: "unshared" });
    return response;
  }
  const stale = isHiddenError(response.status)
    ? staleFor(query, found, answer.isValidation ? "validation-failed" : "error")
    : undefined;
  // Behind an answer that has been given, what is stale stays where it is stored: its body is not needed.
  if (stale && (options.inBackground || isReadable(stale))) {
    discard(response.body);
    flight.settle({ kind: "failed", error: new Error(`The origin answered ${response.status}.`) });
    if (options.inBackground) return unheard();
    const { forward } = options;
    return answerStale(query, stale, { forward, reason: "stale-if-error", originStatus: response.status });
  }
  if (answer.relation.kind === "new") discard(found.selected?.body);
  const received = receive(answer);
  const report = query.core.shield?.reportOn(response);
  const decision = decideStorageFor(query, received.status, received.storable, answer.requestTime);
  const filledInVain = options.fill === true && received.status === 200 && !canFill(query, decision);
  const stored = decision.store && !filledInVain ? { ...decision.response, ...report?.times } : undefined;
  // What comes stale may still serve those who wait, where it says so (RFC 5861): nothing newer is to be had.
  const sharable = stored !== undefined && decideReuse(stored, query.ctx.now(), false).use !== "validate";
  rememberHitForMiss(query, options.flightKey, sharable, received.status);
  if (stored) return storeAndAnswer(query, found, flight, options, { received, stored, sharable, report });
  flight.settle({ kind: "unshared" });
  if (filledInVain) {
    discard(received.body);
    return lead(query, found, { forward: options.forward, sendRange: true, keepConditions: true });
  }
  if (options.inBackground) {
    discard(received.body);
    return unheard();
  }
  return answerUnstored(query, received, decision, options, report);
}

// --- the request ---------------------------------------------------------------------------------------------------------

/** What an answer of the origin is to what is stored. */
type Relation =
  | { readonly kind: "new" }
  /** A 304: what is stored is right, and has its body here. */
  | { readonly kind: "confirms"; readonly stored: StoredResponse; readonly body: Body }
  /** A 206: the rest of a stored part. */
  | { readonly kind: "completes"; readonly completion: Completion; readonly rest: ReadableStream<Uint8Array> };

interface OriginAnswer {
  readonly response: Response;
  readonly requestTime: number;
  readonly relation: Relation;
  /** It is the answer to a validation of what is stored. */
  readonly isValidation: boolean;
}

/** Asks the origin; once more, without conditions, where its answer speaks of another version than the stored one. */
async function askOrigin(query: Query, found: Lookup, options: LeadOptions): Promise<OriginAnswer> {
  const { selected } = found;
  const headers = headersFor(query);
  if (!options.keepConditions) remove(headers, CONDITIONS);
  if (!options.sendRange) remove(headers, RANGE);
  const validatable = selected && !selected.stored.range ? selected.stored : undefined;
  const isValidation = options.confirmed || (validatable !== undefined && addValidators(validatable, headers));
  const completion = options.sendRange ? undefined : query.core.origin?.completion(selected, headers);
  // Behind an answer, what is stored is validated, and that is what a GET got.
  const method = options.inBackground ? "GET" : methodFor(query);
  const send = async () => {
    const requestTime = query.ctx.now();
    return { requestTime, response: await query.origin(originRequest(query, headers, method)) };
  };

  const first = await send();
  const relation = await relationOf(query, found, first.response, isValidation, completion);
  if (relation !== "another-version") return { ...first, relation, isValidation };
  discard(first.response.body);
  remove(headers, [...CONDITIONS, ...RANGE]);
  return { ...(await send()), relation: { kind: "new" }, isValidation: false };
}

async function relationOf(
  query: Query,
  { selected, storageKey }: Lookup,
  response: Response,
  isValidation: boolean,
  completion: Completion | undefined,
): Promise<Relation | "another-version"> {
  if (selected && isValidation && response.status === 304) {
    const { stored } = selected;
    // A stream that was given to a client is read again.
    const body = selected.body ?? (await read(query.core, "edge", storageKey, query.policy, query.ctx))?.body;
    if (body !== undefined && isSelectedBy304(stored, response.headers)) return { kind: "confirms", stored, body };
    if (body !== selected.body) discard(body);
    return "another-version";
  }
  if (completion?.isOfAnotherVersion(response)) return "another-version";
  if (completion && response.status === 206 && response.body) {
    return { kind: "completes", completion, rest: response.body };
  }
  return { kind: "new" };
}

/** The headers for the origin. */
function headersFor({ core, request, policy }: Query): Headers {
  return core.clean?.(request.headers, policy) ?? new Headers(request.headers);
}

function remove(headers: Headers, names: readonly string[]): void {
  for (const name of names) headers.delete(name);
}

/** Under `override` a HEAD fills the cache as a GET does. */
const methodFor = ({ request, policy }: Query): string => (policy.mode === "override" ? "GET" : request.method);

export function originRequest(query: Query, headers = headersFor(query), method = methodFor(query)): Request {
  const { request } = query;
  // Without the client's signal: others may wait for this, and the store does. Without a body: a GET's means nothing.
  const { cf } = request as { cf?: unknown };
  // The origin is asked for what the key says, so that nothing outside the key can shape the answer.
  return new Request(query.url, { method, headers, redirect: "manual", cf } as RequestInit);
}

// --- the response --------------------------------------------------------------------------------------------------------

/** A response as it stands with what was stored before. */
interface Received {
  readonly status: number;
  /** For the client. */
  readonly headers: Headers;
  /** To be stored. */
  readonly storable: Headers;
  readonly body: Body;
  readonly origin: Response;
}

function receive({ response, relation }: OriginAnswer): Received {
  switch (relation.kind) {
    case "confirms": {
      const storable = updatedHeaders(relation.stored, response.headers);
      const headers = new Headers(storable);
      // A cookie that came with the confirmation is for this client alone.
      for (const cookie of response.headers.getSetCookie()) headers.append("set-cookie", cookie);
      return { status: relation.stored.status, headers, storable, body: relation.body, origin: response };
    }
    case "completes": {
      const { headers, body } = relation.completion.whole(response, relation.rest);
      return { status: 200, headers, storable: headers, body, origin: response };
    }
    case "new":
      return {
        status: response.status,
        headers: response.headers,
        storable: response.headers,
        body: response.body,
        origin: response,
      };
  }
}

/** The origin's status, where the answer has another one. */
const originStatusOf = ({ status, origin }: Received): number | undefined =>
  status === origin.status ? undefined : origin.status;

/** Whether the whole, which was asked for in the place of a range, can be stored: else a range must not wait for it. */
function canFill({ policy, ctx }: Query, decision: StorageDecision): boolean {
  const length = decision.store ? decision.response.length : undefined;
  const longest = Math.max(longestBody(policy, ctx.edgeCache !== undefined) ?? 0, policy.shield?.max_object_bytes ?? 0);
  return length !== undefined && length <= Math.min(MAX_FILL_BYTES, longest);
}

/** For a while, nobody waits for the answer to a request whose last response could not be shared. */
function rememberHitForMiss(query: Query, flightKey: string | undefined, sharable: boolean, status: number): void {
  if (flightKey === undefined) return;
  const { hitForMiss, hitForMissMs } = query.core;
  if (sharable) hitForMiss.delete(flightKey);
  else if (status < 500) {
    if (hitForMiss.size >= MAX_HIT_FOR_MISS) hitForMiss.clear();
    hitForMiss.set(flightKey, query.ctx.now() + hitForMissMs);
  }
}

function answerUnstored(
  query: Query,
  received: Received,
  decision: StorageDecision,
  { forward, hitForMiss = false }: LeadOptions,
  report: ShieldReport | undefined,
): Response {
  const { core, ctx, policy } = query;
  const storage = decision.store ? undefined : decision.reason;
  const { status, body } = received;
  const headers = new Headers(received.headers);
  if (storage === "ttl") toClient(core, headers, status, policy, parseAge(headers.get("age")));
  const originStatus = originStatusOf(received);
  labelled(
    core,
    headers,
    { kind: "forwarded", forward, originStatus, storage, hitForMiss, fromShield: report?.hit },
    ctx,
  );
  if (query.method === "HEAD") discard(body);
  const given = query.method === "HEAD" ? null : body;
  return makeResponse(status, headers, given, ctx.rawBodies, received.origin.statusText);
}

// --- storing -------------------------------------------------------------------------------------------------------------

interface Storable {
  readonly received: Received;
  readonly stored: StoredResponse;
  /** Those who wait may have it. */
  readonly sharable: boolean;
  readonly report: ShieldReport | undefined;
}

async function storeAndAnswer(
  query: Query,
  found: Lookup,
  flight: Flight,
  options: LeadOptions,
  { received, stored, sharable, report }: Storable,
): Promise<Response> {
  const { policy, ctx } = query;
  const lifetime = drawDataCentreLifetime(stored, policy, ctx);
  const { body, finish } = storeWhileItComes(query, found, flight, stored, received.body, lifetime);
  // While something stale could still serve, nothing is promised to a client before the body is here. A short one is waited
  // for as well: it comes with the headers, and a crowd is answered from bytes at a fraction of a stream's cost.
  const staleMayServe = !options.inBackground && mayServeStale(query, found.selected);
  // Right here: a body that is too long to be held begins to flow as soon as this goes on.
  if (staleMayServe || isShort(stored)) await body.ready;
  if (staleMayServe && body.failure) {
    body.release();
    throw body.failure.error;
  }
  flight.settle(
    body.failure
      ? { kind: "failed", error: body.failure.error }
      : sharable
        ? { kind: "response", stored, body }
        : { kind: "unshared" },
  );
  // Taken before the store joins the bytes, so that this client reads from the first one.
  const own = options.inBackground ? null : (body.bytes() ?? body.stream());
  flight.stored = finish();
  if (options.inBackground) return unheard();

  const outcome: Forwarded = {
    kind: "forwarded",
    forward: options.forward,
    originStatus: originStatusOf(received),
    storage: policy.platform || hasRoom(query, stored) ? "stored" : "size",
    fromShield: report?.hit,
  };
  ctx.settled?.(outcome);
  const headers = answerHeaders(query, received.headers, stored, outcome, "origin");
  // The origin's own answer to a range goes to the one who asked for it as it is.
  return stored.range ? makeResponse(206, headers, own, ctx.rawBodies) : answerFrom(query, stored, own, headers);
}

function hasRoom({ policy, ctx }: Query, { length = 0 }: StoredResponse): boolean {
  const longest = longestBody(policy, ctx.edgeCache !== undefined);
  return longest !== undefined && length <= longest;
}

/**
 * A body that is read once, for all who wait and for the tiers. `finish` stores it, once all of it is there.
 *
 * A body that is stored while it comes is found only once it is whole: workerd's cache takes a stream that fails for one
 * that ends. So it is put in a place of its own first.
 */
function storeWhileItComes(
  query: Query,
  found: Lookup,
  flight: Flight,
  stored: StoredResponse,
  source: Body,
  lifetime: number,
): { body: SharedBody; finish: () => Promise<void> } {
  const { core, policy, ctx } = query;
  const limits = [core.collapseMaxBytes, policy.memory?.max_object_bytes, policy.kv?.max_object_bytes];
  const longestWhole = Math.max(...limits.map((limit) => limit ?? 0));
  const bodyKey = `${stored.key}\n${stored.requestTime}.${ctx.random()}`;
  let streamed: Promise<boolean> | undefined;
  const body = sharedBody(source, stored.length, longestWhole, core.collapseMaxBytes, () => {
    if (flight.invalidated || stored.range) return;
    streamed = write(core, "edge", { ...stored, key: bodyKey }, body.stream(), policy, ctx, lifetime);
  });
  const finish = async () => {
    await body.finished;
    const isStreamed = await streamed;
    if (body.failure || flight.invalidated) return body.release();
    const whole = { ...stored, length: body.size, bodyKey };
    if (isStreamed) await write(core, "edge", whole, null, policy, ctx, lifetime);
    await save(query, found, stored, body, lifetime);
    body.release();
  };
  return { body, finish };
}

const isShort = ({ length }: StoredResponse): boolean => length !== undefined && length <= SHORT_BYTES;

function mayServeStale({ ctx, policy }: Query, selected: Selected | undefined): boolean {
  if (!selected) return false;
  return decideStaleOnError(selected.stored, selected.markedStale, "disconnected", policy.mode, ctx.now());
}
