// `npm run generate`: writes every generated file. With --check it writes nothing and fails if one is out of date.
import { generateBenchPage, generateGrowthPicture, generateMemoryPicture } from "./generate-bench.ts";
import { target as bodiesTarget, generateBodiesPage } from "./generate-bodies-page.ts";
import { CHART, generateChartReadme, generateValuesSchema } from "./generate-chart.ts";
import { target as countTarget, generateContractCount } from "./generate-contract-count.ts";
import { target as csiTarget, generateCsi } from "./generate-csi.ts";
import { generateDashboard } from "./generate-dashboard.ts";
import { generateDoctorPage } from "./generate-doctor.ts";
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
import { writeGenerated } from "./write-generated.ts";

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
  ["docs/reference/doctor.md", generateDoctorPage],
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

if (import.meta.main) await writeGenerated(generated, "npm run generate");
