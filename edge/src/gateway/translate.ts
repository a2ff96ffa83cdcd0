// A deployment as options of miniflare: one miniflare Worker for each version, named `<worker>@<version>`.

import type { WorkerOptions } from "miniflare";
import { type DeployError, fault } from "./diagnostics.js";
import { CONSOLE_MODULE, consoleModule, ENTRY_MODULE, entryModule } from "./entry.js";
import { frontCacheUrl } from "./front-cache.js";
import type { Deployment, Module, Version, Worker } from "./protocol.gen.js";
import { serviceName } from "./service-name.js";
import { primaryVersion } from "./versions.js";

type ModuleDefinition = Extract<WorkerOptions["modules"], readonly unknown[]>[number];

export interface TranslateContext {
  /** Where Workers' outbound requests go: our proxy. */
  outbound: NonNullable<WorkerOptions["outboundService"]>;
  /** The newest date that workerd knows. */
  newestDate: string;
  warn: (message: string) => void;
  /** With it the gateway, and nobody else, tells a Worker to purge. */
  purgeToken: string;
}

/** The content types of modules as the upload API has them. */
const MODULE_TYPES: Record<string, ModuleDefinition["type"]> = {
  "application/javascript+module": "ESModule",
  "text/javascript+module": "ESModule",
  "application/javascript": "CommonJS",
  "text/javascript": "CommonJS",
  "text/plain": "Text",
  "text/html": "Text",
  "application/octet-stream": "Data",
  "application/wasm": "CompiledWasm",
};

function moduleOf(module: Module): ModuleDefinition | string | undefined {
  const type = module.content_type.split(";")[0]?.trim().toLowerCase() ?? "";
  const contents = Buffer.from(module.content_base64, "base64");
  if (type === "application/source-map") return undefined;
  if (type === "application/json") {
    const text = contents.toString("utf8");
    try {
      JSON.parse(text);
    } catch (error) {
      return `not JSON: ${(error as Error).message}`;
    }
    return { type: "ESModule", path: `/${module.name}`, contents: `export default ${text};` };
  }
  const kind = MODULE_TYPES[type];
  if (kind === undefined) {
    return `unknown content type ${JSON.stringify(module.content_type)}; known: ${[...Object.keys(MODULE_TYPES), "application/json"].join(", ")}`;
  }
  const text = kind === "ESModule" || kind === "CommonJS" || kind === "Text";
  return { type: kind, path: `/${module.name}`, contents: text ? contents.toString("utf8") : contents };
}

function modulesOf(
  worker: Worker,
  version: Version,
  { purgeToken }: TranslateContext,
  errors: DeployError[],
): ModuleDefinition[] {
  const modules: ModuleDefinition[] = [];
  for (const module of version.modules) {
    const translated = moduleOf(module);
    if (typeof translated === "string")
      errors.push(fault(`Module ${module.name}: ${translated}`, worker.name, module.name));
    else if (translated !== undefined) modules.push(translated);
  }
  const main = version.modules.find((module) => module.name === version.main_module);
  if (main === undefined) {
    errors.push(
      fault(
        `Version ${version.id} has no module named ${JSON.stringify(version.main_module)}, its main module. It has: ` +
          `${version.modules.map((module) => module.name).join(", ") || "none"}`,
        worker.name,
      ),
    );
  } else if (!main.content_type.includes("+module")) {
    errors.push(
      fault(
        `The main module ${main.name} is ${main.content_type}; it must be application/javascript+module`,
        worker.name,
        main.name,
      ),
    );
  }
  const entry = {
    mainModule: version.main_module,
    purgeToken,
    classes: heldElsewhere(worker, version),
    frontCacheUrl: version.cache_enabled ? frontCacheUrl(worker.name) : undefined,
  };
  return [
    { type: "ESModule", path: `/${ENTRY_MODULE}`, contents: entryModule(entry) },
    { type: "ESModule", path: `/${CONSOLE_MODULE}`, contents: consoleModule(worker.name, version.id) },
    ...modules,
  ];
}

/** The date to run with: workerd refuses one that it does not know yet. */
function dateOf(worker: Worker, version: Version, context: TranslateContext): string {
  const date = version.compatibility_date ?? context.newestDate;
  if (date <= context.newestDate) return date;
  context.warn(
    `${worker.name}: compatibility date ${date} is newer than this workerd knows; ${context.newestDate} is used (gap 'compatibility-date')`,
  );
  return context.newestDate;
}

/**
 * Translates every version; faults are collected, not thrown. `cpu_ms` has no counterpart in workerd: watchdog.ts holds it
 * (gap `cpu-limit`). Nor have the limits of subrequests (gap `request-limits`).
 */
export function translate(deployment: Deployment, context: TranslateContext, errors: DeployError[]): WorkerOptions[] {
  const primary = new Map(
    deployment.workers
      .filter((worker) => worker.deployment.length > 0)
      .map((worker) => [worker.name, serviceName(worker.name, primaryVersion(worker.deployment))]),
  );
  return deployment.workers.flatMap((worker) =>
    worker.versions.map((version) => {
      const name = serviceName(worker.name, version.id);
      const options = {
        name,
        modules: modulesOf(worker, version, context, errors),
        // Paths are names here, not files: rooted at "/", stack traces say `file:///main.js`.
        modulesRoot: "/",
        compatibilityDate: dateOf(worker, version, context),
        compatibilityFlags: [...version.compatibility_flags],
        outboundService: context.outbound,
        zone:
          deployment.domains.find((domain) => domain.worker === worker.name)?.hostname ?? `${worker.name}.example.com`,
      } satisfies Partial<WorkerOptions>;
      return { ...options, ...bindingsOf(worker, version, primary, errors) } as WorkerOptions;
    }),
  );
}

/** The classes of Durable Objects that a version declares as its own: it reaches them by `ctx.exports`, without a binding. */
const classesOf = (version: Version): [name: string, useSQLite: boolean][] =>
  Object.entries(version.exports ?? {})
    .filter(([, { type, state }]) => type === "durable-object" && [null, undefined, "created"].includes(state))
    .map(([name, { storage }]) => [name, storage !== "legacy-kv"]);

/** Those of a version's own classes whose objects another version of the Worker holds, with the bindings that lead there. */
function heldElsewhere(worker: Worker, version: Version): [name: string, binding: string][] {
  if (worker.deployment.length === 0 || primaryVersion(worker.deployment) === version.id) return [];
  return classesOf(version).map(([name]) => [name, `edgewright_local_exports_${name}`]);
}

/** Storage is keyed by the script, not by the version, so that it outlives versions. */
const storageKey = (script: string, className: string): string => `${script}-${className}`;

function bindingsOf(
  worker: Worker,
  version: Version,
  primary: Map<string, string>,
  errors: DeployError[],
): Partial<WorkerOptions> {
  const own = serviceName(worker.name, version.id);
  const plain: Record<string, unknown> = {};
  const options: Record<string, Record<string, unknown>> = { bindings: plain };
  const serviceBindings: Record<string, object> = {};
  const durableObjects: Record<string, object> = {};
  const refuse = (message: string): void => {
    errors.push(fault(message, worker.name));
  };
  for (const binding of version.bindings) {
    switch (binding.type) {
      // What is known of the kind stands with its record, in components/edgewright/platforms/cloudflare/bindings.
      case "option": {
        options[binding.option] ??= {};
        (options[binding.option] as Record<string, unknown>)[binding.name] = binding.value;
        break;
      }
      case "version_metadata":
        // Gap `version-metadata`: the document does not say when a version was made.
        plain[binding.name] = { id: version.id, tag: "", timestamp: new Date(0).toISOString() };
        break;
      case "service": {
        // Gap `service-version`: one version answers, whatever the target's split.
        const service = primary.get(binding.service);
        if (service === undefined) refuse(`Binding ${binding.name}: there is no Worker named ${binding.service}`);
        else {
          serviceBindings[binding.name] = {
            name: service,
            ...(binding.entrypoint && { entrypoint: binding.entrypoint }),
          };
        }
        break;
      }
      case "durable_object_namespace": {
        // One version holds a class's objects, so that their storage has one owner (gap `durable-object-version`).
        const script = binding.script_name ?? worker.name;
        const holder = primary.get(script);
        if (holder === undefined) refuse(`Binding ${binding.name}: there is no Worker named ${script}`);
        durableObjects[binding.name] = {
          className: binding.class_name,
          useSQLite: true,
          unsafeUniqueKey: storageKey(script, binding.class_name),
          ...(holder !== own && { scriptName: holder }),
        };
        break;
      }
      default:
        refuse(`Binding ${JSON.stringify(binding)} is of a type that the local cloud does not know`);
    }
  }
  const bound = new Set(Object.values(durableObjects).map((each) => (each as { className: string }).className));
  const elsewhere = new Map(heldElsewhere(worker, version));
  const additionalUnboundDurableObjects: object[] = [];
  for (const [className, useSQLite] of classesOf(version)) {
    const object = { className, useSQLite, unsafeUniqueKey: storageKey(worker.name, className) };
    const binding = elsewhere.get(className);
    if (binding !== undefined) durableObjects[binding] = { ...object, scriptName: primary.get(worker.name) };
    else if (!bound.has(className)) additionalUnboundDurableObjects.push(object);
  }
  return {
    ...options,
    serviceBindings: serviceBindings as NonNullable<WorkerOptions["serviceBindings"]>,
    durableObjects: durableObjects as NonNullable<WorkerOptions["durableObjects"]>,
    additionalUnboundDurableObjects: additionalUnboundDurableObjects as NonNullable<
      WorkerOptions["additionalUnboundDurableObjects"]
    >,
  };
}
