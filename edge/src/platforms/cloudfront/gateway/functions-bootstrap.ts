// What runs in a CloudFront Function's worker thread, as text: it is started from a bundle, where it has no file.

/**
 * Makes the realm, then runs the function once a message. Only text crosses into the realm, and a run that does not
 * end is the other side's to stop.
 */
export const FUNCTION_BOOTSTRAP = `
"use strict";
const { parentPort, workerData } = require("node:worker_threads");
const { createContext, Script } = require("node:vm");
const { createHash, createHmac } = require("node:crypto");

const { name, code, realm, stores, runtime2 } = workerData;
const ENTER = new Script("(function () { var run = globalThis.__run; delete globalThis.__run; run(); })()");
const RUNNER = "(" + function (realm, body) {
  "use strict";
  var parse = JSON.parse, stringify = JSON.stringify;
  // Runtime 1.0 has no promises, so nothing there can return one.
  var resolve = typeof Promise === "undefined" ? undefined : Promise.resolve.bind(Promise);
  function describe(error) {
    return error !== null && typeof error === "object" && "message" in error ? String(error.name) + ": " + String(error.message) : String(error);
  }
  function done(outcome, value) {
    try { outcome.text = stringify(value); } catch (error) { outcome.error = describe(error); }
    if (outcome.text === undefined) outcome.text = "null";
  }
  return function (text, at, outcome) {
    realm.begin(at);
    try {
      var value = body(realm.require, parse(text));
      if (resolve === undefined || value === null || typeof value !== "object" || typeof value.then !== "function") done(outcome, value);
      else resolve(value).then(function (result) { done(outcome, result); }, function (error) { outcome.error = describe(error); });
    } catch (error) { outcome.error = describe(error); }
  };
} + ")";

const context = createContext(Object.create(null), {
  name,
  codeGeneration: { strings: false, wasm: false },
  // Promises of the realm settle within the run, so what has not settled by its end never will.
  microtaskMode: "afterEvaluate",
});
const evaluate = (text, filename) => new Script(text, { filename }).runInContext(context);
const body = evaluate(code, name + ".js");
const run = evaluate(RUNNER)(evaluate(realm)({
  runtime2,
  stores,
  log: (text) => parentPort.postMessage({ log: String(text) }),
  digest: (algorithm, key, data) => {
    const hash = key === null ? createHash(algorithm) : createHmac(algorithm, Buffer.from(key, "base64"));
    return hash.update(Buffer.from(data, "base64")).digest("base64");
  },
}), body);

parentPort.on("message", ({ text, now }) => {
  const outcome = {};
  const started = performance.now();
  try {
    context.__run = () => run(text, now, outcome);
    ENTER.runInContext(context);
  } catch (error) {
    outcome.error = String(error);
  }
  if (outcome.text === undefined && outcome.error === undefined) outcome.error = "it returned a promise that nothing settles";
  parentPort.postMessage({ text: outcome.text, error: outcome.error, ms: performance.now() - started });
});
parentPort.postMessage({ ready: true });
`;
