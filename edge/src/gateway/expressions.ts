// Expressions of Cloudflare's Rules language, as far as rules about request headers use them (gap `transform-rules`).
// https://developers.cloudflare.com/ruleset-engine/rules-language/

/** What expressions are about. */
export interface Asked {
  method: string;
  host: string;
  /** With the query string. */
  target: string;
  ip: string;
  country: string;
  /** By names in lower case. */
  headers: ReadonlyMap<string, readonly string[]>;
}

/** Undefined: the request has no such thing. */
export type Value = string | number | boolean | readonly string[] | undefined;
export type Expression = (asked: Asked) => Value;

/** An expression that is not one, or that uses what is not played here. */
export class ExpressionFault extends Error {}

const FIELDS: Record<string, Expression> = {
  "http.host": ({ host }) => host,
  "http.request.method": ({ method }) => method,
  "http.request.uri": ({ target }) => target,
  "http.request.uri.path": ({ target }) => target.split("?", 1)[0],
  "http.request.uri.query": ({ target }) => target.split("?").slice(1).join("?"),
  "http.cookie": ({ headers }) => headers.get("cookie")?.join("; ") ?? "",
  "http.user_agent": ({ headers }) => headers.get("user-agent")?.[0] ?? "",
  "http.referer": ({ headers }) => headers.get("referer")?.[0] ?? "",
  "ip.src": ({ ip }) => ip,
  "ip.src.country": ({ country }) => country,
};

/** Fields with a key: `http.request.cookies["session"]`. */
const MAPS: Record<string, (asked: Asked, key: string) => readonly string[] | undefined> = {
  "http.request.cookies": ({ headers }, key) => cookies(headers.get("cookie") ?? [], key),
  "http.request.headers": ({ headers }, key) => headers.get(key.toLowerCase()),
};

const FUNCTIONS: Record<string, (...values: Value[]) => Value> = {
  len: (value) => (typeof value === "string" || Array.isArray(value) ? value.length : undefined),
  lower: (value) => (typeof value === "string" ? value.toLowerCase() : undefined),
  starts_with: (value, part) => typeof value === "string" && value.startsWith(String(part)),
  ends_with: (value, part) => typeof value === "string" && value.endsWith(String(part)),
  to_string: (value) => (value === undefined ? undefined : String(value)),
};

const COMPARISONS: Record<string, (left: string | number | boolean, right: string | number | boolean) => boolean> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  gt: (left, right) => left > right,
  ge: (left, right) => left >= right,
  lt: (left, right) => left < right,
  le: (left, right) => left <= right,
  contains: (left, right) => String(left).includes(String(right)),
  wildcard: (left, right) => wildcard(String(left).toLowerCase(), String(right).toLowerCase()),
  strict_wildcard: (left, right) => wildcard(String(left), String(right)),
};

/** Other spellings of operators. */
const SPELLINGS: Record<string, string> = {
  "==": "eq",
  "!=": "ne",
  ">": "gt",
  ">=": "ge",
  "<": "lt",
  "<=": "le",
  "&&": "and",
  "||": "or",
  "!": "not",
};

/** The values of a cookie. Names are decoded, values are not (fields/reference/http.request.cookies of the reference). */
function cookies(lines: readonly string[], name: string): string[] | undefined {
  const found = lines
    .flatMap((line) => line.split(";"))
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes("=") && decoded(pair.slice(0, pair.indexOf("="))) === name)
    .map((pair) => pair.slice(pair.indexOf("=") + 1));
  return found.length > 0 ? found : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a text is what a pattern says, in which each `*` stands for anything. */
function wildcard(text: string, pattern: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return text === head;
  if (!text.startsWith(head)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - tail.length >= at && text.endsWith(tail);
}

/** What a table has of its own, and not what every object has. */
function entryOf<Entry>(table: Record<string, Entry>, name: string): Entry | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\d+)|([a-z_][a-z0-9_.]*)|(==|!=|>=|<=|&&|\|\||[!<>()[\],]))/iy;

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new ExpressionFault(`\`${text.slice(at).trim()}\` cannot be read`);
    const token = match[0].trim();
    found.push(entryOf(SPELLINGS, token) ?? token);
  }
  return found;
}

/**
 * Compiles an expression; raises ExpressionFault for what is not played here.
 *
 * `or` binds least, then `xor`, `and`, `not`, a comparison.
 */
export function compile(text: string): Expression {
  const parser = new Parser(tokens(text));
  const expression = parser.or();
  parser.end();
  return expression;
}

class Parser {
  #at = 0;

  constructor(readonly tokens: readonly string[]) {}

  end(): void {
    if (this.#at < this.tokens.length) throw this.#fault();
  }

  or(): Expression {
    return this.#joined(
      "or",
      () => this.#xor(),
      (left, right) => left || right,
    );
  }

  #xor(): Expression {
    return this.#joined(
      "xor",
      () => this.#and(),
      (left, right) => left !== right,
    );
  }

  #and(): Expression {
    return this.#joined(
      "and",
      () => this.#not(),
      (left, right) => left && right,
    );
  }

  #joined(word: string, part: () => Expression, join: (left: boolean, right: boolean) => boolean): Expression {
    let left = part();
    while (this.#take(word)) {
      const [before, right] = [left, part()];
      left = (asked) => join(before(asked) === true, right(asked) === true);
    }
    return left;
  }

  #not(): Expression {
    if (!this.#take("not")) return this.#comparison();
    const inner = this.#not();
    return (asked) => inner(asked) !== true;
  }

  #comparison(): Expression {
    const left = this.#value();
    let word = this.tokens[this.#at] ?? "";
    if (word === "strict" && this.tokens[this.#at + 1] === "wildcard") {
      this.#at += 1;
      word = "strict_wildcard";
    }
    const compare = entryOf(COMPARISONS, word);
    if (compare === undefined) return left;
    this.#at += 1;
    const right = this.#value();
    return (asked) => {
      const [one, other] = [left(asked), right(asked)];
      // What the request does not have is neither equal to anything nor different from it.
      return isSingle(one) && isSingle(other) && compare(one, other);
    };
  }

  #value(): Expression {
    const token = this.#next();
    if (token === "(") {
      const inner = this.or();
      this.#expect(")");
      return inner;
    }
    if (token.startsWith('"')) {
      const text = unquoted(token);
      return () => text;
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (token === "true" || token === "false") return () => token === "true";
    if (this.#take("(")) return this.#call(token);
    const map = entryOf(MAPS, token);
    if (map !== undefined) return this.#entry(token, map);
    const field = entryOf(FIELDS, token);
    if (field === undefined) throw new ExpressionFault(`\`${token}\` is not played here`);
    return field;
  }

  #call(name: string): Expression {
    const made = entryOf(FUNCTIONS, name);
    if (made === undefined) throw new ExpressionFault(`\`${name}()\` is not played here`);
    const given = [this.or()];
    while (this.#take(",")) given.push(this.or());
    this.#expect(")");
    return (asked) => made(...given.map((each) => each(asked)));
  }

  /** `field["key"]`, and `field["key"][0]`. */
  #entry(name: string, map: (asked: Asked, key: string) => readonly string[] | undefined): Expression {
    this.#expect("[");
    const key = this.#next();
    if (!key.startsWith('"')) throw new ExpressionFault(`\`${name}[${key}\` is not played here`);
    this.#expect("]");
    const values = (asked: Asked) => map(asked, unquoted(key));
    if (!this.#take("[")) return values;
    const index = this.#next();
    if (!/^\d+$/.test(index)) throw new ExpressionFault(`\`[${index}]\` is not played here`);
    this.#expect("]");
    return (asked) => values(asked)?.[Number(index)];
  }

  #take(token: string): boolean {
    if (this.tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#fault();
  }

  #next(): string {
    const token = this.tokens[this.#at];
    if (token === undefined) throw this.#fault();
    this.#at += 1;
    return token;
  }

  #fault(): ExpressionFault {
    const token = this.tokens[this.#at];
    return new ExpressionFault(token === undefined ? "it ends too early" : `\`${token}\` is not expected there`);
  }
}

const isSingle = (value: Value): value is string | number | boolean => value !== undefined && typeof value !== "object";

const unquoted = (token: string): string => token.slice(1, -1).replace(/\\(.)/g, "$1");
