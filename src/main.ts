/**
 * The program's entry: gives the command line this process' arguments, streams and signals, and ends with its exit code.
 */
import { runCommandLine } from "./command-line.ts";
import { CATALOGUE } from "./commands/catalogue.ts";
import { describeError } from "./telemetry/redaction.ts";
import { openStandardError } from "./telemetry/standard-error.ts";
import { VERSION } from "./version.ts";

const stderr = openStandardError();
const stopping = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.on(name, () => {
    // Asked twice: somebody does not want to wait for the drain.
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort(name);
  });
}

// Node's own report of these prints the whole error object, which may hold a request with its token.
process.on("uncaughtException", (error) => {
  stderr.write(`keyless-csi: ${describeError(error)} (this is a bug; the process ends)\n`);
  process.exit(1);
});

// A reader that went away (`keyless-csi --help | head -1`) is no failure.
process.stdout.on("error", () => process.exit(0));

const code = await runCommandLine({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr,
  signal: stopping.signal,
  catalogue: CATALOGUE,
  version: VERSION,
});
process.exit(code);
