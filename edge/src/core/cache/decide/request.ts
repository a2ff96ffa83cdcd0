/** May a stored response answer this request at all? RFC 9111 sections 3.5 and 4. */

import type { Policy } from "../policy";
import type { RequestHead } from "../types";
import type { Forwarded } from "./outcome";

const METHOD: Forwarded = { kind: "forwarded", forward: "method" };
const BYPASS: Forwarded = { kind: "forwarded", forward: "bypass" };
const AUTHORIZATION: Forwarded = { kind: "forwarded", forward: "request", storage: "authorization" };

/** Fields with which a request is the origin's alone to answer: see RFC 9111 section 4.3.2 for the conditions. */
const FOR_THE_ORIGIN_ALONE = ["upgrade", "if-match", "if-unmodified-since"];

/** Why a request passes the cache by; undefined where it is looked up. */
export function decideRequest({ method, headers }: RequestHead, policy: Policy | null): Forwarded | undefined {
  if (method !== "GET" && method !== "HEAD") return METHOD;
  if (!policy || policy.mode === "bypass") return BYPASS;
  if (FOR_THE_ORIGIN_ALONE.some((name) => headers.has(name))) return BYPASS;
  // What a policy overrides is shared by all, so a request that says who it is stays out of it (section 3.5).
  return policy.mode === "override" && headers.has("authorization") ? AUTHORIZATION : undefined;
}

/** Why the origin is asked, where what is stored does not answer. */
export function forwardReason(found: {
  readonly selected?: { readonly stored: { readonly range?: unknown } } | undefined;
  readonly selecting?: unknown;
  /** What is stored is fresh: it is this request that does not take it. */
  readonly fresh?: boolean;
}): "uri-miss" | "vary-miss" | "stale" | "request" | "partial" {
  const { selected, selecting, fresh } = found;
  if (!selected) return selecting ? "vary-miss" : "uri-miss";
  if (selected.stored.range) return "partial";
  return fresh ? "request" : "stale";
}
