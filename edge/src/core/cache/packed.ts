/** A stored value as bytes, for a store that keeps nothing else. */

import { type Index, type Meta, parseValue } from "./entry";

/** One value: the length of the JSON (4 bytes, big-endian), the JSON, the body. */
export function pack(value: Meta | Index, body: ArrayBuffer | null): ArrayBuffer {
  const head = new TextEncoder().encode(JSON.stringify(value));
  const packed = new Uint8Array(4 + head.length + (body?.byteLength ?? 0));
  new DataView(packed.buffer).setUint32(0, head.length);
  packed.set(head, 4);
  if (body) packed.set(new Uint8Array(body), 4 + head.length);
  return packed.buffer;
}

export function unpack(bytes: ArrayBuffer): { value: Meta | Index; body: ArrayBuffer } | undefined {
  if (bytes.byteLength < 4) return undefined;
  const length = new DataView(bytes).getUint32(0);
  if (4 + length > bytes.byteLength) return undefined;
  const value = parseValue(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  return value && { value, body: bytes.slice(4 + length) };
}
