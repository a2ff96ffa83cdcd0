// Behind the cache: origin-request functions, origins with failover, origin-response functions.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-and-origin-failover.html

import { discard, readAll } from "./body.js";
import type { Behavior, LambdaTrigger } from "./distribution.js";
import { EdgeError } from "./error-page.js";
import { type EventConfig, type EventOrigin, eventBody, requestEvent, responseEvent } from "./events.js";
import { setHeader } from "./headers.js";
import type { CloudFrontOrigin, Distribution } from "./model.js";
import { OriginError } from "./origin-fetch.js";
import { eventOrigin, type Identity, originRequest } from "./origin-request.js";
import type { Origins } from "./origins.js";
import type { EdgeRequest, EdgeResponse, EventType, Viewer } from "./types.js";
import { acceptResult } from "./validate.js";

export interface Exchange {
  distribution: Distribution;
  behavior: Behavior;
  request: EdgeRequest;
  viewer: Viewer;
  identity: Identity;
  /** What the cache wants the origin asked with; undefined where the cache is not involved. */
  conditions: readonly [string, string][] | undefined;
}

export interface OriginAnswer {
  response: EdgeResponse;
  /** A function made it in an origin-request event. */
  generated: boolean;
}

const FAILS_OVER = new Set(["GET", "HEAD", "OPTIONS"]);

export function configOf(distribution: Distribution, eventType: EventType, requestId: string): EventConfig {
  return { distributionDomainName: distribution.domain_name, distributionId: distribution.id, eventType, requestId };
}

/** Asks the behavior's origins, first to last. Throws an EdgeError where none answered or a function failed. */
export async function askOrigins(exchange: Exchange, origins: Origins): Promise<OriginAnswer> {
  const { behavior, request } = exchange;
  const candidates = FAILS_OVER.has(request.method) ? behavior.origins : behavior.origins.slice(0, 1);
  for (const [index, origin] of candidates.entries()) {
    const last = index === candidates.length - 1;
    try {
      const answer = await askOrigin(exchange, origin, origins);
      if (last || !behavior.failover.has(answer.response.status)) return answer;
      discard(answer.response.body);
    } catch (error) {
      // What fails over is the origin's failure, never a function's.
      if (last || !(error instanceof OriginError)) throw error;
    }
  }
  throw new EdgeError(502, "CloudFront wasn't able to connect to the origin.", "Error", "the behavior has no origin");
}

async function askOrigin(exchange: Exchange, configured: CloudFrontOrigin, origins: Origins): Promise<OriginAnswer> {
  const { distribution, behavior, viewer, identity, conditions } = exchange;
  // Before any function runs: where the name cannot be found, none does.
  origins.resolve(configured.domain_name);
  let request = originRequest(exchange.request, behavior.rules, viewer, identity, conditions);
  let origin = eventOrigin(configured, origins.regionOf(configured.domain_name));
  const trigger = behavior.lambda["origin-request"];
  const forwardsHost = request.headers.host !== undefined;
  if (trigger !== undefined || behavior.lambda["origin-response"] !== undefined) {
    // Events always show the Host that the origin would get.
    if (!forwardsHost) setHeader(request.headers, "Host", configured.domain_name);
  }
  if (trigger !== undefined) {
    const result = await runOriginRequest(exchange, trigger, request, origin);
    if ("status" in result) return { response: result, generated: true };
    ({ request, origin } = result);
  }
  const outgoing = { ...request, headers: { ...request.headers } };
  // A Host that nobody chose follows the origin's address.
  if (!forwardsHost && outgoing.headers.host?.[0]?.value === configured.domain_name) delete outgoing.headers.host;
  setHeader(outgoing.headers, "X-Amz-Cf-Id", identity.requestId);
  let response = await origins.send(outgoing, origin, configured, viewer, distribution.arn);
  const after = behavior.lambda["origin-response"];
  if (after !== undefined) response = await runOriginResponse(exchange, after, request, origin, response);
  return { response, generated: false };
}

async function runOriginRequest(
  exchange: Exchange,
  trigger: LambdaTrigger,
  request: EdgeRequest,
  origin: EventOrigin,
): Promise<EdgeResponse | { request: EdgeRequest; origin: EventOrigin }> {
  const { distribution, viewer, identity } = exchange;
  let current = request;
  const takesBody = trigger.includeBody && request.body !== undefined;
  if (takesBody) {
    const bytes = await readAll(request.body);
    exchange.request.body = bytes;
    current = { ...request, body: bytes };
  }
  const event = requestEvent(configOf(distribution, "origin-request", identity.requestId), current, viewer.ip, {
    origin,
    body: takesBody ? eventBody(current.body as Uint8Array, "origin-request") : undefined,
  });
  const accepted = acceptResult(await trigger.runner.invoke(event), event, "origin-request");
  if (accepted.kind === "response") return finished(accepted);
  const { uri, querystring, headers } = accepted;
  return {
    request: { ...current, uri, querystring, headers, ...(accepted.body !== undefined && { body: accepted.body }) },
    origin: accepted.origin ?? origin,
  };
}

async function runOriginResponse(
  exchange: Exchange,
  trigger: LambdaTrigger,
  request: EdgeRequest,
  origin: EventOrigin,
  response: EdgeResponse,
): Promise<EdgeResponse> {
  const { distribution, viewer, identity } = exchange;
  const config = configOf(distribution, "origin-response", identity.requestId);
  const event = responseEvent(config, request, viewer.ip, response, origin);
  let accepted: ReturnType<typeof acceptResult>;
  try {
    accepted = acceptResult(await trigger.runner.invoke(event), event, "origin-response");
  } catch (error) {
    discard(response.body);
    throw error;
  }
  if (accepted.kind !== "response")
    throw new EdgeError(502, "The Lambda function returned an invalid json.", "LambdaValidationError");
  const { status, statusDescription, headers, body } = accepted;
  if (body === undefined) return { status, statusDescription, headers, body: response.body };
  discard(response.body);
  return finished({ status, statusDescription, headers, body });
}

/** A made response with the length of its body. */
export function finished({
  status,
  statusDescription,
  headers,
  body,
}: Omit<EdgeResponse, "body"> & { body: Uint8Array | undefined }): EdgeResponse {
  const whole = { status, statusDescription, headers: { ...headers }, body };
  delete whole.headers["transfer-encoding"];
  setHeader(whole.headers, "Content-Length", String(body?.byteLength ?? 0));
  return whole;
}
