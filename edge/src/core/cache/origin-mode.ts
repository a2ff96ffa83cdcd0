/** Mode `origin`: RFC 9111 with the origin's own headers in charge, beyond what mode `override` needs of it. */

import { header, type Meta } from "./entry";
import { lead, originRequest, staleOnError } from "./exchange";
import type { OriginMode } from "./extensions";
import { invalidated } from "./invalidated";
import { originRules, shorten } from "./origin-rules";
import { toClient } from "./outgoing";
import { combine, covers, partOf, rest } from "./partial";
import { type Lookup, Query } from "./query";
import { remove } from "./remove";
import { requestDirectives, reuseFor } from "./request-directives";
import { label, make, standard } from "./response";
import { metaOf } from "./save";
import { parseAge } from "./store";
import { discard } from "./streams";
import { directivesFor } from "./targeted";

export const originMode: OriginMode = {
  binding: directivesFor,
  judge: originRules,
  shorten,
  partOf,
  covers,
  rest,
  combine,

  directives: requestDirectives,
  reuse: reuseFor,

  notStored(core) {
    const headers = label(core, new Headers({ "cache-control": "no-store" }), "MISS", "fwd=request");
    return new Response(null, { status: 504, headers });
  },

  async head(query, found) {
    const { core, ctx, policy } = query;
    const { entry } = found;
    let response: Response;
    try {
      response = await query.origin(originRequest(query));
    } catch (error) {
      const stale = staleOnError(query, found, "fwd=stale; detail=origin-failed");
      if (stale) return stale;
      throw error;
    }
    const { status, statusText } = response;
    const stale = staleOnError(query, found, "fwd=stale; detail=stale-if-error", status);
    if (stale) return stale;
    headed(query, found, response);
    const headers = new Headers(response.headers);
    if (standard(response) && metaOf(query, status, headers, ctx.now())[0]) {
      toClient(core, headers, status, policy, parseAge(headers.get("age")));
    }
    const forward = entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
    return make(status, label(core, headers, "MISS", `fwd=${forward}`), null, true, statusText);
  },

  posted(core, { method, headers, url }, response, policy, ctx) {
    const place = response.headers.get("content-location");
    if (method !== "POST" || policy.mode !== "origin" || response.status !== 200 || place === null) return undefined;
    // It may answer a later GET if it says that it is what a GET would get (RFC 9110 section 9.3.3).
    if (invalidated(url, 200, new Headers({ location: place })).length !== 1) return undefined;
    const query = new Query(core, new Request(url, { method, headers }), policy, ctx, async () => response);
    return lead(query, { decision: "validate", slot: query.key }, { forward: "method" });
  },
};

/** What the answer to a HEAD says of the stored GET. */
function headed({ core, ctx, policy, request }: Query, found: Lookup, response: Response): void {
  const { entry } = found;
  if (!entry || response.status !== 200 || entry.meta.range) discard(entry?.body);
  else if (sameByHead(entry.meta, response.headers)) {
    const confirmation = new Response(null, { status: 304, headers: response.headers });
    const get = new Query(core, new Request(request.url, request), policy, ctx, async () => confirmation);
    ctx.waitUntil(lead(get, found, { forward: "stale", behind: true, confirmed: true }).catch(() => {}));
  } else {
    discard(entry.body);
    ctx.waitUntil(remove(core, entry.meta.key, policy, ctx));
  }
}

/** May a HEAD's 200 update this stored GET (RFC 9111 section 4.3.5)? False means that the stored one is out of date. */
function sameByHead(meta: Meta, fresh: Headers): boolean {
  const differs = (name: string) => {
    const value = fresh.get(name);
    return value !== null && header(meta, name) !== null && value !== header(meta, name);
  };
  const length = fresh.get("content-length");
  if (length !== null && meta.length !== undefined && Number(length) !== meta.length) return false;
  return !differs("etag") && !differs("last-modified") && !differs("content-length");
}
