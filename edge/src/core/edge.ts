/** Puts an edge function together from its settings: routes, guards, cache and targets. */

import { cacheStatusOf, isVouched, type Outcome, xCacheOf } from "./cache/decide/outcome";
import type { PolicySpec } from "./cache/policy";
import type { CacheContext, PurgeRequest, RequestHead } from "./cache/types";
import {
  Admitted,
  checkFraming,
  Gate,
  NO_HOST,
  type TargetUrl,
  type Telling,
  targetAsSent,
  targetOf as targetUrlOf,
} from "./entrance";
import type {
  Answer,
  Around,
  CacheLayer,
  Feature,
  Guard,
  PlatformArguments,
  PurgeReport,
  RequestState,
  Target,
} from "./feature";
import { frontOf, mayFront, tellFront } from "./front";
import { handlerOf, handlerTarget } from "./handler";
import type { Geo, Host } from "./host";
import { remembering } from "./memo";
import { isSafe } from "./methods";
import { isDecided, keepPersonal } from "./personal";
import { Problem, problemResponse } from "./problem";
import { allowedMethods, endpointFor, type Match, matcherOf, PATTERN, type Route, routesOf } from "./router";
import type { CacheSpec, EdgeSettings, EndpointSpec } from "./settings.gen";
import { answerConditional, withStrongEtag } from "./static";

export interface EdgeOptions {
  readonly features?: readonly Feature[];
  /** The user's modules by name, as `import * as` gives them. */
  readonly handlers?: Readonly<Record<string, unknown>>;
}

export interface Edge {
  /** A Response that is no promise is whole: it came from memory. */
  (request: Request, host: Host, platform: PlatformArguments): Response | Promise<Response>;
  /** Purges the function's caches; undefined where it has none. */
  purge(request: PurgeRequest, host: Host): Promise<PurgeReport | undefined>;
  /**
   * Answers what an edge asked its shield for: by `behind`, which is given the endpoint's policy and what answers where its
   * cache has nothing. Undefined where no such endpoint has a shield.
   */
  behind(request: Request, host: Host, platform: PlatformArguments, behind: Behind): Promise<Response> | undefined;
}

export type Behind = (
  policy: CacheSpec,
  context: CacheContext,
  target: (request: Request) => Promise<Response>,
) => Promise<Response>;

/** The settings, the features and the handlers do not fit together. Lists every fault. */
export class BadAssembly extends Error {
  override readonly name = "BadAssembly";

  constructor(readonly faults: readonly string[]) {
    super(`The edge function cannot start:\n${faults.map((fault) => `- ${fault}`).join("\n")}`);
  }
}

/** URLs whose way is remembered. */
const MAX_PLACES = 2048;

/** Where a URL leads. */
interface Place {
  readonly target: TargetUrl;
  readonly match: Match<Route> | undefined;
}

/** What a request carries. What few endpoints ask for is found out when it is asked for. */
class State implements RequestState {
  readonly receivedAt: number;
  session: RequestState["session"];
  claims: RequestState["claims"];
  fronted = false;
  telling: Telling = { ip: false, country: false, host: false, scheme: false };
  readonly #request: Request;
  #outcome: Outcome | undefined;
  #geo: Geo | undefined;
  #timings: Map<string, number> | undefined;

  constructor(
    request: Request,
    readonly host: Host,
    readonly platform: PlatformArguments,
    readonly path: string,
    readonly params: Record<string, string>,
  ) {
    this.#request = request;
    this.receivedAt = host.now();
  }

  /** What became of it at the cache; undefined where that was not asked. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  settled(outcome: Outcome): void {
    this.#outcome = outcome;
    this.host.settled?.(outcome);
  }

  get geo(): Geo {
    this.#geo ??= this.host.geo(this.#request);
    return this.#geo;
  }

  get clientIp(): string | undefined {
    return this.host.clientIp(this.#request);
  }

  get timings(): Map<string, number> {
    this.#timings ??= new Map();
    return this.#timings;
  }
}

/** One endpoint, ready to serve. */
interface Served {
  readonly endpoint: EndpointSpec;
  readonly gate: Gate;
  readonly guards: readonly Guard[];
  readonly target: Target;
  readonly answer: Answer;
}

/**
 * @throws BadAssembly where an endpoint needs a feature or handler that is not there.
 */
export function createEdge(settings: EdgeSettings, { features = [], handlers = {} }: EdgeOptions = {}): Edge {
  const faults: string[] = [];
  const cacheFeature = features.find((feature) => feature.cache !== undefined);
  const parts = Object.assign({}, ...features.map((feature) => feature.cacheParts));
  const asSent = settings.url_normalization === "none";
  const policies = settings.endpoints.map((endpoint): PolicySpec | null => {
    const policy = effectivePolicy(endpoint);
    return asSent && policy ? { ...policy, asSent } : policy;
  });
  const cache = cacheFeature?.cache?.(settings, policies, parts, faults);
  const served = new Map<EndpointSpec, Served>();
  for (const [index, endpoint] of settings.endpoints.entries()) {
    const made = serveEndpoint(settings, endpoint, policies[index] ?? null, features, handlers, cache, faults);
    if (made !== undefined) served.set(endpoint, made);
  }
  if (asSent && !settings.endpoints.every((endpoint, index) => index === 0 && mayBeAsSent(endpoint))) {
    faults.push(
      "url_normalization `none`: there must be one endpoint, `/*`, that an origin answers, with nothing to guard.",
    );
  }
  if (faults.length > 0) throw new BadAssembly(faults);

  const around = aroundOf(settings, features);
  const match = matcherOf(routesOf(settings.endpoints).map((route) => ({ pattern: route.pattern, value: route })));
  /** Where a URL leads, as it came in. */
  const placeOf = remembering(MAX_PLACES, (url): Place => {
    const target = asSent ? targetAsSent(url) : targetUrlOf(url);
    return { target, match: match(asSent ? "/" : target.path) };
  });

  const front = frontOf(settings);
  /** What every response goes through on its way out. */
  const leave = (response: Response, request: Request, state: State): Response => {
    let answer = response;
    if (request.method === "HEAD" && answer.body !== null) {
      answer.body.cancel().catch(() => {});
      answer = new Response(null, answer);
    }
    if (settings.trace) answer = withServerTiming(answer, state);
    // Other spellings of a path are other entries in front, where a purge of the path would not find them.
    return front
      ? tellFront(answer, state.fronted && new URL(request.url).pathname === state.path && isVouched(state.outcome))
      : answer;
  };
  const fail = (error: unknown, host: Host, path: string, method: string): Response => {
    const response = errorResponse(error, host, path, method);
    return front ? tellFront(response, false) : response;
  };
  /** Not `async`: what memory has is answered in one go. */
  const answer = (request: Request, host: Host, platform: PlatformArguments): Response | Promise<Response> => {
    let path = "/";
    let adorn = (given: Response): Response => given;
    try {
      checkFraming(request.headers);
      const { target, match: found } = placeOf(request.url);
      path = target.path;
      const state = new State(request, host, platform, path, found?.params ?? {});
      const own = cache?.answer?.(request, path, host);
      const layers = found && layersOf(found.found, around, request);
      adorn = (given) => adorned(given, layers ?? [], request.headers);
      const go = () => {
        const instead = found && insteadOf(found.found, around, request);
        if (instead) return instead;
        if (found !== undefined) return serve(found.found, served, cache, request, state, target);
        return problemResponse({ status: 404, code: "no-endpoint", detail: `No endpoint matches ${path}.` }, path);
      };
      const response = own === undefined ? go() : own.then((given) => given ?? go());
      if (!(response instanceof Promise)) return leave(adorn(response), request, state);
      return response.then(
        (given) => leave(adorn(given), request, state),
        (error: unknown) => adorn(fail(error, host, path, request.method)),
      );
    } catch (error) {
      return adorn(fail(error, host, path, request.method));
    }
  };
  return Object.assign(answer, {
    async purge(request: PurgeRequest, host: Host) {
      if (cache && !cache.purge) throw new Error("This function takes no purges: no policy has a KV tier or a shield.");
      return cache?.purge?.(request, host);
    },
    behind(request: Request, host: Host, platform: PlatformArguments, behind: Behind) {
      const { target, match: found } = placeOf(request.url);
      const endpoint = found && endpointFor(found.found.endpoints, request.method);
      const made = endpoint && served.get(endpoint);
      const policy = made?.gate.policy;
      if (!made || !policy?.tiers.shield) return undefined;
      const state = new State(request, host, platform, target.path, found?.params ?? {});
      state.telling = made.gate.telling(request.method);
      return behind(policy, new Context(state, made), (toOrigin) => made.answer(toOrigin, state));
    },
  });
}

/** What stands around the endpoints that have something around them. */
export function aroundOf(settings: EdgeSettings, features: readonly Feature[]): ReadonlyMap<EndpointSpec, Around[]> {
  const found = settings.endpoints.map((endpoint) => {
    const layers = features.map(({ around }) => around?.(endpoint)).filter((layer) => layer !== undefined);
    return [endpoint, layers] as const;
  });
  return new Map(found.filter(([, layers]) => layers.length > 0));
}

function layersOf(route: Route, around: ReadonlyMap<EndpointSpec, Around[]>, { method }: Request): Around[] {
  if (around.size === 0) return [];
  const endpoint = endpointFor(route.endpoints, method);
  return (endpoint && around.get(endpoint)) ?? [];
}

/** The answer that something around an endpoint of the route gives in its place. */
function insteadOf(route: Route, around: ReadonlyMap<EndpointSpec, Around[]>, request: Request): Response | undefined {
  if (around.size === 0) return undefined;
  for (const endpoint of route.endpoints) {
    for (const layer of around.get(endpoint) ?? []) {
      const answer = layer.answer(request);
      if (answer) return answer;
    }
  }
  return undefined;
}

function adorned(response: Response, layers: readonly Around[], asked: Headers): Response {
  if (layers.length === 0 || response.status === 101) return response;
  const own = changeable(response);
  for (const layer of layers) layer.adorn(asked, own.headers);
  return own;
}

/** Nothing here depends on how a path is read: not which endpoint answers, not who may ask, and not what is stored. */
function mayBeAsSent({ path, target, cache, auth, rate_limit, static: files }: EndpointSpec): boolean {
  const byOrigin =
    cache === null || (cache.mode !== "override" && cache.engine === "worker" && cache.key.query === "all");
  return path === "/*" && target.kind === "origin" && auth === null && rate_limit === null && !files && byOrigin;
}

function serveEndpoint(
  settings: EdgeSettings,
  endpoint: EndpointSpec,
  policy: CacheSpec | null,
  features: readonly Feature[],
  handlers: Readonly<Record<string, unknown>>,
  cache: CacheLayer | undefined,
  faults: string[],
): Served | undefined {
  const where = `endpoint ${endpoint.path}`;
  const before = faults.length;
  if (!PATTERN.test(endpoint.path)) {
    faults.push(
      `${where}: not a pattern. Segments are literal, \`:name\` or \`*\`, for example /api/products/:id or /static/*.`,
    );
  }
  const guards: Guard[] = [];
  if (endpoint.rate_limit != null) {
    const limit = features.find((feature) => feature.rateLimit !== undefined)?.rateLimit;
    if (limit === undefined) faults.push(`${where}: rate_limit needs the feature \`rateLimit\`.`);
    else guards.push(limit(settings, endpoint, endpoint.rate_limit));
  }
  if (endpoint.auth != null) {
    const { kind } = endpoint.auth;
    const auth = features.find((feature) => feature.auth?.[kind] !== undefined)?.auth?.[kind];
    if (auth === undefined) faults.push(`${where}: auth of kind \`${kind}\` needs its feature.`);
    else collect(faults, where, () => guards.push(auth(settings, endpoint)));
  }
  if (endpoint.cache != null && cache === undefined) faults.push(`${where}: cache needs the feature \`cache\`.`);
  const target = collect(faults, where, () => targetOf(settings, endpoint, features, handlers));
  if (target === undefined || faults.length > before) return undefined;

  const gate = new Gate(settings.reserved_header_prefixes, policy);
  return { endpoint, gate, guards, target, answer: answerOf(settings, endpoint, target) };
}

function collect<T>(faults: string[], where: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    faults.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function targetOf(
  settings: EdgeSettings,
  endpoint: EndpointSpec,
  features: readonly Feature[],
  handlers: Readonly<Record<string, unknown>>,
): Target {
  const { target } = endpoint;
  if (target.kind === "handler") {
    const module = handlers[target.module];
    if (module === undefined) {
      throw new Error(`no module ${target.module}; there are: ${Object.keys(handlers).sort().join(", ") || "none"}.`);
    }
    const handler = handlerOf(module);
    if (handler === undefined) {
      throw new Error(`${target.module} has no default export that is a function or an object with \`fetch\`.`);
    }
    return handlerTarget(target.module, handler);
  }
  const make = features.find((feature) => feature.targets?.[target.kind] !== undefined)?.targets?.[target.kind];
  if (make === undefined) throw new Error(`a target of kind \`${target.kind}\` needs its feature.`);
  return make(settings, endpoint);
}

/**
 * On an endpoint that asks who the caller is, a policy never forces an answer into the shared cache: only what the origin
 * itself marks as shared is stored.
 */
function effectivePolicy(endpoint: EndpointSpec): CacheSpec | null {
  let policy = endpoint.cache ?? null;
  if (policy === null) return null;
  if (policy.engine === "platform" && !mayFront(endpoint, policy)) policy = { ...policy, engine: "worker" };
  if (endpoint.auth == null) return policy;
  // Who asks is known here alone, so that what is asked for does not go by a shield.
  policy = { ...policy, tiers: { ...policy.tiers, shield: null } };
  return policy.mode === "override" ? { ...policy, mode: "origin" } : policy;
}

/** A request as its target may see it: one host, and one scheme, for all whom a stored answer may be given to. */
function asTold(request: Request, { hostname }: EdgeSettings, { host, scheme }: Telling): Request {
  if (host && scheme) return request;
  const url = new URL(request.url);
  if (!scheme) url.protocol = "https:";
  if (!host) {
    url.port = "";
    url.hostname = hostname ?? NO_HOST;
  }
  const { method, body } = request;
  const headers = new Headers(request.headers);
  if (!host && headers.has("host")) headers.set("host", url.host);
  const bodyless = method === "GET" || method === "HEAD" || body === null;
  const init = { method, headers, redirect: "manual", ...(bodyless ? {} : { body, duplex: "half" }) };
  return new Request(url, init as RequestInit);
}

function answerOf(settings: EdgeSettings, endpoint: EndpointSpec, target: Target): Answer {
  let answer: Answer = (request, state) => target.answer(asTold(request, settings, state.telling), state);
  if (endpoint.static) {
    const plain = answer;
    answer = async (request, state) =>
      withStrongEtag(await plain(wholeGet(request), state), isRaw(endpoint, state.host));
  }
  if (endpoint.auth != null) {
    const open = answer;
    answer = async (request, state) => {
      const response = await open(request, state);
      if (response.status === 101 || isDecided(response.headers)) return response;
      const personal = new Response(response.body, response);
      keepPersonal(personal.headers);
      return personal;
    };
  }
  return answer;
}

/** Whether an answer's body is as it was on the wire: only those from an origin's are, never a handler's. */
function isRaw({ target }: EndpointSpec, host: Host): boolean {
  return host.rawBodies && target.kind === "origin";
}

/** Held against the ETag that the file gets here, which its origin may not know; or true of a part alone. */
const NOT_FOR_THE_FILES_ORIGIN = ["if-match", "if-unmodified-since", "range", "if-range"];

/** The whole file: an ETag is made from all of its bytes, and ranges are cut from it afterwards. */
function wholeGet(request: Request): Request {
  if (request.method === "GET" && !NOT_FOR_THE_FILES_ORIGIN.some((name) => request.headers.has(name))) return request;
  const headers = new Headers(request.headers);
  for (const name of NOT_FOR_THE_FILES_ORIGIN) headers.delete(name);
  return new Request(request.url, {
    method: request.method === "HEAD" ? "GET" : request.method,
    headers,
    redirect: "manual",
  });
}

function serve(
  route: Route,
  served: ReadonlyMap<EndpointSpec, Served>,
  cache: CacheLayer | undefined,
  incoming: Request,
  state: State,
  target: TargetUrl,
): Response | Promise<Response> {
  const { method } = incoming;
  // TRACE would echo what the entrance removes, and CONNECT is for proxies: not even `*` means them.
  const refused = method === "TRACE" || method === "CONNECT";
  const endpoint = refused ? undefined : endpointFor(route.endpoints, method);
  const made = endpoint === undefined ? undefined : served.get(endpoint);
  if (made === undefined) return wrongMethod(route, method, state.path);

  state.fronted = made.gate.policy?.engine === "platform";
  state.telling = made.gate.telling(method);
  if (made.guards.length === 0) return pass(made, cache, incoming, state, target);
  return guard(made, incoming, state).then(() => pass(made, cache, incoming, state, target));
}

async function guard({ guards }: Served, incoming: Request, state: State): Promise<void> {
  for (const one of guards) await one(incoming, state);
}

/** Lets a request that nothing holds up go on to the cache, and to the target. */
function pass(
  made: Served,
  cache: CacheLayer | undefined,
  incoming: Request,
  state: State,
  target: TargetUrl,
): Response | Promise<Response> {
  const { gate } = made;
  const admitted = new Admitted(incoming, target, gate);
  const answer = (toOrigin: Request) => made.answer(toOrigin, state);
  if (cache === undefined || (gate.policy === null && isSafe(admitted.method))) {
    // Nothing to store, and nothing that an unsafe method could have made wrong in the store.
    return answer(admitted.request).then((response) => label(made, admitted, changeable(response), state));
  }
  const context = new Context(state, made);
  const response = cache.handle(admitted, gate.policy, context, answer, () => admitted.request);
  if (!made.endpoint.static) return response;
  if (response instanceof Promise) return response.then((given) => label(made, admitted, given, state));
  return label(made, admitted, response, state);
}

/** What becomes of a request that the cache is not asked about. */
const NOT_ASKED: Outcome = { kind: "forwarded", forward: "bypass" };

/** Answers conditions on static files, and says of what the cache did not see that it did not. */
function label({ endpoint }: Served, { method, headers }: RequestHead, given: Response, state: State): Response {
  if (given.status === 101) return given;
  let response = given;
  if (endpoint.static && (method === "GET" || method === "HEAD")) {
    response = answerConditional(headers, response, state.host.now());
  }
  if (state.outcome === undefined) {
    state.settled(NOT_ASKED);
    response.headers.set("x-cache", xCacheOf(NOT_ASKED));
    response.headers.append("cache-status", `edgewright; ${cacheStatusOf(NOT_ASKED)}`);
  }
  return response;
}

/** A response whose headers can be set: one from the network or a handler may be frozen. */
function changeable(response: Response): Response {
  // A WebSocket travels on the response object itself and would be lost in a copy.
  return response.status === 101 ? response : new Response(response.body, response);
}

function wrongMethod(route: Route, method: string, path: string): Response {
  const allow = allowedMethods(route.endpoints).join(", ");
  if (method === "OPTIONS")
    return new Response(null, { status: 204, headers: { Allow: allow, "Cache-Control": "no-store" } });
  const detail = `${path} does not take ${method}. Allowed: ${allow}.`;
  return problemResponse({ status: 405, code: "method-not-allowed", detail, headers: { Allow: allow } }, path);
}

/** The cache's view of a request. What a hit does not need is found out when it is asked for. */
class Context implements CacheContext {
  readonly #state: State;
  readonly #made: Served;

  constructor(state: State, made: Served) {
    this.#state = state;
    this.#made = made;
  }

  now(): number {
    return this.#state.host.now();
  }

  random(): number {
    return this.#state.host.random();
  }

  waitUntil(work: Promise<unknown>): void {
    this.#state.host.waitUntil(work);
  }

  get edgeCache() {
    return this.#state.host.edgeCache;
  }

  get frontCache() {
    return this.#state.host.frontCache;
  }

  kv(binding: string) {
    return this.#state.host.kv(binding);
  }

  shield(binding: string, name: string, location: string | undefined) {
    return this.#state.host.shield?.(binding, name, location);
  }

  get client() {
    return { geo: this.#state.geo, ip: this.#state.clientIp };
  }

  get rawBodies(): boolean {
    return isRaw(this.#made.endpoint, this.#state.host);
  }

  get country(): string | undefined {
    return this.#state.geo.country;
  }

  get region(): string | undefined {
    return this.#made.target.region?.(this.#state);
  }

  settled(outcome: Outcome): void {
    this.#state.settled(outcome);
  }

  warn(message: string): void {
    const { path } = this.#made.endpoint;
    this.#state.host.log({ level: "warn", event: "cache.warning", message, endpoint: path });
  }
}

function errorResponse(error: unknown, host: Host, path: string, method: string): Response {
  if (error instanceof Problem) {
    if (error.details.status >= 500) {
      host.log({ level: "error", event: error.details.code, message: error.details.detail, path, method });
    }
    return problemResponse(error.details, path);
  }
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  host.log({ level: "error", event: "edge.exception", message: stack, path, method });
  return problemResponse(
    { status: 500, code: "internal", detail: "The edge failed to answer this request. The log has the reason." },
    path,
  );
}

function withServerTiming(response: Response, state: RequestState): Response {
  if (response.status === 101) return response;
  const total = state.host.now() - state.receivedAt;
  const parts = [...state.timings, ["total", total] as const].map(([name, ms]) => `${name};dur=${ms}`);
  const timed = new Response(response.body, response);
  timed.headers.append("server-timing", parts.join(", "));
  return timed;
}
