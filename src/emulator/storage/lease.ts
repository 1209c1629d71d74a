/**
 * Leases, with the same rules for containers and blobs ("Lease Blob": outcomes by lease state): the clock decides a
 * lease's state, Lease calls change it, and every write checks it.
 */

import { ownValue } from "../json.ts";
import type { Lease } from "../world.ts";
import { invalidHeader, missingHeader, StorageError } from "./errors.ts";
import { header, numberHeader, type WithHeaders } from "./headers.ts";

/** What a lease is checked and changed by: headers and time. ARM translates its JSON body into the headers. */
interface LeaseCall extends WithHeaders {
  /** By the emulator's clock. */
  readonly now: number;
}

/** A lease as it is now: a timed one that has run out is expired, a breaking one whose period is over is broken. */
export function currentLease(lease: Lease, now: number): Lease {
  if (lease.until === undefined || lease.until > now) return lease;
  if (lease.state === "leased") return { ...lease, state: "expired" };
  return lease.state === "breaking" ? { ...lease, state: "broken" } : lease;
}

/** A lease in the words that all answers use for it. */
interface LeaseView {
  readonly status: "locked" | "unlocked";
  readonly state: Lease["state"];
  /** Only of a lease that is held. */
  readonly duration: "infinite" | "fixed" | undefined;
}

export function leaseView(lease: Lease, now: number): LeaseView {
  const { state, durationSeconds } = currentLease(lease, now);
  const duration = durationSeconds === -1 ? "infinite" : "fixed";
  return { status: isHeld(state) ? "locked" : "unlocked", state, duration: state === "leased" ? duration : undefined };
}

/** Whether the lease keeps others out, which it does until it is broken. */
export function isHeld(state: Lease["state"]): boolean {
  return state === "leased" || state === "breaking";
}

/** The `x-ms-lease-*` headers of an answer about the resource. */
export function leaseHeaders(lease: Lease, now: number): Record<string, string> {
  const { status, state, duration } = leaseView(lease, now);
  const held: Record<string, string> = duration === undefined ? {} : { "x-ms-lease-duration": duration };
  return { "x-ms-lease-status": status, "x-ms-lease-state": state, ...held };
}

/** What is leased: the codes of blobs and containers differ. */
type Holder = "Blob" | "Container";

/**
 * Checks `x-ms-lease-id` against the lease. A write (`mustHold`) on a leased resource needs the id; a read or a write
 * with an id needs that lease to exist.
 */
export function checkLease(request: LeaseCall, lease: Lease, holder: Holder, mustHold: boolean): void {
  const sent = header(request, "x-ms-lease-id")?.toLowerCase();
  const { state, id } = currentLease(lease, request.now);
  if (sent === undefined) {
    if (isHeld(state) && mustHold) throw new StorageError("LeaseIdMissing");
    return;
  }
  requireGuid("x-ms-lease-id", sent);
  if (state === "available") throw new StorageError(`LeaseNotPresentWith${holder}Operation`);
  if (sent !== id) throw new StorageError(`LeaseIdMismatchWith${holder}Operation`);
  if (!isHeld(state)) throw new StorageError("LeaseLost");
}

/** The lease after a write: an expired or broken one is removed. */
export function leaseAfterWrite(lease: Lease, now: number): Lease {
  const { state } = currentLease(lease, now);
  return state === "expired" || state === "broken" ? { state: "available" } : lease;
}

/** The outcome of a Lease call. */
interface LeaseChange {
  readonly status: 200 | 201 | 202;
  readonly lease: Lease;
  readonly headers: Readonly<Record<string, string>>;
}

/** Carries out `x-ms-lease-action`, or throws 409 (a wrong id or state) or 400 (a header that is missing or wrong). */
export function changeLease(request: LeaseCall, stored: Lease): LeaseChange {
  const lease = currentLease(stored, request.now);
  const action = header(request, "x-ms-lease-action")?.toLowerCase();
  if (action === undefined) throw missingHeader("x-ms-lease-action");
  const change = ownValue(ACTIONS, action);
  if (change === undefined) throw invalidHeader("x-ms-lease-action", action);
  return change(request, lease);
}

const ACTIONS: Readonly<Record<string, (request: LeaseCall, lease: Lease) => LeaseChange>> = {
  acquire,
  renew,
  change,
  release,
  break: breakLease,
};

function acquire(request: LeaseCall, lease: Lease): LeaseChange {
  const duration = numberHeader(request, "x-ms-lease-duration");
  if (duration === undefined) throw missingHeader("x-ms-lease-duration");
  const isPermitted = duration === -1 || (duration >= 15 && duration <= 60);
  if (!isPermitted) throw invalidHeader("x-ms-lease-duration", String(duration));
  const proposed = header(request, "x-ms-proposed-lease-id")?.toLowerCase();
  if (proposed !== undefined) requireGuid("x-ms-proposed-lease-id", proposed);
  const isSame = proposed !== undefined && proposed === lease.id;
  if (lease.state === "breaking") {
    throw new StorageError(isSame ? "LeaseIsBreakingAndCannotBeAcquired" : "LeaseAlreadyPresent");
  }
  if (lease.state === "leased" && !isSame) throw new StorageError("LeaseAlreadyPresent");
  return leased(request, proposed ?? crypto.randomUUID(), duration, 201);
}

function renew(request: LeaseCall, lease: Lease): LeaseChange {
  const id = requireSameId(request, lease);
  if (lease.state === "breaking" || lease.state === "broken") throw new StorageError("LeaseIsBrokenAndCannotBeRenewed");
  return leased(request, id, lease.durationSeconds ?? -1, 200);
}

function change(request: LeaseCall, lease: Lease): LeaseChange {
  const sent = requiredGuid(request, "x-ms-lease-id");
  const proposed = requiredGuid(request, "x-ms-proposed-lease-id");
  if (lease.state !== "leased" && lease.state !== "breaking")
    throw new StorageError("LeaseNotPresentWithLeaseOperation");
  // A repeated change, whose new id is already in effect, succeeds.
  if (sent !== lease.id && proposed !== lease.id) throw new StorageError("LeaseIdMismatchWithLeaseOperation");
  if (lease.state === "breaking") throw new StorageError("LeaseIsBreakingAndCannotBeChanged");
  return { status: 200, lease: { ...lease, id: proposed }, headers: { "x-ms-lease-id": proposed } };
}

function release(request: LeaseCall, lease: Lease): LeaseChange {
  requireSameId(request, lease);
  return { status: 200, lease: { state: "available" }, headers: {} };
}

function breakLease(request: LeaseCall, lease: Lease): LeaseChange {
  const period = numberHeader(request, "x-ms-lease-break-period");
  if (period !== undefined && (period < 0 || period > 60))
    throw invalidHeader("x-ms-lease-break-period", String(period));
  if (lease.state === "available") throw new StorageError("LeaseNotPresentWithLeaseOperation");
  const seconds = isHeld(lease.state) ? breakSeconds(lease, period, request.now) : 0;
  const until = request.now + seconds * 1000;
  const broken: Lease = { ...lease, state: seconds > 0 ? "breaking" : "broken", until };
  return { status: 202, lease: broken, headers: { "x-ms-lease-time": String(seconds) } };
}

/** A period can only shorten what is left; an infinite lease without one breaks at once. */
function breakSeconds(lease: Lease, period: number | undefined, now: number): number {
  if (lease.until === undefined) return period ?? 0;
  const left = Math.max(0, Math.ceil((lease.until - now) / 1000));
  return period === undefined ? left : Math.min(left, period);
}

function leased(request: LeaseCall, id: string, durationSeconds: number, status: 200 | 201): LeaseChange {
  const timed = durationSeconds === -1 ? {} : { until: request.now + durationSeconds * 1000 };
  return {
    status,
    lease: { id, state: "leased", durationSeconds, ...timed },
    headers: { "x-ms-lease-id": id },
  };
}

function requireSameId(request: LeaseCall, lease: Lease): string {
  const sent = requiredGuid(request, "x-ms-lease-id");
  if (lease.state === "available" || sent !== lease.id) throw new StorageError("LeaseIdMismatchWithLeaseOperation");
  return sent;
}

function requiredGuid(request: LeaseCall, name: string): string {
  const value = header(request, name)?.toLowerCase();
  if (value === undefined) throw missingHeader(name);
  requireGuid(name, value);
  return value;
}

/** Lease ids are GUIDs, with or without dashes and braces. */
function requireGuid(name: string, value: string): void {
  if (!/^[{(]?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}[)}]?$/i.test(value)) throw invalidHeader(name, value);
}
