// A CloudFront Function's code: what is wrong with it before it runs, and the text that runs.

import { Script } from "node:vm";
import { CLOUDFRONT_FUNCTION_CODE_BYTES } from "../../../core/limits.gen.js";
import { syntaxFaults } from "./functions-syntax.js";
import type { CloudFrontFunction } from "./model.js";

const IMPORT =
  /(?<=^|;)([ \t]*)import\s*(?:([\w$]+)\s|\*\s*as\s+([\w$]+)\s|\{([^}]*)\})\s*from\s*(["'])([\w:/-]+)\5[ \t]*;?/gm;

/** `import x from "m"`, `import { a as b } from "m"`, `import * as x from "m"` as declarations. */
export function withoutImports(code: string): string {
  return code.replace(IMPORT, (_whole, indent: string, ...names: (string | undefined)[]) => {
    const [own, namespace, named, , module] = names;
    const load = `require(${JSON.stringify(module)})`;
    if (named !== undefined) return `${indent}const {${named.replace(/\bas\b/g, ":")}} = ${load};`;
    return `${indent}const ${own ?? namespace} = ${load}${own === undefined ? "" : ".default"};`;
  });
}

/** A function's code as a function of what it sees, so that its top-level variables are new in each run. */
export function runnable(fn: CloudFrontFunction): string {
  return `(function (require, __event) { "use strict"; ${withoutImports(fn.code)}\n;return handler(__event); })`;
}

/** What is wrong with a function before it runs, each as a sentence. */
export function functionFaults(fn: CloudFrontFunction): string[] {
  const faults: string[] = [];
  const size = Buffer.byteLength(fn.code);
  if (size > CLOUDFRONT_FUNCTION_CODE_BYTES) {
    faults.push(
      `CloudFront function ${fn.name} has ${size} bytes of code, more than the ${CLOUDFRONT_FUNCTION_CODE_BYTES} that CloudFront takes. ` +
        "Make it smaller or use Lambda@Edge.",
    );
  }
  for (const fault of syntaxFaults(fn.code, fn.runtime)) {
    faults.push(`CloudFront function ${fn.name}, line ${fault.line}: ${fault.what} (${fn.runtime}).`);
  }
  if (faults.length === 0) {
    try {
      new Script(runnable(fn), { filename: `${fn.name}.js` });
    } catch (error) {
      faults.push(`CloudFront function ${fn.name}: ${(error as Error).message}.`);
    }
  }
  const stores = fn.key_value_store_associations.length;
  if (stores > 1) faults.push(`CloudFront function ${fn.name} has ${stores} key-value stores; CloudFront allows one.`);
  return faults;
}
