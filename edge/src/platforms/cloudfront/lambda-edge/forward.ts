/** Targets of kind `origin` on CloudFront: the request goes on, to the origin of the caller's region, and CloudFront fetches. */

import type { Feature, RequestState } from "../../../core/feature";
import { type Router, sharedRouter, stripped, tellForwarded } from "../../../core/features/geo";
import { removeHopByHop } from "../../../core/hop-by-hop";
import { ORIGIN_RESPONSE_BYTES } from "../../../core/limits.gen";
import { Problem } from "../../../core/problem";
import type { EdgeSettings, EndpointSpec, OriginSpec, RouterSpec } from "../../../core/settings.gen";
import type { Forward, LambdaHost } from "./host";

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
  const spec = settings.routers.find((each) => each.name === name);
  if (spec === undefined) throw new Error(`no router named ${name}.`);
  const router = sharedRouter(spec);
  return {
    async answer(request: Request, state: RequestState): Promise<Response> {
      const host = state.host as LambdaHost;
      const origins = originsFor(spec, state.geo.country);
      let attempt = Math.min(host.attempt, origins.length - 1);
      // A function at CloudFront sees no body that CloudFront fetches, and an ETag is made of the whole.
      const file = endpoint.static && (request.method === "GET" || request.method === "HEAD");
      if (attempt > 0 || file) {
        const answered = await askBehind(router, spec, request, state, prefix, attempt);
        if (answered instanceof Response && (attempt > 0 || answered.status === 200)) return answered;
        attempt = Math.max(
          attempt,
          origins.findIndex(({ region }) => region === answered),
        );
      }
      const origin = origins[attempt] as OriginSpec;
      const url = new URL(request.url);
      const headers = new Headers(request.headers);
      removeHopByHop(headers);
      tellForwarded(headers, url, state);
      headers.set("host", new URL(origin.url).host);
      for (const [header, value] of Object.entries(origin.headers)) headers.set(header, value);
      const forward: Forward = {
        endpoint,
        origin,
        router: spec,
        nearer: origins.slice(0, attempt).map(({ region }) => region),
        headers,
        path: stripped(url.pathname, prefix),
        query: url.search.slice(1),
      };
      host.forward = forward;
      return new Response(null, { status: 204 });
    },
  };
}

/** What asks for less than the whole answer, which is what CloudFront has to be given here. */
const PARTIAL = ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];
/** All that may be spent (ms) on the origins behind the first: the function itself has 5 s. */
const BUDGET_MS = 4000;
/** Of a body that the function gives itself: base64 makes four bytes of three, and headers take some. */
const MAX_BODY_BYTES = ((ORIGIN_RESPONSE_BYTES - 64 * 1024) * 3) / 4;

/**
 * Answers in the place of CloudFront: where the first origin failed, because an origin group has two members only, so that on
 * its second attempt the function asks the origins behind the first itself, one after the other, as everywhere else; and for
 * static files, which are given an ETag.
 *
 * Returns the region that CloudFront is to ask where the answer is larger than what a function may give; undefined
 * where none can be reached from here, because some origins let nobody in but CloudFront.
 */
async function askBehind(
  router: Router,
  spec: RouterSpec,
  request: Request,
  state: RequestState,
  prefix: string | null,
  tried: number,
): Promise<Response | string | undefined> {
  const headers = new Headers(request.headers);
  for (const name of PARTIAL) headers.delete(name);
  const asked = new Request(request.url, { method: request.method, headers, redirect: "manual" });
  const timeoutMs = Math.min(spec.timeout_ms, Math.floor(BUDGET_MS / Math.max(1, spec.origins.length - tried)));
  let response: Response;
  try {
    response = await router.answer(asked, state, prefix, { tried, timeoutMs });
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
  const bytes = await wholeBody(response);
  if (bytes === undefined) return response.headers.get("x-origin-region") ?? undefined;
  return new Response(bytes.byteLength === 0 ? null : bytes, response);
}

/** A response's body; undefined where it is larger than a function may give. */
async function wholeBody(response: Response): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { body } = response;
  if (body === null) return new Uint8Array();
  if (Number(response.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) {
    await body.cancel().catch(() => {});
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(Buffer.concat(chunks));
    size += value.byteLength;
    if (size > MAX_BODY_BYTES) {
      await reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
}

export const forward: Feature = { name: "geo", targets: { origin: target } };
