// The two viewer events, by Lambda@Edge or by CloudFront Functions.

import { readAll } from "./body.js";
import type { Behavior, RunningDistribution } from "./distribution.js";
import { EdgeError } from "./error-page.js";
import { type EventConfig, eventBody, requestEvent, responseEvent } from "./events.js";
import { type FunctionEvent, functionRequest, functionResponse } from "./functions-event.js";
import { acceptViewerRequest, acceptViewerResponse } from "./functions-validate.js";
import { copyHeaders } from "./headers.js";
import { configOf, finished } from "./origin-stage.js";
import { isGenerated } from "./policies.js";
import type { EdgeRequest, EdgeResponse, ResultType, Viewer } from "./types.js";
import { acceptResult } from "./validate.js";
import { addViewerHeaders } from "./viewer-headers.js";

/** The request that goes on, or a response that a function made. */
export type ViewerOutcome = { request: EdgeRequest } | { response: EdgeResponse; result: ResultType };

export async function viewerRequest(
  distribution: RunningDistribution,
  behavior: Behavior,
  request: EdgeRequest,
  viewer: Viewer,
  requestId: string,
): Promise<ViewerOutcome> {
  const fn = behavior.functions["viewer-request"];
  if (fn !== undefined) {
    const config = configOf(distribution.config, "viewer-request", requestId);
    const seen = withViewerHeaders(request, behavior, viewer);
    const accepted = acceptViewerRequest(await fn.invoke(functionEvent(config, viewer, seen)), seen);
    if ("method" in accepted) return { request: accepted };
    const response = finished({ ...accepted, body: accepted.body as Uint8Array | undefined });
    return { response, result: "FunctionGeneratedResponse" };
  }
  const trigger = behavior.lambda["viewer-request"];
  if (trigger === undefined) return { request };
  const takesBody = trigger.includeBody && request.body !== undefined;
  let current = request;
  if (takesBody) current = { ...request, body: await readAll(request.body) };
  const event = requestEvent(configOf(distribution.config, "viewer-request", requestId), current, viewer.ip, {
    body: takesBody ? eventBody(current.body as Uint8Array, "viewer-request") : undefined,
  });
  const accepted = acceptResult(await trigger.runner.invoke(event), event, "viewer-request");
  if (accepted.kind === "response") return { response: finished(accepted), result: "LambdaGeneratedResponse" };
  const { uri, querystring, headers, body } = accepted;
  return { request: { ...current, uri, querystring, headers, ...(body !== undefined && { body }) } };
}

export async function viewerResponse(
  distribution: RunningDistribution,
  behavior: Behavior,
  request: EdgeRequest,
  response: EdgeResponse,
  viewer: Viewer,
  requestId: string,
): Promise<EdgeResponse> {
  const config = configOf(distribution.config, "viewer-response", requestId);
  const fn = behavior.functions["viewer-response"];
  if (fn !== undefined) {
    const event = functionEvent(config, viewer, withViewerHeaders(request, behavior, viewer));
    event.response = functionResponse(response);
    return acceptViewerResponse(await fn.invoke(event), response);
  }
  const trigger = behavior.lambda["viewer-response"];
  if (trigger === undefined) return response;
  const event = responseEvent(config, request, viewer.ip, response);
  const accepted = acceptResult(await trigger.runner.invoke(event), event, "viewer-response");
  if (accepted.kind !== "response")
    throw new EdgeError(502, "The Lambda function returned an invalid json.", "LambdaValidationError");
  return {
    status: accepted.status,
    statusDescription: accepted.statusDescription,
    headers: accepted.headers,
    body: response.body,
  };
}

export function hasViewerResponse(behavior: Behavior): boolean {
  return behavior.functions["viewer-response"] !== undefined || behavior.lambda["viewer-response"] !== undefined;
}

/**
 * A CloudFront function sees the `CloudFront-*` headers that the behavior's policies name; Lambda@Edge gets them on origin
 * events only. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/example_cloudfront_functions_redirect_based_on_country_section.html
 */
function withViewerHeaders(request: EdgeRequest, behavior: Behavior, viewer: Viewer): EdgeRequest {
  const headers = copyHeaders(request.headers);
  for (const name of Object.keys(headers)) if (isGenerated(name)) delete headers[name];
  addViewerHeaders(headers, behavior.rules.generated, viewer);
  return { ...request, headers };
}

function functionEvent(config: EventConfig, viewer: Viewer, request: EdgeRequest): FunctionEvent {
  return { version: "1.0", context: { ...config }, viewer: { ip: viewer.ip }, request: functionRequest(request) };
}
