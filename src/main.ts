/**
 * The program's entry point: passes this process's arguments, streams and signals to the command line, and exits with its code.
 */
import { runCommandLine } from "./command-line.ts";
import { CATALOGUE } from "./commands/catalogue.ts";
import { describeError } from "./telemetry/redaction.ts";
import { openStandardError } from "./telemetry/standard-error.ts";
import { VERSION } from "./version.ts";

const stderr = openStandardError();
const stopping = new AbortController();
// SIGHUP comes when a terminal or an SSH session ends: then too the emulator keeps its state and removes its secrets.
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(name, () => {
    // The second signal: do not wait for the drain.
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort(name);
  });
}

// Node's own report prints the whole error object, which may contain a request with its token.
process.on("uncaughtException", (error) => {
  stderr.write(`keyless-csi: ${describeError(error)} (this is a bug; the process ends)\n`);
  process.exit(1);
});

// A closed reader (`keyless-csi --help | head -1`) is not a failure.
process.stdout.on("error", () => process.exit(0));

// No top-level await: the bundles are CommonJS (scripts/bundle.ts).
void runCommandLine({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr,
  signal: stopping.signal,
  catalogue: CATALOGUE,
  version: VERSION,
}).then((code) => process.exit(code));
