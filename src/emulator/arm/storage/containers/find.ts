/** Finds the container that a path names, and has ARM's errors about containers. */
import { containerKey, isDeleted } from "../../../storage/containers.ts";
import type { BlobContainer, StorageAccount } from "../../../world.ts";
import { ArmError } from "../../front-door/errors.ts";
import type { ArmRequest } from "../../provider.ts";
import { ACCOUNT } from "../accounts/find.ts";

/** Path of all containers of an account. */
export const CONTAINERS = `${ACCOUNT}/blobServices/default/containers`;

/** The container of a request's path, unless it is deleted. */
export function findContainer(request: ArmRequest, account: StorageAccount): BlobContainer | undefined {
  const found = request.services.world.containers.get(containerKey(account.name, request.params["container"] ?? ""));
  return found === undefined || isDeleted(found) ? undefined : found;
}

/** The same, or 404 ContainerNotFound. */
export function requireContainer(request: ArmRequest, account: StorageAccount): BlobContainer {
  const container = findContainer(request, account);
  if (container !== undefined) return container;
  throw new ArmError(404, "ContainerNotFound", "The specified container does not exist.");
}

/** How ARM reports a refusal of the data plane. */
export function containerFailure(status: number, message: string): ArmError {
  return new ArmError(status, "ContainerOperationFailure", message);
}

/** The id of a container as an ARM resource. */
export function containerId(account: StorageAccount, container: string): string {
  return `${account.id}/blobServices/default/containers/${container}`;
}
