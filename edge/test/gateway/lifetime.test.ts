// Start and end of the process: what it says, what it leaves behind.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bundle, deployment, edgeDir, type Gateway, spawnGateway, startGateway, until } from "./harness.js";

const WORKER =
  "export default { async fetch(request) { if (request.url.endsWith('/slow')) await scheduler.wait(600_000); return new Response('ok'); } };";
const directory = mkdtempSync(join(tmpdir(), "edgewright-life-"));
afterAll(() => rmSync(directory, { recursive: true }));

function parentOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.split(" ")[1];
  } catch {
    return undefined;
  }
}

const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === String(pid))
    .map(Number);

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

async function started(): Promise<{ gateway: Gateway; workerd: number[] }> {
  const gateway = await startGateway();
  expect((await gateway.deploy(deployment(WORKER))).status).toBe(200);
  const workerd = childrenOf(gateway.pid);
  expect(workerd).toHaveLength(1);
  return { gateway, workerd };
}

test("standard input closes: it ends with 0, without waiting for a request under way, and workerd is gone", async () => {
  const { gateway, workerd } = await started();
  const slow = gateway.get("/slow").catch((error: Error) => error);
  await until(async () => (await gateway.control("GET", "/v1/counters")).json.inFlight === 1);
  expect(await gateway.stop()).toBe(0);
  expect(await slow).toBeInstanceOf(Error);
  await until(() => workerd.filter(alive).length === 0);
  expect(gateway.stderr()).toBe("");
});

test.each([
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s: it ends with %d, and workerd is gone", async (signal, code) => {
  const { gateway, workerd } = await started();
  const ended = new Promise((resolve) => gateway.child.once("exit", resolve));
  gateway.child.kill(signal);
  expect(await ended).toBe(code);
  await until(() => workerd.filter(alive).length === 0);
});

test("two workerd during a reload: none is left", async () => {
  const { gateway, workerd } = await started();
  const slow = gateway.get("/slow").catch(() => undefined);
  await gateway.deploy(deployment(`${WORKER}// new`));
  const both = childrenOf(gateway.pid);
  expect(both).toHaveLength(2);
  await gateway.stop();
  await slow;
  await until(() => [...workerd, ...both].filter(alive).length === 0);
});

test("SIGKILL leaves workerd behind: the supervisor has to kill the process group", async () => {
  // `detached` puts the gateway at the head of a process group of its own, as its supervisor does.
  const child = spawn(process.execPath, [await bundle()], {
    cwd: edgeDir,
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const line = new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  const stateDir = join(directory, "killed");
  child.stdin.write(`${JSON.stringify({ port: 0, stateDir, runtimeDir: edgeDir })}\n`);
  const { controlPort, token, pid } = JSON.parse(await line) as { controlPort: number; token: string; pid: number };
  const answer = await fetch(`http://127.0.0.1:${controlPort}/v1/deploy`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify(deployment(WORKER)),
  });
  expect(answer.status).toBe(200);
  const workerd = childrenOf(pid);
  expect(workerd).toHaveLength(1);
  process.kill(pid, "SIGKILL");
  await until(() => !alive(pid));
  expect(workerd.filter(alive)).toEqual(workerd);
  process.kill(-pid, "SIGKILL");
  await until(() => workerd.filter(alive).length === 0);
});

test("a port in use: one line that says so, and exit 3", async () => {
  const gateway = await startGateway();
  const { child, line } = await spawnGateway({
    port: gateway.port,
    stateDir: join(directory, "in-use"),
    runtimeDir: edgeDir,
  });
  expect(line).toEqual({
    error: { code: "port-in-use", message: expect.stringContaining(`Port ${gateway.port} on 127.0.0.1 is in use`) },
  });
  expect(
    await new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve(child.exitCode))),
  ).toBe(3);
  await gateway.stop();
});

test.each<[string, object, string, number, RegExp]>([
  ["no state directory", { port: 0 }, "bad-options", 2, /stateDir is missing/],
  ["a port that is none", { port: 70000, stateDir: "x" }, "bad-options", 2, /port is 70000: a port from 0 to 65535/],
  [
    "no runtime",
    { port: 0, runtimeDir: "/nowhere" },
    "runtime-missing",
    3,
    /miniflare cannot be loaded from \/nowhere/,
  ],
])("%s: %o", async (_name, options, code, exit, message) => {
  const { child, line } = await spawnGateway({
    ...(code === "runtime-missing" && { stateDir: join(directory, "none") }),
    ...options,
  });
  expect(line.error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(
    await new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve(child.exitCode))),
  ).toBe(exit);
});

test("standard input that ends at once ends the process", async () => {
  const child = spawn(process.execPath, [await bundle()], { cwd: edgeDir, stdio: ["ignore", "pipe", "pipe"] });
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
});
