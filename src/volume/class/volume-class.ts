/** What a StorageClass asks for, typed, and what follows from it by the rows of its parameters. */
import type { AccountShape } from "../ports.ts";
import { EFFECTS, type FieldsOf, isUsed, type ParameterRow, type UsedParameter } from "./parameter-row.ts";
import type { COMMON_PARAMETERS } from "./parameters.ts";

/** The fields that every backend's classes have. Absent means not stated. */
export type VolumeClass = FieldsOf<typeof COMMON_PARAMETERS> & {
  /** `account`, or the backend's noun for the narrower scope: its own row lists the values. */
  readonly grantScope: string;
};

/**
 * What decides the account of a class, so that classes that differ never share one. A value that is not stated stays out,
 * so that a parameter of a later release does not rename the accounts of today.
 */
export function poolKeyOf(rows: readonly ParameterRow[], volumeClass: VolumeClass): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    statedRows(rows, volumeClass)
      .filter(([{ effect }]) => EFFECTS[effect].isInPoolKey)
      .map(([{ field, isCaseInsensitive }, value]) => [
        field,
        isCaseInsensitive && typeof value === "string" ? value.toLowerCase() : value,
      ]),
  );
}

/** What a new account is created with. */
export function accountShapeOf(rows: readonly ParameterRow[], volumeClass: VolumeClass): AccountShape {
  return Object.fromEntries(
    statedRows(rows, volumeClass)
      .filter(([{ effect }]) => effect === "account")
      .map(([{ field }, value]) => [field, value]),
  );
}

const mounts = new WeakMap<VolumeClass, Readonly<Record<string, string>>>();

/** The entries of the volume context that the class decides, under the node plugin's own names. */
export function mountEntriesOf(
  rows: readonly ParameterRow[],
  volumeClass: VolumeClass,
): Readonly<Record<string, string>> {
  const entries = mounts.get(volumeClass) ?? readMountEntries(rows, volumeClass);
  mounts.set(volumeClass, entries);
  return entries;
}

function readMountEntries(rows: readonly ParameterRow[], volumeClass: VolumeClass): Record<string, string> {
  return Object.fromEntries(
    statedRows(rows, volumeClass)
      .filter(([{ effect }]) => effect === "mount")
      .map(([{ name }, value]) => [name, String(value)]),
  );
}

/** Each row that is used and the class's value, where it has one. */
function statedRows(rows: readonly ParameterRow[], volumeClass: VolumeClass): (readonly [UsedParameter, unknown])[] {
  const fields: Readonly<Record<string, unknown>> = volumeClass;
  return rows
    .filter(isUsed)
    .map((row) => [row, fields[row.field]] as const)
    .filter(([, value]) => value !== undefined);
}
