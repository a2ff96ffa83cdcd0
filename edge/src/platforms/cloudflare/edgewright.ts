/** The Worker that a stack's main module exports. */

import { isBypass, type Outcome } from "../../core/cache/decide/outcome";
import { fromBytes } from "../../core/cache/streams";
import type { PurgeRequest } from "../../core/cache/types";
import { createEdge, type Edge, type EdgeOptions } from "../../core/edge";
import type { PurgeReport } from "../../core/feature";
import type { Host } from "../../core/host";
import type { EdgeSettings } from "../../core/settings.gen";
import { CloudflareHost, type Env, type ExecutionContext } from "./host";

export interface Worker {
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response>;
  /** For other Workers of the account, by a service binding; no client reaches it. */
  purge(request: PurgeRequest, env: Env, context: ExecutionContext): Promise<PurgeReport | undefined>;
  /** For the shield's class, which is the same function in another place. */
  within<T>(request: Request, env: Env, context: ExecutionContext, run: (edge: Edge, host: Host) => T): T;
}

/**
 * The Worker for these settings: `export default createWorker(settings, { features, handlers })`.
 *
 * @throws BadAssembly at start-up, where an endpoint needs a feature or a handler that is not there.
 */
export function createWorker(settings: EdgeSettings, options: EdgeOptions = {}): Worker {
  const edge = createEdge(settings, options);
  const own = settings.cache_host;
  return {
    fetch(request, env, context) {
      const host = new CloudflareHost(request, env, context, own);
      const response = edge(request, host, { env, context });
      return response instanceof Promise ? response.then((given) => framed(given, host.outcome)) : response;
    },
    within: (request, env, context, run) => run(edge, new CloudflareHost(request, env, context, own)),
    purge: (request, env, context) => edge.purge(request, new CloudflareHost(NO_REQUEST, env, context, own)),
  };
}

declare const FixedLengthStream: new (length: number) => ReadableWritablePair<Uint8Array, Uint8Array>;

/**
 * Frames a body that is still coming from an origin by its announced length. workerd sends a stream made in JavaScript in
 * chunks and, when the stream fails, ends it as if it were whole: a body that broke off would look complete to a client.
 */
function framed(response: Response, outcome: Outcome | undefined): Response {
  // The cache shares what comes from an origin with whoever waits, and a part is cut from a stream wherever that comes from.
  const made = response.status === 206 || (outcome?.kind === "forwarded" && !isBypass(outcome));
  if (!made || fromBytes.has(response)) return response;
  const length = response.headers.get("content-length");
  if (response.body === null || length === null || !/^\d+$/.test(length)) return response;
  const { readable, writable } = new FixedLengthStream(Number(length));
  // A failure reaches the client as a connection that closes early; there is nobody else to tell.
  response.body.pipeTo(writable).catch(() => {});
  return new Response(readable, response);
}

/** A purge by a service binding is of no client. */
const NO_REQUEST = { headers: new Headers() } as Request;
