/** Bundles the code under test, exactly as it is shipped, into a directory of its own. */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export async function buildBundles(): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "edgewright-bundles-"));
  await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "../../build.mjs"),
    directory,
    "--only=cloudflare",
  ]);
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
