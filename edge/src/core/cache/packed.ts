/** A stored value as bytes, for a store that keeps nothing else. */

import { parseStored, type StoredValue } from "./stored";

const LENGTH_BYTES = 4;

/** The length of the JSON (4 bytes, big-endian), the JSON, the body. */
export function pack(value: StoredValue, body: ArrayBuffer | null): ArrayBuffer {
  const json = new TextEncoder().encode(JSON.stringify(value));
  const packed = new Uint8Array(LENGTH_BYTES + json.length + (body?.byteLength ?? 0));
  new DataView(packed.buffer).setUint32(0, json.length);
  packed.set(json, LENGTH_BYTES);
  if (body) packed.set(new Uint8Array(body), LENGTH_BYTES + json.length);
  return packed.buffer;
}

export function unpack(bytes: ArrayBuffer): { value: StoredValue; body: ArrayBuffer } | undefined {
  if (bytes.byteLength < LENGTH_BYTES) return undefined;
  const length = new DataView(bytes).getUint32(0);
  if (LENGTH_BYTES + length > bytes.byteLength) return undefined;
  const value = parseStored(new TextDecoder().decode(new Uint8Array(bytes, LENGTH_BYTES, length)));
  return value && { value, body: bytes.slice(LENGTH_BYTES + length) };
}
