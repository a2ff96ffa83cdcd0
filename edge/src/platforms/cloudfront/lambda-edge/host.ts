/** One invocation on Lambda@Edge as a Host. */

import type { Geo, Host, KvStore, LogEntry } from "../../../core/host";
import type { EndpointSpec, OriginSpec, RouterSpec } from "../../../core/settings.gen";
import type { EventRequest } from "./events";
import { real } from "./web";

/** What the viewer's CloudFront Function has looked up in the KeyValueStore: `key=value`, both percent-encoded. */
export const KV_HEADER = "x-edgewright-kv";
/** Says which member of an origin group is asked: `0` or `1`. A custom header of the distribution's origin. */
export const ATTEMPT_HEADER = "x-edgewright-attempt";

/** Background work that has not ended by then (ms) is given up: the environment is frozen with the answer. */
const BACKGROUND_MS = 1000;

/** A request that CloudFront sends on. */
export interface Forward {
  readonly endpoint: EndpointSpec;
  readonly origin: OriginSpec;
  readonly router: RouterSpec;
  /** Origins that would have come first, and failed. */
  readonly nearer: readonly string[];
  readonly headers: Headers;
  readonly path: string;
  readonly query: string;
}

export class LambdaHost implements Host {
  readonly platform = "lambda-edge";
  readonly rawBodies = false;
  readonly edgeCache = undefined;
  /** Set where the request goes on to an origin. */
  forward: Forward | undefined;
  readonly #request: EventRequest;
  readonly #background: Promise<unknown>[] = [];

  /** @param lookedUp whether the viewer's function of ours ran, so that what it has looked up is not the viewer's own word */
  constructor(
    request: EventRequest,
    private readonly lookedUp = true,
  ) {
    this.#request = request;
  }

  get attempt(): number {
    const origin = this.#request.origin?.custom ?? this.#request.origin?.s3;
    return origin?.customHeaders[ATTEMPT_HEADER]?.[0]?.value === "1" ? 1 : 0;
  }

  now(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  async fetch(request: Request): Promise<Response> {
    const response = await fetch(real(request));
    if (!response.headers.has("content-encoding")) return response;
    // Node's fetch decodes a body and leaves the headers that say it is coded.
    const decoded = new Response(response.body, response);
    decoded.headers.delete("content-encoding");
    decoded.headers.delete("content-length");
    return decoded;
  }

  waitUntil(work: Promise<unknown>): void {
    this.#background.push(
      work.catch((error: unknown) =>
        this.log({
          level: "error",
          event: "background.failed",
          message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        }),
      ),
    );
  }

  async settled(): Promise<void> {
    if (this.#background.length === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, BACKGROUND_MS);
    });
    await Promise.race([Promise.all(this.#background), timeout]);
    clearTimeout(timer);
  }

  /** Lambda@Edge reaches no KeyValueStore: a look-up is what the function at the viewer has found. */
  kv(_name: string): KvStore | undefined {
    const found = this.lookedUp ? this.#header(KV_HEADER) : undefined;
    const equals = found?.indexOf("=") ?? -1;
    const key = found === undefined || equals === -1 ? undefined : decode(found.slice(0, equals));
    const value = found === undefined || equals === -1 ? undefined : decode(found.slice(equals + 1));
    const text = async (asked: string) => (asked === key && value !== undefined ? value : null);
    const readOnly = async () => {
      throw new Error("a KeyValueStore cannot be written from the edge");
    };
    return {
      getText: text,
      get: async (asked) => {
        const known = await text(asked);
        return known === null ? null : new TextEncoder().encode(known).buffer;
      },
      put: readOnly,
      delete: readOnly,
    };
  }

  geo(): Geo {
    const text = (name: string) => this.#header(`cloudfront-viewer-${name}`) || undefined;
    const degrees = (name: string) => {
      const value = text(name);
      return value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value);
    };
    return {
      country: text("country")?.toUpperCase(),
      region: text("country-region"),
      city: text("city"),
      latitude: degrees("latitude"),
      longitude: degrees("longitude"),
    };
  }

  clientIp(): string | undefined {
    return this.#request.clientIp;
  }

  secret(): undefined {
    return undefined;
  }

  rateLimit(): undefined {
    return undefined;
  }

  log(entry: LogEntry): void {
    const line = JSON.stringify(entry);
    if (entry.level === "error") console.error(line);
    else if (entry.level === "warn") console.warn(line);
    else console.log(line);
  }

  #header(name: string): string | undefined {
    return this.#request.headers[name]?.[0]?.value;
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
