import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // How long a busy machine may take; what is expected comes in a moment.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 30_000 } },
    // workerd processes beside the tests: more files at once than processors only makes each slower.
    maxWorkers: 2,
  },
});
