/** What a KvNamespace says of its use, held to where handlers use it: `<NAME>_OPTIONS` beside the binding `<NAME>`. */

const SUFFIX = "_OPTIONS";

interface StoreOptions {
  readonly default_ttl?: number;
  readonly list_limit?: number;
}
type Call = (...given: unknown[]) => unknown;

const known = new WeakMap<object, object>();

/** `env` for a handler: its stores list at most `list_limit` keys at once and keep for `default_ttl` what says no time. */
export function withStoreOptions(env: unknown): unknown {
  if (typeof env !== "object" || env === null) return env;
  let made = known.get(env);
  if (made === undefined) {
    made = make(env as Record<string, unknown>);
    known.set(env, made);
  }
  return made;
}

function make(env: Record<string, unknown>): object {
  const names = Object.keys(env)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .filter((name) => isStore(env[name]));
  if (names.length === 0) return env;
  return { ...env, ...Object.fromEntries(names.map((name) => [name, store(env, name)])) };
}

const isStore = (value: unknown): value is object =>
  typeof value === "object" && value !== null && "put" in value && "list" in value;

/** The platform takes a limit of 0, a negative one or what is no number as none, and would list all that it lists at once. */
function atMost(most: number, limit: unknown): number {
  const asked = Number(limit ?? most);
  return asked >= 1 ? Math.min(Math.trunc(asked), most) : most;
}

function store(env: Record<string, unknown>, name: string): object {
  const { default_ttl: ttl, list_limit: most } = (env[`${name}${SUFFIX}`] ?? {}) as StoreOptions;
  return new Proxy(env[name] as object, {
    get(target, property) {
      const value = Reflect.get(target, property, target) as unknown;
      if (typeof value !== "function") return value;
      const call: Call = (...given) => (value as Call).apply(target, given);
      if (property === "put" && ttl !== undefined) {
        return (key: unknown, what: unknown, options?: { expiration?: unknown; expirationTtl?: unknown } | null) =>
          call(
            key,
            what,
            options?.expiration == null && options?.expirationTtl == null
              ? { ...options, expirationTtl: ttl }
              : options,
          );
      }
      if (property === "list" && most !== undefined) {
        return (options?: { limit?: unknown } | null) => call({ ...options, limit: atMost(most, options?.limit) });
      }
      return call;
    },
  });
}
