// `npm run generate`: writes every generated file. With --check it writes nothing and fails if one is out of date.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { generateBenchPage, generateGrowthPicture, generateMemoryPicture } from "./generate-bench.ts";
import { target as bodiesTarget, generateBodiesPage } from "./generate-bodies-page.ts";
import { CHART, generateChartReadme, generateValuesSchema } from "./generate-chart.ts";
import { target as countTarget, generateContractCount } from "./generate-contract-count.ts";
import { target as csiTarget, generateCsi } from "./generate-csi.ts";
import { generateDashboard } from "./generate-dashboard.ts";
import { generateLicencesPage } from "./generate-licences.ts";
import { generatePoliciesPage } from "./generate-policies.ts";
import {
  generateConfigurationPage,
  generateConfigurationSchema,
  generateParametersPage,
  generateRefusalsPage,
} from "./generate-reference.ts";
import { roleFiles } from "./generate-roles.ts";
import { generateStructurePage } from "./generate-structure.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Generated file (path from the repository's root) -> what generates its text. */
export const generated: ReadonlyMap<string, () => Promise<string>> = new Map([
  [csiTarget, generateCsi],
  [countTarget, generateContractCount],
  ["docs/explanation/bench-growth.svg", generateGrowthPicture],
  ["docs/explanation/bench-memory.svg", generateMemoryPicture],
  ["docs/reference/bench.md", generateBenchPage],
  ["docs/reference/azure-refusals.md", generateRefusalsPage],
  ["docs/reference/configuration.md", generateConfigurationPage],
  ["docs/reference/configuration.schema.json", generateConfigurationSchema],
  ["docs/reference/licences.md", generateLicencesPage],
  ["docs/reference/parameters.md", generateParametersPage],
  ["docs/reference/policies.md", generatePoliciesPage],
  ["docs/explanation/structure.md", generateStructurePage],
  [bodiesTarget, generateBodiesPage],
  [`${CHART}/values.schema.json`, generateValuesSchema],
  [`${CHART}/files/dashboard.json`, generateDashboard],
  [`${CHART}/README.md`, generateChartReadme],
  ...roleFiles(),
]);

if (import.meta.main) {
  const onlyCheck = process.argv.includes("--check");
  for (const [path, make] of generated) {
    const file = resolve(repository, path);
    const text = await make();
    const isCurrent = (await readFile(file, "utf8").catch(() => "")) === text;
    console.log(`${path}: ${isCurrent ? "up to date" : onlyCheck ? "out of date, run npm run generate" : "written"}`);
    if (isCurrent) continue;
    if (onlyCheck) process.exitCode = 1;
    else await writeFile(file, text);
  }
}
