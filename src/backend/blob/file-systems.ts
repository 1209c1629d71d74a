/** Blob containers through ARM, which honours locks. */
import type { Arm, SubscriptionClients } from "../../azure/arm.ts";
import { codeOf, statusOf, toDriverError } from "../../azure/faults.ts";
import { intending } from "../../azure/intent.ts";
import { atOwnHost } from "../../azure/own-host.ts";
import { DriverError } from "../../errors.ts";
import type { AccountRef, FileSystemPage, FileSystemRef, FileSystems } from "../../volume/ports.ts";
import { containersId, describeContainer } from "./arm-ids.ts";
import { createContentsCheck } from "./contents.ts";
import { createDeletionGuard } from "./deletion-guard.ts";
import { isGoneWith } from "./gone-account.ts";
import { createRetention } from "./retention.ts";

export interface FileSystemsOptions {
  readonly arm: Arm;
  /** Called when an account that is remembered turns out to be gone. */
  readonly forgetAccount: (ref: AccountRef) => void;
  /** How long a confirmation by ARM counts. */
  readonly rememberMs: number;
  readonly now: () => number;
}

type Client = SubscriptionClients["storage"]["blobContainers"];

export function createFileSystems(options: FileSystemsOptions): FileSystems {
  const call = createContainerCall(options);
  const setMetadata: FileSystems["setMetadata"] = (ref, metadata) =>
    call(ref, "updating the metadata of", async (client) => {
      await client.update(...pathOf(ref), { metadata: { ...metadata } });
    });
  const find: FileSystems["find"] = async (ref) => {
    const found = await call(ref, "reading", (client) => client.get(...pathOf(ref)), isGone);
    return found && { ref, metadata: found.metadata ?? {} };
  };
  return {
    find,
    async create(ref, { metadata }) {
      // ARM's PUT answers 200 for a container that exists, and changes it.
      const existing = await find(ref);
      if (existing !== undefined) return existing;
      const write = (client: Client) => client.create(...pathOf(ref), { metadata: { ...metadata } });
      await call(ref, "creating", write);
      return undefined;
    },
    setMetadata,
    // Nothing limits a container: its size is only a part of its metadata.
    resize: (ref, { metadata }) => setMetadata(ref, metadata),
    list: (account, limit, continuation) => list(options.arm, account, limit, continuation),
    existIn: createContentsCheck(options),
    ensureRetention: createRetention(options),
    guardContents: createDeletionGuard(options.arm),
    remove: async (ref) => (await call(ref, "deleting", (client) => deleteUnleased(client, ref), isGone)) ?? "absent",
  };
}

/** Runs a call on one container; `doing` as in "reading". A failure that `isEmpty` knows counts as no result. */
function createContainerCall({ arm, forgetAccount }: FileSystemsOptions) {
  return async <T>(
    ref: FileSystemRef,
    doing: string,
    work: (client: Client) => Promise<T>,
    isEmpty: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> => {
    try {
      return await work(arm.subscription(ref.account.subscriptionId).storage.blobContainers);
    } catch (error) {
      if (isGone(error) && codeOf(error) !== "ContainerNotFound") forgetAccount(ref.account);
      if (isEmpty(error)) return undefined;
      throw toDriverError(error, `${doing} ${describeContainer(ref)}`);
    }
  };
}

function isGone(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Resource group, account and container, as the SDK takes them. */
function pathOf({ account, name }: FileSystemRef): [string, string, string] {
  return [account.resourceGroup, account.name, name];
}

/** Azure's own page limit is 5,000. */
async function list(arm: Arm, account: AccountRef, limit: number, continuation?: string): Promise<FileSystemPage> {
  const { blobContainers } = arm.subscription(account.subscriptionId).storage;
  if (continuation !== undefined) assertOwnContinuation(arm, account, continuation);
  try {
    const pages = blobContainers
      .list(account.resourceGroup, account.name, { maxpagesize: String(limit) })
      .byPage(continuation === undefined ? {} : { continuationToken: continuation });
    const { value: page } = await pages.next();
    const fileSystems = [...(page ?? [])].map(({ name = "", metadata = {}, lastModifiedTime: modified }) => ({
      ref: { account, name },
      metadata,
      ...(modified && { modifiedAtMs: modified.getTime() }),
    }));
    const link = page?.continuationToken;
    return { fileSystems, ...(link && { continuation: atOwnHost(arm.endpoint, link) }) };
  } catch (error) {
    if (await isGoneWith(arm, account, error)) return { fileSystems: [] };
    throw toDriverError(error, `listing the containers of storage account ${account.name}`);
  }
}

/**
 * A continuation is a whole URL, which the SDK follows with our token, and it comes back through a caller's page token: it
 * may lead nowhere but to ARM's list of this very account. `list` gives out no other, whatever host Azure has named.
 */
function assertOwnContinuation(arm: Arm, account: AccountRef, continuation: string): void {
  const list = containersId(account).toLowerCase();
  const url = URL.canParse(continuation) ? new URL(continuation) : undefined;
  if (url?.origin === new URL(arm.endpoint).origin && url.pathname.toLowerCase() === list) return;
  throw new DriverError(
    "BadPageToken",
    "starting_token was not returned by this driver: list again from the start, without it",
  );
}

/** A workload with the built-in role can lease its container for good: without breaking the lease the volume would stay. */
async function deleteUnleased(client: Client, ref: FileSystemRef): Promise<"removed" | "absent"> {
  try {
    return await deleteContainer(client, ref);
  } catch (error) {
    if (!isLeased(error)) throw error;
    const breakLease = () => client.lease(...pathOf(ref), { parameters: { action: "Break", breakPeriod: 0 } });
    await intending({ action: "break lease" }, breakLease);
    return await deleteContainer(client, ref);
  }
}

/** ARM answers 204 where there is none (REST: Blob Containers - Delete), which the SDK takes for a success like any other. */
async function deleteContainer(client: Client, ref: FileSystemRef): Promise<"removed" | "absent"> {
  let isAbsent = false;
  const onResponse = ({ status }: { readonly status: number }) => {
    isAbsent = status === 204;
  };
  try {
    await client.delete(...pathOf(ref), { onResponse });
  } catch (error) {
    if (!isBeingDeleted(error)) throw error;
  }
  return isAbsent ? "absent" : "removed";
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
