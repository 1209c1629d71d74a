/** What the PersistentVolume and the claim of a static volume are called. */
import { DriverError } from "../../errors.ts";
import { claim as claimName } from "../../text/kubernetes-names.ts";
import { accepts } from "../../text/values.ts";
import type { Dependencies } from "../dependencies.ts";
import type { ServiceAccountRef } from "../formats/federated-credential.ts";
import type { ClaimRef } from "../ports.ts";
import { type Finding, look } from "./finding.ts";
import type { Source } from "./source.ts";

export interface StaticNames {
  readonly volumeName: string;
  readonly claim: ClaimRef;
  readonly handle: string;
}

/**
 * PersistentVolumes are named for the whole cluster, so the namespace is part of the name. The claim is called as it was asked
 * for, or after the file system, or after the first claim of the volume and the ServiceAccount.
 */
export function nameStatic(
  { backend }: Dependencies,
  { namespace, serviceAccount }: ServiceAccountRef,
  { fileSystem: { ref }, volume }: Source,
  asked: string | undefined,
): StaticNames {
  const byDefault = volume === undefined ? ref.name : `${volume.claim?.name ?? ref.name}-${serviceAccount}`;
  const name = asked ?? byDefault;
  const volumeName = `${namespace}-${name}`;
  if (!accepts(claimName, volumeName)) {
    throw new DriverError("InvalidRequest", `"${volumeName}" is not a PersistentVolume's name: give another --name`);
  }
  return { volumeName, claim: { namespace, name }, handle: backend.toStaticHandle(ref, volumeName) };
}

/** A volume of that name stays what it is: nobody can change its `spec.csi`. */
export async function checkUnused(
  { ports }: Dependencies,
  { volumeName, handle }: StaticNames,
  findings: Finding[],
): Promise<void> {
  const existing = await ports.cluster.findVolume(volumeName);
  if (existing === undefined) return;
  const check = async () => {
    if (existing.handle === handle) return;
    throw new DriverError(
      "Misconfigured",
      `PersistentVolume ${volumeName} exists and is another volume: give another --name`,
    );
  };
  await look(findings, check, { ok: () => `PersistentVolume ${volumeName} exists already, and is this volume` });
}
