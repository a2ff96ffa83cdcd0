// The modules that stand before a Worker's main module: they mark what the Worker prints with its name and version, and print uncaught
// exceptions with their JavaScript stack. workerd's own log lines say neither. They change nothing else of the Worker.

export const ENTRY_MODULE = "edgewright-local-entry.js";
export const CONSOLE_MODULE = "edgewright-local-console.js";

/** Starts and ends the mark: a record separator does not come up in what people print. */
export const MARK = "\u001e";
/** Begins what the entry module itself tells of an exception: a Worker may print the same words. */
const UNCAUGHT = "\u001d";

/** By which a purge from the gateway is told from a client's request, whose headers of this beginning are removed. */
export const PURGE_HEADER = "x-local-purge";

/** Names a streamed answer to the cache in front, which removes it. */
export const ANSWER_HEADER = "x-edgewright-front-answer";

export interface EntryOptions {
  mainModule: string;
  /** The value of PURGE_HEADER that only the gateway knows. */
  purgeToken: string;
  /** Classes of `ctx.exports` whose objects another version holds, each with the binding that leads to it. */
  classes: readonly (readonly [name: string, binding: string])[];
  /** Where the version's `ctx.cache` sends what it purges; undefined where it has no cache in front. */
  frontCacheUrl: string | undefined;
}

/** `ctx.cache` of Workers Cache, which workerd leaves undefined. */
const frontModule = (url: string): string => `
function front(ctx) {
  const call = (soft) => async (what) => {
    const answer = await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify({ what, soft }) });
    return answer.json();
  };
  Object.defineProperty(ctx, "cache", { value: { purge: call(false), invalidate: call(true) }, configurable: true });
}

// A body of unknown length that breaks off is ended by workerd as if it were whole, and would be kept. So the cache is told first.
const [streams, sized] = [new WeakSet(), new WeakSet()];
globalThis.FixedLengthStream = new Proxy(FixedLengthStream, { construct(target, args, made) {
  const stream = Reflect.construct(target, args, made);
  sized.add(stream.readable);
  return stream;
} });
globalThis.Response = new Proxy(Response, { construct(target, args, made) {
  const answer = Reflect.construct(target, args, made);
  if (args[0] instanceof ReadableStream && !sized.has(args[0])) streams.add(answer);
  return answer;
} });

function whole(answer, ctx) {
  if (!(answer instanceof Response) || answer.body === null || answer.webSocket) return answer;
  // Texts and bytes have a length that only workerd knows, and arrive whole; what was fetched has a URL.
  if (!streams.has(answer) && answer.url === "") return answer;
  // What is compressed by hand could not be passed on as it is; its end shows whether it is whole.
  if (answer.headers.has("content-length") || answer.headers.has("content-encoding")) return answer;
  const id = crypto.randomUUID();
  const { readable, writable } = new IdentityTransformStream();
  const broken = async (error) => {
    await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify({ broken: id }) }).catch(() => {});
    await writable.abort(error);
  };
  ctx.waitUntil(answer.body.pipeTo(writable, { preventAbort: true }).catch(broken));
  const passed = new Response(readable, answer);
  passed.headers.set(${JSON.stringify(ANSWER_HEADER)}, id);
  return passed;
}
`;

/** `ctx.exports` with the classes whose objects another version holds: each object runs in one version. */
const exportsModule = (classes: EntryOptions["classes"]): string => `
function own(ctx, env) {
  if (ctx.exports === undefined) return;
  const value = Object.create(ctx.exports);
  for (const [name, binding] of ${JSON.stringify(classes)}) {
    Object.defineProperty(value, name, { value: env[binding], enumerable: true });
  }
  Object.defineProperty(ctx, "exports", { value, configurable: true });
}
`;

/** The Worker's new main module. */
export function entryModule({ mainModule, purgeToken, classes, frontCacheUrl }: EntryOptions): string {
  const specifier = JSON.stringify(`./${mainModule}`);
  return `import { report } from "./${CONSOLE_MODULE}";
import * as main from ${specifier};
export * from ${specifier};
${frontCacheUrl === undefined ? "const front = () => {}, whole = (answer) => answer;" : frontModule(frontCacheUrl)}
${classes.length === 0 ? "function own() {}" : exportsModule(classes)}
function watched(target) {
  if (typeof target !== "object" || target === null || typeof target.fetch !== "function") return target;
  const fetch = (...args) => {
    let answer;
    try {
      const [request, env, ctx] = args;
      front(ctx);
      own(ctx, env);
      if (request.headers.get(${JSON.stringify(PURGE_HEADER)}) === ${JSON.stringify(purgeToken)}) {
        return request.json().then((what) => target.purge?.(what, env, ctx)).then((report) => Response.json(report ?? null));
      }
      answer = target.fetch(...args);
    } catch (error) {
      report(error);
      throw error;
    }
    if (typeof answer?.then !== "function") return whole(answer, args[2]);
    answer.then(undefined, report);
    return answer.then((given) => whole(given, args[2]));
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
export const report = (thrown) => error(${JSON.stringify(`${UNCAUGHT}Uncaught %s`)}, (thrown instanceof Error && thrown.stack) || String(thrown));
`;
}

/** A line that a Worker printed. */
export interface Printed {
  message: string;
  worker?: string;
  version?: string;
  /** The entry module told of an exception that the Worker did not catch. */
  uncaught?: true;
}

/** Takes the marks off a line. */
export function unmark(line: string): Printed {
  const end = line.startsWith(MARK) ? line.indexOf(MARK, 1) : -1;
  if (end === -1) return { message: line };
  const name = line.slice(1, end);
  const at = name.lastIndexOf("@");
  const origin = { worker: name.slice(0, at), version: name.slice(at + 1) };
  const message = line.slice(end + 1).replace(/^ /, "");
  return message.startsWith(UNCAUGHT)
    ? { message: message.slice(UNCAUGHT.length), ...origin, uncaught: true }
    : { message, ...origin };
}
