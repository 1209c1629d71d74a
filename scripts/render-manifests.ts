// `npm run manifests`: renders deploy/manifests, and the two ways to mount of deploy/examples, from the chart with its default values.
// They are for installations without Helm. With --check it writes nothing and fails if a file is out of date.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { repository } from "../test/support/sources.ts";
import { toolPath } from "../test/support/tools.ts";
import { CHART } from "./generate-chart.ts";
import { writeGenerated } from "./write-generated.ts";

const run = promisify(execFile);

const MANIFESTS = [
  "admission-policy",
  "controller",
  "csidriver",
  "doctor-rbac",
  "network-policy",
  "node-driver-policy",
  "pod-disruption-budget",
  "rbac",
  "service",
  "storageclass",
];

/** What only a release of Helm has. */
const OF_HELM = /^ *(helm\.sh\/chart|app\.kubernetes\.io\/(instance|managed-by|version)): .*\n/gm;

/** Each rendered file (path from the repository's root) and its text. Needs Go, for Helm. */
export async function renderManifests(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of MANIFESTS) files.set(`deploy/manifests/${name}.yaml`, await render(name, "none"));
  for (const mode of ["dedicated", "shared"]) {
    files.set(`deploy/examples/${mode}-node-plugin.yaml`, await render(`${mode}-node-plugin`, mode));
  }
  return files;
}

async function render(template: string, mode: string): Promise<string> {
  // The configuration is a file of its own, so that applying the manifests again never replaces a live one.
  const values = ["--set", "existingConfigMap=keyless-csi", "--set", `nodePlugin.mode=${mode}`];
  const where = ["--namespace", "kube-system", "--kube-version", "1.37.0", "--show-only", `templates/${template}.yaml`];
  const helm = await toolPath("helm");
  const { stdout } = await run(helm, ["template", "keyless-csi", join(repository, CHART), ...where, ...values]);
  const text = stdout
    .replace(/^---\n/, "")
    .replace(/^# Source: .*\n/gm, "")
    .replace(OF_HELM, "");
  return `# Rendered from ${CHART}/templates/${template}.yaml: npm run manifests\n${text.replace(/\n{2,}/g, "\n").trimEnd()}\n`;
}

if (import.meta.main) {
  const rendered = [...(await renderManifests())].map(([path, text]) => [path, async () => text] as const);
  await writeGenerated(new Map(rendered), "npm run manifests");
}
