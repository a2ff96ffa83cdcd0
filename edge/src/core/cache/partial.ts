/** The bytes of parts: the rest of one that is stored, and two that become one. What is decided on them: ./decide/parts.ts. */

import type { OriginMode } from "./core";
import {
  areCombinable,
  headersOfWhole,
  isOfAnotherVersion,
  lengthOf,
  requestForRest,
  unionOf,
  withRange,
} from "./decide/parts";
import type { PartRange } from "./stored";
import { concat } from "./streams";

/** Where the stored part begins with the first byte, and its version is known: asks for the rest. */
export const completion: OriginMode["completion"] = (selected, headers) => {
  const stored = selected?.stored;
  const rest = stored && requestForRest(stored);
  // What is a stream (the edge tier's) cannot go before the rest without being read here first.
  const first = selected?.body;
  if (!rest || !(first instanceof ArrayBuffer)) return undefined;
  headers.set("range", rest.range);
  headers.set("if-range", rest.ifRange);
  return {
    isOfAnotherVersion: ({ status, headers: given }) => isOfAnotherVersion(stored, rest.part, status, given),
    whole: (response, bytes) => ({
      headers: headersOfWhole(stored, rest.part, response.headers),
      body: concat(first, bytes),
    }),
  };
};

/**
 * A new part together with a stored one, where they are of one version and touch. Undefined where the bytes are not those of
 * the range.
 */
export const combine: OriginMode["combine"] = (selected, stored, bytes) => {
  const { range } = stored;
  if (!range || bytes.byteLength !== lengthOf(range)) return undefined;
  const old = selected?.stored.range;
  const oldBytes = selected?.body;
  if (!old || !(oldBytes instanceof ArrayBuffer) || !areCombinable(selected.stored, stored)) {
    return { stored: withRange(stored, range), body: bytes };
  }
  const both = unionOf(old, range);
  return { stored: withRange(stored, both), body: joined(both, old, oldBytes, range, bytes) };
};

function joined(both: PartRange, old: PartRange, oldBytes: ArrayBuffer, range: PartRange, bytes: ArrayBuffer) {
  const body = new Uint8Array(lengthOf(both));
  body.set(new Uint8Array(oldBytes), old.start - both.start);
  body.set(new Uint8Array(bytes), range.start - both.start);
  return body.buffer;
}
