import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemory } from "../../src/core/cache/memory";

/** A generator with a fixed seed (mulberry32), so that the trace is the same in each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function zipfTrace(objects: number, requests: number, exponent: number, seed: number): number[] {
  const cumulative: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= objects; rank++) {
    sum += rank ** -exponent;
    cumulative.push(sum);
  }
  const random = generator(seed);
  return Array.from({ length: requests }, () => {
    const at = random() * sum;
    let low = 0;
    let high = objects - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function hitRatio(trace: readonly number[], room: number): number {
  const memory = createMemory<number>();
  let hits = 0;
  for (const object of trace) {
    if (memory.get(String(object)) === undefined) memory.set(String(object), object, 100, room * 100);
    else hits++;
  }
  return hits / trace.length;
}

function lruRatio(trace: readonly number[], room: number): number {
  const held = new Set<number>();
  let hits = 0;
  for (const object of trace) {
    if (held.delete(object)) hits++;
    else if (held.size >= room) held.delete(held.values().next().value as number);
    held.add(object);
  }
  return hits / trace.length;
}

describe("memory", () => {
  const trace = zipfTrace(10_000, 100_000, 0.9, 42);

  it("reaches 60 % of hits with room for a tenth of a Zipf trace, where LRU stays near 55", () => {
    const ours = hitRatio(trace, 1_000);
    const lru = lruRatio(trace, 1_000);
    expect(lru).toBeGreaterThan(0.54);
    expect(lru).toBeLessThan(0.57);
    expect(ours).toBeGreaterThanOrEqual(0.6);
  });

  it("loses nothing with ample room", () => {
    const distinct = new Set(trace).size;
    expect(hitRatio(trace, 10_000)).toBe((trace.length - distinct) / trace.length);
  });

  it("never holds more bytes than it may, and gives back what was put last", () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), key: fc.nat(20), size: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant("get" as const), key: fc.nat(20) }),
      fc.record({ kind: fc.constant("delete" as const), key: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), fc.integer({ min: 10, max: 200 }), (actions, room) => {
        const memory = createMemory<number>();
        const last = new Map<string, { value: number; size: number }>();
        actions.forEach((step, index) => {
          const key = String(step.key);
          if (step.kind === "set") {
            memory.set(key, index, step.size, room);
            last.set(key, { value: index, size: step.size });
          } else if (step.kind === "delete") {
            memory.delete(key);
            last.delete(key);
          } else {
            const value = memory.get(key);
            if (value !== undefined) expect(value).toBe(last.get(key)?.value);
          }
          let bytes = 0;
          for (const [held, { value }] of memory.all()) {
            expect(value).toBe(last.get(held)?.value);
            bytes += last.get(held)?.size ?? Number.NaN;
          }
          expect(memory.stats().bytes).toBe(bytes);
          expect(bytes).toBeLessThanOrEqual(room);
        });
      }),
    );
  });
});
