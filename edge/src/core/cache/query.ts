/** A request at the cache: what is read from it once. */

import type { Core, Query } from "./core";
import type { RequestDirectives } from "./decide/request-directives";
import { decideReuse, type ReuseDecision } from "./decide/reuse";
import type { Policy } from "./policy";
import type { StoredResponse } from "./stored";
import type { CacheContext, Origin, RequestHead } from "./types";
import { variantKey } from "./vary";

export class RequestQuery implements Query {
  readonly key: string;
  readonly url: string;
  readonly method: string;
  readonly headers: RequestHead["headers"];
  readonly directives: RequestDirectives | undefined;
  readonly range: string | null;
  readonly #whole: () => Request;

  constructor(
    readonly core: Core,
    head: RequestHead,
    readonly policy: Policy,
    readonly ctx: CacheContext,
    readonly origin: Origin,
    whole: () => Request,
  ) {
    const { method, headers, url } = head;
    const named = policy.named(url);
    this.method = method;
    this.headers = headers;
    this.url = named.url;
    this.key = policy.custom?.of(named.key, headers, policy, ctx) ?? named.key;
    this.directives = policy.mode === "origin" ? core.origin?.requestDirectives(headers) : undefined;
    this.range = method === "GET" ? headers.get("range") : null;
    this.#whole = whole;
  }

  get request(): Request {
    return this.#whole();
  }

  decideReuse(stored: StoredResponse, markedStale: boolean, directives = this.directives): ReuseDecision {
    const now = this.ctx.now();
    return directives && this.core.origin
      ? this.core.origin.decideReuse(stored, directives, now, markedStale)
      : decideReuse(stored, now, markedStale);
  }

  variant(names: readonly string[]): string {
    return variantKey(this.key, names, this.headers);
  }
}
