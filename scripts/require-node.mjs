// Refuses a Node that cannot run this project's TypeScript directly. Plain JavaScript, so that any Node can read it.
// Used by bin/keyless-csi.mjs, and by the npm scripts as `node scripts/require-node.mjs && …`.
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OLDEST = 24;

/** Ends the process with exit code 2 and advice when Node is too old. */
export function requireNode(version = process.versions.node) {
  if (Number(version.split(".")[0]) >= OLDEST) return;
  process.stderr.write(
    `keyless-csi needs Node ${OLDEST} or later; this is Node ${version} (${process.execPath}).\n` +
      "On Linux x64 and arm64 `npm ci` installs a fitting one, which npm scripts and npx use by themselves:\n" +
      "  npm ci && npx keyless-csi --help\n" +
      `Elsewhere install Node ${OLDEST} from https://nodejs.org and start again.\n`,
  );
  process.exit(2);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) requireNode();
