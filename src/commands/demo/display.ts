/** How the demo looks: headings, rows in columns, ticks. Plain text unless a terminal asks for colours. */
import type { Writable } from "node:stream";
import { createColors } from "picocolors";

/** The longest key of the volume context, and the longest statement of the demo. */
const NAME_WIDTH = 30;
const STATEMENT_WIDTH = 66;

export interface Display {
  title(text: string, note: string): void;
  heading(text: string): void;
  /** A row of two or three columns: name, value, and a remark in a quieter colour. */
  row(name: string, value: string, remark?: string): void;
  /** A statement that was checked, and what was observed. */
  proof(isTrue: boolean, statement: string, observed: string): void;
  /** A command as one would type it in a pod, and what it prints. */
  shell(command: string, output: string): void;
  line(text?: string): void;
}

/** Colours follow the terminal, NO_COLOR (no-color.org) and TERM=dumb. */
export function createDisplay(stdout: Writable, env: NodeJS.ProcessEnv): Display {
  const isTerminal = "isTTY" in stdout && stdout.isTTY === true;
  const hasColours = isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const { bold, cyan, dim, green, red } = createColors(hasColours);
  const line = (text = "") => void stdout.write(`${text}\n`);
  let number = 0;
  return {
    title(text, note) {
      line(bold(text));
      line(dim(note));
    },
    heading(text) {
      number += 1;
      line();
      line(`${cyan(`${number}`)}  ${bold(text)}`);
    },
    row: (name, value, remark) =>
      line(`   ${name.padEnd(NAME_WIDTH)} ${remark === undefined ? value : `${value.padEnd(7)} ${dim(remark)}`}`),
    proof: (isTrue, statement, observed) =>
      line(`   ${isTrue ? green("ok") : red("NO")}  ${statement.padEnd(STATEMENT_WIDTH)} ${dim(observed)}`),
    shell(command, output) {
      line(`   ${dim("$")} ${command}`);
      for (const each of output.split("\n")) line(`   ${each}`);
    },
    line,
  };
}
