/** Whether a claim has its storage and its access, and why its pods wait: what CreateVolume has made, and the mount. */
import { findOwn } from "../../volume/access/own-assignment.ts";
import { ourRoleAssignment } from "../../volume/access/role-assignments.ts";
import { trustIn } from "../../volume/identity/trust.ts";
import { type Check, error, type Outcome, ok, warning } from "../check.ts";
import { claimOf, findAccount, findVolume, identityOf, placeOf, planOf, scopeOf, userOf } from "../claim-case.ts";
import { clusterOf } from "../cluster.ts";
import type { DoctorContext, InspectedPod } from "../ports.ts";

/** A role assignment is in force everywhere after some minutes ("Troubleshoot Azure RBAC": up to 10). */
const IN_FORCE_MS = 600_000;

const account: Check = {
  id: "claim-account",
  category: "claim",
  title: "its storage account can be used",
  why: "The account that has its container, or will get it. One that does not exist yet is created with the volume.",
  needs: ["claim-trust", "accounts-keyless", "cluster-id", "role"],
  isOfClaim: true,
  async run(context) {
    const found = await findAccount(context);
    if (found !== undefined) return ok(found.ref.name);
    const volume = await findVolume(context);
    if (volume === undefined) return ok("none yet: it is created with the volume");
    const { name } = (await placeOf(context))?.account ?? { name: "" };
    return error(
      `storage account ${name} of volume ${volume.name} is gone`,
      "docs/how-to/troubleshooting.md, the storage is gone",
    );
  },
};

const fileSystem: Check = {
  id: "claim-container",
  category: "claim",
  title: "its container is there",
  why: "What a pod writes is in this container. Before the claim is bound it need not exist.",
  needs: ["claim-account"],
  isOfClaim: true,
  async run(context) {
    const place = await placeOf(context);
    const found = place && (await context.ports.fileSystems.find(place));
    if (place !== undefined && found !== undefined) return ok(`${place.account.name}/${place.name}`);
    const volume = await findVolume(context);
    if (volume === undefined || place === undefined) return ok("none yet: it is created with the volume");
    const restore = context.backend.restoringCommand(place);
    return error(
      `container ${place.name} of volume ${volume.name} is gone from storage account ${place.account.name}`,
      restore,
    );
  },
};

const grant: Check = {
  id: "claim-access",
  category: "claim",
  title: "the identity has access, and it is in force",
  why: "The role assignment of the identity at the container or the account. Azure takes some minutes until it is in force everywhere.",
  needs: ["claim-container"],
  isOfClaim: true,
  async run(context) {
    const place = await placeOf(context);
    const volume = await findVolume(context);
    if (place === undefined || volume === undefined) return ok("none yet: it is created with the volume");
    const identity = await identityOf(context);
    const scope = await scopeOf(context, place);
    const { assignment, found } = await findOwn(context, ourRoleAssignment(scope, identity));
    if (found === undefined) {
      return error(
        `identity ${identity.clientId} has no role assignment of this controller at ${scope}`,
        "docs/how-to/troubleshooting.md, the access of a volume is gone; `keyless-csi access` shows those of others",
      );
    }
    const ageMs = found.createdAtMs === undefined ? undefined : context.now() - found.createdAtMs;
    if (ageMs !== undefined && ageMs < IN_FORCE_MS) {
      const minutes = Math.floor(ageMs / 60_000);
      return warning(
        `role assignment ${assignment.name} is ${minutes} min old: it may take 10`,
        "wait: pods mount then by themselves",
      );
    }
    return ok(`role assignment ${assignment.name}`);
  },
};

const persistentVolume: Check = {
  id: "claim-volume",
  category: "claim",
  title: "its PersistentVolume leads to the node plugin",
  why: "csi-provisioner creates it once CreateVolume has answered. Its driver is the one whose node plugin mounts it.",
  needs: ["claim-access", "csi-driver", "node-driver-policy"],
  isOfClaim: true,
  async run(context) {
    const volume = await findVolume(context);
    if (volume === undefined) return ok("none yet: csi-provisioner creates it after CreateVolume");
    const driver = await clusterOf(context).readDriverOf(volume.name);
    const { nodeDriver } = context.settings;
    if (nodeDriver === "" || driver === nodeDriver) return ok(`${volume.name}, driver ${driver}`);
    return warning(
      `PersistentVolume ${volume.name} names driver ${driver}, and the node plugin that is checked is ${nodeDriver}'s`,
      `it was made before --node-driver was changed: keep the node plugin of ${driver} until such volumes are gone`,
    );
  },
};

const pods: Check = {
  id: "claim-pods",
  category: "claim",
  title: "its pods are on nodes with the node plugin, with a ServiceAccount that has access",
  why: "The kubelet passes the token of the pod's own ServiceAccount: one that the volume's identity does not trust gets no access.",
  needs: ["claim-volume", "node-plugin"],
  isOfClaim: true,
  async run(context) {
    const { phase, volumeName } = await claimOf(context);
    const using = await clusterOf(context).listPodsUsing(context.claim ?? { namespace: "", name: "" });
    if (phase !== "Bound" || using.length === 0)
      return ok(using.length === 0 ? "no pod uses it" : "the claim is not bound yet");
    const volume = volumeName === undefined ? undefined : await clusterOf(context).readDriverOf(volumeName);
    const nodes = await clusterOf(context).listNodes();
    const lost = using.find(({ node }) =>
      nodes.some(({ name, drivers }) => name === node && !drivers.includes(volume ?? "")),
    );
    if (lost !== undefined) {
      return error(
        `pod ${lost.name} is on node ${lost.node}, which has no driver ${volume}`,
        "install the node plugin there",
      );
    }
    const { volumeClass } = await planOf(context);
    if (volumeClass.identity !== "serviceAccount") return ok(using.map(({ name }) => name).join(", "));
    return await judgeAccounts(context, using);
  },
};

/** The kubelet passes the token of the pod's ServiceAccount, which Entra exchanges only if the volume's identity trusts it. */
async function judgeAccounts(context: DoctorContext, using: readonly InspectedPod[]): Promise<Outcome> {
  const { identity, account } = await userOf(context);
  const { namespace } = context.claim ?? { namespace: "" };
  const { volumeName } = await claimOf(context);
  for (const { name, serviceAccount } of using) {
    if (await context.ports.identities.trusts(identity, await trustIn(context, { namespace, serviceAccount })))
      continue;
    return error(
      `pod ${name} runs as ServiceAccount ${serviceAccount}, which identity ${identity.clientId} of the volume does not trust`,
      `run it as ${account?.serviceAccount ?? "the ServiceAccount that the volume was made for"}, or open the volume for another ` +
        `one: keyless-csi static --volume ${volumeName} --service-account ${namespace}/${serviceAccount}`,
    );
  }
  return ok(using.map(({ name }) => name).join(", "));
}

export const CLAIM_STORAGE_CHECKS: readonly Check[] = [account, fileSystem, grant, persistentVolume, pods];
