// The rows and columns of the error table: every call that create and delete make, and every way in which one can fail.
import { status } from "@grpc/grpc-js";
import type { FaultAction } from "../../../src/emulator/faults/faults.ts";

/** A way in which Azure fails, and its code while nothing of the volume can exist. */
export interface Failure {
  readonly name: string;
  readonly action: FaultAction;
  readonly code: status;
}

const STATUSES: Readonly<Record<number, status>> = {
  400: status.FAILED_PRECONDITION,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNAVAILABLE,
  408: status.UNAVAILABLE,
  409: status.ABORTED,
  412: status.ABORTED,
  429: status.UNAVAILABLE,
  500: status.UNAVAILABLE,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
};

export const FAILURES: readonly Failure[] = [
  ...Object.entries(STATUSES).map(([text, code]) => ({
    name: text,
    action: { status: Number(text), message: "scripted for the error table" },
    code,
  })),
  { name: "connection reset", action: { reset: "before" }, code: status.UNAVAILABLE },
  { name: "connection reset after the effect", action: { reset: "after" }, code: status.UNAVAILABLE },
  { name: "no answer", action: { hang: "forever" }, code: status.DEADLINE_EXCEEDED },
  { name: "truncated JSON", action: { truncate: 9 }, code: status.UNAVAILABLE },
  { name: "malformed JSON", action: { status: 200, body: '{"name": not json' }, code: status.UNAVAILABLE },
  {
    name: "expired token",
    action: { status: 401, code: "ExpiredAuthenticationToken", message: "The access token expiry UTC time is past" },
    code: status.UNAUTHENTICATED,
  },
];

/** A call of create or delete, as the emulator's log names it. */
export interface Step {
  /** Whose call it is; `blob` only with `--container-api=blob`. */
  readonly service: "arm" | "blob";
  readonly operation: string;
  readonly method: string;
  readonly story: "create" | "delete";
  /** Whether something of the volume may exist when every attempt of this call fails. */
  readonly mayExist: boolean;
  /** The volume already exists: only a retry makes this call. */
  readonly isRetry?: boolean;
  /** Whether the identity comes from the claim's ServiceAccount. */
  readonly isForServiceAccount?: boolean;
  /** Failures that the driver works around, beside `MAY_BE_DONE` of the test. */
  readonly avoids?: readonly string[];
  /** Called only once by a service: each cell needs a service of its own. */
  readonly isRemembered?: boolean;
  /** How the message names what failed. */
  readonly resource: RegExp;
}

export const STEPS: readonly Step[] = [
  {
    service: "arm",
    operation: "identities/list",
    method: "GET",
    story: "create",
    mayExist: false,
    isRemembered: true,
    resource: /identities of .*subscription/,
  },
  {
    service: "arm",
    operation: "roleDefinitions/get",
    method: "GET",
    story: "create",
    mayExist: false,
    isRemembered: true,
    resource: /role [0-9a-f-]{36} (at resource group|in subscription) /,
  },
  {
    service: "arm",
    operation: "federatedCredentials/list",
    method: "GET",
    story: "create",
    mayExist: false,
    isRemembered: true,
    isForServiceAccount: true,
    resource: /federated credentials of .*\/userAssignedIdentities\/workload-a/,
  },
  {
    service: "arm",
    operation: "storageAccounts/get",
    method: "GET",
    story: "create",
    mayExist: true,
    resource: /storage account kl\w{22} in resource group/,
  },
  {
    service: "arm",
    operation: "storageAccounts/create",
    method: "PUT",
    story: "create",
    mayExist: false,
    resource: /storage account kl\w{22} in resource group/,
  },
  {
    service: "arm",
    operation: "storageAccounts/poll",
    method: "GET",
    story: "create",
    mayExist: true,
    // A controller that may create an account but not read the operation's address reads the account itself.
    avoids: ["403"],
    resource: /storage account kl\w{22} in resource group/,
  },
  {
    service: "arm",
    operation: "containers/get",
    method: "GET",
    story: "create",
    mayExist: true,
    resource: /container pvc-[0-9a-f-]{36} /,
  },
  {
    service: "arm",
    operation: "containers/create",
    method: "PUT",
    story: "create",
    mayExist: true,
    resource: /container pvc-[0-9a-f-]{36} /,
  },
  {
    service: "blob",
    operation: "containers/create",
    method: "PUT",
    story: "create",
    mayExist: true,
    resource: /creating container pvc-[0-9a-f-]{36} /,
  },
  {
    service: "blob",
    operation: "containers/get",
    method: "GET",
    story: "create",
    mayExist: true,
    isRetry: true,
    resource: /reading container pvc-[0-9a-f-]{36} /,
  },
  {
    service: "arm",
    operation: "roleAssignments/create",
    method: "PUT",
    story: "create",
    mayExist: true,
    resource: /containers\/pvc-/,
  },
  {
    service: "arm",
    operation: "roleAssignments/get",
    method: "GET",
    story: "create",
    mayExist: true,
    isRetry: true,
    resource: /role assignment [0-9a-f-]{36} at .*containers\/pvc-/,
  },
  {
    service: "arm",
    operation: "storageAccounts/get",
    method: "GET",
    story: "delete",
    mayExist: false,
    resource: /storage account kl\w{22} in resource group/,
  },
  {
    service: "arm",
    operation: "roleAssignments/list",
    method: "GET",
    story: "delete",
    mayExist: true,
    resource: /containers\/pvc-/,
  },
  {
    service: "arm",
    operation: "roleAssignments/delete",
    method: "DELETE",
    story: "delete",
    mayExist: true,
    resource: /role assignment [0-9a-f-]{36} at/,
  },
  {
    service: "arm",
    operation: "containers/delete",
    method: "DELETE",
    story: "delete",
    mayExist: true,
    resource: /container pvc-[0-9a-f-]{36} /,
  },
  {
    service: "arm",
    operation: "containers/list",
    method: "GET",
    story: "delete",
    mayExist: true,
    resource: /containers of storage account kl/,
  },
  {
    service: "arm",
    operation: "storageAccounts/delete",
    method: "DELETE",
    story: "delete",
    mayExist: true,
    resource: /storage account kl\w{22} in resource group/,
  },
];
