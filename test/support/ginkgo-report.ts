// Reads the JSON report of a Ginkgo test program (csi-sanity is one).
import { readFile } from "node:fs/promises";

export interface GinkgoTest {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped" | "pending" | string;
  /** Why it was skipped or failed, in the test's own words; empty when the command line left it out. */
  readonly reason: string;
  readonly seconds: number;
}

interface RawReport {
  readonly SpecReports: readonly {
    readonly ContainerHierarchyTexts: readonly string[] | null;
    readonly LeafNodeText: string;
    readonly LeafNodeType: string;
    readonly State: string;
    readonly RunTime: number; // nanoseconds
    readonly Failure?: { readonly Message?: string; readonly Location?: { FileName?: string; LineNumber?: number } };
  }[];
}

/** Every test, in the order of the run; set-up and tear-down nodes only when they failed. */
export async function readGinkgoReport(file: string): Promise<GinkgoTest[]> {
  const reports = JSON.parse(await readFile(file, "utf8")) as readonly RawReport[];
  return reports.flatMap(({ SpecReports }) =>
    SpecReports.filter(({ LeafNodeType, State }) => LeafNodeType === "It" || State !== "passed").map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" "),
      state: spec.State,
      reason: spec.Failure?.Message ?? "",
      seconds: spec.RunTime / 1e9,
    })),
  );
}
