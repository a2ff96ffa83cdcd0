// A purge from outside: the cache in front here, and every tier of each version of each Worker, by the Worker's own code.

import http from "node:http";
import type { PurgeRequest } from "../core/cache/types.js";
import type { PurgeReport } from "../core/feature.js";
import { PURGE_HEADER } from "./entry.js";
import type { FrontCaches } from "./front-cache.js";
import { problem } from "./problem.js";
import type { Version } from "./protocol.gen.js";
import { agent } from "./proxy.js";
import type { Reload, Serving } from "./reload.js";
import { hostnameOf } from "./router.js";
import { serviceName } from "./service-name.js";
import { hostOf, isHost, restOf, spellings, whyNever } from "./targets.js";

/** The module by which a Worker of edgewright's is known: others would take the purge for a client's request. */
const OWN_MODULE = "edgewright.js";
const SETTINGS_MODULE = "settings.js";
const LISTS = ["urls", "prefixes", "tags"] as const;
const FLAGS = ["everything", "soft", "dry_run"] as const;

/** What is wrong with one URL, prefix or tag of a purge, or with the purge itself (no `list`). */
export interface PurgeFault {
  list?: (typeof LISTS)[number];
  value?: string;
  message: string;
  /** The kind of fault, where a program goes by it (`components/edgewright/base/fault_codes.py`). */
  code?: typeof NEVER_SERVED;
}

/** What is to be purged can never be served: the edge answers 400 to it. */
const NEVER_SERVED = "EWF412";

/** A purge, and whether it is only looked at. */
export type Asked = PurgeRequest & { dry_run?: boolean };

export interface PurgeOptions {
  reload: Reload;
  fronts: FrontCaches;
  purgeToken: string;
}

export interface PurgeAnswer {
  /** Entries removed from, or made stale in, caches in front of Workers. */
  front: { memory: number };
  workers: { worker: string; version: string; report: PurgeReport | null }[];
  /** What was invalidated in each distribution; nothing where none of it is there. */
  distributions: { id: string; items: string[] }[];
}

/** Reads a purge; raises a 400 problem that names every fault. */
export function readPurge(text: string): Asked {
  const faults: PurgeFault[] = [];
  const fault = (message: string) => faults.push({ message });
  let value: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) value = parsed as typeof value;
    else fault("The body must be a JSON object.");
  } catch (error) {
    fault(`The body is not JSON: ${(error as Error).message}.`);
  }
  for (const name of Object.keys(value)) {
    if (![...LISTS, ...FLAGS].some((known) => known === name))
      fault(`${name} is unknown; a purge has ${LISTS.join(", ")}, ${FLAGS.join(", ")}.`);
  }
  for (const name of FLAGS) {
    if (name in value && typeof value[name] !== "boolean") fault(`${name} must be true or false.`);
  }
  for (const list of LISTS) {
    const given = value[list] ?? [];
    if (!Array.isArray(given) || given.some((item) => typeof item !== "string" || item === ""))
      fault(`${list} must be a list of texts that are not empty.`);
    else if (list !== "tags") {
      for (const item of given as string[]) {
        const message = targetFault(item);
        if (message !== undefined) faults.push({ list, value: item, message });
      }
    }
  }
  if (faults.length === 0 && value.everything !== true && LISTS.every((name) => !(value[name] as string[])?.length))
    fault("There is nothing to purge: give urls, prefixes, tags or everything.");
  refuse(faults);
  return value as Asked;
}

function refuse(faults: readonly PurgeFault[]): void {
  if (faults.length === 0) return;
  const said = faults.map(({ list, value, message }) =>
    list === undefined ? message : `${list} has ${JSON.stringify(value)}: ${message}`,
  );
  throw problem(400, "Not a purge", said.join(" "), { faults });
}

function targetFault(item: string): string | undefined {
  if (item.startsWith("//")) return "begins with `//`, which names a host: give the URL with its host.";
  if (item.startsWith("/")) return undefined;
  const url = URL.parse(item);
  if (url === null || !/^https?:$/.test(url.protocol))
    return 'give an http:// or https:// URL, or a path that begins with "/".';
  return undefined;
}

/** The version's settings; undefined of a Worker that is not edgewright's. */
function settingsOf({ modules }: Version): { url_normalization?: string } | undefined {
  if (!modules.some(({ name }) => name === OWN_MODULE)) return undefined;
  const module = modules.find(({ name }) => name === SETTINGS_MODULE);
  const text = Buffer.from(module?.content_base64 ?? "", "base64").toString("utf8");
  try {
    return JSON.parse(text.replace(/^\s*export default\s*/, "").replace(/;?\s*$/, ""));
  } catch {
    return {};
  }
}

const takesAsSent = (version: Version): boolean => settingsOf(version)?.url_normalization === "none";

/** Raises a 400 problem for what of a purge cannot be there, in anything that the deployment has. */
function check(asked: Asked, { deployment, router }: Serving): void {
  const faults: PurgeFault[] = [];
  const distributions = deployment.cloudfront?.distributions ?? [];
  const versions = deployment.workers.flatMap((worker) => worker.versions);
  // Where anything takes URLs as they are sent, any may be stored.
  const strict =
    distributions.length === 0 &&
    versions.every((version) => settingsOf(version) !== undefined && !takesAsSent(version));
  const patterns = router.known().map((pattern) => pattern.replace(/^https?:\/\//i, "").split("/", 1)[0] as string);
  const hosts = [...new Set([...patterns, ...distributions.flatMap(({ aliases }) => aliases)].map(hostnameOf))];
  for (const list of ["urls", "prefixes"] as const) {
    for (const value of asked[list] ?? []) {
      const never = strict ? whyNever(restOf(value), false) : undefined;
      if (never !== undefined)
        faults.push({ list, value, message: `can never be served: ${never}`, code: NEVER_SERVED });
      const host = hostOf(value);
      if (host === undefined || hosts.some((name) => isHost(name, host))) continue;
      faults.push({
        list,
        value,
        message: `the stack has no host ${host}. It has: ${hosts.join(", ") || "none"}. A path alone means all of them.`,
      });
    }
  }
  refuse(faults);
}

/**
 * The purge as Workers see it: they know their own hosts, not this machine's, and no ports. A path, or a URL of loopback, means
 * every host of the deployment.
 */
function ofHosts({ dry_run: _, ...asked }: Asked, { router }: Serving): PurgeRequest {
  const all = [...new Set(router.hosts().flatMap((each) => ("worker" in each ? [hostnameOf(each.host)] : [])))];
  const on = (target: string): string[] => {
    const host = hostOf(target);
    return (host === undefined ? all : [host]).map((each) => `http://${each}${restOf(target)}`);
  };
  // A prefix may be a path alone, which any host means; but not `//a`, which would be a host.
  const path = (target: string): boolean =>
    hostOf(target) === undefined && !spellings(restOf(target)).some((rest) => rest.startsWith("//"));
  const prefixes = (asked.prefixes ?? []).flatMap((prefix) => (path(prefix) ? [restOf(prefix)] : on(prefix)));
  return { ...asked, urls: (asked.urls ?? []).flatMap(on), prefixes };
}

/** What of a purge a version's URLs can be: the others it would refuse. */
function servedBy(request: PurgeRequest, version: Version): PurgeRequest {
  const asSent = takesAsSent(version);
  const can = (target: string) => whyNever(restOf(target), asSent) === undefined;
  return { ...request, urls: request.urls?.filter(can) ?? [], prefixes: request.prefixes?.filter(can) ?? [] };
}

export async function purge({ reload, fronts, purgeToken }: PurgeOptions, text: string): Promise<PurgeAnswer> {
  const asked = readPurge(text);
  const serving = await reload.enter();
  try {
    check(asked, serving);
    const invalidations = invalidationsOf(asked, serving);
    const stored = invalidations.filter(({ items }) => items.length > 0);
    if (asked.soft === true && stored.length > 0)
      throw problem(
        400,
        "Not a purge",
        `CloudFront knows no soft purge, and ${stored.map(({ id }) => id).join(", ")} has some of it: leave soft out.`,
      );
    if (asked.dry_run === true) return { front: { memory: 0 }, workers: [], distributions: invalidations };
    const request = ofHosts(asked, serving);
    const workers: PurgeAnswer["workers"] = [];
    // One after the other: they share the stores that markers are written to.
    for (const worker of serving.deployment.workers) {
      for (const version of worker.versions) {
        if (settingsOf(version) === undefined) continue;
        await serving.instance.available();
        const socket = serving.instance.socket(serviceName(worker.name, version.id));
        const report = await tell(socket, purgeToken, servedBy(request, version));
        workers.push({ worker: worker.name, version: version.id, report });
      }
    }
    const front = await fronts.purge(asked);
    for (const { id, items } of stored) await serving.front?.cloudfront.invalidate(items, id);
    return { front, workers, distributions: invalidations };
  } finally {
    serving.instance.busy.end();
  }
}

/** What is to be invalidated in each distribution. */
function invalidationsOf(request: PurgeRequest, { deployment }: Serving): PurgeAnswer["distributions"] {
  return (deployment.cloudfront?.distributions ?? []).map(({ id, aliases, domain_name: name }) => ({
    id,
    items: itemsOf(
      request,
      [...aliases, name].map((host) => host.toLowerCase()),
    ),
  }));
}

/**
 * A purge as an invalidation's items, as it is sent to CloudFront's API for what is deployed: CloudFront keeps paths as they
 * were sent, so that what is asked for means the path as it is written and the one in normal form.
 */
function itemsOf(request: PurgeRequest, hosts: readonly string[]): string[] {
  if (request.everything === true) return ["/*"];
  const pathOf = (text: string): string[] => {
    const host = hostOf(text);
    if (host !== undefined && !hosts.some((name) => isHost(name, host))) return [];
    return spellings(restOf(text));
  };
  const urls = (request.urls ?? []).flatMap(pathOf);
  const prefixes = (request.prefixes ?? []).flatMap(pathOf).flatMap((path) => {
    const bare = path.replace(/\/+$/, "");
    return bare === "" ? ["/*"] : [bare, `${bare}?*`, `${bare}/*`];
  });
  return [...new Set([...urls, ...prefixes, ...(request.tags ?? []).map((tag) => `#${tag}`)])];
}

function tell(socketPath: string, token: string, request: PurgeRequest): Promise<PurgeReport | null> {
  const body = Buffer.from(JSON.stringify(request));
  return new Promise((resolve, reject) => {
    const headers = { Host: "purge.invalid", [PURGE_HEADER]: token, "Content-Length": body.length };
    const outgoing = http.request({ socketPath, agent, method: "POST", path: "/", headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (answer.statusCode !== 200)
          reject(new Error(`A Worker answered a purge with ${answer.statusCode}: ${text}`));
        else resolve(JSON.parse(text) as PurgeReport | null);
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
