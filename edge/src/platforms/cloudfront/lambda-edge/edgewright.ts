/**
 * Lambda@Edge as a host: one function on origin-request, where the core answers or sends the request on, and on
 * origin-response, where CloudFront is told what to store.
 */

import { aroundOf, createEdge, type EdgeOptions } from "../../../core/edge";
import type { Around, CacheLayer, Feature } from "../../../core/feature";
import { ORIGIN_RESPONSE_BYTES } from "../../../core/limits.gen";
import { keepPersonal } from "../../../core/personal";
import type { CacheSpec, EdgeSettings, EndpointSpec } from "../../../core/settings.gen";
import { generated, webRequest } from "./answers";
import { tellCloudFront } from "./caching";
import {
  type CloudFrontEvent,
  type EventHeaders,
  type EventRequest,
  type EventResponse,
  fromHeaders,
  requestHeaders,
  toHeaders,
} from "./events";
import { onReal } from "./handlers";
import { type Forward, LambdaHost } from "./host";
import { matcher } from "./patterns";

/** A behavior of the distribution: its path pattern, and the strategy whose key it has. */
export interface Behavior {
  /** `*` matches any characters, `?` one. */
  readonly pattern: string;
  /** The CachePolicy's name, or null where nothing is stored. */
  readonly policy: string | null;
  /** A function at the viewer asks who is there before anything stored is given out. */
  readonly guarded?: boolean;
  /** Request headers in its key beside those of the strategy, because answers depend on them by what is around its endpoints. */
  readonly varies?: readonly string[];
  /** A function of the user's own runs at the viewer, and none of ours: headers come as the viewer sent them. */
  readonly own?: boolean;
}

export interface LambdaOptions extends EdgeOptions {
  /** In the distribution's order; the last is the default behavior. */
  readonly behaviors: readonly Behavior[];
  /** What handlers see on `env`: Lambda@Edge has no environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Tells the function on origin-response what the one on origin-request has decided: region, nearer regions, policy. */
const ROUTE_HEADER = "x-edgewright-route";
/** Marks an answer of the edge's own with the policy that it follows. Removed before CloudFront sees it. */
const POLICY_HEADER = "x-edgewright-policy";
/** Marks an answer of the edge's own to a caller that it knows. Removed before CloudFront sees it. */
const PERSONAL_HEADER = "x-edgewright-personal";
const CONDITIONS = ["if-none-match", "if-modified-since"];
/** Seconds that CloudFront waits for an origin that a function has chosen. */
const READ_TIMEOUT = { least: 4, most: 60 };

type Result = EventRequest | EventResponse;

/**
 * The handler for these settings: `export const handler = createLambda(settings, { features, handlers, behaviors })`.
 *
 * @throws BadAssembly at start-up, where an endpoint needs a feature or a handler that is not there.
 */
export function createLambda(
  settings: EdgeSettings,
  { behaviors, env = {}, features = [], handlers = {} }: LambdaOptions,
): (event: CloudFrontEvent) => Promise<Result> {
  const edge = createEdge(settings, { features: [...features, caching], handlers: onReal(handlers) });
  const around = aroundOf(settings, features);
  const policies = new Map<string, CacheSpec>();
  for (const { cache } of settings.endpoints) if (cache != null) policies.set(cache.name, cache);
  const compiled = behaviors.map((behavior) => ({ ...behavior, test: matcher(behavior.pattern) }));
  /**
   * The strategy by which an answer at this URI may be stored. Two behaviors may match what is one path to the core: an
   * answer is stored under its own behavior's key only, and one for a known caller only where the viewer's function
   * keeps strangers out.
   */
  const storedBy = (uri: string, policy: string | null, personal: boolean): CacheSpec | null => {
    const behavior = compiled.find(({ test }) => test(uri));
    if (policy === null || behavior?.policy !== policy || (personal && behavior.guarded !== true)) return null;
    return policies.get(policy) ?? null;
  };

  const variesAt = (uri: string): readonly string[] => compiled.find(({ test }) => test(uri))?.varies ?? [];

  /** Its answer may be stored, and then CloudFront answers conditions from the whole of it: a 304 could not be stored. */
  const isStoredAt = ({ method, uri }: EventRequest): boolean =>
    (method === "GET" || method === "HEAD") && compiled.find(({ test }) => test(uri))?.policy != null;

  const someOwn = compiled.some(({ own }) => own === true);
  /**
   * Whether the viewer's function of ours ran. Another spelling of a path may have come by another behavior than the one
   * that it matches as it stands: where some have no function of ours, it is not believed.
   */
  const lookedUp = (uri: string, { url }: Request): boolean =>
    !someOwn || (new URL(url).pathname === uri && compiled.find(({ test }) => test(uri))?.own !== true);

  return async (event) => {
    const { config, request, response } = event.Records[0].cf;
    if (config.eventType === "origin-response" && response !== undefined) {
      return answered(request, response, policies, settings, around);
    }
    const incoming = webRequest(request, config.distributionDomainName);
    if (!(incoming instanceof Request)) return generated(incoming, request.method, ORIGIN_RESPONSE_BYTES);
    if (isStoredAt(request)) for (const name of CONDITIONS) incoming.headers.delete(name);
    const host = new LambdaHost(request, lookedUp(request.uri, incoming));
    const answer = await edge(incoming, host, { env, context: undefined });
    await host.settled();
    const named = answer.headers.get(POLICY_HEADER);
    const personal = answer.headers.has(PERSONAL_HEADER);
    const policy = storedBy(request.uri, named, personal);
    if (host.forward !== undefined) {
      const { endpoint } = host.forward;
      const varies = variesAt(request.uri);
      // What depends on more than is in the key of the behavior by which it came is stored nowhere.
      const keyed = (around.get(endpoint) ?? []).every((layer) => layer.varies.every((name) => varies.includes(name)));
      const place = settings.endpoints.indexOf(endpoint);
      return onward(
        request,
        host.forward,
        keyed ? policy : null,
        personal,
        host.now(),
        around.has(endpoint) ? place : -1,
      );
    }
    for (const name of [POLICY_HEADER, PERSONAL_HEADER]) answer.headers.delete(name);
    for (const name of ["cache-status", "x-cache"]) answer.headers.delete(name);
    tellCloudFront(
      { method: request.method, headers: incoming.headers },
      answer.status,
      answer.headers,
      policy,
      host.now(),
      host.random(),
      variesAt(request.uri),
    );
    // A stored one would say to everybody how long the first had to wait.
    if (isStored(answer.headers)) for (const name of OF_ONE_ANSWER) answer.headers.delete(name);
    return generated(answer, request.method, ORIGIN_RESPONSE_BYTES);
  };
}

/** Around each target: the request that goes on, and the answer, are given the endpoint's policy. */
const caching: Feature = {
  name: "cache",
  cache: (settings): CacheLayer => {
    const open = new Set(settings.endpoints.filter(({ auth }) => auth == null).map(({ cache }) => cache));
    return {
      async handle(_head, policy, _context, answer, whole) {
        const request = whole();
        const response = await answer(request);
        const personal = policy !== null && !open.has(policy);
        const copy = new Response(response.body, response);
        for (const name of [POLICY_HEADER, PERSONAL_HEADER]) copy.headers.delete(name);
        if (policy !== null) copy.headers.set(POLICY_HEADER, policy.name);
        if (personal) copy.headers.set(PERSONAL_HEADER, "1");
        return copy;
      },
      async purge() {
        throw new Error("CloudFront is purged by its own API, not from a function.");
      },
    };
  },
};

/** Headers that tell how long one caller had to wait. */
const OF_ONE_ANSWER = ["x-origin-latency", "server-timing"];

/** The request as it goes on, to the origin of its region. */
function onward(
  request: EventRequest,
  forward: Forward,
  policy: CacheSpec | null,
  personal: boolean,
  now: number,
  place: number,
): EventRequest {
  const { origin, router, nearer } = forward;
  const base = new URL(origin.url);
  const http = base.protocol === "http:";
  const named = policy === null ? "" : encodeURIComponent(policy.name);
  const route = [
    origin.region,
    nearer.join(" "),
    named,
    personal ? "personal" : "",
    String(now),
    ...(place < 0 ? [] : [String(place)]),
  ].join(";");
  const result: EventRequest = {
    ...request,
    uri: forward.path,
    querystring: forward.query,
    headers: requestHeaders(forward.headers, request.headers),
    origin: {
      custom: {
        domainName: base.hostname,
        path: base.pathname.replace(/\/+$/, ""),
        port: base.port === "" ? (http ? 80 : 443) : Number(base.port),
        protocol: http ? "http" : "https",
        sslProtocols: ["TLSv1.2"],
        keepaliveTimeout: 5,
        readTimeout: Math.min(READ_TIMEOUT.most, Math.max(READ_TIMEOUT.least, Math.ceil(router.timeout_ms / 1000))),
        customHeaders: { [ROUTE_HEADER]: [{ key: ROUTE_HEADER, value: route }] },
      },
    },
  };
  // CloudFront keeps the body that came: nothing here changes it.
  delete result.body;
  return result;
}

/** An origin's response: where it came from, and what of it CloudFront may store. */
function answered(
  request: EventRequest,
  response: EventResponse,
  policies: ReadonlyMap<string, CacheSpec>,
  { trace, endpoints }: EdgeSettings,
  around: ReadonlyMap<EndpointSpec, readonly Around[]>,
): EventResponse {
  const headers = toHeaders(response.headers);
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-origin-") || name.startsWith("x-edgewright-")) headers.delete(name);
  }
  const route = request.origin?.custom?.customHeaders[ROUTE_HEADER]?.[0]?.value.split(";");
  if (route !== undefined) {
    const [region = "", nearer = "", policy = "", personal = "", asked = "", place = ""] = route;
    headers.set("x-origin-region", region);
    if (nearer !== "") headers.set("x-origin-failover", nearer.replaceAll(" ", ", "));
    const spec = policy === "" ? null : (policies.get(decodeURIComponent(policy)) ?? null);
    if (personal !== "") keepPersonal(headers);
    tellCloudFront(
      { method: request.method, headers: toHeaders(request.headers) },
      Number(response.status),
      headers,
      spec,
      Date.now(),
      Math.random(),
    );
    // After CloudFront has been told: what they depend on is in the key.
    const endpoint = place === "" ? undefined : endpoints[Number(place)];
    for (const layer of (endpoint && around.get(endpoint)) ?? []) layer.adorn(toHeaders(request.headers), headers);
    // CloudFront keeps headers with what it stores: a hit would tell how long somebody else had to wait.
    if (!isStored(headers)) {
      const latency = String(Math.max(0, Date.now() - Number(asked)));
      headers.set("x-origin-latency", latency);
      if (trace) headers.append("server-timing", `origin;dur=${latency}`);
    }
  }
  return { ...response, headers: kept(fromHeaders(headers), response.headers) };
}

/** CloudFront was told to store it. */
function isStored(headers: Headers): boolean {
  return /(?:^|[\s,])s-maxage=/i.test(headers.get("cache-control") ?? "");
}

/** Headers of a response that a function may not change stay as they were. */
function kept(headers: EventHeaders, before: EventHeaders): EventHeaders {
  for (const name of ["transfer-encoding", "via"]) {
    const value = before[name];
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  return headers;
}
