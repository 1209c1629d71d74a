/** What `keyless-csi static` says beside the YAML. */
import { wrap } from "../../text/wrap.ts";
import type { Finding } from "../../volume/static/finding.ts";
import type { StaticObjects } from "../../volume/static/objects.ts";
import type { StaticRequest } from "../../volume/static/static-volume.ts";

const INDENT = " ".repeat(9);

export interface ReportOf {
  readonly request: StaticRequest;
  readonly objects: StaticObjects | undefined;
  /** Name of the driver of this controller. */
  readonly ownDriver: string;
}

/** A line or more for each finding, and what comes next. */
export function toReport(findings: readonly Finding[], about: ReportOf): string {
  const lines = [
    ...findings.flatMap(toLines),
    ...nextSteps(findings, about).flatMap((text) => ["", ...wrap(text, "")]),
  ];
  return `${lines.join("\n")}\n`;
}

function toLines({ state, text, command = [] }: Finding): string[] {
  const [first = "", ...more] = wrap(text, INDENT);
  return [
    `${state.padEnd(INDENT.length)}${first.trimStart()}`,
    ...more,
    ...command.map((line, index) => commandLine(line, index, command.length)),
  ];
}

/** Behind each line but the last a backslash, so that the whole can be pasted into a shell. */
function commandLine(line: string, index: number, count: number): string {
  return `${INDENT}${index === 0 ? "" : "  "}${line}${index === count - 1 ? "" : " \\"}`;
}

function nextSteps(findings: readonly Finding[], { request, objects, ownDriver }: ReportOf): string[] {
  if (findings.some(({ state }) => state === "wrong")) {
    return ["Nothing was printed and nothing was assigned: put right what is wrong, and run this again."];
  }
  if (objects === undefined) return [];
  return [
    mayCreate(request.driver === ownDriver),
    ...("volume" in request.target ? [whatDeletionDoes(request.target.volume)] : []),
  ];
}

/** deploy/manifests/admission-policy.yaml has the groups. */
function mayCreate(isOwnDriver: boolean): string {
  const who = isOwnDriver
    ? "The admission policy lets only administrators create the PersistentVolume (the groups system:masters and " +
      "keyless-csi:administrators, as shipped)"
    : "Only somebody who may write PersistentVolumes can create this one";
  return `${who}; the claim anybody in its namespace. Apply both with: kubectl apply -f -`;
}

function whatDeletionDoes(volume: string): string {
  return (
    `When ${volume} is deleted, its data stays until this PersistentVolume is gone or Released; then both go, with the role ` +
    "assignments of both identities."
  );
}
