// Classes that state the ids of an identity: an access that is granted to one identity and mounted by another serves nobody.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { startGrantedApp } from "../support/printed-roles.ts";
import { refused } from "../support/refused.ts";

describe("a class that states a principal id", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  const identity = (index: number) => app.emulator.info.identities[index] ?? assert.fail("no such identity");
  const assigned = () => [...app.emulator.world.roleAssignments.values()].map(({ principalId }) => principalId);
  const writes = () => app.armCalls().filter(({ method }) => method === "PUT");
  const lists = () => app.armCalls().filter(({ operation }) => operation === "identities/list");

  async function assertRefused(parameters: Record<string, string>, message: RegExp): Promise<void> {
    app.forgetCalls();
    await refused(
      app.csi.controller("CreateVolume", createRequest(app.emulator, parameters)),
      status.FAILED_PRECONDITION,
      message,
    );
    assert.deepEqual(writes(), []);
  }

  it("of the identity itself gives it the access, and 10 volumes cost one list", async () => {
    const { clientId, principalId } = identity(1);
    app.forgetCalls();
    for (let index = 0; index < 10; index += 1) {
      const request = createRequest(app.emulator, { clientID: clientId, principalID: principalId.toUpperCase() });
      await create(app, { ...request, name: `pvc-${randomUUID()}` });
    }
    assert.equal(assigned().filter((each) => each === principalId).length, 10);
    assert.equal(lists().length, 1);
  });

  it("of another identity is refused, with both ids", async () => {
    const [one, other] = [identity(0), identity(1)];
    await assertRefused(
      { clientID: one.clientId, principalID: other.principalId },
      new RegExp(
        `principalID "${other.principalId}" is not the object id of clientID "${one.clientId}", which is "${one.principalId}"`,
      ),
    );
  });

  it("of an identity, with a client id that nobody knows, is refused with the right one", async () => {
    const [stranger, { clientId, principalId }] = [randomUUID(), identity(0)];
    await assertRefused(
      { clientID: stranger, principalID: principalId },
      new RegExp(
        `principalID "${principalId}" belongs to another identity than clientID "${stranger}": its client id is "${clientId}"`,
      ),
    );
  });

  it("as the client id is refused with the client id", async () => {
    const { clientId, principalId } = identity(0);
    await assertRefused(
      { clientID: principalId },
      new RegExp(`clientID "${principalId}" is the object id of an identity: its client id is "${clientId}"`),
    );
  });

  it("of an application, which no list of identities shows, is believed", async () => {
    const [clientID, principalID] = [randomUUID(), randomUUID()];
    await create(app, createRequest(app.emulator, { clientID, principalID }));
    assert(assigned().includes(principalID));
  });

  for (const [httpStatus, code] of [
    [404, "ResourceGroupNotFound"],
    [409, "MissingSubscriptionRegistration"],
  ] as const) {
    it(`is believed where no identities can be listed (${code}), and two volumes cost one list`, async () => {
      const action = { status: httpStatus, code, message: "No." };
      app.emulator.faults.add({ match: { operation: "identities/list" }, times: -1, action });
      app.forgetCalls();
      const [clientID, principalID] = [randomUUID(), randomUUID()];
      for (let index = 0; index < 2; index += 1) {
        const request = createRequest(app.emulator, { clientID, principalID });
        await create(app, { ...request, name: `pvc-${randomUUID()}` });
      }
      assert.equal(assigned().filter((each) => each === principalID).length, 2);
      assert.equal(lists().length, 1);
    });
  }

  it("is not believed because of a fault that passes: the caller tries again", async () => {
    const [one, other] = [identity(0), identity(1)];
    const parameters = { clientID: one.clientId, principalID: other.principalId };
    const action = { status: 500, code: "InternalServerError", message: "No." };
    app.emulator.faults.add({ match: { operation: "identities/list" }, times: -1, action });
    const request = createRequest(app.emulator, parameters);
    await refused(app.csi.controller("CreateVolume", request), status.UNAVAILABLE, /InternalServerError/);
    app.emulator.faults.clear();
    await assertRefused(parameters, /is not the object id of clientID/);
  });
});

describe("a class that states a principal id, where the controller may not list identities", () => {
  it("is believed, and two volumes cost one refused list", async () => {
    const app = await startGrantedApp({ roles: ["--with="] });
    try {
      const [one, other] = app.emulator.info.identities;
      const parameters = { clientID: one?.clientId ?? "", principalID: other?.principalId ?? "" };
      for (let index = 0; index < 2; index += 1) {
        await create(app, { ...createRequest(app.emulator, parameters), name: `pvc-${randomUUID()}` });
      }
      const lists = app.armCalls().filter(({ operation }) => operation === "identities/list");
      assert.deepEqual(
        lists.map(({ status: answered }) => answered),
        [403],
      );
    } finally {
      await app.stop();
    }
  });
});

describe("a class that names an account", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  it("that does not exist is refused as such, without the advice to tag it", async () => {
    await refused(
      app.csi.controller("CreateVolume", createRequest(app.emulator, { storageAccount: "nosuchaccount" })),
      status.FAILED_PRECONDITION,
      /storageAccount "nosuchaccount" does not exist in resource group .* of subscription .*: correct storageAccount, resourceGroup or/,
    );
    assert.equal(app.emulator.world.accounts.size, 0);
  });
});
