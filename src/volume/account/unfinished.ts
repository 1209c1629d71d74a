/**
 * An account that ARM does not call Succeeded gets no volume. What is in it stays as it is: nothing here deletes, and no second
 * account takes its place, since the volume that is asked for may be in it already.
 */
import { createSingleFlight } from "../../concurrency/single-flight.ts";
import { DriverError } from "../../errors.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountKey } from "../formats/arm-ids.ts";
import type { Account, AccountSpec } from "../ports.ts";
import { isOurs } from "./ownership.ts";

/** The last write failed or was called off: ARM lets another one end that. */
const FAILED = /^(failed|cancell?ed)$/i;

/**
 * The account, once it is finished. Throws Misconfigured for one that stays Failed or Canceled, and Busy for one in any other
 * state: it is being created, changed or deleted. `specOf` says what the account was created from.
 */
export type Finisher = (account: Account, specOf: () => AccountSpec | undefined) => Account | Promise<Account>;

export function createFinisher({ ports, settings }: Dependencies): Finisher {
  // Volumes that arrive together repeat the PUT once.
  const finishing = createSingleFlight<Account | undefined>("storage account");
  const finish = async (account: Account, specOf: () => AccountSpec | undefined) => {
    const { unfinished: state = "", ref } = account;
    if (!FAILED.test(state)) throw busy(account);
    const spec = specOf();
    // Tags that somebody has replaced would come back with it, which is the operator's to decide (--repair-drift).
    if (spec === undefined || account.lostTags !== undefined || !isOurs(account, settings)) throw failed(account);
    const finished = await finishing
      .run(accountKey(ref), async () => (await ports.accounts.finish(ref, spec)) ?? (await ports.accounts.find(ref)))
      .catch((error: unknown) => {
        throw failed(account, error);
      });
    if (finished?.unfinished === undefined && finished !== undefined) return finished;
    throw failed(finished ?? account);
  };
  return (account, specOf) => (account.unfinished === undefined ? account : finish(account, specOf));
}

function busy({ ref, unfinished }: Account): DriverError {
  return new DriverError(
    "Busy",
    `storage account ${ref.name} in resource group ${ref.resourceGroup} is in state ${unfinished}: no volume is created in it ` +
      "until it is Succeeded or gone; it is tried again",
  );
}

/** A fault of the PUT decides the reason: a missing right or a policy is what has to be repaired then. */
function failed({ ref, unfinished }: Account, cause?: unknown): DriverError {
  const { name, resourceGroup } = ref;
  // Before the advice: Kubernetes cuts the end of a long event.
  const answer =
    cause instanceof DriverError ? ` Azure did not accept the controller's own attempt: ${cause.message}.` : "";
  return new DriverError(
    cause instanceof DriverError ? cause.reason : "Misconfigured",
    `storage account ${name} in resource group ${resourceGroup} is in state ${unfinished}, since its last change did not succeed: no ` +
      `volume is created in it, and what is in it was not touched.${answer} Its activity log says why; a change that succeeds ends the ` +
      `state: az storage account update --resource-group ${resourceGroup} --name ${name} --https-only true`,
    { cause },
  );
}
