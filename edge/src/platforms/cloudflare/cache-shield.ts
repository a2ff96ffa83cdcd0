import { shield } from "../../core/cache/shield";
import type { EdgeOptions } from "../../core/edge";
import type { Feature } from "../../core/feature";
import { answerToken } from "../../core/purge/token";
import type { EdgeSettings } from "../../core/settings.gen";
import { Inside } from "../../core/shield/inside";
import type { Sql } from "../../core/shield/store";
import type { Worker } from "./edgewright";
import type { Env } from "./host";

export const cacheShield: Feature = { name: "cache-shield", cacheParts: { shield, answerToken } };

interface DurableObjectState {
  waitUntil(work: Promise<unknown>): void;
  readonly storage: { readonly sql: Sql };
}

export type ShieldClass = new (state: DurableObjectState, env: Env) => { fetch(request: Request): Promise<Response> };

/**
 * The class of the shield's Durable Objects, of which there is one in the world for each part of the URLs:
 * `export const EdgewrightShield = createShield(settings, { features }, worker)`.
 */
export function createShield(settings: EdgeSettings, { features = [] }: EdgeOptions, worker: Worker): ShieldClass {
  const parts = Object.assign({}, ...features.map((feature) => feature.cacheParts));
  return class EdgewrightShield {
    readonly #inside: Inside;
    readonly #state: DurableObjectState;
    readonly #env: Env;

    constructor(state: DurableObjectState, env: Env) {
      this.#state = state;
      this.#env = env;
      this.#inside = new Inside(settings, parts, state.storage.sql, Date.now);
    }

    fetch(request: Request): Promise<Response> {
      const platform = { env: this.#env, context: this.#state };
      return worker.within(request, this.#env, this.#state, (edge, host) =>
        this.#inside.answer(request, edge, host, platform),
      );
    }
  };
}
