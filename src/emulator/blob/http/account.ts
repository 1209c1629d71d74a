/** What the two services of the data plane, Blob and Data Lake, do with every call: find its account and version. */
import type { Call } from "../../http/call.ts";
import type { BlobTarget, Services } from "../../services.ts";
import { StorageError } from "../../storage/errors.ts";
import type { StorageAccount } from "../../world.ts";
import { parseVersion } from "./request.ts";

/** The header, else the version of the SAS, else the account's DefaultServiceVersion. */
export function versionOf(call: Call, account: StorageAccount): string {
  const sent = call.headers["x-ms-version"];
  const standard = account.blobService["defaultServiceVersion"];
  const fallback = typeof standard === "string" ? standard : undefined;
  return parseVersion((Array.isArray(sent) ? sent[0] : sent) ?? call.query.get("sv") ?? fallback);
}

/**
 * In Azure the host name of an account that does not exist, is still being created, or is not yet in DNS does not
 * resolve. A single listener for all names cannot do that, so the answer is 404 ResourceNotFound.
 */
export function findAccount({ world, settings }: Services, target: BlobTarget, now: number): StorageAccount {
  const account = world.accounts.get(target.account);
  if (account === undefined || now < account.readyAt + settings.accountDnsMs)
    throw new StorageError("ResourceNotFound");
  return account;
}
