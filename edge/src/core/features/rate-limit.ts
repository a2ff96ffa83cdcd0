/** Limits a client's requests on an endpoint, by the platform's counter. */

import type { Feature } from "../feature";
import { Problem } from "../problem";

/**
 * What a client is counted by: its IPv4 address, or the /64 of its IPv6 address, because one subscriber has at least that
 * many addresses to change between (RFC 6177). However an address is written, it is counted as one: an IPv4 address inside an
 * IPv6 one (RFC 4291, section 2.5.5) is that IPv4 address.
 */
export function clientKey(address: string | undefined): string {
  if (address === undefined) return "unknown";
  // Without a zone (RFC 4007) and the brackets of a URL.
  const plain = (address.split("%")[0] ?? "")
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, "");
  if (!plain.includes(":")) return plain;
  const groups = groupsOf(plain);
  if (groups === undefined) return plain;
  const [a, b, c, d, e, f, high = 0, low = 0] = groups;
  const zeros = !(a || b || c || d || e);
  // ::ffff:10.0.0.3, and the older ::10.0.0.3; `::` and `::1` are no such addresses.
  if (zeros && (f === 0xffff || (f === 0 && high > 0))) {
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** The eight groups of an IPv6 address; undefined where it is none. */
function groupsOf(text: string): number[] | undefined {
  // A dotted tail stands for two groups.
  const dotted = /^(.*:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const [, head = "", ...tail] = dotted ?? [];
  const [w = 0, x = 0, y = 0, z = 0] = tail.map(Number);
  const hex = dotted ? `${head}${((w << 8) | x).toString(16)}:${((y << 8) | z).toString(16)}` : text;
  const [left = "", right, more] = hex.split("::");
  if (more !== undefined) return undefined;
  const parts = (half: string | undefined) => (half === undefined || half === "" ? [] : half.split(":"));
  const before = parts(left);
  const after = parts(right);
  const missing = right === undefined ? 0 : 8 - before.length - after.length;
  if (missing < 0) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  if (groups.length !== 8 || !groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
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
