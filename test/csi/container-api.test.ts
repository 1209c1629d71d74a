// What the port FileSystems promises of containers, whichever API creates them: every promise against the emulator, on both.
import assert from "node:assert/strict";
import { createAdapters } from "../../src/app/adapters.ts";
import type { AzureWrite } from "../../src/azure/audit.ts";
import { blobBackend } from "../../src/backend/blob/backend.ts";
import { DriverError } from "../../src/errors.ts";
import { NO_CLUSTER } from "../../src/kubernetes/cluster.ts";
import type { AccountRef, FileSystemRef, FileSystems } from "../../src/volume/ports.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { heldContainers } from "../support/held.ts";
import { silentObserver } from "../support/silent-observer.ts";

const METADATA = { keyless_format: "1", keyless_volume: "%C3%A9t%C3%A9 1%", keyless_size_bytes: "1073741824" };
const STATE = { metadata: METADATA, sizeBytes: 2 ** 30 };

for (const api of ["arm", "blob"] as const) {
  describe(`containers with --container-api=${api}`, function () {
    this.timeout(20_000);
    let app: EmulatedApp;
    let fileSystems: FileSystems;
    let account: AccountRef;
    const writes: AzureWrite[] = [];

    before(async () => {
      app = await startEmulatedApp(["--container-api", api], { settings: { containerDeleteMs: 30_000 } });
      const observer = silentObserver({ azureWritten: (write) => writes.push(write) });
      const options = { cluster: NO_CLUSTER, patience: { retryDelayMs: 1 } };
      fileSystems = (await createAdapters(app.config, observer, options)).ports.fileSystems;
      const volume = await create(app, createRequest(app.emulator));
      account = blobBackend.parseVolumeId(volume.volume_id)?.account ?? assert.fail();
    });
    after(() => app.stop());
    beforeEach(() => {
      writes.length = 0;
    });
    afterEach(() => app.emulator.faults.clear());

    let counter = 0;
    const newRef = (): FileSystemRef => {
      counter += 1;
      return { account, name: `made-${api}-${counter}` };
    };
    const heldAt = ({ name }: FileSystemRef) => heldContainers(app.emulator.world).filter((each) => each.name === name);

    it("creates one with its metadata, which every read shows", async () => {
      const ref = newRef();
      assert.equal(await fileSystems.create(ref, STATE), undefined);
      assert.deepEqual(
        heldAt(ref).map(({ metadata }) => metadata),
        [METADATA],
      );
      assert.deepEqual(await fileSystems.find(ref), { ref, metadata: METADATA });
      const { fileSystems: listed } = await fileSystems.list(account, 5_000);
      assert.deepEqual(listed.find((each) => each.ref.name === ref.name)?.metadata, METADATA);
      assert.equal(await fileSystems.existIn(account, "another"), true);
    });

    it("leaves one that exists as it is, and answers it", async () => {
      const ref = newRef();
      await fileSystems.create(ref, STATE);
      const [before] = heldAt(ref).map((each) => structuredClone(each));
      const found = await fileSystems.create(ref, { ...STATE, metadata: { keyless_format: "9" } });
      assert.deepEqual(found, { ref, metadata: METADATA });
      assert.deepEqual(heldAt(ref), [before]);
    });

    it("makes one of many calls at once", async () => {
      const ref = newRef();
      const answers = await Promise.all(Array.from({ length: 8 }, () => fileSystems.create(ref, STATE)));
      assert(answers.includes(undefined));
      assert.deepEqual(
        answers.filter((each) => each !== undefined && each.metadata["keyless_volume"] !== METADATA.keyless_volume),
        [],
      );
      assert.equal(heldAt(ref).length, 1);
    });

    it("finds it done where the answer to its call was lost", async () => {
      const ref = newRef();
      const lost = { match: { operation: "containers/create" }, action: { reset: "after" } } as const;
      app.emulator.faults.add(lost);
      await fileSystems.create(ref, STATE);
      assert.deepEqual(
        heldAt(ref).map(({ metadata }) => metadata),
        [METADATA],
      );
    });

    it("changes metadata, and removes it, as if ARM had created it", async () => {
      const ref = newRef();
      await fileSystems.create(ref, STATE);
      await fileSystems.setMetadata(ref, { keyless_format: "1" });
      assert.deepEqual((await fileSystems.find(ref))?.metadata, { keyless_format: "1" });
      assert.equal(await fileSystems.remove(ref), "removed");
      assert.deepEqual(heldAt(ref), []);
    });

    it("says that one which is being deleted is tried again", async () => {
      const ref = newRef();
      await fileSystems.create(ref, STATE);
      await fileSystems.remove(ref);
      await assert.rejects(fileSystems.create(ref, STATE), (error) => {
        assert(error instanceof DriverError);
        assert.equal(error.reason, "Unavailable");
        assert.match(error.message, /^creating container made-.*being deleted.*; it is tried again$/);
        return true;
      });
      assert.deepEqual(heldAt(ref), []);
    });

    it("reports one write for each container that it makes, by its ARM id", async () => {
      const ref = newRef();
      await fileSystems.create(ref, STATE);
      const accountId = `/subscriptions/${account.subscriptionId}/resourceGroups/${account.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${account.name}`;
      assert.deepEqual(
        writes.map(({ action, kind, resourceId, result, status }) => [action, kind, resourceId, result, status]),
        [
          [
            "create",
            "Microsoft.Storage/storageAccounts/blobServices/containers",
            `${accountId}/blobServices/default/containers/${ref.name}`,
            "done",
            201,
          ],
        ],
      );
    });

    it(`asks ${api === "arm" ? "ARM twice" : "the Blob service once, and ARM nothing"}`, async () => {
      app.forgetCalls();
      await fileSystems.create(newRef(), STATE);
      const calls = app.emulator.calls.report().calls.map((call) => `${call.service} ${call.method} ${call.operation}`);
      const byArm = ["arm GET containers/get", "arm PUT containers/create"];
      assert.deepEqual(calls, api === "arm" ? byArm : ["blob PUT containers/create"]);
    });
  });
}
