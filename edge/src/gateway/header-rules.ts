// Rules of a zone that change a request's headers before a Worker, or the choice of its version, sees them.
// https://developers.cloudflare.com/rules/transform/request-header-modification/

import { type Asked, compile, type Expression, ExpressionFault } from "./expressions.js";
import type { Client } from "./geo.js";
import type { HeaderRule } from "./protocol.gen.js";

interface Change {
  name: string;
  operation: "set" | "add" | "remove";
  value: Expression;
}

interface Compiled {
  hosts: readonly string[];
  applies: Expression;
  changes: readonly Change[];
}

export interface Request {
  method: string;
  hostname: string;
  target: string;
  client: Client;
}

export class HeaderRules {
  readonly #rules: readonly Compiled[];

  /** Rules that are not played here are told of, and do nothing. */
  constructor(rules: readonly HeaderRule[], warn: (text: string) => void) {
    this.#rules = rules.flatMap((rule) => {
      try {
        return [compiled(rule)];
      } catch (error) {
        if (!(error instanceof ExpressionFault)) throw error;
        warn(`The header rule ${rule.name} is not applied: ${error.message} (gap transform-rules)`);
        return [];
      }
    });
  }

  /** Raw headers (`name, value, name, value ...`) as the rules leave them. Each rule sees the request as it came. */
  apply(raw: readonly string[], { method, hostname, target, client }: Request): readonly string[] {
    const rules = this.#rules.filter(({ hosts }) => hosts.some((host) => isOf(host, hostname)));
    if (rules.length === 0) return raw;
    const headers = byName(raw);
    const asked: Asked = { method, host: hostname, target, ip: client.ip, country: client.place.country, headers };
    let changed: readonly string[] = raw;
    for (const { applies, changes } of rules) {
      if (applies(asked) !== true) continue;
      for (const change of changes) changed = withChange(changed, change, asked);
    }
    return changed;
  }
}

function compiled({ hosts, expression, changes }: HeaderRule): Compiled {
  return {
    hosts,
    applies: compile(expression),
    changes: changes.map(({ name, operation, value, expression: made }) => ({
      name,
      operation,
      value: made == null ? () => value ?? undefined : compile(made),
    })),
  };
}

function withChange(raw: readonly string[], { name, operation, value }: Change, asked: Asked): readonly string[] {
  const made = operation === "remove" ? undefined : value(asked);
  const kept = operation === "add" ? raw : without(raw, name.toLowerCase());
  // What an expression finds nothing for is not sent.
  return made === undefined ? kept : [...kept, name, String(made)];
}

function without(raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => (raw[index - (index % 2)] as string).toLowerCase() !== name);
}

function byName(raw: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    found.set(name, [...(found.get(name) ?? []), raw[index + 1] as string]);
  }
  return found;
}

/** Whether a host is what a route's host says. */
function isOf(pattern: string, hostname: string): boolean {
  return pattern.startsWith("*") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

/** A header's value in raw headers, joined where it is there several times. */
export function headerValue(raw: readonly string[], name: string): string | undefined {
  return byName(raw).get(name)?.join(", ");
}
