/** What a purge names, in the one form in which requests reach the cache: see ../entrance.ts. */

import type { PurgeRequest } from "../cache/types";
import { type TargetUrl, targetAsSent, targetOf } from "../entrance";
import { Problem } from "../problem";

/** Stands for any host. */
const ANY = "http://any.invalid";

/** @throws Problem 400 for a URL or path that no request can have. */
export function targetFor(text: string, asSent: boolean): TargetUrl {
  return asSent ? targetAsSent(text) : targetOf(text);
}

/**
 * The same purge in normal form. `asSent`: the function takes URLs as they are sent.
 *
 * @throws Problem 400 where a URL or prefix is one that no request can have.
 */
export function asServed(request: PurgeRequest, asSent: boolean): PurgeRequest {
  const { urls = [], prefixes = [] } = request;
  return {
    ...request,
    urls: once(urls.flatMap((url) => read(url).map((one) => targetFor(one, asSent).url))),
    prefixes: once(prefixes.flatMap((prefix) => prefixesFor(prefix, asSent))),
  };
}

/**
 * A URL as it is written, and as a parser has it, where that is another: some runtimes hand on what a client sent, others
 * what they made of it, and `//..` is then resolved in another way.
 */
const read = (url: string): string[] => [url, new URL(url).href];

const once = (texts: readonly string[]): string[] => [...new Set(texts)];

/** A prefix is a path, with its host or without. */
function prefixesFor(prefix: string, asSent: boolean): string[] {
  const bare = prefix.startsWith("/");
  return read(bare ? ANY + prefix : prefix).map((one) => {
    const { origin, path } = targetFor(one, asSent);
    if (!bare) return origin + path;
    // `//a` would name a host.
    if (!prefix.startsWith("//") && !path.startsWith("//")) return path;
    const detail = `The prefix ${JSON.stringify(prefix)} begins with two slashes. Write it with its host.`;
    throw new Problem({ status: 400, code: "malformed-path", detail });
  });
}
