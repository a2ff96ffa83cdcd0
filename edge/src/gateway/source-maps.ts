// From places in a deployment's modules to places in the sources that they were made of.

import { SourceMap } from "node:module";
import type { Deployment } from "./protocol.gen.js";
import { serviceName } from "./service-name.js";

export interface Place {
  source: string;
  line: number;
  column: number;
}

/** A module's map, read when something asks for it. */
class LazyMap {
  #map: SourceMap | undefined;
  #broken = false;

  constructor(readonly base64: string) {}

  get map(): SourceMap | undefined {
    if (this.#map === undefined && !this.#broken) {
      try {
        this.#map = new SourceMap(JSON.parse(Buffer.from(this.base64, "base64").toString("utf8")));
      } catch {
        this.#broken = true; // A user's own upload may be anything; places stay as they are.
      }
    }
    return this.#map;
  }
}

/** The modules of type `application/source-map`, each named `<module>.map`. */
export class SourceMaps {
  #services = new Map<string, Map<string, LazyMap>>();

  constructor(deployment: Pick<Deployment, "workers">) {
    for (const worker of deployment.workers) {
      for (const version of worker.versions) {
        const maps = version.modules
          .filter(({ name, content_type: type }) => type.startsWith("application/source-map") && name.endsWith(".map"))
          .map(({ name, content_base64: base64 }) => [name.slice(0, -".map".length), new LazyMap(base64)] as const);
        this.#services.set(serviceName(worker.name, version.id), new Map(maps));
      }
    }
  }

  /** Where a line and a column, both counted from 1, come from. */
  place(service: string, module: string, line: number, column: number): Place | undefined {
    const entry = this.#services
      .get(service)
      ?.get(module)
      ?.map?.findEntry(line - 1, column - 1);
    if (entry === undefined || !("originalSource" in entry) || typeof entry.originalSource !== "string")
      return undefined;
    return { source: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }

  /** The file that a module was made of: esbuild lists what is imported before what imports it. */
  source(service: string, module: string): string | undefined {
    return this.#services.get(service)?.get(module)?.map?.payload.sources.at(-1);
  }

  /** A text with every `module:line:column` in it as a place in the sources. */
  text(service: string, text: string): string {
    if ((this.#services.get(service)?.size ?? 0) === 0) return text;
    return text.replace(/([\w./-]+\.m?js):(\d+):(\d+)/g, (whole, module: string, line: string, column: string) => {
      const place = this.place(service, module, Number(line), Number(column));
      return place === undefined ? whole : `${place.source}:${place.line}:${place.column}`;
    });
  }

  /** A text with every module that has a map named by its source, and the first such source. */
  named(service: string, text: string): { text: string; source: string | undefined } {
    let first: string | undefined;
    let named = text;
    for (const module of this.#services.get(service)?.keys() ?? []) {
      const source = this.source(service, module);
      if (source === undefined || !named.includes(module)) continue;
      named = named.replaceAll(module, source);
      first ??= source;
    }
    return { text: named, source: first };
  }
}
