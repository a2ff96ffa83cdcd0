import { describe, expect, test } from "vitest";
import { withStoreOptions } from "../../src/core/stores";

type Given = unknown[];

/** A store that refuses to be called on anything but itself, as the platform's do. */
class Store {
  readonly #calls: [string, Given][] = [];
  get calls(): [string, Given][] {
    return this.#calls;
  }
  put(...given: Given) {
    this.#calls.push(["put", given]);
  }
  list(...given: Given) {
    this.#calls.push(["list", given]);
  }
  get(...given: Given) {
    this.#calls.push(["get", given]);
  }
}

interface Env {
  KV: Store;
}

const handed = (options: unknown) => {
  const store = new Store();
  const env = { KV: store, KV_OPTIONS: options, MODE: "live" };
  return { store, env, given: withStoreOptions(env) as typeof env };
};

describe("a store's options", () => {
  test("a list asks for at most so many keys", () => {
    const { store, given } = handed({ list_limit: 10 });
    given.KV.list();
    given.KV.list({ prefix: "a", limit: 500 });
    given.KV.list({ limit: 3, cursor: "c" });
    given.KV.put("k", "v");
    expect(store.calls).toEqual([
      ["list", [{ limit: 10 }]],
      ["list", [{ prefix: "a", limit: 10 }]],
      ["list", [{ limit: 3, cursor: "c" }]],
      ["put", ["k", "v"]],
    ]);
  });

  test("what is put without a time of its own is kept for the default", () => {
    const { store, given } = handed({ default_ttl: 60 });
    given.KV.put("k", "v");
    given.KV.put("k", "v", { metadata: 1 });
    given.KV.put("k", "v", { expirationTtl: 90 });
    given.KV.put("k", "v", { expiration: 2_000_000_000 });
    given.KV.list({ limit: 500 });
    expect(store.calls).toEqual([
      ["put", ["k", "v", { expirationTtl: 60 }]],
      ["put", ["k", "v", { metadata: 1, expirationTtl: 60 }]],
      ["put", ["k", "v", { expirationTtl: 90 }]],
      ["put", ["k", "v", { expiration: 2_000_000_000 }]],
      ["list", [{ limit: 500 }]],
    ]);
  });

  test("null says as little as nothing, as to the platform", () => {
    const { store, given } = handed({ default_ttl: 60, list_limit: 10 });
    given.KV.put("k", "v", null);
    given.KV.list(null);
    expect(store.calls).toEqual([
      ["put", ["k", "v", { expirationTtl: 60 }]],
      ["list", [{ limit: 10 }]],
    ]);
  });

  test.each([
    [0, 3],
    [-0, 3],
    [-1, 3],
    [0.5, 3],
    [Number.NaN, 3],
    [Number.POSITIVE_INFINITY, 3],
    [Number.NEGATIVE_INFINITY, 3],
    ["", 3],
    ["all", 3],
    ["500", 3],
    [[], 3],
    [{}, 3],
    [false, 3],
    [2n ** 64n, 3],
    [4, 3],
    [2 ** 32, 3],
    ["2", 2],
    [2.9, 2],
    [1, 1],
  ])("a limit of %s is no way around the store's own", (limit, asked) => {
    const { store, given } = handed({ list_limit: 3 });
    given.KV.list({ prefix: "a", limit });
    expect(store.calls).toEqual([["list", [{ prefix: "a", limit: asked }]]]);
  });

  test("everything else is as it was, and made once", () => {
    const { store, env, given } = handed({ list_limit: 1 });
    given.KV.get("k");
    expect(store.calls).toEqual([["get", ["k"]]]);
    expect([given.MODE, given.KV_OPTIONS]).toEqual(["live", { list_limit: 1 }]);
    expect(withStoreOptions(env)).toBe(given);
    const plain = { KV: store, OTHER_OPTIONS: { list_limit: 1 } };
    expect(withStoreOptions(plain) as Env).toBe(plain);
    expect(withStoreOptions(undefined)).toBe(undefined);
  });
});
