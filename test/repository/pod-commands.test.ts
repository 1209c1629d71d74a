// What the documents start in the controller's container with kubectl exec, and the examples in pods of their own: with the shipped
// configuration and the container's environment it has all the settings that it needs.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { CATALOGUE } from "../../src/commands/catalogue.ts";

import { loadSettings } from "../../src/config/load.ts";
import { toLine } from "../../src/config/problem.ts";
import {
  argumentsOf,
  environmentOf,
  type Manifest,
  manifestOf,
  readManifests,
  shippedConfiguration,
} from "../support/deployment.ts";
import { readSources } from "../support/sources.ts";
import { SUBSCRIPTION } from "../support/volume-settings.ts";

const CONFIG = "/etc/keyless-csi/config.yaml";

/** As far as a test looks at one. */
interface CronJob extends Manifest {
  readonly spec: { readonly jobTemplate: Manifest };
}

describe("commands in the controller's pod", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "keyless-csi-pod-"));
    // As an administrator fills it in.
    const ids = shippedConfiguration()
      .replace('cluster-id: ""', "cluster-id: c")
      .replace(/^(tenant-id|subscription-id|client-id): ""/gm, `$1: ${SUBSCRIPTION}`);
    writeFileSync(join(folder, "config.yaml"), ids);
    writeFileSync(join(folder, "token"), "a token");
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What the command would refuse to start with. */
  async function problemsOf(
    argv: readonly string[],
    variables: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const [name, ...flags] = argv.map((each) => each.replace(CONFIG, join(folder, "config.yaml")));
    const here = (value: string) => value.replace(/^\/var\/run\/secrets\/keyless-csi\/azure/, folder);
    const env = Object.fromEntries(Object.entries(variables).map(([variable, value]) => [variable, here(value)]));
    const { command } = (await CATALOGUE.find((each) => each.name === name)?.load?.()) ?? assert.fail(`no ${name}`);
    const loaded = loadSettings(command.settings, { argv: flags, env }, (draft) => command.check?.(draft, env) ?? []);
    return loaded.ok ? [] : loaded.problems.map(toLine);
  }

  it("that the documents show lack no setting", async () => {
    const environment = environmentOf(manifestOf(await readManifests(), "Deployment"), "keyless-csi");
    const shown = readSources("docs", ".md").flatMap(({ path, text }) =>
      [...text.replaceAll(/\\\n\s*/g, "").matchAll(/node \/app\/keyless-csi\.mjs ([^>|\n`]+)/g)].map(
        ([, command = ""]) => ({ path, argv: command.trim().split(/\s+/) }),
      ),
    );
    assert.ok(new Set(shown.map(({ argv }) => argv[0])).size >= 4, "orphans, doctor, access, support");
    for (const { path, argv } of shown) assert.deepEqual(await problemsOf(argv, environment), [], `${path}: ${argv}`);
  });

  it("that the examples run lack no setting", async () => {
    const objects = readSources("deploy/examples", ".yaml").flatMap(({ text }) =>
      parseAllDocuments(text).map((document) => document.toJS() as Manifest | null),
    );
    const { jobTemplate } = (
      manifestOf(
        objects.filter((object) => object !== null),
        "CronJob",
      ) as CronJob
    ).spec;
    assert.deepEqual(await problemsOf(argumentsOf(jobTemplate, "orphans"), environmentOf(jobTemplate, "orphans")), []);
  });
});
