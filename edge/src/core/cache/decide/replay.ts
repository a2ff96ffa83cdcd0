/**
 * The cache's decisions over a log, in virtual time: heads and weights go in, decisions with their reasons come out. The same
 * functions decide here as for `handle`, and a property test holds the two together; but nothing is fetched, no byte is moved
 * and no time passes by itself.
 *
 * An origin answers at once, so that nobody waits for another one's request. A response that brings a part (206), and what the
 * answer to a HEAD says of a stored GET, are not followed up: both are forwarded.
 */

import { compile } from "../compile";
import { invalidatedBy } from "../invalidated";
import { createMemory, type Memory } from "../memory";
import type { ClientPlace, CustomKey, Policy, PolicySpec } from "../policy";
import {
  currentAge,
  type HeaderFields,
  type SelectingHeaders,
  type StoredResponse,
  type StoredValue,
  type TierName,
} from "../stored";
import { isSelectedBy304, updatedHeaders } from "../update";
import { variantKey } from "../vary";
import type { NotStored, Outcome } from "./outcome";
import {
  drawDataCentreLifetime,
  longestBody,
  type Moment,
  placeInEdge,
  placeInKv,
  placeInMemory,
  weightOf,
} from "./placement";
import { decideRequest, forwardReason } from "./request";
import type { RequestDirectives } from "./request-directives";
import { decideReuse, decideStaleOnError, NOTHING_STORED, type OriginFailure, type ReuseDecision } from "./reuse";
import { decideStorage, type OriginRules } from "./storage";

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

/**
 * What the origin answers; undefined where it does not. `validated`: the stored response that it is asked to validate, which a
 * 304 confirms.
 */
export type LoggedOrigin = (validated: StoredResponse | undefined) => LoggedResponse | undefined;

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

interface Copy {
  readonly value: StoredValue;
  readonly bytes: number;
  /** Until when (ms) the tier has it: selecting headers in memory, everything elsewhere. */
  readonly until: number;
}

interface Selected {
  readonly stored: StoredResponse;
  readonly bytes: number;
  readonly tier: TierName;
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
  readonly directives: RequestDirectives | undefined;
}

/** KV's own limit on writes to one key. */
const KV_WRITE_MS = 1000;
/** Statuses that stale-if-error may hide (RFC 5861 section 4). */
const HIDDEN_ERRORS = [500, 502, 503, 504];

/** One isolate in one data centre. Several share `kv`, by giving it to each. */
export class Replay {
  readonly #rules: ReplayRules;
  readonly #memory: Memory<Copy> = createMemory();
  readonly #edge = new Map<string, Copy>();
  readonly #kv: Map<string, Copy>;
  readonly #kvWrites = new Map<string, number>();
  readonly #policies = new Set<Policy>();

  constructor(rules: ReplayRules, kv = new Map<string, Copy>()) {
    this.#rules = rules;
    this.#kv = kv;
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
      const response = origin(undefined);
      if (passed?.forward === "method" && response) this.#invalidate(request, response);
      const outcome = passed ?? { kind: "forwarded", forward: "bypass" };
      return { outcome, reuse: NOTHING_STORED, originRequests: 1 };
    }
    const named = policy.named(request.url);
    const key = policy.custom?.of(named.key, request.headers, policy, moment) ?? named.key;
    const directives = policy.mode === "origin" ? this.#rules.origin?.requestDirectives(request.headers) : undefined;
    return this.#answer({ request, policy, moment, key, url: named.url, directives }, origin);
  }

  #answer(asked: Asked, origin: LoggedOrigin): Decision {
    const found = this.#lookUp(asked);
    const { selected, reuse } = found;
    const now = asked.moment.now();
    if (selected && reuse.use !== "validate") {
      const ttl = Math.floor((selected.stored.copyFreshUntil - now) / 1000);
      const hit = {
        outcome: { kind: "hit", tier: selected.tier, ttl },
        age: currentAge(selected.stored, now),
        reuse,
      } as const;
      if (reuse.use === "serve") return { ...hit, originRequests: 0 };
      const { storage, originRequests } = this.#askOrigin(asked, found, origin);
      return { ...hit, originRequests, ...(storage && { storage }) };
    }
    const isOrigin = asked.policy.mode === "origin";
    if (isOrigin && asked.directives?.onlyIfCached) {
      return { outcome: { kind: "forwarded", forward: "request" }, reuse, originRequests: 0 };
    }
    if (isOrigin && asked.request.method === "HEAD") {
      origin(undefined);
      const forward = found.selected ? "stale" : forwardReason(found);
      return { outcome: { kind: "forwarded", forward }, reuse, originRequests: 1 };
    }
    return this.#askOrigin(asked, found, origin);
  }

  // --- what is stored ----------------------------------------------------------------------------------------------------

  #lookUp(asked: Asked): Lookup {
    const inMemory = this.#lookUpIn("memory", asked, { storageKey: asked.key, reuse: NOTHING_STORED });
    if (inMemory.reuse.use === "serve") return inMemory;
    let best = inMemory;
    for (const tier of ["edge", "kv"] as const) {
      const found = this.#lookUpIn(tier, asked, { ...best, reuse: NOTHING_STORED });
      if (found.selecting !== best.selecting) {
        // Selecting headers: their variants may be anywhere.
        if (found.selecting) this.#promoteSelecting(asked, found.selecting, tier);
        return this.#lookUpVariant(asked, found);
      }
      if (found.reuse.use === "serve") return this.#promote(asked, found);
      best = newer(best, found);
    }
    return best;
  }

  #lookUpVariant(asked: Asked, { selecting, storageKey }: Lookup): Lookup {
    const nothing: Lookup = { storageKey, reuse: NOTHING_STORED, ...(selecting && { selecting }) };
    let best = this.#lookUpIn("memory", asked, nothing);
    if (best.reuse.use === "serve") return best;
    for (const tier of ["edge", "kv"] as const) {
      const found = this.#lookUpIn(tier, asked, nothing);
      if (found.reuse.use === "serve") return this.#promote(asked, found);
      best = newer(best, found);
    }
    return best;
  }

  #lookUpIn(tier: TierName, asked: Asked, from: Lookup): Lookup {
    const { storageKey, selecting } = from;
    const nothing: Lookup = { storageKey, reuse: NOTHING_STORED, ...(selecting && { selecting }) };
    const copy = this.#read(tier, storageKey, asked);
    if (!copy) return nothing;
    const { value, bytes } = copy;
    if (value.kind === "response") {
      if (selecting && value.requestTime < selecting.validFrom) return nothing;
      return { ...nothing, reuse: this.#decideReuse(value, asked), selected: { stored: value, bytes, tier } };
    }
    if (selecting || copy.until <= asked.moment.now()) return nothing;
    const variant = variantKey(asked.key, value.names, asked.request.headers);
    const behind: Lookup = { storageKey: variant, reuse: NOTHING_STORED, selecting: value };
    return tier === "memory" ? this.#lookUpIn(tier, asked, behind) : behind;
  }

  #read(tier: TierName, key: string, { policy, moment }: Asked): Copy | undefined {
    if (tier === "memory") return policy.memory ? this.#memory.get(key) : undefined;
    const [copies, used] = tier === "edge" ? [this.#edge, policy.edge] : [this.#kv, policy.kv];
    const copy = used ? copies.get(key) : undefined;
    return copy && copy.until > moment.now() ? copy : undefined;
  }

  #decideReuse(stored: StoredResponse, { directives, moment }: Asked): ReuseDecision {
    const { origin } = this.#rules;
    return directives && origin
      ? origin.decideReuse(stored, directives, moment.now(), false)
      : decideReuse(stored, moment.now(), false);
  }

  #promoteSelecting(asked: Asked, selecting: SelectingHeaders, from: TierName): void {
    this.#putInMemory(asked, selecting, 0, Infinity);
    if (from === "kv") this.#putInEdge(asked, selecting, 0, Infinity);
  }

  #promote(asked: Asked, found: Lookup): Lookup {
    if (!found.selected) return found;
    const { stored, bytes, tier } = found.selected;
    if (tier === "edge") this.#putInMemory(asked, { ...stored, freshUntil: stored.copyFreshUntil }, bytes, Infinity);
    else {
      const lifetime = drawDataCentreLifetime(stored, asked.policy, asked.moment);
      this.#putInMemory(asked, stored, bytes, lifetime);
      this.#putInEdge(asked, stored, bytes, lifetime);
    }
    return found;
  }

  // --- what the origin brings --------------------------------------------------------------------------------------------

  #askOrigin(asked: Asked, found: Lookup, origin: LoggedOrigin): Decision {
    const { selected, reuse } = found;
    const now = asked.moment.now();
    const validated = selected && hasValidator(selected.stored) ? selected.stored : undefined;
    let originRequests = 1;
    let response = origin(validated);
    let confirmed = response?.status === 304 && validated !== undefined;
    if (confirmed && validated && response && !isSelectedBy304(validated, response.headers)) {
      // It speaks of another version: asked again, without conditions.
      confirmed = false;
      originRequests++;
      response = origin(undefined);
    }
    const fresh = selected !== undefined && selected.stored.copyFreshUntil > now;
    const forward = forwardReason({ ...found, fresh });
    const failure = failureOf(response, validated !== undefined);
    const mayHide = failure && selected && decideStaleOnError(selected.stored, false, failure, asked.policy.mode, now);
    if (mayHide) {
      const instead =
        failure === "disconnected"
          ? { reason: "origin-failed" as const }
          : { reason: "stale-if-error" as const, originStatus: response?.status };
      const outcome: Outcome = { kind: "stale-instead", tier: selected.tier, forward, ...instead };
      return { outcome, reuse, age: currentAge(selected.stored, now), originRequests };
    }
    if (!response) return { outcome: { kind: "forwarded", forward }, reuse, originRequests };
    const brought: LoggedResponse =
      confirmed && selected
        ? {
            status: selected.stored.status,
            headers: updatedHeaders(selected.stored, response.headers),
            bytes: selected.bytes,
          }
        : response;
    const originStatus = brought.status === response.status ? undefined : response.status;
    const storage = this.#store(asked, found, brought);
    const outcome: Outcome = { kind: "forwarded", forward, originStatus, storage };
    return { outcome, reuse, storage, originRequests };
  }

  #store(asked: Asked, found: Lookup, response: LoggedResponse): "stored" | NotStored {
    const { request, policy, moment, key, url, directives } = asked;
    const { targetedFields, unstoredHeaders, origin } = this.#rules;
    const announced = response.headers.get("content-length");
    const exchange = {
      method: request.method,
      key,
      url,
      requestHeaders: request.headers,
      noStore: directives?.noStore === true,
      status: response.status,
      headers: response.headers,
      requestTime: moment.now(),
      responseTime: moment.now(),
      length: announced === null ? undefined : Number(announced),
      rawBodies: true,
      hasEdgeCache: true,
    };
    if (response.status === 206) return "range";
    const decision = decideStorage(exchange, policy, targetedFields, unstoredHeaders, origin);
    if (!decision.store) return decision.reason;
    const stored = { ...decision.response, length: response.bytes };
    const lifetime = drawDataCentreLifetime(stored, policy, moment);
    if (stored.selectingNames.length > 0 && found.selecting?.names.join() !== stored.selectingNames.join()) {
      const names = stored.selectingNames;
      this.#put(asked, { kind: "selecting-headers", key, url, validFrom: stored.requestTime, names }, 0, lifetime);
    }
    this.#put(asked, stored, response.bytes, lifetime);
    const longest = longestBody(policy, true);
    return longest !== undefined && (exchange.length ?? 0) <= longest ? "stored" : "size";
  }

  #put(asked: Asked, value: StoredValue, bytes: number, lifetime: number): void {
    this.#putInMemory(asked, value, bytes, lifetime);
    this.#putInEdge(asked, value, bytes, lifetime);
    const { policy, moment } = asked;
    const now = moment.now();
    if (now - (this.#kvWrites.get(value.key) ?? -Infinity) < KV_WRITE_MS) return;
    const placement = placeInKv(value, policy, moment, () => weightOf(value) + bytes);
    if (!placement.keep) return;
    this.#kvWrites.set(value.key, now);
    this.#kv.set(value.key, { value: placement.copy, bytes, until: now + placement.retention * 1000 });
  }

  #putInMemory({ policy, moment }: Asked, value: StoredValue, bytes: number, lifetime: number): void {
    const placement = placeInMemory(value, bytes, policy, moment, lifetime);
    if (!policy.memory) return;
    if (!placement.keep) {
      this.#memory.delete(value.key);
      return;
    }
    const isShared = policy.edge !== null || policy.kv !== null;
    const until = isShared ? moment.now() + placement.retention * 1000 : Infinity;
    this.#memory.set(
      value.key,
      { value: placement.copy, bytes, until },
      bytes + weightOf(value),
      policy.memory.max_bytes,
    );
  }

  #putInEdge({ policy, moment }: Asked, value: StoredValue, bytes: number, lifetime: number): void {
    const placement = placeInEdge(value, policy, moment, lifetime, weightOf);
    if (!placement.keep) return;
    this.#edge.set(value.key, { value: placement.copy, bytes, until: moment.now() + placement.retention * 1000 });
  }

  /** What a successful unsafe request makes out of date (RFC 9111 section 4.4). */
  #invalidate(request: LoggedRequest, response: LoggedResponse): void {
    for (const url of invalidatedBy(request.url, response.status, response.headers)) {
      for (const policy of this.#policies) {
        const { key } = policy.named(url);
        this.#memory.delete(key);
        this.#edge.delete(key);
        this.#kv.delete(key);
        this.#kvWrites.delete(key);
      }
    }
  }
}

const hasValidator = ({ headers }: StoredResponse): boolean =>
  headers.some(([name]) => name === "etag" || name === "last-modified");

function failureOf(response: LoggedResponse | undefined, isValidation: boolean): OriginFailure | undefined {
  if (!response) return "disconnected";
  if (!HIDDEN_ERRORS.includes(response.status)) return undefined;
  return isValidation ? "validation-failed" : "error";
}

function newer(one: Lookup, other: Lookup): Lookup {
  if (!other.selected) return one;
  return !one.selected || other.selected.stored.responseTime > one.selected.stored.responseTime ? other : one;
}
