/** How the demo looks: headings, rows in columns, ticks. Plain text unless a terminal asks for colours. */
import type { Writable } from "node:stream";
import { createColors } from "picocolors";

/** Columns of the narrowest terminal that shows every line whole. */
const WIDTH = 80;
const INDENT = " ".repeat(3);
/** Of the part of a proof that stands before what was observed. */
const STATEMENT_WIDTH = 47;

/** A name, a value, and sometimes a remark in a quieter colour. */
export type Row = readonly [name: string, value: string, remark?: string];

export interface Display {
  title(text: string, note: string): void;
  heading(text: string): void;
  /** Rows in columns as wide as they need. */
  table(rows: readonly Row[]): void;
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
    table(rows) {
      const nameWidth = widest(rows.map(([name]) => name));
      const valueWidth = widest(rows.flatMap(([, value, remark]) => (remark === undefined ? [] : [value])));
      for (const [name, value, remark] of rows) {
        const start = `${INDENT}${name.padEnd(nameWidth)} `;
        if (remark !== undefined) line(`${start}${value.padEnd(valueWidth)} ${dim(remark)}`);
        else line(`${start}${wrap(value, start.length)}`);
      }
    },
    proof(isTrue, statement, observed) {
      const start = `${INDENT}${isTrue ? green("ok") : red("NO")}  `;
      const indent = INDENT.length + 4;
      const isShort = statement.length <= STATEMENT_WIDTH && indent + STATEMENT_WIDTH + 1 + observed.length <= WIDTH;
      if (isShort) return line(`${start}${statement.padEnd(STATEMENT_WIDTH)} ${dim(observed)}`);
      line(`${start}${statement}`);
      line(`${" ".repeat(indent)}${dim(wrap(observed, indent))}`);
    },
    shell(command, output) {
      line(`${INDENT}${dim("$")} ${command}`);
      for (const each of output.split("\n")) line(`${INDENT}${each}`);
    },
    line,
  };
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

/** Breaks a text that would pass the last column, after a space or a `#` of a volume id; further lines begin at `indent`. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [""];
  for (const piece of text.split(/(?<=[# ])(?!#)/)) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && indent + last.length + piece.trimEnd().length > WIDTH) lines.push(piece);
    else lines[lines.length - 1] = last + piece;
  }
  return lines.map((each) => each.trimEnd()).join(`\n${" ".repeat(indent)}`);
}
