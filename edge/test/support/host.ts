/** A Host for tests of one step, with a clock that a test sets. */

import type { Host, LogEntry } from "../../src/core/host";

export interface TestHost extends Host {
  logged: LogEntry[];
  background: Promise<unknown>[];
  time: number;
}

export function testHost(part: Partial<Host> = {}): TestHost {
  const host: TestHost = {
    platform: "test",
    logged: [],
    background: [],
    time: 1_000_000,
    now: () => host.time,
    random: () => 0.5,
    fetch: () => Promise.reject(new Error("no network in this test")),
    rawBodies: false,
    waitUntil: (work) => void host.background.push(work),
    edgeCache: undefined,
    kv: () => undefined,
    geo: () => ({}),
    clientIp: () => undefined,
    secret: () => undefined,
    rateLimit: () => undefined,
    log: (entry) => void host.logged.push(entry),
    ...part,
  };
  return host;
}
