/**
 * Lambda@Edge as a host: one function on origin-request, where the core answers or sends the request on, and on
 * origin-response, where CloudFront is told what to store.
 */

import { createEdge, type EdgeOptions } from "../../core/edge";
import type { CacheLayer, Feature } from "../../core/feature";
import { problemResponse } from "../../core/problem";
import type { CacheSpec, EdgeSettings } from "../../core/settings.gen";
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
import { type Forward, forwards } from "./forward";
import { LambdaHost } from "./host";

/** A behavior of the distribution: its path pattern, and the strategy whose key it has. */
export interface Behavior {
  /** `*` matches any characters, `?` one. */
  readonly pattern: string;
  /** The CachePolicy's name, or null where nothing is stored. */
  readonly policy: string | null;
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
/** Of an answer made here, with its headers. Source: cloudfront-limits, "Quotas on Lambda@Edge". */
const RESPONSE_LIMIT = 1024 * 1024;
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
  { behaviors, env = {}, features = [], ...options }: LambdaOptions,
): (event: CloudFrontEvent) => Promise<Result> {
  const edge = createEdge(settings, { ...options, features: [...features, caching] });
  const policies = new Map<string, CacheSpec>();
  for (const { cache } of settings.endpoints) if (cache != null) policies.set(cache.name, cache);
  const compiled = behaviors.map(({ pattern, policy }) => ({ test: matcher(pattern), policy }));
  const policyAt = (uri: string) => compiled.find(({ test }) => test(uri))?.policy ?? null;

  return async (event) => {
    const { config, request, response } = event.Records[0].cf;
    if (config.eventType === "origin-response" && response !== undefined) {
      return answered(request, response, policies);
    }
    const host = new LambdaHost(request);
    const incoming = webRequest(request, config.distributionDomainName);
    if (!(incoming instanceof Request)) return generated(incoming, request.method);
    const answer = await edge(incoming, host, { env, context: undefined });
    await host.settled();
    // Two behaviors may match what is one path to the core: an answer is stored under its own behavior's key only.
    const own = policyAt(request.uri);
    if (host.forward !== undefined) {
      const { policy } = host.forward;
      return onward(request, host.forward, policy !== null && policy.name === own ? own : null);
    }
    const named = answer.headers.get(POLICY_HEADER);
    answer.headers.delete(POLICY_HEADER);
    for (const name of ["cache-status", "x-cache"]) answer.headers.delete(name);
    const policy = named !== null && named === own ? (policies.get(named) ?? null) : null;
    tellCloudFront(
      { method: request.method, headers: incoming.headers },
      answer.status,
      answer.headers,
      policy,
      host.now(),
      host.random(),
    );
    return generated(answer, request.method);
  };
}

/** Around each target: the request that goes on, and the answer, are given the endpoint's policy. */
const caching: Feature = {
  name: "cache",
  cache: (): CacheLayer => ({
    async handle(_head, policy, _context, answer, whole) {
      const request = whole();
      const response = await answer(request);
      const forward = forwards.get(request);
      if (forward !== undefined) forward.policy = policy;
      const copy = new Response(response.body, response);
      if (policy !== null) copy.headers.set(POLICY_HEADER, policy.name);
      else copy.headers.delete(POLICY_HEADER);
      return copy;
    },
    async purge() {
      throw new Error("CloudFront is purged by its own API, not from a function.");
    },
  }),
};

/** CloudFront's path patterns: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html */
function matcher(pattern: string): (uri: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "s");
  return (uri) => expression.test(uri);
}

/** The event's request as the web's, or the answer where it cannot be one. */
function webRequest(request: EventRequest, domain: string): Request | Response {
  const { method, uri, querystring, body } = request;
  if (body?.inputTruncated === true) {
    const detail = "The request's body is larger than the 1 MB that a function at the edge is given.";
    return problemResponse({ status: 413, code: "body-too-large", detail }, uri);
  }
  const authority = request.headers.host?.[0]?.value ?? domain;
  const bodyless = method === "GET" || method === "HEAD" || body === undefined || body.data === "";
  try {
    return new Request(`https://${authority}${uri}${querystring === "" ? "" : `?${querystring}`}`, {
      method,
      headers: toHeaders(request.headers),
      redirect: "manual",
      ...(bodyless ? {} : { body: body.encoding === "base64" ? Buffer.from(body.data, "base64") : body.data }),
    });
  } catch {
    const detail = "The request's target, Host or method is malformed.";
    return problemResponse({ status: 400, code: "malformed-request", detail }, uri);
  }
}

/** The request as it goes on, to the origin of its region. */
function onward(request: EventRequest, forward: Forward, policy: string | null): EventRequest {
  const { origin, router, nearer } = forward;
  const base = new URL(origin.url);
  const http = base.protocol === "http:";
  const route = [origin.region, nearer.join(" "), policy === null ? "" : encodeURIComponent(policy)].join(";");
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
): EventResponse {
  const headers = toHeaders(response.headers);
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-origin-") || name.startsWith("x-edgewright-")) headers.delete(name);
  }
  const route = request.origin?.custom?.customHeaders[ROUTE_HEADER]?.[0]?.value.split(";");
  if (route !== undefined) {
    const [region = "", nearer = "", policy = ""] = route;
    headers.set("x-origin-region", region);
    if (nearer !== "") headers.set("x-origin-failover", nearer.replaceAll(" ", ", "));
    const spec = policy === "" ? null : (policies.get(decodeURIComponent(policy)) ?? null);
    tellCloudFront(
      { method: request.method, headers: toHeaders(request.headers) },
      Number(response.status),
      headers,
      spec,
      Date.now(),
      Math.random(),
    );
  }
  return { ...response, headers: kept(fromHeaders(headers), response.headers) };
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

const TEXT = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript))/i;

/** An answer made here, as CloudFront takes it. */
async function generated(response: Response, method: string): Promise<EventResponse> {
  const bytes = method === "HEAD" ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
  const headers = fromHeaders(response.headers);
  for (const name of ["content-length", "transfer-encoding", "via"]) delete headers[name];
  const size = Object.entries(headers).reduce(
    (sum, [name, fields]) => sum + fields.reduce((all, { value }) => all + name.length + value.length + 4, 0),
    0,
  );
  const text = textOf(bytes, response.headers);
  const body = text ?? Buffer.from(bytes).toString("base64");
  if (body.length + size > RESPONSE_LIMIT) {
    const detail = `The answer has ${bytes.byteLength} bytes, more than a function at the edge can give. Let an origin answer.`;
    console.error(JSON.stringify({ level: "error", event: "response.too-large", message: detail }));
    return generated(problemResponse({ status: 500, code: "response-too-large", detail }, "/"), method);
  }
  return {
    status: String(response.status),
    ...(response.statusText === "" ? {} : { statusDescription: response.statusText }),
    headers,
    ...(bytes.byteLength === 0
      ? {}
      : { body, bodyEncoding: text === undefined ? ("base64" as const) : ("text" as const) }),
  };
}

function textOf(bytes: Uint8Array, headers: Headers): string | undefined {
  if (!TEXT.test(headers.get("content-type") ?? "") || headers.has("content-encoding")) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
