/** Puts an edge function together from its settings: routes, guards, cache and targets. */

import { Hono } from "hono/tiny";
import type { CacheContext, PurgeRequest } from "./cache/types";
import { admit, enter, type TargetUrl } from "./entrance";
import type {
  Answer,
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
import type { Host } from "./host";
import { Problem, problemResponse } from "./problem";
import { allowedMethods, endpointFor, PATTERN, type Route, routesOf } from "./router";
import type { CacheSpec, EdgeSettings, EndpointSpec } from "./settings.gen";
import { answerConditional, withStrongEtag } from "./static";

export interface EdgeOptions {
  readonly features?: readonly Feature[];
  /** The user's modules by name, as `import * as` gives them. */
  readonly handlers?: Readonly<Record<string, unknown>>;
}

export interface Edge {
  (request: Request, host: Host, platform: PlatformArguments): Promise<Response>;
  /** Purges the function's caches; undefined where it has none. */
  purge(request: PurgeRequest, host: Host): Promise<PurgeReport | undefined>;
}

/** The settings, the features and the handlers do not fit together. Lists every fault. */
export class BadAssembly extends Error {
  override readonly name = "BadAssembly";

  constructor(readonly faults: readonly string[]) {
    super(`The edge function cannot start:\n${faults.map((fault) => `- ${fault}`).join("\n")}`);
  }
}

/** One endpoint, ready to serve. */
interface Served {
  readonly endpoint: EndpointSpec;
  readonly policy: CacheSpec | null;
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
  const cache = cacheFeature?.cache?.(settings);
  const served = new Map<EndpointSpec, Served>();
  for (const endpoint of settings.endpoints) {
    const made = serveEndpoint(settings, endpoint, features, handlers, cache, faults);
    if (made !== undefined) served.set(endpoint, made);
  }
  if (faults.length > 0) throw new BadAssembly(faults);

  // The path that Hono matches is the normalised one, never its own reading of the URL.
  const app = new Hono<{ Bindings: { state: RequestState; target: TargetUrl } }>({
    getPath: (_request, options) => (options as { env: { target: TargetUrl } }).env.target.path,
  });
  for (const route of routesOf(settings.endpoints)) {
    app.all(route.pattern, (c) => {
      const { state, target } = c.env;
      state.params = c.req.param() as Record<string, string>;
      return serve(settings, route, served, cache, c.req.raw, state, target);
    });
  }
  app.notFound((c) => {
    const { path } = c.env.target;
    return problemResponse({ status: 404, code: "no-endpoint", detail: `No endpoint matches ${path}.` }, path);
  });
  app.onError((error, c) => errorResponse(error, c.env.state.host, c.env.target.path, c.req.method));

  const front = frontOf(settings);
  const answer = async (request: Request, host: Host, platform: PlatformArguments): Promise<Response> => {
    let path = "/";
    try {
      const target = enter(request);
      path = target.path;
      const state: RequestState = {
        host,
        path,
        geo: host.geo(request),
        clientIp: host.clientIp(request),
        receivedAt: host.now(),
        platform,
        params: {},
        session: undefined,
        claims: undefined,
        timings: new Map(),
        fronted: false,
      };
      const own = await cache?.answer?.(request, path, host);
      if (own !== undefined) return front ? tellFront(own, false) : own;
      const response = await app.fetch(request, { state, target });
      const timed = settings.trace ? withServerTiming(response, state) : response;
      // Other spellings of a path are other entries in front, where a purge of the path would not find them.
      return front ? tellFront(timed, state.fronted && new URL(request.url).pathname === path) : timed;
    } catch (error) {
      const response = errorResponse(error, host, path, request.method);
      return front ? tellFront(response, false) : response;
    }
  };
  return Object.assign(answer, {
    async purge(request: PurgeRequest, host: Host) {
      return cache?.purge(request, host);
    },
  });
}

function serveEndpoint(
  settings: EdgeSettings,
  endpoint: EndpointSpec,
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

  const policy = effectivePolicy(endpoint);
  return { endpoint, policy, guards, target, answer: answerOf(endpoint, target) };
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
  if (endpoint.auth == null || policy.mode !== "override") return policy;
  return { ...policy, mode: "origin" };
}

/** What makes an answer shared, or already not stored. `must-revalidate` is not enough here: frameworks send it with anything. */
const DECIDED = /(?:^|[\s,])(?:public|s-maxage|private|no-store)\b/i;

function answerOf(endpoint: EndpointSpec, target: Target): Answer {
  let answer = target.answer;
  if (endpoint.static) {
    const plain = answer;
    answer = async (request, state) =>
      withStrongEtag(await plain(wholeGet(request), state), isRaw(endpoint, state.host));
  }
  if (endpoint.auth != null) {
    const open = answer;
    // RFC 9111, section 3.5, for every way to authenticate: a cookie is not Authorization, but means the same here.
    answer = async (request, state) => {
      const response = await open(request, state);
      if (response.status === 101) return response;
      const control = response.headers.get("cache-control");
      if (control !== null && DECIDED.test(control)) return response;
      const personal = new Response(response.body, response);
      personal.headers.set("cache-control", control === null || control === "" ? "private" : `private, ${control}`);
      return personal;
    };
  }
  return answer;
}

/** Whether an answer's body is as it was on the wire: only those from an origin's are, never a handler's. */
function isRaw({ target }: EndpointSpec, host: Host): boolean {
  return host.rawBodies && target.kind === "origin";
}

/** The whole file: an ETag is made from all of its bytes, and ranges are cut from it afterwards. */
function wholeGet(request: Request): Request {
  if (request.method === "GET" && !request.headers.has("range")) return request;
  const headers = new Headers(request.headers);
  headers.delete("range");
  headers.delete("if-range");
  return new Request(request.url, {
    method: request.method === "HEAD" ? "GET" : request.method,
    headers,
    redirect: "manual",
  });
}

/** RFC 9110, section 9.2.1. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

async function serve(
  settings: EdgeSettings,
  route: Route,
  served: ReadonlyMap<EndpointSpec, Served>,
  cache: CacheLayer | undefined,
  incoming: Request,
  state: RequestState,
  targetUrl: TargetUrl,
): Promise<Response> {
  const { method } = incoming;
  // TRACE would echo what the entrance removes, and CONNECT is for proxies: not even `*` means them.
  const refused = method === "TRACE" || method === "CONNECT";
  const endpoint = refused ? undefined : endpointFor(route.endpoints, method);
  const made = endpoint === undefined ? undefined : served.get(endpoint);
  if (made === undefined) return wrongMethod(route, method, state.path);

  state.fronted = made.policy?.engine === "platform";
  for (const guard of made.guards) await guard(incoming, state);
  const request = admit(incoming, targetUrl, settings.reserved_header_prefixes, made.policy);
  const answer = (toOrigin: Request) => made.answer(toOrigin, state);
  let response: Response;
  if (cache === undefined || (made.policy === null && SAFE.has(method))) {
    // Nothing to store, and nothing that an unsafe method could have made wrong in the store.
    response = changeable(await answer(request));
  } else response = await cache.handle(request, made.policy, cacheContext(state, made), answer);
  if (response.status === 101) return response;
  if (made.endpoint.static && (method === "GET" || method === "HEAD")) response = answerConditional(request, response);
  if (!response.headers.has("x-cache")) {
    response.headers.set("x-cache", "BYPASS");
    response.headers.append("cache-status", "edgewright; fwd=bypass");
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

function cacheContext(state: RequestState, { endpoint, target }: Served): CacheContext {
  const { host } = state;
  return {
    now: () => host.now(),
    random: () => host.random(),
    waitUntil: (work) => host.waitUntil(work),
    edgeCache: host.edgeCache,
    kv: (binding) => host.kv(binding),
    rawBodies: isRaw(endpoint, host),
    country: state.geo.country,
    region: target.region?.(state),
    warn: (message) => host.log({ level: "warn", event: "cache.warning", message, endpoint: endpoint.path }),
  };
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
