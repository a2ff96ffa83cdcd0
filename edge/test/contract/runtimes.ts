/** The runtimes that the contract suite runs on. Each takes the same settings and serves them over HTTP on loopback. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Miniflare } from "miniflare";
import BY_SETTING from "../../schema/features.json" with { type: "json" };
import type { Feature } from "../../src/core/feature";
import type { EdgeSettings } from "../../src/core/settings.gen";
import { serve } from "../../src/platforms/node";
import { MemoryKv, MemoryRateLimiter } from "../../src/platforms/node/memory";

export interface StartOptions {
  settings: EdgeSettings;
  /** JavaScript modules of the user's, by name. */
  handlers?: Record<string, string>;
  /** Entries by binding and key. */
  kv?: Record<string, Record<string, string>>;
  secrets?: Record<string, string>;
  rateLimits?: Record<string, { limit: number; period: 10 | 60 }>;
}

export interface Deployed {
  readonly url: string;
  /** Headers by which this runtime's platform is told, in tests, who the client is. */
  client(from: { country?: string; ip?: string }): Record<string, string>;
  /** What the function has logged so far. */
  logs(): string;
  close(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  start(options: StartOptions): Promise<Deployed>;
}

type FeatureKey = keyof typeof FEATURES;

interface Manifest {
  core: { file: string; export: string; imports: string[] };
  features: Record<FeatureKey, { file: string; export: string; imports: string[] }>;
  files: Record<string, { bytes: number; sha256: string; content_type: string }>;
}

/** The features that settings need, as the manifest says, and what sees to it that none is missing. */
export function featuresOf({ endpoints }: EdgeSettings): FeatureKey[] {
  const needed = new Set<FeatureKey>();
  for (const endpoint of endpoints) {
    const { cache } = endpoint;
    if (cache !== null) {
      // All that the cache may need; what is really left out is held by startup.test.ts and by the Python package.
      needed.add("cache").add("cache_check").add("cache_edge");
      const { query, headers, cookies, country, region } = cache.key;
      if (query !== "all" || headers.length || cookies.length || country || region) needed.add("cache_key");
      if (cache.tiers.memory) needed.add("cache_memory");
      if (cache.tiers.kv) needed.add("cache_kv").add("cache_purge");
      if (cache.mode === "origin" || endpoint.auth !== null) needed.add("cache_origin");
      if (cache.engine === "platform") needed.add("cache_platform");
    }
    if (endpoint.target.kind === "origin") needed.add("geo");
    if (endpoint.target.kind === "session" || endpoint.auth?.kind === "session") needed.add("sessions");
    if (endpoint.auth?.kind === "jwt") needed.add("jwt");
    for (const { setting, name } of BY_SETTING) {
      if (endpoint[setting as keyof typeof endpoint] != null) needed.add(name as FeatureKey);
    }
  }
  const unsafe = endpoints.some(({ methods }) => methods.some((method) => method !== "GET" && method !== "HEAD"));
  if (needed.has("cache") && unsafe) needed.add("cache_writes").add("cache_purge");
  return [...needed].sort();
}

export function readManifest(bundles: string): Manifest {
  return JSON.parse(readFileSync(join(bundles, "cloudflare/manifest.json"), "utf8")) as Manifest;
}

/** The modules of a Worker version, the main one first: only the files that the features need. */
export function workerModules(
  bundles: string,
  { settings, handlers = {} }: StartOptions,
): { path: string; contents: string }[] {
  const manifest = readManifest(bundles);
  const features = featuresOf(settings).map((name) => manifest.features[name]);
  const files = new Set([manifest.core, ...features].flatMap(({ file, imports }) => [file, ...imports]));
  const names = Object.keys(handlers);
  const main = [
    `import { ${manifest.core.export} } from "./${manifest.core.file}";`,
    ...features.map((feature) => `import { ${feature.export} } from "./${feature.file}";`),
    'import settings from "./settings.js";',
    ...names.map((name, index) => `import * as h${index} from "./${name}";`),
    `export default createWorker(settings, { features: [${features.map((feature) => feature.export).join(", ")}], handlers: { ${names
      .map((name, index) => `${JSON.stringify(name)}: h${index}`)
      .join(", ")} } });`,
  ].join("\n");
  return [
    { path: "main.js", contents: main },
    { path: "settings.js", contents: `export default ${JSON.stringify(settings)};` },
    ...names.map((path) => ({ path, contents: handlers[path] as string })),
    ...[...files].map((path) => ({ path, contents: readFileSync(join(bundles, "cloudflare", path), "utf8") })),
  ];
}

/** The bundled Worker on workerd. */
export function workerd(bundles: string): Runtime {
  return {
    name: "workerd",
    async start(options) {
      let logged = "";
      const collect = (stream: Readable) => {
        stream.on("data", (chunk: Buffer) => {
          logged += chunk.toString();
        });
      };
      const miniflare = new Miniflare({
        modulesRoot: "/",
        modules: workerModules(bundles, options).map(({ path, contents }) => ({
          type: "ESModule",
          path: `/${path}`,
          contents,
        })),
        compatibilityDate: "2026-07-30",
        host: "127.0.0.1",
        port: 0,
        kvNamespaces: Object.keys(options.kv ?? {}),
        bindings: options.secrets ?? {},
        ratelimits: Object.fromEntries(
          Object.entries(options.rateLimits ?? {}).map(([name, simple]) => [name, { namespace_id: name, simple }]),
        ),
        handleRuntimeStdio(stdout: Readable, stderr: Readable) {
          collect(stdout);
          collect(stderr);
        },
      });
      const url = await miniflare.ready.catch(async (error: unknown) => {
        await miniflare.dispose();
        throw error;
      });
      for (const [binding, entries] of Object.entries(options.kv ?? {})) {
        const namespace = await miniflare.getKVNamespace(binding);
        for (const [key, value] of Object.entries(entries)) await namespace.put(key, value);
      }
      return {
        url: url.origin,
        client: ({ country, ip }) => ({
          ...(country === undefined ? {} : { "MF-CF-Blob": JSON.stringify({ country }) }),
          ...(ip === undefined ? {} : { "CF-Connecting-IP": ip }),
        }),
        logs: () => logged,
        close: () => miniflare.dispose(),
      };
    },
  };
}

const FEATURES = {
  cache: async (): Promise<Feature> => (await import("../../src/core/features/cache")).cache,
  cache_check: async () => (await import("../../src/core/features/cache-check")).cacheCheck,
  cache_edge: async () => (await import("../../src/core/features/cache-edge")).cacheEdge,
  cache_key: async () => (await import("../../src/core/features/cache-key")).cacheKey,
  cache_kv: async () => (await import("../../src/core/features/cache-kv")).cacheKv,
  cache_memory: async () => (await import("../../src/core/features/cache-memory")).cacheMemory,
  cache_origin: async () => (await import("../../src/core/features/cache-origin")).cacheOrigin,
  cache_platform: async () => (await import("../../src/core/features/cache-platform")).cachePlatform,
  cache_purge: async () => (await import("../../src/core/features/cache-purge")).cachePurge,
  cache_writes: async () => (await import("../../src/core/features/cache-writes")).cacheWrites,
  geo: async () => (await import("../../src/core/features/geo")).geo,
  sessions: async () => (await import("../../src/core/features/sessions")).sessions,
  jwt: async () => (await import("../../src/core/features/jwt")).jwt,
  rate_limit: async () => (await import("../../src/core/features/rate-limit")).rateLimit,
};

/** The same sources on plain Node.js. */
export const node: Runtime = {
  name: "node",
  async start({ settings, handlers = {}, kv = {}, secrets = {}, rateLimits = {} }) {
    let logged = "";
    const stores = Object.fromEntries(Object.keys(kv).map((binding) => [binding, new MemoryKv()]));
    for (const [binding, entries] of Object.entries(kv)) {
      for (const [key, value] of Object.entries(entries)) await stores[binding]?.put(key, value);
    }
    const modules = await Promise.all(
      Object.entries(handlers).map(async ([name, source]) => {
        const module: unknown = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);
        return [name, module] as const;
      }),
    );
    const running = await serve(settings, {
      features: await Promise.all(featuresOf(settings).map((name) => FEATURES[name]())),
      handlers: Object.fromEntries(modules),
      kv: stores,
      secrets,
      rateLimits: Object.fromEntries(
        Object.entries(rateLimits).map(([name, { limit, period }]) => [name, new MemoryRateLimiter(limit, period)]),
      ),
      geo: (message) => ({ country: message.headers["test-country"] as string | undefined }),
      clientIp: (message) => (message.headers["test-ip"] as string | undefined) ?? message.socket.remoteAddress,
      log: (entry) => {
        logged += `${JSON.stringify(entry)}\n`;
      },
    });
    return {
      url: running.url,
      client: ({ country, ip }) => ({
        ...(country === undefined ? {} : { "Test-Country": country }),
        ...(ip === undefined ? {} : { "Test-IP": ip }),
      }),
      logs: () => logged,
      close: () => running.close(),
    };
  },
};
