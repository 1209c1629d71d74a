/**
 * Step "identity" of CreateVolume: which identity will use the volume. Everything that can fail for good is checked here,
 * before the first write. PVC and pod metadata choose nothing but the ServiceAccount, within the claim's own namespace.
 */
import { DriverError } from "../../errors.ts";
import { shown } from "../../text/cut.ts";
import { isSameText } from "../../text/without-case.ts";
import type { VolumeClass } from "../class/volume-class.ts";
import type { Dependencies } from "../dependencies.ts";
import type { ServiceAccountRef } from "../formats/federated-credential.ts";
import type { Claim, ClaimRef, Ports, Settings, UserAssignedIdentity, WorkloadIdentity } from "../ports.ts";
import { tenantOf } from "../settings.ts";
import { ensureRole } from "./role.ts";
import { chooseServiceAccount } from "./service-account.ts";
import { ensureTrust } from "./trust.ts";

/** The claim that the volume is for, as far as it is known. */
export interface ClaimContext {
  readonly ref: ClaimRef | undefined;
  readonly claim: Claim | undefined;
}

/** An identity that may use the volume, and how it is let in. */
export interface AdmittedIdentity extends WorkloadIdentity {
  /** GUID of the role to assign to it. */
  readonly roleId: string;
}

/** Throws Misconfigured when the identity is not found, is not one, or may not be used, or the role does not exist. */
export async function ensureIdentity(
  deps: Dependencies,
  volumeClass: VolumeClass,
  claim: ClaimContext,
): Promise<AdmittedIdentity> {
  const { ports, settings } = deps;
  const asked =
    volumeClass.identity === "serviceAccount"
      ? await ofServiceAccount(ports, volumeClass, claim)
      : { identity: await ofParameters(deps, volumeClass, claim) };
  assertTenant(settings, volumeClass, asked.identity);
  const roleId = await ensureRole(deps, volumeClass);
  // Last, since it may write a federated credential.
  if ("serviceAccount" in asked) await ensureTrust(deps, asked.identity, asked.serviceAccount);
  return { ...asked.identity, roleId };
}

/** Throws Misconfigured for an identity of another tenant than the subscription's. */
export function assertTenant(
  settings: Settings,
  { subscriptionId }: Pick<VolumeClass, "subscriptionId">,
  identity: WorkloadIdentity,
): void {
  const tenantId = tenantOf(settings, subscriptionId);
  if (isSameText(identity.tenantId, tenantId)) return;
  throw new DriverError(
    "Misconfigured",
    `identity ${identity.clientId} is in tenant ${identity.tenantId}, but subscription ${subscriptionId} in tenant ${tenantId}: ` +
      "Azure grants access only within a tenant; use an identity of the storage's tenant",
  );
}

async function ofParameters(
  { ports, settings }: Dependencies,
  volumeClass: VolumeClass,
  { ref }: ClaimContext,
): Promise<WorkloadIdentity> {
  const { clientId = "", tenantId, principalId } = volumeClass;
  const { allowedNamespaces } = settings;
  if (allowedNamespaces.length > 0 && (ref === undefined || !allowedNamespaces.includes(ref.namespace))) {
    throw new DriverError(
      "Misconfigured",
      `namespace ${ref?.namespace ?? "(unknown)"} may not use classes that name an identity (--allowed-namespaces): ` +
        "use a class with identity: serviceAccount",
    );
  }
  if (principalId !== undefined) {
    const stated = { clientId, tenantId, principalId };
    assertOneIdentity(stated, await ports.identities.findReadable(stated));
    return stated;
  }
  const identity = await ports.identities.findByClientId(clientId);
  if (identity !== undefined) return identity;
  const [twin] = await ports.identities.findReadable({ clientId, principalId: clientId });
  throw new DriverError(
    "Misconfigured",
    twin === undefined
      ? `clientID "${clientId}" is not the client id of a user-assigned identity that the controller can read: correct it, ` +
          "give the controller read access to the identity, or set principalID to its object id"
      : `clientID "${clientId}" is the object id of an identity: its client id is "${twin.clientId}"`,
  );
}

/** What the class states of one identity may be of two: the volume would be open to one, and mounted by the other. */
function assertOneIdentity(
  { clientId, principalId }: WorkloadIdentity,
  readable: readonly UserAssignedIdentity[],
): void {
  const other = readable.find((each) => each.clientId !== clientId || each.principalId.toLowerCase() !== principalId);
  if (other === undefined) return;
  const whose =
    other.clientId === clientId
      ? `is not the object id of clientID "${clientId}", which is "${other.principalId}"`
      : `belongs to another identity than clientID "${clientId}": its client id is "${other.clientId}"`;
  throw new DriverError(
    "Misconfigured",
    `principalID "${principalId}" ${whose}. Correct one of them, or remove principalID`,
  );
}

async function ofServiceAccount(
  ports: Ports,
  volumeClass: VolumeClass,
  { ref, claim }: ClaimContext,
): Promise<{ readonly identity: UserAssignedIdentity; readonly serviceAccount: ServiceAccountRef }> {
  if (ref === undefined || claim === undefined) {
    throw new DriverError(
      "Misconfigured",
      "identity: serviceAccount needs the claim: run csi-provisioner with --extra-create-metadata and the controller with --kubernetes=on",
    );
  }
  const name = await chooseServiceAccount(ports.cluster, ref, claim, volumeClass.defaultServiceAccount);
  const serviceAccount = { namespace: ref.namespace, serviceAccount: name };
  return { identity: await findAnnotated(ports, serviceAccount), serviceAccount };
}

/** Throws Misconfigured when the ServiceAccount does not exist, or names no identity of the operator's identity scopes. */
export async function findAnnotated(
  ports: Ports,
  { namespace, serviceAccount }: ServiceAccountRef,
): Promise<UserAssignedIdentity> {
  const name = `ServiceAccount ${namespace}/${serviceAccount}`;
  const clientId = await ports.cluster.findClientId(namespace, serviceAccount);
  if (clientId === undefined) throw new DriverError("Misconfigured", `${name} does not exist: create it`);
  if (clientId === "") {
    throw new DriverError(
      "Misconfigured",
      `${name} names no identity: annotate it with azure.workload.identity/client-id: <client id of a user-assigned identity>`,
    );
  }
  const identity = await ports.identities.findByClientId(clientId);
  if (identity !== undefined) return identity;
  throw new DriverError(
    "Misconfigured",
    `${name} names client id "${shown(clientId)}", which is not a user-assigned identity that the controller may use: correct the ` +
      "annotation azure.workload.identity/client-id, or ask the platform team to add the identity to --identity-scopes",
  );
}
