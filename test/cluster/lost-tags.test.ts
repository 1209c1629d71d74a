// Replaced tags on a real control plane, with the rights of deploy/manifests: what the claim's event says, that its command puts
// everything back, and that volumes of an earlier version are found by the StorageClasses of the API server.
import assert from "node:assert/strict";
import { trustCloud } from "../../src/commands/trust-cloud.ts";
import { type AzureAdministrator, azureAdministrator } from "../support/azure-administrator.ts";
import { boundVolume, claim, eventOf } from "../support/cluster-objects.ts";
import { type Installation, startInstallation, trackFailures } from "../support/installation.ts";
import { eventually } from "../support/processes.ts";

describe("replaced tags on a real control plane", function () {
  this.timeout(900_000); // a guard against a hang only; the first run on a machine builds the tools (about 6 minutes)
  let installation: Installation;
  let azure: AzureAdministrator;
  const hasFailed = trackFailures();

  before(async () => {
    const controllerFlags = ["--account-cache", "0s"];
    installation = await startInstallation({ clusterId: "lost-tags", controllerFlags });
    const { driver, applyClass } = installation;
    trustCloud(driver.ready);
    azure = azureAdministrator(driver.ready);
    const clientID = driver.ready.identities[0]?.clientId ?? "";
    await applyClass("pool", { parameters: { clientID } });
    await applyClass("own", { parameters: { clientID, isolation: "volume" } });
  });
  after(() => installation?.stop({ keepLogs: hasFailed() }));

  async function bind(name: string, className: string) {
    await installation.apply(claim(name, className));
    const [, account = "", container = ""] = (await boundVolume(installation.plane, name)).spec.csi.volumeHandle.split(
      "#",
    );
    return { account, container };
  }
  const state = () => installation.driver.admin.state();

  it("the next claim gets the same account, and the command in its event puts the tags back", async () => {
    const { account } = await bind("first", "pool");
    const [before, ...others] = (await state()).accounts;
    assert.ok(before && others.length === 0);
    await azure.replaceTags(account, { owner: "finance" });
    assert.equal((await bind("second", "pool")).account, account);
    const message = await eventually(installation.provisioner, () => eventOf(installation.plane, "second", "TagsLost"));
    console.log(`      event: ${message}`);
    const [, pairs = ""] = /az tag update --operation merge --resource-id '\S+' --tags (.*)$/.exec(message) ?? [];
    assert.deepEqual(Object.fromEntries(pairs.split(" ").map((pair) => pair.split("="))), before.tags);
  });

  it("an account of one volume goes with its volume, found by the class although its container says nothing", async () => {
    const { account, container } = await bind("own", "own");
    await azure.replaceTags(account, {});
    await azure.setMetadata(account, container, {});
    await installation.plane.kubectl(["delete", "pvc/own", "--wait=false"]);
    await eventually(installation.provisioner, async () => {
      const { accounts, containers } = await state();
      assert.ok(!containers.some(({ name }) => name === container) && !accounts.some(({ name }) => name === account));
    });
  });
});
