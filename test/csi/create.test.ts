// CreateVolume over real gRPC, against the emulator: what is asserted is what Azure holds afterwards.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldRoleAssignments } from "../support/held.ts";
import { refused } from "../support/refused.ts";

const DATA_ROLE = "ca9424a5-736b-5dda-98d6-2a3b31807fc1";

describe("CreateVolume", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp();
  });
  after(async () => {
    assert.deepEqual(app.emulator.calls.report().alarms, [], "nobody may ask for an account key");
    await app.stop();
  });

  const accountOf = (id: string) => app.emulator.world.accounts.get(id.split("#")[1] ?? "");
  const containerOf = (id: string) => app.emulator.world.containers.get(id.split("#").slice(1, 3).join("/"));
  const assignmentsAt = (id: string) =>
    heldRoleAssignments(app.emulator.world).filter(({ scope }) => scope.endsWith(`/containers/${id.split("#")[2]}`));

  it("makes a keyless account, a container and one role assignment, and says how to mount", async () => {
    const { emulator, csi } = app;
    const [identity] = emulator.info.identities;
    const request = createRequest(emulator, {
      "csi.storage.k8s.io/pvc/namespace": "team",
      "csi.storage.k8s.io/pvc/name": "data",
    });
    const volume = await create({ csi }, request);

    const { properties, kind, sku, tags } = accountOf(volume.volume_id) ?? assert.fail("no account");
    assert.equal(properties["allowSharedKeyAccess"], false);
    assert.equal(properties["allowBlobPublicAccess"], false);
    assert.equal(properties["allowCrossTenantReplication"], false);
    assert.equal(properties["minimumTlsVersion"], "TLS1_2");
    assert.equal(properties["supportsHttpsTrafficOnly"], true);
    assert.equal(properties["isLocalUserEnabled"], false);
    assert.equal(properties["defaultToOAuthAuthentication"], true);
    assert.equal(kind, "StorageV2");
    assert.equal(sku.name, "Standard_LRS");
    assert.equal(tags["keyless-csi.cluster"], "emulator");
    assert.equal(tags["keyless-csi.isolation"], "pool");

    const container = containerOf(volume.volume_id) ?? assert.fail("no container");
    assert.equal(container.publicAccess, "None");
    assert.equal(container.metadata["keyless_volume"], request.name);
    assert.equal(container.metadata["keyless_size_bytes"], String(2 ** 30));
    assert.equal(container.metadata["keyless_pvc_namespace"], "team");
    assert.equal(container.metadata["keyless_pvc_name"], "data");

    const assignments = assignmentsAt(volume.volume_id);
    assert.deepEqual(
      assignments.map(({ principalId, principalType, roleDefinitionName }) => [
        principalId,
        principalType,
        roleDefinitionName,
      ]),
      [[identity?.principalId, "ServicePrincipal", DATA_ROLE]],
    );
    assert.match(assignments[0]?.description ?? "", /^keyless-csi v1 cluster=emulator volume=pvc-.* claim=team\/data$/);

    const { subscriptionId, resourceGroup, tenantId } = emulator.info;
    const [, account, name] = volume.volume_id.split("#");
    assert.equal(volume.volume_id, `${resourceGroup}#${account}#${request.name}###${subscriptionId}`);
    assert.equal(volume.capacity_bytes, String(2 ** 30));
    assert.deepEqual(volume.volume_context, {
      mountWithWorkloadIdentityToken: "true",
      clientID: identity?.clientId,
      tenantID: tenantId,
      storageaccount: account,
      containerName: name,
      resourcegroup: resourceGroup,
      subscriptionid: subscriptionId,
      storageEndpointSuffix: "core.windows.net",
      protocol: "fuse2",
      BlobStorageAccountType: "block",
    });
  });

  it("after the first volume of a class needs at most 3 calls, and a repeated one at most 3 and no write", async () => {
    const { emulator, csi } = app;
    await create({ csi }, createRequest(emulator));
    app.forgetCalls();
    const request = createRequest(emulator);
    const first = await create({ csi }, request);
    const warm = app.armCalls();
    app.forgetCalls();
    assert.deepEqual(await create({ csi }, request), first);
    const repeated = app.armCalls();
    app.forgetCalls();
    await csi.controller("DeleteVolume", { volume_id: first.volume_id });
    const deletion = app.armCalls();
    const list = (calls: typeof warm) =>
      calls.map(({ method, operation, status: code }) => `${method} ${operation} ${code}`);
    console.log(`      create ${warm.length}:`, list(warm).join(", "));
    console.log(`      repeat ${repeated.length}:`, list(repeated).join(", "));
    console.log(`      delete ${deletion.length}:`, list(deletion).join(", "));
    assert(warm.length <= 3 && repeated.length <= 3 && deletion.length <= 6);
    assert(repeated.every(({ method }) => method === "GET"));
  });

  it("a hundred claims that arrive together on a cold class make one account", async () => {
    const { emulator, csi } = app;
    app.forgetCalls();
    const requests = Array.from({ length: 100 }, () => createRequest(emulator, { tags: "test=stampede" }));
    const volumes = await Promise.all(requests.map((request) => create({ csi }, request)));
    const accounts = new Set(volumes.map(({ volume_id: id }) => id.split("#")[1]));
    assert.equal(accounts.size, 1);
    const puts = app
      .armCalls()
      .filter(({ method, operation }) => method === "PUT" && /storageAccounts\/create/i.test(operation));
    assert.equal(puts.length, 1);
    for (const { volume_id: id } of volumes) assert.equal(assignmentsAt(id).length, 1);
  });

  it("isolation by volume makes an account for it alone, and deletes it with the volume", async () => {
    const { emulator, csi } = app;
    const volume = await create({ csi }, createRequest(emulator, { isolation: "volume" }));
    const other = await create({ csi }, createRequest(emulator, { isolation: "volume" }));
    assert.notEqual(accountOf(volume.volume_id)?.name, accountOf(other.volume_id)?.name);
    await csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    assert.equal(accountOf(volume.volume_id), undefined);
    assert.deepEqual(assignmentsAt(volume.volume_id), []);
    assert(accountOf(other.volume_id) && containerOf(other.volume_id), "the other volume's account stays");
  });

  it("what a class asks of the account is what Azure holds", async () => {
    const { emulator, csi } = app;
    const volume = await create(
      { csi },
      createRequest(emulator, {
        skuName: "Standard_ZRS",
        location: "North Europe",
        accessTier: "Cool",
        isHnsEnabled: "true",
        tags: "team=a,cost=7",
        publicNetworkAccess: "Disabled",
        requireInfraEncryption: "true",
        softDeleteBlobs: "7",
        softDeleteContainers: "14",
      }),
    );
    const { properties, sku, location, tags, blobService } = accountOf(volume.volume_id) ?? assert.fail("no account");
    assert.equal(sku.name, "Standard_ZRS");
    assert.equal(location, "northeurope");
    assert.equal(properties["accessTier"], "Cool");
    assert.equal(properties["isHnsEnabled"], true);
    assert.equal(properties["publicNetworkAccess"], "Disabled");
    assert.equal(
      (properties["encryption"] as { requireInfrastructureEncryption?: boolean }).requireInfrastructureEncryption,
      true,
    );
    assert.equal(tags["team"], "a");
    assert.equal(tags["cost"], "7");
    assert.deepEqual(blobService["deleteRetentionPolicy"], { enabled: true, days: 7, allowPermanentDelete: false });
    assert.deepEqual(blobService["containerDeleteRetentionPolicy"], { enabled: true, days: 14 });
    assert.equal(volume.volume_context["isHnsEnabled"], "true");
    assert.equal(volume.volume_context["BlobStorageAccountType"], "adls");
  });

  it("a new account has a SAS policy of 7 days, and a closed firewall where its public access is off", async () => {
    const held = async (parameters: Record<string, string>) => {
      const { volume_id: id } = await create(app, createRequest(app.emulator, parameters));
      const { sasPolicy, networkAcls } = accountOf(id)?.properties ?? assert.fail("no account");
      return { sasPolicy, networkAcls } as { sasPolicy: object; networkAcls: Record<string, unknown> };
    };
    const days = { sasExpirationPeriod: "7.00:00:00", expirationAction: "Log" };
    const open = await held({});
    assert.deepEqual(open.sasPolicy, days);
    assert.equal(open.networkAcls["defaultAction"], "Allow");

    const closed = await held({ publicNetworkAccess: "Disabled", sasExpirationAction: "Block" });
    assert.deepEqual(closed.sasPolicy, { ...days, expirationAction: "Block" });
    const { defaultAction, bypass, ipRules, virtualNetworkRules } = closed.networkAcls;
    assert.deepEqual([defaultAction, bypass, ipRules, virtualNetworkRules], ["Deny", "AzureServices", [], []]);

    for (const publicNetworkAccess of ["Enabled", "SecuredByPerimeter"]) {
      const other = await held({ publicNetworkAccess });
      assert.equal(other.networkAcls["defaultAction"], "Allow", publicNetworkAccess);
    }
  });

  it("an account without them, of an earlier version or changed since, is served and is no drift", async () => {
    const own = await startEmulatedApp();
    try {
      const parameters = { publicNetworkAccess: "Disabled" };
      const first = await create(own, createRequest(own.emulator, parameters));
      const account = own.emulator.world.accounts.get(first.volume_id.split("#")[1] ?? "") ?? assert.fail();
      for (const changed of [
        { sasPolicy: undefined, networkAcls: { defaultAction: "Allow", bypass: "AzureServices" } },
        { sasPolicy: { sasExpirationPeriod: "01.00:00:00", expirationAction: "Block" }, networkAcls: undefined },
      ]) {
        Object.assign(account.properties, changed);
        const again = await startEmulatedApp([], { emulator: own.emulator });
        try {
          const { volume_id: id } = await create(again, createRequest(own.emulator, parameters));
          assert.equal(id.split("#")[1], account.name);
          assert.doesNotMatch(again.log(), /not keyless|no longer keyless|WeakAccount/);
        } finally {
          await again.stop();
        }
        assert.equal(account.properties["sasPolicy"], changed.sasPolicy);
        assert.equal(account.properties["networkAcls"], changed.networkAcls);
      }
      assert.equal(own.emulator.world.accounts.size, 1);
    } finally {
      await own.stop();
    }
  });

  it("a Premium class makes a block blob account", async () => {
    const volume = await create(app, createRequest(app.emulator, { skuName: "Premium_LRS" }));
    assert.equal(accountOf(volume.volume_id)?.kind, "BlockBlobStorage");
  });

  it("the same name with another size or other parameters is ALREADY_EXISTS, and nothing changes", async () => {
    const { emulator, csi } = app;
    const request = createRequest(emulator);
    const volume = await create({ csi }, request);
    const larger = { ...request, capacity_range: { required_bytes: String(2 ** 31) } };
    await refused(csi.controller("CreateVolume", larger), status.ALREADY_EXISTS, /exists with 1073741824 bytes/);
    const other = { ...request, parameters: { ...request.parameters, storageEndpointSuffix: "core.example.net" } };
    await refused(csi.controller("CreateVolume", other), status.ALREADY_EXISTS, /exists with other parameters/);
    assert.equal(containerOf(volume.volume_id)?.metadata["keyless_size_bytes"], String(2 ** 30));
  });

  it("a size within the limits of the repeated request is the same volume", async () => {
    const { emulator, csi } = app;
    const request = createRequest(emulator);
    await create({ csi }, request);
    const within = { ...request, capacity_range: { required_bytes: "5", limit_bytes: String(2 ** 31) } };
    assert.equal((await create({ csi }, within)).capacity_bytes, String(2 ** 30));
  });

  it("metadata that a workload has emptied does not lose the volume", async () => {
    const { emulator, csi } = app;
    const request = createRequest(emulator);
    const volume = await create({ csi }, request);
    const container = containerOf(volume.volume_id) ?? assert.fail("no container");
    for (const metadata of [{ keyless_size_bytes: "nonsense" }, {}]) {
      container.metadata = metadata;
      assert.deepEqual(await create({ csi }, request), volume);
    }
  });

  describe("refuses before anything is touched:", () => {
    const block = { block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" } } as const;
    const unknownMode = { mount: {}, access_mode: { mode: 99 } };
    const cases: [string, Partial<ReturnType<typeof createRequest>>, Record<string, string>, status, RegExp][] = [
      ["no name", { name: "" }, {}, status.INVALID_ARGUMENT, /name is missing/],
      ["a name of 129 bytes", { name: `${"ü".repeat(64)}x` }, {}, status.INVALID_ARGUMENT, /129 bytes/],
      ["a name with control characters", { name: "a\nb" }, {}, status.INVALID_ARGUMENT, /control characters/],
      ["no capabilities", { volume_capabilities: [] }, {}, status.INVALID_ARGUMENT, /volume_capabilities are missing/],
      ["a block volume", { volume_capabilities: [block] }, {}, status.INVALID_ARGUMENT, /raw block volumes/],
      ["an unknown access mode", { volume_capabilities: [unknownMode] }, {}, status.INVALID_ARGUMENT, /access mode 99/],
      [
        "a content source",
        { volume_content_source: { volume: { volume_id: "x" } } },
        {},
        status.INVALID_ARGUMENT,
        /volume_content_source/,
      ],
      ["mutable parameters", { mutable_parameters: { iops: "1" } }, {}, status.INVALID_ARGUMENT, /mutable_parameters/],
      [
        "a negative size",
        { capacity_range: { required_bytes: "-1" } },
        {},
        status.INVALID_ARGUMENT,
        /required_bytes "-1"/,
      ],
      [
        "a size over 5 PiB",
        { capacity_range: { required_bytes: "9223372036854775807" } },
        {},
        status.OUT_OF_RANGE,
        /required_bytes 9223372036854775807 \(8192.0 PiB\) is over the maximum of 5 PiB \(\d+ bytes\): ask for less/,
      ],
      [
        "a secret's name, from a caller that strips nothing",
        {},
        { "csi.storage.k8s.io/node-stage-secret-name": "azure-secret" },
        status.INVALID_ARGUMENT,
        /csi.storage.k8s.io\/node-stage-secret-name hands a secret to the driver, and this one uses none: remove it/,
      ],
      ["a misspelt parameter", {}, { skuNmae: "Standard_LRS" }, status.INVALID_ARGUMENT, /did you mean skuName\?/],
      [
        "a key-based parameter",
        {},
        { secretName: "s" },
        status.INVALID_ARGUMENT,
        /secretName belongs to mounting by account key/,
      ],
    ];
    for (const [what, overrides, parameters, code, message] of cases) {
      it(what, async () => {
        const { emulator, csi } = app;
        app.forgetCalls();
        await refused(csi.controller("CreateVolume", createRequest(emulator, parameters, overrides)), code, message);
        assert.deepEqual(app.armCalls(), [], "no call to Azure for a request that is refused");
      });
    }

    it("an identity that does not exist, with the fix", async () => {
      const { emulator, csi } = app;
      const clientID = "99999999-9999-4999-8999-999999999999";
      const accounts = emulator.world.accounts.size;
      const request = createRequest(emulator, { clientID, tags: "test=identity" });
      await refused(csi.controller("CreateVolume", request), status.FAILED_PRECONDITION, /set principalID/);
      assert.equal(emulator.world.accounts.size, accounts);
    });
  });
});
