/**
 * Whether the caller may do it: rights of a principal, letters of a SAS, public access; an account key may do
 * everything.
 */

import { StorageError } from "../../storage/errors.ts";
import { header } from "../../storage/headers.ts";
import { currentContainer } from "../containers/find.ts";
import type { BlobRequest } from "../http/request.ts";
import { FIRST_CHALLENGE_VERSION } from "../http/versions.ts";
import { attributesOf } from "./attributes.ts";
import { refuseToken } from "./authenticate.ts";
import type { ValidSas } from "./caller.ts";
import { RIGHTS, type Right } from "./rights.ts";

/**
 * Throws the 401, 403, 404 or 409 that Azure answers when the right is missing, also for what does not exist. Tags
 * that are sent with a write, or requested with a listing, need the right on tags as well.
 */
export function authorize(request: BlobRequest, right: Right): void {
  requireRight(request, right);
  if (right === RIGHTS.listBlobs && /\btags\b/i.test(request.call.query.get("include") ?? "")) {
    requireRight(request, { ...RIGHTS.readTags, sas: { resource: "c", letters: "t" } });
  }
  if (header(request, "x-ms-tags") !== undefined) requireRight(request, RIGHTS.writeTags);
}

function requireRight(request: BlobRequest, right: Right): void {
  const { caller } = request;
  if (caller.kind === "key" || (right.plane === "caller" && caller.kind !== "anonymous")) return;
  if (caller.kind === "anonymous") authorizeAnonymous(request, right);
  else if (caller.kind === "sas") authorizeSas(request, right, caller.sas);
  else if (right.plane === "key") throw new StorageError("AuthorizationPermissionMismatch");
  else requirePrincipal(request, right, caller.token.principalId);
}

/** The right of a principal on the request's own container, or on the account. */
function requirePrincipal(request: BlobRequest, right: Right, principalId: string): void {
  const { authorization, settings } = request.services;
  const scope = scopeOf(request, right);
  const attributes = attributesOf(request, right);
  const allowed = (action: string): boolean =>
    right.plane === "action"
      ? authorization.allowsAction(principalId, action, scope, attributes)
      : authorization.allowsDataAction(principalId, action, scope, attributes);
  const mayTouchBlobs = () => authorization.allowsDataAction(principalId, RIGHTS.writeBlob.action, scope, attributes);
  const isEnough = right.plane !== "action" || !settings.containersNeedDataAction || mayTouchBlobs();
  if (isEnough && allowed(right.action)) return;
  if (right.createAction !== undefined && !blobExists(request) && allowed(right.createAction)) return;
  throw new StorageError("AuthorizationPermissionMismatch");
}

function scopeOf(request: BlobRequest, right: Right): string {
  if (right.scope === "account" || request.container === "") return request.account.id;
  return `${request.account.id}/blobServices/default/containers/${request.container}`;
}

function blobExists(request: BlobRequest): boolean {
  const container = currentContainer(request);
  return container !== undefined && request.services.blobs.blobsOf(container.uid).find(request.blob) !== undefined;
}

function authorizeSas(request: BlobRequest, right: Right, sas: ValidSas): void {
  const { resource, letters, createLetters = "", isAccountOnly = false } = right.sas;
  const isForAnother = !sas.resourceTypes.includes(resource) || (isAccountOnly && sas.kind !== "account");
  if (right.plane === "key" || isForAnother) throw typeMismatch(sas);
  const grants = (wanted: string): boolean => [...wanted].some((letter) => sas.permissions.includes(letter));
  const isGranted = grants(letters) || (grants(createLetters) && !blobExists(request));
  if (!isGranted) throw new StorageError("AuthorizationPermissionMismatch");
  if (sas.principalId === undefined) return;
  requirePrincipal(request, right, sas.principalId);
}

function typeMismatch(sas: ValidSas): StorageError {
  return new StorageError(sas.kind === "account" ? "AuthorizationResourceTypeMismatch" : "AuthorizationFailure");
}

/**
 * Anonymous calls need the permission of both account and container ("Configure anonymous read access"). A refusal
 * is the challenge; versions before it answer 409 when the account forbids public access, else 404.
 */
function authorizeAnonymous(request: BlobRequest, right: Right): void {
  const isPermitted = request.account.properties["allowBlobPublicAccess"] === true;
  const access = currentContainer(request)?.publicAccess;
  const isOpen = access === "Container" || (access === "Blob" && right.openTo === "Blob");
  if (isPermitted && isOpen && right.openTo !== undefined) return;
  if (request.version >= FIRST_CHALLENGE_VERSION) throw refuseToken(request, "NoAuthenticationInformation");
  throw new StorageError(isPermitted || right.openTo === undefined ? "ResourceNotFound" : "PublicAccessNotPermitted");
}
