import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { type System, sleep, start } from "./fixtures/system";

const CROWD = 64;
const ORIGIN_MS = 300;

const tiers = { memory: {}, edge: {}, kv: null };
const policies: Record<string, CacheSpec> = {
  origin: { name: "origin", mode: "origin", tiers },
  "edge-only": { name: "edge-only", mode: "origin", tiers: { memory: null, edge: {}, kv: null } },
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
  readonly headers: Headers;
}

describe("a crowd on workerd", () => {
  let system: System;

  beforeAll(async () => {
    system = await start(policies);
  });
  afterAll(async () => {
    await system.stop();
  });

  async function get(path: string, init: RequestInit = {}, policy = "origin"): Promise<Answer> {
    const begun = performance.now();
    const headers = { "x-policy": policy, ...(init.headers as Record<string, string>) };
    const response = await fetch(system.url + path, { ...init, headers });
    const text = await response.text();
    return { status: response.status, text, ms: performance.now() - begun, headers: response.headers };
  }

  const crowd = (path: string, policy?: string) =>
    Promise.all(Array.from({ length: CROWD }, () => get(path, {}, policy)));

  /** A route that answers after a while, as a slow origin does. */
  function slow(path: string, headers: Record<string, string>, body = (count: number) => `body ${count}`) {
    system.origin.routes.set(path, (_request, response, count) => {
      setTimeout(() => response.writeHead(200, headers).end(body(count)), ORIGIN_MS);
    });
  }

  it.each(["origin", "edge-only"])("cold: one origin request, nobody much later than it (%s)", async (policy) => {
    await get("/bare", {}, policy);
    const path = `/cold-${policy}`;
    slow(path, { "cache-control": "max-age=60" });
    const answers = await crowd(path, policy);
    expect(system.origin.count(path)).toBe(1);
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["body 1"]));
    expect(answers.filter((answer) => answer.headers.get("cache-status")?.includes("collapsed"))).toHaveLength(
      CROWD - 1,
    );
    // 10 % later by the objective, which the bench measures; here 64 clients share the processor with all else.
    expect(Math.max(...answers.map((answer) => answer.ms))).toBeLessThan(ORIGIN_MS * 4);
    await sleep(50);
    expect((await get(path, {}, policy)).headers.get("x-cache")).toBe("HIT-EDGE");
  });

  it("no-store: two rounds at most, none served what another was given", async () => {
    slow("/no-store", { "cache-control": "no-store" });
    const answers = await crowd("/no-store");
    expect(system.origin.count("/no-store")).toBe(CROWD);
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(CROWD);
    expect(Math.max(...answers.map((answer) => answer.ms))).toBeLessThan(ORIGIN_MS * 6);
    // The next crowd does not wait for a leader at all.
    const again = await crowd("/no-store");
    expect(again.every((answer) => answer.headers.get("cache-status")?.includes("hit-for-miss"))).toBe(true);
  });

  it("stale: one revalidation for all", async () => {
    slow("/stale", { "cache-control": "max-age=1", etag: '"v"' });
    await get("/stale");
    await sleep(1100);
    const answers = await crowd("/stale");
    expect(system.origin.count("/stale")).toBe(2);
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["body 2"]));
  });

  it("stale with stale-while-revalidate: one revalidation, nobody waits", async () => {
    slow("/swr", { "cache-control": "max-age=1, stale-while-revalidate=60" });
    await get("/swr");
    await sleep(1100);
    const answers = await crowd("/swr");
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["body 1"]));
    // Whoever waited for the origin would have its new body: none has.
    await sleep(ORIGIN_MS + 150);
    expect(system.origin.count("/swr")).toBe(2);
    expect((await get("/swr")).text).toBe("body 2");
  });

  it("the first client's going away stops neither the others nor the store", async () => {
    system.origin.routes.set("/abort", (_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60" });
      response.write("x".repeat(1000));
      let sent = 0;
      const timer = setInterval(() => {
        response.write("x".repeat(1000));
        if (++sent === 5) {
          clearInterval(timer);
          response.end();
        }
      }, 60);
    });
    const first = new AbortController();
    const leader = get("/abort", { signal: first.signal }).catch((error: Error) => error.name);
    await sleep(40);
    const followers = Array.from({ length: 8 }, () => get("/abort"));
    await sleep(100);
    first.abort();
    expect(await leader).toBe("AbortError");
    for (const answer of await Promise.all(followers)) expect(answer.text).toBe("x".repeat(6000));
    expect(system.origin.count("/abort")).toBe(1);
    await sleep(30);
    expect((await get("/abort")).headers.get("x-cache")).toBe("HIT-EDGE");
  });

  it("takes an interim response that the runtime gives as final for a failure of the origin", async () => {
    system.origin.routes.set("/interim", (_request, response) => {
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.writeHead(200, { "cache-control": "max-age=60" }).end("final");
    });
    const { status, text } = await get("/interim");
    // A runtime that skips interim responses, as it should, gives the final one.
    expect([502, 200]).toContain(status);
    if (status === 200) expect(text).toBe("final");
  });

  it("streams a body that no tier's memory can hold to all who wait, and stores it at the edge", async () => {
    const chunk = Buffer.alloc(256 * 1024, 97);
    const size = 12 * 1024 * 1024;
    system.origin.routes.set("/large", async (_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60", "content-length": String(size) });
      for (let sent = 0; sent < size; sent += chunk.length) {
        if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
    });
    const answers = await Promise.all(Array.from({ length: 3 }, () => get("/large")));
    for (const answer of answers) expect(answer.text.length).toBe(size);
    expect(system.origin.count("/large")).toBe(1);
    // It is stored behind the answers, and a busy machine takes its time.
    await vi.waitFor(
      async () => {
        const again = await get("/large");
        expect(again.text.length).toBe(size);
        expect(again.headers.get("cache-status")).toContain("detail=edge");
      },
      { timeout: 15_000, interval: 100 },
    );
    const part = await get("/large", { headers: { range: "bytes=100-199" } });
    expect(part.status).toBe(206);
    expect(part.text.length).toBe(100);
  });
});
