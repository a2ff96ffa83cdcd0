// AWS WAF in front of a distribution: the rules of its web ACL, in order of their priority (gap `aws-waf`).
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html

import { BlockList, isIPv4, isIPv6 } from "node:net";
import { normalizePath } from "./behaviors.js";
import { get } from "./headers.js";
import type { WafField, WafIpSet, WafRate, WafStatement, WafTransformation, WebAcl } from "./model.js";
import type { EdgeRequest, Viewer } from "./types.js";

/** What a web ACL does with a request: undefined lets it in. */
export interface Blocked {
  rule: string;
  /** Undefined: the distribution's own 403. */
  custom:
    | { status: number; headers: [string, string][]; body: { type: string; content: string } | undefined }
    | undefined;
}

/** True, false, or undefined where it is not known here: such a statement matches nothing, negated or not. */
type Verdict = boolean | undefined;

/** Addresses that one rule remembers. */
const MAX_KEYS = 100_000;

/** Times of requests by rule and address. Counted exactly; AWS's own counts lag behind by seconds. */
export class Rates {
  readonly #times = new Map<string, number[]>();

  /** Counts a request; true where it is over the limit of the window behind it. */
  over(key: string, limit: number, windowMs: number, now: number): boolean {
    const known = this.#times.get(key) ?? [];
    let first = 0;
    while (first < known.length && (known[first] as number) <= now - windowMs) first++;
    const times = first > 0 ? known.slice(first) : known;
    times.push(now);
    // More than the limit says nothing more.
    if (times.length > limit + 1) times.shift();
    this.#times.delete(key);
    this.#times.set(key, times);
    if (this.#times.size > MAX_KEYS) this.#times.delete(this.#times.keys().next().value as string);
    return times.length > limit;
  }
}

interface Seen {
  request: EdgeRequest;
  viewer: Viewer;
  now: number;
  rule: string;
}

export class Firewall {
  readonly #ipSets = new Map<string, BlockList>();
  readonly #patterns = new Map<string, RegExp | undefined>();
  readonly #rules: WebAcl["rules"];

  constructor(
    readonly acl: WebAcl,
    ipSets: readonly WafIpSet[],
    /** Kept when the settings change. */
    readonly rates: Rates,
  ) {
    this.#rules = [...acl.rules].sort((a, b) => a.priority - b.priority);
    for (const { arn, addresses } of ipSets) this.#ipSets.set(arn, blockList(addresses));
  }

  /** What is done with a request, by the first rule that ends it. */
  decide(request: EdgeRequest, viewer: Viewer, now: number): Blocked | undefined {
    for (const rule of this.#rules) {
      const { action } = rule;
      if (action === null || this.#matches(rule.statement, { request, viewer, now, rule: rule.name }) !== true)
        continue;
      if (action.block !== null) return this.#blocked(rule.name, action.block);
      if (action.allow !== null) return undefined;
    }
    const { block } = this.acl.default_action;
    return block === null ? undefined : this.#blocked("the default action", block);
  }

  #blocked(rule: string, { custom_response: custom }: NonNullable<WebAcl["default_action"]["block"]>): Blocked {
    if (custom === null) return { rule, custom: undefined };
    const named = this.acl.custom_response_bodies.find(({ key }) => key === custom.custom_response_body_key);
    return {
      rule,
      custom: {
        status: custom.response_code,
        headers: custom.response_headers.map(({ name, value }): [string, string] => [name, value]),
        body: named && { type: CONTENT_TYPES[named.content_type] ?? "text/plain", content: named.content },
      },
    };
  }

  #matches(statement: WafStatement, seen: Seen): Verdict {
    const { request, viewer } = seen;
    if (statement.and_statement !== null)
      return all(statement.and_statement.statements.map((s) => this.#matches(s, seen)));
    if (statement.or_statement !== null)
      return any(statement.or_statement.statements.map((s) => this.#matches(s, seen)));
    if (statement.not_statement !== null) return not(this.#matches(statement.not_statement.statement, seen));
    if (statement.rate_based_statement !== null) return this.#limited(statement.rate_based_statement, seen);
    if (statement.geo_match_statement !== null) {
      const { country } = viewer;
      return country !== undefined && statement.geo_match_statement.country_codes.includes(country);
    }
    if (statement.asn_match_statement !== null) {
      return viewer.asn !== undefined && statement.asn_match_statement.asn_lists.includes(viewer.asn);
    }
    if (statement.ip_set_reference_statement !== null) {
      const list = this.#ipSets.get(statement.ip_set_reference_statement.arn);
      return list?.check(viewer.ip, isIPv4(viewer.ip) ? "ipv4" : "ipv6");
    }
    const test = this.#test(statement);
    if (test === undefined) return undefined;
    const { field_to_match: field, text_transformations: transformations } = test.on;
    const values = valuesOf(field, request);
    if (values === undefined) return undefined;
    return any(
      values.map((value) => {
        const text = transformed(value, transformations);
        return text === undefined ? undefined : test.holds(text);
      }),
    );
  }

  #test(statement: WafStatement) {
    const { byte_match_statement: bytes, regex_match_statement: regex, size_constraint_statement: size } = statement;
    if (bytes !== null) {
      const { positional_constraint: position, search_string: wanted } = bytes;
      return { on: bytes, holds: (text: string): Verdict => POSITIONS[position]?.(text, wanted) };
    }
    if (regex !== null) {
      const pattern = this.#pattern(regex.regex_string);
      return { on: regex, holds: (text: string): Verdict => pattern?.test(text) };
    }
    if (size !== null) {
      const compare = COMPARISONS[size.comparison_operator];
      return { on: size, holds: (text: string): Verdict => compare?.(Buffer.byteLength(text), size.size) };
    }
    return undefined;
  }

  #pattern(text: string): RegExp | undefined {
    if (!this.#patterns.has(text)) {
      let pattern: RegExp | undefined;
      try {
        pattern = new RegExp(text);
      } catch {
        pattern = undefined; // of PCRE's alone
      }
      this.#patterns.set(text, pattern);
    }
    return this.#patterns.get(text);
  }

  #limited(statement: WafRate, seen: Seen): Verdict {
    const { scope_down_statement: scope, limit, evaluation_window_sec: seconds } = statement;
    if (scope !== null) {
      const within = this.#matches(scope, seen);
      if (within !== true) return within;
    }
    const key = rateKey(statement, seen);
    return key === undefined ? undefined : this.rates.over(`${seen.rule} ${key}`, limit, seconds * 1000, seen.now);
  }
}

function rateKey(
  { aggregate_key_type: kind, forwarded_ip_config: forwarded }: WafRate,
  seen: Seen,
): string | undefined {
  if (kind === "IP") return seen.viewer.ip;
  if (kind === "CONSTANT") return "";
  if (kind !== "FORWARDED_IP" || forwarded === null) return undefined;
  return get(seen.request.headers, forwarded.header_name.toLowerCase())?.split(",")[0]?.trim();
}

function all(verdicts: Verdict[]): Verdict {
  return verdicts.includes(false) ? false : verdicts.includes(undefined) ? undefined : true;
}

function any(verdicts: Verdict[]): Verdict {
  return verdicts.includes(true) ? true : verdicts.includes(undefined) ? undefined : false;
}

function not(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict;
}

function blockList(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const each of addresses) {
    const [address = "", prefix] = each.split("/");
    if (isIPv4(address)) list.addSubnet(address, Number(prefix ?? 32), "ipv4");
    else if (isIPv6(address)) list.addSubnet(address, Number(prefix ?? 128), "ipv6");
  }
  return list;
}

/** What of a request is looked at; undefined for what is not emulated. */
function valuesOf(field: WafField | null, request: EdgeRequest): string[] | undefined {
  if (field === null) return undefined;
  if (field.uri_path !== null) return [request.uri];
  if (field.query_string !== null) return [request.querystring];
  if (field.method !== null) return [request.method];
  if (field.single_header !== null) {
    const value = get(request.headers, field.single_header.name.toLowerCase());
    return value === undefined ? [] : [value];
  }
  const named = field.single_query_argument?.name.toLowerCase();
  if (named === undefined && field.all_query_arguments === null) return undefined;
  return request.querystring.split("&").flatMap((part) => {
    const equals = part.indexOf("=");
    const [name, value] = equals === -1 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
    if (named === undefined) return [name, value];
    return name.toLowerCase() === named ? [value] : [];
  });
}

const TRANSFORMATIONS: Readonly<Record<string, (text: string) => string>> = {
  NONE: (text) => text,
  LOWERCASE: (text) => text.toLowerCase(),
  URL_DECODE: urlDecoded,
  URL_DECODE_UNI: urlDecoded,
  NORMALIZE_PATH: (text) => normalizePath(text.replace(/\/{2,}/g, "/")),
  NORMALIZE_PATH_WIN: (text) => normalizePath(text.replaceAll("\\", "/").replace(/\/{2,}/g, "/")),
  COMPRESS_WHITE_SPACE: (text) => text.replace(/\s+/g, " "),
  REMOVE_NULLS: (text) => text.replaceAll("\0", ""),
  REPLACE_NULLS: (text) => text.replaceAll("\0", " "),
};

function urlDecoded(text: string): string {
  return Buffer.from(
    text
      .replaceAll("+", " ")
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString("utf8");
}

function transformed(text: string, transformations: readonly WafTransformation[]): string | undefined {
  let value = text;
  for (const { type } of [...transformations].sort((a, b) => a.priority - b.priority)) {
    const transform = TRANSFORMATIONS[type];
    if (transform === undefined) return undefined;
    value = transform(value);
  }
  return value;
}

const POSITIONS: Readonly<Record<string, (text: string, wanted: string) => boolean>> = {
  EXACTLY: (text, wanted) => text === wanted,
  STARTS_WITH: (text, wanted) => text.startsWith(wanted),
  ENDS_WITH: (text, wanted) => text.endsWith(wanted),
  CONTAINS: (text, wanted) => text.includes(wanted),
  CONTAINS_WORD: (text, wanted) => {
    const at = text.indexOf(wanted);
    const word = /[A-Za-z0-9_]/;
    return at !== -1 && !word.test(text[at - 1] ?? "") && !word.test(text[at + wanted.length] ?? "");
  },
};

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
  LE: (a, b) => a <= b,
  LT: (a, b) => a < b,
  GE: (a, b) => a >= b,
  GT: (a, b) => a > b,
};

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  TEXT_PLAIN: "text/plain",
  TEXT_HTML: "text/html",
  APPLICATION_JSON: "application/json",
};
