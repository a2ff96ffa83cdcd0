// A Worker that goes over the platform's limits of CPU time or memory, and a workerd that dies: what is ended, what is answered, what is said.

import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployment, type Gateway, startGateway, until, worker } from "./harness.js";

const WORKER = `
  const kept = [];
  export default { async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/loop") for (;;);
    if (pathname === "/late-loop") { await scheduler.wait(50); for (;;); }
    if (pathname === "/yielding") for (;;) await scheduler.wait(0);
    if (pathname === "/bytes") for (;;) kept.push(new Uint8Array(32 * 1024 * 1024).fill(1));
    if (pathname === "/objects") for (;;) kept.push({ one: [1, 2, 3] });
    if (pathname === "/busy") { let n = 0; for (let i = 0; i < 3e8; i++) n += i; return new Response(String(n)); }
    if (pathname === "/wait") await scheduler.wait(1_000);
    return new Response("ok");
  } };`;

const HOST = { Host: "api.example.com" };

function limited(cpuMs: number | null) {
  const one = worker(WORKER);
  for (const version of one.versions) version.cpu_ms = cpuMs;
  return { ...deployment(WORKER), workers: [one] };
}

function workerdOf(gateway: Gateway): number[] {
  return readdirSync("/proc")
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        return /^\d+$/.test(name) && stat.split(") ")[1]?.split(" ")[1] === String(gateway.pid);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function logged(gateway: Gateway, pattern: RegExp): Promise<string> {
  return until(async () => {
    const { entries } = (await gateway.control("GET", "/v1/logs?limit=5000")).json;
    return (entries as { message: string }[]).map(({ message }) => message).find((message) => pattern.test(message));
  });
}

describe("limits", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
    expect((await gateway.deploy(limited(100))).status).toBe(200);
  });
  afterAll(() => gateway.stop());

  test.each(["/loop", "/late-loop", "/yielding"])(
    "%s: ended, answered as by the platform, told with endpoint and limit, and others are answered again",
    async (path) => {
      const looping = gateway.get(path, HOST);
      const answer = await looping;
      expect(answer.status).toBe(503);
      expect(answer.json).toMatchObject({ title: "Worker exceeded resource limits", error_code: 1102 });
      expect(answer.json.detail).toContain(`GET http://api.example.com${path} used more than 100 ms of CPU time`);
      expect((await gateway.get("/", HOST)).text).toBe("ok");
      await logged(gateway, new RegExp(`^GET http://api\\.example\\.com${path} used more than 100 ms`));
      expect((await gateway.control("GET", "/v1/status")).json.runtime).toMatchObject({
        state: "running",
        reason: expect.stringContaining(path),
      });
    },
  );

  test("who came behind the loop is answered by the next workerd, not refused", async () => {
    const looping = gateway.get("/loop", HOST);
    const others = await Promise.all(
      Array.from({ length: 5 }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return gateway.get("/", HOST);
      }),
    );
    expect(others.map(({ text }) => text)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect((await looping).json).toMatchObject({ error_code: 1102 });
  });

  test.each(["/bytes", "/objects"])("%s: ended long before 2 GB, answered, and others go on", async (path) => {
    let most = 0;
    let done = false;
    const sampling = (async () => {
      while (!done) {
        for (const pid of workerdOf(gateway)) {
          try {
            most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0));
          } catch {} // It has just ended.
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    // Without a limit of CPU time that comes first.
    await gateway.deploy(limited(300_000));
    const answer = await gateway.get(path, HOST);
    done = true;
    await sampling;
    expect(answer.status).toBe(503);
    expect(answer.json.detail).toMatch(/memory|runtime/);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(2 * 1024 * 1024);
    expect((await gateway.get("/", HOST)).text).toBe("ok");
    await logged(gateway, /The Workers runtime/);
  });

  test("waiting takes no CPU time: nothing is ended", async () => {
    await gateway.deploy(limited(10));
    const before = (await gateway.control("GET", "/v1/status")).json.runtime.restarts;
    expect((await gateway.get("/wait", HOST)).text).toBe("ok");
    expect((await gateway.control("GET", "/v1/status")).json.runtime.restarts).toBe(before);
  });

  test("over the guardrail, where no limit is set: answered, with a warning", async () => {
    await gateway.deploy(limited(null));
    await gateway.get("/", HOST);
    expect((await gateway.get("/busy", HOST)).status).toBe(200);
    expect(await logged(gateway, /\/busy took about/)).toMatch(/more than the guardrail of 50 ms/);
  });

  test("modules that do not end loading: the deployment is refused, the last one serves", async () => {
    const answer = await gateway.deploy(deployment("for (;;); export default {};"));
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0].message).toMatch(/Loading the modules took more than 15 s of CPU time/);
    expect((await gateway.get("/", HOST)).text).toBe("ok");
  }, 240_000);
});

const PATIENCE_MS = 120_000;

describe("a workerd that dies", () => {
  test("three times in a second: status and log say so, requests wait or get 503, and then all is as before", async () => {
    const gateway = await startGateway();
    await gateway.deploy(deployment(WORKER));
    expect((await gateway.get("/", HOST)).text).toBe("ok");
    const statuses = new Set<number>();
    let killed = 0;
    let seen = 0;
    while (killed < 3) {
      for (const pid of workerdOf(gateway)) {
        try {
          process.kill(pid, "SIGKILL");
          killed += 1;
        } catch {} // It has just ended.
      }
      const { runtime } = (await gateway.control("GET", "/v1/status")).json;
      if (runtime.state === "restarting") {
        seen += 1;
        expect(runtime.reason).toMatch(/ended unexpectedly|does not start/);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(seen).toBeGreaterThan(0);
    await until(async () => {
      const answer = await gateway.get("/", HOST);
      statuses.add(answer.status);
      return answer.status === 200;
    });
    expect([200, 502, 503]).toEqual(expect.arrayContaining([...statuses]));
    const { runtime } = (await gateway.control("GET", "/v1/status")).json;
    expect(runtime.state).toBe("running");
    expect(runtime.restarts).toBeGreaterThan(0);
    await logged(gateway, /The Workers runtime serves again/);
    // KV is reached by the same workerd.
    expect((await gateway.get("/", HOST)).text).toBe("ok");
    await gateway.stop();
  });

  test(
    "for as long as it does not start, requests get 503 with the reason",
    async () => {
      const gateway = await startGateway();
      await gateway.deploy(deployment(WORKER));
      let going = true;
      const killing = (async () => {
        while (going) {
          for (const pid of workerdOf(gateway)) {
            try {
              process.kill(pid, "SIGKILL");
            } catch {} // It has just ended.
          }
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      await until(async () => (await gateway.control("GET", "/v1/status")).json.runtime.state === "restarting");
      // On a busy machine the runtime may live for a moment between two killings, and each request waits for it.
      const answer = await until(async () => {
        const given = await gateway.get("/", HOST);
        return given.status === 503 && given;
      }, PATIENCE_MS);
      expect(answer.json).toMatchObject({
        title: "The Workers runtime starts again",
        detail: expect.stringMatching(/Try again/),
      });
      expect(answer.headers["retry-after"]).toBe("1");
      going = false;
      await killing;
      await until(async () => (await gateway.get("/", HOST)).status === 200);
      await gateway.stop();
    },
    2 * PATIENCE_MS,
  );
});
