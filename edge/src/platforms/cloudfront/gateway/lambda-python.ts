// A Python function in a process of its own, on the Python of this machine with its standard library alone.

import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import {
  environmentOf,
  linesTo,
  type Message,
  type Sandbox,
  type SandboxEvents,
  settingsOf,
} from "./lambda-sandbox.js";
import type { LambdaVersion } from "./model.js";

/**
 * Loads the handler, then answers one invocation a line of its standard input, by a line of file 3: what the function
 * prints stays apart. It ends with its input.
 */
const PYTHON_BOOTSTRAP = `
import importlib, json, os, sys, time, traceback

settings = json.loads(sys.argv[1])
answers = os.fdopen(3, "w", encoding="utf-8")
sys.stdout.reconfigure(line_buffering=True)


def tell(**message):
    answers.write(json.dumps(message) + "\\n")
    answers.flush()


def failure(error):
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {"errorType": type(error).__name__, "errorMessage": str(error), "trace": "".join(lines)}


class Context:
    def __init__(self, request_id, deadline):
        self.function_name = settings["functionName"]
        self.function_version = settings["functionVersion"]
        self.invoked_function_arn = settings["arn"]
        self.memory_limit_in_mb = str(settings["memorySize"])
        self.aws_request_id = request_id
        self.log_group_name = "/aws/lambda/" + settings["functionName"]
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self):
        return max(0, int(self._deadline - time.time() * 1000))


def limit():
    # Beside what the interpreter itself has: Lambda's memory is the function's and the runtime's together.
    try:
        import resource

        with open("/proc/self/statm") as status:
            used = int(status.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + settings["memorySize"] * 1024 * 1024,) * 2)
    except (ImportError, OSError, ValueError):
        pass  # a system without such limits


def load():
    file, _, name = settings["handler"].rpartition(".")
    module = file.replace("/", ".")
    sys.path.insert(0, settings["directory"])
    os.chdir(settings["directory"])
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        return None, {"errorType": "Runtime.ImportModuleError", "errorMessage": "Unable to import module '%s': %s" % (module, error)}
    except SyntaxError as error:
        return None, {"errorType": "Runtime.UserCodeSyntaxError", "errorMessage": "Syntax error in module '%s': %s" % (module, error)}
    except BaseException as error:
        return None, failure(error)
    if not callable(getattr(found, name, None)):
        return None, {"errorType": "Runtime.HandlerNotFound", "errorMessage": "Handler '%s' missing on module '%s'" % (name, module)}
    return getattr(found, name), None


started = time.perf_counter()
limit()
handler, fault = load()
if fault is not None:
    tell(type="init-error", **fault)
    sys.exit(0)
tell(type="ready", importMs=(time.perf_counter() - started) * 1000)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        result = handler(json.loads(asked["event"]), Context(asked["requestId"], asked["deadline"]))
        try:
            text = json.dumps(result)
        except (TypeError, ValueError) as error:
            tell(type="error", id=asked["id"], errorType="Runtime.MarshalError", errorMessage="Unable to marshal response: %s" % error)
        else:
            tell(type="result", id=asked["id"], text=text)
    except MemoryError:
        sys.stderr.write("MemoryError\\n")
        sys.stderr.flush()
        os._exit(137)
    except Exception as error:
        tell(type="error", id=asked["id"], **failure(error))
    sys.stdout.flush()
`;

/** Milliseconds after a process's end for which its last output is waited for. */
const LAST_WORDS_MS = 250;

/** The status that the bootstrap ends with where memory ran out. */
const OUT_OF_MEMORY = 137;

export function startPython(version: LambdaVersion, directory: string, events: SandboxEvents): Sandbox {
  // Isolated, without site packages: what a package does not bring is not there on AWS either.
  const args = ["-I", "-S", "-B", "-c", PYTHON_BOOTSTRAP, JSON.stringify(settingsOf(version, directory))];
  const child = spawn(version.interpreter ?? "python3", args, {
    env: environmentOf(version, directory),
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const { stdin, stdout, stderr } = child;
  const answers = child.stdio[3] as Readable;
  for (const stream of [stdout, stderr]) {
    stream.setEncoding("utf8").on(
      "data",
      linesTo((line) => events.printed(stream === stderr ? "warn" : "info", line)),
    );
  }
  answers.setEncoding("utf8").on(
    "data",
    linesTo((line) => events.message(JSON.parse(line) as Message)),
  );
  // A process that is gone cannot be written to; its end is told below.
  for (const stream of [stdin, answers, stdout, stderr]) stream.on("error", () => undefined);
  child.on("error", (error) => events.ended(error, false));
  const gone = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    let told = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (told) return;
      told = true;
      events.ended(new Error(`Runtime exited with ${signal ?? `exit code ${code}`}`), code === OUT_OF_MEMORY);
      resolve();
    };
    // After what it has said last; but what it started may hold its output open for ever.
    child.on("close", end);
    child.on("exit", (code, signal) => setTimeout(end, LAST_WORDS_MS, code, signal).unref());
  });
  return {
    post: (invocation) => void stdin.write(`${JSON.stringify(invocation)}\n`),
    stop: () => {
      child.kill("SIGKILL");
      return gone;
    },
  };
}
