/** Signed tokens (RFC 7519, with the advice of RFC 8725), verified with keys from the settings alone. */

import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Feature, Guard } from "../feature";
import type { Host } from "../host";
import { Problem } from "../problem";
import type { EdgeSettings, JwtAuth } from "../settings.gen";

/** A longer token is refused unread (bytes). */
const MAX_TOKEN = 8192;
/** A larger key set is refused (characters). */
const MAX_KEY_SET = 256 * 1024;
/** Fetched keys are used without looking again for this long (ms). */
const FRESH_MS = 300_000;
/** A key that is not in the set makes it look again, but not more often than this (ms). */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** After a failed refresh no other is tried for this long (ms). */
const FAILURE_COOLDOWN_MS = 1000;
const FETCH_TIMEOUT_MS = 5000;

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const BEARER = /^bearer +(\S+) *$/i;

/** Base64url has one way to write given bytes; a last character with stray bits is a second one (RFC 4648, 3.5). */
export function isCanonical(part: string): boolean {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(part.at(-1) ?? "");
  switch (part.length % 4) {
    case 1:
      return false;
    case 2:
      return (last & 0b1111) === 0;
    case 3:
      return (last & 0b11) === 0;
    default:
      return true;
  }
}

class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** The key set behind one URL, as this isolate knows it. */
export class KeySet {
  readonly #url: string;
  readonly #maxStaleMs: number;
  #keys: JWTVerifyGetKey | undefined;
  #fetchedAt = 0;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #failed = false;
  #refresh: { promise: Promise<void>; until: number } | undefined;

  constructor(url: string, maxStaleS: number) {
    const { protocol } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") throw new Error(`jwks_url ${url} is not http(s).`);
    this.#url = url;
    this.#maxStaleMs = maxStaleS * 1000;
  }

  /**
   * The keys: fresh ones as they are; older ones for a bounded time, while a refresh runs beside the request; else after
   * a refresh.
   *
   * @throws KeysUnavailable where there are none young enough and the URL gives none.
   */
  async keys(host: Host): Promise<JWTVerifyGetKey> {
    const age = host.now() - this.#fetchedAt;
    if (this.#keys !== undefined && age < FRESH_MS) return this.#keys;
    if (this.#keys !== undefined && age < FRESH_MS + this.#maxStaleMs) {
      if (!this.#coolingDown(host)) host.waitUntil(this.#refreshed(host));
      return this.#keys;
    }
    if (!this.#coolingDown(host)) await this.#refreshed(host);
    const usable = this.#keys !== undefined && host.now() - this.#fetchedAt < FRESH_MS + this.#maxStaleMs;
    if (this.#keys === undefined || !usable) throw new KeysUnavailable();
    return this.#keys;
  }

  /** Looks again because a key was not in the set. False where it looked only just now, or the URL gave nothing. */
  async lookAgain(host: Host): Promise<boolean> {
    if (host.now() - this.#attemptedAt < UNKNOWN_KEY_COOLDOWN_MS) return false;
    await this.#refreshed(host);
    return !this.#failed;
  }

  #coolingDown(host: Host): boolean {
    return this.#failed && this.#refresh === undefined && host.now() - this.#attemptedAt < FAILURE_COOLDOWN_MS;
  }

  /** Waits for the one refresh in flight, starting it if there is none. */
  async #refreshed(host: Host): Promise<void> {
    const now = host.now();
    // A request that ends early can take its fetch with it; nobody waits on such a refresh for ever.
    if (this.#refresh === undefined || now > this.#refresh.until) {
      const promise = this.#load(host).finally(() => {
        if (this.#refresh?.promise === promise) this.#refresh = undefined;
      });
      this.#refresh = { promise, until: now + 2 * FETCH_TIMEOUT_MS };
      host.waitUntil(promise);
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FETCH_TIMEOUT_MS + 500);
    });
    await Promise.race([this.#refresh.promise, patience]).finally(() => clearTimeout(timer));
  }

  async #load(host: Host): Promise<void> {
    this.#attemptedAt = host.now();
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), FETCH_TIMEOUT_MS);
    try {
      // A redirect is not followed: the key set is where the settings say, and nowhere else.
      const request = new Request(this.#url, {
        headers: { Accept: "application/jwk-set+json, application/json" },
        redirect: "manual",
        signal: controller.signal,
      });
      const response = await host.fetch(request);
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`status ${response.status}`);
      }
      this.#keys = createLocalJWKSet(publicKeys(await response.text()));
      this.#fetchedAt = host.now();
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      const message = error instanceof Error ? error.message : String(error);
      host.log({ level: "error", event: "jwt.keys-failed", message, url: this.#url });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The set's public keys. Symmetric and private ones have no business in it and are left out. */
function publicKeys(text: string): JSONWebKeySet {
  if (text.length > MAX_KEY_SET) throw new Error(`the key set is larger than ${MAX_KEY_SET} characters`);
  const document = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(document?.keys)) throw new Error("not a JSON Web Key Set");
  const keys = document.keys.filter(
    (key): key is JSONWebKeySet["keys"][number] =>
      typeof key === "object" && key !== null && ["RSA", "EC", "OKP"].includes(key.kty) && key.d === undefined,
  );
  return { keys };
}

function invalid(settings: EdgeSettings, code: "no-token" | "invalid-token", detail: string): Problem {
  const challenge = `Bearer realm="${settings.name}"${code === "no-token" ? "" : ', error="invalid_token"'}`;
  return new Problem({ status: 401, code, detail, headers: { "WWW-Authenticate": challenge } });
}

/** What is told of a token that was refused: never more than which check failed. */
function reason(error: unknown): string {
  switch ((error as { code?: unknown } | null)?.code) {
    case "ERR_JWT_EXPIRED":
      return "The token has expired.";
    case "ERR_JWT_CLAIM_VALIDATION_FAILED":
      return `The token's claim ${JSON.stringify(String((error as { claim?: unknown }).claim))} is not what this endpoint asks for.`;
    default:
      return "The token's signature could not be verified.";
  }
}

const keySets = new Map<string, KeySet>();

function jwtGuard(settings: EdgeSettings, auth: JwtAuth): Guard {
  // A key decides its algorithms: a secret only ever makes HMACs, and a public key never does. So a token that is "signed"
  // with the public key as an HMAC secret has nothing here that would accept it.
  const secret = auth.secret_binding ?? null;
  const algorithms = auth.algorithms.filter((name) => name.startsWith("HS") === (secret !== null));
  if (algorithms.length === 0)
    throw new Error("auth of kind `jwt`: no algorithm fits: HS256 for a secret, the others for a key set.");
  if ((secret === null) === (auth.jwks_url == null))
    throw new Error("auth of kind `jwt`: give one of jwks_url and secret_binding.");
  let keySet: KeySet | undefined;
  if (auth.jwks_url != null) {
    const name = `${auth.jwks_max_stale_s} ${auth.jwks_url}`;
    keySet = keySets.get(name) ?? new KeySet(auth.jwks_url, auth.jwks_max_stale_s);
    keySets.set(name, keySet);
  }

  const verify = async (token: string, host: Host): Promise<JWTPayload> => {
    const options = {
      algorithms: [...algorithms],
      issuer: auth.issuer,
      audience: [...auth.audience],
      clockTolerance: auth.clock_tolerance_s,
      currentDate: new Date(host.now()),
      // A token that never expires cannot be withdrawn.
      requiredClaims: ["exp"],
    };
    if (keySet === undefined) {
      const text = secret === null ? undefined : host.secret(secret);
      if (text === undefined || text === "") throw new KeysUnavailable();
      return (await jwtVerify(token, new TextEncoder().encode(text), options)).payload;
    }
    const once = async (keys: JWTVerifyGetKey) => {
      try {
        return (await jwtVerify(token, keys, options)).payload;
      } catch (error) {
        if ((error as { code?: unknown }).code !== "ERR_JWKS_MULTIPLE_MATCHING_KEYS") throw error;
        // No kid, and more than one key could be meant.
        let last: unknown = error;
        for await (const key of error as AsyncIterable<CryptoKey>) {
          try {
            return (await jwtVerify(token, key, options)).payload;
          } catch (failure) {
            last = failure;
          }
        }
        throw last;
      }
    };
    try {
      return await once(await keySet.keys(host));
    } catch (error) {
      const unknownKey = (error as { code?: unknown }).code === "ERR_JWKS_NO_MATCHING_KEY";
      if (!unknownKey || !(await keySet.lookAgain(host))) throw error;
      return once(await keySet.keys(host));
    }
  };

  return async (request, state) => {
    const header = request.headers.get("authorization");
    if (header === null) throw invalid(settings, "no-token", "No token: send `Authorization: Bearer <token>`.");
    const token = BEARER.exec(header)?.[1] ?? "";
    const parts = token.length <= MAX_TOKEN ? COMPACT.exec(token) : null;
    if (parts === null || !parts.slice(1).every(isCanonical)) {
      throw invalid(settings, "invalid-token", "The token is not a compact signed token.");
    }
    let payload: JWTPayload;
    try {
      payload = await verify(token, state.host);
    } catch (error) {
      if (error instanceof KeysUnavailable) {
        throw new Problem({
          status: 503,
          code: "keys-unavailable",
          detail: "Tokens cannot be verified at the moment. Try again.",
          headers: { "Retry-After": "5" },
        });
      }
      throw invalid(settings, "invalid-token", reason(error));
    }
    for (const [claim, value] of Object.entries(auth.required_claims)) {
      if (Object.hasOwn(payload, claim) && payload[claim] === value) continue;
      throw invalid(
        settings,
        "invalid-token",
        `The token's claim ${JSON.stringify(claim)} is not what this endpoint asks for.`,
      );
    }
    state.claims = payload;
  };
}

/** Authentication of kind `jwt`. */
export const jwt: Feature = {
  name: "jwt",
  auth: {
    jwt(settings, endpoint) {
      if (endpoint.auth?.kind !== "jwt") throw new Error("not auth of kind `jwt`.");
      return jwtGuard(settings, endpoint.auth);
    },
  },
};
