import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // How long a busy machine may take; what is expected comes in a moment.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 30_000 } },
    // Tests wait for a third of their time; with many more files at once than processors each only gets slower.
    maxWorkers: 3,
  },
});
