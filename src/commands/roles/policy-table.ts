/**
 * The two built-in policies that close what no role can: anyone who may write storage accounts may turn shared keys and anonymous
 * access on. Offered by `--with policies` and never by default, since they deny for every account of the resource group.
 */

/** The name that `--with` accepts. */
export const POLICY_OPTION = "policies";

/** What `--with policies` adds, in one line. */
export const POLICY_SUMMARY =
  "Azure Policy that denies shared keys and anonymous access, for every storage account of the resource groups, also of others.";

/** One built-in definition of Azure Policy, assigned with effect Deny. */
export interface PolicyRow {
  /** Of the assignment: at most 64 characters, one for each resource group. */
  readonly name: string;
  /** GUID of the definition. */
  readonly definitionId: string;
  readonly displayName: string;
  readonly description: string;
}

const FOR_ALL =
  "Deny applies to every storage account of this resource group, also to accounts that keyless-csi did not make.";

/** Source: Azure/azure-policy, built-in-policies/policyDefinitions/Storage; both have the parameter `effect`, by default Audit. */
export const POLICIES: readonly PolicyRow[] = [
  {
    name: "keyless-csi-no-shared-keys",
    definitionId: "8c6a50c6-9ffd-4ae7-986f-5fa6111f9a54",
    displayName: "keyless-csi: storage accounts should prevent shared key access",
    description: `Refuses writes that leave shared keys on. ${FOR_ALL}`,
  },
  {
    name: "keyless-csi-no-anonymous-access",
    definitionId: "4fa4b6c0-31ca-4c0d-b10d-24b96f62a751",
    displayName: "keyless-csi: storage account public access should be disallowed",
    description: `Refuses writes that leave anonymous access on. ${FOR_ALL}`,
  },
];
