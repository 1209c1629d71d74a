/**
 * `keyless-csi roles`: prints the minimal roles that workloads and the controller need in Azure, for one controller: as
 * a script with the reasons, as JSON bodies, or as an ARM template. It calls nothing and changes nothing.
 */
import { DATA_ROLE_ID } from "../backend/blob/data-role.ts";
import { CLOUDS } from "../config/cloud.ts";
import { controllerSettings } from "../config/controller-settings.ts";
import { choice, guid, list } from "../config/kinds.ts";
import type { SettingProblem } from "../config/problem.ts";
import { type Draft, optional, setting, type ValuesOf } from "../config/setting.ts";
import { defineCommand, EXIT } from "./command.ts";
import { toArmTemplate } from "./roles/arm-template.ts";
import { toCliDefinition, toRequests } from "./roles/role-bodies.ts";
import { planRoles, type RoleTarget } from "./roles/role-plan.ts";
import { toScript } from "./roles/role-script.ts";
import { ROLE_OPTIONS, type RoleOption, selectRoles } from "./roles/role-table.ts";

const WHERE = "Where";
const WHAT = "What";
const REQUIRED = "required";

const settings = {
  "subscription-id": optional(guid, {
    group: WHERE,
    help: "the subscription in which accounts are created",
    absent: REQUIRED,
  }),
  "resource-group": { ...controllerSettings["resource-group"], group: WHERE, absent: REQUIRED },
  "allowed-resource-groups": { ...controllerSettings["allowed-resource-groups"], group: WHERE },
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
  with: setting(list(choice([...ROLE_OPTIONS, "all"])), {
    group: WHAT,
    help: "optional roles",
    fallback: "identities",
  }),
  role: setting(list(guid), {
    group: WHAT,
    help: "role definitions that the controller may assign to workloads",
    fallback: DATA_ROLE_ID,
  }),
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

function toTarget(values: Settings): RoleTarget {
  const { subscriptionId = "", resourceGroup = "", principalId = "", identityScopes } = values;
  return {
    subscriptionId,
    resourceGroups: [{ subscriptionId, resourceGroup }, ...values.allowedResourceGroups],
    principalId,
    identityScopes: identityScopes.length === 0 ? [{ subscriptionId }] : identityScopes,
    grantableRoleIds: values.role,
    furtherSubscriptions: values.assignableIn,
  };
}

/** What the command prints for these settings. */
function toOutput(values: Settings): string {
  const named = values.with.includes("all") ? ROLE_OPTIONS : values.with;
  const options = named.filter((option): option is RoleOption => option !== "all");
  const plan = planRoles(selectRoles(options), toTarget(values));
  const requests = toRequests(plan, CLOUDS[values.cloud].armEndpoint);
  switch (values.output) {
    case "script":
      return toScript({ plan, requests, options });
    case "json":
      return toJson(requests);
    case "cli":
      return toJson(plan.roles.map(toCliDefinition));
    case "arm":
      return toJson(toArmTemplate(plan));
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export const command = defineCommand({
  settings,
  check: (draft) => [...findMissing(draft), ...findUnsafe(draft)],
  async run({ values, stdout }) {
    stdout.write(toOutput(values));
    return EXIT.ok;
  },
});
