/** Sends a request to the nearest region's origin, and to the next one when that fails. */

import { NO_HOST } from "../entrance";
import type { Feature, RequestState } from "../feature";
import { removeHopByHop } from "../hop-by-hop";
import type { Host } from "../host";
import { queryOf } from "../path";
import { Problem } from "../problem";
import type { OriginSpec, RouterSpec } from "../settings.gen";
import { type Patience, Upload } from "../upload";

/** Methods that may be sent twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/** A body up to this size (bytes) of an idempotent request is kept, so that it can be sent to the next origin too. */
const MAX_REPLAYED_BYTES = 1024 * 1024;
/** A probe that takes longer (ms) has failed. */
const PROBE_TIMEOUT_MS = 5000;

/** One origin's health, as this isolate has seen it. */
interface Health {
  failures: number;
  /** Left out until this time (ms). 0 when it is in use. */
  outUntil: number;
  /** A probe is under way until this time (ms), at the latest. */
  probingUntil: number;
}

/** What somebody who sends requests on knows, and the router does not. */
export interface Known {
  /** How many of the nearest origins were asked already, and failed. */
  readonly tried?: number;
  /** Time (ms) for one origin's headers, where it is less than the settings give. */
  readonly timeoutMs?: number;
}

/** Why an origin gave no answer. */
type Failure = { kind: "timeout" } | { kind: "unreachable"; reason: string };
/** What a client did with its body, which says nothing of the origin. */
type Broken = { kind: "client"; problem: Problem };

export class Router {
  readonly #spec: RouterSpec;
  readonly #origins: ReadonlyMap<string, OriginSpec>;
  readonly #countries: ReadonlyMap<string, string>;
  readonly #health = new Map<string, Health>();
  readonly #retryStatuses: ReadonlySet<number>;

  constructor(spec: RouterSpec) {
    this.#spec = spec;
    this.#origins = new Map(spec.origins.map((origin) => [origin.region, origin]));
    this.#countries = new Map(
      spec.origins.flatMap((origin) => origin.countries.map((code) => [code, origin.region] as const)),
    );
    this.#retryStatuses = new Set(spec.retry_statuses);
    for (const { region, url } of spec.origins) {
      const { protocol } = new URL(url);
      if (protocol !== "http:" && protocol !== "https:") throw new Error(`origin ${region}: ${url} is not http(s).`);
    }
  }

  /** The region that serves a country; the fallback where none names it. */
  regionOf(country: string | undefined): string {
    return (country === undefined ? undefined : this.#countries.get(country)) ?? this.#spec.fallback;
  }

  /** Origins from nearest to farthest. */
  #order(region: string): OriginSpec[] {
    const regions = this.#spec.order[region] ?? [region];
    const ordered = regions.map((name) => this.#origins.get(name)).filter((origin) => origin !== undefined);
    // An order that forgets a region must not make it unreachable.
    return [...new Set([...ordered, ...this.#spec.origins])];
  }

  /**
   * The origins to try. One that failed is left out for `interval_s`. After that, it is tried again at once, or, where the
   * router has a health path, once a probe of it has succeeded; the probe runs beside the request. If all are out, all
   * are tried: a wrong guess about health must not turn a request away.
   */
  #candidates(host: Host, ordered: OriginSpec[]): OriginSpec[] {
    const usable = ordered.filter((origin) => this.#usable(host, origin));
    return usable.length > 0 ? usable : ordered;
  }

  #usable(host: Host, origin: OriginSpec): boolean {
    const health = this.#health.get(origin.region);
    if (health === undefined || health.outUntil === 0) return true;
    const now = host.now();
    if (now < health.outUntil) return false;
    const { path } = this.#spec.health;
    if (path == null) return true;
    if (now >= health.probingUntil) {
      health.probingUntil = now + PROBE_TIMEOUT_MS;
      host.waitUntil(this.#probe(host, origin, path));
    }
    return false;
  }

  async #probe(host: Host, origin: OriginSpec, path: string): Promise<void> {
    const url = targetUrl(origin, path, "");
    const outcome = await attempt(host, url, { headers: origin.headers }, PROBE_TIMEOUT_MS);
    const healthy = outcome instanceof Response && outcome.ok;
    if (outcome instanceof Response) await outcome.body?.cancel();
    const health = this.#health.get(origin.region);
    if (health === undefined) return;
    health.probingUntil = 0;
    if (healthy) this.#succeeded(host, origin);
    else health.outUntil = host.now() + this.#spec.health.interval_s * 1000;
  }

  #succeeded(host: Host, origin: OriginSpec): void {
    const health = this.#health.get(origin.region);
    if (health === undefined) return;
    this.#health.delete(origin.region);
    if (health.outUntil > 0) this.#log(host, "info", "origin.recovered", origin, "is in use again");
  }

  #failed(host: Host, origin: OriginSpec, why: string): void {
    const health = this.#health.get(origin.region) ?? { failures: 0, outUntil: 0, probingUntil: 0 };
    health.failures += 1;
    this.#health.set(origin.region, health);
    this.#log(host, "warn", "origin.failed", origin, why);
    if (health.failures < this.#spec.health.unhealthy_after) return;
    if (health.outUntil === 0) {
      this.#log(host, "warn", "origin.out", origin, `left out for ${this.#spec.health.interval_s} s`);
    }
    health.outUntil = host.now() + this.#spec.health.interval_s * 1000;
  }

  #log(host: Host, level: "info" | "warn", event: string, origin: OriginSpec, message: string): void {
    host.log({ level, event, router: this.#spec.name, region: origin.region, message });
  }

  /**
   * Answers from the first origin that does.
   *
   * Only a request that may be sent twice goes to a second origin. The answer of the last origin is passed on, whatever its
   * status.
   *
   * @throws Problem 504 where the last origin did not answer in time, 502 where it could not be reached or did not speak HTTP.
   */
  async answer(
    request: Request,
    state: RequestState,
    stripPrefix: string | null,
    { tried: behind = 0, timeoutMs = this.#spec.timeout_ms }: Known = {},
  ): Promise<Response> {
    const { host } = state;
    const url = new URL(request.url);
    const path = stripped(url.pathname, stripPrefix);
    const ordered = this.#order(this.regionOf(state.geo.country));
    const candidates = this.#candidates(host, ordered.slice(behind));
    const { body, repeatable } = await bodyOf(request, candidates.length > 1, host);
    const tried = repeatable ? candidates : candidates.slice(0, 1);
    let failure: Failure = { kind: "unreachable", reason: "" };
    for (const [index, origin] of tried.entries()) {
      const started = host.now();
      const outcome = await attempt(
        host,
        targetUrl(origin, path, queryOf(url)),
        {
          method: request.method,
          headers: originHeaders(request, origin, url, state),
          ...(body instanceof Uint8Array ? { body } : {}),
        },
        timeoutMs,
        body instanceof Upload ? body : undefined,
      );
      // An origin that is asked for nothing whole yet can be at fault only for not being there.
      const askedInPart = body instanceof Upload && body.begun && !body.ended;
      const latency = Math.max(0, Math.round(host.now() - started));
      if (outcome instanceof Response) {
        const retry = this.#retryStatuses.has(outcome.status);
        if (!retry) this.#succeeded(host, origin);
        else if (!askedInPart) this.#failed(host, origin, `answered ${outcome.status}`);
        if (!retry || index === tried.length - 1) {
          state.timings.set("origin", latency);
          const nearer = ordered.slice(0, ordered.indexOf(origin)).map(({ region }) => region);
          return withOrigin(outcome, origin.region, latency, nearer);
        }
        await outcome.body?.cancel().catch(() => {});
      } else {
        if (outcome.kind === "client") throw outcome.problem;
        failure = outcome;
        if (failure.kind === "unreachable" && askedInPart) {
          this.#log(host, "warn", "origin.closed", origin, `${failure.reason}, before the client had sent all`);
          continue;
        }
        const why = failure.kind === "timeout" ? `no headers within ${timeoutMs} ms` : failure.reason;
        this.#failed(host, origin, why);
      }
    }
    throw unavailable(
      failure,
      tried.map(({ region }) => region),
      this.#spec,
    );
  }
}

function unavailable(failure: Failure, tried: readonly string[], spec: RouterSpec): Problem {
  const headers = { "X-Origin-Failover": tried.join(", ") };
  const which = tried.length === 1 ? "The origin" : `None of ${tried.length} origins`;
  if (failure.kind === "timeout") {
    const verb = tried.length === 1 ? "did not answer" : "answered";
    const detail = `${which} ${verb} within ${spec.timeout_ms} ms.`;
    return new Problem({ status: 504, code: "origin-timeout", detail, headers });
  }
  const verb =
    tried.length === 1 ? "could not be reached, or gave no valid HTTP response" : "gave a valid HTTP response";
  return new Problem({ status: 502, code: "origin-unreachable", detail: `${which} ${verb}.`, headers });
}

/** Ends what it is told to end when it has run for a time. */
class Timer implements Patience {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(
    readonly ms: number,
    readonly late: () => void,
  ) {}

  start(): void {
    this.stop();
    if (!this.#over) this.#timer = setTimeout(this.late, this.ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.#over = true;
    this.stop();
  }
}

/**
 * Sends a request, following no redirect, and waits for the response's headers at most `timeoutMs`, which count from the end
 * of the request's body: how long a client takes for it is not the origin's time.
 */
async function attempt(
  host: Host,
  url: string,
  init: RequestInit,
  timeoutMs: number,
  upload?: Upload,
): Promise<Response | Failure | Broken> {
  const controller = new AbortController();
  let give: (failure: Failure | Broken) => void = () => {};
  const given = new Promise<Failure | Broken>((resolve) => {
    give = resolve;
  });
  const fail = (failure: Failure | Broken) => {
    give(failure);
    controller.abort();
  };
  const timer = new Timer(timeoutMs, () => fail({ kind: "timeout" }));
  const pipe = upload && (host.pipe?.(lengthOf(init)) ?? new TransformStream<Uint8Array, Uint8Array>());
  const request = new Request(url, {
    ...init,
    ...(pipe && { body: pipe.readable, duplex: "half" }),
    redirect: "manual",
    signal: controller.signal,
  } as RequestInit);
  const sent = host.fetch(request, { raw: true }).then(
    (response): Response | Failure => {
      const { status } = response;
      if (status === 101 || (status >= 200 && status <= 599)) return response;
      // An interim response that a runtime gives as if it were the final one, or a status that HTTP does not have.
      response.body?.cancel().catch(() => {});
      return { kind: "unreachable", reason: `answered with the status ${status}` };
    },
    (error: unknown): Failure => ({
      kind: "unreachable",
      reason: error instanceof Error ? error.message : String(error),
    }),
  );
  let answered = false;
  timer.start();
  if (upload && pipe) {
    upload.sendTo(pipe.writable, timer).catch((problem: Problem) => {
      // An answer that came first stands, and goes on coming.
      if (!answered) fail({ kind: "client", problem });
    });
  }
  try {
    return await Promise.race([given, sent]);
  } finally {
    answered = true;
    timer.end();
  }
}

/** A body's length, where its request says it. */
function lengthOf(init: RequestInit): number | undefined {
  const length = new Headers(init.headers).get("content-length");
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** The body to send, read whole where it may have to be sent again. */
async function bodyOf(
  request: Request,
  severalOrigins: boolean,
  host: Host,
): Promise<{ body: Upload | Uint8Array<ArrayBuffer> | null; repeatable: boolean }> {
  const idempotent = IDEMPOTENT.has(request.method);
  if (request.body === null) return { body: null, repeatable: idempotent };
  const upload = new Upload(request.body, () => host.now());
  const length = request.headers.get("content-length");
  if (idempotent && severalOrigins && length !== null && Number(length) <= MAX_REPLAYED_BYTES) {
    return { body: await upload.whole(), repeatable: true };
  }
  return { body: upload, repeatable: false };
}

export function stripped(path: string, prefix: string | null): string {
  if (prefix === null) return path;
  const base = prefix.replace(/\/+$/, "");
  if (path === base) return "/";
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}

/** The URL at an origin. Nothing that a client sends can change its scheme, host or port. */
export function targetUrl(origin: OriginSpec, path: string, query: string): string {
  const base = new URL(origin.url);
  return `${base.origin}${base.pathname.replace(/\/+$/, "")}${path}${query}`;
}

function originHeaders(request: Request, origin: OriginSpec, url: URL, state: RequestState): Headers {
  const headers = new Headers(request.headers);
  removeHopByHop(headers);
  headers.delete("host");
  tellForwarded(headers, url, state);
  for (const [name, value] of Object.entries(origin.headers)) headers.set(name, value);
  return headers;
}

/**
 * Says to an origin for whom and by which host and scheme it is asked, as far as it may be told. `url` is the request's as its
 * target sees it: without a host of its own where there is none that is the same for everyone.
 */
export function tellForwarded(headers: Headers, url: URL, { clientIp, telling }: RequestState): void {
  if (telling.ip && clientIp !== undefined) headers.set("x-forwarded-for", clientIp);
  if (url.hostname !== NO_HOST) headers.set("x-forwarded-host", url.host);
  headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
}

/**
 * The response for the client, without what only concerns the connection to the origin, saying where it came from.
 * `nearer` are the origins that would have come first, and failed now or were left out.
 */
function withOrigin(response: Response, region: string, latency: number, nearer: readonly string[]): Response {
  const copy = new Response(response.body, response);
  removeHopByHop(copy.headers);
  const spoofed: string[] = [];
  copy.headers.forEach((_, name) => {
    if (name.startsWith("x-origin-") || name.startsWith("x-edgewright-") || name === "x-cache") spoofed.push(name);
  });
  for (const name of spoofed) copy.headers.delete(name);
  copy.headers.set("x-origin-region", region);
  copy.headers.set("x-origin-latency", String(latency));
  if (nearer.length > 0) copy.headers.set("x-origin-failover", nearer.join(", "));
  return copy;
}

/** Targets of kind `origin`. Routers, and with them what is known of origins' health, live as long as the isolate. */
export const geo: Feature = {
  name: "geo",
  targets: {
    origin(settings, endpoint) {
      const { target } = endpoint;
      if (target.kind !== "origin") throw new Error("not an origin target.");
      const spec = settings.routers.find((router) => router.name === target.router);
      if (spec === undefined) {
        const names = settings.routers.map((router) => router.name).join(", ") || "none";
        throw new Error(`no router named ${target.router}; there are: ${names}.`);
      }
      const router = sharedRouter(spec);
      return {
        answer: (request, state) => router.answer(request, state, target.strip_prefix),
        region: (state) => router.regionOf(state.geo.country),
      };
    },
  },
};

const routers = new WeakMap<RouterSpec, Router>();

/** One router a specification: endpoints that share an origin share what is known of its health. */
export function sharedRouter(spec: RouterSpec): Router {
  const known = routers.get(spec) ?? new Router(spec);
  routers.set(spec, known);
  return known;
}
