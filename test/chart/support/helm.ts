// Helm, on the chart of this repository.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { CHART } from "../../../scripts/generate-chart.ts";
import type { Manifest } from "../../support/deployment.ts";
import { repository } from "../../support/sources.ts";
import { toolPath } from "../../support/tools.ts";

const run = promisify(execFile);

/** The chart's folder. */
export const chartFolder = join(repository, CHART);

/** Values of the chart, as far as they are stated. */
export type Values = Readonly<Record<string, unknown>>;

/** What an administrator must state, for a cluster of this name. */
export const CONFIGURED: { readonly config: Values } = {
  config: {
    "cluster-id": "production-weu",
    "tenant-id": "3f6a2c10-8d1e-4b7a-9c55-0a1b2c3d4e5f",
    "subscription-id": "7b9d4e21-5c3f-4a86-b0d2-1e2f3a4b5c6d",
    "resource-group": "storage",
    location: "westeurope",
    "client-id": "c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f",
  },
};

/** Runs helm, with the values as a file if there are any; rejects with its standard error. */
export async function helm(args: readonly string[], values?: Values): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keyless-csi-chart-"));
  try {
    const file = join(folder, "values.yaml");
    await writeFile(file, JSON.stringify(values ?? {})); // Helm reads an unquoted y or off as a boolean
    const { stdout } = await run(
      await toolPath("helm"),
      [...args, ...(values === undefined ? [] : ["--values", file])],
      { maxBuffer: 64 << 20 },
    );
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(stderr || message);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface RenderOptions {
  readonly values?: Values;
  /** Default: the newest that the chart supports. */
  readonly kubernetes?: string;
  readonly flags?: readonly string[];
}

/** `helm template`, as text. */
export function renderText({
  values = CONFIGURED,
  kubernetes = "1.37",
  flags = [],
}: RenderOptions = {}): Promise<string> {
  const where = ["--namespace", "kube-system", "--kube-version", `${kubernetes}.0`];
  return helm(["template", "keyless-csi", chartFolder, ...where, ...flags], values);
}

/** `helm template`, as objects. */
export async function render(options: RenderOptions = {}): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await renderText(options));
  return documents.map((document) => document.toJS() as Manifest | null).filter((object) => object !== null);
}
