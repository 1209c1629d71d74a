/**
 * Soft delete of an account's blobs and containers: a class raises it to what it states and never lowers it. What a policy,
 * a backup or an administrator keeps longer stays, and so does every other setting of the account's blob service.
 */
import type { BlobServiceProperties, DeleteRetentionPolicy } from "@azure/arm-storage";
import type { Arm } from "../../azure/arm.ts";
import { toDriverError } from "../../azure/faults.ts";
import { intending } from "../../azure/intent.ts";
import { createSingleFlight } from "../../concurrency/single-flight.ts";
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

/** Days for which deleted things are kept at least; 0 asks for nothing. */
interface LeastDays {
  readonly blobs: number;
  readonly containers: number;
}

/**
 * No call when the class asks for nothing (absent or 0: what others have turned on stays on), or when it was ensured a short
 * time ago. An account is asked for one value of each, because both are in its pool key.
 */
export function createRetention({ arm, rememberMs, now }: RetentionOptions): FileSystems["ensureRetention"] {
  const ensured = createTtlCache<true>(rememberMs, now);
  const raising = createSingleFlight<void>("storage account");
  return async (ref, { softDeleteBlobsDays, softDeleteContainersDays }: BlobAccountShape) => {
    const least = { blobs: softDeleteBlobsDays ?? 0, containers: softDeleteContainersDays ?? 0 };
    const key = accountKey(ref);
    if ((least.blobs === 0 && least.containers === 0) || ensured.get(key) !== undefined) return;
    await raising.run(key, async () => {
      await raise(arm, ref, least);
      ensured.set(key, true);
    });
  };
}

/**
 * Sends everything that was read, because PUT sets the whole of it ("Blob Services - Set Service Properties": without CORS
 * rules in the body all of them are deleted). The SDK leaves the read-only members out. Azure has no ETag here: somebody who
 * writes between these two calls is overwritten, so it is written only when a value is too low.
 */
async function raise(arm: Arm, ref: AccountRef, least: LeastDays): Promise<void> {
  const { blobServices } = arm.subscription(ref.subscriptionId).storage;
  try {
    const { isVersioningEnabled, ...before } = await blobServices.getServiceProperties(ref.resourceGroup, ref.name);
    const changes = changesTo(before, least);
    if (Object.keys(changes).length === 0) return;
    // Policy c36a325b denies a false that is stated, and not the same by default.
    const versioning = isVersioningEnabled === true ? { isVersioningEnabled } : {};
    const properties = { ...before, ...versioning, ...changes };
    const set = () => blobServices.setServiceProperties(ref.resourceGroup, ref.name, properties);
    await intending({ action: "update" }, set);
  } catch (error) {
    throw toDriverError(
      error,
      `setting soft delete on storage account ${ref.name} in resource group ${ref.resourceGroup}`,
    );
  }
}

type Retention = Pick<BlobServiceProperties, "deleteRetentionPolicy" | "containerDeleteRetentionPolicy">;

function changesTo(
  { deleteRetentionPolicy: blobs, containerDeleteRetentionPolicy: containers }: BlobServiceProperties,
  least: LeastDays,
): Retention {
  return {
    ...(daysOf(blobs) < least.blobs && { deleteRetentionPolicy: { ...blobs, enabled: true, days: least.blobs } }),
    ...(daysOf(containers) < least.containers && {
      containerDeleteRetentionPolicy: { ...containers, enabled: true, days: least.containers },
    }),
  };
}

function daysOf(policy: DeleteRetentionPolicy | undefined): number {
  return policy?.enabled === true ? (policy.days ?? 0) : 0;
}
