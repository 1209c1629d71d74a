/** What is said of StorageClass parameters that are refused with any value. */
import { shown } from "../../text/cut.ts";
import type { RefusedParameter } from "./parameter-row.ts";

/** A parameter of a class, as it is written there, and why it is refused. */
export interface Refused {
  readonly row: RefusedParameter;
  readonly name: string;
}

/** A person removes all that are alike at once; their names are cut where they would fill an event. */
const MOST_NAMES = 3;

/** One sentence for those with one reason and what to do first: an event has room for `LONGEST_MESSAGE`. */
export function describeGroups(refused: readonly Refused[]): string[] {
  const groups = Map.groupBy(refused, ({ row }) => `${row.effect} ${row.origin} ${firstStep(row)}`);
  return [...groups.values()].flatMap((group) => (group[0] === undefined ? [] : [describe(group[0].row, group)]));
}

/** `remove it` of `remove it; the workload's own identity opens the volume`. */
function firstStep({ instead }: RefusedParameter): string {
  return instead.split("; ", 1)[0] ?? "";
}

function fixOf(row: RefusedParameter, group: readonly Refused[]): string {
  const first = group.length === 1 ? firstStep(row) : firstStep(row).replace(/\b(remove|move) it\b/, "$1 them");
  return [first, ...new Set(group.flatMap(({ row: { instead } }) => instead.split("; ").slice(1)))].join("; ");
}

function describe(row: RefusedParameter, group: readonly Refused[]): string {
  const { effect, origin } = row;
  const names = group.map(({ name }) => shown(name));
  const isOne = names.length === 1;
  const more = names.length - MOST_NAMES;
  const subject = `${names.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const fix = fixOf(row, group);
  const is = isOne ? "is" : "are";
  switch (effect) {
    case "key-based":
      return (
        `${subject} ${isOne ? "belongs" : "belong"} to mounting by account key, stored credential or the node's identity, which ` +
        `this driver never does: ${fix}`
      );
    case "not yet":
      return `${subject} ${is} not supported yet: ${fix}`;
    case "other storage":
      return `${subject} ${is} of ${origin}, for another kind of storage: ${fix}`;
    case "class field":
      return `${subject} ${isOne ? "is a field" : "are fields"} of the StorageClass, not of its parameters: ${fix}`;
    case "secret":
      return `${subject} ${isOne ? "hands" : "hand"} a secret to the driver, and this one uses none: ${fix}`;
    case "reserved":
      return `${subject} ${is} of csi-provisioner, and not used: ${fix}`;
  }
}
