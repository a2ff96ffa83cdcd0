// Invalidations by path, and by tag: an item that begins with `#`.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html

import { INVALIDATION_PATHS, INVALIDATION_TAG_CHARACTERS, OBJECT_TAGS } from "../../../core/limits.gen.js";

/** Characters of a path. Source: invalidation-specifying-objects. */
const PATH_LIMIT = 4000;

/** Of one tag, and of an object. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html */
const TAG = new RegExp(`^[!-+\\--~]{1,${INVALIDATION_TAG_CHARACTERS}}$`);

/** The tags of an object, by the header that lists them; case does not matter. */
export function tagsOf(header: string | undefined): string[] {
  const tags = (header ?? "").split(",").map((tag) => tag.trim().toLowerCase());
  return [...new Set(tags.filter((tag) => TAG.test(tag)))].slice(0, OBJECT_TAGS);
}

/** Wildcards kept apart; older ones are merged into the one that covers everything. */
const WILDCARDS_KEPT = 200;

/** What is wrong with an invalidation's paths, each as a sentence. */
export function invalidationFaults(paths: readonly string[]): string[] {
  const faults: string[] = [];
  if (paths.length > INVALIDATION_PATHS)
    faults.push(
      `The invalidation has ${paths.length} paths; CloudFront takes ${INVALIDATION_PATHS} at a time. Use a path that ends in *.`,
    );
  for (const path of paths) {
    if (path.startsWith("#")) {
      if (!TAG.test(path.slice(1)))
        faults.push(
          `The invalidation tag ${JSON.stringify(path.slice(0, 60))} must have 1 to ${INVALIDATION_TAG_CHARACTERS} visible ASCII characters and no comma.`,
        );
    } else if (!path.startsWith("/"))
      faults.push(`The invalidation path ${JSON.stringify(path)} must begin with a slash.`);
    else if (path.slice(0, -1).includes("*"))
      faults.push(`The invalidation path ${JSON.stringify(path)} has a * that is not its last character.`);
    else if (path.length > PATH_LIMIT)
      faults.push(
        `The invalidation path ${JSON.stringify(path.slice(0, 60))}... has ${path.length} characters, more than ${PATH_LIMIT}.`,
      );
  }
  return faults;
}

/**
 * Which invalidation touched an object last, as a number that goes into its key: an invalidated object is not found
 * again, and what was under way when the invalidation came cannot come back.
 */
export class Invalidations {
  #exact = new Map<string, number>();
  #prefixes: { prefix: string; at: number }[] = [];
  #last = 0;
  /** The last invalidation that covered everything. */
  #base = 0;

  /** Returns true where everything is invalidated. */
  add(paths: readonly string[]): boolean {
    const at = ++this.#last;
    if (paths.includes("/*")) return this.#everything(at);
    for (const path of paths) {
      if (path.endsWith("*")) {
        this.#prefixes = this.#prefixes.filter((known) => !known.prefix.startsWith(path.slice(0, -1)));
        this.#prefixes.push({ prefix: path.slice(0, -1), at });
      } else this.#exact.set(path, at);
    }
    return this.#prefixes.length > WILDCARDS_KEPT || this.#exact.size > 100_000 ? this.#everything(at) : false;
  }

  #everything(at: number): boolean {
    this.#base = at;
    this.#exact.clear();
    this.#prefixes = [];
    return true;
  }

  /** The number of the last invalidation of `path`, which includes the query string of the object's key. */
  epoch(path: string): number {
    let last = this.#base;
    if (this.#exact.size > 0) last = Math.max(last, this.#exact.get(path) ?? 0);
    for (const { prefix, at } of this.#prefixes) if (at > last && path.startsWith(prefix)) last = at;
    return last;
  }
}
