// The settings of the use cases, as they follow from the configuration.
import assert from "node:assert/strict";
import { createAdapters } from "../../../src/app/adapters.ts";
import { dataRoleId } from "../../../src/backend/blob/data-role.ts";
import { checkController, toControllerConfig } from "../../../src/config/controller.ts";
import { controllerSettings } from "../../../src/config/controller-settings.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { silentObserver } from "../../support/silent-observer.ts";

const GUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const AZURE = ["--tenant-id", GUID, "--subscription-id", GUID, "--resource-group", "g", "--location", "westeurope"];
const ENDPOINTS = {
  armEndpoint: "https://127.0.0.1:1",
  authorityHost: "https://127.0.0.1:1",
  blobEndpoint: "https://127.0.0.1:1",
};
const EMULATOR = { ...ENDPOINTS, tenantId: GUID, subscriptionId: GUID, resourceGroup: "g", location: "l" };

async function settingsIn(...flags: string[]) {
  const argv = ["--cluster-id", "c", ...flags];
  const loaded = loadSettings(controllerSettings, { argv, env: {} }, checkController);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const config = toControllerConfig(loaded.values, flags.includes("--emulator") ? EMULATOR : undefined);
  return (await createAdapters(config, silentObserver())).settings;
}

describe("the cloud in the settings for the node plugin", () => {
  for (const [flags, aadEndpoint, suffix] of [
    [[...AZURE], undefined, undefined],
    [[...AZURE, "--cloud", "AzureUSGovernment"], "https://login.microsoftonline.us", "core.usgovcloudapi.net"],
    [[...AZURE, "--cloud", "AzureChina"], "https://login.chinacloudapi.cn", "core.chinacloudapi.cn"],
    [["--emulator"], undefined, "core.windows.net"],
  ] as const) {
    it(`${flags.length > 2 ? flags.slice(8).join(" ") || "AzurePublic" : "a custom one"}: ${aadEndpoint ?? "no sign-in endpoint"}, ${suffix ?? "no suffix"}`, async () => {
      const settings = await settingsIn(...flags);
      assert.equal(settings.aadEndpoint, aadEndpoint);
      assert.equal(settings.storageEndpointSuffix, suffix);
    });
  }
});

describe("the roles of workloads in the settings", () => {
  const former = GUID.replace("0f", "ff");

  const rolesIn = async (...flags: string[]) => {
    const { roleId, earlierRoleId, formerRoleIds, rolePrefix } = await settingsIn(...AZURE, ...flags);
    return { roleId, earlierRoleId, formerRoleIds, rolePrefix };
  };
  const [own, unprefixed] = [dataRoleId(GUID), dataRoleId("")];

  it("are the data-only role of the subscription, and as long as it does not exist that of 0.2", async () => {
    const wanted = { roleId: own, earlierRoleId: unprefixed, formerRoleIds: [unprefixed], rolePrefix: GUID };
    assert.deepEqual(await rolesIn(), wanted);
  });

  it("are those of --role-prefix, and nothing stands in for them; those of no prefix and of the subscription are removed", async () => {
    const absent = { earlierRoleId: undefined };
    const wanted = { ...absent, roleId: dataRoleId("team-a"), formerRoleIds: [unprefixed, own], rolePrefix: "Team-A" };
    assert.deepEqual(await rolesIn("--role-prefix=Team-A"), wanted);
    const empty = { ...absent, roleId: unprefixed, formerRoleIds: [own], rolePrefix: "" };
    assert.deepEqual(await rolesIn("--role-prefix="), empty);
  });

  it("refuses a prefix that no role can have", () => {
    for (const prefix of ["-a", "a b", "x".repeat(65)]) {
      const argv = ["--cluster-id", "c", ...AZURE, `--role-prefix=${prefix}`];
      const loaded = loadSettings(controllerSettings, { argv, env: {} }, checkController);
      assert.match(JSON.stringify(loaded), /is not a prefix for the names of roles/, prefix);
    }
  });

  it("are those of --role: the first is assigned, the others were before", async () => {
    const { roleId, formerRoleIds } = await settingsIn(...AZURE, "--role", `${GUID},${former}`);
    assert.deepEqual({ roleId, formerRoleIds }, { roleId: GUID, formerRoleIds: [former] });
  });
});

describe("the audience of workloads' tokens in the settings", () => {
  it("is the node plugin's in every cloud, unless --token-audience names another", async () => {
    for (const cloud of ["AzurePublic", "AzureUSGovernment", "AzureChina"]) {
      assert.equal((await settingsIn(...AZURE, "--cloud", cloud)).tokenAudience, "api://AzureADTokenExchange");
      const named = await settingsIn(...AZURE, "--cloud", cloud, "--token-audience", "api://other");
      assert.equal(named.tokenAudience, "api://other");
    }
  });
});
