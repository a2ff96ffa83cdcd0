import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // workerd processes beside the tests: more files at once than processors only makes each slower.
    maxWorkers: 2,
  },
});
