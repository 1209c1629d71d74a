// Generates deploy/roles from the table of roles: a file for each role as `az role definition create` takes it, and one ARM
// template with parameters where `keyless-csi roles --output arm` writes values.

import { DATA_ROLE_ID } from "../src/backend/blob/data-role.ts";
import { type ArmTemplate, toArmTemplate } from "../src/commands/roles/arm-template.ts";
import { POLICIES, POLICY_OPTION, POLICY_SUMMARY } from "../src/commands/roles/policy-table.ts";
import { toCliDefinition } from "../src/commands/roles/role-bodies.ts";
import { groupScope, planRoles, type RolePlan, type RoleTarget } from "../src/commands/roles/role-plan.ts";
import { ROLE_OPTIONS, ROLES, selectRoles } from "../src/commands/roles/role-table.ts";

/** Placeholder in the files of single roles: it is replaced by the subscription before they are applied. */
const NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000";

/** Values that occur nowhere else, so that each can be found and replaced by an expression. */
const MARKS = {
  subscriptionId: "00000000-0000-4000-8000-00000000000a",
  principalId: "00000000-0000-4000-8000-00000000000b",
  resourceGroup: "the-resource-group-of-the-accounts",
};

function planFor({ subscriptionId, principalId, resourceGroup }: typeof MARKS): RolePlan {
  const target: RoleTarget = {
    subscriptionId,
    principalId,
    resourceGroups: [{ subscriptionId, resourceGroup }],
    identityScopes: [{ subscriptionId }],
    grantableRoleIds: [DATA_ROLE_ID],
    grantablePrincipalIds: [],
    furtherSubscriptions: [],
  };
  return planRoles(selectRoles(ROLE_OPTIONS), target, POLICIES);
}

/** Path -> text, for the list of generated files. */
export function roleFiles(): [string, () => Promise<string>][] {
  const { roles } = planFor({ ...MARKS, subscriptionId: NO_SUBSCRIPTION });
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

/** The template of the command, with expressions in place of its values. ARM's own guid() makes the names. */
export function parameterisedTemplate(): ArmTemplate {
  const plan = planFor(MARKS);
  const subscription = "subscription().subscriptionId";
  const group = "parameters('resourceGroup')";
  const principal = "parameters('controllerPrincipalId')";
  const expressions = new Map([
    [MARKS.subscriptionId, subscription],
    [MARKS.resourceGroup, group],
    [MARKS.principalId, principal],
  ]);
  for (const { name, role, scope } of plan.assignments) {
    const place =
      scope === groupScope(MARKS.subscriptionId, MARKS.resourceGroup) ? `${subscription}, ${group}` : subscription;
    expressions.set(name, `guid(${place}, ${principal}, '${role.id}')`);
  }
  const { $schema, contentVersion, resources } = withExpressions(toArmTemplate(plan), expressions) as ArmTemplate;
  return { $schema, contentVersion, parameters: PARAMETERS, resources: resources.map(withChoice) };
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
  const role = ROLES.find(({ id }) => name === id || properties.roleDefinitionId?.includes(id));
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
  parts: {
    type: "array",
    defaultValue: ["identities"],
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
