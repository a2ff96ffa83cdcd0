/**
 * What the cache of a function lacks, by the table from which a function's modules are put together too
 * (components/edgewright/contract/cache_parts.py). On the local cloud, where every program runs first, a function that lacks a
 * part does not start. What is deployed does not carry this.
 */

import TABLE from "../../../schema/cache-parts.json" with { type: "json" };
import type { CacheParts } from "../feature";
import { isSafe } from "../methods";
import type { CacheSpec } from "../settings.gen";

/** A condition on one value of a policy; without `is` and `is_not`: it is given, and neither false nor empty. */
interface When {
  readonly path: string;
  readonly is?: string;
  readonly is_not?: string;
}

const ROWS: readonly { readonly part: string; readonly needed: readonly (readonly When[])[] }[] = TABLE;

function holds({ path, is, is_not }: When, policy: object): boolean {
  const value = path
    .split(".")
    .reduce<unknown>((found, name) => (found as Record<string, unknown> | null)?.[name], policy);
  if (is !== undefined) return value === is;
  if (is_not !== undefined) return value !== is_not;
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false;
}

/** The parts that a function with these policies needs. `unsafe`: an endpoint takes a method that changes something. */
export function neededParts(policies: readonly CacheSpec[], unsafe: boolean): ReadonlySet<keyof CacheParts> {
  const stored = policies.filter(({ mode }) => mode !== "bypass").map((policy) => ({ ...policy, unsafe }));
  const needs = ({ needed }: (typeof ROWS)[number]) =>
    stored.some((policy) => needed.some((row) => row.every((when) => holds(when, policy))));
  return new Set(ROWS.filter(needs).map(({ part }) => part as keyof CacheParts));
}

export const check: NonNullable<CacheParts["check"]> = ({ endpoints }, policies, parts, faults) => {
  const unsafe = !endpoints.every(({ methods }) => methods.every(isSafe));
  for (const part of neededParts(policies, unsafe)) {
    if (!parts[part]) faults.push(`The cache needs its part \`cache-${part}\`.`);
  }
};
