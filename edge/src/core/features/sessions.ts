/** Sessions kept in a key-value store, found by an opaque id. */

import type { Feature, Guard, RequestState } from "../feature";
import { Problem } from "../problem";
import type { EdgeSettings, SessionsSpec } from "../settings.gen";

/** An id is opaque, but never anything that could be read as something else. */
const ID = /^[A-Za-z0-9_-]{8,128}$/;
/** So much (s) may the clock of whoever makes sessions be ahead. */
const AHEAD_S = 300;
const BEARER = /^bearer +(\S+) *$/i;

/** The value of a cookie, without quotes. The first counts where a client sent several of one name. */
export function cookieValue(header: string | null, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    return pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, "$1");
  }
  return undefined;
}

function unauthorized(settings: EdgeSettings, code: string, detail: string): Problem {
  const challenge = `Bearer realm="${settings.name}"${code === "no-session" ? "" : ', error="invalid_token"'}`;
  return new Problem({ status: 401, code, detail, headers: { "WWW-Authenticate": challenge } });
}

/** The id that a request shows. Authorization comes before the cookie: it was sent on purpose. */
function sessionId(request: Request, spec: SessionsSpec): string | undefined {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) return BEARER.exec(authorization)?.[1] ?? "";
  return cookieValue(request.headers.get("cookie"), spec.cookie);
}

async function load(spec: SessionsSpec, id: string, state: RequestState): Promise<Record<string, unknown> | undefined> {
  const store = state.host.kv(spec.binding);
  if (store === undefined) {
    const detail = "The session store is not available.";
    state.host.log({ level: "error", event: "session.no-binding", message: `there is no KV binding ${spec.binding}` });
    throw new Problem({ status: 503, code: "session-store", detail });
  }
  let text: string | null;
  try {
    text = await store.getText(spec.key_prefix + id);
  } catch (error) {
    state.host.log({ level: "error", event: "session.store-failed", message: String(error) });
    throw new Problem({
      status: 503,
      code: "session-store",
      detail: "The session store did not answer. Try again.",
      headers: { "Retry-After": "1" },
    });
  }
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const session = value as Record<string, unknown>;
      return lasts(session, spec, state) ? session : undefined;
    }
  } catch {
    // Told below: a session that cannot be read is none.
  }
  state.host.log({ level: "error", event: "session.malformed", message: "a stored session is not a JSON object" });
  return undefined;
}

/**
 * Whether a session is not older than it may be, by when it says that it was made. The store may keep it longer than that:
 * it has no expiry where whoever wrote it gave none. A CloudFront Function asks the same (`_SESSION` in functions.py).
 */
function lasts({ iat }: Record<string, unknown>, { ttl_s: ttl, dated }: SessionsSpec, { host }: RequestState): boolean {
  if (iat === undefined) {
    if (dated) {
      const message = "a stored session has no `iat`: with `sessions.ttl`, each says when it was made";
      host.log({ level: "error", event: "session.no-time", message });
    }
    return !dated;
  }
  if (typeof iat !== "number") return false;
  const age = host.now() / 1000 - iat;
  return iat >= 0 && age >= -AHEAD_S && age < ttl;
}

function sessionGuard(settings: EdgeSettings): Guard {
  const spec = settings.sessions;
  if (spec == null) throw new Error("auth of kind `session` needs `sessions` in the settings.");
  return async (request, state) => {
    const id = sessionId(request, spec);
    if (id === undefined) {
      const detail = `No session: send the cookie ${spec.cookie}, or its value as a Bearer token.`;
      throw unauthorized(settings, "no-session", detail);
    }
    const session = ID.test(id) ? await load(spec, id, state) : undefined;
    // One answer for a malformed, an unknown and an expired id: which of them it was helps only who guesses.
    if (session === undefined)
      throw unauthorized(settings, "unknown-session", "The session is unknown or has expired.");
    state.session = session;
  };
}

/** Authentication of kind `session`, and targets of kind `session`, which answer with the caller's own session. */
export const sessions: Feature = {
  name: "sessions",
  auth: { session: sessionGuard },
  targets: {
    session(_settings, endpoint) {
      if (endpoint.auth?.kind !== "session")
        throw new Error("a target of kind `session` needs auth of kind `session`.");
      return {
        async answer(_request, state) {
          return new Response(JSON.stringify(state.session), {
            headers: {
              "Content-Type": "application/json",
              "Cache-Control": "no-store",
              "X-Content-Type-Options": "nosniff",
            },
          });
        },
      };
    },
  },
};
