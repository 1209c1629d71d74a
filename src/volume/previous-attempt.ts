/**
 * What an earlier attempt of CreateVolume has left in Azure. A volume of which something exists must not be forgotten: it
 * is handed back, or the caller has to keep trying.
 */
import { isTransient } from "../errors.ts";
import type { AccountChoice } from "./account/account-choice.ts";
import type { Dependencies } from "./dependencies.ts";
import type { VolumePlan } from "./plan.ts";
import type { Account, FileSystem, FileSystemRef } from "./ports.ts";

/** A file system, or only the account that was created for this volume alone. */
export interface PreviousAttempt {
  readonly account: Account;
  readonly ref: FileSystemRef;
  readonly fileSystem: FileSystem | undefined;
}

export interface PreviousAttempts {
  find(plan: VolumePlan): Promise<PreviousAttempt | undefined>;
  /**
   * After a failure: whether something of the volume may exist, so that the caller must not forget it. When Azure cannot
   * tell, it may. After a transient failure the caller tries again anyway.
   */
  mayHaveLeftResources(plan: VolumePlan, error: unknown): Promise<boolean>;
}

export function createPreviousAttempts({ ports }: Dependencies, accounts: AccountChoice): PreviousAttempts {
  const find = async (plan: VolumePlan): Promise<PreviousAttempt | undefined> => {
    const candidates = await accounts.find(plan);
    for (const account of candidates) {
      const ref = { account: account.ref, name: plan.fileSystemName };
      const fileSystem = await ports.fileSystems.find(ref);
      if (fileSystem !== undefined) return { account, ref, fileSystem };
    }
    const [own] = plan.volumeClass.isolation === "volume" ? candidates : [];
    return own && { account: own, ref: { account: own.ref, name: plan.fileSystemName }, fileSystem: undefined };
  };
  return {
    find,
    async mayHaveLeftResources(plan, error) {
      if (isTransient(error)) return false;
      const attempt = await find(plan).catch(() => "unknown");
      return attempt !== undefined;
    },
  };
}
