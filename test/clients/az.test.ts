// az, unmodified and unaware of the emulator, runs the commands of the documents by name resolution alone.
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { documentedCommands, documentedFlags, isCovered, REHEARSALS } from "./az-commands.ts";
import { type AzureByName, startAzureByName } from "./azure-by-name.ts";
import { pythonWithAz } from "./python-environment.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));

interface Ready {
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly administrator: { readonly clientId: string; readonly clientSecret: string };
}

describe("the documents' commands of az", function () {
  this.timeout(120_000);
  let azure: AzureByName;
  let env: Record<string, string>;
  before(async function () {
    this.timeout(900_000); // the first time, az is installed
    const python = await pythonWithAz();
    azure = await startAzureByName(["kldocs"]);
    const ready = JSON.parse(await readFile(azure.readyFile, "utf8")) as Ready;
    const programs = join(azure.folder, "programs");
    await mkdir(programs);
    await program(join(programs, "az"), `exec '${python}' -m azure.cli "$@"`);
    await program(join(programs, "keyless"), `exec '${process.execPath}' '${repository}/bin/keyless-csi.mjs' "$@"`);
    env = {
      PATH: `${programs}:${process.env["PATH"]}`,
      AZURE_CONFIG_DIR: join(azure.folder, "az"),
      AZURE_CORE_COLLECT_TELEMETRY: "false",
      AZURE_CORE_SURVEY_MESSAGE: "false",
      REQUESTS_CA_BUNDLE: ready.caFile,
      OUT: azure.folder,
      ROOT: repository,
      TENANT: ready.tenantId,
      SUB: ready.subscriptionId,
      DATA: `/subscriptions/${ready.subscriptionId}/resourceGroups/keyless-data`,
      ADMIN: ready.administrator.clientId,
      SECRET: ready.administrator.clientSecret,
    };
  });
  after(() => azure?.stop());

  const run = (lines: string) => azure.execute("/bin/sh", ["-e", "-c", lines], env);

  it("are rehearsed here, all but those that need a cluster or another cloud", () => {
    const documented = documentedCommands();
    assert.ok(documented.length > 20);
    assert.deepEqual(
      documented.filter((command) => !isCovered(command)),
      [],
      "add a rehearsal to test/clients/az-commands.ts",
    );
  });

  it("have the flags that az knows", async function () {
    this.timeout(300_000); // one start of az for each command
    const documented = [...documentedFlags()];
    assert.ok(documented.length > 15);
    const unknown: string[] = [];
    for (const [command, flags] of documented) {
      const { stdout } = await run(`${command} --help`);
      const known = new Set(stdout.match(/(?<![\w-])--?[a-z][a-z-]*/g));
      unknown.push(...[...flags].filter((flag) => !known.has(flag)).map((flag) => `${command} ${flag}`));
    }
    assert.deepEqual(unknown, []);
  });

  for (const { command, lines, prints } of REHEARSALS) {
    it(`${command} works`, async () => {
      const { code, stdout, stderr } = await run(lines);
      assert.equal(code, 0, stderr);
      assert.match(stdout, prints);
    });
  }

  it("leave in the emulator what they say", async () => {
    const { accounts, roleAssignments } = await azure.state();
    assert.deepEqual(
      accounts.map(({ name, properties }) => [name, properties["allowSharedKeyAccess"]]),
      [["kldocs", false]],
    );
    assert.ok(roleAssignments.some(({ scope }) => scope.endsWith("/keyless-other")));
    const { counts } = (await azure.calls()) as { counts?: Record<string, number> };
    assert.ok((counts?.["graph graph/any"] ?? 0) > 0, "az has asked Microsoft Graph and gone on");
  });

  it("are refused once the policy denies it", async () => {
    const { code, stderr } = await run(
      "az storage account update -n kldocs -g keyless-data --allow-shared-key-access true",
    );
    assert.notEqual(code, 0);
    assert.match(stderr, /RequestDisallowedByPolicy/);
  });
});

async function program(path: string, line: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${line}\n`);
  await chmod(path, 0o755);
}
