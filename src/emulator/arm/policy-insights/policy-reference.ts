/** How an answer names a policy: by ids alone, without the names that people gave. */
import type { DenyPolicy } from "../../policy/deny-policy.ts";

export function policyReference({ id, definitionId }: DenyPolicy): object {
  return { policyDefinitionId: definitionId, policyAssignmentId: id };
}

export function effectOf({ effect = "Deny" }: DenyPolicy): string {
  return effect;
}
