/** A policy with what follows from it. */

import type { CacheKeySpec, CacheSpec, CacheTiers, EdgeTier } from "../settings.gen";
import type { CacheContext } from "./types";

/** The complete policy, its tiers and its key in one: names of headers in lower case, lists sorted. */
export interface Policy extends Omit<CacheSpec, "statuses" | "tiers" | "key" | "engine">, CacheTiers, CacheKeySpec {
  readonly platform: boolean;
  /** What is said of the data centre's cache where that is the platform's own, in front. */
  readonly front: EdgeTier | null;
  /** URLs are told apart as they are sent. */
  readonly asSent: boolean;
  readonly statuses: ReadonlySet<number>;
  /** The longest time (s) that `override` gives a response in any tier; null where it gives none. */
  readonly longest: number | null;
  /** Set where the key is not of the whole URL, or not of it alone. */
  readonly custom: CustomKey | undefined;
  /** What a URL, as it came in, is here; remembered for the hit path. */
  named(url: string): Named;
}

/** A policy of a function whose URLs are told apart as they are sent: not a setting of the policy's own. */
export interface PolicySpec extends CacheSpec {
  readonly asSent?: boolean;
}

/** What a URL is under a policy. */
export interface Named {
  /** Its normal form: what an entry's URL is, and what the origin is asked for. */
  readonly url: string;
  /** The key of it, where nothing else of a request belongs to the key. */
  readonly key: string;
}

/** A key that is not of the whole URL, or not of it alone. */
export interface CustomKey {
  /** Whether a parameter of this name (as it was sent) belongs to the key. */
  keeps(name: string, policy: Policy): boolean;
  /** The key of a request: that of its URL, and what else the policy says. */
  of(key: string, headers: Pick<Headers, "get">, policy: Policy, place: ClientPlace): string;
}

export type ClientPlace = Pick<CacheContext, "country" | "region">;

/** Whether nothing of a request but its URL belongs to the key. */
export const keyedByUrl = ({ headers, cookies, country, region }: CacheKeySpec): boolean =>
  !(headers.length || cookies.length || country || region);

/** Whether the key is of the whole URL, and of it alone. */
export const isPlain = (key: CacheKeySpec): boolean => key.query === "all" && keyedByUrl(key);

/** TTL (s) of a status that is negatively cached under `override`; undefined for any other one. */
export const errorTtl = (policy: Policy, status: number): number | undefined =>
  status === 404 || status === 410 ? policy.error_ttl_s : undefined;

/** Whether `override` gives a TTL to responses of this status. A part counts as the whole. */
export const isListed = ({ statuses }: Policy, status: number): boolean => statuses.has(status === 206 ? 200 : status);

/** A number of seconds from `range`, both ends included, or `fixed` without one; without either, there is no limit. */
export const draw = (
  range: readonly [number, number] | null | undefined,
  fixed: number | null | undefined,
  chance: Pick<CacheContext, "random">,
): number => (range ? range[0] + Math.floor(chance.random() * (range[1] - range[0] + 1)) : (fixed ?? Infinity));
