/**
 * Targeted cache control (RFC 9213): a Dictionary of RFC 9651. A parser of just what such a field can hold: it accepts
 * and refuses the same texts as a complete one (a property test holds it against the `structured-headers` package),
 * at a tenth of the size. Unlike Cache-Control it fails as a whole: a field that does not parse is ignored.
 */

import { type Directives, MAX_SECONDS } from "./directives";

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const NUMBER = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])/y;
const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*/y;
const BYTES = /:[A-Za-z0-9+/=]*:/y;
const BOOLEAN = /\?[01]/y;
const DATE = /@-?\d{1,15}(?![\d.])/y;
const DISPLAY = /%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y;

type Bare = number | string | boolean;

class Reader {
  at = 0;
  constructor(readonly text: string) {}

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return match[1] ?? match[0];
  }

  eat(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  skip(chars: string): void {
    while (this.at < this.text.length && chars.includes(this.text[this.at] as string)) this.at++;
  }

  bare(): Bare | undefined {
    const number = this.take(NUMBER);
    // A decimal is a value of another type than an integer: no directive takes one.
    if (number !== undefined) return number.includes(".") ? "" : Number(number);
    const string = this.take(STRING);
    if (string !== undefined) return string.replace(/\\(.)/g, "$1");
    const flag = this.take(BOOLEAN);
    if (flag !== undefined) return flag === "?1";
    return this.take(TOKEN) ?? this.take(BYTES) ?? this.take(DATE) ?? this.take(DISPLAY);
  }

  parameters(): boolean {
    while (this.eat(";")) {
      this.skip(" ");
      if (this.take(KEY) === undefined) return false;
      if (this.eat("=") && this.bare() === undefined) return false;
    }
    return true;
  }

  innerList(): boolean {
    for (;;) {
      this.skip(" ");
      if (this.eat(")")) return true;
      if (this.bare() === undefined || !this.parameters()) return false;
      if (this.text[this.at] !== " " && this.text[this.at] !== ")") return false;
    }
  }
}

/**
 * The directives of a targeted field, or undefined where it is absent, empty or not a valid Dictionary: the next field,
 * and at last Cache-Control, then decides (RFC 9213 section 2.2). A directive whose value is of the wrong type is
 * ignored.
 */
export function parseTargeted(text: string | null): Directives | undefined {
  if (!text) return undefined;
  const reader = new Reader(text.replace(/^ +| +$/g, ""));
  const found = new Map<string, string | true>();
  while (reader.at < reader.text.length) {
    const key = reader.take(KEY);
    if (key === undefined) return undefined;
    let value: Bare | undefined = true;
    if (reader.eat("=")) {
      if (reader.eat("(")) {
        if (!reader.innerList()) return undefined;
        value = "";
      } else value = reader.bare();
      if (value === undefined) return undefined;
    }
    if (!reader.parameters()) return undefined;
    // As a Dictionary has it, the last value of a key counts (RFC 9651 section 3.2).
    found.delete(key);
    if (typeof value === "number") {
      if (value >= 0) found.set(key, String(Math.min(value, MAX_SECONDS)));
    } else if (value === true) found.set(key, true);
    else if (value !== false && value !== "" && !/age$|^stale-/.test(key)) found.set(key, value);
    reader.skip(" \t");
    if (reader.at >= reader.text.length) return found.size > 0 ? found : undefined;
    if (!reader.eat(",")) return undefined;
    reader.skip(" \t");
    if (reader.at >= reader.text.length) return undefined;
  }
  return undefined;
}
