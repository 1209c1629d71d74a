/** A container as ARM shows it. */

import type { JsonObject } from "../../../json.ts";
import { remainingDays } from "../../../storage/deleted-containers.ts";
import { leaseView } from "../../../storage/lease.ts";
import type { BlobContainer, DeletedContainer, StorageAccount } from "../../../world.ts";
import { shown } from "../../bodies/shown.ts";
import type { ArmRequest } from "../../provider.ts";
import { containerId } from "./find.ts";

/** Body of GET, PUT and PATCH. */
export function containerView(request: ArmRequest, account: StorageAccount, container: BlobContainer): JsonObject {
  return shown("container", request.apiVersion, {
    id: containerId(account, container.name),
    name: container.name,
    type: "Microsoft.Storage/storageAccounts/blobServices/containers",
    etag: quoted(container.etag),
    properties: { ...containerProperties(request, container), ...legalHold(container), ...immutability(container) },
  });
}

/** One entry of a list: the same without the details of holds and policies. */
export function containerListView(request: ArmRequest, account: StorageAccount, container: BlobContainer): JsonObject {
  const view = containerView(request, account, container);
  return shown("container", request.apiVersion, { ...view, properties: containerProperties(request, container) });
}

/** An entry of a list for a container in soft delete. */
export function deletedContainerView(
  request: ArmRequest,
  account: StorageAccount,
  container: DeletedContainer,
): JsonObject {
  const view = containerListView(request, account, container);
  const deletion = {
    version: container.version,
    deleted: true,
    deletedTime: new Date(container.deletedAt).toISOString(),
    remainingRetentionDays: remainingDays(container, request.services.clock.now()),
  };
  return { ...view, properties: { ...containerProperties(request, container), ...deletion } };
}

function containerProperties(request: ArmRequest, container: BlobContainer): JsonObject {
  return {
    defaultEncryptionScope: "$account-encryption-key",
    denyEncryptionScopeOverride: false,
    ...container.properties,
    publicAccess: container.publicAccess,
    ...leaseProperties(container, request.services.clock.now()),
    lastModifiedTime: new Date(container.lastModified).toISOString(),
    ...(Object.keys(container.metadata).length > 0 ? { metadata: container.metadata } : {}),
    hasImmutabilityPolicy: container.immutabilityPolicy !== undefined,
    hasLegalHold: container.hasLegalHold,
    deleted: false,
    remainingRetentionDays: 0,
  };
}

/** leaseStatus, leaseState and leaseDuration in ARM's spelling. */
function leaseProperties({ lease }: BlobContainer, now: number): JsonObject {
  const { status, state, duration } = leaseView(lease, now);
  return {
    leaseStatus: capitalised(status),
    leaseState: capitalised(state),
    ...(duration === undefined ? {} : { leaseDuration: capitalised(duration) }),
  };
}

function capitalised(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

function legalHold(container: BlobContainer): JsonObject {
  if (!container.hasLegalHold) return {};
  return { legalHold: { hasLegalHold: true, tags: container.legalHoldTags.map((tag) => ({ tag })) } };
}

function immutability(container: BlobContainer): JsonObject {
  const policy = container.immutabilityPolicy;
  if (policy === undefined) return {};
  return {
    immutabilityPolicy: {
      etag: quoted(policy.etag),
      properties: {
        immutabilityPeriodSinceCreationInDays: policy.periodDays,
        state: policy.state,
        allowProtectedAppendWrites: policy.allowProtectedAppendWrites,
      },
    },
  };
}

function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
