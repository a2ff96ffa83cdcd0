/** Limits a client's requests on an endpoint, by the platform's counter. */

import type { Feature } from "../feature";
import { Problem } from "../problem";

/**
 * What a client is counted by: its IPv4 address, or the /64 of its IPv6 address, because one subscriber has at least that
 * many addresses to change between (RFC 6177).
 */
export function clientKey(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const plain = (address.split("%")[0] ?? "").toLowerCase();
  const mapped = /^(?:0*:)*:?(?:ffff:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // A dotted tail stands for two groups.
  const width = left.length + right.length + (plain.includes(".") ? 1 : 0);
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - width) }, () => "0");
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
}

/**
 * Counted by endpoint and client, never by the path as written, so that case, escapes and parameters share one counter.
 *
 * A limiter that fails or is missing lets the request pass and says so in the log: it guards capacity, not access, and
 * an outage of a counter must not be one of the API. Authentication, which guards access, fails closed.
 */
export const rateLimit: Feature = {
  name: "rateLimit",
  rateLimit(_settings, endpoint, spec) {
    return async (_request, state) => {
      const { host } = state;
      const limiter = host.rateLimit(spec.binding);
      let allowed = true;
      try {
        if (limiter === undefined) throw new Error(`there is no rate limit binding ${spec.binding}`);
        allowed = (await limiter.limit(`${endpoint.path}|${clientKey(state.clientIp)}`)).success;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        host.log({ level: "error", event: "rate-limit.failed-open", endpoint: endpoint.path, message });
      }
      if (allowed) return;
      throw new Problem({
        status: 429,
        code: "rate-limited",
        detail: `More than ${spec.limit} requests in ${spec.period_s} s. Wait ${spec.period_s} s and try again.`,
        headers: { "Retry-After": String(spec.period_s) },
      });
    };
  },
};
