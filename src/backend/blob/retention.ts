/** Soft delete of an account's blobs and containers, as far as the class states it. */
import type { Arm } from "../../azure/arm.ts";
import { toDriverError } from "../../azure/faults.ts";
import { createTtlCache } from "../../concurrency/ttl-cache.ts";
import { accountKey } from "../../volume/formats/arm-ids.ts";
import type { AccountRef, FileSystems } from "../../volume/ports.ts";
import type { BlobAccountShape } from "./parameters.ts";

export interface RetentionOptions {
  readonly arm: Arm;
  /** How long what ARM has confirmed is trusted. */
  readonly rememberMs: number;
  readonly now: () => number;
}

/** No call when the class states nothing, or when it was ensured a short time ago. */
export function createRetention({ arm, rememberMs, now }: RetentionOptions): FileSystems["ensureRetention"] {
  const ensured = createTtlCache<true>(rememberMs, now);
  return async (ref, { softDeleteBlobsDays: blobs, softDeleteContainersDays: containers }: BlobAccountShape) => {
    if (blobs === undefined && containers === undefined) return;
    if (ensured.get(accountKey(ref)) !== undefined) return;
    await setRetention(arm, ref, { blobs, containers });
    ensured.set(accountKey(ref), true);
  };
}

/** Days that deleted things are kept; 0: they are not kept; undefined: Azure's own setting stays. */
interface RetentionDays {
  readonly blobs: number | undefined;
  readonly containers: number | undefined;
}

/** PUT replaces the policies it states, so it is sent only when they differ. */
async function setRetention(arm: Arm, ref: AccountRef, { blobs, containers }: RetentionDays): Promise<void> {
  const { blobServices } = arm.subscription(ref.subscriptionId).storage;
  try {
    const service = await blobServices.getServiceProperties(ref.resourceGroup, ref.name);
    const isAsStated =
      hasDays(service.deleteRetentionPolicy, blobs) && hasDays(service.containerDeleteRetentionPolicy, containers);
    if (isAsStated) return;
    await blobServices.setServiceProperties(ref.resourceGroup, ref.name, {
      ...(blobs !== undefined && { deleteRetentionPolicy: toPolicy(blobs) }),
      ...(containers !== undefined && { containerDeleteRetentionPolicy: toPolicy(containers) }),
    });
  } catch (error) {
    throw toDriverError(
      error,
      `setting soft delete on storage account ${ref.name} in resource group ${ref.resourceGroup}`,
    );
  }
}

function toPolicy(days: number): { enabled: boolean; days?: number } {
  return days === 0 ? { enabled: false } : { enabled: true, days };
}

function hasDays(current: { enabled?: boolean; days?: number } | undefined, days: number | undefined): boolean {
  if (days === undefined) return true;
  return (current?.enabled === true ? (current.days ?? 0) : 0) === days;
}
