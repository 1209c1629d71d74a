/** A review of access as one JSON object. */
import type { Access, Mount, ReviewedVolume } from "../../volume/access-review/access.ts";
import { DIFFERENCES, type Report, type Row, toRows, wordOf } from "./rows.ts";

export function toJson(report: Report, onlyDifferences: boolean): string {
  const { review, differences, denials, calls } = report;
  const rows = Map.groupBy(toRows(report), ({ volume }) => volume);
  const volumes = review.volumes.map((volume) => toVolume(report, volume, rows.get(volume) ?? [], onlyDifferences));
  const isShown = ({ access }: { readonly access: readonly unknown[] }) => !onlyDifferences || access.length > 0;
  const document = {
    volumes: volumes.filter(isShown),
    openAccounts: review.openAccounts.map(({ ref, nonEntraAccess }) => ({ ...ref, nonEntraAccess })),
    denyAssignments: denials.isReadable ? denials.found : null,
    notReviewed: review.leftOut,
    identitiesRead: review.areIdentitiesKnown,
    differences,
    azureCalls: calls,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function toVolume(report: Report, { account, name, mounts }: ReviewedVolume, rows: readonly Row[], isShort: boolean) {
  return {
    subscriptionId: account.subscriptionId,
    resourceGroup: account.resourceGroup,
    storageAccount: account.name,
    container: name ?? null,
    mounts: mounts.map((mount) => toMount(report, mount)),
    access: rows
      .filter(({ state }) => !isShort || DIFFERENCES.includes(state))
      .map(({ state, identity, clientId, principalId, access }) => ({
        state,
        identity: identity || null,
        clientId: clientId || null,
        principalId: principalId || null,
        ...(access && toAccess(access, report.noun)),
      })),
  };
}

function toMount({ trusts }: Report, { volume, claim, clientId, identity }: Mount) {
  const { serviceAccounts, others } = (identity && trusts?.get(identity.id)) ?? {};
  return {
    persistentVolume: volume,
    claim: claim ? `${claim.namespace}/${claim.name}` : null,
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
