/** Blob containers as ARM resources: get, create, update, delete. Listing is in `container-list.ts`. */
import { randomUUID } from "node:crypto";
import type { Reply } from "../../../http/call.ts";
import type { Services } from "../../../services.ts";
import { currentLease } from "../../../storage/lease.ts";
import { newEtag } from "../../../storage/times.ts";
import type { BlobContainer, StorageAccount } from "../../../world.ts";
import { ArmError, conflict } from "../../front-door/errors.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { ACCOUNT, requireParentAccount } from "../accounts/find.ts";
import { readContainerBody, requireContainerName } from "./rules.ts";
import { containerView } from "./view.ts";

/** Path of all containers of an account. */
export const CONTAINERS = `${ACCOUNT}/blobServices/default/containers`;
const TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers";
const ITEM = `${CONTAINERS}/{container}`;

/** REST: Blob Containers - Get, Create, Update, Delete. */
export const containerRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ITEM, "read", "containers/get", getContainer],
  ["PUT", ITEM, "write", "containers/create", putContainer],
  ["PATCH", ITEM, "write", "containers/update", patchContainer],
  ["DELETE", ITEM, "delete", "containers/delete", deleteContainer],
]);

function getContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  return { status: 200, body: containerView(request, account, requireContainer(request, account)) };
}

/** 201 for a new container, 200 for one that exists: it is then changed to what was sent. */
function putContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const name = request.params["container"] ?? "";
  requireContainerName(name);
  const change = readContainerBody(account, request.body);
  const key = `${account.name}/${name}`;
  const existing = request.services.world.containers.get(key);
  const now = request.services.clock.now();
  if (existing !== undefined && !isDeleted(existing)) {
    touch(Object.assign(existing, change), now);
    return { status: 200, body: containerView(request, account, existing) };
  }
  if (existing !== undefined && isBeingDeleted(existing, now)) throw beingDeleted();
  const container = { ...newContainer(account.name, name, now), ...change };
  request.services.world.containers.set(key, container);
  return { status: 201, body: containerView(request, account, container) };
}

function patchContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const container = requireContainer(request, account);
  const change = readContainerBody(account, request.body);
  touch(Object.assign(container, change), request.services.clock.now());
  return { status: 200, body: containerView(request, account, container) };
}

/** 204 when there is none. The blobs go at once, the name is free when the delete has been carried out. */
function deleteContainer(request: ArmRequest): Reply {
  const account = requireParentAccount(request);
  const container = findContainer(request, account);
  if (container === undefined) return { status: 204 };
  requireDeletable(request.services, container);
  const { services } = request;
  services.blobs.dropContainer(container.uid);
  if (services.settings.containerDeleteMs === 0) services.world.containers.delete(`${account.name}/${container.name}`);
  else container.deletedUntil = services.clock.now() + services.settings.containerDeleteMs;
  return { status: 200 };
}

/** Throws 409 for what holds a container: a legal hold, an immutability policy that protects blobs, a lease. */
export function requireDeletable(services: Services, container: BlobContainer): void {
  const isRetained =
    container.immutabilityPolicy !== undefined && services.blobs.blobsOf(container.uid).names().length > 0;
  if (container.hasLegalHold || isRetained) {
    const cause = container.hasLegalHold ? "LegalHold" : "ImmutabilityPolicy";
    throw conflict(
      "ContainerProtectedFromDeletion",
      `The storage account ${container.account} container ${container.name} is protected from deletion due to ${cause}.`,
    );
  }
  const { state } = currentLease(container.lease, services.clock.now());
  if (state === "leased" || state === "breaking") {
    throw containerFailure(
      412,
      "There is currently a lease on the container and no lease ID was specified in the request.",
    );
  }
}

/** The live container of a request's path. */
export function findContainer(request: ArmRequest, account: StorageAccount): BlobContainer | undefined {
  const found = request.services.world.containers.get(`${account.name}/${request.params["container"] ?? ""}`);
  return found === undefined || isDeleted(found) ? undefined : found;
}

/** The same, or 404 ContainerNotFound. */
export function requireContainer(request: ArmRequest, account: StorageAccount): BlobContainer {
  const container = findContainer(request, account);
  if (container !== undefined) return container;
  throw new ArmError(404, "ContainerNotFound", "The specified container does not exist.");
}

/** Whether a delete of the container has been accepted; its name may still be in use by that. */
export function isDeleted(container: BlobContainer): boolean {
  return container.deletedUntil !== undefined;
}

function isBeingDeleted(container: BlobContainer, now: number): boolean {
  return container.deletedUntil !== undefined && now < container.deletedUntil;
}

function beingDeleted(): ArmError {
  return containerFailure(409, "The specified container is being deleted. Try operation later.");
}

/** What ARM makes of a refusal of the data plane. */
export function containerFailure(status: number, message: string): ArmError {
  return new ArmError(status, "ContainerOperationFailure", message);
}

function newContainer(account: string, name: string, now: number): BlobContainer {
  return {
    uid: randomUUID(),
    account,
    name,
    metadata: {},
    etag: newEtag(now),
    lastModified: now,
    lease: { state: "available" },
    publicAccess: "None",
    hasLegalHold: false,
    legalHoldTags: [],
    createdAt: now,
  };
}

function touch(container: BlobContainer, now: number): void {
  container.lastModified = now;
  container.etag = newEtag(now);
}

/** Throws 409 while a container of the account has a legal hold, or a locked policy over blobs. */
export function requireAccountDeletable(services: Services, account: StorageAccount): void {
  for (const container of services.world.containers.values()) {
    if (container.account !== account.name || isDeleted(container)) continue;
    const isLocked = container.immutabilityPolicy?.state === "Locked";
    const holdsBlobs = services.blobs.blobsOf(container.uid).names().length > 0;
    if (!holdsBlobs || !(container.hasLegalHold || isLocked)) continue;
    const cause = container.hasLegalHold ? "legal hold" : "locked immutability policy";
    throw conflict(
      "AccountProtectedFromDeletion",
      `The account ${account.name} container ${container.name} has ${cause}.`,
    );
  }
}

/** Takes all containers of an account, and their blobs, out of the world. */
export function dropAccountContainers(services: Services, account: StorageAccount): void {
  for (const [key, container] of services.world.containers) {
    if (container.account !== account.name) continue;
    services.blobs.dropContainer(container.uid);
    services.world.containers.delete(key);
  }
}
