/**
 * All roles, assignments and policies as one ARM template for `az deployment sub create`: definitions in the subscription, and a
 * nested deployment for the assignments at each scope, since a template reaches another resource group only that way.
 */
import { subscriptionOf } from "../../volume/formats/arm-ids.ts";
import {
  AUTHORIZATION_API_VERSION,
  POLICY_API_VERSION,
  toAssignmentProperties,
  toDefinitionProperties,
  toPolicyProperties,
} from "./role-bodies.ts";
import { type PlannedAssignment, type PlannedPolicy, type RolePlan, roleDefinitionId } from "./role-plan.ts";

const SUBSCRIPTION_SCHEMA =
  "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#";
const GROUP_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
const DEPLOYMENTS_API_VERSION = "2022-09-01";

/** An ARM template, as far as it is generated here. */
export interface ArmTemplate {
  readonly $schema: string;
  readonly contentVersion: string;
  readonly parameters?: Readonly<Record<string, object>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly resources: readonly object[];
}

/** The template with every value written out, so that it needs no parameters. */
export function toArmTemplate(plan: RolePlan): ArmTemplate {
  const scopes = [...new Set([...plan.assignments, ...plan.policies].map(({ scope }) => scope))];
  const definitions = plan.roles.map((planned) => ({
    type: "Microsoft.Authorization/roleDefinitions",
    apiVersion: AUTHORIZATION_API_VERSION,
    name: planned.role.id,
    properties: toDefinitionProperties(planned),
  }));
  const deployments = scopes.map((scope) => {
    const assignments = plan.assignments.filter((assignment) => assignment.scope === scope);
    const policies = plan.policies.filter((policy) => policy.scope === scope);
    const resources = [...assignments.map(toAssignment), ...policies.map(toPolicyAssignment)];
    return { ...toDeployment(scope, resources), dependsOn: assignments.map((each) => dependency(plan, each)) };
  });
  return {
    $schema: SUBSCRIPTION_SCHEMA,
    contentVersion: "1.0.0.0",
    resources: [...definitions, ...deployments],
  };
}

function dependency({ subscriptionId }: RolePlan, { role }: PlannedAssignment): string {
  return roleDefinitionId(subscriptionId, role.id);
}

/** A deployment at a subscription has a location, one at a resource group must not (REST: Deployments). */
function toDeployment(scope: string, resources: readonly object[]) {
  const resourceGroup = scope.split("/")[4];
  const isInGroup = resourceGroup !== undefined;
  return {
    type: "Microsoft.Resources/deployments",
    apiVersion: DEPLOYMENTS_API_VERSION,
    name: "keyless-csi-roles",
    subscriptionId: subscriptionOf(scope),
    ...(isInGroup ? { resourceGroup } : { location: "[deployment().location]" }),
    properties: {
      mode: "Incremental",
      template: {
        $schema: isInGroup ? GROUP_SCHEMA : SUBSCRIPTION_SCHEMA,
        contentVersion: "1.0.0.0",
        resources,
      },
    },
  };
}

function toAssignment(assignment: PlannedAssignment): object {
  return {
    type: "Microsoft.Authorization/roleAssignments",
    apiVersion: AUTHORIZATION_API_VERSION,
    name: assignment.name,
    properties: toAssignmentProperties(assignment),
  };
}

function toPolicyAssignment({ policy }: PlannedPolicy): object {
  return {
    type: "Microsoft.Authorization/policyAssignments",
    apiVersion: POLICY_API_VERSION,
    name: policy.name,
    properties: toPolicyProperties(policy),
  };
}
