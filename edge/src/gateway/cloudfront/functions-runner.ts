// Runs CloudFront Functions: each in a realm of its own, with nothing of Node in it (gap `aws-function-memory`).

import { createHash, createHmac } from "node:crypto";
import { type Context, createContext, Script } from "node:vm";
import { EdgeError } from "./error-page.js";
import { REALM } from "./functions-engine.js";
import type { FunctionEvent } from "./functions-event.js";
import { CODE_LIMIT, syntaxFaults } from "./functions-syntax.js";
import type { CloudFrontFunction, KeyValueStore } from "./model.js";
import type { Deps } from "./types.js";

/**
 * Milliseconds of wall time after which a run is stopped. CloudFront's own limit is in CPU time and not published; a
 * laptop's pauses must not fail a function, so this is far above it (gap `aws-function-time`).
 */
const TIME_LIMIT_MS = 250;

const NOT_RUN = "The CloudFront function associated with the CloudFront distribution is invalid or could not run.";

interface Realm {
  require: unknown;
  begin(at: number): void;
}

interface Outcome {
  text?: string | undefined;
  error?: string;
}

type Run = (text: string, at: number, outcome: Outcome) => void;

const IMPORT =
  /(?<=^|;)([ \t]*)import\s*(?:([\w$]+)\s|\*\s*as\s+([\w$]+)\s|\{([^}]*)\})\s*from\s*(["'])([\w:/-]+)\5[ \t]*;?/gm;

/** `import x from "m"`, `import { a as b } from "m"`, `import * as x from "m"` as declarations. */
export function withoutImports(code: string): string {
  return code.replace(IMPORT, (_whole, indent: string, ...names: (string | undefined)[]) => {
    const [own, namespace, named, , module] = names;
    const load = `require(${JSON.stringify(module)})`;
    if (named !== undefined) return `${indent}const {${named.replace(/\bas\b/g, ":")}} = ${load};`;
    return `${indent}const ${own ?? namespace} = ${load}${own === undefined ? "" : ".default"};`;
  });
}

/** What is wrong with a function before it runs, each as a sentence. */
export function functionFaults(fn: CloudFrontFunction): string[] {
  const faults: string[] = [];
  const size = Buffer.byteLength(fn.code);
  if (size > CODE_LIMIT) {
    faults.push(
      `CloudFront function ${fn.name} has ${size} bytes of code, more than the ${CODE_LIMIT} that CloudFront takes. Make it smaller or use Lambda@Edge.`,
    );
  }
  for (const fault of syntaxFaults(fn.code, fn.runtime)) {
    faults.push(`CloudFront function ${fn.name}, line ${fault.line}: ${fault.what} (${fn.runtime}).`);
  }
  if (faults.length === 0) {
    try {
      compile(fn);
    } catch (error) {
      faults.push(`CloudFront function ${fn.name}: ${(error as Error).message}.`);
    }
  }
  if (fn.key_value_store_associations.length > 1) {
    faults.push(
      `CloudFront function ${fn.name} has ${fn.key_value_store_associations.length} key-value stores; CloudFront allows one.`,
    );
  }
  return faults;
}

/** A function's code as a function of what it sees, so that its top-level variables are new in each run. */
function compile(fn: CloudFrontFunction): Script {
  return new Script(
    `(function (require, __event) { "use strict"; ${withoutImports(fn.code)}\n;return handler(__event); })`,
    {
      filename: `${fn.name}.js`,
    },
  );
}

const ENTER = new Script("(function () { var run = globalThis.__run; delete globalThis.__run; run(); })()");

const RUNNER = new Script(`(function (realm, body) {
  "use strict";
  var parse = JSON.parse, stringify = JSON.stringify;
  // Runtime 1.0 has no promises, so nothing there can return one.
  var resolve = typeof Promise === "undefined" ? undefined : Promise.resolve.bind(Promise);
  function describe(error) {
    return error !== null && typeof error === "object" && "message" in error ? String(error.name) + ": " + String(error.message) : String(error);
  }
  return function (text, at, outcome) {
    realm.begin(at);
    try {
      var value = body(realm.require, parse(text));
      if (resolve === undefined || value === null || typeof value !== "object" || typeof value.then !== "function") { outcome.text = stringify(value); return; }
      resolve(value).then(
        function (result) { try { outcome.text = stringify(result); } catch (error) { outcome.error = describe(error); } if (outcome.text === undefined) outcome.text = "null"; },
        function (error) { outcome.error = describe(error); });
    } catch (error) { outcome.error = describe(error); return; }
  };
})`);

export class FunctionRunner {
  invocations = 0;
  errors = 0;
  /** Milliseconds of wall time of the last runs. */
  lastMs = 0;
  #context: Context | undefined;
  #run: Run | undefined;

  constructor(
    readonly fn: CloudFrontFunction,
    private readonly stores: readonly KeyValueStore[],
    private readonly deps: Deps,
  ) {}

  /** Forgets the realm; the next run sees the key-value stores as they are then. */
  reset(): void {
    this.#run = undefined;
    this.#context = undefined;
  }

  /** Runs the function and returns what it answered, parsed. Throws an EdgeError where it failed. */
  invoke(event: FunctionEvent): unknown {
    this.invocations++;
    const started = performance.now();
    const outcome: Outcome = {};
    try {
      const run = this.#prepare();
      const context = this.#context as Context;
      const text = JSON.stringify(event);
      const now = (this.deps.now ?? Date.now)();
      context.__run = () => run(text, now, outcome);
      ENTER.runInContext(context, { timeout: TIME_LIMIT_MS });
    } catch (error) {
      this.reset();
      const timedOut = (error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
      throw this.#failed(timedOut ? `it ran for more than ${TIME_LIMIT_MS} ms` : (error as Error).message);
    } finally {
      this.lastMs = performance.now() - started;
    }
    if (outcome.error !== undefined) throw this.#failed(outcome.error);
    if (outcome.text === undefined) {
      throw this.#failed("it returned nothing, or a promise that nothing settles");
    }
    return JSON.parse(outcome.text);
  }

  #failed(detail: string): EdgeError {
    this.errors++;
    this.deps.log?.({ level: "error", message: detail, subject: `function ${this.fn.name}` });
    return new EdgeError(503, NOT_RUN, "FunctionExecutionError", `${this.fn.name}: ${detail}`);
  }

  #prepare(): Run {
    if (this.#run !== undefined) return this.#run;
    const context = createContext(Object.create(null) as Context, {
      name: this.fn.name,
      codeGeneration: { strings: false, wasm: false },
      microtaskMode: "afterEvaluate",
    });
    const body = compile(this.fn).runInContext(context) as unknown;
    const realm = (new Script(REALM).runInContext(context) as (host: object) => Realm)(this.#host());
    this.#context = context;
    this.#run = (RUNNER.runInContext(context) as (realm: Realm, body: unknown) => Run)(realm, body);
    return this.#run;
  }

  #host(): object {
    const { deps, fn } = this;
    const associated = this.stores.filter((store) => fn.key_value_store_associations.includes(store.arn));
    const byId: Record<string, [string, string][]> = {};
    for (const store of associated) {
      const pairs = store.pairs.map(({ key, value }): [string, string] => [key, value]);
      for (const name of [store.id, store.arn, store.name]) byId[name] = pairs;
    }
    return {
      runtime2: fn.runtime === "cloudfront-js-2.0",
      stores: JSON.stringify({ byId, first: associated[0]?.id, created: new Date(0).toISOString() }),
      log: (text: string) => deps.log?.({ level: "info", message: String(text), subject: `function ${fn.name}` }),
      digest: (algorithm: string, key: string | null, data: string) => {
        const hash = key === null ? createHash(algorithm) : createHmac(algorithm, Buffer.from(key, "base64"));
        return hash.update(Buffer.from(data, "base64")).digest("base64");
      },
    };
  }
}
