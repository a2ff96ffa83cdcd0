// What runs in a function's worker thread, as text: it is started from a bundle, where it has no file of its own.

/**
 * Loads the handler, then answers one invocation at a time. Results travel as JSON text, as in Lambda, so what cannot be
 * written as JSON fails there.
 */
export const LAMBDA_BOOTSTRAP = `
"use strict";
const { parentPort, workerData } = require("node:worker_threads");
const { existsSync } = require("node:fs");
const { join, dirname } = require("node:path");
const { pathToFileURL } = require("node:url");

const { directory, handler, functionName, functionVersion, arn, memorySize } = workerData;
const exit = (type) => (...values) => parentPort.postMessage({ type, ...Object.assign({}, ...values) });

function describe(error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: error.stack }
    : { errorType: typeof error, errorMessage: String(error) };
}

async function load() {
  const dot = handler.lastIndexOf(".");
  const file = handler.slice(0, dot);
  const name = handler.slice(dot + 1);
  const path = [".mjs", ".js", ".cjs"].map((end) => join(directory, file + end)).find((each) => existsSync(each));
  if (path === undefined) {
    const error = new Error("Cannot find module '" + file + "'");
    error.name = "Runtime.ImportModuleError";
    throw error;
  }
  const module = await import(pathToFileURL(path).href);
  const found = module[name] ?? module.default?.[name];
  if (typeof found !== "function") {
    const error = new Error(handler + " is undefined or not exported");
    error.name = "Runtime.HandlerNotFound";
    throw error;
  }
  return found;
}

function invoke(run, event, requestId, deadline) {
  return new Promise((resolve, reject) => {
    const context = {
      callbackWaitsForEmptyEventLoop: true,
      functionName,
      functionVersion,
      invokedFunctionArn: arn,
      memoryLimitInMB: String(memorySize),
      awsRequestId: requestId,
      logGroupName: "/aws/lambda/us-east-1." + functionName,
      logStreamName: "local",
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
      done: (error, result) => (error ? reject(error) : resolve(result)),
      succeed: resolve,
      fail: reject,
    };
    const callback = (error, result) => (error ? reject(error) : resolve(result));
    const answer = run(event, context, callback);
    if (answer !== null && typeof answer === "object" && typeof answer.then === "function") answer.then(resolve, reject);
    // A handler that takes no callback and returns no promise has answered.
    else if (answer !== undefined || run.length < 3) resolve(answer);
  });
}

// A throw outside of an invocation's promise (in a timer, say) ends the invocation, as in Lambda.
let failed;
process.on("uncaughtException", (error) => failed?.(error));
process.on("unhandledRejection", (error) => failed?.(error));

const started = performance.now();
load().then(
  (run) => {
    exit("ready")({ importMs: performance.now() - started });
    parentPort.on("message", async ({ id, event, requestId, deadline }) => {
      try {
        const thrown = new Promise((_resolve, reject) => { failed = reject; });
        thrown.catch(() => {});
        const result = await Promise.race([invoke(run, JSON.parse(event), requestId, deadline), thrown]);
        const text = JSON.stringify(result === undefined ? null : result);
        exit("result")({ id, text: text === undefined ? "null" : text });
      } catch (error) {
        exit("error")({ id }, describe(error));
      } finally {
        failed = undefined;
      }
    });
  },
  (error) => exit("init-error")(describe(error)),
);
`;
