/** Mode `origin`: RFC 9111 with the origin's own headers in charge, beyond what mode `override` needs of it. */

import { lead } from "./exchange";
import type { OriginMode } from "./extensions";
import { originRules } from "./origin-rules";
import { combine, covers, partOf, rest } from "./partial";
import { Query } from "./query";
import { discard } from "./streams";
import { remove } from "./tiers";
import { invalidated, sameByHead } from "./update";

export const originMode: OriginMode = {
  judge: originRules,
  partOf,
  covers,
  rest,
  combine,

  headed({ core, ctx, policy, request }, found, response) {
    const { entry } = found;
    if (!entry || response.status !== 200 || entry.meta.range) return discard(entry?.body);
    if (sameByHead(entry.meta, response.headers)) {
      const confirmation = new Response(null, { status: 304, headers: response.headers });
      const get = new Query(core, new Request(request.url, request), policy, ctx, async () => confirmation);
      ctx.waitUntil(lead(get, found, { forward: "stale", behind: true, confirmed: true }).catch(() => {}));
    } else {
      discard(entry.body);
      ctx.waitUntil(remove(core, entry.meta.key, policy, ctx));
    }
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
