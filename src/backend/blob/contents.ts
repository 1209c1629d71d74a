/** Whether an account holds a container, at the price of a read where one was seen before. */
import type { Arm } from "../../azure/arm.ts";
import { toDriverError } from "../../azure/faults.ts";
import { createTtlCache } from "../../concurrency/ttl-cache.ts";
import { accountKey } from "../../volume/formats/arm-ids.ts";
import type { AccountRef, FileSystems } from "../../volume/ports.ts";
import { isGoneWith } from "./gone-account.ts";

/** A container that was seen: to ask for it is a read (800 in 5 minutes), to list is dear (100 in 5 minutes). */
const WITNESS_MS = 3_600_000;

export function createContentsCheck(options: {
  readonly arm: Arm;
  readonly now: () => number;
}): FileSystems["existIn"] {
  const witnesses = createTtlCache<string>(WITNESS_MS, options.now);
  return async (ref, except) => {
    const key = accountKey(ref);
    const witness = witnesses.get(key);
    const isTelling = witness !== undefined && witness !== except;
    if (isTelling && (await exists(options.arm, ref, witness))) return true;
    const found = await firstContainer(options.arm, ref, except);
    if (found !== undefined) witnesses.set(key, found);
    return found !== undefined;
  };
}

async function firstContainer(arm: Arm, ref: AccountRef, except?: string): Promise<string | undefined> {
  try {
    const { blobContainers } = arm.subscription(ref.subscriptionId).storage;
    const maxpagesize = except === undefined ? "1" : "2";
    for await (const page of blobContainers.list(ref.resourceGroup, ref.name, { maxpagesize }).byPage()) {
      const found = page.find(({ name }) => name !== except);
      if (found !== undefined) return found.name;
    }
    return undefined;
  } catch (error) {
    if (await isGoneWith(arm, ref, error)) return undefined;
    throw toDriverError(error, `listing the containers of storage account ${ref.name}`);
  }
}

/** Any failure here counts as "not there": the list that follows decides. */
async function exists(arm: Arm, ref: AccountRef, container: string): Promise<boolean> {
  const { blobContainers } = arm.subscription(ref.subscriptionId).storage;
  return blobContainers.get(ref.resourceGroup, ref.name, container).then(
    () => true,
    () => false,
  );
}
