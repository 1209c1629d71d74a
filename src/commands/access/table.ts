/** A review of access for people: a block for each volume, then what opens many volumes, then a summary. */
import { wrap } from "../../text/wrap.ts";
import type { Access, ReviewedVolume } from "../../volume/access-review/access.ts";
import type { Trusts } from "../../volume/access-review/trusts.ts";
import type { DenyAssignment } from "../../volume/ports.ts";
import { type Report, type Row, type SortedRows, sortRows, wordOf } from "./rows.ts";

const INDENT = "  ";
const DETAIL = " ".repeat(14);
/** Everybody, in a deny assignment ("List Azure deny assignments"). */
const EVERYBODY = "00000000-0000-0000-0000-000000000000";

export function toTable(report: Report, onlyDifferences: boolean): string {
  const { own, above } = sortRows(report, onlyDifferences);
  const blocks = report.review.volumes.flatMap((volume) => {
    const ofVolume = own.get(volume) ?? [];
    return onlyDifferences && ofVolume.length === 0 ? [] : [volumeBlock(report, volume, ofVolume)];
  });
  const header = line("STATE", "WHO", "WHERE", "SINCE");
  const parts = [...blocks, ...aboveBlock(above, report.noun), ...openBlock(report), ...denyBlock(report)];
  return [...(parts.length === 0 ? [] : [[header]]), ...parts, [...notes(report), summary(report)]]
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function line(state: string, who: string, where: string, since: string): string {
  return `${INDENT}${state.padEnd(12)}${who.padEnd(37)} ${where.padEnd(16)} ${since}`.trimEnd();
}

function volumeBlock({ noun, trusts }: Report, volume: ReviewedVolume, rows: readonly Row[]): string[] {
  const claims = volume.mounts.map(({ claim, volume: name, isReleased }) => {
    if (claim === undefined) return `PersistentVolume ${name}, without a claim`;
    return `${claim.namespace}/${claim.name}${isReleased ? ", whose claim is gone" : ""}`;
  });
  const place = volume.name === undefined ? `no ${noun} that is known` : `${noun} ${volume.name}`;
  return [
    claims.length === 0 ? "no PersistentVolume" : [...new Set(claims)].join(", "),
    ...wrap(`${place} in ${volume.account.name}`, INDENT),
    ...volume.mounts.flatMap(({ clientId, identity, claim }) => {
      if (clientId === undefined) return wrap("mounted without an identity", INDENT);
      if (identity === undefined)
        return wrap(`mounted with client id ${clientId}, whose identity was not read`, INDENT);
      return wrap(`mounted as ${nameOf(identity.id)}${trustText(trusts?.get(identity.id), claim?.namespace)}`, INDENT);
    }),
    ...rows.flatMap((row) => rowLines(row, noun)),
    ...(rows.length === 0 ? wrap("nothing but what is inherited opens it", INDENT) : []),
  ];
}

/** Those that it trusts can open what it opens, with their own tokens and without any claim. */
function trustText(trusts: Trusts | undefined, namespace: string | undefined): string {
  if (trusts === undefined) return "";
  const isElsewhere = (each: string) => namespace !== undefined && !each.startsWith(`${namespace}/`);
  const named = [
    ...trusts.serviceAccounts.map((each) => (isElsewhere(each) ? `${each} (of another namespace)` : each)),
    ...trusts.others.map(({ issuer, subject }) => `${subject} of ${issuer}`),
  ];
  return named.length === 0 ? ", which trusts nobody" : `, which trusts ${named.join(", ")}`;
}

function rowLines({ state, identity, principalId, clientId, access }: Row, noun: string): string[] {
  const who = identity === "" ? principalId || clientId : nameOf(identity);
  if (access === undefined) return [line(state, who, "", ""), ...wrap("no role assignment lets it in", DETAIL)];
  const since = access.assignment.createdAtMs;
  const date = since === undefined ? "" : new Date(since).toISOString().slice(0, 10);
  return [line(state, who, wordOf(access.level, noun), date), ...wrap(describe(access), DETAIL)];
}

function describe({ role, assignment, isOurs }: Access): string {
  const { principalType, roleId, createdBy, condition } = assignment;
  const what =
    role === undefined ? `role ${roleId}, which could not be read` : `${role.name}: ${role.rights.join(", ")}`;
  const by = createdBy === undefined ? "others" : createdBy;
  const parts = [
    what,
    ...(principalType === undefined || principalType === "ServicePrincipal"
      ? []
      : [`a ${principalType.toLowerCase()}`]),
    ...(condition === undefined ? [] : ["under a condition"]),
    `made by ${isOurs ? "keyless-csi" : by}`,
  ];
  return parts.join("; ");
}

/** Each once, however many volumes it opens. */
function aboveBlock(above: SortedRows["above"], noun: string): string[][] {
  if (above.length === 0) return [];
  const lines = above.flatMap((same) => {
    const [first] = same;
    const count = `opens ${same.length} ${same.length === 1 ? "volume" : "volumes"}`;
    return [...rowLines(first, noun), ...wrap(`${count}, at ${first.access?.assignment.scope}`, DETAIL)];
  });
  return [["Assigned above the storage accounts, so it opens all that is below", ...lines]];
}

function openBlock({ review: { openAccounts } }: Report): string[][] {
  if (openAccounts.length === 0) return [];
  const lines = openAccounts.flatMap(({ ref, nonEntraAccess }) => [
    ...wrap(`storage account ${ref.name}`, INDENT),
    ...nonEntraAccess.flatMap((each) => wrap(each, DETAIL)),
  ]);
  return [["Open without an Entra identity: no list can say who that is", ...lines]];
}

function denyBlock({ denials: { found } }: Report): string[][] {
  if (found.length === 0) return [];
  return [["Deny assignments, which outrank every role above", ...found.flatMap((each) => wrap(denial(each), INDENT))]];
}

function denial({ name, scope, principalIds, excludedPrincipalIds }: DenyAssignment): string {
  const whom = principalIds.includes(EVERYBODY) ? "everybody" : principalIds.join(", ");
  const except = excludedPrincipalIds.length === 0 ? "" : `, except ${excludedPrincipalIds.join(", ")}`;
  return `${name}: denied to ${whom}${except}; at ${scope}`;
}

function notes({ review, denials, differences }: Report): string[] {
  const hasFound = Object.values(differences).some((count) => count > 0);
  const said = [
    ...(hasFound ? ["docs/how-to/access-review.md says what each state means and what to do about it."] : []),
    ...review.leftOut.map(({ volume, why }) => `PersistentVolume ${volume} was not looked at: ${why}.`),
    ...(review.areIdentitiesKnown
      ? []
      : [
          "The user-assigned identities could not be read (keyless-csi roles --with identities): whose a principal is, is known only " +
            "where keyless-csi has made the role assignment.",
        ]),
    ...(denials.isReadable
      ? []
      : ["Deny assignments could not be read (Microsoft.Authorization/denyAssignments/read): there may be some."]),
  ];
  return said.flatMap((each) => wrap(each, ""));
}

function summary({ review: { volumes }, differences, calls }: Report): string {
  const { missing, unexpected, inherited, open } = differences;
  const text =
    `Volumes: ${volumes.length}. Missing: ${missing}, unexpected: ${unexpected}, inherited: ${inherited}, ` +
    `accounts open without Entra: ${open}. Azure calls: ${calls}.`;
  return wrap(text, "").join("\n");
}

function nameOf(armId: string): string {
  return armId.split("/").at(-1) ?? armId;
}
