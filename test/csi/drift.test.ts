// Keyless stays keyless: an account that was opened is refused, or closed again where the operator wants that; an account
// that an administrator gives is used and never written.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { refused } from "../support/refused.ts";

const misconfigured = (call: Promise<unknown>, message: RegExp) => refused(call, status.FAILED_PRECONDITION, message);

const NON_ENTRA_ACCESS = [
  ["allowSharedKeyAccess", true, /shared key access is on/],
  ["allowSharedKeyAccess", undefined, /shared key access is on/],
  ["allowBlobPublicAccess", true, /anonymous access is on/],
  ["isLocalUserEnabled", true, /local users are on/],
  ["supportsHttpsTrafficOnly", false, /plain HTTP is accepted/],
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
    for (const [property, value, message] of NON_ENTRA_ACCESS) {
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
    for (const [property, value] of NON_ENTRA_ACCESS) account().properties[property] = value;
    await create(app, createRequest(app.emulator));
    assert.deepEqual(
      [...new Set(NON_ENTRA_ACCESS.map(([property]) => property))].map((property) => account().properties[property]),
      [false, false, false, true],
    );
    account().properties["allowSharedKeyAccess"] = true;
    await misconfigured(create(app, createRequest(app.emulator)), /is not keyless/);
    assert.equal(account().properties["allowSharedKeyAccess"], true, "a policy that opens it again is not fought");
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
      /is not given to this controller/,
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
