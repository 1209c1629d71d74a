/** What `keyless-csi orphans` prints: text for people, JSON for programs. */

import { clusterOfAccount } from "../../volume/account/ownership.ts";
import { toMarkCommand } from "../../volume/account/unmarked.ts";
import { isRetained, type Orphan } from "../../volume/orphans/orphan.ts";
import type { Account } from "../../volume/ports.ts";
import { formatDuration, formatSize } from "./quantities.ts";

/** What happened to an orphan. `"found"`: no deletion was attempted. */
export interface Result {
  readonly orphan: Orphan;
  readonly outcome: "found" | "removed" | "spared" | "failed";
  /** Of a failure. */
  readonly why?: string;
}

export interface Report {
  readonly results: readonly Result[];
  /** How many of this controller's containers the cluster needs. */
  readonly needed: number;
  /** Requests to Azure. */
  readonly calls: number;
  /** False: no cluster was queried, so it is unknown what is in use. */
  readonly isClusterKnown: boolean;
  /** When the survey began, in milliseconds since 1970: ages count back from it. */
  readonly nowMs: number;
  readonly marking: Marking;
}

/** The accounts that carry no mark, as version 0.1 made them, and for each the command that marks it. */
export interface Marking {
  readonly clusterId: string;
  readonly accounts: readonly { readonly name: string; readonly command: string }[];
}

/** None without Kubernetes, where there is no mark to give. Only the cluster's own: a former cluster's are not this one's yet. */
export function toMarking(
  unmarked: readonly Account[],
  { clusterId, clusterUid }: { readonly clusterId: string; readonly clusterUid?: string | undefined },
): Marking {
  const isOwn = (account: Account) => clusterOfAccount(account).clusterId === clusterId;
  const accounts = unmarked.filter(isOwn).flatMap((account) => {
    const command = toMarkCommand(account, clusterUid);
    return command === undefined ? [] : [{ name: account.ref.name, command }];
  });
  return { clusterId, accounts };
}

/** For people, and for programs. */
const KINDS: Readonly<Record<Orphan["kind"], { readonly text: string; readonly json: string }>> = {
  "file system": { text: "container", json: "container" },
  account: { text: "storage account", json: "account" },
  "role assignment": { text: "role assignment", json: "role assignment" },
  credential: { text: "federated credential", json: "credential" },
};

const OUTCOMES: Readonly<Record<Result["outcome"], string>> = {
  found: "",
  removed: "deleted: ",
  spared: "kept, it is in use after all: ",
  failed: "NOT DELETED: ",
};

/** One JSON object. */
export function toJsonReport({ results, needed, calls, isClusterKnown, nowMs, marking }: Report): string {
  const findings = results.map(({ orphan, outcome, why }) => ({
    kind: KINDS[orphan.kind].json,
    id: orphan.id,
    because: orphan.because,
    retained: isRetained(orphan),
    outcome,
    ...(why !== undefined && { why }),
    ...(orphan.keptBecause !== undefined && { keptBecause: orphan.keptBecause }),
    ...detailsOf(orphan, nowMs),
  }));
  const report = { findings, containersInUse: needed, azureCalls: calls, isClusterKnown, unmarked: marking.accounts };
  return `${JSON.stringify(report, null, 2)}\n`;
}

interface Details {
  /** `namespace/name` */
  readonly claim?: string;
  readonly ageSeconds?: number;
  readonly sizeBytes?: number;
}

/** What lets a person recognise it, as far as it is known. */
function detailsOf(orphan: Orphan, nowMs: number): Details {
  const { changedAtMs } = orphan;
  const { claim, sizeBytes } = orphan.kind === "file system" ? orphan : {};
  return {
    ...(claim && { claim: `${claim.namespace}/${claim.name}` }),
    ...(changedAtMs !== undefined && { ageSeconds: Math.max(0, Math.round((nowMs - changedAtMs) / 1000)) }),
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
}

function detailsLine(orphan: Orphan, nowMs: number): string {
  const { claim, ageSeconds, sizeBytes } = detailsOf(orphan, nowMs);
  const since = orphan.kind === "account" ? "created" : "changed";
  const parts = [
    ...(claim === undefined ? [] : [`claim ${claim}`]),
    ...(sizeBytes === undefined ? [] : [formatSize(sizeBytes)]),
    ...(ageSeconds === undefined ? [] : [`${since} ${formatDuration(ageSeconds)} ago`]),
  ];
  return parts.length === 0 ? "" : `          ${parts.join(", ")}\n`;
}

/** Some lines for each orphan, what marks accounts, and a summary. */
export function toTextReport(report: Report): string {
  const { results, needed, calls, isClusterKnown, nowMs } = report;
  const lines = results.map(({ orphan, outcome, why }) => {
    const title = `${titleOf(orphan, isClusterKnown).padEnd(9)} ${KINDS[orphan.kind].text}  ${orphan.id}\n`;
    const clauses = [`${OUTCOMES[outcome]}${orphan.because}`, why, orphan.keptBecause && `kept: ${orphan.keptBecause}`];
    const lines = clauses.filter((clause) => clause !== undefined).map((clause) => `          ${clause}\n`);
    return `${title}${lines.join("")}${detailsLine(orphan, nowMs)}`;
  });
  const warning = isClusterKnown
    ? ""
    : "No cluster was queried, so what is in use is listed too: nothing here is known to be an orphan. Give --kubeconfig FILE.\n";
  const notes = `${warning}${keptNote(results)}${markingNote(report.marking)}`;
  const inUse = isClusterKnown ? `${needed}` : "not known";
  return `${lines.join("")}${notes}${summary(report)} Containers in use: ${inUse}. Azure calls: ${calls}.\n`;
}

function titleOf(orphan: Orphan, isClusterKnown: boolean): string {
  if (isRetained(orphan)) return "retained";
  if (!isClusterKnown) return "unchecked";
  return orphan.keptBecause === undefined ? "orphan" : "kept";
}

function keptNote(results: readonly Result[]): string {
  if (!results.some(({ orphan }) => orphan.keptBecause !== undefined)) return "";
  return "What is kept is only listed: docs/how-to/orphans.md says what has to be known about it first.\n";
}

function markingNote({ clusterId, accounts }: Marking): string {
  if (accounts.length === 0) return "";
  const title =
    `Accounts without a cluster's mark: ${accounts.length}. If no other cluster has the cluster id ${clusterId} ` +
    "(docs/how-to/platform-teams.md, Marks), mark them:\n";
  return `${title}${accounts.map(({ command }) => `  ${command}\n`).join("")}`;
}

function summary({ results, isClusterKnown }: Report): string {
  const orphans = results.filter(({ orphan }) => !isRetained(orphan));
  const count = (outcome: Result["outcome"]) => orphans.filter((result) => result.outcome === outcome).length;
  const retained = results.length - orphans.length;
  const kept = orphans.filter(({ orphan }) => orphan.keptBecause !== undefined).length;
  const parts = [
    isClusterKnown ? `${orphans.length} ${orphans.length === 1 ? "orphan" : "orphans"}` : `${orphans.length} unchecked`,
    ...(["removed", "spared", "failed"] as const)
      .filter((outcome) => count(outcome) > 0)
      .map((outcome) => `${count(outcome)} ${{ removed: "deleted", spared: "kept", failed: "not deleted" }[outcome]}`),
    ...(kept > 0 ? [`${kept} only listed`] : []),
    ...(retained > 0 ? [`${retained} retained`] : []),
  ];
  return `${parts.join(", ")}.`;
}
