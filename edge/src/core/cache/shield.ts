/**
 * The shield: one place for all data centres, between their caches and the origin, so that what many of them lack at once
 * is asked of the origin once. It is this same cache, in objects of which the platform keeps one each in the world, and it
 * is asked by HTTP. Purge markers are kept there too: it is the way by which they leave a data centre at once.
 *
 * Here is the edges' side; `inside.ts` is the shield's.
 */

import { Problem, type ProblemDetails } from "../problem";
import { attempt } from "./attempt";
import type { Shield, ShieldReport } from "./core";
import type { Policy } from "./policy";
import type { StoredResponse } from "./stored";
import type { Marker, Markers } from "./stores";
import type { CacheContext, ShieldObject } from "./types";

/** On a request: what is asked. On an answer: what became of it. Clients' headers of this beginning end at the entrance. */
export const SHIELD_HEADER = "x-edgewright-shield";
/** On an answer that may be stored: the shield's report on it. */
export const REPORT_HEADER = "x-edgewright-shield-report";

/** What is asked of an object. The body of the last two has markers, or URLs. */
export type Call =
  | { readonly do: "answer"; readonly client?: object | undefined }
  | { readonly do: "markers" }
  | { readonly do: "mark" }
  | { readonly do: "invalidate" };

/** `answered`: the answer is the response. `failed`: its body is the problem. `unknown`: it has no such endpoint. */
export type Outcome = "answered" | "failed" | "unknown";

/** For what is of no URL. */
const OWN_URL = "https://shield.edgewright.invalid/";
/** How long (ms) an isolate may serve without having asked the shield for markers. */
export const SHIELD_CHECK_MS = 30_000;
/** A busy isolate asks before that, behind its answers, so that none of them waits for the shield. */
const AHEAD_MS = 20_000;

/** JSON that fits into a header field. */
export const writeCall = (call: Call): string => encodeURIComponent(JSON.stringify(call));

export function readCall(text: string | null): Call | undefined {
  try {
    return text === null ? undefined : (JSON.parse(decodeURIComponent(text)) as Call);
  } catch {
    return undefined;
  }
}

/** `1` for a hit, and the times, between spaces. */
export const writeReport = (hit: boolean, stored: StoredResponse): string => {
  const originRequestTime = stored.originRequestTime ?? stored.requestTime;
  return [hit ? 1 : 0, originRequestTime, stored.responseTime, stored.initialAge, stored.freshUntil].join(" ");
};

export function readReport(text: string | null): ShieldReport | undefined {
  const [hit, originRequestTime, responseTime, initialAge, freshUntil, ...more] = (text ?? "").split(" ").map(Number);
  if (!isTime(originRequestTime) || !isTime(responseTime) || !isTime(initialAge) || !isTime(freshUntil))
    return undefined;
  if (more.length > 0) return undefined;
  const times = { originRequestTime, responseTime, initialAge, freshUntil, copyFreshUntil: freshUntil };
  return { hit: hit === 1, times };
}

const isTime = (value: number | undefined): value is number => Number.isFinite(value);

type Place = NonNullable<Policy["shield"]>;

/** An object's name. The place is a part of it, because an object never moves: another place is another object. */
const nameOf = ({ location, shards }: Place, shard: number): string => `${location ?? "nearest"}/${shards}/${shard}`;

const objectOf = (place: Place, shard: number, ctx: CacheContext): ShieldObject | undefined =>
  ctx.shield?.(place.class_name, nameOf(place, shard), place.location ?? undefined);

/** FNV-1a: the same text is the same object's, whoever asks. */
function shardOf(text: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % shards;
}

/** Where hosts share entries they share the object too. */
const sharedPart = (url: string, { host }: Policy): string => (host ? url : url.slice(url.indexOf("/", 8)));

async function call(object: ShieldObject, what: Call, body?: unknown): Promise<Response> {
  const headers = { [SHIELD_HEADER]: writeCall(what), "content-type": "application/json" };
  const answer = await object.fetch(
    new Request(OWN_URL, { method: "POST", headers, body: JSON.stringify(body ?? null) }),
  );
  if (answer.headers.get(SHIELD_HEADER) === "answered") return answer;
  await answer.body?.cancel();
  throw new Error(`the shield answered ${answer.status}`);
}

/** Every object that some policy uses, once; those of one place in order. */
function objectsOf(policies: Iterable<Policy>, ctx: CacheContext): ShieldObject[] {
  const objects = new Map<string, ShieldObject | undefined>();
  for (const { shield: place } of policies) {
    for (let shard = 0; place && shard < place.shards; shard++) {
      const name = `${place.class_name} ${nameOf(place, shard)}`;
      if (!objects.has(name)) objects.set(name, objectOf(place, shard, ctx));
    }
  }
  return [...objects.values()].filter((object) => object !== undefined);
}

async function everywhere(policies: Iterable<Policy>, ctx: CacheContext, what: Call, body: unknown): Promise<number> {
  const objects = objectsOf(policies, ctx);
  await Promise.all(objects.map(async (object) => (await call(object, what, body)).body?.cancel()));
  return objects.length;
}

function markers(): Markers {
  let looked = -Infinity;
  return {
    place: "shield",

    refresh(policies, ctx, add) {
      const since = ctx.now() - looked;
      // Each object has them all: one is asked.
      const [object] = objectsOf(policies, ctx);
      if (!object || since < AHEAD_MS) return [];
      looked = ctx.now();
      const look = async () => add((await (await call(object, { do: "markers" })).json()) as Marker[]);
      if (since >= SHIELD_CHECK_MS) return [look()];
      ctx.waitUntil(attempt(ctx, "Purge markers could not be read", look(), undefined));
      return [];
    },

    publish: (added, policies, ctx) => [everywhere(policies, ctx, { do: "mark" }, added)],

    visibleWithinMs: (policies, ctx) => (objectsOf(policies, ctx).length > 0 ? SHIELD_CHECK_MS : undefined),
  };
}

export function shield(): Shield {
  /** Kept beside the answers: an origin's header must not be taken for the shield's. */
  const reports = new WeakMap<Response, ShieldReport>();
  return {
    before: (origin, policy, ctx) => async (request) => {
      const place = policy.shield as Place;
      const object = objectOf(place, shardOf(sharedPart(request.url, policy), place.shards), ctx);
      if (!object) return origin(request);
      const copy = new Request(request);
      copy.headers.set(SHIELD_HEADER, writeCall({ do: "answer", client: ctx.client }));
      // As with an origin: a coded body stays as it is.
      const init = (ctx.rawBodies ? { encodeResponseBody: "manual" } : {}) as RequestInit;
      let answer: Response;
      try {
        answer = await object.fetch(copy, init);
      } catch (error) {
        ctx.warn?.(`The shield could not be reached: ${error}`);
        return origin(request);
      }
      const outcome = answer.headers.get(SHIELD_HEADER) as Outcome | null;
      if (outcome === "failed") throw new Problem((await answer.json()) as ProblemDetails);
      if (outcome !== "answered") {
        // For a moment it runs another version, or it failed by itself.
        ctx.warn?.(`The shield did not answer: ${answer.status}`);
        await answer.body?.cancel();
        return origin(request);
      }
      const own = new Response(answer.body, answer);
      const report = readReport(own.headers.get(REPORT_HEADER));
      for (const name of [SHIELD_HEADER, REPORT_HEADER]) own.headers.delete(name);
      if (report) reports.set(own, report);
      return own;
    },

    reportOn: (response) => reports.get(response),

    invalidate: (urls, policies, ctx) =>
      urls.length === 0
        ? Promise.resolve()
        : attempt(
            ctx,
            "The shield could not be told of a write",
            everywhere(policies, ctx, { do: "invalidate" }, urls),
            0,
          ),

    markers: markers(),
  };
}
