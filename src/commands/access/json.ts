/** A review of access as one JSON object. */
import type { Access, Mount, ReviewedVolume } from "../../volume/access-review/access.ts";
import { type Report, type Row, sortRows, wordOf } from "./rows.ts";

export function toJson(report: Report, onlyDifferences: boolean): string {
  const { review, differences, denials, calls } = report;
  const { own, above } = sortRows(report, onlyDifferences);
  const volumes = review.volumes.map((volume) => toVolume(report, volume, own.get(volume) ?? []));
  const isShown = ({ access }: { readonly access: readonly unknown[] }) => !onlyDifferences || access.length > 0;
  const document = {
    volumes: volumes.filter(isShown),
    inherited: above.map(({ length, 0: row }) => ({ ...toOpened(row, report.noun), volumes: length })),
    openAccounts: review.openAccounts.map(({ ref, nonEntraAccess }) => ({ ...ref, nonEntraAccess })),
    denyAssignments: denials.isReadable ? denials.found : null,
    notReviewed: review.leftOut,
    identitiesRead: review.areIdentitiesKnown,
    differences,
    azureCalls: calls,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function toVolume(report: Report, { account, name, mounts }: ReviewedVolume, rows: readonly Row[]) {
  return {
    subscriptionId: account.subscriptionId,
    resourceGroup: account.resourceGroup,
    storageAccount: account.name,
    container: name ?? null,
    mounts: mounts.map((mount) => toMount(report, mount)),
    access: rows.map((row) => toOpened(row, report.noun)),
  };
}

function toOpened({ state, identity, clientId, principalId, access }: Row, noun: string) {
  const who = { identity: identity || null, clientId: clientId || null, principalId: principalId || null };
  return { state, ...who, ...(access && toAccess(access, noun)) };
}

function toMount({ trusts }: Report, { volume, claim, isReleased, clientId, identity }: Mount) {
  const { serviceAccounts, others } = (identity && trusts?.get(identity.id)) ?? {};
  return {
    persistentVolume: volume,
    claim: claim ? `${claim.namespace}/${claim.name}` : null,
    released: isReleased,
    clientId: clientId ?? null,
    identity: identity?.id ?? null,
    /** Null: not read. */
    serviceAccounts: serviceAccounts ?? null,
    otherTrusts: others ?? null,
  };
}

function toAccess({ assignment, role, level, isOurs }: Access, noun: string) {
  const { createdAtMs, scope, roleId, name, description } = assignment;
  return {
    principalType: assignment.principalType ?? null,
    role: role?.name ?? null,
    roleId,
    rights: role?.rights ?? null,
    assignedAt: wordOf(level, noun),
    scope,
    madeBy: isOurs ? "keyless-csi" : "others",
    createdBy: assignment.createdBy ?? null,
    createdOn: createdAtMs === undefined ? null : new Date(createdAtMs).toISOString(),
    condition: assignment.condition ?? null,
    description,
    roleAssignment: name,
  };
}
