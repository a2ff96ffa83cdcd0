// What workerd says when a Worker does not start, as errors that name the Worker, the module, the line and the column.

import type { SourceMaps } from "./source-maps.js";

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
export function startupErrors(messages: readonly string[], ownModule: string, maps: SourceMaps): DeployError[] {
  const errors: DeployError[] = [];
  for (const message of messages) {
    const found = message.match(/^service core:user:((.+?)@.*?): ([\s\S]*)$/);
    if (!found) continue;
    const [, service, worker, text] = found as unknown as [string, string, string, string];
    const lines = text.replaceAll("file:///", "").trim().split("\n");
    const end = lines.findIndex((line) => /^\s+(?:at \S|imported from ")/.test(line));
    const rest = end === -1 ? [] : lines.slice(end);
    // Reasons may take several lines.
    const what = (end === -1 ? lines : lines.slice(0, end))
      .join("\n")
      .replace(/^Uncaught /, "")
      .replace(/^(?:Error: )?BadAssembly: /, ""); // our own word, of no use to whoever reads this
    // The parser counts columns from 0, stack frames from 1.
    const base = what.startsWith("SyntaxError") ? 1 : 0;
    const frames = rest
      .map((line) => line.match(/^\s*at (?:.+ \()?(\S+?):(\d+):(\d+)\)?(?: in .*)?$/))
      .filter((match) => match !== null && match[1] !== ownModule)
      .map((match) => {
        const [, module, line, column] = match as unknown as [string, string, string, string];
        return { module, line: Number(line), column: Number(column) + base };
      });
    const named = maps.named(service, what);
    const importer = rest.map((line) => line.match(/imported from "(.+)"/)?.[1]).find((name) => name !== undefined);
    // The user's own sources tell more than the modules that they were bundled into, and than edgewright's own.
    const mapped = frames
      .map(({ module, line, column }) => maps.place(service, module, line, column))
      .find((place) => place !== undefined);
    const frame = mapped === undefined && named.source === undefined ? frames[0] : undefined;
    errors.push({
      message: named.text,
      worker,
      module: mapped?.source ?? frame?.module ?? named.source ?? importer ?? null,
      line: mapped?.line ?? frame?.line ?? null,
      column: mapped?.column ?? frame?.column ?? null,
    });
  }
  return errors;
}

/** Everything else that workerd printed on the way down, so that nothing is swallowed. */
export function unexplained(messages: readonly string[], cause: unknown): DeployError[] {
  const text = messages.join("\n").trim() || (cause instanceof Error ? cause.message : String(cause));
  return [fault(`The Workers runtime did not start: ${text}`)];
}
