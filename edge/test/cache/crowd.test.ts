import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { type System, start } from "./fixtures/system";

const CROWD = 64;

const tiers = { memory: {}, edge: {}, kv: null };
const policies: Record<string, CacheSpec> = {
  origin: { name: "origin", mode: "origin", tiers },
  "edge-only": { name: "edge-only", mode: "origin", tiers: { memory: null, edge: {}, kv: null } },
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

// How much later than the origin a crowd is answered is measured by the bench.
describe("a crowd on workerd", () => {
  let system: System;

  beforeAll(async () => {
    system = await start(policies);
  });
  afterAll(async () => {
    await system.stop();
  });

  async function get(path: string, init: RequestInit = {}, policy = "origin"): Promise<Answer> {
    const headers = { "x-policy": policy, ...(init.headers as Record<string, string>) };
    const response = await fetch(system.url + path, { ...init, headers });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  }

  const crowd = (path: string, policy?: string) =>
    Promise.all(Array.from({ length: CROWD }, () => get(path, {}, policy)));

  /** A route whose answers, after the first with another Cache-Control, wait from `hold` to `release`, as a slow origin's do. */
  function slow(path: string, control: string, later = control) {
    const waiting: (() => void)[] = [];
    let holding = false;
    system.origin.routes.set(path, (_request, response, count) => {
      const headers = { "cache-control": count === 1 ? control : later };
      const answer = () => void response.writeHead(200, headers).end(`body ${count}`);
      if (holding) waiting.push(answer);
      else answer();
    });
    return {
      hold: () => {
        holding = true;
      },
      release: () => {
        holding = false;
        for (const answer of waiting.splice(0)) answer();
      },
    };
  }

  /** A crowd that is in the cache as a whole before the origin answers. */
  async function gathered(path: string, origin: ReturnType<typeof slow>, policy?: string): Promise<Answer[]> {
    origin.hold();
    const answers = crowd(path, policy);
    await system.underWay(CROWD);
    origin.release();
    return answers;
  }

  it.each(["origin", "edge-only"])("cold: one origin request for all (%s)", async (policy) => {
    const path = `/cold-${policy}`;
    const answers = await gathered(path, slow(path, "max-age=60"), policy);
    expect(system.origin.count(path)).toBe(1);
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["body 1"]));
    expect(answers.filter((answer) => answer.headers.get("cache-status")?.includes("collapsed"))).toHaveLength(
      CROWD - 1,
    );
    await expect.poll(async () => (await get(path, {}, policy)).headers.get("x-cache")).toBe("HIT-EDGE");
    expect(system.origin.count(path)).toBe(1);
  });

  it("no-store: two rounds at most, none served what another was given", async () => {
    const origin = slow("/no-store", "no-store");
    origin.hold();
    const answers = crowd("/no-store");
    await system.underWay(CROWD);
    // One asks for all; once it is clear that its answer is nobody else's, all others ask at once.
    expect(system.origin.count("/no-store")).toBe(1);
    origin.release();
    origin.hold();
    await expect.poll(() => system.origin.count("/no-store")).toBe(CROWD);
    origin.release();
    expect(new Set((await answers).map((answer) => answer.text)).size).toBe(CROWD);
    // The next crowd does not wait for a leader at all.
    const again = await crowd("/no-store");
    expect(again.every((answer) => answer.headers.get("cache-status")?.includes("hit-for-miss"))).toBe(true);
  });

  it("stale: one revalidation for all", async () => {
    const origin = slow("/stale", "max-age=60", "max-age=600");
    await get("/stale");
    await system.advance(61);
    const answers = await gathered("/stale", origin);
    expect(system.origin.count("/stale")).toBe(2);
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["body 2"]));
  });

  it("stale with stale-while-revalidate: one revalidation, nobody waits", async () => {
    const origin = slow("/swr", "max-age=60, stale-while-revalidate=600", "max-age=600");
    await get("/swr");
    await system.advance(61);
    origin.hold();
    // All are answered although the origin is not.
    const answers = await crowd("/swr");
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(["body 1"]));
    await expect.poll(() => system.origin.count("/swr")).toBe(2);
    origin.release();
    await expect.poll(async () => (await get("/swr")).text).toBe("body 2");
    expect(system.origin.count("/swr")).toBe(2);
  });

  it("the first client's going away stops neither the others nor the store", async () => {
    let end = () => {};
    system.origin.routes.set("/abort", (_request, response) => {
      response.writeHead(200, { "cache-control": "max-age=60" }).write("x".repeat(1000));
      end = () => void response.end("x".repeat(5000));
    });
    const first = new AbortController();
    const leader = await fetch(`${system.url}/abort`, { headers: { "x-policy": "origin" }, signal: first.signal });
    expect(leader.status).toBe(200);
    const rest = leader.text().catch((error: Error) => error.name);
    const followers = Array.from({ length: 8 }, () =>
      fetch(`${system.url}/abort`, { headers: { "x-policy": "origin" } }),
    );
    for (const { status } of await Promise.all(followers)) expect(status).toBe(200);
    first.abort();
    expect(await rest).toBe("AbortError");
    end();
    for (const answer of followers) expect(await (await answer).text()).toBe("x".repeat(6000));
    expect(system.origin.count("/abort")).toBe(1);
    await expect.poll(async () => (await get("/abort")).headers.get("x-cache")).toBe("HIT-EDGE");
    expect(system.origin.count("/abort")).toBe(1);
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
      // Who comes when the first bytes have been let go asks for itself.
      await system.underWay(3);
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
