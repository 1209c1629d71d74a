/** Admission policies: whether there are such, and whether they are in force. */
import type { AdmissionPolicy } from "../../doctor/ports.ts";

import { ask, type Reads } from "./ask.ts";

interface Policy {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly failurePolicy?: string };
}

interface Binding {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] };
}

interface List<T> {
  readonly items: readonly T[];
}

const GROUP = "/apis/admissionregistration.k8s.io/v1";

/** A ValidatingAdmissionPolicy is in force when a binding of it denies. */
export async function listValidatingPolicies(api: Reads): Promise<AdmissionPolicy[]> {
  const bindings = await ask("the bindings of admission policies", () =>
    api.get<List<Binding>>(`${GROUP}/validatingadmissionpolicybindings`),
  );
  const denying = bindings.items.filter(({ spec }) => spec?.validationActions?.includes("Deny") === true);
  return await listBound(api, "validatingadmissionpolicies", denying);
}

/** A MutatingAdmissionPolicy is in force when it is bound. */
export async function listMutatingPolicies(api: Reads): Promise<AdmissionPolicy[]> {
  const bindings = await ask("the bindings of mutating admission policies", () =>
    api.get<List<Binding>>(`${GROUP}/mutatingadmissionpolicybindings`),
  );
  return await listBound(api, "mutatingadmissionpolicies", bindings.items);
}

async function listBound(api: Reads, resource: string, bindings: readonly Binding[]): Promise<AdmissionPolicy[]> {
  const { items } = await ask("the admission policies", () => api.get<List<Policy>>(`${GROUP}/${resource}`));
  const bound = new Set(bindings.map(({ spec }) => spec?.policyName));
  return items.map(({ metadata, spec }) => ({
    name: metadata?.name ?? "",
    isInForce: bound.has(metadata?.name) && spec?.failurePolicy !== "Ignore",
    text: JSON.stringify(spec ?? {}),
  }));
}
