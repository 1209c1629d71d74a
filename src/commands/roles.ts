/**
 * `keyless-csi roles`: prints the minimal roles that workloads and the controller need in Azure, for one controller, and on
 * request the policies beside them: as a script with the reasons, as JSON bodies, or as an ARM template. It calls nothing.
 */

import { ROLE_OPTIONS, type RoleOption, selectRoles } from "../azure/role-table.ts";
import { dataRoleId } from "../backend/blob/data-role.ts";
import { CLOUDS } from "../config/cloud.ts";
import { controllerSettings } from "../config/controller-settings.ts";
import { choice, guid, list } from "../config/kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, optional, setting, type ValuesOf } from "../config/setting.ts";
import { defaultRoles } from "../volume/default-roles.ts";
import { allowedGroups } from "../volume/settings.ts";
import { defineCommand, EXIT } from "./command.ts";
import { toArmTemplate } from "./roles/arm-template.ts";
import { assignmentCondition, LONGEST_CONDITION_BYTES, roomForPrincipals } from "./roles/assignment-condition.ts";
import { POLICIES, POLICY_OPTION } from "./roles/policy-table.ts";
import { toCliDefinition, toCliPolicy, toRequests } from "./roles/role-bodies.ts";
import { planRoles, type RoleTarget } from "./roles/role-plan.ts";
import { toScript } from "./roles/role-script.ts";

const WHERE = "Where";
const WHAT = "What";
const REQUIRED = "required";
/** What the classes of deploy/ need (they name a client id, or leave the identity to the ServiceAccount), and what `doctor` reads. */
export const DEFAULT_OPTIONS: readonly RoleOption[] = ["identities", "trust", "doctor"];

const settings = {
  "subscription-id": optional(guid, {
    group: WHERE,
    help: "the subscription in which accounts are created",
    absent: REQUIRED,
  }),
  "resource-group": { ...controllerSettings["resource-group"], group: WHERE, absent: REQUIRED },
  "allowed-resource-groups": { ...controllerSettings["allowed-resource-groups"], group: WHERE },
  overflow: { ...controllerSettings.overflow, group: WHERE },
  "principal-id": optional(guid, {
    group: WHERE,
    help: "object id of the controller's own service principal or managed identity (not its client id)",
    absent: REQUIRED,
  }),
  "identity-scopes": { ...controllerSettings["identity-scopes"], group: WHERE },
  "assignable-in": setting(list(guid), {
    group: WHERE,
    help: "further subscriptions in which the roles stay assignable, for other clusters of the same tenant",
    fallback: "",
  }),
  cloud: { ...controllerSettings.cloud, group: WHERE },
  with: setting(list(choice([...ROLE_OPTIONS, POLICY_OPTION, "all"])), {
    group: WHAT,
    help: `optional roles, and ${POLICY_OPTION}: Azure Policy with effect Deny; all means all roles, without it`,
    fallback: DEFAULT_OPTIONS.join(","),
  }),
  role: {
    ...controllerSettings.role,
    group: WHAT,
    absent: "the data role of --role-prefix; it may remove the one without a prefix too",
  },
  "role-prefix": { ...controllerSettings["role-prefix"], group: WHAT },
  // An empty text, say of a variable that is not set, must not mean everybody.
  principals: optional(
    { ...list(guid), takesEmpty: true },
    {
      group: WHAT,
      help: "object ids of the workloads' identities, the only ones that the controller may give access",
      absent: "any service principal but the controller",
    },
  ),
  output: setting(choice(["script", "json", "cli", "arm"]), {
    group: WHAT,
    help: "script: az rest calls with reasons; json: the same as data; cli: files of az role definition create; arm: a template",
    fallback: "script",
  }),
};

type Settings = ValuesOf<typeof settings>;

function findMissing(draft: Draft<typeof settings>): SettingProblem[] {
  const { subscriptionId, resourceGroup, principalId } = draft;
  const required: readonly (readonly [string, string | undefined, string])[] = [
    ["subscription-id", subscriptionId, "name the subscription in which accounts are created"],
    ["resource-group", resourceGroup, "name the resource group in which accounts are created"],
    ["principal-id", principalId, "give the object id of the controller's identity"],
  ];
  return required
    .filter(([, value]) => value === undefined)
    .map(([setting, , fix]) => ({ setting, source: `--${setting}`, problem: `is required; ${fix}` }));
}

/** Anyone who may assign one of these can obtain every right: built-in roles, by their GUIDs (Azure "built-in-roles/privileged"). */
const PRIVILEGED: Readonly<Record<string, string>> = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
  "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
};

function findUnsafe({ role }: Draft<typeof settings>): SettingProblem[] {
  const at = { setting: "role", source: "--role" };
  if (role?.length === 0) {
    return [{ ...at, problem: "is empty; name the roles that the controller may assign, or leave it out" }];
  }
  return (role ?? [])
    .filter((id) => PRIVILEGED[id] !== undefined)
    .map((id) => ({
      ...at,
      value: id,
      problem: `is ${PRIVILEGED[id]}; the controller must not be able to assign it: name a data role`,
    }));
}

/** Principals of which the condition would allow too many, none, or the controller itself. */
function findUnfit(draft: Draft<typeof settings>): SettingProblem[] {
  const { principals, principalId } = draft;
  const at = { setting: "principals", source: "--principals" };
  if (principals?.length === 0) {
    return [{ ...at, problem: "is empty; name the principals that may get access, or leave it out" }];
  }
  if (principalId === undefined) return [];
  const problems: SettingProblem[] = [];
  if (principals?.includes(principalId)) {
    const problem = "is the controller itself (--principal-id); it may get no access: leave it out";
    problems.push({ ...at, value: principalId, problem });
  }
  const limits = { roleIds: rolesOf(draft), controllerPrincipalId: principalId };
  const bytes = assignmentCondition({ ...limits, principalIds: principals ?? [] }).length;
  if (bytes <= LONGEST_CONDITION_BYTES) return problems;
  const makes = `makes the condition ${bytes} bytes long, and Azure allows ${LONGEST_CONDITION_BYTES}`;
  const room = roomForPrincipals(limits);
  const fix = room > 0 ? `name at most ${room}, or leave it out` : "name fewer roles with --role";
  return [...problems, principals === undefined ? tooManyRoles(makes) : { ...at, problem: `${makes}; ${fix}` }];
}

function tooManyRoles(makes: string): SettingProblem {
  return { setting: "role", source: "--role", problem: `${makes}; name fewer roles` };
}

/** The roles of workloads: the first is the one to assign. */
function rolesOf({ role = [], rolePrefix, subscriptionId = "" }: Draft<typeof settings>): [string, ...string[]] {
  const [named, ...formerNamed] = role;
  if (named !== undefined) return [named, ...formerNamed];
  const { roleId, formerRoleIds } = defaultRoles(dataRoleId, { rolePrefix, subscriptionId });
  return [roleId, ...formerRoleIds];
}

function prefixOf({ rolePrefix, subscriptionId = "" }: Settings): string {
  return rolePrefix ?? subscriptionId;
}

function toTarget(values: Settings): RoleTarget {
  const { subscriptionId = "", resourceGroup = "", principalId = "", identityScopes } = values;
  return {
    subscriptionId,
    resourceGroups: allowedGroups({ ...values, subscriptionId, resourceGroup }),
    principalId,
    rolePrefix: prefixOf(values),
    identityScopes: identityScopes.length === 0 ? [{ subscriptionId }] : identityScopes,
    grantableRoleIds: rolesOf(values),
    grantablePrincipalIds: values.principals ?? [],
    furtherSubscriptions: values.assignableIn,
  };
}

/** The optional roles. Policies are no role: named alone they leave the default as it is. */
function optionsOf({ with: named }: Settings): readonly RoleOption[] {
  if (named.includes("all")) return ROLE_OPTIONS;
  const isDefault = named.length > 0 && named.every((each) => each === POLICY_OPTION);
  return ROLE_OPTIONS.filter((option) => (isDefault ? DEFAULT_OPTIONS : named).includes(option));
}

/** What the command prints for these settings. */
function toOutput(values: Settings): string {
  const options = optionsOf(values);
  const policies = values.with.includes(POLICY_OPTION) ? POLICIES : [];
  const plan = planRoles(selectRoles(options, prefixOf(values)), toTarget(values), policies);
  const requests = toRequests(plan, CLOUDS[values.cloud].armEndpoint);
  switch (values.output) {
    case "script":
      return toScript({ plan, requests, options });
    case "json":
      return toJson(requests);
    case "cli":
      return toJson([...plan.roles.map(toCliDefinition), ...plan.policies.map(toCliPolicy)]);
    case "arm":
      return toJson(toArmTemplate(plan));
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export const command = defineCommand({
  settings,
  check: (draft) => [...findMissing(draft), ...findUnsafe(draft), ...findUnfit(draft)],
  async run({ values, stdout }) {
    stdout.write(toOutput(values));
    return EXIT.ok;
  },
});
