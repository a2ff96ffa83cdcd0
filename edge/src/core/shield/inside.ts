/** The shield itself: a cache of its own before the endpoints' targets, for what the edges ask of it. */

import { cacheOf, coreOf } from "../cache/cache";
import type { Core, Extensions } from "../cache/core";
import { insidePolicy } from "../cache/decide/inside-policy";
import type { PolicySpec } from "../cache/policy";
import { EDGE_URL } from "../cache/purge";
import { type Outcome, REPORT_HEADER, readCall, SHIELD_HEADER, writeReport } from "../cache/shield";
import type { Marker, Purges } from "../cache/stores";
import type { Cache, CacheContext, CacheOptions } from "../cache/types";
import type { Behind, Edge } from "../edge";
import type { PlatformArguments } from "../feature";
import type { EdgeCacheStore, Geo, Host } from "../host";
import { Problem } from "../problem";
import type { EdgeSettings, ShieldTier } from "../settings.gen";
import { ShieldStore, type Sql } from "./store";

export class Inside {
  readonly #core: Core;
  readonly #cache: Pick<Cache, "handle">;
  readonly #store: EdgeCacheStore;
  readonly #policies = new Map<PolicySpec, PolicySpec>();

  /** `parts`: of the function's own cache, with isolate memory and the edge tier. */
  constructor(
    { endpoints, url_normalization }: EdgeSettings,
    { kv, shield: _, ...parts }: Extensions,
    sql: Sql,
    now: () => number,
    options: Omit<CacheOptions, "policies"> = {},
  ) {
    // Found by the same keys as at the edges, also before the first of them asks.
    const asSent = url_normalization === "none";
    const specs = endpoints.flatMap(({ cache }): PolicySpec[] =>
      cache?.tiers.shield ? [{ ...cache, ...(asSent && { asSent }) }] : [],
    );
    const tiers = specs.map(({ tiers }) => tiers.shield as ShieldTier);
    this.#store = new ShieldStore(sql, {
      maxBytes: Math.max(...tiers.map((tier) => tier.max_bytes)),
      maxObjectBytes: Math.max(...tiers.map((tier) => tier.max_object_bytes)),
      kept: EDGE_URL,
      now,
    });
    this.#core = coreOf(
      {
        ...parts,
        // Entries there are the edges'; what is read here is the purges that come that way.
        ...(kv && { kv: () => ({ ...kv(), isUsedBy: () => false, remove: () => undefined }) }),
        inside: (headers, stored, hit) => headers.set(REPORT_HEADER, writeReport(hit, stored)),
      },
      specs.map((spec) => this.#policy(spec)),
      { name: "edgewright-shield", ...options },
    );
    this.#cache = cacheOf(this.#core);
  }

  #policy(spec: PolicySpec): PolicySpec {
    let own = this.#policies.get(spec);
    if (own === undefined) {
      own = insidePolicy(spec);
      this.#policies.set(spec, own);
    }
    return own;
  }

  async answer(request: Request, edge: Edge, outer: Host, platform: PlatformArguments): Promise<Response> {
    const call = readCall(request.headers.get(SHIELD_HEADER));
    const client = call?.do === "answer" ? (call.client as Client | undefined) : undefined;
    const host = new InsideHost(outer, this.#store, client ?? {});
    const context = contextOf(host);
    const purges = this.#core.purges as Purges;
    switch (call?.do) {
      case "markers":
        await purges.refresh(context);
        return said("answered", Response.json(purges.markers));
      case "mark":
        await purges.publish((await request.json()) as Marker[], context);
        return said("answered", new Response(null, { status: 204 }));
      case "invalidate":
        // As if it were written to here.
        for (const url of (await request.json()) as string[]) {
          await this.#cache.handle(new Request(url, { method: "PUT" }), null, context, async () => new Response());
        }
        return said("answered", new Response(null, { status: 204 }));
      case "answer":
        return this.#ask(request, edge, host, platform);
      default:
        return said("unknown", new Response(null, { status: 400 }));
    }
  }

  async #ask(request: Request, edge: Edge, host: Host, platform: PlatformArguments): Promise<Response> {
    const asked = new Request(request);
    asked.headers.delete(SHIELD_HEADER);
    const behind: Behind = async (policy, context, target) =>
      this.#cache.handle(asked, this.#policy(policy), context, async (toOrigin) => withoutOurs(await target(toOrigin)));
    try {
      const answer = edge.behind(asked, host, platform, behind);
      return answer ? said("answered", await answer) : said("unknown", new Response(null, { status: 404 }));
    } catch (error) {
      const known = error instanceof Problem;
      if (!known) host.log({ level: "error", event: "shield.exception", message: String(error) });
      const details = known ? error.details : { status: 500, code: "internal", detail: "The shield failed." };
      return said("failed", Response.json(details, { status: 500 }));
    }
  }
}

/** An origin's own header of our name would be taken for ours. */
function withoutOurs(response: Response): Response {
  if (!response.headers.has(REPORT_HEADER) && !response.headers.has(SHIELD_HEADER)) return response;
  const copy = new Response(response.body, response);
  for (const name of [REPORT_HEADER, SHIELD_HEADER]) copy.headers.delete(name);
  return copy;
}

function said(outcome: Outcome, response: Response): Response {
  const copy = new Response(response.body, response);
  copy.headers.set(SHIELD_HEADER, outcome);
  return copy;
}

/** What the edge says of the client: only the platform where the client is knows. */
interface Client {
  readonly geo?: Geo | undefined;
  readonly ip?: string | undefined;
}

/** The object's host: its store for the data centre's cache, and the edge's word for the client. */
class InsideHost implements Host {
  readonly platform: string;
  readonly rawBodies: boolean;

  constructor(
    readonly outer: Host,
    readonly edgeCache: EdgeCacheStore,
    readonly client: Client,
  ) {
    this.platform = outer.platform;
    this.rawBodies = outer.rawBodies;
  }

  now = () => this.outer.now();
  random = () => this.outer.random();
  fetch = (request: Request, options?: { raw?: boolean }) => this.outer.fetch(request, options);
  waitUntil = (work: Promise<unknown>) => this.outer.waitUntil(work);
  kv = (name: string) => this.outer.kv(name);
  geo = () => this.client.geo ?? {};
  clientIp = () => this.client.ip;
  secret = (name: string) => this.outer.secret(name);
  rateLimit = (name: string) => this.outer.rateLimit(name);
  log: Host["log"] = (entry) => this.outer.log(entry);
}

function contextOf(host: Host): CacheContext {
  return {
    now: () => host.now(),
    random: () => host.random(),
    waitUntil: (work) => host.waitUntil(work),
    edgeCache: host.edgeCache,
    kv: (binding) => host.kv(binding),
    warn: (message) => host.log({ level: "warn", event: "cache.warning", message }),
  };
}
