// How long a request to ARM may take: which limit holds for which request, and that it ends the request.
import assert from "node:assert/strict";
import { createAccounts } from "../../../src/azure/accounts.ts";
import { limitFor, TIME_LIMITS } from "../../../src/azure/time-limits.ts";
import { BLOB_ACCOUNTS } from "../../../src/backend/blob/account-shape.ts";
import { createFileSystems } from "../../../src/backend/blob/file-systems.ts";
import type { AccountRef } from "../../../src/volume/ports.ts";
import { type EmulatedArm, startEmulatedArm } from "../../support/emulated-arm.ts";

const GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/g";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/a`;
const CONTAINER = `${ACCOUNT}/blobServices/default/containers/c`;
const ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments";

describe("the time limit of a request to ARM", () => {
  for (const [method, url, limit, milliseconds] of [
    ["GET", `${ACCOUNT}?api-version=1`, "read", 8_000],
    ["GET", `${CONTAINER}?api-version=1`, "read", 8_000],
    ["GET", `${CONTAINER}/${ASSIGNMENTS}/x?api-version=1`, "read", 8_000],
    [
      "GET",
      "https://management.azure.com/subscriptions/s/providers/Microsoft.Storage/locations/l/asyncoperations/o",
      "read",
      8_000,
    ],
    ["GET", `${GROUP}/providers/Microsoft.Storage/storageAccounts?api-version=1`, "list", 30_000],
    ["GET", `${ACCOUNT}/blobServices/default/containers?$maxpagesize=5000`, "list", 30_000],
    ["GET", `${CONTAINER}/${ASSIGNMENTS}?$filter=atScope()`, "list", 30_000],
    ["GET", `https://management.azure.com/subscriptions/s/${ASSIGNMENTS}?$skipToken=a/b`, "list", 30_000],
    [
      "GET",
      `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i/federatedIdentityCredentials`,
      "list",
      30_000,
    ],
    ["PUT", ACCOUNT, "write", 30_000],
    ["PATCH", ACCOUNT, "write", 30_000],
    ["DELETE", ACCOUNT, "accountDeletion", 120_000],
    [
      "DELETE",
      ACCOUNT.replace("Microsoft.Storage/storageAccounts", "microsoft.storage/STORAGEACCOUNTS"),
      "accountDeletion",
      120_000,
    ],
    ["DELETE", CONTAINER, "write", 30_000],
    ["DELETE", `${ACCOUNT}/${ASSIGNMENTS}/x`, "write", 30_000],
    ["DELETE", `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i`, "write", 30_000],
  ] as const) {
    it(`of ${method} ${new URL(url).pathname.slice(0, 150)} is ${milliseconds / 1000} s`, () => {
      assert.equal(limitFor({ method, url }), limit);
      assert.equal(TIME_LIMITS[limit], milliseconds);
    });
  }

  describe("against an Azure that takes longer than one limit and less than another", () => {
    const DELAY_MS = 600;
    const SHORT_MS = 150;
    const LONG_MS = 60_000;
    let azure: EmulatedArm;
    let ref: AccountRef;
    before(async () => {
      azure = await startEmulatedArm();
      const { subscriptionId, resourceGroup, location } = azure.emulator.info;
      ref = { subscriptionId, resourceGroup, name: "timelimits" };
      await accountsWith({}).create(ref, { location, tags: {}, shape: {} });
    });
    after(() => azure.stop());
    afterEach(() => azure.emulator.faults.clear());

    const connect = (limits: Partial<typeof TIME_LIMITS>) =>
      azure.connect({ timeLimits: { ...TIME_LIMITS, ...limits } });
    const accountsWith = (limits: Partial<typeof TIME_LIMITS>) => {
      const { now } = azure;
      return createAccounts({
        arm: connect(limits),
        shaping: BLOB_ACCOUNTS,
        rememberMs: 0,
        now,
        sleep: async () => {},
      });
    };
    const slow = (method: string, path: string) =>
      azure.emulator.faults.add({ match: { method, path }, times: -1, action: { delay: DELAY_MS } });
    const isLate = { name: "DriverError", message: /no answer|aborted|timed out/i };
    const ONE = "/storageAccounts/timelimits\\?";
    const ALL = "/storageAccounts\\?";

    it("a list is waited for longer than a read", async () => {
      const accounts = accountsWith({ read: SHORT_MS, list: LONG_MS });
      slow("GET", ONE);
      await assert.rejects(accounts.find(ref), isLate);
      slow("GET", ALL);
      assert.deepEqual(
        (await accounts.list(ref)).map(({ ref: { name } }) => name),
        ["timelimits"],
      );
      const others = accountsWith({ list: SHORT_MS });
      await assert.rejects(others.list(ref), isLate);
    });

    it("an account's deletion is waited for longer than another write", async () => {
      const limits = { write: SHORT_MS, accountDeletion: LONG_MS };
      slow("DELETE", "/storageAccounts/");
      const fileSystems = createFileSystems({
        arm: connect(limits),
        forgetAccount() {},
        rememberMs: 0,
        now: azure.now,
      });
      await assert.rejects(fileSystems.remove({ account: ref, name: "none" }), isLate);
      await accountsWith(limits).remove(ref);
      assert.equal(azure.emulator.world.accounts.has("timelimits"), false);
    });
  });
});
