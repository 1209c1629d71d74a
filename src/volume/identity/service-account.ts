/**
 * Which ServiceAccount a volume is for, when the class says `identity: serviceAccount`: always one of the claim's own
 * namespace. The claim's annotation; else the pod that owns a generic ephemeral claim; else, when the class waits for the
 * first consumer, the pods that use the claim; else the class's default.
 */
import { DriverError } from "../../errors.ts";
import { listed, shown } from "../../text/cut.ts";
import { serviceAccount } from "../../text/kubernetes-names.ts";
import { accepts } from "../../text/values.ts";
import type { Claim, ClaimRef, Cluster, Pod } from "../ports.ts";

/** The annotation by which a tenant names the ServiceAccount of a claim. */
export const SERVICE_ACCOUNT_ANNOTATION = "keyless-csi/service-account";

/** Throws Misconfigured, with what the tenant can do, when none or several different ones are found. */
export async function chooseServiceAccount(
  cluster: Cluster,
  ref: ClaimRef,
  claim: Claim,
  byDefault: string | undefined,
): Promise<string> {
  const name = claim.serviceAccount ?? (await ofPods(cluster, ref, claim)) ?? byDefault;
  if (name === undefined) {
    throw new DriverError(
      "Misconfigured",
      `no ServiceAccount is known for claim ${ref.namespace}/${ref.name}: annotate the claim with ` +
        `${SERVICE_ACCOUNT_ANNOTATION}: <name of a ServiceAccount in ${ref.namespace}>`,
    );
  }
  if (accepts(serviceAccount, name)) return name;
  throw new DriverError(
    "Misconfigured",
    `claim ${ref.namespace}/${ref.name}: "${shown(name)}" is not a ServiceAccount's name: correct the annotation ${SERVICE_ACCOUNT_ANNOTATION}`,
  );
}

async function ofPods(cluster: Cluster, ref: ClaimRef, claim: Claim): Promise<string | undefined> {
  if (claim.ownerPod !== undefined) return await ofOwner(cluster, ref, claim.ownerPod);
  if (!(await cluster.isBoundLate(claim))) return undefined;
  return onlyOne(ref, await cluster.listPodsUsing(ref));
}

/** The pod must be the very one that owns the claim: a pod recreated under the name may be somebody else's. */
async function ofOwner(cluster: Cluster, ref: ClaimRef, owner: { name: string; uid: string }): Promise<string> {
  const pod = await cluster.findPod(ref.namespace, owner.name);
  if (pod?.uid === owner.uid) return pod.serviceAccount;
  throw new DriverError(
    "Misconfigured",
    `pod ${ref.namespace}/${owner.name}, which owns claim ${ref.name}, is gone: nothing is provisioned for it`,
  );
}

function onlyOne(ref: ClaimRef, pods: readonly Pod[]): string | undefined {
  const names = [...new Set(pods.map(({ serviceAccount }) => serviceAccount))].sort();
  if (names.length <= 1) return names[0];
  throw new DriverError(
    "Misconfigured",
    `pods with different ServiceAccounts use claim ${ref.namespace}/${ref.name} (${listed(names, ", ")}), and a volume is opened ` +
      `for one: choose it with the annotation ${SERVICE_ACCOUNT_ANNOTATION} on the claim. An administrator can open it for others with ` +
      "`keyless-csi static --volume`",
  );
}
