/** The ARM id of a container, written and read: the scope of its role assignments. */
import { accountId, parseAccountId } from "../../volume/formats/arm-ids.ts";
import type { AccountRef, FileSystemRef } from "../../volume/ports.ts";
import type { AssignmentScope } from "../backend.ts";

/** What a list of an account's containers is asked at. */
export function containersId(account: AccountRef): string {
  return `${accountId(account)}/blobServices/default/containers`;
}

export function containerId({ account, name }: FileSystemRef): string {
  return `${containersId(account)}/${name}`;
}

/** As messages name it. */
export function describeContainer(ref: FileSystemRef): string {
  return `container ${ref.name} (${containerId(ref)})`;
}

/** An account or a container; undefined for a scope at which this controller never assigns a role. */
export function parseScope(scope: string): AssignmentScope | undefined {
  const parsed = parseAccountId(scope);
  if (parsed === undefined) return undefined;
  if (parsed.rest === "") return { account: parsed.account };
  const [, container] = /^\/blobServices\/default\/containers\/([^/]+)$/i.exec(parsed.rest) ?? [];
  return container === undefined ? undefined : { account: parsed.account, fileSystem: container.toLowerCase() };
}
