/** What do purges make of a stored response? Markers say what is out of date; nothing here touches a store. */

import { normalizeEscapes } from "../../path";
import type { Purged } from "../copies";
import { normaliseUrl } from "../key";
import type { Policy } from "../policy";
import type { StoredResponse, StoredValue } from "../stored";
import type { Marker, PurgeTarget } from "../stores";
import type { PurgeRequest } from "../types";

const MAX_MARKERS = 1000;

/** Two purges of the same by the same means are one, the later. */
export const nameOf = ({ soft, type, value }: Omit<Marker, "time">): string =>
  `${soft ? "mark-stale" : "remove"} ${type} ${value}`;
const EVERYTHING = { type: "everything", value: "", soft: false } as const;
const REMOVES_EVERYTHING = nameOf(EVERYTHING);

/** The markers that are known in one place. */
export class MarkerSet {
  /** Grows with each change, so that what was held against one state need not be again. */
  version = 0;
  readonly #markers = new Map<string, Marker>();

  add(markers: readonly Marker[]): void {
    for (const marker of markers) this.#addOne(marker);
  }

  /** Whether this very one is known, and no later one stands for it. */
  has(marker: Marker): boolean {
    return this.#markers.get(nameOf(marker)) === marker;
  }

  all(): Marker[] {
    return [...this.#markers.values()];
  }

  #addOne(marker: Marker): void {
    const known = this.#markers;
    const name = nameOf(marker);
    if (this.#lastTime(name) >= marker.time) return;
    known.set(name, marker);
    this.version++;
    // The older half becomes one purge of everything.
    if (known.size > MAX_MARKERS) this.#addOne({ ...EVERYTHING, time: this.#medianTime() });
    if (name !== REMOVES_EVERYTHING) return;
    // What that covers is dropped.
    for (const [other, { time }] of known) if (other !== name && time <= marker.time) known.delete(other);
  }

  /** When what a marker names was purged last, by its own name or with everything. */
  #lastTime(name: string): number {
    const last = this.#markers.get(name)?.time ?? -Infinity;
    return Math.max(last, this.#markers.get(REMOVES_EVERYTHING)?.time ?? -Infinity);
  }

  #medianTime(): number {
    const times = Array.from(this.#markers.values(), ({ time }) => time).sort((a, b) => a - b);
    return times[Math.floor(times.length / 2)] ?? -Infinity;
  }

  verdictFor(target: PurgeTarget): Purged {
    let verdict: Purged;
    for (const marker of this.#markers.values()) {
      const isLater = (target.originRequestTime ?? target.requestTime) > marker.time;
      if (isLater || !covers(marker, target)) continue;
      if (!marker.soft) return "removed";
      verdict = "stale";
    }
    return verdict;
  }
}

/** What markers are held against. Selecting headers are of all variants, which may differ in their tags. */
export const targetOf = (value: StoredValue): PurgeTarget =>
  value.kind === "response" ? value : { ...value, requestTime: value.validFrom, tags: [] };

export function covers(
  { type, value }: Marker,
  { key, url, tags }: Pick<StoredResponse, "key" | "url" | "tags">,
): boolean {
  if (type === "tag") return tags.includes(value);
  if (type === "everything") return true;
  // An entry that hostnames share has the URL of the one who was first, and is meant by any.
  const shared = key.includes("://*/");
  const own = shared ? hostless(schemeless(url)) : schemeless(url);
  // Entries may be of URLs as they were sent: a purge means every spelling.
  const wanted = normalizeEscapes(shared ? hostless(value) : value);
  const plain = normalizeEscapes(own);
  if (type === "url") return plain === wanted;
  const path = plain.split("?", 1)[0] as string;
  const target = shared || wanted.startsWith("//") ? path : hostless(path);
  return target === wanted || target.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}

/** A URL without its host too; a path as it is. */
const hostless = (text: string): string => (text.startsWith("//") ? text.slice(text.indexOf("/", 2)) : text);

/** A URL without its scheme: a purge means both. */
function schemeless(url: string): string {
  return url.slice(url.indexOf("//"));
}

/** The forms of a URL that entries of these policies may have. */
export const formsOf = (url: string, policies: Iterable<Policy>): string[] => [
  new URL(url).href,
  ...Array.from(policies, (policy) => normaliseUrl(url, policy)),
];

/** The markers of a purge. `forms` gives the forms of a URL that entries may have. */
export function markersOf(request: PurgeRequest, time: number, forms: (url: string) => readonly string[]): Marker[] {
  const { everything, urls = [], prefixes = [], tags = [], soft = false } = request;
  const of = (type: Marker["type"], values: Iterable<string>) =>
    Array.from(values, (value) => ({ type, value, time, soft }));
  return [
    ...of("everything", everything ? [""] : []),
    ...of("url", new Set(urls.flatMap(forms).map(schemeless))),
    ...of("prefix", prefixes.map(prefixOf)),
    ...of("tag", tags),
  ];
}

/** A path, or with its host. */
function prefixOf(prefix: string): string {
  const bare = prefix.startsWith("/");
  const { host, pathname } = new URL(bare ? `http://any${prefix}` : prefix);
  return (bare ? "" : `//${host}`) + normalizeEscapes(pathname);
}
