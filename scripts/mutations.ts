// `npm run mutations [-- name...]`: each patch under test/mutations removes one guard from a copy of the sources; the test
// that it names must then fail. A patch that no longer applies, and a test that stays green, are failures.
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const PATCHES = join(repository, "test", "mutations");
/** What the tests that mutations name need of the repository. */
const COPIED = [
  "bin",
  "deploy",
  "docs",
  "proto",
  "scripts",
  "src",
  "test",
  "package.json",
  "tsconfig.json",
  ".mocharc.json",
];
/** A mutated test may wait forever. */
const GUARD_MS = 300_000;

/** The lines `Guard:`, `Test:`, `Grep:` and `Environment:` above a patch. */
interface Mutation {
  readonly name: string;
  readonly path: string;
  /** What the patch removes, in words. */
  readonly guard: string;
  readonly test: string;
  readonly grep: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

async function readMutation(file: string): Promise<Mutation> {
  const path = join(PATCHES, file);
  const text = await readFile(path, "utf8");
  const find = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1];
  const [guard, test] = [find("Guard"), find("Test")];
  if (guard === undefined || test === undefined) throw new Error(`${file} does not say Guard: and Test:`);
  const [variable, value] = (find("Environment") ?? "").split("=");
  const env: Record<string, string> = variable && value ? { [variable]: value } : {};
  return { name: file.replace(/\.patch$/, ""), path, guard, test, grep: find("Grep"), env };
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(command: string, args: readonly string[], cwd: string, env: Mutation["env"] = {}): Promise<Ended> {
  return new Promise((done, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (output += part.toString()));
    const guard = setTimeout(() => child.kill("SIGKILL"), GUARD_MS);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(guard);
      done({ code: code ?? 1, output });
    });
  });
}

/** Undefined when the test turned red, else what is wrong. */
async function tryMutation(mutation: Mutation, folder: string): Promise<string | undefined> {
  const applied = await run("git", ["apply", "-C1", mutation.path], folder);
  if (applied.code !== 0) return `the patch does not apply: ${applied.output.trim()}`;
  const verdict = await judge(mutation, folder);
  const reverted = await run("git", ["apply", "-C1", "--reverse", mutation.path], folder);
  if (reverted.code !== 0) throw new Error(`${mutation.name} cannot be reverted: ${reverted.output}`);
  return verdict;
}

async function judge(mutation: Mutation, folder: string): Promise<string | undefined> {
  const grep = mutation.grep === undefined ? [] : ["--grep", mutation.grep];
  const mocha = join(folder, "node_modules", "mocha", "bin", "mocha.js");
  const args = [mocha, "--exit", "--bail", ...grep, mutation.test];
  const { code, output } = await run(process.execPath, args, folder, mutation.env);
  if (code === 0) return `${mutation.test} stays green`;
  // A mutation that does not load proves nothing about the test.
  const isRed = /^\s*\d+ failing/m.test(output) && !/SyntaxError|Build failed/.test(output);
  return isRed ? undefined : `it does not run:\n${output.slice(-2_000)}`;
}

async function main(): Promise<number> {
  const chosen = process.argv.slice(2);
  const files = (await readdir(PATCHES)).filter((file) => file.endsWith(".patch")).sort();
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-mutations-"));
  let wrong = 0;
  let tried = 0;
  try {
    for (const name of COPIED) await cp(join(repository, name), join(folder, name), { recursive: true });
    await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
    for (const file of files) {
      const mutation = await readMutation(file);
      if (chosen.length > 0 && !chosen.includes(mutation.name)) continue;
      const begun = Date.now();
      const problem = await tryMutation(mutation, folder);
      const seconds = ((Date.now() - begun) / 1000).toFixed(0);
      tried += 1;
      if (problem !== undefined) wrong += 1;
      console.log(
        `${problem === undefined ? "red  " : "WRONG"} ${seconds.padStart(4)} s  ${mutation.name}: ${mutation.guard}`,
      );
      if (problem !== undefined) console.log(`             ${problem}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log(`\n${tried - wrong} of ${tried} mutations turn their test red`);
  return wrong === 0 && tried > 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
