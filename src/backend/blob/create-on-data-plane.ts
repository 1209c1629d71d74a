/**
 * Creates a container at the account's Blob service (`--container-api=blob`): one call, where ARM needs a read and a write of
 * which it admits 1,200 an hour. The call creates and never changes, so that nothing has to be looked up before.
 */
import { isUnreachable } from "../../azure/blob-retries.ts";
import type { BlobService } from "../../azure/blob-service.ts";
import { codeOf, type TranslationOptions, toDriverError } from "../../azure/faults.ts";
import type { AccountRef, FileSystem, FileSystemRef, FileSystems } from "../../volume/ports.ts";
import { containerId, describeContainer } from "./arm-ids.ts";

export interface DataPlaneOptions {
  readonly service: BlobService;
  /** Of an account by its name: `https://klx.blob.core.windows.net`. */
  readonly endpointOf: (account: string) => string;
  /** Called when an account that is remembered may be gone: its name leads nowhere. */
  readonly forgetAccount: (ref: AccountRef) => void;
}

export function createOnDataPlane({ service, endpointOf, forgetAccount }: DataPlaneOptions): FileSystems["create"] {
  return async (ref, { metadata }) => {
    const { subscriptionId, name: account } = ref.account;
    const endpoint = endpointOf(account);
    const place = { subscriptionId, url: `${endpoint}/${ref.name}`, resourceId: containerId(ref) };
    try {
      await service.createContainer(place, metadata);
      return undefined;
    } catch (error) {
      if (codeOf(error) === "ContainerAlreadyExists") return await readBack(ref, () => service.readMetadata(place));
      if (isUnreachable(error)) forgetAccount(ref.account);
      throw toDriverError(error, `creating ${describeContainer(ref)}`, remedyFor(error, endpoint));
    }
  };
}

async function readBack(ref: FileSystemRef, read: () => Promise<FileSystem["metadata"]>): Promise<FileSystem> {
  try {
    return { ref, metadata: await read() };
  } catch (error) {
    throw toDriverError(error, `reading ${describeContainer(ref)}`);
  }
}

function remedyFor(error: unknown, endpoint: string): TranslationOptions {
  if (!isUnreachable(error)) return {};
  return {
    remedy:
      `it is tried again: a new storage account's name takes a while to be known everywhere. If this lasts, the controller ` +
      `does not reach ${endpoint}: correct its DNS or network, or set --container-api=arm`,
  };
}
