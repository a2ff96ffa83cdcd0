/**
 * A purge from outside by a token that the function was given as a secret: for a shield, which is told by the function
 * alone. Without the secret there is no such door.
 */

import type { PurgeRequest } from "../cache/types";
import type { CacheLayer } from "../feature";
import type { Host } from "../host";
import { problemResponse } from "../problem";

/** The secret's name, here and in the environment of `edgewright purge`. */
const SECRET = "EDGEWRIGHT_PURGE_TOKEN";
/** A shorter token could be guessed. */
const LEAST = 32;
const BODY_LIMIT = 64 * 1024;
const LISTS = ["urls", "prefixes", "tags"] as const;

export async function answerToken(
  request: Request,
  path: string,
  host: Host,
  purge: NonNullable<CacheLayer["purge"]>,
): Promise<Response | undefined> {
  const secret = host.secret(SECRET);
  if (secret === undefined) return undefined;
  const refuse = (status: number, code: string, detail: string, headers: Record<string, string> = {}) =>
    problemResponse({ status, code, detail, headers }, path);
  if (request.method !== "POST") return refuse(405, "method-not-allowed", `${path} takes POST.`, { Allow: "POST" });
  if (secret.length < LEAST) {
    host.log({
      level: "error",
      event: "purge.token",
      message: `${SECRET} has under ${LEAST} characters: no purge is taken`,
    });
    return refuse(403, "weak-token", `The token that the function was given has under ${LEAST} characters.`);
  }
  const given = /^Bearer ([^\s]+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined || !(await same(given, secret))) {
    return refuse(401, "wrong-token", "This is not the token.", { "WWW-Authenticate": "Bearer" });
  }
  const wanted = await purgeOf(request);
  if (wanted === undefined) {
    return refuse(400, "malformed-request", `The body must be a purge: ${LISTS.join(", ")}, everything, soft.`);
  }
  return Response.json(await purge(wanted, host), { headers: { "Cache-Control": "no-store" } });
}

/** Compares digests, so that the time it takes tells nothing of the token. */
async function same(one: string, other: string): Promise<boolean> {
  const digest = async (text: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const [a, b] = await Promise.all([digest(one), digest(other)]);
  return a.reduce((different, byte, at) => different | (byte ^ (b[at] as number)), 0) === 0;
}

async function purgeOf(request: Request): Promise<PurgeRequest | undefined> {
  if (Number(request.headers.get("content-length") ?? BODY_LIMIT + 1) > BODY_LIMIT) return undefined;
  try {
    const wanted = (await request.json()) as Record<string, unknown>;
    const texts = (value: unknown) =>
      Array.isArray(value) && value.every((one) => typeof one === "string" && one !== "");
    const sound = Object.entries(wanted).every(([name, value]) =>
      (LISTS as readonly string[]).includes(name)
        ? texts(value)
        : /^(everything|soft)$/.test(name) && typeof value === "boolean",
    );
    const urls = [
      ...((wanted.urls as string[]) ?? []),
      ...((wanted.prefixes as string[]) ?? []).filter((one) => !one.startsWith("/")),
    ];
    return sound && urls.every((url) => URL.canParse(url)) ? (wanted as PurgeRequest) : undefined;
  } catch {
    return undefined;
  }
}
