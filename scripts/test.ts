// The tests of `npm test` that need no cluster, in two mocha processes at once: what calls the service over its socket takes as
// long as all the rest together. Not `mocha --parallel`, which ends its workers by force: a process that hangs must show.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "..");
const MOCHA = join(repository, "node_modules", "mocha", "bin", "mocha.js");

/**
 * Together every folder but those of suites with a command of their own (CONTRIBUTING.md). The longest files of test/csi, a
 * minute in all, are with the others, so that both processes take equally long.
 */
const GROUPS = [
  ["test/csi/**/!(overflow|drift-check|stable-messages).test.ts"],
  [
    "test/!(bundle|csi|chart|cluster|repository|clients|faults|kubelet|mount)/**/*.test.ts",
    "test/csi/@(overflow|drift-check|stable-messages).test.ts",
  ],
];

function start(files: readonly string[], output: "inherit" | "pipe"): ChildProcess {
  const colours = process.stdout.isTTY ? ["--color"] : [];
  return spawn(process.execPath, [MOCHA, ...colours, ...files], { cwd: repository, stdio: ["ignore", output, output] });
}

/** Everything that it prints, in order, and its exit code. */
async function collect(child: ChildProcess): Promise<{ readonly code: number; readonly output: Buffer }> {
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? 1, output: Buffer.concat(chunks) };
}

const [shown, ...others] = GROUPS.map((files, index) => start(files, index === 0 ? "inherit" : "pipe"));
if (shown === undefined) throw new Error("there is nothing to run");
// What the other processes print follows whole, so that the lines of two suites do not mix.
const results = others.map(collect);
const { code } = await collect(shown);
const codes = [code];
for (const result of results) {
  const { code: other, output } = await result;
  process.stdout.write(output);
  codes.push(other);
}
process.exitCode = codes.find((each) => each !== 0) ?? 0;
