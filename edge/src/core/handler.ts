/** The user's own modules: found at start-up, called for each request. */

import type { RequestState, Target } from "./feature";
import { withStoreOptions } from "./stores";

export type HandlerFunction = (request: Request, env: unknown, context: HandlerContext) => Response | Promise<Response>;

/** The third argument of a handler: the platform's own context where there is one, and what the edge knows. */
export interface HandlerContext {
  waitUntil(work: Promise<unknown>): void;
  /** Always throws, and says what to do instead: an exception never reaches the platform. */
  passThroughOnException(): never;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The caller's session, on endpoints with `auth: session`. */
  readonly session: Readonly<Record<string, unknown>> | undefined;
  /** The verified token's claims, on endpoints with `auth: jwt`. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  /** Undefined where the answer may be stored and `key.country` is not set: it would be everybody's. */
  readonly country: string | undefined;
  /** Undefined where the answer may be stored. */
  readonly clientIp: string | undefined;
}

/** The handler of a module: its default export, or that export's `fetch`. Undefined where there is neither. */
export function handlerOf(module: unknown): HandlerFunction | undefined {
  const exported = (module as { default?: unknown } | null | undefined)?.default;
  if (typeof exported === "function") return exported as HandlerFunction;
  const object = exported as { fetch?: unknown } | null | undefined;
  if (typeof object?.fetch !== "function") return undefined;
  return (request, env, context) => (object as { fetch: HandlerFunction }).fetch(request, env, context);
}

export function handlerTarget(module: string, handler: HandlerFunction): Target {
  return {
    async answer(request, state) {
      const response = await handler(asGet(request), withStoreOptions(state.platform.env), contextOf(state));
      if (!(response instanceof Response)) throw new TypeError(`${module} did not return a Response.`);
      return response;
    },
  };
}

/** A HEAD is answered from GET: the body is left out on the way to the client. */
function asGet(request: Request): Request {
  return request.method === "HEAD" ? new Request(request, { method: "GET" }) : request;
}

function contextOf(state: RequestState): HandlerContext {
  const { host, params, session, claims, telling } = state;
  const context: HandlerContext = {
    waitUntil: (work) => host.waitUntil(work),
    passThroughOnException() {
      throw new Error(
        "ctx.passThroughOnException() has no effect here: the edge answers an exception itself, with 500, and nothing is" +
          " behind it to pass the request to. Catch what may fail in the handler and answer, or fetch the origin there.",
      );
    },
    params,
    session,
    claims,
    country: telling.country ? state.geo.country : undefined,
    clientIp: telling.ip ? state.clientIp : undefined,
  };
  const platform = state.platform.context as Record<string, unknown> | undefined;
  for (const name of ["exports", "props", "cache"]) {
    if (platform !== undefined && name in platform) {
      Object.defineProperty(context, name, { get: () => platform[name], enumerable: true });
    }
  }
  return context;
}
