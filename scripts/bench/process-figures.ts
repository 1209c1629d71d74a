// What the kernel says of a process: processor time and resident memory (proc(5)).
import { readFileSync } from "node:fs";

/** USER_HZ is 100 on every architecture that Linux runs Node on. */
const TICK_MS = 10;

export interface ProcessFigures {
  /** User and system time since its start, in milliseconds, to 10 ms. */
  readonly cpuMs: number;
  /** VmRSS and VmHWM: resident now, and at most since its start. */
  readonly residentMiB: number;
  readonly peakMiB: number;
}

export function figuresOf(pid: number): ProcessFigures {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return parseFigures(stat, readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** `stat` and `status` as the kernel writes them. The program's name in `stat` may have spaces and parentheses. */
export function parseFigures(stat: string, status: string): ProcessFigures {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { cpuMs: ticks * TICK_MS, residentMiB: mebibytes("VmRSS"), peakMiB: mebibytes("VmHWM") };
}
