/**
 * The CORS protocol of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol): which pages of other origins may
 * read an endpoint's answers. It stands around the cache, so that what is stored says nothing of who asked first, and around
 * refusals, so that a page can read why.
 */

import type { Feature } from "../feature";
import { namesIn } from "../fields";
import type { CorsSpec } from "../settings.gen";

const PREFIX = "access-control-";

/** The origin that an answer is allowed to; undefined for none. It is one of the list, never what a client sent. */
function allowed({ origins }: CorsSpec, asked: Headers): string | undefined {
  // One origin is told to everybody: the answer is then the same for all, and a browser compares.
  if (origins.length === 1) return origins[0];
  const origin = asked.get("origin");
  return origins.find((one) => one === origin);
}

/** Says to whom an answer is allowed, and that it depends on who asks. */
function allow(spec: CorsSpec, asked: Headers, headers: Headers): boolean {
  const vary = namesIn(headers.get("vary"));
  for (const name of spec.vary) if (!vary.includes(name) && !vary.includes("*")) headers.append("vary", name);
  const origin = allowed(spec, asked);
  if (origin === undefined) return false;
  headers.set("access-control-allow-origin", origin);
  if (spec.credentials) headers.set("access-control-allow-credentials", "true");
  return true;
}

/** A CORS-preflight request: https://fetch.spec.whatwg.org/#cors-preflight-request */
const isPreflight = ({ method, headers }: Request): boolean =>
  method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");

export const cors: Feature = {
  name: "cors",
  around({ cors: spec, methods }) {
    if (spec == null) return undefined;
    return {
      varies: spec.vary,
      answer(request) {
        const method = request.headers.get("access-control-request-method") ?? "";
        // Another endpoint of the path may answer that method.
        if (!isPreflight(request) || !methods.includes(method)) return undefined;
        const headers = new Headers({ "cache-control": "no-store" });
        if (allow(spec, request.headers, headers)) {
          headers.set("access-control-allow-methods", spec.methods.join(", "));
          if (spec.headers.length > 0) headers.set("access-control-allow-headers", spec.headers.join(", "));
          if (spec.max_age_s !== null) headers.set("access-control-max-age", String(spec.max_age_s));
        }
        return new Response(null, { status: 204, headers });
      },
      adorn(asked, headers) {
        for (const name of [...headers.keys()]) if (name.startsWith(PREFIX)) headers.delete(name);
        if (allow(spec, asked, headers) && spec.expose.length > 0) {
          headers.set("access-control-expose-headers", spec.expose.join(", "));
        }
      },
    };
  },
};
