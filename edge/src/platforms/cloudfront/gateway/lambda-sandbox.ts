// What runs a Lambda@Edge function's code: one environment, which holds one invocation at a time.

import type { LambdaVersion } from "./model.js";

/** What an environment says. Results travel as JSON text, as in Lambda. */
export type Message =
  | { type: "ready"; importMs: number }
  | { type: "result"; id: number; text: string }
  | { type: "error" | "init-error"; id?: number; errorType: string; errorMessage: string; trace?: string };

export interface Invocation {
  id: number;
  /** JSON text. */
  event: string;
  requestId: string;
  /** Milliseconds since 1970. */
  deadline: number;
}

export interface SandboxEvents {
  message(message: Message): void;
  /** A line that the function has printed. */
  printed(level: "info" | "warn", line: string): void;
  /** It is gone, for this reason. */
  ended(error: Error, outOfMemory: boolean): void;
}

export interface Sandbox {
  post(invocation: Invocation): void;
  stop(): Promise<void>;
}

/** Only what Lambda reserves: Lambda@Edge has no environment variables of one's own. */
export function environmentOf({ name, version, runtime, memory_size: memory }: LambdaVersion, directory: string) {
  return {
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: `us-east-1.${name}`,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    LAMBDA_TASK_ROOT: directory,
    TZ: ":UTC",
  };
}

/** What the code that runs inside is told of its function. */
export function settingsOf({ name, version, handler, arn, memory_size: memory }: LambdaVersion, directory: string) {
  return {
    directory,
    handler,
    functionName: `us-east-1.${name}`,
    functionVersion: version,
    arn,
    memorySize: memory,
  };
}

/** Calls back once a line; a rest without an end is kept for what comes next. */
export function linesTo(take: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) if (line !== "") take(line);
  };
}
