/** Blob containers as ARM resources: get, create, update, delete. Listing is in `list.ts`. */
import type { Reply } from "../../../http/call.ts";
import type { Services } from "../../../services.ts";
import { addContainer, containerKey, isDeleted, touchContainer } from "../../../storage/containers.ts";
import { discardContainer } from "../../../storage/discard-containers.ts";
import { currentLease, isHeld } from "../../../storage/lease.ts";
import { containerProtection } from "../../../storage/protection.ts";
import type { BlobContainer } from "../../../world.ts";
import { conflict } from "../../front-door/errors.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { requireParentAccount } from "../accounts/find.ts";
import { CONTAINERS, containerFailure, findContainer, requireContainer } from "./find.ts";
import { readContainerBody, requireContainerName } from "./rules.ts";
import { containerView } from "./view.ts";

const TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers";
const ITEM = `${CONTAINERS}/{container}`;

/** REST: Blob Containers - Get, Create, Update, Delete. */
export const containerRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ITEM, "read", "containers/get", getContainer],
  ["PUT", ITEM, "write", "containers/create", putContainer, "container"],
  ["PATCH", ITEM, "write", "containers/update", patchContainer, "container"],
  ["DELETE", ITEM, "delete", "containers/delete", deleteContainer],
]);

function getContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  return { status: 200, body: containerView(request, account, requireContainer(request, account)) };
}

/** 201 for a new container; 200 for an existing one, which is changed to what was sent. */
function putContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const name = request.params["container"] ?? "";
  requireContainerName(name);
  const existing = request.services.world.containers.get(containerKey(account.name, name));
  const isLive = existing !== undefined && !isDeleted(existing);
  const change = readContainerBody(account, request.body, isLive ? existing : undefined);
  const now = request.services.clock.now();
  if (isLive) {
    touchContainer(Object.assign(existing, change), now);
    return { status: 200, body: containerView(request, account, existing) };
  }
  if (existing?.deletedUntil !== undefined && now < existing.deletedUntil) {
    throw containerFailure(409, "The specified container is being deleted. Try operation later.");
  }
  const container = Object.assign(addContainer(request.services.world, account, name, now), change);
  return { status: 201, body: containerView(request, account, container) };
}

function patchContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const container = requireContainer(request, account);
  const change = readContainerBody(account, request.body, container);
  touchContainer(Object.assign(container, change), request.services.clock.now());
  return { status: 200, body: containerView(request, account, container) };
}

/** 204 when it does not exist. Without soft delete the blobs go at once; the name is free when the delete has completed. */
function deleteContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const container = findContainer(request, account);
  if (container === undefined) return { status: 204 };
  requireDeletable(request.services, container);
  discardContainer(request.services, container);
  return { status: 200 };
}

/** Throws 409 or 412 for what protects a container: a legal hold, an immutability policy over blobs, a lease. */
function requireDeletable(services: Services, container: BlobContainer): void {
  const cause = containerProtection(services, container);
  if (cause !== undefined) {
    throw conflict(
      "ContainerProtectedFromDeletion",
      `The storage account ${container.account} container ${container.name} is protected from deletion due to ${cause}.`,
    );
  }
  if (isHeld(currentLease(container.lease, services.clock.now()).state)) {
    throw containerFailure(
      412,
      "There is currently a lease on the container and no lease ID was specified in the request.",
    );
  }
}
