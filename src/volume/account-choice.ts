/**
 * Step "account" of CreateVolume: the first account that is ours, else the first that Azure lets us create. No list call
 * (100 in 5 minutes is Azure's limit): names are computed, and ARM is asked for each by its full id.
 */
import { DriverError } from "../errors.ts";
import { assertKeyless, isOurs } from "./ownership.ts";
import type { AccountCandidate, VolumePlan } from "./plan.ts";
import type { Account, Ports, Settings } from "./ports.ts";

/** What ARM knows of the candidates: the account that is ours, if any, and the names that are free as far as ARM tells. */
interface Survey {
  readonly ours: Account | undefined;
  readonly free: readonly AccountCandidate[];
}

/** The account and whether this very call has made it. */
export interface ChosenAccount {
  readonly account: Account;
  readonly isNew: boolean;
}

/** The account of ours that holds, or would hold, the volume. Asks ARM only when none is remembered. */
export async function findAccount(ports: Ports, plan: VolumePlan, settings: Settings): Promise<Account | undefined> {
  return (await survey(ports, plan, settings)).ours;
}

/** Throws Misconfigured for an account that is no longer keyless, and when every name is held by somebody else. */
export async function ensureAccount(ports: Ports, plan: VolumePlan, settings: Settings): Promise<ChosenAccount> {
  const { ours, free } = await survey(ports, plan, settings);
  const account = ours ?? (await createFirst(ports, plan, free));
  if (account.openings.length > 0) ports.observer.drifted(account);
  assertKeyless(account);
  await ports.accounts.ensureRetention(account.ref, { ...plan.accountSpec, tags: account.tags });
  return { account, isNew: ours === undefined };
}

async function survey(ports: Ports, plan: VolumePlan, settings: Settings): Promise<Survey> {
  const isOurAccount = (account: Account | undefined) => account !== undefined && isOurs(account, settings);
  const remembered = plan.candidates.map(({ ref }) => ports.accounts.remembered(ref)).find(isOurAccount);
  if (remembered !== undefined) return { ours: remembered, free: [] };
  const found = await Promise.all(plan.candidates.map(({ ref }) => ports.accounts.find(ref)));
  // A name that somebody else holds in this very resource group is not free: a PUT would change their account.
  const free = plan.candidates.filter((_, index) => found[index] === undefined);
  return { ours: found.find(isOurAccount), free };
}

async function createFirst(ports: Ports, plan: VolumePlan, free: readonly AccountCandidate[]): Promise<Account> {
  for (const { ref, tags } of free) {
    const created = await ports.accounts.create(ref, { ...plan.accountSpec, tags });
    if (created !== "taken") return created;
  }
  const names = plan.candidates.map(({ ref }) => ref.name).join(", ");
  throw new DriverError(
    "Misconfigured",
    `every account name computed for this class is held by somebody else (${names}): free one of them, or change the class`,
  );
}
