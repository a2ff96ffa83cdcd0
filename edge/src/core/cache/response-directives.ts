/** Which directives of a response hold for this cache: those of a targeted field (RFC 9213), or else of Cache-Control. */

import { type Directives, deltaSeconds, parseCacheControl } from "./directives";

export interface ResponseDirectives {
  readonly directives: Directives;
  /** A targeted field has them. */
  readonly targeted: boolean;
}

/** Undefined where it cannot tell. */
export type ReadDirectives = (
  headers: Pick<Headers, "get">,
  targetedFields: readonly string[],
) => ResponseDirectives | undefined;

/**
 * A member without a value, or with a whole number: nearly every targeted field is made of such ones. `private` and
 * `no-cache` mean another thing with a value.
 */
const PLAIN_MEMBER = /^ *(?!private=|no-cache=)(?<name>[a-z][a-z-]*)(?:=(?<seconds>\d{1,15}))? *$/;

/**
 * What is read of targeted fields where no policy has mode `origin`, which brings the whole of their grammar: one that says
 * more than this may forbid what it likes.
 */
export const readPlainDirectives: ReadDirectives = (headers, targetedFields) => {
  const field = targetedFields.map((name) => headers.get(name)).find(Boolean);
  if (!field) return { directives: parseCacheControl(headers.get("cache-control")), targeted: false };
  const directives = new Map<string, string | true>();
  for (const text of field.split(",")) {
    const member = PLAIN_MEMBER.exec(text)?.groups;
    if (!member?.name) return undefined;
    // In a Dictionary the last of two members with one name counts.
    directives.set(member.name, member.seconds === undefined ? true : String(deltaSeconds(member.seconds)));
  }
  return { directives, targeted: true };
};
