/** What the controller may do, action by action, and what it lets workloads do. */
import { DriverError } from "../../errors.ts";
import { groupId } from "../../volume/formats/arm-ids.ts";
import { ensureRole } from "../../volume/identity/role.ts";
import { allowedGroups } from "../../volume/settings.ts";
import {
  type Check,
  error,
  type Finding,
  heaviest,
  type Outcome,
  ok,
  outcomeOf,
  unchecked,
  warning,
} from "../check.ts";
import { overGroups } from "../over-groups.ts";
import type { DoctorContext, NeededRight } from "../ports.ts";
import { allowing, allows } from "../rights.ts";
import { isController, RUN_IN_POD } from "../signed-in.ts";

const ASSIGN = "Microsoft.Authorization/roleAssignments/write";
const ASK_FOR_IT = "keyless-csi roles --with doctor";

const permissions: Check = {
  id: "permissions",
  category: "azure",
  title: "the controller has every right that it needs",
  why: "A missing right fails the creation or the deletion of volumes. Azure is asked what the controller may do at each scope.",
  needs: ["resource-group"],
  async run(context) {
    if (!(await isController(context))) return unchecked("these rights are not the controller's", RUN_IN_POD);
    const scopes = [...new Set(context.neededRights.map(({ scope }) => scope))];
    return heaviest(await Promise.all(scopes.map((scope) => lookAtScope(context, scope))), ok("none is needed"));
  },
};

async function lookAtScope({ azure, neededRights }: DoctorContext, scope: string): Promise<Outcome> {
  const needed = neededRights.filter((each) => each.scope === scope);
  const granted = await azure.permissionsAt(scope);
  if (granted === "absent") return ok(`${scope} does not exist`);
  if (granted === "hidden") {
    return unchecked(
      `the controller may not ask for its own rights at ${scope}`,
      `apply what \`${ASK_FOR_IT}\` prints`,
    );
  }
  const missing = needed.filter(({ action }) => !allows(granted, action));
  return outcomeOf("error", missing.map(toFinding), ok(`${needed.length} actions at ${scope}`));
}

function toFinding({ action, why, scope, command }: NeededRight): Finding {
  return {
    found: `${action} is missing at ${scope} (to ${why})`,
    fix: `apply what \`${command}\` prints; it takes minutes to be in force`,
  };
}

const condition: Check = {
  id: "assignment-condition",
  category: "azure",
  title: "the controller may assign the workloads' role and no other",
  why: "The condition of its own role assignment limits a stolen token to this one role. One that names another role fails every volume.",
  needs: ["permissions"],
  async run(context) {
    if (!(await isController(context))) return unchecked("these rights are not the controller's", RUN_IN_POD);
    return await overGroups(context, async (group) => {
      const scope = groupId(group);
      const granted = await context.azure.permissionsAt(scope);
      if (typeof granted === "string") return unchecked(`the controller may not ask for its own rights at ${scope}`);
      const conditions = allowing(granted, ASSIGN).map((each) => each.condition);
      return lookAtConditions(context, scope, conditions);
    });
  },
};

function lookAtConditions(
  { settings }: DoctorContext,
  scope: string,
  conditions: readonly (string | undefined)[],
): Outcome {
  const { roleId } = settings;
  if (conditions.some((each) => each === undefined)) {
    return warning(
      `the controller may assign any role at ${scope}`,
      "replace that role assignment by the one with a condition that `keyless-csi roles` prints",
    );
  }
  if (conditions.some((each) => each?.toLowerCase().includes(roleId.toLowerCase())))
    return ok(`role ${roleId} at ${scope}`);
  return error(
    `the condition at ${scope} does not name role ${roleId}, which workloads are assigned`,
    "apply what `keyless-csi roles` prints for the same --role and --role-prefix as the controller's",
  );
}

const role: Check = {
  id: "role",
  category: "azure",
  title: "the workloads' role exists",
  why: "A workload opens its volume by this role. It must be assignable in each subscription that holds accounts.",
  needs: ["permissions"],
  async run({ ports, settings }) {
    try {
      const found = await Promise.all(allowedGroups(settings).map((group) => ensureRole({ ports, settings }, group)));
      return ok([...new Set(found)].join(", "));
    } catch (thrown) {
      if (!(thrown instanceof DriverError) || thrown.reason !== "Forbidden") throw thrown;
      return { status: "error", findings: [{ found: thrown.message }] };
    }
  },
};

export const PERMISSION_CHECKS: readonly Check[] = [permissions, condition, role];
