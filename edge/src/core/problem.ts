/** Problem documents (RFC 9457): the one form of every error that the edge itself answers. */

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

export interface ProblemDetails {
  status: number;
  /** A stable name of what happened, for programs: `no-session`, `origin-timeout`, ... An extension member. */
  code: string;
  /** What happened this time, for people. Never a secret and never a stack trace. */
  detail: string;
  headers?: Record<string, string>;
}

/** Thrown by a step to end the request with a problem document. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(readonly details: ProblemDetails) {
    super(details.detail);
  }
}

/**
 * The response for a problem. `type` is `about:blank`, so `title` is the status's phrase as RFC 9457 asks; `code` tells
 * problems of one status apart. `instance` is the path without its query, which may hold what must not be repeated.
 */
export function problemResponse({ status, code, detail, headers }: ProblemDetails, instance: string): Response {
  const body = { type: "about:blank", title: TITLES[status] ?? "Error", status, detail, instance, code };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
  });
}
