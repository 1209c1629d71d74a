/** What `keyless-csi doctor` prints: one line a check for people, an object for programs. */
import type { Writable } from "node:stream";
import { styleText } from "node:util";
import { CATEGORY_NAMES, type Category, type Finding } from "../../doctor/check.ts";
import type { CheckResult } from "../../doctor/run.ts";
import { TERMINAL_COLUMNS, wrap } from "../../text/wrap.ts";
import { VERSION } from "../../version.ts";

type Shown = CheckResult["status"];

const SIGNS: Readonly<Record<Shown, readonly [string, "green" | "yellow" | "red" | "gray"]>> = {
  ok: ["√", "green"],
  warning: ["‼", "yellow"],
  error: ["×", "red"],
  unchecked: ["?", "gray"],
  "not run": ["-", "gray"],
};

/** In words, for JSON and the last line. */
export type Summary = Readonly<Record<Shown, number>>;

export function summarise(results: readonly CheckResult[]): Summary {
  const count = (status: Shown) => results.filter((each) => each.status === status).length;
  return {
    ok: count("ok"),
    warning: count("warning"),
    error: count("error"),
    unchecked: count("unchecked"),
    "not run": count("not run"),
  };
}

/** Behind the repository's address. */
function referenceOf(id: string): string {
  return `docs/reference/doctor.md#${id}`;
}

export interface TextReport {
  /** Prints what has become of a check at once: the next one may take its time. */
  show(result: CheckResult): void;
  end(results: readonly CheckResult[]): void;
}

/** `isShort`: without what is as it should be. */
export function createTextReport(stdout: Writable, isShort: boolean): TextReport {
  let category: Category | undefined;
  return {
    show(result) {
      if (isShort && (result.status === "ok" || result.status === "not run")) return;
      if (result.category !== category) {
        const heading = CATEGORY_NAMES[result.category];
        stdout.write(`${category === undefined ? "" : "\n"}${heading}\n${"-".repeat(heading.length)}\n`);
        category = result.category;
      }
      stdout.write(toLines(result, stdout));
    },
    end(results) {
      const { ok, warning, error, unchecked, "not run": notRun } = summarise(results);
      const counts = [
        `${ok} ok`,
        plural(warning, "warning"),
        plural(error, "error"),
        `${unchecked} not checked`,
        `${notRun} not run`,
      ];
      stdout.write(`${category === undefined ? "" : "\n"}${counts.join(", ")}\n`);
    },
  };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function toLines({ id, title, status, findings, because }: CheckResult, stdout: Writable): string {
  const [sign, colour] = SIGNS[status];
  const signed = styleText(colour, sign, { stream: stdout });
  // The sign takes two of the four columns.
  const headed = (text: string) => `${signed} ${wrap(text, "    ").join("\n").trimStart()}\n`;
  if (status === "not run") return headed(`${title}: not run, because of ${because}`);
  const [first] = findings;
  if (status === "ok") {
    const line = `${title}: ${first?.found ?? ""}`;
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
    return headed(line + more);
  }
  const lines = findings.flatMap(toFindingLines);
  return `${headed(title)}${lines.join("\n")}\n    see ${referenceOf(id)}\n`;
}

/** Commands and ids stay whole, however long they are. */
function toFindingLines({ found, fix }: Finding): string[] {
  const said = wrap(found, "    ", TERMINAL_COLUMNS);
  if (fix === undefined) return said;
  const [first = "", ...rest] = wrap(`fix: ${fix}`, "      ", TERMINAL_COLUMNS);
  return [...said, first.replace("      ", "    "), ...rest];
}

/** One JSON object: `checks` in the order in which they were run. */
export function toJsonReport(results: readonly CheckResult[], calls: number): string {
  const { ok, warning, error, unchecked, "not run": notRun } = summarise(results);
  const checks = results.map((each) => ({ ...each, see: referenceOf(each.id) }));
  const summary = { ok, warning, error, unchecked, notRun };
  return `${JSON.stringify({ version: VERSION, summary, azureCalls: calls, checks }, null, 2)}\n`;
}
