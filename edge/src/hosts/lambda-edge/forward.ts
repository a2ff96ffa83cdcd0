/** Targets of kind `origin` on CloudFront: the request goes on, to the origin of the caller's region, and CloudFront fetches. */

import { removeHopByHop } from "../../core/entrance";
import type { Feature, RequestState } from "../../core/feature";
import { stripped } from "../../core/features/geo";
import type { CacheSpec, EdgeSettings, EndpointSpec, OriginSpec, RouterSpec } from "../../core/settings.gen";
import type { LambdaHost } from "./host";

/** A request that CloudFront sends on. */
export interface Forward {
  readonly origin: OriginSpec;
  readonly router: RouterSpec;
  /** Origins that would have come first, and failed. */
  readonly nearer: readonly string[];
  readonly headers: Headers;
  readonly path: string;
  readonly query: string;
  policy: CacheSpec | null;
}

/** By the request that the core asks a target with, so that the layer around it can add the policy. */
export const forwards = new WeakMap<Request, Forward>();

/** The region of a country, and of those behind it in order: `attempt` 1 is the next nearest. */
export function originsFor(spec: RouterSpec, country: string | undefined): OriginSpec[] {
  const own = country === undefined ? undefined : spec.origins.find((each) => each.countries.includes(country));
  const region = own?.region ?? spec.fallback;
  const order = spec.order[region] ?? [region];
  const ordered = order.map((name) => spec.origins.find((each) => each.region === name));
  return [...new Set([...ordered.filter((each) => each !== undefined), ...spec.origins])];
}

function target(settings: EdgeSettings, endpoint: EndpointSpec) {
  if (endpoint.target.kind !== "origin") throw new Error("not an origin target.");
  const { router: name, strip_prefix: prefix } = endpoint.target;
  const router = settings.routers.find((each) => each.name === name);
  if (router === undefined) throw new Error(`no router named ${name}.`);
  return {
    async answer(request: Request, state: RequestState): Promise<Response> {
      const host = state.host as LambdaHost;
      const origins = originsFor(router, state.geo.country);
      const attempt = Math.min(host.attempt, origins.length - 1);
      const origin = origins[attempt] as OriginSpec;
      const url = new URL(request.url);
      const headers = new Headers(request.headers);
      removeHopByHop(headers);
      if (state.clientIp !== undefined) headers.set("x-forwarded-for", state.clientIp);
      headers.set("x-forwarded-host", url.host);
      headers.set("host", new URL(origin.url).host);
      for (const [header, value] of Object.entries(origin.headers)) headers.set(header, value);
      const forward: Forward = {
        origin,
        router,
        nearer: origins.slice(0, attempt).map(({ region }) => region),
        headers,
        path: stripped(url.pathname, prefix),
        query: url.search.slice(1),
        policy: null,
      };
      forwards.set(request, forward);
      host.forward = forward;
      return new Response(null, { status: 204 });
    },
  };
}

export const forward: Feature = { name: "geo", targets: { origin: target } };
