// Keyless stays keyless: an account that was opened is refused, or closed again where the operator wants that; an account
// that an administrator gives is used and never written.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster } from "../support/fake-cluster.ts";
import { refused } from "../support/refused.ts";

const misconfigured = (call: Promise<unknown>, message: RegExp) => refused(call, status.FAILED_PRECONDITION, message);

/** Each way in: the property, a value that opens it (undefined: ARM does not show it), and what the message says. */
const NON_ENTRA_ACCESS = [
  ["allowSharedKeyAccess", true, /shared key access is on/],
  ["allowSharedKeyAccess", undefined, /shared key access is on/],
  ["allowSharedKeyAccessForServices", { blob: { enabled: true } }, /on for blob \(allowSharedKeyAccessForServices\)/],
  ["allowSharedKeyAccessForServices", { file: { enabled: true }, queue: { enabled: true } }, /on for file, queue \(/],
  ["allowBlobPublicAccess", true, /anonymous access is on/],
  ["isLocalUserEnabled", undefined, /local users are on/],
  ["isLocalUserEnabled", true, /local users are on/],
  ["isSftpEnabled", true, /SFTP is on/],
  ["supportsHttpsTrafficOnly", false, /plain HTTP is accepted/],
] as const;
/** No update turns it off. */
const FOR_GOOD = ["isNfsV3Enabled", true, /NFSv3 is on .*stays on for good: use another account/] as const;

/** Reported on the claim, and refused nowhere. */
const WEAKNESSES = [
  ["minimumTlsVersion", "TLS1_0", /TLS below 1\.2 is accepted/],
  ["minimumTlsVersion", "TLS1_1", /TLS below 1\.2 is accepted/],
  ["minimumTlsVersion", undefined, /TLS below 1\.2 is accepted/],
  ["allowCrossTenantReplication", true, /replication to other tenants is allowed/],
  ["allowCrossTenantReplication", undefined, /replication to other tenants is allowed/],
] as const;

describe("an account that was opened", () => {
  let app: EmulatedApp;
  afterEach(() => app.stop());
  const account = () => [...app.emulator.world.accounts.values()][0] ?? assert.fail("no account");
  /** The confirmation of the first volume is remembered no longer than this. */
  const FORGETFUL = ["--account-cache", "0s"];

  it("gets no further volume, for each way to open it, and the message says which", async () => {
    app = await startEmulatedApp(FORGETFUL);
    await create(app, createRequest(app.emulator));
    for (const [property, value, message] of [...NON_ENTRA_ACCESS, FOR_GOOD]) {
      const before = account().properties[property];
      account().properties[property] = value;
      const containers = app.emulator.world.containers.size;
      await misconfigured(create(app, createRequest(app.emulator)), message);
      assert.equal(app.emulator.world.containers.size, containers);
      account().properties[property] = before;
    }
    await create(app, createRequest(app.emulator));
    assert.match(app.log(), /"storage account is no longer keyless"/);
  });

  it("is closed again with --repair-drift, and not a second time within the hour", async () => {
    app = await startEmulatedApp([...FORGETFUL, "--repair-drift"]);
    await create(app, createRequest(app.emulator));
    account().properties["isHnsEnabled"] = true; // SFTP needs it
    for (const [property, value] of NON_ENTRA_ACCESS) account().properties[property] = value;
    await create(app, createRequest(app.emulator));
    const properties = [...new Set(NON_ENTRA_ACCESS.map(([property]) => property))];
    assert.deepEqual(Object.fromEntries(properties.map((property) => [property, account().properties[property]])), {
      allowSharedKeyAccess: false,
      allowSharedKeyAccessForServices: { file: { enabled: false }, queue: { enabled: false } },
      allowBlobPublicAccess: false,
      isLocalUserEnabled: false,
      isSftpEnabled: false,
      supportsHttpsTrafficOnly: true,
    });
    account().properties["allowSharedKeyAccess"] = true;
    await misconfigured(create(app, createRequest(app.emulator)), /is not keyless/);
    assert.equal(account().properties["allowSharedKeyAccess"], true, "a policy that opens it again is not fought");
  });

  it("is asked only for what it has when it is closed again: older api-versions do not know the rest", async () => {
    app = await startEmulatedApp([...FORGETFUL, "--repair-drift"]);
    await create(app, createRequest(app.emulator));
    account().properties["isLocalUserEnabled"] = undefined;
    await create(app, createRequest(app.emulator));
    assert.equal(account().properties["isLocalUserEnabled"], false);
    assert(!("isSftpEnabled" in account().properties));
    assert(!("allowSharedKeyAccessForServices" in account().properties));
  });

  it("by NFSv3 is not closed by --repair-drift, because Azure cannot, and the message says so", async () => {
    app = await startEmulatedApp([...FORGETFUL, "--repair-drift"]);
    await create(app, createRequest(app.emulator));
    Object.assign(account().properties, { isNfsV3Enabled: true, isHnsEnabled: true });
    await misconfigured(create(app, createRequest(app.emulator)), FOR_GOOD[2]);
  });
});

describe("an account that an administrator gives", () => {
  let app: EmulatedApp;
  const NAME = "givenbyadmin";
  beforeEach(async () => {
    app = await startEmulatedApp(["--account-cache", "0s", "--repair-drift"]);
    await create(app, createRequest(app.emulator));
    const [made] = app.emulator.world.accounts.values();
    if (made === undefined) assert.fail("no account");
    const id = made.id.replace(made.name, NAME);
    const properties = { ...made.properties };
    app.emulator.world.accounts.set(NAME, {
      ...made,
      id,
      name: NAME,
      properties,
      tags: { "keyless-csi.cluster": "emulator" },
    });
  });
  afterEach(() => app.stop());
  const given = () => app.emulator.world.accounts.get(NAME) ?? assert.fail("gone");

  it("holds volumes, is never written, and stays when they go", async () => {
    const before = structuredClone(given());
    app.forgetCalls();
    const volume = await create(app, createRequest(app.emulator, { storageAccount: NAME }));
    assert.equal(volume.volume_id.split("#")[1], NAME);
    await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
    assert.deepEqual(given(), before);
    assert(!app.armCalls().some(({ operation }) => /storageAccounts\/(create|update|delete)/i.test(operation)));
    const key = volume.volume_id.split("#").slice(1, 3).join("/");
    const container = app.emulator.world.containers.get(key);
    assert(container === undefined || container.deletedUntil !== undefined, "the container is gone");
  });

  for (const [property, value, message] of [...NON_ENTRA_ACCESS, FOR_GOOD]) {
    const shown = value === undefined ? "absent" : JSON.stringify(value);
    it(`is refused while ${property} is ${shown}, and not written`, async () => {
      given().properties[property] = value;
      const before = structuredClone(given());
      const containers = app.emulator.world.containers.size;
      await misconfigured(create(app, createRequest(app.emulator, { storageAccount: NAME })), message);
      assert.deepEqual(given(), before, "not ours to close");
      assert.equal(app.emulator.world.containers.size, containers);
    });
  }

  for (const [property, value, message] of WEAKNESSES) {
    it(`is used while ${property} is ${value ?? "absent"}, with a warning that says so`, async () => {
      given().properties[property] = value;
      const before = structuredClone(given());
      const request = createRequest(app.emulator, { storageAccount: NAME });
      const { volume_id: id } = await create(app, request);
      assert.equal(id.split("#")[1], NAME);
      const lines = app.log().split("\n");
      const warnings = lines.filter((line) => line.includes('"WeakAccount"') && line.includes(String(request.name)));
      assert.equal(warnings.length, 1);
      assert.match(String(warnings[0]), message);
      assert.deepEqual(given(), before, "not ours to change");
    });
  }

  it("that is weak is reported on the claim, in words that do not change from call to call", async () => {
    const cluster = createFakeCluster(app.emulator.issuer.issuer);
    await app.stop();
    app = await startEmulatedApp(["--account-cache", "0s"], { clusterFor: () => cluster });
    const uid = randomUUID();
    const metadata = { "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/pvc/namespace": "team" };
    cluster.claims.set("team/data", { uid, isBoundLate: false });
    const request = createRequest(app.emulator, metadata, { name: `pvc-${uid}` });
    const { volume_id: id } = await create(app, request);
    const account = app.emulator.world.accounts.get(id.split("#")[1] ?? "") ?? assert.fail("no account");
    Object.assign(account.properties, { minimumTlsVersion: "TLS1_0", allowCrossTenantReplication: true });
    await create(app, request);
    await create(app, request);
    const [first, second] = cluster.warnings.filter(({ reason }) => reason === "WeakAccount");
    assert.deepEqual([first?.namespace, first?.name], ["team", "data"]);
    assert.match(first?.message ?? "", /TLS below 1\.2 is accepted .*, replication to other tenants is allowed/);
    assert.deepEqual(second, first);
  });

  it("that is as it should be causes no warning", async () => {
    await create(app, createRequest(app.emulator, { storageAccount: NAME }));
    assert.doesNotMatch(app.log(), /WeakAccount/);
  });

  it("is refused without the tag of this cluster, and while it is open", async () => {
    given().properties["allowSharedKeyAccess"] = true;
    await misconfigured(create(app, createRequest(app.emulator, { storageAccount: NAME })), /is not keyless/);
    assert.equal(given().properties["allowSharedKeyAccess"], true, "not ours to close");
    given().properties["allowSharedKeyAccess"] = false;
    given().tags = { "keyless-csi.cluster": "another" };
    await misconfigured(
      create(app, createRequest(app.emulator, { storageAccount: NAME })),
      /is not given to this controller.*keyless-csi.cluster=emulator/,
    );
    await misconfigured(
      create(app, createRequest(app.emulator, { storageAccount: "nosuchaccount" })),
      /"nosuchaccount" does not exist in resource group/,
    );
  });

  for (const [isHnsEnabled, type, contradictions] of [
    [true, "adls", [{ isHnsEnabled: "false" }, { BlobStorageAccountType: "block" }]],
    [false, "block", [{ isHnsEnabled: "true" }, { BlobStorageAccountType: "adls" }]],
  ] as const) {
    it(`of the kind ${type} is mounted as what it is, and a class that says otherwise is refused before a write`, async () => {
      given().properties["isHnsEnabled"] = isHnsEnabled;
      const ask = (own: object) => create(app, createRequest(app.emulator, { storageAccount: NAME, ...own }));
      const agreeing = [{}, { isHnsEnabled: String(isHnsEnabled) }, { BlobStorageAccountType: type }];
      for (const own of agreeing) {
        const { volume_context: context } = await ask(own);
        assert.equal(context["BlobStorageAccountType"], type);
        assert.equal(context["isHnsEnabled"], isHnsEnabled ? "true" : undefined);
      }
      app.forgetCalls();
      for (const own of contradictions)
        await misconfigured(ask(own), /"givenbyadmin" has .* hierarchical namespace, and the class says/);
      assert(app.armCalls().every(({ method }) => method === "GET"));
    });
  }

  it("never loses a container that we did not make", async () => {
    const volume = await create(app, createRequest(app.emulator, { storageAccount: NAME }));
    const [made] = app.emulator.world.containers.values();
    if (made === undefined) assert.fail("no container");
    app.emulator.world.containers.set(`${NAME}/backups`, { ...made, account: NAME, name: "backups", uid: "other" });
    const forged = volume.volume_id.replace(/#(pvc-[^#]+)#/, "#backups#");
    await misconfigured(app.csi.controller("DeleteVolume", { volume_id: forged }), /was not made by this controller/);
    assert(app.emulator.world.containers.has(`${NAME}/backups`));
  });

  it("names a volume with a name that nobody chooses by hand", async () => {
    const volume = await create(app, createRequest(app.emulator, { storageAccount: NAME }, { name: "backups" }));
    assert.match(volume.volume_id, /#givenbyadmin#v-[a-z2-7]{40}#/);
  });
});
