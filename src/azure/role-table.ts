/**
 * Every Azure role of the product in one table: the data-only role of workloads, and the controller's rights split
 * so that only what is used need be assigned. `keyless-csi roles`, deploy/roles, refusals and the tests read this table; test/roles
 * removes each action and shows what fails. A wildcard or a key operation must never be added.
 */
import { roleDefinitionName } from "../volume/names.ts";

/** Where a role is assigned to the controller. Workloads get theirs from the controller, volume by volume. */
export type AssignedAt =
  | "resource groups"
  | "subscriptions"
  | "identity scopes"
  | "resource groups and identity scopes"
  | "nowhere";

/** Optional roles by the names that `--with` accepts. */
export const ROLE_OPTIONS = [
  "identities",
  "trust",
  "federated-credentials",
  "soft-delete",
  "orphans",
  "usage",
  "doctor",
] as const;
export type RoleOption = (typeof ROLE_OPTIONS)[number];

/** One Azure action, and what the product does with it. */
export interface RoleAction {
  readonly action: string;
  readonly why: string;
}

/** One custom role, for a prefix or for none. Its GUID is computed and never changes; what it allows may. */
export interface RoleRow {
  /** Name of its file in deploy/roles. */
  readonly key: string;
  readonly id: string;
  /** Unique in the tenant, as Azure requires. */
  readonly roleName: string;
  readonly description: string;
  /** Absent: always needed. */
  readonly option?: RoleOption;
  readonly assignedAt: AssignedAt;
  /** Whether the assignment carries the condition of `assignment-condition.ts`. */
  readonly isConditional?: true;
  readonly actions: readonly RoleAction[];
  readonly dataActions: readonly RoleAction[];
}

const ACCOUNTS = "Microsoft.Storage/storageAccounts";
const SERVICE = `${ACCOUNTS}/blobServices`;
const CONTAINERS = `${SERVICE}/containers`;
const BLOBS = `${CONTAINERS}/blobs`;
const ASSIGNMENTS = "Microsoft.Authorization/roleAssignments";
const IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities";
const CREDENTIALS = `${IDENTITIES}/federatedIdentityCredentials`;

type Actions = Readonly<Record<string, string>>;
type Row = Omit<RoleRow, "id" | "actions" | "dataActions"> & {
  readonly actions?: Actions;
  readonly dataActions?: Actions;
};

const toActions = (actions: Actions = {}): RoleAction[] =>
  Object.entries(actions).map(([action, why]) => ({ action, why }));

function role({ actions, dataActions, ...row }: Row): RoleRow {
  return {
    id: roleDefinitionName(row.key, ""),
    ...row,
    actions: toActions(actions),
    dataActions: toActions(dataActions),
  };
}

/**
 * In the order in which they are applied. Sources: REST reference of each provider for the action of a call, "Permissions
 * for calling data operations" for the data actions.
 */
export const ROLES: readonly RoleRow[] = [
  role({
    key: "blob-data",
    roleName: "keyless-csi Blob Data",
    description: "Read, write and delete blobs. Granted by keyless-csi on one volume to one workload identity.",
    assignedAt: "nowhere",
    dataActions: {
      [`${BLOBS}/read`]: "list and read files, and mount at all",
      [`${BLOBS}/write`]: "write files",
      [`${BLOBS}/delete`]: "delete files",
      [`${BLOBS}/add/action`]: "create and append without overwriting",
      [`${BLOBS}/move/action`]: "rename in accounts with a hierarchical namespace",
    },
  }),
  role({
    key: "controller-accounts",
    roleName: "keyless-csi Controller Accounts",
    description:
      "Create, change and delete storage accounts and their containers. Can read no key, but could turn keys or anonymous access on: deny that with Azure Policy (keyless-csi roles --with policies).",
    assignedAt: "resource groups",
    actions: {
      [`${ACCOUNTS}/read`]:
        "check that an account belongs to this controller and is keyless; list accounts for ListVolumes",
      [`${ACCOUNTS}/write`]: "create an account with shared keys disabled, and disable again what drifted",
      [`${ACCOUNTS}/delete`]: "delete an account that holds one volume alone, with it",
      [`${CONTAINERS}/read`]: "find a volume; list volumes",
      [`${CONTAINERS}/write`]: "create a volume and set its metadata",
      [`${CONTAINERS}/delete`]: "delete a volume",
      [`${CONTAINERS}/lease/action`]: "break a lease that a workload holds on a volume that is deleted",
    },
  }),
  role({
    key: "controller-grants",
    roleName: "keyless-csi Controller Grants",
    description:
      "Create and remove role assignments. Assign it only with the condition that keyless-csi prints with it.",
    assignedAt: "resource groups",
    isConditional: true,
    actions: {
      [`${ASSIGNMENTS}/read`]: "find the role assignments of a volume",
      [`${ASSIGNMENTS}/write`]: "give a workload access to its volume",
      [`${ASSIGNMENTS}/delete`]: "remove that access before the volume is deleted",
    },
  }),
  role({
    key: "controller-role-check",
    roleName: "keyless-csi Controller Role Check",
    description: "Read role definitions, to check that the workloads' role exists before anything is created.",
    assignedAt: "resource groups",
    actions: {
      "Microsoft.Authorization/roleDefinitions/read": "check that the role exists before anything is created",
    },
  }),
  role({
    key: "controller-identities",
    roleName: "keyless-csi Controller Identities",
    description: "Find the user-assigned identity that a client id belongs to.",
    option: "identities",
    assignedAt: "identity scopes",
    actions: { [`${IDENTITIES}/read`]: "from client id to principal; not needed where every class names principalID" },
  }),
  role({
    key: "controller-trust",
    roleName: "keyless-csi Controller Trust",
    description: "Read which ServiceAccounts an identity trusts.",
    option: "trust",
    assignedAt: "identity scopes",
    actions: { [`${CREDENTIALS}/read`]: "proof that an identity trusts a ServiceAccount (identity: serviceAccount)" },
  }),
  role({
    key: "controller-federated-credentials",
    roleName: "keyless-csi Controller Federated Credentials",
    description: "Write and delete federated credentials of user-assigned identities.",
    option: "federated-credentials",
    assignedAt: "identity scopes",
    actions: {
      [`${CREDENTIALS}/write`]: "--manage-federated-credentials: let an identity trust a ServiceAccount",
      [`${CREDENTIALS}/delete`]: "orphans, with its flag for it: remove what nothing uses any more",
    },
  }),
  role({
    key: "controller-soft-delete",
    roleName: "keyless-csi Controller Soft Delete",
    description: "Set how long deleted blobs and containers are kept.",
    option: "soft-delete",
    assignedAt: "resource groups",
    actions: {
      [`${SERVICE}/read`]: "classes with softDeleteBlobs or softDeleteContainers: read the current setting",
      [`${SERVICE}/write`]: "classes with softDeleteBlobs or softDeleteContainers: set it",
    },
  }),
  role({
    key: "controller-orphans",
    roleName: "keyless-csi Controller Orphans",
    description: "Let Azure refuse to delete a container that is not empty. Cannot lock the policy that does it.",
    option: "orphans",
    assignedAt: "resource groups",
    actions: {
      [`${CONTAINERS}/immutabilityPolicies/write`]: "--orphan-cleanup: Azure then deletes an empty container only",
      [`${CONTAINERS}/immutabilityPolicies/delete`]:
        "--orphan-cleanup: take that guard away from one that is not empty",
    },
  }),
  role({
    key: "controller-usage",
    roleName: "keyless-csi Controller Usage",
    description:
      "Count the role assignments and storage accounts of the subscription, whose numbers Azure limits, and read its resource providers.",
    option: "usage",
    assignedAt: "subscriptions",
    actions: {
      [`${ASSIGNMENTS}/read`]: "the metric keyless_csi_role_assignments",
      "Microsoft.Storage/locations/usages/read": "the metric keyless_csi_storage_accounts",
      "Microsoft.Resources/subscriptions/providers/read":
        "keyless-csi doctor: whether the subscription is registered with Microsoft.Storage",
    },
  }),
  role({
    key: "controller-doctor",
    roleName: "keyless-csi Controller Doctor",
    description:
      "Ask Azure what the controller may do, and what policies, locks and deny assignments are in its way. Reads only.",
    option: "doctor",
    assignedAt: "resource groups and identity scopes",
    actions: {
      "Microsoft.Authorization/permissions/read": "keyless-csi doctor: name each right that is missing",
      "Microsoft.PolicyInsights/checkPolicyRestrictions/read":
        "keyless-csi doctor: ask Azure Policy what it would refuse",
      "Microsoft.Authorization/policyAssignments/read":
        "keyless-csi doctor: read the policies of management groups, which that answer leaves out",
      "Microsoft.Authorization/policyDefinitions/read": "keyless-csi doctor: read what such a policy wants",
      "Microsoft.Authorization/policySetDefinitions/read":
        "keyless-csi doctor: read which policies such an initiative has",
      "Microsoft.Authorization/locks/read": "keyless-csi doctor: find locks that hold up volumes",
      "Microsoft.Authorization/denyAssignments/read": "keyless-csi doctor: find what outranks the roles",
    },
  }),
];

/** The roles that are always needed, and the optional ones that `options` name, as they are called with a prefix. */
export function selectRoles(options: readonly RoleOption[], prefix: string): RoleRow[] {
  const wanted = ROLES.filter(({ option }) => option === undefined || options.includes(option));
  return wanted.map((row) => ({
    ...row,
    id: roleDefinitionName(row.key, prefix),
    roleName: prefix === "" ? row.roleName : `${prefix} ${row.roleName}`,
  }));
}
