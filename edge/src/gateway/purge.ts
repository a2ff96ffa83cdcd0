// A purge from outside: the cache in front here, and every tier of each version of each Worker, by the Worker's own code.

import http from "node:http";
import type { PurgeRequest } from "../core/cache/types.js";
import type { PurgeReport } from "../core/feature.js";
import { PURGE_HEADER } from "./entry.js";
import type { FrontCaches } from "./front-cache.js";
import { problem } from "./problem.js";
import { agent } from "./proxy.js";
import type { Reload, Serving } from "./reload.js";
import { hostnameOf } from "./router.js";
import { serviceName } from "./translate.js";

/** The module by which a Worker of edgewright's is known: others would take the purge for a client's request. */
const OWN_MODULE = "edgewright.js";
const LISTS = ["urls", "prefixes", "tags"] as const;
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

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
export function readPurge(text: string): PurgeRequest {
  const faults: string[] = [];
  let value: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) value = parsed as typeof value;
    else faults.push("The body must be a JSON object.");
  } catch (error) {
    faults.push(`The body is not JSON: ${(error as Error).message}.`);
  }
  for (const name of Object.keys(value)) {
    if (![...LISTS, "everything", "soft"].includes(name))
      faults.push(`${name} is unknown; a purge has ${LISTS.join(", ")}, everything and soft.`);
  }
  for (const name of ["everything", "soft"]) {
    if (name in value && typeof value[name] !== "boolean") faults.push(`${name} must be true or false.`);
  }
  for (const name of LISTS) {
    const list = value[name] ?? [];
    if (!Array.isArray(list) || list.some((item) => typeof item !== "string" || item === ""))
      faults.push(`${name} must be a list of texts that are not empty.`);
    else if (name !== "tags") for (const item of list as string[]) checkTarget(name, item, faults);
  }
  if (faults.length === 0 && value.everything !== true && LISTS.every((name) => !(value[name] as string[])?.length))
    faults.push("There is nothing to purge: give urls, prefixes, tags or everything.");
  if (faults.length > 0) throw problem(400, "Not a purge", faults.join(" "));
  return value as PurgeRequest;
}

function checkTarget(name: string, item: string, faults: string[]): void {
  if (item.startsWith("/")) return;
  const url = URL.parse(item);
  if (url === null || !/^https?:$/.test(url.protocol))
    faults.push(
      `${name} has ${JSON.stringify(item)}: give an http:// or https:// URL, or a path that begins with "/".`,
    );
}

/**
 * The purge as Workers see it: they know their own hosts, not this machine's. A path, or a URL of loopback, means every host
 * of the deployment.
 */
function ofHosts(request: PurgeRequest, serving: Serving): PurgeRequest {
  const hosts = [
    ...new Set(serving.router.hosts().flatMap((each) => ("worker" in each ? [hostnameOf(each.host)] : []))),
  ];
  const urls = (request.urls ?? []).flatMap((text) => {
    const url = new URL(text, "http://127.0.0.1");
    if (!LOOPBACK.has(url.hostname)) return [text];
    url.hash = "";
    // Not `search`: it leaves out the `?` of an empty query.
    return hosts.map((host) => `http://${host}${url.href.slice(url.origin.length)}`);
  });
  const prefixes = (request.prefixes ?? []).flatMap((text) => {
    const url = text.startsWith("/") ? undefined : new URL(text);
    if (url === undefined || !LOOPBACK.has(url.hostname)) return [text];
    // As a path alone, `//a` would mean a host.
    return url.pathname.startsWith("//") ? hosts.map((host) => `http://${host}${url.pathname}`) : [url.pathname];
  });
  return { ...request, urls, prefixes };
}

export async function purge({ reload, fronts, purgeToken }: PurgeOptions, text: string): Promise<PurgeAnswer> {
  const asked = readPurge(text);
  const serving = await reload.enter();
  try {
    const invalidations = invalidationsOf(asked, serving);
    const stored = invalidations.filter(({ items }) => items.length > 0);
    if (asked.soft === true && stored.length > 0)
      throw problem(
        400,
        "Not a purge",
        `CloudFront knows no soft purge, and ${stored.map(({ id }) => id).join(", ")} has some of it: leave soft out.`,
      );
    const request = ofHosts(asked, serving);
    const workers: PurgeAnswer["workers"] = [];
    // One after the other: they share the stores that markers are written to.
    for (const worker of serving.deployment.workers) {
      for (const version of worker.versions) {
        if (!version.modules.some((module) => module.name === OWN_MODULE)) continue;
        const port = serving.instance.port(serviceName(worker.name, version.id));
        workers.push({ worker: worker.name, version: version.id, report: await tell(port, purgeToken, request) });
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
    items: itemsOf(request, new Set([...aliases, name].map((host) => host.toLowerCase()))),
  }));
}

/** A purge as an invalidation's items, as it is sent to CloudFront's API for what is deployed. */
function itemsOf(request: PurgeRequest, hosts: ReadonlySet<string>): string[] {
  if (request.everything === true) return ["/*"];
  const pathOf = (text: string): string[] => {
    const url = new URL(text, "http://127.0.0.1");
    return LOOPBACK.has(url.hostname) || hosts.has(url.hostname) ? [`${url.pathname}${url.search}`] : [];
  };
  const urls = (request.urls ?? []).flatMap(pathOf);
  const prefixes = (request.prefixes ?? []).flatMap(pathOf).flatMap((path) => {
    const bare = path.replace(/\/+$/, "");
    return bare === "" ? ["/*"] : [bare, `${bare}?*`, `${bare}/*`];
  });
  return [...new Set([...urls, ...prefixes, ...(request.tags ?? []).map((tag) => `#${tag}`)])];
}

function tell(port: number, token: string, request: PurgeRequest): Promise<PurgeReport | null> {
  const body = Buffer.from(JSON.stringify(request));
  return new Promise((resolve, reject) => {
    const headers = { Host: "purge.invalid", [PURGE_HEADER]: token, "Content-Length": body.length };
    const outgoing = http.request({ host: "127.0.0.1", port, agent, method: "POST", path: "/", headers }, (answer) => {
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
