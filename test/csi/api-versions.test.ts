// Which api-versions are sent to which cloud, and what becomes of a volume in a cloud that does not know them.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { SHOWN_SINCE } from "../../src/backend/blob/shown-since.ts";
import { CLOUDS } from "../../src/config/cloud.ts";
import { STORAGE_API_VERSIONS } from "../../src/text/azure-api-versions.ts";
import { trustTag } from "../../src/volume/formats/federated-credential.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, createRequest, type EmulatedApp, type EmulatedAppOptions } from "../support/emulated-app.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers } from "../support/held.ts";
import { refused } from "../support/refused.ts";

describe("the api-versions that are sent", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  const start = async (flags: readonly string[] = [], options: Omit<EmulatedAppOptions, "clusterFor"> = {}) => {
    ({ app, cluster } = await startAppInCluster(["--manage-federated-credentials", ...flags], options));
    const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
    assert.ok(identity);
    identity.tags = { [trustTag(app.emulator.issuer.issuer)]: "team/app" };
    cluster.serviceAccounts.set("team/app", app.emulator.info.identities[0]?.clientId ?? "");
    app.forgetCalls();
  };
  afterEach(() => app.stop());

  /** By provider, in the order in which they were first sent. */
  const sent = (): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    for (const { path, query } of app.emulator.calls.report().calls.filter(({ service }) => service === "arm")) {
      const provider = /.*\/providers\/([^/]+)/.exec(path)?.[1] ?? "none";
      const version = new URLSearchParams(query).get("api-version") ?? "none";
      const versions = found[provider] ?? [];
      found[provider] = versions.includes(version) ? versions : [...versions, version];
    }
    return found;
  };
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  /** Every kind of request: accounts and containers, role assignments, identities and their credentials. */
  const liveOnce = async () => {
    const uid = crypto.randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, serviceAccount: "app" });
    const { volume_id: id } = await create(app, {
      ...createRequest(app.emulator),
      name: `pvc-${uid}`,
      parameters: {
        isolation: "volume",
        identity: "serviceAccount",
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "team",
      },
    });
    assert.equal(heldContainers(app.emulator.world).length, 1);
    await remove(id);
    assert.deepEqual([heldContainers(app.emulator.world).length, app.emulator.world.accounts.size], [0, 0]);
  };
  const OTHERS = { "Microsoft.Authorization": ["2022-04-01"], "Microsoft.ManagedIdentity": ["2023-01-31"] };
  const FALLBACK = /"this cloud does not know api-version/g;

  for (const [name, version] of [
    ["AzurePublic", "2025-08-01"],
    ["AzureUSGovernment", "2025-06-01"],
    ["AzureChina", "2025-06-01"],
  ] as const) {
    it(`to ${name} are pinned for each provider, and are known there`, async () => {
      await start([], {
        configure: (config) => ({
          ...config,
          cloud: { ...config.cloud, storageApiVersion: CLOUDS[name].storageApiVersion },
        }),
        settings: { newestApiVersion: version },
      });
      await liveOnce();
      assert.deepEqual(sent(), { ...OTHERS, "Microsoft.Storage": [version] });
      assert.doesNotMatch(app.log(), FALLBACK);
    });
  }

  it("to a custom cloud are those of the public one, and --storage-api-version names another", async () => {
    await start();
    await liveOnce();
    assert.deepEqual(sent()["Microsoft.Storage"], ["2025-08-01"]);
    await app.stop();
    await start(["--storage-api-version", "2023-05-01"]);
    await liveOnce();
    assert.deepEqual(sent(), { ...OTHERS, "Microsoft.Storage": ["2023-05-01"] });
  });

  for (const version of STORAGE_API_VERSIONS) {
    it(`are enough for a volume's whole life in a cloud whose newest one is ${version}`, async () => {
      await start(["--storage-api-version", version], {
        // The other providers are not what is asked here, and older than their own no cloud is known to be.
        settings: { newestApiVersion: version < "2023-01-31" ? "2023-01-31" : version },
      });
      await liveOnce();
      assert.deepEqual(sent(), { ...OTHERS, "Microsoft.Storage": [version] });
    });
  }

  it("fall back once to the newest older one that the cloud lists, for all requests from then on, and the log says so once", async () => {
    await start([], { settings: { newestApiVersion: "2025-06-30" } });
    await liveOnce();
    assert.deepEqual(sent()["Microsoft.Storage"], ["2025-08-01", "2025-06-01"]);
    app.forgetCalls();
    await liveOnce();
    assert.deepEqual(sent()["Microsoft.Storage"], ["2025-06-01"]);
    assert.equal(app.log().match(FALLBACK)?.length, 1);
    assert.match(
      app.log(),
      /2025-06-01 is used until the process ends, which does not show allowSharedKeyAccessForServices/,
    );
  });

  it("that were refused many times at once fall back once", async () => {
    await start([], { settings: { newestApiVersion: "2025-01-15" } });
    await Promise.all(
      Array.from({ length: 10 }, () => create(app, createRequest(app.emulator, { isolation: "volume" }))),
    );
    assert.deepEqual(sent()["Microsoft.Storage"], ["2025-08-01", "2025-01-01"]);
    assert.equal(app.log().match(FALLBACK)?.length, 1);
  });

  it("that this cloud does not know, and no older one, refuse the volume before anything is made, and name the flag", async () => {
    await start();
    const message =
      "No registered resource provider found for location 'usgovvirginia' and API version '2025-08-01' for type " +
      "'storageAccounts'. The supported api-versions are '2019-06-01, 2018-07-01'. The supported locations are 'usgovvirginia'.";
    app.emulator.faults.add({
      match: { path: "/providers/Microsoft.Storage/" },
      action: { status: 400, code: "NoRegisteredProviderFound", message },
    });
    await refused(
      create(app, createRequest(app.emulator)),
      status.FAILED_PRECONDITION,
      /Azure does not know api-version 2025-08-01 of Microsoft.Storage in this cloud, whose newest are 2019-06-01, 2018-07-01, .*set --storage-api-version to/,
    );
    assert.equal(app.emulator.world.accounts.size, 0);
    assert.deepEqual(sent()["Microsoft.Storage"], ["2025-08-01"]);
  });

  it("of a provider without a flag that the cloud is too old for refuse the volume too, and say so", async () => {
    await start([], { settings: { newestApiVersion: "2022-12-31" } });
    await refused(
      create(app, createRequest(app.emulator)),
      status.FAILED_PRECONDITION,
      /api-version 2023-01-31 of Microsoft.ManagedIdentity .*; this cloud is older than this program supports/,
    );
    assert.equal(app.emulator.world.accounts.size, 0);
  });

  for (const [words, message] of [
    [
      "lists none",
      "The resource type could not be found in the namespace 'Microsoft.Storage' for api version '2025-08-01'.",
    ],
    ["lists the one that was sent", "It could not be found. The supported api-versions are '2025-08-01'."],
    ["lists it with older ones", "It could not be found. The supported api-versions are '2025-08-01, 2025-06-01'."],
  ] as const) {
    it(`that are refused with a 404 that ${words} are no proof that a volume is gone`, async () => {
      await start(["--account-cache", "0s"]);
      const { volume_id: id } = await create(app, createRequest(app.emulator, { isolation: "volume" }));
      app.emulator.faults.add({
        match: { path: "/providers/Microsoft.Storage/" },
        action: { status: 404, code: "InvalidResourceType", message },
      });
      await refused(remove(id), status.FAILED_PRECONDITION, /--storage-api-version/);
      assert.equal(heldContainers(app.emulator.world).length, 1);
      app.emulator.faults.clear();
      await remove(id);
      assert.equal(heldContainers(app.emulator.world).length, 0);
      assert.deepEqual(sent()["Microsoft.Storage"], ["2025-08-01"]);
    });
  }

  it("of the public cloud show every property that is checked, and older ones are said to be blind at each start", async () => {
    const needed = Object.values<string>(SHOWN_SINCE).sort().at(-1);
    assert.equal(CLOUDS.AzurePublic.storageApiVersion, needed, "the oldest that shows them all");
    const BLIND =
      /does not show allowSharedKeyAccessForServices of an account: what somebody turns on by it is not found/;
    for (const [flags, isBlind] of [
      [[], false],
      [["--storage-api-version", "2025-06-01"], true],
    ] as const) {
      await start([...flags, "--account-cache", "0s"]);
      assert.equal(BLIND.test(app.log()), isBlind);
      await create(app, createRequest(app.emulator));
      const [account] = app.emulator.world.accounts.values();
      assert.ok(account);
      account.properties["allowSharedKeyAccessForServices"] = { blob: { enabled: true } };
      const second = create(app, createRequest(app.emulator));
      if (isBlind) await second;
      else await refused(second, status.FAILED_PRECONDITION, /shared key access is on for blob/);
      if (!isBlind) await app.stop();
    }
  });
});
