// Between the gateway's own counters, log and clients and what the local CloudFront wants to know.

import type { IncomingMessage } from "node:http";
import type { Counters } from "../../../gateway/counters.js";
import { ASN, type Client } from "../../../gateway/geo.js";
import type { Logs } from "../../../gateway/logs.js";
import { problem } from "../../../gateway/problem.js";
import type { Deps, Viewer } from "./types.js";

/** `http` or `https`: the protocol that a viewer is taken to speak, here only. Default: https (gap `aws-tls`). */
export const LOCAL_PROTOCOL = "x-local-proto";

/** What a CloudFront counts and logs, counted and logged by the gateway. */
export function depsFor(counters: Counters, logs: Logs): Deps {
  return {
    originStarted: (origin) => {
      counters.started(origin);
    },
    originEnded: ({ origin, status, bytes, error }) => {
      const own = counters.origin(origin);
      own.inFlight -= 1;
      own.bytes += bytes;
      if (error) own.errors += 1;
      if (status !== undefined) own.byStatus[status] = (own.byStatus[status] ?? 0) + 1;
    },
    log: ({ level, message, subject }) => {
      logs.add({
        level,
        source: subject === undefined ? "gateway" : "worker",
        message,
        ...(subject !== undefined && { worker: subject }),
      });
    },
  };
}

/** The viewer of a request. Raises a 400 problem on a protocol that is none. */
export function viewerFor(client: Client, request: IncomingMessage): Viewer {
  const asked = request.headers[LOCAL_PROTOCOL];
  if (asked !== undefined && asked !== "http" && asked !== "https") {
    throw problem(400, "Bad X-Local-Proto", `X-Local-Proto is ${JSON.stringify(asked)}: give http or https.`);
  }
  const { place } = client;
  const located = place.continent !== "";
  const headerOrder: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] as string;
    if (!name.toLowerCase().startsWith("x-local-")) headerOrder.push(name);
  }
  return {
    ip: client.ip,
    ...(request.socket.remotePort !== undefined && { port: request.socket.remotePort }),
    protocol: asked ?? "https",
    httpVersion: request.httpVersion,
    asn: ASN,
    colo: place.colo,
    headerOrder,
    ...(located && {
      country: place.country,
      city: place.city,
      latitude: place.latitude,
      longitude: place.longitude,
      timezone: place.timezone,
    }),
  };
}
