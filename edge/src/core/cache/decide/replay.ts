/**
 * The cache's decisions over a log, in virtual time: heads and weights go in, decisions with their reasons come out. The same
 * functions decide here as for `handle`, and a property test holds the two together; but nothing is fetched, no byte is moved
 * and no time passes by itself.
 *
 * An origin answers at once, so that nobody waits for another one's request. A client's own conditions change no decision.
 */

import { compile } from "../compile";
import { invalidatedBy } from "../invalidated";
import { type ClientPlace, type CustomKey, keyedByUrl, type Policy, type PolicySpec } from "../policy";
import {
  currentAge,
  type HeaderFields,
  header,
  type SelectingHeaders,
  type StoredResponse,
  type StoredValue,
  type TierName,
} from "../stored";
import type { PurgeRequest } from "../types";
import { agrees, isSelectedBy304, updatedHeaders } from "../update";
import { variantKey } from "../vary";
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
  /** What was found, and what of it might have been used. */
  readonly reuse: ReuseDecision;
  /** The Age (s) that the answer has, where it is a stored one. */
  readonly age?: number;
  /** What of the response that the origin brought was stored; undefined where nothing was brought. */
  readonly storage?: "stored" | NotStored;
  /** Requests that reached the origin, in the background too. */
  readonly originRequests: number;
}

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
  readonly request: LoggedRequest;
  readonly policy: Policy;
  readonly moment: Moment;
  readonly key: string;
  readonly url: string;
  readonly range: string | null;
  readonly directives: RequestDirectives | undefined;
}

/** What of a response is known where it is stored: of the origin, or put together with what was stored before. */
interface Received extends LoggedResponse {
  readonly originStatus?: number | undefined;
}

/** How the origin is asked. */
interface Manner {
  /** By the client's own `Range`. */
  readonly sendRange?: boolean;
  /** A range is asked for, and the whole is fetched for it. */
  readonly fill?: boolean;
  /** The origin's 304 is known to speak of the stored response. */
  readonly confirmed?: boolean;
}

/** Statuses that stale-if-error may hide (RFC 5861 section 4). */
const HIDDEN_ERRORS = [500, 502, 503, 504];
/** Of a body with more bytes than this, or of unknown length, no range waits for the whole. */
const MAX_FILL_BYTES = 64 * 1024 * 1024;

/** One isolate in one data centre. Several share `kv`, by giving it to each. */
export class Replay {
  readonly #rules: ReplayRules;
  readonly #tiers: ReplayTiers;
  readonly #purges = new MarkerSet();
  readonly #policies = new Set<Policy>();

  constructor(rules: ReplayRules, { kv = new Map<string, Copy>() }: { readonly kv?: Map<string, Copy> } = {}) {
    this.#rules = rules;
    this.#tiers = new ReplayTiers(kv);
  }

  decide(
    request: LoggedRequest,
    spec: PolicySpec | null,
    moment: Moment & ClientPlace,
    origin: LoggedOrigin,
  ): Decision {
    const policy = spec && compile(spec, this.#rules.key);
    if (policy) this.#policies.add(policy);
    const passed = decideRequest(request, policy);
    if (passed || !policy) {
      const { method, headers } = request;
      const response = origin({ method, ...(method === "GET" && rangeOf(headers)) });
      if (passed?.forward === "method" && response) this.#invalidate(request, response, moment);
      const outcome = passed ?? { kind: "forwarded", forward: "bypass" };
      return { outcome, reuse: NOTHING_STORED, originRequests: 1 };
    }
    return this.#answer(this.#asked(request, policy, moment), origin);
  }

  /**
   * Purges what this isolate finds, in every tier. Other isolates find it purged when their own replay is told: when that is,
   * the purge's report says (`visibleWithinMs`).
   */
  purge(request: PurgeRequest, moment: Moment): void {
    this.#purges.add(markersOf(request, moment.now(), (url) => formsOf(url, this.#policies)));
    this.#tiers.removeFromMemory((value) => this.#isRemoved(value));
  }

  #asked(request: LoggedRequest, policy: Policy, moment: Moment & ClientPlace): Asked {
    const { method, headers } = request;
    const named = policy.named(request.url);
    const key = policy.custom?.of(named.key, headers, policy, moment) ?? named.key;
    const directives = policy.mode === "origin" ? this.#rules.origin?.requestDirectives(headers) : undefined;
    const range = method === "GET" ? headers.get("range") : null;
    return { request, policy, moment, key, url: named.url, range, directives };
  }

  #answer(asked: Asked, origin: LoggedOrigin): Decision {
    const found = this.#lookUp(asked);
    const { reuse } = found;
    const selected = this.#servable(found, asked);
    if (selected && reuse.use !== "validate") {
      const hit = { outcome: hitOf(selected, asked), age: currentAge(selected.stored, asked.moment.now()), reuse };
      if (reuse.use === "serve") return { ...hit, originRequests: 0 };
      const { storage, originRequests } = this.#exchange(asked, found, origin, {});
      return { ...hit, originRequests, ...(storage && { storage }) };
    }
    if (this.#rules.origin && asked.policy.mode === "origin") {
      if (asked.directives?.onlyIfCached) {
        return { outcome: { kind: "forwarded", forward: "request" }, reuse, originRequests: 0 };
      }
      if (asked.request.method === "HEAD") return this.#head(asked, found, origin);
    }
    return this.#askOrigin(asked, found, origin);
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

  #askOrigin(asked: Asked, found: Lookup, origin: LoggedOrigin): Decision {
    const { selected } = found;
    const ranged = asked.range !== null && (!selected || selected.stored.range !== undefined);
    const alone = asked.directives?.noStore === true || isOversized(asked.request.headers);
    // Under `override` a range fills the cache as a HEAD does: the whole is asked for, and cut here.
    const fill = ranged && !alone && asked.policy.mode === "override";
    const decision = this.#exchange(asked, found, origin, { sendRange: ranged && !fill, fill });
    if (decision !== "filled-in-vain") return decision;
    const again = this.#exchange(asked, found, origin, { sendRange: true });
    return { ...again, originRequests: again.originRequests + 1 };
  }

  #exchange(asked: Asked, found: Lookup, origin: LoggedOrigin, manner: Manner & { fill?: false }): Decision;
  #exchange(asked: Asked, found: Lookup, origin: LoggedOrigin, manner: Manner): Decision | "filled-in-vain";
  #exchange(asked: Asked, found: Lookup, origin: LoggedOrigin, manner: Manner): Decision | "filled-in-vain" {
    const { selected, reuse } = found;
    const { policy } = asked;
    const now = asked.moment.now();
    const { response, received, originRequests, isValidation } = this.#ask(asked, found, origin, manner);
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
      return { outcome, reuse, age: currentAge(stale.stored, now), originRequests };
    }
    if (!received) return { outcome: { kind: "forwarded", forward }, reuse, originRequests };
    const decision = this.#decideStorage(asked, received);
    const { length } = decision.store ? decision.response : {};
    if (manner.fill && received.status === 200 && !canFill(policy, length)) return "filled-in-vain";
    if (decision.store) this.#store(asked, found, decision.response, received.bytes);
    const longest = longestBody(policy, true);
    const hasRoom = longest !== undefined && (length ?? 0) <= longest;
    const storage = decision.store ? (policy.platform || hasRoom ? "stored" : "size") : decision.reason;
    const outcome: Outcome = { kind: "forwarded", forward, originStatus: received.originStatus, storage };
    return { outcome, reuse, storage, originRequests };
  }

  #staleFor(asked: Asked, { selected }: Lookup, failure: OriginFailure): Selected | undefined {
    if (!selected || !this.#covers(selected.stored, asked)) return undefined;
    const { stored, markedStale } = selected;
    const now = asked.moment.now();
    return decideStaleOnError(stored, markedStale, failure, asked.policy.mode, now) ? selected : undefined;
  }

  /** Asks the origin; once more, without conditions, where its answer speaks of another version than the stored one. */
  #ask(asked: Asked, { selected }: Lookup, origin: LoggedOrigin, { sendRange, confirmed }: Manner) {
    const whole = selected && !selected.stored.range ? selected.stored : undefined;
    const validated = whole && (confirmed || hasValidator(whole)) ? whole : undefined;
    const rest = sendRange || !this.#rules.origin || !selected?.atHand ? undefined : requestForRest(selected.stored);
    const method = asked.policy.mode === "override" ? "GET" : asked.request.method;
    const range = sendRange ? rangeOf(asked.request.headers) : rest;
    const response = origin({ method, validated, range: range?.range, ifRange: range?.ifRange });
    const received = response && receive(response, selected, validated, rest);
    if (received !== "another-version") {
      return { response, received, originRequests: 1, isValidation: validated !== undefined };
    }
    const again = origin({ method });
    return { response: again, received: again as Received | undefined, originRequests: 2, isValidation: false };
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
  #head(asked: Asked, found: Lookup, origin: LoggedOrigin): Decision {
    const { selected, reuse } = found;
    const now = asked.moment.now();
    const response = origin({ method: "HEAD" });
    const failure = failureOf(response, false);
    const stale = failure && this.#staleFor(asked, found, failure);
    if (stale) {
      const reason = failure === "disconnected" ? "origin-failed" : "stale-if-error";
      const outcome: Outcome = { kind: "stale-instead", tier: stale.tier, forward: "stale", reason };
      return { outcome, reuse, age: currentAge(stale.stored, now), originRequests: 1 };
    }
    if (selected && response?.status === 200 && !selected.stored.range) {
      const confirmation = { ...response, status: 304, bytes: 0 };
      const get = { ...asked, request: { ...asked.request, method: "GET" } };
      if (agrees(selected.stored, response.headers)) {
        this.#exchange(get, found, () => confirmation, { confirmed: true });
      } else this.#tiers.remove(selected.stored.key);
    }
    return {
      outcome: { kind: "forwarded", forward: selected ? "stale" : forwardReason(found) },
      reuse,
      originRequests: 1,
    };
  }

  /** What a successful unsafe request makes out of date (RFC 9111 section 4.4). */
  #invalidate(request: LoggedRequest, response: LoggedResponse, moment: Moment): void {
    for (const url of invalidatedBy(request.url, response.status, response.headers)) {
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
    return {
      status: validated.status,
      headers: updatedHeaders(validated, headers),
      bytes: selected.bytes,
      originStatus,
    };
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
