/**
 * A mistake in what the operator wrote, as data: all of them are collected and told at once, one per line.
 */

/** One fault: where it was written, what was written there, and what to write instead. */
export interface Fault {
  /** The setting's flag name without dashes, or "" for a fault of no one setting. */
  readonly setting: string;
  /** Where it was written: `--endpoint`, `KEYLESS_CSI_ENDPOINT`, `controller.yaml: endpoint`. */
  readonly source: string;
  /** What was written, when it was something that may be shown. */
  readonly value?: string;
  /** What is wrong and what to do, continuing the line after "source "value": ". */
  readonly problem: string;
}

const LONGEST_SHOWN = 80;

/** `--location "": is empty; name an Azure region`. Control characters are escaped and long values cut. */
export function toLine(fault: Fault): string {
  if (fault.value === undefined) return `${fault.source}: ${fault.problem}`;
  const shown = fault.value.length > LONGEST_SHOWN ? `${fault.value.slice(0, LONGEST_SHOWN)}…` : fault.value;
  return `${fault.source} ${JSON.stringify(shown)}: ${fault.problem}`;
}
