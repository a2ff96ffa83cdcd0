/** Tags of a response, by which purges find it. */

import { trimmed } from "../fields";
import type { Policy } from "./policy";

/** `Cache-Tag` (commas) and `Surrogate-Key` (spaces) of the origin, and the policy's own. */
export function tagsOf(headers: Pick<Headers, "get">, policy: Policy): string[] {
  const tags = trimmed(headers.get("cache-tag")?.split(","));
  return [...new Set([...policy.tags, ...tags, ...trimmed(headers.get("surrogate-key")?.split(" "))])];
}
