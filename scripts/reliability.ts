// `npm run reliability [-- --full] [-- name...]`: runs test/faults item by item and prints one table of what is promised,
// what was measured, and whether it held. Exit 1 when anything did not hold. `--record` writes the figures into the page.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** One promise of docs/explanation/reliability.md and the files under test/faults that hold it. */
interface Item {
  readonly number: number;
  readonly promise: string;
  readonly files: readonly string[];
}

const ITEMS: readonly Item[] = [
  { number: 1, promise: "killed at any call: nothing lost, nothing twice", files: ["crash-matrix", "claim-changes"] },
  { number: 2, promise: "never replayed: all that is left is found", files: ["abandoned-claims"] },
  { number: 3, promise: "no final code while something may exist", files: ["error-table", "large-answer"] },
  { number: 4, promise: "two leaders agree", files: ["two-leaders"] },
  { number: 5, promise: "late role assignments are waited for", files: ["propagation"] },
  { number: 6, promise: "flat for hours, tokens refreshed", files: ["soak"] },
  { number: 7, promise: "no secret comes out", files: ["secret-hygiene"] },
  { number: 8, promise: "hostile input is refused", files: ["hostile-input"] },
  { number: 9, promise: "starved, it stays up and recovers", files: ["starvation"] },
  { number: 10, promise: "SIGTERM drains", files: ["drain"] },
  { number: 11, promise: "deletion is guarded", files: ["deletion-guards"] },
  {
    number: 12,
    promise: "role assignments at accounts stay few, however many volumes",
    files: ["role-assignment-scale"],
  },
  { number: 13, promise: "lists that tenants make long stay bounded", files: ["large-lists"] },
  { number: 14, promise: "a storm of calls keeps to Azure's limits, creations first", files: ["throttle-storm"] },
];

interface Result {
  readonly item: Item;
  readonly isPassed: boolean;
  readonly seconds: number;
  readonly figures: readonly string[];
}

/** Runs mocha on the item's files and passes its output through. */
async function runItem(item: Item, folder: string, isFull: boolean): Promise<Result> {
  const figuresFile = join(folder, `${item.number}.jsonl`);
  const mocha = join(repository, "node_modules", "mocha", "bin", "mocha.js");
  const files = item.files.map((file) => join("test", "faults", `${file}.test.ts`));
  const env = { ...process.env, KEYLESS_CSI_FIGURES: figuresFile, KEYLESS_CSI_FULL: isFull ? "1" : "0" };
  const begun = Date.now();
  // --exit: processes that a failed set-up started must not block the run.
  const child = spawn(process.execPath, [mocha, "--exit", ...files], { cwd: repository, stdio: "inherit", env });
  const code = await new Promise<number>((done) => child.once("exit", (status) => done(status ?? 1)));
  const lines = (await readFile(figuresFile, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  const figures = lines.map((line) => (JSON.parse(line) as { figure: string }).figure);
  return { item, isPassed: code === 0 && figures.length > 0, seconds: (Date.now() - begun) / 1000, figures };
}

function printTable(results: readonly Result[]): void {
  console.log("\n  #  passed   time  promise and figure");
  for (const { item, isPassed, seconds, figures } of results) {
    const head = `${String(item.number).padStart(3)}  ${isPassed ? "yes   " : "NO    "} ${seconds.toFixed(0).padStart(4)} s`;
    console.log(`${head}  ${item.promise}`);
    for (const figure of figures) console.log(`${" ".repeat(20)}${figure}`);
  }
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const failed = results.filter(({ isPassed }) => !isPassed).length;
  console.log(`\n  ${results.length - failed} of ${results.length} hold, ${(seconds / 60).toFixed(1)} minutes`);
}

/** Writes the figures of the promises that held after the word **Figure** of their section. */
async function record(results: readonly Result[]): Promise<void> {
  const page = join(repository, "docs", "explanation", "reliability.md");
  const sections = (await readFile(page, "utf8")).split(/^(?=## )/m);
  const written = sections.map((section) => {
    const result = results.find(({ item, isPassed }) => isPassed && section.startsWith(`## ${item.number}. `));
    return result === undefined ? section : section.replace(/(\*\*Figure\*\* ).*/, `$1${result.figures.join("; ")}.`);
  });
  await writeFile(page, written.join(""));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { full: { type: "boolean" }, record: { type: "boolean" } },
    allowPositionals: true,
  });
  const isChosen = ({ number, files }: Item) =>
    positionals.length === 0 || positionals.some((name) => name === String(number) || files.includes(name));
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-figures-"));
  try {
    const results: Result[] = [];
    for (const item of ITEMS.filter(isChosen)) results.push(await runItem(item, folder, values.full === true));
    printTable(results);
    if (values.record === true) await record(results);
    return results.length > 0 && results.every(({ isPassed }) => isPassed) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await main();
