import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Arm, collect, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";

const AUDIENCES = ["api://AzureADTokenExchange"];

describe("the emulator's user-assigned identities", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const path = (name: string) => `${arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const make = (name: string) => arm.call("PUT", path(name), { body: { location: "westeurope" } });
  const credential = (identity: string, name: string) => `${path(identity)}/federatedIdentityCredentials/${name}`;
  const trust = (identity: string, name: string, change: object = {}) =>
    arm.call("PUT", credential(identity, name), {
      body: { properties: { issuer: "https://issuer.example", subject: name, audiences: AUDIENCES, ...change } },
    });

  it("are created with ids of their own, changed, listed and deleted by the SDK unchanged", async () => {
    const { userAssignedIdentities } = arm.identities;
    const made = await userAssignedIdentities.createOrUpdate("keyless", "sdk-identity", { location: "westeurope" });
    match(String(made.clientId), /^[0-9a-f-]{36}$/);
    equal(made.tenantId, arm.emulator.info.tenantId);
    ok(arm.emulator.world.principals.has(String(made.principalId)));
    const again = await userAssignedIdentities.createOrUpdate("keyless", "sdk-identity", {
      location: "westeurope",
      tags: { team: "a" },
    });
    deepEqual([again.principalId, again.tags], [made.principalId, { team: "a" }]);
    const update = await userAssignedIdentities.update("keyless", "sdk-identity", {
      location: "westeurope",
      tags: { team: "b" },
    });
    deepEqual(update.tags, { team: "b" });
    const all = await collect(userAssignedIdentities.listBySubscription());
    const some = await collect(userAssignedIdentities.listByResourceGroup("keyless"));
    for (const list of [all, some]) ok(list.some((each) => each.name === "sdk-identity"));
    await userAssignedIdentities.delete("keyless", "sdk-identity");
    refused(await arm.call("GET", path("sdk-identity")), 404, "ResourceNotFound");
    equal(arm.emulator.world.principals.has(String(made.principalId)), false);
    equal((await arm.call("DELETE", path("sdk-identity"))).status, 204);
  });

  it("are another principal when created again under the same name", async () => {
    await make("reborn");
    const first = arm.emulator.world.identities.get(path("reborn").toLowerCase())?.principalId;
    await arm.call("DELETE", path("reborn"));
    await make("reborn");
    const second = arm.emulator.world.identities.get(path("reborn").toLowerCase())?.principalId;
    ok(first !== undefined && second !== undefined && first !== second);
  });

  it("accept federated credentials from the SDK unchanged", async () => {
    await make("trusting");
    const { federatedIdentityCredentials } = arm.identities;
    const wish = { issuer: "https://issuer.example", subject: "system:serviceaccount:a:b", audiences: AUDIENCES };
    await federatedIdentityCredentials.createOrUpdate("keyless", "trusting", "one", wish);
    const read = await federatedIdentityCredentials.get("keyless", "trusting", "one");
    deepEqual([read.issuer, read.subject, read.audiences], [wish.issuer, wish.subject, wish.audiences]);
    equal((await collect(federatedIdentityCredentials.list("keyless", "trusting"))).length, 1);
    await federatedIdentityCredentials.delete("keyless", "trusting", "one");
    refused(await arm.call("GET", credential("trusting", "one")), 404, "NotFound");
    equal((await arm.call("DELETE", credential("trusting", "one"))).status, 204);
  });

  it("answer 201 to a new credential, 200 to a changed one", async () => {
    await make("changing");
    equal((await trust("changing", "one")).status, 201);
    equal((await trust("changing", "one", { subject: "other" })).status, 200);
    const held = arm.emulator.world.identities.get(path("changing").toLowerCase())?.federatedCredentials.get("one");
    equal(held?.subject, "other");
  });

  it("refuse credentials that are incomplete, badly named, of two audiences or of the same issuer and subject", async () => {
    await make("strict");
    equal((await trust("strict", "one", { subject: "s" })).status, 201);
    match(
      refused(await trust("strict", "two", { subject: "s" }), 400, "BadRequest"),
      /^Issuer and subject combination already exists/,
    );
    match(refused(await trust("strict", "two", { audiences: ["a", "b"] }), 400, "BadRequest"), /exactly one audience/);
    match(refused(await trust("strict", "two", { issuer: "" }), 400, "BadRequest"), /empty properties/);
    match(refused(await trust("strict", "-x"), 400, "BadRequest"), /name '-x' is invalid/);
    refused(await trust("nobody", "one"), 404, "ParentResourceNotFound");
  });

  it("refuse an issuer that is no https URL, and texts of more than 600 characters", async () => {
    await make("careful");
    const url = "https://issuer.example/";
    for (const issuer of [
      "issuer.example",
      "http://issuer.example",
      "https://",
      " https://a",
      "https://a ",
      "https://a b",
    ]) {
      const message = refused(await trust("careful", "one", { issuer }), 400, "BadRequest");
      match(message, /is not an absolute https URL/, issuer);
    }
    for (const change of [
      { issuer: url.padEnd(601, "x") },
      { subject: "s".repeat(601) },
      { audiences: ["a".repeat(601)] },
    ])
      match(refused(await trust("careful", "one", change), 400, "BadRequest"), /exceeds 600 characters/);
    equal((await trust("careful", "one", { issuer: url.padEnd(600, "x") })).status, 201);
    equal(arm.emulator.world.identities.get(path("careful").toLowerCase())?.federatedCredentials.size, 1);
  });

  it("stay in their region", async () => {
    await make("settled");
    const moved = await arm.call("PUT", path("settled"), { body: { location: "northeurope", tags: { a: "b" } } });
    refused(moved, 409, "InvalidResourceLocation");
    const held = arm.emulator.world.identities.get(path("settled").toLowerCase());
    deepEqual([held?.location, held?.tags], ["westeurope", {}]);
  });

  it("have at most 20 credentials", async () => {
    await make("crowded");
    for (let index = 0; index < 20; index += 1) equal((await trust("crowded", `c-${index}`)).status, 201);
    refused(await trust("crowded", "c-20"), 400, "BadRequest");
    equal((await trust("crowded", "c-7", { subject: "changed" })).status, 200);
  });

  it("refuse a second write of credentials while one is in progress", async () => {
    const slow = await startArm({ settings: { federatedWriteMs: 1_500 } });
    try {
      const [identity] = slow.emulator.info.identities;
      const before = slow.emulator.world.identities.get(
        String(identity?.resourceId).toLowerCase(),
      )?.federatedCredentials;
      const write = (name: string) =>
        slow.call("PUT", `${identity?.resourceId}/federatedIdentityCredentials/${name}`, {
          body: { properties: { issuer: "https://issuer.example", subject: name, audiences: AUDIENCES } },
        });
      const answers = await Promise.all([write("one"), write("two"), write("three")]);
      deepEqual(answers.map((each) => each.status).toSorted(), [201, 409, 409]);
      const loser = answers.find((each) => each.status === 409);
      if (loser === undefined) throw new Error("none was refused");
      refused(loser, 409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity");
      equal(before?.size, 2);
    } finally {
      await slow.close();
    }
  });
});
