// Gradual deployments: which version of a Worker answers a request.
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/

import { createHash } from "node:crypto";
import type { Share } from "./protocol.gen.js";

export const VERSION_KEY = "cloudflare-workers-version-key";
export const VERSION_OVERRIDES = "cloudflare-workers-version-overrides";

/** A generator of numbers in [0, 1) that a seed determines (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

/** `worker="version"` of a dictionary header (RFC 8941); anything that does not parse is ignored, as the platform does. */
export function overrideFor(header: string | undefined, worker: string): string | undefined {
  for (const member of (header ?? "").split(",")) {
    const [key, value] = member.split("=", 2);
    if (key?.trim() !== worker) continue;
    return value?.trim().match(/^"([^"]*)"/)?.[1];
  }
  return undefined;
}

/** A key's place in [0, 100), the same for every request that carries it. */
function placeOf(worker: string, key: string): number {
  return (createHash("sha256").update(`${worker}\0${key}`).digest().readUInt32BE(0) / 2 ** 32) * 100;
}

/**
 * The version that answers. An override counts only for a version of the current deployment; a key is sticky;
 * everything else is weighted chance.
 */
export function pickVersion(
  worker: string,
  shares: readonly Share[],
  headers: { override: string | undefined; key: string | undefined },
  random: () => number,
): string {
  const override = overrideFor(headers.override, worker);
  if (override !== undefined && shares.some((share) => share.version_id === override)) return override;
  const place = headers.key ? placeOf(worker, headers.key) : random() * 100;
  let reached = 0;
  for (const share of shares) {
    reached += share.percentage;
    if (place < reached) return share.version_id;
  }
  return primaryVersion(shares);
}

/** The version with the largest share: what other Workers' bindings reach, and where Durable Objects live. */
export function primaryVersion(shares: readonly Share[]): string {
  return shares.reduce((best, share) => (share.percentage > best.percentage ? share : best)).version_id;
}
