// Generated from edge/schema/deployment.schema.json, which comes from the pydantic models. Run `make build`; do not edit.

/**
 * Everything that the gateway runs.
 */
export interface Deployment {
  stack: string;
  workers: Worker[];
  kv_namespaces: KvNamespace[];
  kv_entries: KvEntry[];
  queues: string[];
  r2_buckets: string[];
  /**
   * Database ids.
   */
  d1_databases: string[];
  routes: Route[];
  domains: Domain[];
}
/**
 * A Worker: its versions and how traffic is split among them.
 */
export interface Worker {
  name: string;
  versions: Version[];
  deployment: Share[];
}
/**
 * One version of a Worker.
 */
export interface Version {
  id: string;
  modules: Module[];
  main_module: string;
  bindings: (
    | KvBinding
    | TextBinding
    | JsonBinding
    | RateLimitBinding
    | ServiceBinding
    | QueueBinding
    | DurableObjectBinding
    | R2Binding
    | D1Binding
    | VersionMetadataBinding
  )[];
  compatibility_date: string | null;
  compatibility_flags: string[];
  /**
   * `limits.cpu_ms`; recorded, workerd does not enforce it.
   */
  cpu_ms: number | null;
  /**
   * `cache_options.enabled`: a cache in front of the version.
   */
  cache_enabled: boolean;
  cross_version_cache: boolean;
}
/**
 * One module of a Worker version, as in `WorkerVersion.modules`.
 */
export interface Module {
  name: string;
  /**
   * `application/javascript+module`, `text/plain`, `application/wasm`, ...
   */
  content_type: string;
  content_base64: string;
}
export interface KvBinding {
  type: "kv_namespace";
  name: string;
  namespace_id: string;
}
/**
 * `plain_text` and `secret_text`: a string on `env`.
 */
export interface TextBinding {
  type: "plain_text" | "secret_text";
  name: string;
  text: string;
}
export interface JsonBinding {
  type: "json";
  name: string;
  /**
   * The value as JSON text.
   */
  json_text: string;
}
export interface RateLimitBinding {
  type: "ratelimit";
  name: string;
  namespace_id: string;
  limit: number;
  period_s: 10 | 60;
}
export interface ServiceBinding {
  type: "service";
  name: string;
  service: string;
  entrypoint: string | null;
}
export interface QueueBinding {
  type: "queue";
  name: string;
  queue_name: string;
}
export interface DurableObjectBinding {
  type: "durable_object_namespace";
  name: string;
  class_name: string;
  script_name: string | null;
}
export interface R2Binding {
  type: "r2_bucket";
  name: string;
  bucket_name: string;
}
export interface D1Binding {
  type: "d1";
  name: string;
  database_id: string;
}
export interface VersionMetadataBinding {
  type: "version_metadata";
  name: string;
}
/**
 * A version's share of the traffic in a Worker's deployment.
 */
export interface Share {
  version_id: string;
  percentage: number;
}
export interface KvNamespace {
  id: string;
  title: string;
}
/**
 * A declared key (`WorkersKv`). Written when it is new or its content changed; other keys are never touched.
 */
export interface KvEntry {
  namespace_id: string;
  key: string;
  value_base64: string;
  metadata_json: string | null;
  /**
   * Unix time in seconds.
   */
  expiration: number | null;
  expiration_ttl_s: number | null;
}
/**
 * A Workers route: `pattern` as in Cloudflare's routes, `worker` None for a route that bypasses Workers.
 */
export interface Route {
  pattern: string;
  worker: string | null;
}
/**
 * A Worker's custom domain, or its `workers.dev` name.
 */
export interface Domain {
  hostname: string;
  worker: string;
}
