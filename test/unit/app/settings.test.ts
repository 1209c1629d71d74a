// The settings of the use cases, as they follow from the configuration.
import assert from "node:assert/strict";
import { createAdapters } from "../../../src/app/adapters.ts";
import { DATA_ROLE_ID } from "../../../src/backend/blob/data-role.ts";
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

  it("are the data-only role alone, unless --role names others", async () => {
    const { roleId, formerRoleIds } = await settingsIn(...AZURE);
    assert.deepEqual({ roleId, formerRoleIds }, { roleId: DATA_ROLE_ID, formerRoleIds: [] });
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
