/**
 * The cache's decisions over a log, in virtual time: heads and weights go in, decisions with their reasons come out. The same
 * functions decide here as for `handle`, and a property test holds the two together; but nothing is fetched, no byte is moved
 * and no time passes by itself.
 *
 * An origin answers at once, so that nobody waits for another one's request. A client's own conditions change no decision.
 */

import { isNotModified, notModifiedHeaders, rangeApplies } from "../../conditional";
import { parseDate } from "../../dates";
import { parseRange } from "../../ranges";
import { compile } from "../compile";
import type { ShieldReport } from "../core";
import { invalidatedBy } from "../invalidated";
import { type ClientPlace, type CustomKey, keyedByUrl, type Policy, type PolicySpec } from "../policy";
import {
  currentAge,
  fieldsOf,
  type HeaderFields,
  header,
  type SelectingHeaders,
  type StoredResponse,
  type StoredValue,
  type TierName,
} from "../stored";
import type { Marker } from "../stores";
import type { PurgeRequest } from "../types";
import { addValidators, agrees, isSelectedBy304, updatedHeaders } from "../update";
import { variantKey } from "../vary";
import { insidePolicy } from "./inside-policy";
import type { NotStored, Outcome } from "./outcome";
import {
  areCombinable,
  headersOfWhole,
  isOfAnotherVersion,
  lengthOf,
  partAnswers,
  type RestRequest,
  requestForRest,
  unionOf,
  withRange,
} from "./parts";
import { drawDataCentreLifetime, longestBody, type Moment } from "./placement";
import { formsOf, MarkerSet, markersOf, targetOf } from "./purged";
import { type Copy, ReplayTiers } from "./replay-tiers";
import { decideRequest, forwardReason } from "./request";
import type { RequestDirectives } from "./request-directives";
import { decideReuse, decideStaleOnError, NOTHING_STORED, type OriginFailure, type ReuseDecision } from "./reuse";
import { decideStorage, isOversized, type OriginRules } from "./storage";

export interface LoggedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderFields;
}

export interface LoggedResponse {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Of the body. */
  readonly bytes: number;
}

/** What the cache asks, in the place of what a client asks. */
export interface OriginRequest {
  /** Under `override` a HEAD fills the cache as a GET does. */
  readonly method: string;
  /** The stored response that the origin is asked to validate, which a 304 confirms. */
  readonly validated?: StoredResponse | undefined;
  /** `Range` and `If-Range`; undefined where the whole is asked for. */
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
}

/** What the origin answers; undefined where it does not. */
export type LoggedOrigin = (asked: OriginRequest) => LoggedResponse | undefined;

export interface ReplayRules {
  readonly origin?: OriginRules & {
    requestDirectives(headers: HeaderFields): RequestDirectives | undefined;
    decideReuse(stored: StoredResponse, request: RequestDirectives, now: number, markedStale: boolean): ReuseDecision;
  };
  readonly key?: CustomKey;
  readonly targetedFields: readonly string[];
  readonly unstoredHeaders: readonly string[];
}

/** What was decided on one request, and why. */
export interface Decision {
  readonly outcome: Outcome;
  /** False where nothing could be answered: not by the origin, and by nothing that is stored. */
  readonly answered: boolean;
  /** What was found, and what of it might have been used. */
  readonly reuse: ReuseDecision;
  /** The Age (s) that the answer has, where it is a stored one. */
  readonly age?: number;
  /** What of the response that the origin brought was stored; undefined where nothing was brought. */
  readonly storage?: "stored" | NotStored;
  /** Requests that reached the origin, in the background too. */
  readonly originRequests: number;
}

/** A decision with what it answers, which an edge stores. */
interface Answered extends Omit<Decision, "answered"> {
  /** Undefined where nothing is answered, or where an edge could make nothing of it. */
  readonly answer?: Answer | undefined;
}

type Answer =
  /** What is stored, from which the answer is made. `headers`: as they came with it from the origin just now. */
  | {
      readonly from: "stored";
      readonly stored: StoredResponse;
      readonly headers?: HeaderFields;
      readonly bytes: number;
      /** Of the whole body, where it is known when the answer is made: a range cannot be cut from any other. */
      readonly length: number | undefined;
    }
  | { readonly from: "origin"; readonly response: LoggedResponse };

/** What comes from the origin, or through the shield. */
interface Brought {
  readonly response: LoggedResponse | undefined;
  /** Of a shield: what it had, or has stored. */
  readonly report?: ShieldReport | undefined;
  readonly originRequests: number;
}

/** `filledInVain`: the whole, asked for in the place of a range, cannot be stored, so that the range is asked for after all. */
interface Exchanged extends Answered {
  readonly filledInVain?: true;
}

type Source = (asked: OriginRequest) => Brought;

interface Selected {
  readonly stored: StoredResponse;
  readonly bytes: number;
  readonly tier: TierName;
  readonly markedStale: boolean;
  /** Its bytes are at hand; those of the edge tier come as a stream. */
  readonly atHand: boolean;
}

interface Lookup {
  readonly storageKey: string;
  readonly reuse: ReuseDecision;
  readonly selected?: Selected;
  readonly selecting?: SelectingHeaders;
}

interface Asked {
  readonly request: EdgeRequest;
  readonly policy: Policy;
  readonly moment: Moment;
  readonly key: string;
  readonly url: string;
  readonly range: string | null;
  readonly directives: RequestDirectives | undefined;
}

/** A request at the cache: a client's, or an edge's to its shield. */
interface EdgeRequest extends LoggedRequest {
  /** The response that an edge has stored, by whose validators it asks. */
  readonly validated?: StoredResponse | undefined;
}

/** What of a response is known where it is stored: of the origin, or put together with what was stored before. */
interface Received extends LoggedResponse {
  readonly originStatus?: number | undefined;
  /** What is answered now, where that has cookies that are not of what is stored. */
  readonly given?: HeaderFields;
}

/** How the origin is asked. */
interface Manner {
  /** By the client's own `Range`. */
  readonly sendRange?: boolean;
  /** A range is asked for, and the whole is fetched for it. */
  readonly fill?: boolean;
  /** The origin's 304 is known to speak of the stored response. */
  readonly confirmed?: boolean;
  /** Behind an answer: what is stored is validated, and that is what a GET got. */
  readonly inBackground?: boolean;
  /** An edge's own validators go on as they are: for a response that will most likely not be stored. */
  readonly keepConditions?: boolean;
}

/** Statuses that stale-if-error may hide (RFC 5861 section 4). */
const HIDDEN_ERRORS = [500, 502, 503, 504];
/** Of a body with more bytes than this, or of unknown length, no range waits for the whole. */
const MAX_FILL_BYTES = 64 * 1024 * 1024;

export interface Shared {
  readonly kv?: Map<string, Copy>;
  /** What stands between these data centres and the origin, for policies with a shield: a replay of its own. */
  readonly shield?: Replay;
  /** Purges that all of them know at once. Without it each knows those that it is told itself. */
  readonly purges?: MarkerSet;
}

/** One isolate in one data centre. Several share what is given to each. */
export class Replay {
  readonly #rules: ReplayRules;
  readonly #tiers: ReplayTiers;
  readonly #purges: MarkerSet;
  readonly #policies = new Set<Policy>();

  readonly #shield: Replay | undefined;
  /** As they are inside the shield. */
  readonly #inside = new Map<PolicySpec, PolicySpec>();

  constructor(rules: ReplayRules, { kv = new Map<string, Copy>(), shield, purges = new MarkerSet() }: Shared = {}) {
    this.#rules = rules;
    this.#tiers = new ReplayTiers(kv);
    this.#shield = shield;
    this.#purges = purges;
  }

  decide(
    request: LoggedRequest,
    spec: PolicySpec | null,
    moment: Moment & ClientPlace,
    origin: LoggedOrigin,
  ): Decision {
    const { answer, ...decision } = this.#decide(request, spec, moment, origin);
    return { ...decision, answered: answer !== undefined };
  }

  #decide(request: EdgeRequest, spec: PolicySpec | null, moment: Moment & ClientPlace, origin: LoggedOrigin): Answered {
    const policy = spec && compile(spec, this.#rules.key);
    if (policy) this.#policies.add(policy);
    const inside = this.#shield && policy?.shield && spec ? this.#insideOf(spec, this.#shield) : undefined;
    const passed = decideRequest(request, policy);
    if (passed || !policy) {
      const { method, headers } = request;
      const response = origin({ method, ...(method === "GET" && rangeOf(headers)) });
      if (passed?.forward === "method" && response) this.#invalidate(request, response, moment);
      const outcome = passed ?? { kind: "forwarded", forward: "bypass" };
      const answer: Answer | undefined = response && { from: "origin", response };
      return { outcome, reuse: NOTHING_STORED, originRequests: 1, answer };
    }
    const asked = this.#asked(request, policy, moment);
    const through = inside && this.#throughShield(asked, inside, moment, origin);
    return this.#answer(asked, through ?? ((wanted) => ({ response: origin(wanted), originRequests: 1 })));
  }

  /**
   * Purges what this isolate and its shield find, in every tier. Other isolates find it purged when their own replay is told, or
   * at once where they share what they know: when it is so really, the purge's report says (`visibleWithinMs`).
   */
  purge(request: PurgeRequest, moment: Moment): void {
    const markers = markersOf(request, moment.now(), (url) => formsOf(url, this.#policies));
    if (this.#shield) this.#shield.#mark(markers);
    this.#mark(markers);
  }

  #mark(markers: readonly Marker[]): void {
    this.#purges.add(markers);
    this.#tiers.removeFromMemory((value) => this.#isRemoved(value));
  }

  #asked(request: EdgeRequest, policy: Policy, moment: Moment & ClientPlace): Asked {
    const { method, headers } = request;
    const named = policy.named(request.url);
    const key = policy.custom?.of(named.key, headers, policy, moment) ?? named.key;
    const directives = policy.mode === "origin" ? this.#rules.origin?.requestDirectives(headers) : undefined;
    const range = method === "GET" ? headers.get("range") : null;
    return { request, policy, moment, key, url: named.url, range, directives };
  }

  #answer(asked: Asked, source: Source): Answered {
    const found = this.#lookUp(asked);
    const { reuse } = found;
    const selected = this.#servable(found, asked);
    if (selected && reuse.use !== "validate") {
      const age = currentAge(selected.stored, asked.moment.now());
      const hit = { outcome: hitOf(selected, asked), age, reuse, answer: storedAnswer(selected) };
      if (reuse.use === "serve") return { ...hit, originRequests: 0 };
      const { storage, originRequests } = this.#exchange(asked, found, source, { inBackground: true });
      return { ...hit, originRequests, ...(storage && { storage }) };
    }
    if (this.#rules.origin && asked.policy.mode === "origin") {
      if (asked.directives?.onlyIfCached) {
        const response = { status: 504, headers: new Headers({ "cache-control": "no-store" }), bytes: 0 };
        const answer: Answer = { from: "origin", response };
        return { outcome: { kind: "forwarded", forward: "request" }, reuse, originRequests: 0, answer };
      }
      if (asked.request.method === "HEAD") return this.#head(asked, found, source);
    }
    return this.#askOrigin(asked, found, source);
  }

  /** A policy as it is inside the shield, which knows it from then on. */
  #insideOf(spec: PolicySpec, shield: Replay): PolicySpec {
    let inside = this.#inside.get(spec);
    if (!inside) {
      const policy = insidePolicy(spec);
      // What KV has is the edges'.
      inside = { ...policy, tiers: { ...policy.tiers, kv: null } };
      this.#inside.set(spec, inside);
      shield.#policies.add(compile(inside, shield.#rules.key));
    }
    return inside;
  }

  /** What would go to the origin goes to the shield, which decides by the same functions. */
  #throughShield(
    { request, url }: Asked,
    policy: PolicySpec,
    moment: Moment & ClientPlace,
    origin: LoggedOrigin,
  ): Source {
    const shield = this.#shield as Replay;
    return (wanted) => {
      const asked = edgeRequest(request, url, wanted);
      const { outcome, answer, originRequests } = shield.#decide(asked, policy, moment, origin);
      const given = answer ? headOf(answer, asked, outcome, moment.now()) : { response: undefined };
      return { ...given, originRequests };
    };
  }

  // --- what is stored ----------------------------------------------------------------------------------------------------

  /** What of a lookup may be served, as a whole or as the part that is asked for. */
  #servable({ selected }: Lookup, asked: Asked): Selected | undefined {
    return selected && this.#covers(selected.stored, asked) ? selected : undefined;
  }

  #covers(stored: StoredResponse, { range, request, moment }: Asked): boolean {
    return !stored.range || partAnswers(stored, { range, headers: request.headers }, moment.now());
  }

  #lookUp(asked: Asked): Lookup {
    const inMemory = this.#lookUpIn("memory", asked, { storageKey: asked.key, reuse: NOTHING_STORED });
    // A part that does not answer must not hide the whole in a farther tier.
    if (inMemory.reuse.use === "serve" && this.#servable(inMemory, asked)) return inMemory;
    return this.#lookUpInTiers(asked, inMemory);
  }

  #lookUpInTiers(asked: Asked, from: Lookup): Lookup {
    let best = from;
    for (const tier of ["edge", "kv"] as const) {
      const found = this.#lookUpIn(tier, asked, { ...from, reuse: NOTHING_STORED });
      if (found.selecting !== from.selecting) {
        // Selecting headers: their variants may be anywhere.
        if (found.selecting) this.#promoteSelecting(asked, found.selecting, tier);
        const variant = this.#lookUpIn("memory", asked, found);
        return variant.reuse.use === "serve" ? variant : this.#lookUpInTiers(asked, variant);
      }
      if (found.reuse.use === "serve") return this.#promote(asked, found, tier);
      best = newer(best, found);
    }
    return best;
  }

  #lookUpIn(tier: TierName, asked: Asked, { storageKey, selecting }: Lookup): Lookup {
    const nothing: Lookup = { storageKey, reuse: NOTHING_STORED, ...(selecting && { selecting }) };
    const { policy, moment } = asked;
    const copy = this.#tiers.read(tier, storageKey, policy, moment.now());
    if (!copy || this.#isRemoved(copy.value)) return nothing;
    const { value, bytes } = copy;
    if (value.kind === "response") {
      if (selecting && value.requestTime < selecting.validFrom) return nothing;
      const markedStale = this.#purges.verdictFor(targetOf(value)) === "stale";
      const selected: Selected = { stored: value, bytes, tier, markedStale, atHand: tier !== "edge" };
      return { ...nothing, reuse: this.#decideReuse(value, asked, markedStale), selected };
    }
    if (selecting || copy.until <= moment.now()) return nothing;
    const variant = variantKey(asked.key, value.names, asked.request.headers);
    const behind: Lookup = { storageKey: variant, reuse: NOTHING_STORED, selecting: value };
    return tier === "memory" ? this.#lookUpIn(tier, asked, behind) : behind;
  }

  #isRemoved(value: StoredValue): boolean {
    return this.#purges.verdictFor(targetOf(value)) === "removed";
  }

  #decideReuse(stored: StoredResponse, { directives, moment }: Asked, markedStale: boolean): ReuseDecision {
    const { origin } = this.#rules;
    return directives && origin
      ? origin.decideReuse(stored, directives, moment.now(), markedStale)
      : decideReuse(stored, moment.now(), markedStale);
  }

  #promoteSelecting({ policy, moment }: Asked, selecting: SelectingHeaders, from: TierName): void {
    this.#tiers.putInMemory(selecting, 0, policy, moment);
    if (from === "kv") this.#tiers.putInEdge(selecting, 0, policy, moment);
  }

  #promote({ policy, moment }: Asked, found: Lookup, from: "edge" | "kv"): Lookup {
    const { selected } = found;
    if (!selected) return found;
    const fitsMemory = policy.memory !== null && (selected.stored.length ?? Infinity) <= policy.memory.max_object_bytes;
    // What the edge tier has goes to memory alone; what is too long for that stays a stream.
    if (from === "edge" && !fitsMemory) return found;
    this.#tiers.promote(selected.stored, selected.bytes, from, policy, moment);
    return { ...found, selected: { ...selected, atHand: true } };
  }

  // --- what the origin brings --------------------------------------------------------------------------------------------

  #askOrigin(asked: Asked, found: Lookup, source: Source): Answered {
    const { selected } = found;
    const ranged = asked.range !== null && (!selected || selected.stored.range !== undefined);
    const alone = asked.directives?.noStore === true || isOversized(asked.request.headers);
    // Under `override` a range fills the cache as a HEAD does: the whole is asked for, and cut here.
    const fill = ranged && !alone && asked.policy.mode === "override";
    const keepConditions = alone && !selected;
    const manner: Manner = { sendRange: ranged && !fill, fill, keepConditions };
    const first = this.#exchange(asked, found, source, manner);
    if (first.filledInVain === undefined) return first;
    const again = this.#exchange(asked, found, source, { sendRange: true, keepConditions: true });
    return { ...again, originRequests: first.originRequests + again.originRequests };
  }

  #exchange(asked: Asked, found: Lookup, source: Source, manner: Manner): Exchanged {
    const { selected, reuse } = found;
    const { policy } = asked;
    const now = asked.moment.now();
    const { response, received, report, originRequests, isValidation } = this.#ask(asked, found, source, manner);
    const isFresh = selected !== undefined && !selected.markedStale && selected.stored.copyFreshUntil > now;
    const forward = forwardReason({ ...found, fresh: isFresh });
    const failure = failureOf(response, isValidation);
    const stale = failure && this.#staleFor(asked, found, failure);
    if (stale) {
      const instead =
        failure === "disconnected"
          ? { reason: "origin-failed" as const }
          : { reason: "stale-if-error" as const, originStatus: response?.status };
      const outcome: Outcome = { kind: "stale-instead", tier: stale.tier, forward, ...instead };
      return { outcome, reuse, age: currentAge(stale.stored, now), originRequests, answer: storedAnswer(stale) };
    }
    if (!received) return { outcome: { kind: "forwarded", forward }, reuse, originRequests };
    const decision = this.#decideStorage(asked, received);
    const { length } = decision.store ? decision.response : {};
    const filledInVain = manner.fill === true && received.status === 200 && !canFill(policy, length);
    const stored = decision.store && !filledInVain ? { ...decision.response, ...report?.times } : undefined;
    if (stored) this.#store(asked, found, stored, received.bytes);
    const longest = longestBody(policy, true);
    const hasRoom = longest !== undefined && (length ?? 0) <= longest;
    const storage = decision.store ? (policy.platform || hasRoom ? "stored" : "size") : decision.reason;
    const { originStatus, status, bytes } = received;
    const headers = received.given ?? received.headers;
    const outcome: Outcome = { kind: "forwarded", forward, originStatus, storage, fromShield: report?.hit };
    const answer: Answer = stored
      ? { from: "stored", stored, headers, bytes, length: this.#knownLength(asked, found, received, length) }
      : { from: "origin", response: { status, headers, bytes } };
    return { outcome, reuse, storage, originRequests, answer, ...(filledInVain && { filledInVain }) };
  }

  /** A body is waited for where it is short, or where something stale could still take its place. */
  #knownLength(asked: Asked, { selected }: Lookup, { given, bytes }: Received, announced: number | undefined) {
    const { policy, moment } = asked;
    const isAtHand = given !== undefined && selected?.atHand;
    const mayServeStale =
      selected && decideStaleOnError(selected.stored, selected.markedStale, "disconnected", policy.mode, moment.now());
    return announced ?? (isAtHand || mayServeStale ? bytes : undefined);
  }

  #staleFor(asked: Asked, { selected }: Lookup, failure: OriginFailure): Selected | undefined {
    if (!selected || !this.#covers(selected.stored, asked)) return undefined;
    const { stored, markedStale } = selected;
    const now = asked.moment.now();
    return decideStaleOnError(stored, markedStale, failure, asked.policy.mode, now) ? selected : undefined;
  }

  /** Asks the origin; once more, without conditions, where its answer speaks of another version than the stored one. */
  #ask(asked: Asked, { selected }: Lookup, source: Source, manner: Manner) {
    const { sendRange, confirmed, keepConditions, inBackground } = manner;
    const { request, policy } = asked;
    const whole = selected && !selected.stored.range ? selected.stored : undefined;
    const validated = whole && (confirmed || hasValidator(whole)) ? whole : undefined;
    const rest = sendRange || !this.#rules.origin || !selected?.atHand ? undefined : requestForRest(selected.stored);
    const method = policy.mode === "override" || inBackground ? "GET" : request.method;
    const range = sendRange ? rangeOf(request.headers) : rest;
    const wanted = { method, validated, range: range?.range, ifRange: range?.ifRange };
    const first = source(keepConditions ? { ...wanted, validated: validated ?? request.validated } : wanted);
    const received = first.response && receive(first.response, selected, validated, rest);
    if (received !== "another-version") return { ...first, received, isValidation: validated !== undefined };
    const again = source({ method });
    const originRequests = first.originRequests + again.originRequests;
    return { ...again, received: again.response as Received | undefined, originRequests, isValidation: false };
  }

  #decideStorage(asked: Asked, { status, headers }: Received) {
    const { request, moment, key, url, directives } = asked;
    const { targetedFields, unstoredHeaders, origin } = this.#rules;
    const announced = headers.get("content-length");
    const exchange = {
      method: request.method,
      key,
      url,
      requestHeaders: request.headers,
      noStore: directives?.noStore === true,
      status,
      headers,
      requestTime: moment.now(),
      responseTime: moment.now(),
      length: announced === null ? undefined : Number(announced),
      rawBodies: true,
      hasEdgeCache: true,
    };
    return decideStorage(exchange, asked.policy, targetedFields, unstoredHeaders, origin);
  }

  #store({ policy, moment, key, url }: Asked, found: Lookup, decided: StoredResponse, bytes: number): void {
    if (this.#isRemoved(decided)) return;
    const lifetime = drawDataCentreLifetime(decided, policy, moment);
    const { selectingNames: names, requestTime: validFrom } = decided;
    if (names.length > 0 && found.selecting?.names.join() !== names.join()) {
      this.#tiers.put({ kind: "selecting-headers", key, url, validFrom, names }, 0, policy, moment, lifetime);
    }
    const stored = decided.range ? combined(found.selected, decided, bytes) : { ...decided, length: bytes };
    if (stored) this.#tiers.put(stored, stored.length ?? 0, policy, moment, lifetime);
  }

  /** A HEAD that no stored response answers: what comes back also tells whether the stored GET is still right. */
  #head(asked: Asked, found: Lookup, source: Source): Answered {
    const { selected, reuse } = found;
    const now = asked.moment.now();
    const { response, originRequests } = source({ method: "HEAD" });
    const failure = failureOf(response, false);
    const stale = failure && this.#staleFor(asked, found, failure);
    if (stale) {
      const reason = failure === "disconnected" ? "origin-failed" : "stale-if-error";
      const outcome: Outcome = { kind: "stale-instead", tier: stale.tier, forward: "stale", reason };
      return { outcome, reuse, age: currentAge(stale.stored, now), originRequests, answer: storedAnswer(stale) };
    }
    if (selected && response?.status === 200 && !selected.stored.range) {
      const confirmation = { ...response, status: 304, bytes: 0 };
      const get = { ...asked, request: { ...asked.request, method: "GET" } };
      if (agrees(selected.stored, response.headers)) {
        this.#exchange(get, found, () => ({ response: confirmation, originRequests: 0 }), { confirmed: true });
      } else this.#tiers.remove(selected.stored.key);
    }
    return {
      outcome: { kind: "forwarded", forward: selected ? "stale" : forwardReason(found) },
      reuse,
      originRequests,
      answer: response && { from: "origin", response },
    };
  }

  /** What a successful unsafe request makes out of date (RFC 9111 section 4.4). */
  #invalidate(request: LoggedRequest, response: LoggedResponse, moment: Moment): void {
    for (const url of invalidatedBy(request.url, response.status, response.headers)) {
      if (this.#shield) this.#shield.#invalidate({ ...request, url }, { ...response, headers: new Headers() }, moment);
      for (const policy of this.#policies) {
        const { key, url: normal } = policy.named(url);
        // Where more than the URL is in the key, nothing but a marker finds the entries of all clients.
        if (!keyedByUrl(policy)) this.#purges.add(markersOf({ urls: [normal] }, moment.now(), (form) => [form]));
        this.#tiers.remove(key);
      }
    }
  }
}

function hitOf({ stored, tier, markedStale }: Selected, { moment }: Asked): Outcome {
  const now = moment.now();
  const copyFreshUntil = markedStale ? Math.min(now, stored.copyFreshUntil) : stored.copyFreshUntil;
  return { kind: "hit", tier, ttl: Math.floor((copyFreshUntil - now) / 1000) };
}

const storedAnswer = ({ stored, bytes }: Selected): Answer => ({ from: "stored", stored, bytes, length: bytes });

// --- between an edge and its shield --------------------------------------------------------------------------------------

/** What an edge asks its shield. */
function edgeRequest({ headers: sent }: LoggedRequest, url: string, wanted: OriginRequest): EdgeRequest {
  const headers = new Headers([...sent]);
  for (const name of ["if-none-match", "if-modified-since", "range", "if-range"]) headers.delete(name);
  if (wanted.validated) addValidators(wanted.validated, headers);
  if (wanted.range !== undefined) headers.set("range", wanted.range);
  if (wanted.ifRange !== undefined) headers.set("if-range", wanted.ifRange);
  return { method: wanted.method, url, headers, validated: wanted.validated };
}

/** What an edge gets: what its conditions, range and method make of the shield's answer, as `answerFrom` in ../response.ts. */
function headOf(answer: Answer, request: EdgeRequest, outcome: Outcome, now: number): Omit<Brought, "originRequests"> {
  if (answer.from === "origin") return { response: answer.response };
  const { stored, bytes, length: known } = answer;
  const headers = new Headers([...(answer.headers ?? stored.headers)] as [string, string][]);
  const age = currentAge(stored, now);
  headers.delete("age");
  if (outcome.kind !== "forwarded" || age > 0) headers.set("age", String(age));
  const report = reportOf(stored, outcome);
  const isPartAsItCame = outcome.kind === "forwarded" && stored.range !== undefined;
  const { status } = stored;
  if (isPartAsItCame) return { report, response: { status, headers, bytes } };
  const fields = fieldsOf(stored);
  const madeOrReceived = () => parseDate(header(stored, "date"), now) ?? stored.responseTime;
  if (status === 200 && isNotModified(request.headers, fields, now, madeOrReceived)) {
    return { report, response: { status: 304, headers: notModifiedHeaders(headers), bytes: 0 } };
  }
  const total = stored.range?.total ?? known;
  const wanted = request.method === "GET" && (status === 200 || stored.range) ? request.headers.get("range") : null;
  const isCut = total !== undefined && rangeApplies(request.headers, fields, now);
  const range = isCut ? parseRange(wanted, total) : undefined;
  if (range === undefined) return { report, response: { status, headers, bytes } };
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${total}`);
    return { report, response: { status: 416, headers, bytes: 0 } };
  }
  const length = range.end - range.start + 1;
  headers.set("content-length", String(length));
  headers.set("content-range", `bytes ${range.start}-${range.end}/${total}`);
  return { report, response: { status: 206, headers, bytes: length } };
}

function reportOf(stored: StoredResponse, outcome: Outcome): ShieldReport {
  const { responseTime, initialAge, freshUntil } = stored;
  const originRequestTime = stored.originRequestTime ?? stored.requestTime;
  const times = { originRequestTime, responseTime, initialAge, freshUntil, copyFreshUntil: freshUntil };
  return { hit: outcome.kind !== "forwarded", times };
}

const rangeOf = (headers: HeaderFields) => ({
  range: headers.get("range") ?? undefined,
  ifRange: headers.get("if-range") ?? undefined,
});

const hasValidator = (stored: StoredResponse): boolean =>
  header(stored, "etag") !== null || header(stored, "last-modified") !== null;

function failureOf(response: LoggedResponse | undefined, isValidation: boolean): OriginFailure | undefined {
  if (!response) return "disconnected";
  if (!HIDDEN_ERRORS.includes(response.status)) return undefined;
  return isValidation ? "validation-failed" : "error";
}

/** An answer as it stands with what was stored before. */
function receive(
  response: LoggedResponse,
  selected: Selected | undefined,
  validated: StoredResponse | undefined,
  rest: RestRequest | undefined,
): Received | "another-version" {
  const { status, headers } = response;
  if (selected && validated && status === 304) {
    if (!isSelectedBy304(validated, headers)) return "another-version";
    const originStatus = validated.status === status ? undefined : status;
    const updated = updatedHeaders(validated, headers);
    const given = new Headers(updated);
    // A cookie that came with the confirmation is for this client alone.
    for (const [name, value] of headers) if (name === "set-cookie") given.append(name, value);
    return { status: validated.status, headers: updated, given, bytes: selected.bytes, originStatus };
  }
  if (!selected || !rest) return response;
  if (isOfAnotherVersion(selected.stored, rest.part, status, headers)) return "another-version";
  if (status !== 206) return response;
  const whole = headersOfWhole(selected.stored, rest.part, headers);
  return { status: 200, headers: whole, bytes: rest.part.total, originStatus: status };
}

/** A new part together with a stored one that is at hand; undefined where the bytes are not those of its range. */
function combined(selected: Selected | undefined, part: StoredResponse, bytes: number): StoredResponse | undefined {
  const { range } = part;
  if (!range || bytes !== lengthOf(range)) return undefined;
  const old = selected?.atHand ? selected.stored : undefined;
  const joins = old?.range && areCombinable(old, part);
  return withRange(part, joins ? unionOf(old.range, range) : range);
}

/** Whether the whole, which was asked for in the place of a range, can be stored: else a range must not wait for it. */
function canFill(policy: Policy, length: number | undefined): boolean {
  const longest = Math.max(longestBody(policy, true) ?? 0, policy.shield?.max_object_bytes ?? 0);
  return length !== undefined && length <= Math.min(MAX_FILL_BYTES, longest);
}

function newer(one: Lookup, other: Lookup): Lookup {
  if (!other.selected) return one;
  return !one.selected || other.selected.stored.responseTime > one.selected.stored.responseTime ? other : one;
}
