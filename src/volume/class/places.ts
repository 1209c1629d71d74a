/** Where the accounts of a class may be: in its own resource group, and after that in those that the operator lists. */
import type { Backend } from "../../backend/backend.ts";
import { groupKey, type Settings } from "../settings.ts";
import { isUsed, type ParameterRow } from "./parameter-row.ts";
import { parseVolumeClass } from "./parse-class.ts";
import type { VolumeClass } from "./volume-class.ts";

/** The fields by which a class says itself where its accounts are. The region is none: it is the same in every place. */
const OWN_PLACE: readonly string[] = ["subscriptionId", "resourceGroup", "storageAccount"];

/**
 * The class in each place to which it goes on when a quota is met (`--overflow`), in the operator's order. None for a class that
 * states a subscription, resource group or account: that is where its administrator wants the data.
 */
export function furtherPlaces(
  volumeClass: VolumeClass,
  parameters: Readonly<Record<string, string>>,
  { settings, backend }: { readonly settings: Settings; readonly backend: Pick<Backend, "parameters"> },
): VolumeClass[] {
  if (statesPlace(backend.parameters, parameters)) return [];
  const keys = [volumeClass, ...settings.overflow].map(groupKey);
  return settings.overflow
    .filter((_, index) => keys.indexOf(keys[index + 1] ?? "") === index + 1)
    .map((group) => ({ ...volumeClass, ...group }));
}

/** An empty text counts as absent, as in parse-class.ts. */
function statesPlace(rows: readonly ParameterRow[], parameters: Readonly<Record<string, string>>): boolean {
  const names = new Set(
    rows.flatMap((row) => (isUsed(row) && OWN_PLACE.includes(row.field) ? [row.name.toLowerCase()] : [])),
  );
  return Object.entries(parameters).some(([name, text]) => text !== "" && names.has(name.toLowerCase()));
}

/** The class of these parameters in each place where it may have accounts, its own first. Throws InvalidRequest. */
export function everyPlace(
  parameters: Readonly<Record<string, string>>,
  { settings, backend }: { readonly settings: Settings; readonly backend: Backend },
): VolumeClass[] {
  const volumeClass = parseVolumeClass(parameters, settings, backend);
  return [volumeClass, ...furtherPlaces(volumeClass, parameters, { settings, backend })];
}
