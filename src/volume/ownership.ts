/**
 * Whether a storage account is one that this controller made. Tags and name must agree: a tag that somebody copied onto
 * another account does not make it ours, since the name is recomputed from the tags.
 */
import { DriverError } from "../errors.ts";
import { accountName } from "./names.ts";
import type { Account, Settings } from "./ports.ts";

/** Whether the account carries our tags and the name that follows from them. */
export function isOurs(account: Account, settings: Settings): boolean {
  const { tags } = account;
  const clusterId = tags["keyless-csi.cluster"] ?? "";
  const shard = wholeNumber(tags["keyless-csi.shard"]);
  const attempt = wholeNumber(tags["keyless-csi.attempt"]);
  if (![settings.clusterId, ...settings.alsoOwns].includes(clusterId)) return false;
  if (shard === undefined || attempt === undefined) return false;
  return account.ref.name === accountName({ clusterId, pool: tags["keyless-csi.pool"] ?? "", shard, attempt });
}

/** Whether the account was made for one volume alone and goes with it. Call only on an account of ours. */
export function isForOneVolume(account: Account): boolean {
  return account.tags["keyless-csi.isolation"] === "volume";
}

/** Throws Misconfigured when something other than an Entra identity can open the account. */
export function assertKeyless(account: Account): void {
  if (account.openings.length === 0) return;
  throw new DriverError(
    "Misconfigured",
    `storage account ${account.ref.name} in resource group ${account.ref.resourceGroup} is no longer keyless: ` +
      `${account.openings.join(", ")}. Turn this off again; no volume is made in it until then`,
  );
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}
