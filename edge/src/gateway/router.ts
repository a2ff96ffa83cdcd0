// Which Worker answers: by Workers routes (most specific first), then custom domains and workers.dev names.
// https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior

import { problem } from "./problem.js";
import type { Deployment } from "./protocol.gen.js";

export interface Target {
  worker: string;
  /** The host that the Worker sees. */
  hostname: string;
}

interface CompiledRoute {
  pattern: string;
  worker: string | null;
  /** The literal part of the host: what follows a leading `*`. */
  host: string;
  wildcardHost: boolean;
  path: string;
  wildcardPath: boolean;
}

/** A route pattern's faults, or undefined. */
export function patternFault(pattern: string): string | undefined {
  const { host, path } = splitPattern(pattern);
  if (host.slice(1).includes("*")) return "a `*` in the host may only be its first character";
  if (path.slice(0, -1).includes("*")) return "a `*` in the path may only be its last character";
  if (path.includes("?")) return "a pattern cannot contain a query string";
  if (host.replace("*", "") === "") return "a pattern needs a host name";
  return undefined;
}

function splitPattern(pattern: string): { host: string; path: string } {
  // The scheme of a pattern is not looked at (gap `route-scheme`): everything is plain HTTP here.
  const bare = pattern.replace(/^https?:\/\//i, "");
  const slash = bare.indexOf("/");
  return slash === -1
    ? { host: bare.toLowerCase(), path: "/" }
    : { host: bare.slice(0, slash).toLowerCase(), path: bare.slice(slash) };
}

function compile(pattern: string, worker: string | null): CompiledRoute {
  const { host, path } = splitPattern(pattern);
  const wildcardHost = host.startsWith("*");
  const wildcardPath = path.endsWith("*");
  return {
    pattern,
    worker,
    host: wildcardHost ? host.slice(1) : host,
    wildcardHost,
    path: wildcardPath ? path.slice(0, -1) : path,
    wildcardPath,
  };
}

/** The most specific first: a literal host, then the longer host, then the longer path, then a literal path. */
function bySpecificity(a: CompiledRoute, b: CompiledRoute): number {
  return (
    Number(a.wildcardHost) - Number(b.wildcardHost) ||
    b.host.length - a.host.length ||
    b.path.length - a.path.length ||
    Number(a.wildcardPath) - Number(b.wildcardPath)
  );
}

function matches(route: CompiledRoute, host: string, target: string): boolean {
  // `*.example.com` needs a label before the dot; `*example.com` matches the apex too.
  if (
    route.wildcardHost
      ? !host.endsWith(route.host) || (host === route.host.replace(/^\./, "") && route.host.startsWith("."))
      : host !== route.host
  ) {
    return false;
  }
  // A pattern without a trailing `*` matches the exact target only, query string included.
  return route.wildcardPath ? target.startsWith(route.path) : target === route.path;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)$/;

/** `Host` without its port, in lower case and without a final dot. */
export function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

export class Router {
  readonly #routes: CompiledRoute[];
  readonly #domains: Map<string, string>;
  readonly #fronts: { host: string; distribution: string }[];
  /** The host that stands for a request to loopback: of the one Worker that owns any, else of the one distribution. */
  readonly #fallback: string | undefined;

  constructor(deployment: Pick<Deployment, "routes" | "domains"> & Partial<Pick<Deployment, "cloudfront">>) {
    this.#routes = deployment.routes.map((route) => compile(route.pattern, route.worker)).sort(bySpecificity);
    this.#domains = new Map(deployment.domains.map((domain) => [domain.hostname.toLowerCase(), domain.worker]));
    const owners = new Set([...this.#domains.values(), ...this.#routes.flatMap((route) => route.worker ?? [])]);
    if (owners.size === 1) {
      const [domain] = this.#domains.keys();
      const route = this.#routes.find((candidate) => candidate.worker !== null);
      this.#fallback = domain ?? (route && exampleHost(route));
    }
    const served = (deployment.cloudfront?.distributions ?? []).filter((each) => each.enabled && !each.staging);
    this.#fronts = served.flatMap((each) =>
      [...each.aliases, each.domain_name].map((name) => ({
        host: name.toLowerCase().replace(/^\*/, "www"),
        distribution: each.id,
      })),
    );
    if (owners.size === 0 && served.length === 1) this.#fallback = this.#fronts[0]?.host;
  }

  /** Every host and route pattern that is served, for messages. */
  known(): string[] {
    return [
      ...this.#domains.keys(),
      ...this.#routes.map((route) => route.pattern),
      ...this.#fronts.map(({ host }) => host),
    ];
  }

  /** A host of each domain, route and distribution, and who answers there. */
  hosts(): ({ host: string; worker: string } | { host: string; distribution: string })[] {
    return [
      ...this.#fronts,
      ...[...this.#domains].map(([host, worker]) => ({ host, worker })),
      ...this.#routes.flatMap((route) =>
        route.worker === null ? [] : [{ host: exampleHost(route), worker: route.worker }],
      ),
    ];
  }

  /** The custom domain's Worker: what a `fetch` from a Worker to that host reaches. */
  domain(hostname: string): string | undefined {
    return this.#domains.get(hostname);
  }

  /**
   * @param host the `Host` header
   * @param localHost the `X-Local-Host` header, which chooses a host where `Host` cannot
   * @param target path and query string
   */
  resolve(host: string, localHost: string | undefined, target: string): Target {
    const hostname = this.hostname(host, localHost);
    let bypassed: CompiledRoute | undefined;
    for (const route of this.#routes) {
      if (!matches(route, hostname, target)) continue;
      if (route.worker !== null) return { worker: route.worker, hostname };
      bypassed = route;
      break;
    }
    // A Worker on a custom domain is that host's origin; routes run in front of it.
    const worker = this.#domains.get(hostname);
    if (worker !== undefined) return { worker, hostname };
    if (bypassed) {
      throw problem(
        404,
        "No origin",
        `The route ${bypassed.pattern} bypasses Workers for ${hostname}${target}, and the local cloud has no origin behind it.`,
      );
    }
    throw problem(
      404,
      "No Worker here",
      `No route or domain matches ${hostname}${target}. Known: ${this.known().join(", ") || "none"}. ` +
        "On loopback, choose one with the header X-Local-Host.",
      { hosts: this.known() },
    );
  }

  /** The name that a request is for: see `resolve`. */
  hostname(host: string, localHost: string | undefined): string {
    const hostname = hostnameOf(host);
    if (localHost !== undefined) return hostnameOf(localHost.trim());
    if (this.#domains.has(hostname)) return hostname;
    // `api.example.com.localhost` reaches api.example.com from a browser, which resolves *.localhost to loopback.
    if (hostname.endsWith(".localhost")) return hostname.slice(0, -".localhost".length);
    return LOOPBACK.test(hostname) && this.#fallback !== undefined ? this.#fallback : hostname;
  }
}

/** A host that the route matches. */
function exampleHost(route: CompiledRoute): string {
  if (!route.wildcardHost) return route.host;
  return route.host.startsWith(".") ? `www${route.host}` : route.host;
}
