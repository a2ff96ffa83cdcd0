/** Mode `origin`: RFC 9111 with the origin's own headers in charge, beyond what mode `override` needs of it. */

import type { Lookup, OriginMode, Query } from "./core";
import { decideOriginFreshness, limitMaxAge } from "./decide/origin-freshness";
import { partAnswers, partOf } from "./decide/parts";
import { forwardReason } from "./decide/request";
import { decideReuseFor, requestDirectives } from "./decide/request-directives";
import { NOTHING_STORED } from "./decide/reuse";
import { parseAge } from "./decide/storage";
import { isHiddenError, lead, originRequest, staleInstead } from "./exchange";
import { invalidatedBy } from "./invalidated";
import { toClient } from "./outgoing";
import { combine, completion } from "./partial";
import { RequestQuery } from "./query";
import { remove } from "./remove";
import { canBeRemade, labelled, makeResponse } from "./response";
import { decideStorageFor } from "./save";
import { discard } from "./streams";
import { directivesFor } from "./targeted";
import { agrees } from "./update";

export const originMode: OriginMode = {
  readDirectives: directivesFor,
  decideFreshness: decideOriginFreshness,
  decideReuse: decideReuseFor,
  requestDirectives,
  limitMaxAge,
  partOf,
  covers: (stored, query) => partAnswers(stored, query, query.ctx.now()),
  completion,
  combine,
  head,

  gatewayTimeout({ core, ctx }) {
    const outcome = { kind: "forwarded", forward: "request" } as const;
    const headers = labelled(core, new Headers({ "cache-control": "no-store" }), outcome, ctx);
    return new Response(null, { status: 504, headers });
  },

  posted(core, { method, headers, url }, response, policy, ctx) {
    const place = response.headers.get("content-location");
    if (method !== "POST" || policy.mode !== "origin" || response.status !== 200 || place === null) return undefined;
    // It may answer a later GET if it says that it is what a GET would get (RFC 9110 section 9.3.3).
    const isOfThisUrl = invalidatedBy(url, 200, new Headers({ location: place })).length === 1;
    if (!isOfThisUrl) return undefined;
    const post = new Request(url, { method, headers });
    const query = new RequestQuery(
      core,
      post,
      policy,
      ctx,
      async () => response,
      () => post,
    );
    return lead(query, { decision: NOTHING_STORED, storageKey: query.key }, { forward: "method" });
  },
};

async function head(query: Query, found: Lookup): Promise<Response> {
  const { core, ctx, policy } = query;
  const forward = forwardReason({ selecting: found.selecting, ...(found.selected && { selected: { stored: {} } }) });
  let response: Response;
  try {
    response = await query.origin(originRequest(query));
  } catch (error) {
    const stale = staleInstead(query, found, "disconnected", { forward: "stale", reason: "origin-failed" });
    if (stale) return stale;
    throw error;
  }
  const { status, statusText } = response;
  const stale = isHiddenError(status)
    ? staleInstead(query, found, "error", { forward: "stale", reason: "stale-if-error" })
    : undefined;
  if (stale) return stale;
  learnFromHead(query, found, response);
  const headers = new Headers(response.headers);
  if (canBeRemade(response) && decideStorageFor(query, status, headers, ctx.now()).store) {
    toClient(core, headers, status, policy, parseAge(headers.get("age")));
  }
  labelled(core, headers, { kind: "forwarded", forward }, ctx);
  return makeResponse(status, headers, null, true, statusText);
}

/** What the answer to a HEAD says of the stored GET (RFC 9111 section 4.3.5): it is right, and updated, or out of date. */
function learnFromHead({ core, ctx, policy, request }: Query, found: Lookup, response: Response): void {
  const { selected } = found;
  if (!selected || response.status !== 200 || selected.stored.range) {
    discard(selected?.body);
    return;
  }
  if (!agrees(selected.stored, response.headers)) {
    discard(selected.body);
    ctx.waitUntil(remove(core, selected.stored.key, policy, ctx));
    return;
  }
  const confirmation = new Response(null, { status: 304, headers: response.headers });
  const get = new Request(request.url, request);
  const query = new RequestQuery(
    core,
    get,
    policy,
    ctx,
    async () => confirmation,
    () => get,
  );
  const work = lead(query, found, { forward: "stale", inBackground: true, confirmed: true });
  // The client has its answer: a failure to store leaves what is stored as it was.
  ctx.waitUntil(work.catch(() => {}));
}
