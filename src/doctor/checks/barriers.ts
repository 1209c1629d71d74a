/** What keeps the controller from changing a resource group, whatever its roles: locks and deny assignments. */

import { groupId } from "../../volume/formats/arm-ids.ts";
import type { DenyAssignment, ResourceGroupRef } from "../../volume/ports.ts";
import { type Check, error, heaviest, type Outcome, ok, unchecked } from "../check.ts";
import { overGroups } from "../over-groups.ts";
import type { DoctorContext, Lock } from "../ports.ts";
import { allows } from "../rights.ts";

const APPLY = "apply what `keyless-csi roles --with doctor` prints";
/** Whom a deny assignment names for everybody ("List Azure deny assignments"). */
const EVERYBODY = "00000000-0000-0000-0000-000000000000";

const locks: Check = {
  id: "locks",
  category: "azure",
  title: "no lock holds up volumes",
  why:
    "A lock of level ReadOnly at a resource group or above it keeps volumes from being created, one of level CanNotDelete from being " +
    "deleted. Locks on single accounts are not looked at: they are somebody's decision about that account.",
  needs: ["resource-group"],
  run: (context) =>
    overGroups(context, async (group) => {
      const found = await context.azure.locksAt(group);
      if (found === "hidden") return unchecked(`the locks of resource group ${group.resourceGroup} are hidden`, APPLY);
      return heaviest(found.map(toOutcome), ok(`none at resource group ${group.resourceGroup}`));
    }),
};

/** Never what to run: a lock is often all that protects the data. */
function toOutcome({ name, scope, level }: Lock): Outcome {
  const isWhole = /^readonly$/i.test(level);
  const fix = isWhole
    ? "let its holder release it, or use another resource group"
    : "let its holder release it where volumes are to be deleted; until then each stays with its data";
  return error(`lock "${name}" of level ${level} at ${scope}: no volume is ${isWhole ? "created" : "deleted"}`, fix);
}

const denials: Check = {
  id: "deny-assignments",
  category: "azure",
  title: "no deny assignment outranks the controller's roles",
  why: "Deployment stacks, managed applications and blueprints deny actions to everybody but whom they name. No role helps against that.",
  needs: ["resource-group"],
  run: (context) =>
    overGroups(context, async (group) => {
      const found = await context.ports.access.listDenials(group);
      if (found === undefined) {
        return unchecked(`the deny assignments of resource group ${group.resourceGroup} are hidden`, APPLY);
      }
      const { principalId } = await context.azure.signIn();
      const denials = found.flatMap((each) => toDenial(context, group, principalId, each));
      return heaviest(denials, ok(`none at resource group ${group.resourceGroup}`));
    }),
};

function toDenial(
  { neededRights }: DoctorContext,
  group: ResourceGroupRef,
  principalId: string,
  denial: DenyAssignment,
): Outcome[] {
  const { name, scope, principalIds, excludedPrincipalIds } = denial;
  const isAbout = (ids: readonly string[]) => ids.some((id) => id.toLowerCase() === principalId.toLowerCase());
  if (isAbout(excludedPrincipalIds) || !(principalIds.includes(EVERYBODY) || isAbout(principalIds))) return [];
  const at = groupId(group);
  // What holds in a part of the group alone is somebody's decision about that part, as a lock there is.
  if (!denial.holdsBelow || scope.toLowerCase().startsWith(`${at}/`.toLowerCase())) return [];
  const denied = neededRights.filter((each) => each.scope === at && allows(denial.permissions, each.action));
  if (denied.length === 0) return [];
  const actions = denied.map(({ action }) => action).join(", ");
  return [
    error(
      `deny assignment "${name}" at ${scope} denies ${actions}`,
      "let the owner of what made it exclude the controller's identity, or use another resource group",
    ),
  ];
}

export const BARRIER_CHECKS: readonly Check[] = [locks, denials];
