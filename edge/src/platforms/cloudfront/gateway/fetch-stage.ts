// From a cache miss to what the cache stores: the origin's answer, a custom error page in its place, its lifetime.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html

import { STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import { discard, readAll } from "./body.js";
import { compress } from "./compress.js";
import type { Fetched } from "./edge-cache.js";
import { EdgeError, errorPage } from "./error-page.js";
import { get, setHeader } from "./headers.js";
import { normalizedEncoding } from "./keys.js";
import type { CustomErrorResponse } from "./model.js";
import { OriginError } from "./origin-fetch.js";
import { askOrigins, type Exchange, type OriginAnswer } from "./origin-stage.js";
import type { Origins } from "./origins.js";
import type { Rules } from "./policies.js";
import { DEFAULT_ERROR_TTL, errorLifetime, type Lifetime, lifetimeOf } from "./ttl.js";
import type { EdgeResponse, ResultType } from "./types.js";

/** Errors up to this size are read whole, so that they can be answered again while their origin is left alone. */
const ERROR_BYTES = 1024 * 1024;

const NOT_STORED: Lifetime = { ttl: undefined, staleWhileRevalidate: 0, staleIfError: 0 };

export interface FetchedNow extends Fetched {
  /** What this request's own `X-Cache` says, where it is not the cache's word. */
  result?: ResultType;
}

/** Fetches a custom error page by its path, as a request of its own. Undefined where it could not be had. */
export type ErrorPageFetch = (path: string) => Promise<EdgeResponse | undefined>;

export async function fetchFor(
  exchange: Exchange,
  origins: Origins,
  errorPageFetch: ErrorPageFetch,
  now: number,
  note: (error: EdgeError) => void = () => {},
): Promise<FetchedNow> {
  let answer: OriginAnswer;
  try {
    answer = await askOrigins(exchange, origins);
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    note(error);
    const response = errorPage(error, exchange.identity.requestId);
    // What a function did wrong is no answer of the origin: it is not stored, and nothing stale stands in for it.
    if (!(error instanceof OriginError)) {
      return {
        response,
        lifetime: NOT_STORED,
        originStatus: error.status,
        mark: { error: true },
        final: true,
        result: error.result,
      };
    }
    answer = { response, generated: false };
  }
  const { behavior, distribution, request } = exchange;
  const { response } = answer;
  tidy(response, behavior.rules);
  const { rules } = behavior;
  const { status } = response;
  if (status < 400) {
    const lifetime = variesWildly(response, rules) ? NOT_STORED : lifetimeOf(status, response.headers, rules.ttl, now);
    if (behavior.config.compress && !rules.disabled) {
      compress(response, normalizedEncoding(get(request.headers, "accept-encoding"), rules.gzip, rules.brotli));
    }
    return {
      response,
      lifetime,
      originStatus: status,
      mark: answer.generated ? { generated: true } : {},
      ...(answer.generated && { result: "LambdaGeneratedResponse" }),
    };
  }
  const custom = distribution.custom_error_responses.find((each) => each.error_code === status);
  const lifetime = errorLifetime(
    status,
    response.headers,
    rules.ttl,
    custom?.error_caching_min_ttl ?? DEFAULT_ERROR_TTL,
    now,
  );
  if (response.body instanceof Readable && Number(get(response.headers, "content-length") ?? 0) <= ERROR_BYTES) {
    response.body = await readAll(response.body).catch(() => new Uint8Array(0));
    setHeader(response.headers, "Content-Length", String(response.body.byteLength));
  }
  const shown = await customized(response, custom, errorPageFetch);
  if (behavior.config.compress && !rules.disabled) {
    compress(shown, normalizedEncoding(get(request.headers, "accept-encoding"), rules.gzip, rules.brotli));
  }
  return { response: shown, lifetime, originStatus: status, mark: { error: true }, result: "Error" };
}

/** An error, or the page that the distribution has for it. */
export async function customized(
  response: EdgeResponse,
  custom: CustomErrorResponse | undefined,
  fetchPage: ErrorPageFetch,
): Promise<EdgeResponse> {
  if (!custom?.response_page_path) return response;
  const page = await fetchPage(custom.response_page_path);
  // Where the page itself cannot be had, the viewer gets the status of that failure.
  if (page === undefined || page.status >= 400) return page ?? response;
  discard(response.body);
  const status = custom.response_code ?? response.status;
  const headers = { ...page.headers };
  for (const name of ["etag", "last-modified", "age"]) delete headers[name];
  return { status, statusDescription: STATUS_CODES[status] ?? "", headers, body: page.body };
}

/** With `Vary: *` and a minimum TTL of 0 every request goes to the origin, without conditions. */
function variesWildly({ headers }: EdgeResponse, rules: Rules): boolean {
  return rules.ttl.min === 0 && get(headers, "vary")?.trim() === "*";
}

/** Takes out what CloudFront does not pass on from an origin. */
function tidy({ headers }: EdgeResponse, rules: Rules): void {
  for (const name of ["trailer", "upgrade", "connection", "keep-alive"]) delete headers[name];
  if (!rules.cookies) delete headers["set-cookie"];
  const vary = get(headers, "vary");
  if (vary === undefined || vary.trim() === "*") return;
  const kept = vary
    .split(",")
    .map((name) => name.trim())
    .filter((name) => keepsVary(name.toLowerCase(), rules));
  if (kept.length > 0) setHeader(headers, "Vary", kept.join(", "));
  else delete headers.vary;
}

const DEVICE = /^cloudfront-is-(desktop|mobile|smarttv|tablet)-viewer$/;

function keepsVary(name: string, rules: Rules): boolean {
  if (name === "accept-encoding" || name === "cookie") return true;
  if (name === "user-agent" && [...rules.generated].some((header) => DEVICE.test(header))) return true;
  return rules.key.headers.includes(name) || rules.generated.has(name) || (!rules.legacy && rules.forward.header(name));
}
