// The stores on disk, looked at before workerd opens them: a file that is none of SQLite's fails each request there, in words that help nobody.

import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { type DeployError, fault } from "./diagnostics.js";

export const BEGIN_ANEW =
  "Put the file back, or begin without the data of earlier runs: edgewright up --fresh, or edgewright dev --fresh.";

const MAGIC = "SQLite format 3\0";

/** A fault for each file of a store that cannot be one. */
export function storeFaults(stateDir: string): DeployError[] {
  let names: string[];
  try {
    names = readdirSync(stateDir, { recursive: true }) as string[];
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".sqlite") && !name.startsWith("cache"))
    .filter((name) => !isStore(join(stateDir, name)))
    .map((name) => fault(`${join(stateDir, name)} is damaged: it is no database of SQLite. ${BEGIN_ANEW}`));
}

/** An empty file is a database without anything in it. */
function isStore(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const head = Buffer.alloc(MAGIC.length);
    const length = readSync(file, head, 0, head.length, 0);
    return length === 0 || head.toString("latin1") === MAGIC;
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
