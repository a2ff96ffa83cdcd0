// Continuous deployment: which requests of a primary distribution its staging distribution answers.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-continuous-deployment.html

import { get } from "./headers.js";
import type { ContinuousDeploymentPolicy, SessionStickiness } from "./model.js";
import type { EdgeRequest } from "./types.js";

/** The cookie of a sticky session. AWS does not publish its name (gap `aws-sticky-cookie`). */
export const STICKY_COOKIE = "AWSCFCDSESSION";

export interface Choice {
  staging: boolean;
  /** A `Set-Cookie` for the viewer. */
  cookie?: string;
}

export function chooseStaging(
  policy: ContinuousDeploymentPolicy,
  request: EdgeRequest,
  now: number,
  random: () => number,
): Choice {
  const traffic = policy.traffic_config;
  if (!policy.enabled || traffic === null) return { staging: false };
  if (traffic.type === "SingleHeader") {
    const wanted = traffic.single_header_config;
    return { staging: wanted !== null && get(request.headers, wanted.header.toLowerCase()) === wanted.value };
  }
  const weight = traffic.single_weight_config;
  if (weight === null) return { staging: false };
  const sticky = weight.session_stickiness_config;
  if (sticky === null) return { staging: random() < weight.weight };
  const session = readSession(get(request.headers, "cookie"), policy.id, sticky, now);
  const staging = session?.staging ?? random() < weight.weight;
  const started = session?.started ?? Math.floor(now / 1000);
  return { staging, cookie: writeSession(policy.id, staging, started, Math.floor(now / 1000), sticky) };
}

interface Session {
  staging: boolean;
  started: number;
}

function readSession(
  cookie: string | undefined,
  policy: string,
  sticky: SessionStickiness,
  now: number,
): Session | undefined {
  const text = cookie
    ?.split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${STICKY_COOKIE}=`));
  const [id, choice, started, seen] = text?.slice(STICKY_COOKIE.length + 1).split(".") ?? [];
  if (id !== policy || (choice !== "s" && choice !== "p")) return undefined;
  const seconds = now / 1000;
  const alive = seconds - Number(seen) <= sticky.idle_ttl && seconds - Number(started) <= sticky.maximum_ttl;
  return alive ? { staging: choice === "s", started: Number(started) } : undefined;
}

function writeSession(
  policy: string,
  staging: boolean,
  started: number,
  now: number,
  sticky: SessionStickiness,
): string {
  const left = Math.max(0, Math.min(sticky.idle_ttl, started + sticky.maximum_ttl - now));
  return `${STICKY_COOKIE}=${policy}.${staging ? "s" : "p"}.${started}.${now}; Path=/; Max-Age=${left}; HttpOnly`;
}
