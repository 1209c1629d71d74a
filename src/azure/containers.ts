/** Blob containers through ARM, which honours locks. ARM's PUT changes a container that exists: the caller looks first. */
import { containerId } from "../volume/names.ts";
import type { AccountRef, ContainerPage, ContainerRef, Containers } from "../volume/ports.ts";
import type { Arm } from "./arm.ts";
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
        await clientFor(ref).delete(ref.account.resourceGroup, ref.account.name, ref.name);
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
  try {
    const pages = blobContainers
      .list(account.resourceGroup, account.name, { maxpagesize: String(limit) })
      .byPage(continuation === undefined ? {} : { continuationToken: continuation });
    const { value: page } = await pages.next();
    const containers = [...(page ?? [])].map(({ name = "", metadata = {} }) => ({ ref: { account, name }, metadata }));
    return { containers, ...(page?.continuationToken && { continuation: page.continuationToken }) };
  } catch (error) {
    if (statusOf(error) === 404) return { containers: [] };
    throw toDriverError(error, `listing the containers of storage account ${account.name}`);
  }
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
