/**
 * The guard on viewer-request, before CloudFront's cache: who asks for an endpoint that needs a token is known before
 * anything stored is given out.
 *
 * A function of its own, because a viewer's function is started everywhere and has the smallest limits: routes and tokens,
 * no handlers, no sessions and no origins. CloudFront lets no second function run on this event, so what a behavior's
 * CloudFront Function does elsewhere (headers that only the edge may set, redirects, one order of parameters) is done
 * here too.
 */

import { createEdge } from "../../../core/edge";
import type { Feature } from "../../../core/feature";
import type { Host } from "../../../core/host";
import { VIEWER_RESPONSE_BYTES } from "../../../core/limits.gen";
import type { EdgeSettings, EndpointSpec } from "../../../core/settings.gen";
import { generated, webRequest } from "./answers";
import type { CloudFrontEvent, EventRequest, EventResponse } from "./events";
import { LambdaHost } from "./host";
import { matcher } from "./patterns";

/** Which parameters of a query are in a behavior's key, or may go on. */
export interface QueryRule {
  readonly keep: "all" | "none" | "include" | "exclude";
  readonly names: readonly string[];
}

export interface Redirect {
  readonly path: string;
  readonly to: string;
  readonly status: number;
  readonly text: string;
}

export interface GuardOptions {
  readonly features?: readonly Feature[];
  /** Beginnings of request headers that only the edge may set. */
  readonly reserved: readonly string[];
  /** The longest path first. */
  readonly redirects: readonly Redirect[];
  /** Guarded behaviors, in the distribution's order. */
  readonly queries: readonly ({ readonly pattern: string } & QueryRule)[];
}

/** Requests that nothing held up, by their hosts. */
const passed = new WeakSet<Host>();

/** Stands for whatever answers: the request may go on. */
const passing: Feature = {
  name: "sessions",
  targets: {
    session: () => ({
      async answer(_request, { host }) {
        passed.add(host);
        return new Response(null, { status: 204 });
      },
    }),
  },
};

/** `export const handler = createGuard(settings, { features, reserved, redirects, queries })`. */
export function createGuard(
  settings: EdgeSettings,
  { features = [], reserved, redirects, queries }: GuardOptions,
): (event: CloudFrontEvent) => Promise<EventRequest | EventResponse> {
  const endpoints = settings.endpoints.map(
    (endpoint): EndpointSpec => ({
      ...endpoint,
      target: { kind: "session" },
      // What CloudFront cannot check here is checked behind its cache, where no such answer is stored.
      auth: endpoint.auth?.kind === "jwt" ? endpoint.auth : null,
      cache: null,
      rate_limit: null,
      static: false,
    }),
  );
  const edge = createEdge({ ...settings, endpoints, trace: false }, { features: [...features, passing] });
  const rules = queries.map((rule) => ({ rule, test: matcher(rule.pattern) }));

  return async (event) => {
    const { config, request } = event.Records[0].cf;
    const kept = Object.entries(request.headers).filter(
      ([name]) => !reserved.some((prefix) => name.startsWith(prefix)),
    );
    const clean: EventRequest = { ...request, headers: Object.fromEntries(kept) };
    const redirect = redirected(redirects, clean);
    if (redirect !== undefined) return redirect;
    const host = new LambdaHost(clean);
    const incoming = webRequest(clean, config.distributionDomainName);
    const answer = incoming instanceof Request ? await edge(incoming, host, { env: {}, context: undefined }) : incoming;
    await host.settled();
    if (!passed.has(host)) return generated(answer, request.method, VIEWER_RESPONSE_BYTES);
    const rule = rules.find(({ test }) => test(clean.uri))?.rule;
    return rule === undefined ? clean : { ...clean, querystring: orderedQuery(clean.querystring, rule) };
  };
}

/** The redirect of a path, as the CloudFront Function of other behaviors makes it (`_REDIRECT` in functions.py). */
function redirected(redirects: readonly Redirect[], { uri, querystring }: EventRequest): EventResponse | undefined {
  for (const { path, to, status, text } of redirects) {
    const open = path.endsWith("*");
    const stem = open ? path.slice(0, -1) : path;
    if (open ? !uri.startsWith(stem) : uri !== stem) continue;
    const rest = uri.slice(stem.length);
    // A path with dots is another path, which every browser asks for instead: it is no reason to leave what `to` names.
    if (/(?:^|[/\\])(?:\.|%2e){1,2}(?:$|[/\\])/i.test(rest)) continue;
    return {
      status: String(status),
      statusDescription: text,
      headers: { location: [{ key: "Location", value: locationOf(to, rest, querystring) }] },
    };
  }
  return undefined;
}

function locationOf(to: string, rest: string, query: string): string {
  // What the path says cannot end a header, nor be read as nothing: some clients drop control characters from a URL.
  let target = (to.endsWith("*") ? to.slice(0, -1) + rest : to).replace(UNSAFE, encodeURIComponent);
  // One slash more would name another host.
  if (target.startsWith("/")) target = target.replace(/^(?:\/|%5C)+/, "/");
  const hash = target.indexOf("#");
  const fragment = hash === -1 ? "" : target.slice(hash);
  if (hash !== -1) target = target.slice(0, hash);
  if (query !== "") target += (target.includes("?") ? "&" : "?") + query;
  return target + fragment;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\x00-\x20\x7f\\]/g;

/**
 * A query in one order and one spelling, so that it makes one entry: parameters by name, those of one name as they came,
 * and only those that the behavior's strategy lets through.
 */
export function orderedQuery(query: string, { keep, names }: QueryRule): string {
  const pairs: { name: string; text: string }[] = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const sent = equals === -1 ? part : part.slice(0, equals);
    const known = decoded(sent);
    const listed = names.includes(known ?? sent);
    if (keep === "none" || (keep === "include" && !listed) || (keep === "exclude" && listed)) continue;
    const name = known === undefined ? sent.replaceAll(";", "%3B") : encodeURIComponent(known);
    const value = equals === -1 ? "" : part.slice(equals + 1).replaceAll(";", "%3B");
    pairs.push({ name, text: value === "" ? name : `${name}=${value}` });
  }
  pairs.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return pairs.map(({ text }) => text).join("&");
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
