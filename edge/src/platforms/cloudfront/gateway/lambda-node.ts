// A Node.js function in a worker thread of this process.

import { Worker } from "node:worker_threads";
import { LAMBDA_BOOTSTRAP } from "./lambda-bootstrap.js";
import { environmentOf, type Message, type Sandbox, type SandboxEvents, settingsOf } from "./lambda-sandbox.js";
import type { LambdaVersion } from "./model.js";

export function startNode(version: LambdaVersion, directory: string, events: SandboxEvents): Sandbox {
  const { name, version: number, memory_size: memory } = version;
  const worker = new Worker(LAMBDA_BOOTSTRAP, {
    eval: true,
    name: `lambda ${name}:${number}`,
    stdout: true,
    stderr: true,
    env: environmentOf(version, directory),
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: Math.max(8, Math.floor(memory / 8)) },
    workerData: settingsOf(version, directory),
  });
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n"))
        if (line !== "") events.printed(stream === worker.stderr ? "warn" : "info", line);
    });
  }
  worker.on("message", (message: Message) => events.message(message));
  worker.on("error", (error: Error & { code?: string }) => {
    events.ended(error, error.code === "ERR_WORKER_OUT_OF_MEMORY");
  });
  worker.on("exit", (code) => events.ended(new Error(`Runtime exited with exit code ${code}`), false));
  worker.unref();
  return {
    post: (invocation) => worker.postMessage(invocation),
    stop: async () => {
      await worker.terminate();
    },
  };
}
