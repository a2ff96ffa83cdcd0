/** Signed tokens (RFC 7519, with the advice of RFC 8725), verified with keys from the settings alone. */

import {
  createLocalJWKSet,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import type { Feature, Guard } from "../feature";
import type { Host } from "../host";
import { Problem } from "../problem";
import type { EdgeSettings, JwtAuth } from "../settings.gen";

/** A longer token is refused unread (bytes). */
const MAX_TOKEN = 8192;
/** Of a larger key set no more is read, and it is refused (bytes). docs/guides/jwt.md says so. */
const MAX_KEY_SET = 256 * 1024;
/** More keys are refused too: finding the usable ones would take too long. */
const MAX_KEYS = 100;
/** A key for HS256 has at least as many bytes as the hash (RFC 7518, section 3.2). */
const MIN_SECRET = 32;
/** The last second that a date can have (ECMA-262, section 21.4.1.1). */
const LAST_SECOND = 8.64e12;
/** Fetched keys are used without looking again for this long (ms). */
const FRESH_MS = 300_000;
/** A token that the set's keys do not verify makes it look again, but not more often than this (ms). */
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
  #lookedAgainAt = Number.NEGATIVE_INFINITY;
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

  /**
   * Looks again because no key of the set `used` verifies a token: its key may be new, or have come in the place of one
   * with the same `kid`, or with none. False where the keys are the same still: it looked only just now, or the URL gave
   * nothing.
   *
   * @param since when the token came: keys that were fetched for it are not looked for again
   */
  async lookAgain(host: Host, used: JWTVerifyGetKey, since: number): Promise<boolean> {
    // Whoever used older keys looks at the new ones, and whoever comes while somebody looks waits for what is found.
    if (this.#keys !== used) return true;
    if (this.#refresh === undefined) {
      const now = host.now();
      if (this.#fetchedAt >= since || now - this.#lookedAgainAt < UNKNOWN_KEY_COOLDOWN_MS) return false;
      this.#lookedAgainAt = now;
    }
    await this.#refreshed(host);
    return this.#keys !== used;
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
        response.body?.cancel().catch(() => {});
        throw new Error(`status ${response.status}`);
      }
      const text = await bounded(response, MAX_KEY_SET, controller.signal);
      // One without a usable key is a fault of the issuer's: what verified until now goes on to.
      this.#keys = createLocalJWKSet(await usableKeys(text));
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

/** A response's text, of which no more than `most` bytes are read, and none after the signal. */
async function bounded(response: Response, most: number, signal: AbortSignal): Promise<string> {
  const { body } = response;
  if (body === null) return "";
  const reader = body.getReader();
  const late = new Promise<never>((_, reject) => {
    const stop = () => reject(new Error(`the key set did not come within ${FETCH_TIMEOUT_MS} ms`));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > most) throw new Error(`the key set is larger than ${most} bytes`);
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/**
 * The set's public keys that can verify something. Symmetric and private ones have no business in it and are left out.
 *
 * @throws Error where there is none.
 */
async function usableKeys(text: string): Promise<JSONWebKeySet> {
  const document = JSON.parse(text) as { keys?: unknown } | null;
  if (!Array.isArray(document?.keys)) throw new Error("not a JSON Web Key Set");
  if (document.keys.length > MAX_KEYS) throw new Error(`the key set has more than ${MAX_KEYS} keys`);
  const keys: JSONWebKeySet["keys"] = [];
  for (const key of document.keys as unknown[]) {
    if (typeof key === "object" && key !== null && (await isUsable(key as JWK)))
      keys.push(key as (typeof keys)[number]);
  }
  if (keys.length === 0) throw new Error("the key set has no key that can verify a signature");
  return { keys };
}

/** The algorithm of an elliptic curve (RFC 7518, section 3.4). */
const CURVES: Readonly<Record<string, string>> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

async function isUsable({ alg, key_ops: uses, ...key }: JWK): Promise<boolean> {
  if (key.d !== undefined || (key.use !== undefined && key.use !== "sig")) return false;
  if (uses !== undefined && !(Array.isArray(uses) && uses.includes("verify"))) return false;
  const algorithm =
    key.kty === "RSA" ? "RS256" : key.kty === "EC" ? CURVES[key.crv ?? ""] : key.kty === "OKP" ? "EdDSA" : undefined;
  if (algorithm === undefined || (alg !== undefined && !/^(?:[RPE]S\d{3}|EdDSA|Ed25519)$/.test(alg))) return false;
  try {
    const imported = (await importJWK(key, algorithm)) as { algorithm?: { modulusLength?: number } };
    // Shorter ones are refused whenever they are used (RFC 7518, section 3.3).
    return key.kty !== "RSA" || (imported.algorithm?.modulusLength ?? 0) >= 2048;
  } catch {
    return false;
  }
}

function invalid(settings: EdgeSettings, code: "no-token" | "invalid-token", detail: string): Problem {
  const challenge = `Bearer realm="${settings.name}"${code === "no-token" ? "" : ', error="invalid_token"'}`;
  return new Problem({ status: 401, code, detail, headers: { "WWW-Authenticate": challenge } });
}

/**
 * The first of a token's times that is none. JSON has numbers that no date has (`1e400` is infinite when it is read, and
 * a token with it would never expire), and RFC 7519 wants seconds since 1970, not text.
 */
function badTime(payload: JWTPayload): string | undefined {
  return ["exp", "nbf", "iat"].find((claim) => {
    const time = payload[claim];
    return time !== undefined && !(typeof time === "number" && time >= 0 && time <= LAST_SECOND);
  });
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
      const key = new TextEncoder().encode(text);
      if (key.byteLength < MIN_SECRET) {
        const message = `the secret ${secret} has ${key.byteLength} bytes; a key for HS256 has ${MIN_SECRET} or more (RFC 7518, section 3.2)`;
        host.log({ level: "error", event: "jwt.secret-too-short", message });
        throw new KeysUnavailable();
      }
      return (await jwtVerify(token, key, options)).payload;
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
    const since = host.now();
    const keys = await keySet.keys(host);
    try {
      return await once(keys);
    } catch (error) {
      const { code } = error as { code?: unknown };
      const otherKey = code === "ERR_JWKS_NO_MATCHING_KEY" || code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
      if (!otherKey || !(await keySet.lookAgain(host, keys, since))) throw error;
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
    const bad = badTime(payload);
    if (bad !== undefined) {
      throw invalid(settings, "invalid-token", `The token's claim ${JSON.stringify(bad)} is no time.`);
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
