// Refusals as Azure words them, for tests of what becomes of them. The texts follow what users of az, Terraform and the
// portal report; names and ids are made up.

export const SUBSCRIPTION = "/subscriptions/5d1c0e7a-36b2-4f0d-9e84-7ab3c2d1f002";
export const GROUP = `${SUBSCRIPTION}/resourceGroups/rg-platform-storage-weu`;
const MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/alz-prod-corp";
const AUTHORIZATION = "/providers/Microsoft.Authorization";
const NAME = "kl2pd4x5q7rstuvwxyz23abc";
export const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/${NAME}`;
export const CONTAINER = `${ACCOUNT}/blobServices/default/containers/pvc-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0`;
export const PRINCIPAL = "66666666-7777-4888-9999-aaaaaaaaaaaa";

/** What is being done when the answer comes, as the controller words it. */
export const CREATING = `creating storage account ${NAME} in resource group rg-platform-storage-weu`;
export const DELETING = `deleting container pvc-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 (${CONTAINER})`;
export const ASSIGNING = `assigning role aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee to principal ${PRINCIPAL} at ${CONTAINER}`;

/** The `error` member of ARM's answer. */
export interface ArmErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly unknown[];
  readonly additionalInfo?: readonly unknown[];
}

/** What Azure's SDKs throw for it. */
export function thrown(statusCode: number, error: ArmErrorBody): Error {
  return Object.assign(new Error(error.message), {
    name: "RestError",
    statusCode,
    code: error.code,
    details: { error },
  });
}

const client = `The client '11111111-2222-4333-8444-555555555555' with object id '${PRINCIPAL}'`;

/** `ending`: what follows "because of the deny assignment". */
export function denyAssignment(action: string, scope: string, ending: string): ArmErrorBody {
  const message =
    `${client} has permission to perform action '${action}' on scope '${scope}'; however, the access is denied because of ` +
    `the deny assignment ${ending}.`;
  return { code: "DenyAssignmentAuthorizationFailed", message };
}

export function missingRight(action: string, scope: string, lack = "authorization"): ArmErrorBody {
  const message =
    `${client} does not have ${lack} to perform action '${action}' over scope '${scope}' or the scope is invalid. ` +
    "If access was recently granted, please refresh your credentials.";
  return { code: "AuthorizationFailed", message };
}

export function scopeLocked(scope: string, operation: string, ...locked: string[]): ArmErrorBody {
  const message =
    `The scope '${scope}' cannot perform ${operation} operation because following scope(s) are locked: ` +
    `'${locked.join(",")}'. Please remove the lock and try again.`;
  return { code: "ScopeLocked", message };
}

/** One evaluated expression of a policy's rule, with the members that are the same in most of them. */
export type Expression = Readonly<Record<string, unknown>>;

export interface PolicyParts {
  readonly assignment: string;
  readonly definition: string;
  readonly initiative?: string;
  /** Default: a management group. */
  readonly scope?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
  readonly expressions?: readonly Expression[];
}

/** An alias of a property, as a policy's rule names it. */
export function alias(property: string): Expression {
  return { expression: `Microsoft.Storage/storageAccounts/${property}`, path: `properties.${property}` };
}

const ABOUT_ACCOUNTS = {
  ...{ result: "True", expressionKind: "Field", expression: "type", path: "type", operator: "Equals" },
  expressionValue: "Microsoft.Storage/storageAccounts",
  targetValue: "Microsoft.Storage/storageAccounts",
};

/** An entry of `additionalInfo`. */
export function violation(parts: PolicyParts): object {
  const { assignment, definition, initiative, scope = MANAGEMENT_GROUP, parameters = {}, reason } = parts;
  const expressions = (parts.expressions ?? []).map((each) => ({ result: "True", expressionKind: "Field", ...each }));
  const info = {
    evaluationDetails: {
      evaluatedExpressions: [ABOUT_ACCOUNTS, ...expressions],
      ...(reason !== undefined && { reason }),
    },
    policyDefinitionId: `${AUTHORIZATION}/policyDefinitions/6fac406b-40ca-413b-bf8e-0bf964659c25`,
    policyDefinitionName: "6fac406b-40ca-413b-bf8e-0bf964659c25",
    policyDefinitionDisplayName: definition,
    policyDefinitionEffect: "Deny",
    ...(initiative !== undefined && {
      policySetDefinitionId: `${MANAGEMENT_GROUP}${AUTHORIZATION}/policySetDefinitions/baseline`,
      policySetDefinitionName: "baseline",
      policySetDefinitionDisplayName: initiative,
      policyDefinitionReferenceId: "part",
    }),
    policyAssignmentId: `${scope}${AUTHORIZATION}/policyAssignments/${assignment.replaceAll(/\W+/g, "-")}`,
    policyAssignmentName: assignment.replaceAll(/\W+/g, "-"),
    policyAssignmentDisplayName: assignment,
    policyAssignmentScope: scope,
    policyAssignmentParameters: parameters,
    policyExemptionIds: [],
  };
  return { type: "PolicyViolation", info };
}

/** Today's form: the policies in `additionalInfo`, the owner's words in the message. */
export function disallowed(...policies: readonly PolicyParts[]): ArmErrorBody {
  const reasons = policies.flatMap(({ reason }) => reason ?? []).join("; ");
  const why = reasons === "" ? "" : ` Reasons: '${reasons}'.`;
  return {
    code: "RequestDisallowedByPolicy",
    message: `Resource '${NAME}' was disallowed by policy.${why} See error details for policy resource IDs.`,
    additionalInfo: policies.map(violation),
  };
}

/** The former form: the policies as JSON in the message. */
export function disallowedInMessage(assignment: string, definition: string, initiative: string): ArmErrorBody {
  const identifiers = JSON.stringify([
    {
      policyAssignment: { name: assignment, id: `${MANAGEMENT_GROUP}${AUTHORIZATION}/policyAssignments/fw` },
      policyDefinition: {
        name: definition,
        id: `${AUTHORIZATION}/policyDefinitions/34c877ad-507e-4c82-993e-3452a6e0ad3c`,
      },
      policySetDefinition: { name: initiative, id: `${AUTHORIZATION}/policySetDefinitions/c676748e` },
    },
  ]);
  const message = `Resource '${NAME}' was disallowed by policy. Policy identifiers: '${identifiers}'.`;
  return { code: "RequestDisallowedByPolicy", message };
}

export const DISALLOWED_BY_AZURE: ArmErrorBody = {
  code: "RequestDisallowedByAzure",
  message:
    `Resource '${NAME}' was disallowed by Azure: This policy maintains a set of best available regions where your ` +
    "subscription can deploy resources. The objective of this policy is to ensure that your subscription has full access to " +
    "Azure services with optimal performance. Should you need additional or different regions, contact support..",
};

export const OTHER_TENANT: ArmErrorBody = {
  code: "InvalidAuthenticationTokenTenant",
  message:
    "The access token is from the wrong issuer 'https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/'. It must match " +
    "the tenant 'https://sts.windows.net/0c1d2e3f-86f1-41af-91ab-2d7cd011db47/' associated with this subscription. Please use " +
    "the authority (URL) 'https://login.windows.net/0c1d2e3f-86f1-41af-91ab-2d7cd011db47' to get the token. Note, if the " +
    "subscription is transferred to another tenant there is no impact to the services, but information about new tenant could " +
    "take time to propagate (up to an hour).",
};
