// Soft delete of an account: a class raises it, never lowers it, and leaves every other setting of the blob service as others
// have made it. Asserted is what ARM holds of `blobServices/default` afterwards.
import assert from "node:assert/strict";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

/** What backup, a policy and an administrator may have set beside soft delete. */
const OF_OTHERS = {
  cors: {
    corsRules: [
      {
        allowedOrigins: ["https://example.net"],
        allowedMethods: ["GET"],
        maxAgeInSeconds: 60,
        exposedHeaders: ["*"],
        allowedHeaders: ["*"],
      },
    ],
  },
  defaultServiceVersion: "2023-11-03",
  isVersioningEnabled: true,
  changeFeed: { enabled: true, retentionInDays: 40 },
  restorePolicy: { enabled: true, days: 6 },
  lastAccessTimeTrackingPolicy: {
    enable: true,
    name: "AccessTimeTracking",
    trackingGranularityInDays: 1,
    blobType: ["blockBlob"],
  },
};
const DAYS_30 = { enabled: true, days: 30 };

describe("the retention of an account", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp(["--account-cache", "0s"]);
  });
  afterEach(() => app.stop());
  const account = () => [...app.emulator.world.accounts.values()][0] ?? assert.fail("no account");
  const ask = (own: Record<string, string>) => create(app, createRequest(app.emulator, own));
  const writes = () => app.armCalls().filter(({ operation }) => operation === "blobServices/set").length;

  it("that others have raised stays, and nothing is written, however often the class asks", async () => {
    const own = { softDeleteBlobs: "7", softDeleteContainers: "7" };
    await ask(own);
    const raised = { ...OF_OTHERS, deleteRetentionPolicy: DAYS_30, containerDeleteRetentionPolicy: DAYS_30 };
    account().blobService = structuredClone(raised);
    app.forgetCalls();
    await ask(own);
    await ask(own);
    assert.deepEqual(account().blobService, raised);
    assert.equal(writes(), 0);
    assert.equal(app.emulator.world.accounts.size, 1);
  });

  it("is raised where it is too low, and every other setting survives", async () => {
    const own = { softDeleteBlobs: "7", softDeleteContainers: "14" };
    await ask(own);
    const lowered = { enabled: true, days: 3, allowPermanentDelete: true };
    account().blobService = {
      ...structuredClone(OF_OTHERS),
      deleteRetentionPolicy: lowered,
      containerDeleteRetentionPolicy: DAYS_30,
    };
    await ask(own);
    assert.deepEqual(account().blobService, {
      ...OF_OTHERS,
      deleteRetentionPolicy: { ...lowered, days: 7 },
      containerDeleteRetentionPolicy: DAYS_30,
    });
    account().blobService = { ...structuredClone(OF_OTHERS), containerDeleteRetentionPolicy: { enabled: false } };
    await ask(own);
    const { deleteRetentionPolicy: blobs, containerDeleteRetentionPolicy: containers, ...rest } = account().blobService;
    assert.deepEqual(
      [blobs, containers],
      [
        { enabled: true, days: 7, allowPermanentDelete: false },
        { enabled: true, days: 14 },
      ],
    );
    assert.deepEqual(rest, OF_OTHERS);
  });

  it("that others have turned on is not turned off by a class that says 0", async () => {
    const own = { softDeleteBlobs: "0", softDeleteContainers: "0" };
    await ask(own);
    account().blobService = { deleteRetentionPolicy: DAYS_30, containerDeleteRetentionPolicy: DAYS_30 };
    app.forgetCalls();
    await ask(own);
    assert.deepEqual(account().blobService, {
      deleteRetentionPolicy: DAYS_30,
      containerDeleteRetentionPolicy: DAYS_30,
    });
    assert(!app.armCalls().some(({ operation }) => operation.startsWith("blobServices/")));
  });

  it("is written once for claims that arrive together", async () => {
    await app.stop();
    app = await startEmulatedApp();
    await Promise.all(Array.from({ length: 10 }, () => ask({ softDeleteBlobs: "7" })));
    assert.deepEqual(account().blobService["deleteRetentionPolicy"], {
      enabled: true,
      days: 7,
      allowPermanentDelete: false,
    });
    assert.equal(writes(), 1);
  });
});
