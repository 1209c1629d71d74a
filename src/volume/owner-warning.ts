/** What is reported to the owner of a volume that is created: an event on the claim, and a log line where something is wrong. */

import { restoringCommand } from "./account/lost-tags.ts";
import type { Dependencies } from "./dependencies.ts";
import type { ClaimContext } from "./identity/identity.ts";
import type { VolumePlan } from "./plan.ts";
import type { Account, Warning, WorkloadIdentity } from "./ports.ts";

/** Never throws: an event is for people, and the log says the same, so a volume does not fail for it. */
export async function warnOwner(
  { ports }: Dependencies,
  { request }: VolumePlan,
  { ref, claim }: ClaimContext,
  warning: Warning,
): Promise<void> {
  ports.observer.warned({ volume: request.name, claim: ref, className: claim?.className, ...warning });
  if (ref === undefined || claim === undefined) return;
  await ports.cluster.warnClaim(ref, claim, warning).catch(() => undefined);
}

/**
 * The role assignment was made by this very call, and Azure has yet to apply it: "up to 10 minutes" (Troubleshoot Azure RBAC).
 * What the first pods show until then looks like a fault. Nobody waits for this event, and the volume does not fail for it.
 */
export function tellOfPendingAccess(
  { ports }: Dependencies,
  { ref, claim }: ClaimContext,
  { clientId }: WorkloadIdentity,
): void {
  if (ref === undefined || claim === undefined) return;
  const message =
    `the volume was opened for the identity with client id ${clientId} just now, and Azure may take up to 10 minutes to apply that. ` +
    "Until then pods that use the claim may show FailedMount with 403 (AuthorizationPermissionMismatch): the kubelet tries again " +
    "by itself, and there is nothing to do";
  ports.cluster.informClaim(ref, claim, { reason: "AccessPending", message }).catch(() => undefined);
}

/** What is weak about the account that a volume goes into, although nobody without an Entra identity gets in. */
export async function warnOfWeakAccount(
  deps: Dependencies,
  plan: VolumePlan,
  claim: ClaimContext,
  { ref, weaknesses = [] }: Account,
): Promise<void> {
  if (weaknesses.length === 0) return;
  const where = `storage account ${ref.name} in resource group ${ref.resourceGroup}`;
  const message = `${where} is weaker than it should be: ${weaknesses.join(", ")}. The volume is created all the same; turn this off`;
  await warnOwner(deps, plan, claim, { reason: "WeakAccount", message });
}

/** An account that is used although somebody has replaced its tags, with the command for its administrator. */
export async function warnOfLostTags(
  deps: Dependencies,
  plan: VolumePlan,
  claim: ClaimContext,
  account: Account,
): Promise<void> {
  const { name, resourceGroup } = account.ref;
  const message =
    `somebody has replaced the tags of storage account ${name} in resource group ${resourceGroup}, by which this controller ` +
    `recognises it. Put them back: ${restoringCommand(account)}`;
  await warnOwner(deps, plan, claim, { reason: "TagsLost", message });
}
