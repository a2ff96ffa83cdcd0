// What the stages of the local CloudFront hand to each other.

import type { Readable } from "node:stream";

/** One header field. `key` is the name as it was written. */
export interface HeaderField {
  key?: string;
  value: string;
}

/** Headers by lower-case name, as Lambda@Edge events have them. */
export type Headers = Record<string, HeaderField[]>;

/** A request on its way through the edge. `querystring` comes without `?`. */
export interface EdgeRequest {
  method: string;
  uri: string;
  querystring: string;
  headers: Headers;
  body: Body;
}

/** Nothing, bytes, or bytes still to come. A stream is read once. */
export type Body = Uint8Array | Readable | undefined;

/** A response on its way back. */
export interface EdgeResponse {
  status: number;
  statusDescription: string;
  headers: Headers;
  body: Body;
}

/** Who asks, as the gateway knows it. */
export interface Viewer {
  ip: string;
  port?: number;
  /** The protocol that the viewer is taken to speak. TLS ends before the local edge, so it is not seen on the wire (gap `aws-tls`). */
  protocol?: "http" | "https";
  /** As in `Via`: `1.1`, `2.0`. */
  httpVersion?: string;
  /** ISO 3166-1 alpha-2; unknown where absent. */
  country?: string;
  countryName?: string;
  region?: string;
  regionName?: string;
  city?: string;
  postalCode?: string;
  metroCode?: string;
  latitude?: string;
  longitude?: string;
  timezone?: string;
  asn?: number;
  /** IATA code of the data centre. */
  colo?: string;
  /** Header names in the order sent. */
  headerOrder?: string[];
}

/** `X-Cache` values, without ` from cloudfront`. */
export type ResultType =
  | "Hit"
  | "Miss"
  | "RefreshHit"
  | "Error"
  | "Redirect"
  | "LambdaGeneratedResponse"
  | "LambdaExecutionError"
  | "LambdaLimitExceeded"
  | "LambdaValidationError"
  | "FunctionGeneratedResponse"
  | "FunctionExecutionError"
  | "FunctionValidationError";

export type EventType = "viewer-request" | "origin-request" | "origin-response" | "viewer-response";

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  /** The function, origin or distribution that it is about. */
  subject?: string;
}

/** One finished exchange with an origin. */
export interface OriginExchange {
  /** `http://127.0.0.1:9101`, or `s3://bucket`. */
  origin: string;
  /** Undefined where no answer came. */
  status?: number;
  bytes: number;
  error?: boolean;
}

/** What the gateway gives. All of it is optional in tests. */
export interface Deps {
  now?(): number;
  random?(): number;
  log?(line: LogLine): void;
  originStarted?(origin: string): void;
  originEnded?(exchange: OriginExchange): void;
  /** Where packages given as files are unpacked. Default: a new temporary directory, removed by `stop`. */
  workDir?: string;
  /** Bytes that the cache of all distributions may take. Default: 256 MiB. */
  cacheBytes?: number;
}
