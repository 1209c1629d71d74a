/**
 * From StorageClass parameters (untrusted text) to a VolumeClass (typed): the first step of CreateVolume. All faults are
 * found at once and nothing is touched before the last one is mended.
 */
import { DriverError } from "../errors.ts";
import { findNearest } from "../text/nearest.ts";
import { contradictions } from "./parameter-rules.ts";
import { readFields } from "./parameter-values.ts";
import { findParameter, PARAMETERS, type Treatment } from "./parameters.ts";
import { isAllowedPlace, type Settings } from "./settings.ts";
import type { VolumeClass } from "./volume-class.ts";

/** Throws InvalidRequest with every fault, each naming the parameter, its value and the fix. */
export function parseVolumeClass(parameters: Readonly<Record<string, string>>, settings: Settings): VolumeClass {
  const faults: string[] = [];
  const values = usedValues(parameters, faults);
  const fields = readFields(values, faults);
  faults.push(...contradictions(values, fields, settings));
  const subscriptionId = fields.subscriptionId ?? settings.subscriptionId;
  const resourceGroup = fields.resourceGroup ?? settings.resourceGroup;
  if (!isAllowedPlace(settings, subscriptionId, resourceGroup)) {
    faults.push(
      `resourceGroup "${resourceGroup}" in subscription "${subscriptionId}" is not one that the operator allows: ` +
        "remove the parameters, or ask for it in the controller's --allowed-resource-groups",
    );
  }
  if (faults.length > 0) throw new DriverError("InvalidRequest", `StorageClass parameters: ${faults.join("; ")}`);
  return {
    ...fields,
    subscriptionId,
    resourceGroup,
    location: fields.location ?? settings.location,
    tenantId: fields.tenantId ?? settings.tenantOfSubscription[subscriptionId.toLowerCase()] ?? settings.tenantId,
  };
}

/** The values of the used parameters by name in lower case; every other parameter is judged here. */
function usedValues(parameters: Readonly<Record<string, string>>, faults: string[]): Map<string, string> {
  const values = new Map<string, string>();
  const seen = new Map<string, string>();
  for (const [name, value] of Object.entries(parameters)) {
    const key = name.toLowerCase();
    const twin = seen.get(key);
    if (twin !== undefined) faults.push(`${name} and ${twin} are the same parameter: keep one`);
    seen.set(key, name);
    const fault = refusal(name, value);
    if (fault !== undefined) faults.push(fault);
    else if (findParameter(name)?.treatment.kind === "used") values.set(key, value);
  }
  return values;
}

/** Why a parameter cannot be accepted with this value, or undefined when it can (or is used, and is read later). */
function refusal(name: string, value: string): string | undefined {
  const treatment = findParameter(name)?.treatment;
  switch (treatment?.kind) {
    case undefined: {
      const nearest = findNearest(
        name,
        PARAMETERS.map((parameter) => parameter.name),
      );
      return `${name} is not a parameter of this driver${nearest === undefined ? ": remove it" : `: did you mean ${nearest}?`}`;
    }
    case "used":
      return undefined;
    case "stated":
      if (isSaid(treatment, value) || treatment.ignored?.test(value)) return undefined;
      return `${name} "${value}" has no effect, ${treatment.because}: ${statedFix(treatment)}`;
    case "key-based":
      return `${name} belongs to mounting by account key or stored credential, which this driver never does: ${treatment.instead}`;
    case "not yet":
      return `${name} is not supported yet: ${treatment.instead}`;
  }
}

type Stated = Extract<Treatment, { readonly kind: "stated" }>;

/** What to tell of parameters that are accepted and do nothing, each with what does. */
export function findIgnored(parameters: Readonly<Record<string, string>>): string[] {
  return Object.entries(parameters).flatMap(([name, value]) => {
    const treatment = findParameter(name)?.treatment;
    if (treatment?.kind !== "stated" || isSaid(treatment, value) || !treatment.ignored?.test(value)) return [];
    return [`${name} "${value}" has no effect, ${treatment.because}: ${statedFix(treatment)}`];
  });
}

function isSaid({ values }: Stated, value: string): boolean {
  return values.some((said) => said.toLowerCase() === value.toLowerCase());
}

function statedFix({ values, instead }: Stated): string {
  const named = values.filter((value) => value !== "").map((value) => `"${value}"`);
  const fix = named.length === 0 ? "remove it" : `remove it or set it to ${named.join(" or ")}`;
  return instead === undefined ? fix : `${fix}; ${instead}`;
}
