// Compiled code is kept for the Node processes that tests start, most of which load the same program. Loaded by mocha
// (.mocharc.json). The folder is of one run: bundles have another path in each, and would fill one that stays.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Node's own variable: it goes by a file's path and content, so that a changed file is compiled again. */
const VARIABLE = "NODE_COMPILE_CACHE";

if (process.env[VARIABLE] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "keyless-csi-compiled-"));
  process.env[VARIABLE] = folder;
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}
