/**
 * A container that Azure itself refuses to delete while it holds a blob, by an immutability policy that is not locked:
 * "Container deletion fails if at least one blob exists in the container, regardless of whether policy is locked or unlocked"
 * ("Container-level write once, read many (WORM) policies for immutable blob data"). So nobody needs the right to look into it,
 * and nothing can be written between a look and the deletion.
 */
import type { Arm } from "../../azure/arm.ts";
import { statusOf, toDriverError } from "../../azure/faults.ts";
import { intending } from "../../azure/intent.ts";
import { DriverError } from "../../errors.ts";
import type { FileSystemRef, FileSystems } from "../../volume/ports.ts";
import { describeContainer } from "./arm-ids.ts";

/** The shortest that Azure takes. A policy that a crash leaves behind holds each blob only this long after it was written. */
const PERIOD_DAYS = 1;

export function createDeletionGuard(arm: Arm): FileSystems["guardContents"] {
  return async (ref) => {
    const { account, name } = ref;
    const path = [account.resourceGroup, account.name, name] as const;
    const { blobContainers: client } = arm.subscription(account.subscriptionId).storage;
    const attempt = async <T>(doing: string, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw toDriverError(error, `${doing} ${describeContainer(ref)}`);
      }
    };
    const found = await attempt("reading", () => client.get(...path));
    if (found === undefined) return undefined;
    if (found.hasImmutabilityPolicy === true || found.hasLegalHold === true) throw heldByOthers(ref);
    const parameters = { immutabilityPeriodSinceCreationInDays: PERIOD_DAYS };
    const set = () => client.createOrUpdateImmutabilityPolicy(...path, { parameters });
    const policy = await attempt("guarding", () => intending({ action: "guard" }, set));
    if (policy === undefined) return undefined;
    return {
      async release() {
        const unset = () => client.deleteImmutabilityPolicy(...path, policy.etag ?? "");
        await attempt("releasing", () => intending({ action: "release" }, unset));
      },
    };
  };
}

function heldByOthers(ref: FileSystemRef): DriverError {
  return new DriverError(
    "InUse",
    `${describeContainer(ref)} has an immutability policy or a legal hold: it is left alone, since somebody protects it`,
  );
}
