// What Azure still holds after DeleteVolume: of a class with softDeleteContainers the volume with its data, which an
// administrator restores; of a class without it nothing.
import assert from "node:assert/strict";
import { BlobServiceClient } from "@azure/storage-blob";
import { containerFor } from "../../src/commands/demo/workload.ts";
import { BLOB_SERVICE_SCOPE, deletedIn } from "../support/deleted-containers.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { administratorToken } from "../support/emulator-client.ts";

describe("a deleted volume of a class with soft delete", () => {
  let app: EmulatedApp;
  before(async () => {
    app = await startEmulatedApp();
  });
  after(() => app.stop());

  /** The volume's container, as its workload opens it. */
  const opened = (context: Readonly<Record<string, string>>) => {
    const { info, issuer } = app.emulator;
    const [workload] = info.identities;
    const { storageaccount, containerName } = context;
    return containerFor(`${info.blobEndpoint}/${storageaccount}/${containerName}`, {
      clientId: workload?.clientId ?? "",
      tenantId: info.tenantId,
      authorityHost: info.authorityHost,
      serviceAccountToken: () => issuer.mint({ namespace: "demo", name: workload?.name ?? "" }),
    });
  };
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });

  it("stays for the class's days, is restored with its data, and its name makes a new, empty volume", async () => {
    const request = createRequest(app.emulator, { softDeleteContainers: "7" });
    const volume = await create(app, request);
    const context = volume.volume_context;
    await opened(context).getBlockBlobClient("b").upload("data", 4);
    await remove(volume.volume_id);
    const [deleted, ...others] = deletedIn(app.emulator);
    assert.ok(deleted);
    assert.deepEqual([deleted.name, deleted.retainedDays, others.length], [context["containerName"], 7, 0]);
    assert.equal(app.emulator.world.containers.size, 0);

    const again = await create(app, request);
    assert.equal(again.volume_context["containerName"], deleted.name);
    assert.equal(await opened(context).getBlockBlobClient("b").exists(), false);
    await remove(again.volume_id);

    const token = await administratorToken(app.emulator, BLOB_SERVICE_SCOPE);
    const service = new BlobServiceClient(`${app.emulator.info.blobEndpoint}/${deleted.account}`, {
      getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 60_000 }),
    });
    await service.undeleteContainer(deleted.name, deleted.version);
    const held = app.emulator.world.containers.get(`${deleted.account}/${deleted.name}`);
    assert.equal(app.emulator.services.blobs.blobsOf(held?.uid ?? "").find("b")?.size, 4);
    // DeleteVolume has removed the workload's role assignment, which a restore does not bring back.
    await assert.rejects(opened(context).getBlockBlobClient("b").download(), { statusCode: 403 });
  });

  it("does not stay when the class keeps only blobs, which come back while the volume exists", async () => {
    const before = deletedIn(app.emulator).length;
    const volume = await create(app, createRequest(app.emulator, { softDeleteBlobs: "7" }));
    const client = opened(volume.volume_context).getBlockBlobClient("b");
    await client.upload("data", 4);
    await client.delete();
    await client.undelete();
    assert.equal((await client.downloadToBuffer()).toString(), "data");
    await remove(volume.volume_id);
    assert.equal(deletedIn(app.emulator).length, before);
  });
});
