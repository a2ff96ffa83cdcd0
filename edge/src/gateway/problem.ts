// Answers of the gateway itself, as RFC 9457 problem documents.

import type { ServerResponse } from "node:http";

export interface Problem {
  status: number;
  title: string;
  detail: string;
  [extension: string]: unknown;
}

/** A request that the gateway answers itself, with a problem document. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export function problem(status: number, title: string, detail: string, extensions: object = {}): ProblemError {
  return new ProblemError({ status, title, detail, ...extensions });
}

/** The body of a problem document. `type` stays `about:blank`: the title says it all. */
export function problemBody(value: Problem): string {
  return `${JSON.stringify({ type: "about:blank", ...value })}\n`;
}

export function sendProblem(response: ServerResponse, value: Problem, headers: Record<string, string> = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = problemBody(value);
  response.writeHead(value.status, {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
