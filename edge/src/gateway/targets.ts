// What a person names in a purge: a URL, or a path for every host. Read without a URL parser where it matters: the edge resolves a path in
// its own way, and the cache in front keeps it as it was written.

import { Problem } from "../core/problem.js";
import { targetFor } from "../core/purge/targets.js";
import { hostnameOf } from "./router.js";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Stands for any host. */
const ANY = "http://any.invalid";

/** The host of a target, without its port; undefined where it means every host: a path, or a URL of this machine. */
export function hostOf(target: string): string | undefined {
  if (target.startsWith("/")) return undefined;
  // `api.example.com.localhost` reaches api.example.com from a browser.
  const host = hostnameOf(new URL(target).host).replace(/(.)\.localhost$/, "$1");
  return LOOPBACK.has(host) ? undefined : host;
}

/** What is behind host and port, as it is written, with a slash first. */
export function restOf(target: string): string {
  const rest = (target.startsWith("/") ? target : target.replace(/^https?:[/\\]*[^/?#\\]*/i, "")).split("#", 1)[0];
  return rest?.startsWith("/") ? rest : `/${rest}`;
}

/** Why no request to the edge can have this path and query; undefined where one can. `asSent`: it takes them as they are. */
export function whyNever(rest: string, asSent: boolean): string | undefined {
  try {
    targetFor(ANY + rest, asSent);
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.details.detail;
  }
}

/** A path and query as it is written, as a URL parser has it, and in the edge's normal form; each once. */
export function spellings(rest: string): string[] {
  const { pathname, search } = new URL(ANY + rest);
  const found = [rest, `${pathname}${search}`];
  if (whyNever(rest, false) === undefined) {
    const { path, query } = targetFor(ANY + rest, false);
    found.push(`${path}${query}`);
  }
  return [...new Set(found)];
}

/** Whether a host is meant by a name, in which a `*` may be the first character. */
export function isHost(name: string, host: string): boolean {
  return name.startsWith("*") ? host.endsWith(name.slice(1)) : host === name;
}
