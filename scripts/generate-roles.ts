// Generates deploy/roles from the table of roles: a file for each role as `az role definition create` takes it, and one ARM
// template with parameters where `keyless-csi roles --output arm` writes values.

import { ROLE_OPTIONS, ROLES, selectRoles } from "../src/azure/role-table.ts";
import { dataRoleId } from "../src/backend/blob/data-role.ts";
import { type ArmTemplate, toArmTemplate } from "../src/commands/roles/arm-template.ts";
import { POLICIES, POLICY_OPTION, POLICY_SUMMARY } from "../src/commands/roles/policy-table.ts";
import { toCliDefinition } from "../src/commands/roles/role-bodies.ts";
import { type PlannedAssignment, planRoles, type RolePlan, type RoleTarget } from "../src/commands/roles/role-plan.ts";
import { DEFAULT_OPTIONS } from "../src/commands/roles.ts";
import { defaultRoles } from "../src/volume/default-roles.ts";
import { groupId } from "../src/volume/formats/arm-ids.ts";

/** Placeholder in the files of single roles: it is replaced by the subscription before they are applied. */
const NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000";

/** Values that occur nowhere else, so that each can be found and replaced by an expression. */
const MARKS = {
  subscriptionId: "00000000-0000-4000-8000-00000000000a",
  principalId: "00000000-0000-4000-8000-00000000000b",
  resourceGroup: "the-resource-group-of-the-accounts",
  rolePrefix: "the-prefix-of-the-roles",
};

function planFor({ subscriptionId, principalId, resourceGroup, rolePrefix }: typeof MARKS): RolePlan {
  const { roleId, formerRoleIds } = defaultRoles(dataRoleId, { rolePrefix, subscriptionId });
  const target: RoleTarget = {
    subscriptionId,
    principalId,
    rolePrefix,
    resourceGroups: [{ subscriptionId, resourceGroup }],
    identityScopes: [{ subscriptionId }],
    grantableRoleIds: [roleId, ...formerRoleIds],
    grantablePrincipalIds: [],
    furtherSubscriptions: [],
  };
  return planRoles(selectRoles(ROLE_OPTIONS, rolePrefix), target, POLICIES);
}

/** Path -> text, for the list of generated files. */
export function roleFiles(): [string, () => Promise<string>][] {
  const { roles } = planFor({ ...MARKS, subscriptionId: NO_SUBSCRIPTION, rolePrefix: NO_SUBSCRIPTION });
  return [
    ...roles.map((planned): [string, () => Promise<string>] => [
      `deploy/roles/${planned.role.key}.json`,
      async () => toJson(toCliDefinition(planned)),
    ]),
    ["deploy/roles/azuredeploy.json", async () => toJson(parameterisedTemplate())],
  ];
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const SUBSCRIPTION = "subscription().subscriptionId";
const GROUP = "parameters('resourceGroup')";
const PRINCIPAL = "parameters('controllerPrincipalId')";
const PREFIX = "parameters('rolePrefix')";

/** The template of the command, with expressions in place of its values. ARM's own guid() makes the same names. */
export function parameterisedTemplate(): ArmTemplate {
  const plan = planFor(MARKS);
  const expressions = new Map([
    ...plan.roles.flatMap(({ role }): [string, string][] => [
      [role.roleName, variableOf("name", role.key)],
      [role.id, variableOf("id", role.key)],
    ]),
    ...plan.assignments.map(({ name, ...assignment }): [string, string] => [name, nameOf(assignment)]),
    [earlierDataRoles(), "variables('earlier-data-roles')"],
    [MARKS.subscriptionId, SUBSCRIPTION],
    [MARKS.resourceGroup, GROUP],
    [MARKS.principalId, PRINCIPAL],
  ]);
  const { $schema, contentVersion, resources } = withExpressions(toArmTemplate(plan), expressions) as ArmTemplate;
  const variables = Object.fromEntries([
    ...ROLES.map(({ key, id }) => [`id-${key}`, `[if(empty(${PREFIX}), '${id}', ${guidOf(key, PREFIX)})]`]),
    ...ROLES.map(({ key, roleName }) => {
      return [`name-${key}`, `[if(empty(${PREFIX}), '${roleName}', concat(${PREFIX}, ' ${roleName}'))]`];
    }),
    ["earlier-data-roles", `[${earlierDataRolesExpression()}]`],
  ]);
  return { $schema, contentVersion, parameters: PARAMETERS, variables, resources: resources.map(withChoice) };
}

function variableOf(what: "id" | "name", key: string): string {
  return `variables('${what}-${key}')`;
}

/** As `roleDefinitionName` makes it, for a prefix. */
function guidOf(key: string, prefix: string): string {
  return `guid('keyless-csi role ${key} v1', toLower(${prefix}))`;
}

/** As `role-plan.ts` names it; without a prefix as earlier templates did. */
function nameOf({ role, scope }: Omit<PlannedAssignment, "name">): string {
  const isAtGroup = scope === groupId(MARKS);
  const place = isAtGroup ? `${SUBSCRIPTION}, ${GROUP}` : SUBSCRIPTION;
  const id = isAtGroup
    ? `concat('/subscriptions/', ${SUBSCRIPTION}, '/resourceGroups/', ${GROUP})`
    : `concat('/subscriptions/', ${SUBSCRIPTION})`;
  const withPrefix = `guid(toLower(${id}), toLower(${PRINCIPAL}), ${variableOf("id", role.key)})`;
  return `if(empty(${PREFIX}), guid(${place}, ${PRINCIPAL}, ${variableOf("id", role.key)}), ${withPrefix})`;
}

/** The roles that the condition lets the controller remove only, as the plan for the marks has them. */
function earlierDataRoles(): string {
  return [dataRoleId(""), dataRoleId(MARKS.subscriptionId)].join(", ");
}

/** The same for any prefix, as `defaultRoles` has them. */
function earlierDataRolesExpression(): string {
  const [unprefixed, ofSubscription] = [`'${dataRoleId("")}'`, guidOf("blob-data", SUBSCRIPTION)];
  const isDefault = `equals(toLower(${PREFIX}), toLower(${SUBSCRIPTION}))`;
  const both = `concat(${unprefixed}, ', ', ${ofSubscription})`;
  return `if(${isDefault}, ${unprefixed}, if(empty(${PREFIX}), ${ofSubscription}, ${both}))`;
}

/** A resource of a template, as far as it is read here. */
interface Resource {
  readonly type: string;
  readonly name: string;
  readonly properties: { readonly roleDefinitionId?: string; readonly template?: { readonly resources: Resource[] } };
}

/** An optional role, and the policies, are deployed only when the parameter `parts` names them; the names are an API. */
function withChoice(resource: object): object {
  const { type, name, properties } = resource as Resource;
  if (properties.template !== undefined) {
    const template = { ...properties.template, resources: properties.template.resources.map(withChoice) };
    return { ...resource, properties: { ...properties, template } };
  }
  if (type === "Microsoft.Authorization/policyAssignments") return onlyWith(POLICY_OPTION, resource);
  const text = `${name} ${properties.roleDefinitionId ?? ""}`;
  const role = ROLES.find(({ key }) => text.includes(variableOf("id", key)));
  if (role === undefined) throw new Error(`${type} ${name} is of no role`);
  return role.option === undefined ? resource : onlyWith(role.option, resource);
}

function onlyWith(part: string, resource: object): object {
  return { condition: `[contains(parameters('parts'), '${part}')]`, ...resource };
}

const PARAMETERS = {
  resourceGroup: {
    type: "string",
    metadata: { description: "The resource group in which the controller makes storage accounts." },
  },
  controllerPrincipalId: {
    type: "string",
    metadata: { description: "Object id of the controller's own identity (not its client id)." },
  },
  rolePrefix: {
    type: "string",
    defaultValue: `[${SUBSCRIPTION}]`,
    metadata: {
      description: "The controller's --role-prefix. Empty: the roles and assignments of templates without prefixes.",
    },
  },
  parts: {
    type: "array",
    defaultValue: DEFAULT_OPTIONS,
    metadata: { description: `Optional roles: ${ROLE_OPTIONS.join(", ")}. And ${POLICY_OPTION}: ${POLICY_SUMMARY}` },
  },
} as const;

/** Every text of the value, with `[concat(...)]` where one of the marks is in it. */
function withExpressions(value: unknown, expressions: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return toExpression(value, expressions);
  if (Array.isArray(value)) return value.map((each) => withExpressions(each, expressions));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withExpressions(each, expressions)]));
}

function toExpression(text: string, expressions: ReadonlyMap<string, string>): string {
  const marks = new RegExp(`(${[...expressions.keys()].join("|")})`);
  const pieces = text.split(marks).filter((piece) => piece !== "");
  if (!pieces.some((piece) => expressions.has(piece))) return text;
  const terms = pieces.map((piece) => expressions.get(piece) ?? `'${piece.replaceAll("'", "''")}'`);
  return terms.length === 1 ? `[${terms[0]}]` : `[concat(${terms.join(", ")})]`;
}
