/** Every check, in the order in which they are run and shown: each stands behind those that it needs. */
import type { Check } from "./check.ts";
import { ACCOUNT_CHECKS, CLUSTER_ID_CHECKS } from "./checks/accounts.ts";
import { ADMISSION_CHECKS } from "./checks/admission.ts";
import { VERSION_CHECKS } from "./checks/api-versions.ts";
import { BARRIER_CHECKS } from "./checks/barriers.ts";
import { CLAIM_CHECKS } from "./checks/claim.ts";
import { CLAIM_STORAGE_CHECKS } from "./checks/claim-storage.ts";
import { CLASS_CHECKS } from "./checks/classes.ts";
import { CONTROLLER_CHECKS } from "./checks/controller.ts";
import { IDENTITY_CHECKS } from "./checks/identities.ts";
import { kubernetesApi } from "./checks/kubernetes-api.ts";
import { MOUNTING_CHECKS } from "./checks/mounting.ts";
import { PERMISSION_CHECKS } from "./checks/permissions.ts";
import { PLACE_CHECKS } from "./checks/places.ts";
import { POLICY_CHECKS } from "./checks/policies.ts";
import { QUOTA_CHECKS } from "./checks/quotas.ts";
import { SIGN_IN_CHECKS } from "./checks/sign-in.ts";
import type { DoctorContext } from "./ports.ts";

export const CHECKS: readonly Check[] = [
  ...SIGN_IN_CHECKS,
  ...PLACE_CHECKS,
  ...VERSION_CHECKS,
  ...PERMISSION_CHECKS,
  ...IDENTITY_CHECKS,
  ...ACCOUNT_CHECKS,
  ...POLICY_CHECKS,
  ...BARRIER_CHECKS,
  ...QUOTA_CHECKS,
  kubernetesApi,
  ...CLUSTER_ID_CHECKS,
  ...CONTROLLER_CHECKS,
  ...MOUNTING_CHECKS,
  ...ADMISSION_CHECKS,
  ...CLASS_CHECKS,
  ...CLAIM_CHECKS,
  ...CLAIM_STORAGE_CHECKS,
];

export interface Selection {
  /** Before the installation: without what it brings along. */
  readonly isPre: boolean;
}

/** What is run in this context. Without a cluster nothing of one is looked at, but that there is none. */
export function selectChecks({ ports, claim, clusterProblem }: DoctorContext, { isPre }: Selection): readonly Check[] {
  const isCluster = ports.cluster.isConnected || clusterProblem !== undefined;
  return CHECKS.filter(({ isOfClaim, isAfterInstallation, category, id }) => {
    if (isOfClaim === true && claim === undefined) return false;
    if (isAfterInstallation === true && isPre) return false;
    return isCluster || id === kubernetesApi.id || category === "sign-in" || category === "azure";
  });
}
