// The modules that stand before a Worker's main module: they mark what the Worker prints with its name and version, and print uncaught
// exceptions with their JavaScript stack. workerd's own log lines say neither. They change nothing else of the Worker.

export const ENTRY_MODULE = "edgewright-local-entry.js";
export const CONSOLE_MODULE = "edgewright-local-console.js";

/** Starts and ends the mark: a record separator does not come up in what people print. */
const MARK = "\u001e";

/** The Worker's new main module. */
export function entryModule(mainModule: string): string {
  const specifier = JSON.stringify(`./${mainModule}`);
  return `import { report } from "./${CONSOLE_MODULE}";
import * as main from ${specifier};
export * from ${specifier};
function watched(target) {
  if (typeof target !== "object" || target === null || typeof target.fetch !== "function") return target;
  const fetch = (...args) => {
    let answer;
    try {
      answer = target.fetch(...args);
    } catch (error) {
      report(error);
      throw error;
    }
    if (typeof answer?.then === "function") answer.then(undefined, report);
    return answer;
  };
  return Object.create(target, { fetch: { value: fetch, enumerable: true } });
}
export default watched(main.default ?? {});
`;
}

/** Imported first, so that what the other modules print while they are evaluated is marked too. */
export function consoleModule(worker: string, version: string): string {
  return `const mark = ${JSON.stringify(`${MARK}${worker}@${version}${MARK}`)};
for (const level of ["debug", "log", "info", "warn", "error", "trace"]) {
  const print = console[level].bind(console);
  // A format string stays the first argument.
  console[level] = (...args) => (typeof args[0] === "string" ? print(mark + args[0], ...args.slice(1)) : print(mark, ...args));
}
const error = console.error;
export const report = (thrown) => error("Uncaught %s", (thrown instanceof Error && thrown.stack) || String(thrown));
`;
}

/** Takes the mark off a line. */
export function unmark(message: string): { message: string; worker?: string; version?: string } {
  const end = message.startsWith(MARK) ? message.indexOf(MARK, 1) : -1;
  if (end === -1) return { message };
  const name = message.slice(1, end);
  const at = name.lastIndexOf("@");
  return { message: message.slice(end + 1).replace(/^ /, ""), worker: name.slice(0, at), version: name.slice(at + 1) };
}
