// What workerd says when a Worker does not start, as errors that name the Worker, the module, the line and the column.

export interface DeployError {
  message: string;
  worker: string | null;
  module: string | null;
  line: number | null;
  column: number | null;
}

/** A deployment that cannot be applied; the last good one keeps serving. */
export class DeployFailed extends Error {
  constructor(readonly errors: DeployError[]) {
    super(errors.map((error) => error.message).join("\n"));
  }
}

export function fault(message: string, worker: string | null = null, module: string | null = null): DeployError {
  return { message, worker, module, line: null, column: null };
}

/**
 * Reads workerd's messages, one an element:
 *
 *     service core:user:api@v1: Uncaught SyntaxError: Unexpected token '{'
 *       at handler-x.js:2:9
 *
 *     service core:user:api@v1: Uncaught TypeError: start
 *       at file:///handler-x.js:2:9 in deep
 *
 *     service core:user:api@v1: Uncaught Error: No such module "nope.js".
 *       imported from "main.js"
 */
export function startupErrors(messages: readonly string[], ownModule: string): DeployError[] {
  const errors: DeployError[] = [];
  for (const message of messages) {
    const found = message.match(/^service core:user:(.+?)@.*?: ([\s\S]*)$/);
    if (!found) continue;
    const [, worker, text] = found as unknown as [string, string, string];
    const [first = "", ...rest] = text.replaceAll("file:///", "").trim().split("\n");
    const place = rest
      .map((line) => line.match(/^\s*at (\S+?):(\d+):(\d+)(?: in .*)?$/))
      .find((match) => match !== null && match[1] !== ownModule);
    const importer = rest.map((line) => line.match(/imported from "(.+)"/)?.[1]).find((name) => name !== undefined);
    const what = first.replace(/^Uncaught /, "");
    // The parser counts columns from 0, stack frames from 1.
    const base = what.startsWith("SyntaxError") ? 1 : 0;
    errors.push({
      message: what,
      worker,
      module: place?.[1] ?? importer ?? null,
      line: place ? Number(place[2]) : null,
      column: place ? Number(place[3]) + base : null,
    });
  }
  return errors;
}

/** Everything else that workerd printed on the way down, so that nothing is swallowed. */
export function unexplained(messages: readonly string[], cause: unknown): DeployError[] {
  const text = messages.join("\n").trim() || (cause instanceof Error ? cause.message : String(cause));
  return [fault(`The Workers runtime did not start: ${text}`)];
}
