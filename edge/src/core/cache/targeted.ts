/**
 * Targeted cache control (RFC 9213): a Dictionary of RFC 9651. A parser of just what such a field can hold: it accepts
 * and refuses the same texts as a complete one (a property test holds it against the `structured-headers` package),
 * at a tenth of the size. Unlike Cache-Control it fails as a whole: a field that does not parse is ignored.
 */

import { type Directives, MAX_SECONDS } from "./directives";

const KEY = /[a-z*][a-z0-9_.*-]*/y;
/** A bare item: number, string, token, byte sequence, boolean, date, display string. */
const ITEM =
  /(-?(?:\d{1,12}\.\d{1,3}|\d{1,15}))(?![\d.])|"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*|:[\w+/=]*:|\?[01]|@-?\d{1,15}(?![\d.])|%"(?:[ !#$&-~]|%[0-9a-f]{2})*"/y;
const INNER = / */y;
const OWS = /[ \t]*/y;

/** Reads on from `at`, as far as the text is what it should be. */
class Reader {
  at = 0;
  constructor(readonly text: string) {}

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match?.[0];
  }

  eat(char: string): boolean {
    const found = this.text[this.at] === char;
    if (found) this.at++;
    return found;
  }

  parameters(): boolean {
    while (this.eat(";")) {
      this.take(INNER);
      if (!this.take(KEY) || (this.eat("=") && !this.take(ITEM))) return false;
    }
    return true;
  }

  innerList(): boolean {
    for (;;) {
      const space = this.take(INNER);
      if (this.eat(")")) return true;
      if ((!space && this.text[this.at - 1] !== "(") || !this.take(ITEM) || !this.parameters()) return false;
    }
  }
}

/**
 * The directives of a targeted field, or undefined where it is absent, empty or not a valid Dictionary: the next field,
 * and at last Cache-Control, then decides (RFC 9213 section 2.2). A directive whose value is of the wrong type is
 * ignored.
 */
export function parseTargeted(text: string | null): Directives | undefined {
  const reader = new Reader((text ?? "").replace(/^ +| +$/g, ""));
  const found = new Map<string, string | true>();
  for (;;) {
    const key = reader.take(KEY);
    if (!key) return undefined;
    let value: string | undefined = "?1";
    if (reader.eat("=")) value = reader.eat("(") ? (reader.innerList() ? "()" : undefined) : reader.take(ITEM);
    if (!value || !reader.parameters()) return undefined;
    // As a Dictionary has it, the last value of a key counts (RFC 9651 section 3.2).
    found.delete(key);
    if (/^\d+$/.test(value)) found.set(key, String(Math.min(Number(value), MAX_SECONDS)));
    else if (value === "?1") found.set(key, true);
    else if (value[0] === '"' && /^(private|no-cache)$/.test(key)) found.set(key, value.slice(1, -1));
    reader.take(OWS);
    if (reader.at >= reader.text.length) return found.size > 0 ? found : undefined;
    if (!reader.eat(",")) return undefined;
    reader.take(OWS);
  }
}
