/** The user's modules on Lambda@Edge. */

import { handlerOf } from "../../../core/handler";
import { real } from "./web";

/** Each module, given requests of Node's own kind: what it does with them is not known here. */
export function onReal(handlers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const wrapped = Object.entries(handlers).map(([name, module]): [string, unknown] => {
    const handler = handlerOf(module);
    if (handler === undefined) return [name, module];
    return [name, { default: (request: Request, ...rest: [unknown, never]) => handler(real(request), ...rest) }];
  });
  return Object.fromEntries(wrapped);
}
