// The Workers that are measured: source text and settings, one instance of workerd holds them all.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Answers from its own memory: what no cache in a Worker can be faster than. */
const bare = (size) => `
const body = new Uint8Array(${size}).fill(120);
const headers = { "content-type": "application/octet-stream", "cache-control": "public, max-age=3600" };
export default { fetch() { return new Response(body, { headers }); } };
`;

/** As it is written by hand everywhere: https://developers.cloudflare.com/workers/examples/cache-api/ */
const byHand = (origin) => `
export default {
  async fetch(request, env, ctx) {
    const cache = caches.default;
    const key = new Request(new URL(request.url).toString(), request);
    let response = await cache.match(key);
    if (response) return response;
    const url = new URL(request.url);
    response = await fetch(${JSON.stringify(origin)} + url.pathname + url.search, { headers: request.headers });
    response = new Response(response.body, response);
    ctx.waitUntil(cache.put(key, response.clone()));
    return response;
  },
};
`;

const NO_TIER = { memory: null, edge: null, kv: null, shield: null };
const MEMORY = { max_bytes: 64 * 1024 * 1024, max_object_bytes: 1024 * 1024, ttl_ceiling_s: null };
const FRONT = { max_bytes: 16 * 1024 * 1024, max_object_bytes: 1024 * 1024, ttl_ceiling_s: 5 };
const KV = { binding: "CACHE", ttl_s: 86400, jitter_s: null, max_object_bytes: 25 * 1024 * 1024 };

/** Settings as the Python side writes them: everything goes to one origin, under one policy. */
export function settings(origin, tiers, policy = {}) {
  return {
    version: 1,
    name: "bench",
    endpoints: [
      {
        path: "/*",
        methods: ["GET", "HEAD"],
        target: { kind: "origin", router: "origin", strip_prefix: null },
        cache: {
          name: "bench",
          mode: "override",
          engine: "worker",
          edge_ttl_s: 86400,
          edge_jitter_s: null,
          browser_ttl_s: 60,
          stale_while_revalidate_s: 0,
          stale_if_error_s: 0,
          immutable: false,
          statuses: [200, 203, 204, 300, 301, 308, 404, 410],
          error_ttl_s: 0,
          tiers: { ...NO_TIER, ...tiers },
          key: { query: "all", query_names: [], headers: [], cookies: [], country: false, region: false, host: true },
          vary: [],
          tags: [],
          ...policy,
        },
        auth: null,
        rate_limit: null,
        static: false,
      },
    ],
    routers: [
      {
        name: "origin",
        origins: [{ region: "only", url: origin, countries: [], latitude: null, longitude: null, headers: {} }],
        fallback: "only",
        order: { only: ["only"] },
        timeout_ms: 30000,
        retry_statuses: [502, 503, 504],
        health: { path: null, interval_s: 30, unhealthy_after: 2 },
      },
    ],
    sessions: null,
    reserved_header_prefixes: ["x-edgewright-", "x-origin-", "x-local-"],
    trace: false,
  };
}

/** The modules of a Worker version with cache and routing, from the bundles as they are shipped: what the policy needs. */
function shipped(bundles, document) {
  const manifest = JSON.parse(readFileSync(join(bundles, "manifest.json"), "utf8"));
  const { mode, tiers } = document.endpoints[0].cache;
  const names = ["cache", "geo", ...Object.keys(tiers).flatMap((tier) => (tiers[tier] ? [`cache_${tier}`] : []))];
  if (mode === "origin") names.push("cache_origin");
  if (tiers.kv) names.push("cache_purge");
  const features = names.map((name) => manifest.features[name]);
  const files = new Set([manifest.core, ...features].flatMap(({ file, imports }) => [file, ...imports]));
  const main = [
    'import { createWorker } from "./edgewright.js";',
    ...features.map((feature) => `import { ${feature.export} } from "./${feature.file}";`),
    `const features = [${features.map((feature) => feature.export).join(", ")}];`,
    `export default createWorker(${JSON.stringify(document)}, { features });`,
  ].join("\n");
  return [
    { type: "ESModule", path: "/main.js", contents: main },
    ...[...files].map((file) => ({
      type: "ESModule",
      path: `/${file}`,
      contents: readFileSync(join(bundles, file), "utf8"),
    })),
  ];
}

/** Every Worker by name, as options of miniflare. */
export function workers({ bundles, origin, sizes }) {
  const script = (contents) => [{ type: "ESModule", path: "/main.js", contents }];
  const obeying = { mode: "origin", edge_ttl_s: null, browser_ttl_s: null };
  const ours = (tiers, policy) => shipped(bundles, settings(origin, tiers, policy));
  const all = {
    ...Object.fromEntries(sizes.map((size) => [`bare ${size}`, script(bare(size))])),
    "by hand": script(byHand(origin)),
    memory: ours({ memory: MEMORY }),
    edge: ours({ edge: { ttl_ceiling_s: null } }),
    // What a CachePolicy has that says nothing of tiers.
    default: ours({ memory: FRONT, edge: { ttl_ceiling_s: null } }),
    kv: ours({ kv: KV }),
    crowd: ours({ memory: MEMORY, edge: { ttl_ceiling_s: null } }, obeying),
  };
  return Object.entries(all).map(([name, modules]) => ({
    name,
    modules,
    modulesRoot: "/",
    compatibilityDate: "2026-07-30",
    kvNamespaces: name === "kv" ? ["CACHE"] : [],
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  }));
}
