/**
 * What an earlier attempt of CreateVolume has left in Azure. A volume of which something exists must not be forgotten: it
 * is handed back, or the caller has to keep trying.
 */
import { isTransient } from "../errors.ts";
import type { AccountChoice, Asking } from "./account/account-choice.ts";
import type { Dependencies } from "./dependencies.ts";
import type { VolumePlan } from "./plan.ts";
import type { Account, FileSystem, FileSystemRef } from "./ports.ts";

/** A file system, or only the account that was created for this volume alone. */
export interface PreviousAttempt {
  /** The plan for its place. */
  readonly plan: VolumePlan;
  readonly account: Account;
  readonly ref: FileSystemRef;
  readonly fileSystem: FileSystem | undefined;
}

export interface PreviousAttempts {
  /** In every place where the volume may be. */
  find(plan: VolumePlan): Promise<PreviousAttempt | undefined>;
  /** In the plan's own place alone. */
  findAt(place: VolumePlan, how?: Asking): Promise<PreviousAttempt | undefined>;
  /**
   * After a failure: whether something of the volume may exist, so that the caller must not forget it. When Azure cannot
   * tell, it may. After a transient failure the caller tries again anyway.
   */
  mayHaveLeftResources(plan: VolumePlan, error: unknown): Promise<boolean>;
}

export function createPreviousAttempts({ ports }: Dependencies, accounts: AccountChoice): PreviousAttempts {
  const findAt = async (plan: VolumePlan, how?: Asking): Promise<PreviousAttempt | undefined> => {
    const candidates = await accounts.find(plan, how);
    for (const account of candidates) {
      const ref = { account: account.ref, name: plan.fileSystemName };
      const fileSystem = await ports.fileSystems.find(ref);
      if (fileSystem !== undefined) return { plan, account, ref, fileSystem };
    }
    const [own] = plan.volumeClass.isolation === "volume" ? candidates : [];
    return own && { plan, account: own, ref: { account: own.ref, name: plan.fileSystemName }, fileSystem: undefined };
  };
  const find = async (plan: VolumePlan): Promise<PreviousAttempt | undefined> => {
    for (const place of [plan, ...plan.elsewhere]) {
      const found = await findAt(place);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    find,
    findAt,
    async mayHaveLeftResources(plan, error) {
      if (isTransient(error)) return false;
      const attempt = await find(plan).catch(() => "unknown");
      return attempt !== undefined;
    },
  };
}
