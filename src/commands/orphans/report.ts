/** What `keyless-csi orphans` prints: text for people, JSON for programs. */
import { isRetained, type Orphan } from "../../volume/orphans/orphan.ts";

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
export function toJsonReport({ results, needed, calls, isClusterKnown }: Report): string {
  const findings = results.map(({ orphan, outcome, why }) => ({
    kind: KINDS[orphan.kind].json,
    id: orphan.id,
    because: orphan.because,
    retained: isRetained(orphan),
    outcome,
    ...(why !== undefined && { why }),
  }));
  return `${JSON.stringify({ findings, containersInUse: needed, azureCalls: calls, isClusterKnown }, null, 2)}\n`;
}

/** Two lines for each orphan, and a summary. */
export function toTextReport(report: Report): string {
  const { results, needed, calls, isClusterKnown } = report;
  const lines = results.map(({ orphan, outcome, why }) => {
    const title = `${isRetained(orphan) ? "retained" : "orphan  "}  ${KINDS[orphan.kind].text}  ${orphan.id}\n`;
    return `${title}          ${OUTCOMES[outcome]}${orphan.because}\n${why === undefined ? "" : `          ${why}\n`}`;
  });
  const warning = isClusterKnown
    ? ""
    : "No cluster was queried, so containers that are in use are listed too. Give --kubeconfig or --kubernetes=on.\n";
  return `${lines.join("")}${warning}${summary(results)} Containers in use: ${needed}. Azure calls: ${calls}.\n`;
}

function summary(results: readonly Result[]): string {
  const orphans = results.filter(({ orphan }) => !isRetained(orphan));
  const count = (outcome: Result["outcome"]) => orphans.filter((result) => result.outcome === outcome).length;
  const retained = results.length - orphans.length;
  const parts = [
    `${orphans.length} ${orphans.length === 1 ? "orphan" : "orphans"}`,
    ...(["removed", "spared", "failed"] as const)
      .filter((outcome) => count(outcome) > 0)
      .map((outcome) => `${count(outcome)} ${{ removed: "deleted", spared: "kept", failed: "not deleted" }[outcome]}`),
    ...(retained > 0 ? [`${retained} retained`] : []),
  ];
  return `${parts.join(", ")}.`;
}
