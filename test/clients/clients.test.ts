// Azure's own clients in three languages, unmodified and unaware of the emulator, reach it by name resolution.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolPath } from "../support/tools.ts";
import { type AzureByName, startAzureByName } from "./azure-by-name.ts";
import type { ClientConfig } from "./client-config.ts";
import type { Conversation } from "./conversation.ts";
import { pythonWithAzure } from "./python-environment.ts";
import { heldOf, type Step, stepsOf } from "./steps.ts";

const here = dirname(fileURLToPath(import.meta.url));
const ADMINISTRATOR_PRINCIPAL = "d2f0c2d4-5b6e-4c3a-8d7f-0e9b8a7c6d02"; // of the emulator's seed

interface Client {
  readonly language: string;
  readonly account: string;
  /** Its program, and the arguments before the configuration's path. */
  command(): Promise<readonly string[]>;
}

const CLIENTS: readonly Client[] = [
  {
    language: "JavaScript",
    account: "kljavascript",
    command: async () => [process.execPath, join(here, "javascript", "client.ts")],
  },
  {
    language: "Python",
    account: "klpython",
    command: async () => [await pythonWithAzure(), join(here, "python", "client.py")],
  },
  { language: "Go", account: "klgo", command: async () => [await toolPath("clients-go")] },
];

/** Only the steps' titles are wanted before there is an emulator. */
const unconfigured: ClientConfig = {
  tenantId: "",
  subscriptionId: "",
  resourceGroup: "",
  location: "",
  account: "",
  container: "",
  administrator: { clientId: "", clientSecret: "" },
  workload: { clientId: "", principalId: "", tokenFile: "" },
  machine: { clientId: "", principalId: "" },
};

describe("Azure's own clients, by name resolution alone", function () {
  this.timeout(90_000);
  let azure: AzureByName;
  const shown = new Map<string, string[]>();
  before(async () => {
    azure = await startAzureByName(CLIENTS.map(({ account }) => account));
  });
  after(async () => {
    await azure?.stop();
    printTable(shown);
  });

  for (const { language, account, command } of CLIENTS) {
    describe(`the ${language} client`, () => {
      let client: Conversation;
      let steps: readonly Step[];
      let config: ClientConfig;
      before(async function () {
        this.timeout(600_000); // the first time, it is built
        const [program = "", ...args] = await command();
        const configured = await azure.configure(account);
        config = configured.config;
        steps = stepsOf(config, ADMINISTRATOR_PRINCIPAL);
        client = await azure.startClient(language, program, [...args, configured.path]);
      });
      after(() => client?.end());

      for (const [index, { title }] of stepsOf(unconfigured, "").entries()) {
        it(title, async () => {
          const step = steps[index];
          assert.ok(step);
          const started = performance.now();
          const { told: message, ...answer } = (await client.ask(step.id)) as { told?: string } & Record<
            string,
            unknown
          >;
          const seconds = ((performance.now() - started) / 1000).toFixed(1);
          const row = shown.get(title) ?? [];
          shown.set(title, [...row, `${"status" in answer ? `${answer["status"]}` : "done"}, ${seconds} s`]);
          assert.deepEqual(answer, step.answer, message ?? JSON.stringify(answer));
          assert.deepEqual(heldOf(await azure.state(), config), step.held);
        });
      }
    });
  }

  describe("afterwards", () => {
    it("no client has asked for a key", async () => {
      assert.deepEqual((await azure.calls()).alarms, []);
    });

    it("nothing that they created is left", async () => {
      const { accounts, containers } = await azure.state();
      assert.deepEqual({ accounts, containers }, { accounts: [], containers: [] });
    });
  });
});

function printTable(rows: ReadonlyMap<string, readonly string[]>): void {
  const line = (title: string, cells: readonly string[]) =>
    console.log(`  ${title.padEnd(66)}${cells.map((cell) => cell.padEnd(14)).join("")}`.trimEnd());
  line(
    "",
    CLIENTS.map(({ language }) => language),
  );
  for (const [title, cells] of rows) line(title, cells);
}
