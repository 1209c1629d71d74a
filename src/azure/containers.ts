/** Blob containers through ARM, which honours locks. ARM's PUT changes a container that exists: the caller looks first. */
import { DriverError } from "../errors.ts";
import { accountId } from "../volume/formats/arm-ids.ts";
import { containerId } from "../volume/names.ts";
import type { AccountRef, ContainerPage, ContainerRef, Containers } from "../volume/ports.ts";
import type { Arm, SubscriptionClients } from "./arm.ts";
import { codeOf, statusOf, toDriverError } from "./faults.ts";

export interface ContainersOptions {
  readonly arm: Arm;
  /** Called when an account that we remember turns out to be gone. */
  readonly forgetAccount: (ref: AccountRef) => void;
}

export function createContainers({ arm, forgetAccount }: ContainersOptions): Containers {
  const clientFor = (ref: ContainerRef) => arm.subscription(ref.account.subscriptionId).storage.blobContainers;
  const forgetIfGone = (ref: ContainerRef, error: unknown) => {
    if (statusOf(error) === 404 && codeOf(error) !== "ContainerNotFound") forgetAccount(ref.account);
  };
  return {
    async find(ref) {
      try {
        const found = await clientFor(ref).get(ref.account.resourceGroup, ref.account.name, ref.name);
        return { ref, metadata: found.metadata ?? {} };
      } catch (error) {
        forgetIfGone(ref, error);
        if (statusOf(error) === 404) return undefined;
        throw toDriverError(error, `reading ${describe(ref)}`);
      }
    },
    async create(ref, metadata) {
      try {
        const container = { metadata: { ...metadata } };
        await clientFor(ref).create(ref.account.resourceGroup, ref.account.name, ref.name, container);
      } catch (error) {
        forgetIfGone(ref, error);
        throw toDriverError(error, `creating ${describe(ref)}`);
      }
    },
    async relabel(ref, metadata) {
      try {
        const container = { metadata: { ...metadata } };
        await clientFor(ref).update(ref.account.resourceGroup, ref.account.name, ref.name, container);
      } catch (error) {
        forgetIfGone(ref, error);
        throw toDriverError(error, `updating the metadata of ${describe(ref)}`);
      }
    },
    list: (account, limit, continuation) => list(arm, account, limit, continuation),
    async remove(ref) {
      try {
        await deleteUnleased(clientFor(ref), ref);
      } catch (error) {
        forgetIfGone(ref, error);
        if (statusOf(error) === 404 || isBeingDeleted(error)) return;
        throw toDriverError(error, `deleting ${describe(ref)}`);
      }
    },
  };
}

/** Azure's own page limit is 5,000. */
async function list(arm: Arm, account: AccountRef, limit: number, continuation?: string): Promise<ContainerPage> {
  const { blobContainers } = arm.subscription(account.subscriptionId).storage;
  if (continuation !== undefined) assertOwnContinuation(arm, account, continuation);
  try {
    const pages = blobContainers
      .list(account.resourceGroup, account.name, { maxpagesize: String(limit) })
      .byPage(continuation === undefined ? {} : { continuationToken: continuation });
    const { value: page } = await pages.next();
    const containers = [...(page ?? [])].map(({ name = "", metadata = {}, lastModifiedTime: modified }) => ({
      ref: { account, name },
      metadata,
      ...(modified && { modifiedAtMs: modified.getTime() }),
    }));
    return { containers, ...(page?.continuationToken && { continuation: page.continuationToken }) };
  } catch (error) {
    if (statusOf(error) === 404) return { containers: [] };
    throw toDriverError(error, `listing the containers of storage account ${account.name}`);
  }
}

/**
 * A continuation is a whole URL, which the SDK follows with our token, and it comes back to us through a caller's page
 * token: it may lead nowhere but to ARM's list of this very account.
 */
function assertOwnContinuation(arm: Arm, account: AccountRef, continuation: string): void {
  const list = `${accountId(account)}/blobServices/default/containers`.toLowerCase();
  const url = URL.canParse(continuation) ? new URL(continuation) : undefined;
  if (url?.origin === new URL(arm.endpoint).origin && url.pathname.toLowerCase() === list) return;
  throw new DriverError("BadPageToken", "starting_token is not one of ours: begin again without it");
}

/** A workload with the built-in role can lease its container for good: the lease is broken, or no volume would ever go. */
async function deleteUnleased(
  client: SubscriptionClients["storage"]["blobContainers"],
  ref: ContainerRef,
): Promise<void> {
  const { resourceGroup, name: account } = ref.account;
  try {
    await client.delete(resourceGroup, account, ref.name);
  } catch (error) {
    if (!isLeased(error)) throw error;
    const parameters = { action: "Break", breakPeriod: 0 } as const;
    await client.lease(resourceGroup, account, ref.name, { parameters });
    await client.delete(resourceGroup, account, ref.name);
  }
}

/** LeaseIdMissing of the data plane, wrapped like ContainerBeingDeleted. */
function isLeased(error: unknown): boolean {
  return codeOf(error) === "LeaseIdMissing" || (statusOf(error) === 412 && /\blease\b/i.test(String(error)));
}

/** ARM wraps the data plane's ContainerBeingDeleted in a ContainerOperationFailure; only its message tells them apart. */
function isBeingDeleted(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === "ContainerBeingDeleted" || (code === "ContainerOperationFailure" && /being deleted/i.test(String(error)))
  );
}

function describe(ref: ContainerRef): string {
  return `container ${ref.name} (${containerId(ref)})`;
}
