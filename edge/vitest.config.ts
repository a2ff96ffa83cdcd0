import { defineConfig } from "vitest/config";

/** Tests of the cache by its own interface, on stores in memory. */
const CACHE = ["gather", "hit", "memory", "model", "origin", "override", "purge-kv", "races", "tiers", "decide"];

export default defineConfig({
  test: {
    // How long a busy machine may take; what is expected comes in a moment.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 30_000 } },
    // Tests wait for a third of their time; with many more files at once than processors each only gets slower.
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: "edge", include: ["test/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          // The same tests, on the parts alone that a function with the test's policy is given.
          name: "cache as shipped",
          include: CACHE.map((name) => `test/cache/${name}.test.ts`),
          env: { CACHE_ASSEMBLY: "shipped" },
        },
      },
    ],
  },
});
