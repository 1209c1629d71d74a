/** What the owner of a claim reads when its storage or its access is gone. docs/reference/events.md has what to do. */
import type { Dependencies } from "../dependencies.ts";
import type { Warning } from "../ports.ts";
import type { BoundVolume } from "./bound-volumes.ts";
import type { LostAccess } from "./confirmation.ts";
import type { Finding } from "./findings.ts";

type Words = Pick<Dependencies, "backend">;

export function warningOf(words: Words, { volume, loss, sinceMs }: Finding): Warning {
  const noticed = `noticed at ${new Date(sinceMs).toISOString().slice(0, 16)}Z`;
  if (loss.what === "access") return { reason: "AccessMissing", message: accessMissing(words, volume, loss, noticed) };
  const message =
    loss.what === "account" ? accountMissing(words, volume, noticed) : storageMissing(words, volume, noticed);
  return { reason: "StorageMissing", message };
}

function accessMissing(
  { backend }: Words,
  { fileSystem, clientId = "" }: BoundVolume,
  { assignment, isByMetadata }: LostAccess,
  noticed: string,
): string {
  const where = `${backend.noun} ${fileSystem.name} in storage account ${fileSystem.account.name}`;
  const problem =
    `no role assignment opens ${where} any more to the identity with client id ${clientId}, ${noticed}: mounts fail with 403, and ` +
    "the controller does not assign it again";
  if (assignment === undefined) return `${problem}. An Owner must, at ${backend.scopeOf(fileSystem)}`;
  const { name, principalId, roleId, scope } = assignment;
  // A workload with a built-in role can write metadata.
  const proviso = isByMetadata ? ` (if az ad sp show --id ${clientId} --query id prints the same object id)` : "";
  return (
    `${problem}. An Owner must${proviso}: az role assignment create --name ${name} --assignee-object-id ${principalId} ` +
    `--assignee-principal-type ServicePrincipal --role ${roleId} --scope ${scope}`
  );
}

function storageMissing({ backend }: Words, { fileSystem }: BoundVolume, noticed: string): string {
  const { name, resourceGroup } = fileSystem.account;
  return (
    `${backend.noun} ${fileSystem.name} of this claim is gone from storage account ${name} in resource group ${resourceGroup}, ` +
    `${noticed}: mounts fail, and the controller does not bring it back. If the account keeps deleted ones, an administrator can ` +
    `restore it: ${backend.restoringCommand(fileSystem)}`
  );
}

function accountMissing({ backend }: Words, { fileSystem }: BoundVolume, noticed: string): string {
  const { name, resourceGroup } = fileSystem.account;
  return (
    `storage account ${name} in resource group ${resourceGroup} is gone, and ${backend.noun} ${fileSystem.name} of this claim with it, ` +
    `${noticed}: mounts fail, and the controller does not bring it back. An administrator can try to restore the account in the Azure ` +
    "portal, within 14 days and before a new claim of the same class makes an account of that name"
  );
}
