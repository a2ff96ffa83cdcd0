/** The order in which endpoints are tried: the most specific pattern that matches a path owns it, whatever the method. */

import { PatternRouter } from "hono/router/pattern-router";
import { normalizePath } from "./path";
import type { EndpointSpec } from "./settings.gen";

export const PATTERN = /^(?:\/(?:\*|:[A-Za-z_][A-Za-z0-9_]*|[^/*:{}?#\\][^/*{}?#\\]*))*\/?$/;

/** Endpoints with patterns that match exactly the same paths. */
export interface Route {
  /** The pattern in normal form, parameters named as in the first endpoint. */
  readonly pattern: string;
  readonly endpoints: readonly EndpointSpec[];
}

/** A pattern's literal segments in the normal form of paths. A trailing slash does not count. */
export function normalizePattern(pattern: string): string {
  const segments = pattern.split("/").slice(1);
  if (segments.at(-1) === "") segments.pop();
  return `/${segments.map((s) => (s === "*" || s.startsWith(":") ? s : normalizePath(`/${s}`).slice(1))).join("/")}`;
}

function rank(segment: string | undefined, last: boolean): number {
  if (segment === undefined) return 3; // The pattern ends here: more specific than one that goes on with `*`.
  if (segment === "*") return last ? 0 : 1;
  return segment.startsWith(":") ? 2 : 4;
}

/**
 * Orders patterns from the most to the least specific. Compared segment by segment from the left: a literal comes before a
 * parameter, a parameter before `*`.
 */
export function compareSpecificity(a: string, b: string): number {
  const left = a.split("/").slice(1);
  const right = b.split("/").slice(1);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = rank(right[i], i === right.length - 1) - rank(left[i], i === left.length - 1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Groups endpoints by pattern, the most specific first; equal ones keep their order. */
export function routesOf(endpoints: readonly EndpointSpec[]): Route[] {
  const groups = new Map<string, { pattern: string; endpoints: EndpointSpec[] }>();
  for (const endpoint of endpoints) {
    const pattern = normalizePattern(endpoint.path);
    const shape = pattern.replace(/:[^/]+/g, ":");
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, { pattern, endpoints: [endpoint] });
    else group.endpoints.push(endpoint);
  }
  return [...groups.values()].sort((a, b) => compareSpecificity(a.pattern, b.pattern));
}

/** Methods for an Allow header: HEAD comes with GET, and OPTIONS is always answered. */
export function allowedMethods(endpoints: readonly EndpointSpec[]): string[] {
  const methods = new Set(endpoints.flatMap((endpoint) => endpoint.methods));
  if (methods.delete("*")) for (const method of ["DELETE", "GET", "PATCH", "POST", "PUT"]) methods.add(method);
  if (methods.has("GET")) methods.add("HEAD");
  methods.add("OPTIONS");
  return [...methods].sort();
}

/** The endpoint that takes this method, if one does. */
export function endpointFor(endpoints: readonly EndpointSpec[], method: string): EndpointSpec | undefined {
  return endpoints.find(
    ({ methods }) =>
      methods.includes("*") || methods.includes(method) || (method === "HEAD" && methods.includes("GET")),
  );
}

export interface Match<T> {
  readonly found: T;
  /** The pattern's parameters, decoded. */
  readonly params: Record<string, string>;
}

/** Finds the route of a path. */
export function matcherOf<T>(routes: readonly { readonly pattern: string; readonly value: T }[]) {
  const router = new PatternRouter<T>();
  for (const { pattern, value } of routes) router.add("ALL", pattern, value);
  return (path: string): Match<T> | undefined => {
    // They come in the order in which they were added: the most specific one first.
    const first = router.match("ALL", path)[0][0];
    if (first === undefined) return undefined;
    // A path in normal form can always be decoded.
    const params = Object.entries(first[1]).map(([name, value]) => [name, decodeURIComponent(String(value))] as const);
    return { found: first[0], params: Object.fromEntries(params) };
  };
}
