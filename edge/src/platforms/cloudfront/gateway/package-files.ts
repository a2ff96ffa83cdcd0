// A function's package on disk: its own directory, or its files unpacked once by content.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import type { LambdaVersion } from "./model.js";

/** The directory that holds a version's package. Equal packages share one. Throws on a path that leaves it. */
export function packageDirectory(version: LambdaVersion, workDir: string): string {
  if (version.directory !== null) return version.directory;
  const hash = createHash("sha256");
  for (const file of version.files) hash.update(JSON.stringify([file.path, file.content_base64]));
  const directory = join(workDir, "lambda", hash.digest("hex").slice(0, 32));
  if (existsSync(directory)) return directory;
  const unpacking = `${directory}.${process.pid}`;
  rmSync(unpacking, { recursive: true, force: true });
  for (const file of version.files) {
    const path = normalize(file.path);
    if (path.startsWith("..") || path.startsWith(sep) || path.includes("\0")) {
      throw new Error(
        `The package of ${version.name} has a file ${JSON.stringify(file.path)} outside of its directory.`,
      );
    }
    mkdirSync(dirname(join(unpacking, path)), { recursive: true });
    writeFileSync(join(unpacking, path), Buffer.from(file.content_base64, "base64"));
  }
  mkdirSync(unpacking, { recursive: true });
  renameSync(unpacking, directory);
  return directory;
}
