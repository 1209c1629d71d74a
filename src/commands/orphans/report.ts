/** What `keyless-csi orphans` prints: text for people, JSON for programs. */
import { type Finding, isRetained } from "../../volume/finding.ts";

/** What happened to a finding. `"found"`: no deletion was attempted. */
export interface Fate {
  readonly finding: Finding;
  readonly outcome: "found" | "removed" | "spared" | "failed";
  /** Of a failure. */
  readonly why?: string;
}

export interface Report {
  readonly fates: readonly Fate[];
  /** How many of this controller's containers the cluster needs. */
  readonly needed: number;
  /** Requests to Azure. */
  readonly calls: number;
  /** False: no cluster was queried, so it is unknown what is in use. */
  readonly isClusterKnown: boolean;
}

const KINDS: Readonly<Record<Finding["kind"], string>> = {
  container: "container",
  account: "storage account",
  grant: "role assignment",
  credential: "federated credential",
};

const OUTCOMES: Readonly<Record<Fate["outcome"], string>> = {
  found: "",
  removed: "deleted: ",
  spared: "kept, it is in use after all: ",
  failed: "NOT DELETED: ",
};

/** One JSON object. */
export function toJsonReport({ fates, needed, calls, isClusterKnown }: Report): string {
  const findings = fates.map(({ finding, outcome, why }) => ({
    kind: finding.kind,
    id: finding.id,
    because: finding.because,
    retained: isRetained(finding),
    outcome,
    ...(why !== undefined && { why }),
  }));
  return `${JSON.stringify({ findings, containersInUse: needed, azureCalls: calls, isClusterKnown }, null, 2)}\n`;
}

/** Two lines for each finding, and a summary. */
export function toTextReport(report: Report): string {
  const { fates, needed, calls, isClusterKnown } = report;
  const lines = fates.map(({ finding, outcome, why }) => {
    const title = `${isRetained(finding) ? "retained" : "orphan  "}  ${KINDS[finding.kind]}  ${finding.id}\n`;
    return `${title}          ${OUTCOMES[outcome]}${finding.because}\n${why === undefined ? "" : `          ${why}\n`}`;
  });
  const warning = isClusterKnown
    ? ""
    : "No cluster was queried, so containers that are in use are listed too. Give --kubeconfig or --kubernetes=on.\n";
  return `${lines.join("")}${warning}${summary(fates)} Containers in use: ${needed}. Azure calls: ${calls}.\n`;
}

function summary(fates: readonly Fate[]): string {
  const orphans = fates.filter(({ finding }) => !isRetained(finding));
  const count = (outcome: Fate["outcome"]) => orphans.filter((fate) => fate.outcome === outcome).length;
  const retained = fates.length - orphans.length;
  const parts = [
    `${orphans.length} ${orphans.length === 1 ? "orphan" : "orphans"}`,
    ...(["removed", "spared", "failed"] as const)
      .filter((outcome) => count(outcome) > 0)
      .map((outcome) => `${count(outcome)} ${{ removed: "deleted", spared: "kept", failed: "not deleted" }[outcome]}`),
    ...(retained > 0 ? [`${retained} retained`] : []),
  ];
  return `${parts.join(", ")}.`;
}
