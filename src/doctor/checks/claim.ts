/** Why a claim waits: step by step what CreateVolume judges before it writes anything. */
import { DriverError } from "../../errors.ts";
import { encodeSubject, isListedIn } from "../../volume/formats/federated-credential.ts";
import { assertTrust, trustIn } from "../../volume/identity/trust.ts";
import { type Check, error, ok } from "../check.ts";
import { claimOf, classOf, findClaim, identityOf, planOf, userOf } from "../claim-case.ts";
import { clusterOf } from "../cluster.ts";
import type { DoctorContext, InspectedClaim } from "../ports.ts";

function nameOf({ claim }: DoctorContext): string {
  return `claim ${claim?.namespace}/${claim?.name}`;
}

const exists: Check = {
  id: "claim",
  category: "claim",
  title: "the claim exists",
  why: "Its phase and its last event, as Kubernetes shows them.",
  needs: ["kubernetes-api"],
  isOfClaim: true,
  async run(context) {
    const claim = await findClaim(context);
    if (claim === undefined) {
      return error(
        `${nameOf(context)} does not exist`,
        `kubectl -n ${context.claim?.namespace} get pvc shows those that do`,
      );
    }
    if (claim.phase === "Lost") {
      return error(
        `the PersistentVolume ${claim.volumeName} of ${nameOf(context)} is gone`,
        "docs/how-to/existing-data.md",
      );
    }
    return ok(describe(claim));
  },
};

function describe({ phase, volumeName, lastEvent }: InspectedClaim): string {
  const bound = volumeName === undefined ? "" : `, volume ${volumeName}`;
  return `${phase}${bound}${lastEvent === undefined ? "" : `; its last event: ${lastEvent}`}`;
}

const ofClass: Check = {
  id: "claim-class",
  category: "claim",
  title: "its StorageClass is one of this driver",
  why: "Only claims of such a class come to this controller.",
  needs: ["claim", "classes"],
  isOfClaim: true,
  async run(context) {
    const { className } = await claimOf(context);
    if (className === undefined) {
      return error(
        `${nameOf(context)} names no StorageClass, and there was no default one`,
        "create it again with storageClassName",
      );
    }
    return ok(className);
  },
};

const request: Check = {
  id: "claim-request",
  category: "claim",
  title: "CreateVolume accepts what it asks for",
  why: "The class's parameters, the claim's access modes and its mount options are judged as CreateVolume judges them.",
  needs: ["claim-class", "class-parameters", "class-mount-options"],
  isOfClaim: true,
  async run(context) {
    const { isBlock } = await claimOf(context);
    if (isBlock)
      return error(`${nameOf(context)} asks for volumeMode Block`, "create it again with volumeMode: Filesystem");
    const plan = await planOf(context);
    const { mountFlags: flags, accessModes } = plan.request;
    const problems = context.backend.findMountProblems({
      flags,
      accessModes,
      volumeClass: plan.volumeClass,
      className: (await classOf(context)).name,
    });
    const refused = problems.find(({ isRefused }) => isRefused);
    if (refused !== undefined && context.settings.mountChecks === "refuse") {
      return { status: "error", findings: [{ found: refused.message }] };
    }
    return ok(accessModes.join(", "));
  },
};

const consumer: Check = {
  id: "claim-consumer",
  category: "claim",
  title: "a pod uses it, where its class waits for one",
  why: "A class with WaitForFirstConsumer creates a volume only once a pod that uses the claim is scheduled.",
  needs: ["claim-request"],
  isOfClaim: true,
  async run(context) {
    const { phase } = await claimOf(context);
    const { isBoundLate } = await classOf(context);
    if (!isBoundLate || phase !== "Pending") return ok(isBoundLate ? phase : "the class does not wait");
    const pods = await clusterOf(context).listPodsUsing(context.claim ?? { namespace: "", name: "" });
    if (pods.length > 0) return ok(pods.map(({ name }) => name).join(", "));
    return error(
      `no pod uses ${nameOf(context)}, and its class waits for one`,
      "create the pod: it need not run before",
    );
  },
};

const serviceAccount: Check = {
  id: "claim-service-account",
  category: "claim",
  title: "its identity is known",
  why: "The claim's annotation, its pods or its class say which ServiceAccount uses it; that names the identity. With identity: parameters the class names it; once there is a volume, that does.",
  needs: ["claim-consumer", "identity-scopes"],
  isOfClaim: true,
  async run(context) {
    const { volumeClass } = await planOf(context);
    if (volumeClass.identity !== "serviceAccount") {
      const { clientId, principalId } = await identityOf(context);
      return ok(`client id ${clientId}, object id ${principalId}, named by the class`);
    }
    const { identity, account } = await userOf(context);
    const who = account === undefined ? "that of the volume" : `ServiceAccount ${account.serviceAccount}`;
    return ok(`${who}, client id ${identity.clientId}`);
  },
};

const trust: Check = {
  id: "claim-trust",
  category: "claim",
  title: "the identity trusts the ServiceAccount",
  why: "A federated credential with the cluster's issuer, the ServiceAccount and the audience, byte for byte. Without it no token is exchanged.",
  needs: ["claim-service-account"],
  isOfClaim: true,
  async run(context) {
    const { volumeClass } = await planOf(context);
    if (volumeClass.identity !== "serviceAccount")
      return ok("the class names the identity: whom it trusts is not compared");
    const { account, identity } = await userOf(context);
    if (account === undefined) return ok("no ServiceAccount that names this identity uses the claim now");
    const wanted = await trustIn(context, account);
    const mayBeWritten =
      context.settings.managesFederatedCredentials && isListedIn(identity.tags, wanted.issuer, account);
    try {
      await assertTrust(context, identity, wanted);
    } catch (thrown) {
      if (!(thrown instanceof DriverError) || thrown.reason !== "Misconfigured") throw thrown;
      if (mayBeWritten) return ok("the controller writes the federated credential with the volume");
      throw thrown;
    }
    return ok(encodeSubject(account));
  },
};

export const CLAIM_CHECKS: readonly Check[] = [exists, ofClass, request, consumer, serviceAccount, trust];
