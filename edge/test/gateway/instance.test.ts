// The supervision of workerd, where its end comes at an unlucky moment: a stand-in for miniflare says when.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type * as MiniflareModule from "miniflare";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Doors } from "../../src/gateway/doors.js";
import { Instance, type InstanceOptions } from "../../src/gateway/instance.js";
import { Logs } from "../../src/gateway/logs.js";
import { SourceMaps } from "../../src/gateway/source-maps.js";
import { until } from "./harness.js";

let folder: string;
let doors: Doors;
/** What there was of each workerd: its output. */
let outputs: Readable[];
/** Numbers of the workerds that are gone before they are taken for started. */
let stillborn: number[];
/** Those of which miniflare does not notice that they are gone: it waits for them, and for their end, for ever. */
let unnoticed: number[];
/** Those before which miniflare hangs: there is no workerd, no end of it, and no word of either. */
let unborn: number[];
/** Stands for workerd where its id is asked for: what goes over a limit is killed by it. */
let sleeper: ChildProcess;

class Stand {
  readonly ready: Promise<void>;
  readonly #hangs: boolean;

  constructor(options: { handleRuntimeStdio(out: Readable, err: Readable): void }) {
    const out = new Readable({ read() {} });
    outputs.push(out);
    options.handleRuntimeStdio(out, new Readable({ read() {} }));
    this.#hangs = unnoticed.includes(outputs.length) || unborn.includes(outputs.length);
    this.ready = this.#hangs ? new Promise(() => {}) : new Promise((resolve) => setTimeout(resolve, 50));
    if (unborn.includes(outputs.length)) return;
    // The launcher writes it down, and nobody takes it back.
    writeFileSync(join(doors.directory, "one", "pid"), String(sleeper.pid));
    if (stillborn.includes(outputs.length)) out.push(null);
  }

  dispose(): Promise<void> {
    return this.#hangs ? new Promise(() => {}) : Promise.resolve();
  }
}

class NoOpLog {}

function start(more: Partial<InstanceOptions> = {}): Promise<Instance> {
  const miniflare = { Miniflare: Stand, NoOpLog } as unknown as typeof MiniflareModule;
  const options: Partial<InstanceOptions> = {
    ...{ name: "one", miniflare, workerd: "workerd", doors, workers: [], namespaces: [] },
    ...{
      stateDir: folder,
      cacheDir: folder,
      logs: new Logs(undefined),
      maps: new SourceMaps({ workers: [] }),
    },
    ...more,
  };
  return Instance.start(options as InstanceOptions);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "edgewright-instance-"));
  doors = new Doors(folder);
  outputs = [];
  sleeper = spawn("sleep", ["600"]);
  stillborn = [];
  unnoticed = [];
  unborn = [];
});

afterEach(() => {
  sleeper.kill("SIGKILL");
  doors.remove();
  rmSync(folder, { recursive: true, force: true });
});

test("one that is gone before it is taken for started is followed by another", async () => {
  stillborn = [1, 3];
  const instance = await start();
  await until(() => outputs.length === 2 && instance.runtime.state === "running");
  outputs[1]?.push(null);
  await until(() => outputs.length === 4 && instance.runtime.state === "running");
  expect(instance.runtime.restarts).toBe(3);
  await instance.dispose();
});

test("one whose end miniflare does not notice is followed by another", async () => {
  stillborn = [2];
  unnoticed = [2];
  const instance = await start();
  outputs[0]?.push(null);
  await until(() => instance.runtime.state === "restarting");
  await until(() => outputs.length === 3 && instance.runtime.state === "running");
  await instance.dispose();
});

test("one that miniflare does not even start fails in time", async () => {
  unborn = [1];
  await expect(start({ startMs: 100 })).rejects.toThrow("miniflare has not started workerd after 0.1 s");
});

test("one that is started and never ready fails in time", async () => {
  unnoticed = [1];
  await expect(start({ startMs: 100 })).rejects.toThrow("workerd was not ready after 0.1 s");
});

test("one that miniflare does not even start again is followed by another", async () => {
  unborn = [2];
  const instance = await start({ startMs: 500 });
  outputs[0]?.push(null);
  await until(() => outputs.length === 3 && instance.runtime.state === "running");
  await instance.dispose();
});
