// What a tenant can do with the token it has: to its own container with the built-in role, which is more than ours allows,
// and to another tenant's, which is nothing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { containerFor } from "../../src/commands/demo/workload.ts";
import type { Volume } from "../../src/csi/proto.generated.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

/** Storage Blob Data Contributor: besides blobs it may write, lease, delete and make containers. */
const CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

describe("a tenant", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  function containerOf(volume: Volume, index: number) {
    const { blobEndpoint, authorityHost, tenantId, identities } = app.emulator.info;
    const { storageaccount, containerName } = volume.volume_context;
    const { name = "", clientId = "" } = identities[index] ?? {};
    const serviceAccountToken = () => app.emulator.issuer.mint({ namespace: "demo", name });
    const url = `${blobEndpoint}/${storageaccount}/${containerName}`;
    return containerFor(url, { clientId, tenantId, authorityHost, serviceAccountToken });
  }
  const refusal = async (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: { statusCode?: number; code?: string }) => `${error.statusCode} ${error.code}`,
    );

  it("cannot read, write, delete, list or add in another tenant's container", async () => {
    const volume = await create(app, createRequest(app.emulator));
    const own = containerOf(volume, 0);
    await own.getBlockBlobClient("a").upload("mine", 4);
    const foreign = containerOf(volume, 1);
    const blob = foreign.getBlockBlobClient("a");
    const tries = {
      read: await refusal(blob.download()),
      write: await refusal(blob.upload("x", 1)),
      delete: await refusal(blob.delete()),
      list: await refusal(foreign.listBlobsFlat().next()),
      add: await refusal(foreign.getBlockBlobClient("new").upload("x", 1, { conditions: { ifNoneMatch: "*" } })),
      properties: await refusal(foreign.getProperties()),
    };
    for (const [what, seen] of Object.entries(tries)) assert.match(seen, /^403 /, `${what}: ${seen}`);
    assert.equal((await own.getBlobClient("a").downloadToBuffer()).toString(), "mine");
  });

  describe("that holds the built-in role on its own container", () => {
    let volume: Volume;
    let request: ReturnType<typeof createRequest>;
    beforeEach(async () => {
      request = createRequest(app.emulator);
      volume = await create(app, request);
      const [assignment] = [...app.emulator.world.roleAssignments.values()].filter(({ scope }) =>
        scope.endsWith(request.name ?? "-"),
      );
      if (assignment === undefined) assert.fail("no role assignment");
      const name = randomUUID();
      // At the account, so that a container that it creates again is its own too.
      const scope = assignment.scope.replace(/\/blobServices\/.*/, "");
      app.emulator.world.roleAssignments.set(name, { ...assignment, name, scope, roleDefinitionName: CONTRIBUTOR });
    });

    const behavesTheSame = async () => {
      const { csi } = app;
      const { entries } = await csi.controller("ListVolumes", {});
      assert(entries.some((entry) => entry.volume?.volume_id === volume.volume_id));
      const range = { required_bytes: String(2 ** 32) };
      await csi.controller("ControllerExpandVolume", { volume_id: volume.volume_id, capacity_range: range });
      const again = { ...request, capacity_range: range };
      assert.equal((await create(app, again)).volume_id, volume.volume_id);
      await csi.controller("DeleteVolume", { volume_id: volume.volume_id });
      const key = volume.volume_id.split("#").slice(1, 3).join("/");
      const left = app.emulator.world.containers.get(key);
      assert(left === undefined || left.deletedUntil !== undefined, "the container is gone");
    };

    it("may empty or rewrite its metadata: list, expand, create and delete behave the same", async () => {
      await containerOf(volume, 0).setMetadata({});
      await behavesTheSame();
    });

    it("may claim to be another volume of another cluster: list, expand and delete behave the same", async () => {
      await containerOf(volume, 0).setMetadata({ keyless_volume: "pvc-other", keyless_size_bytes: "-1" });
      await behavesTheSame();
    });

    it("may lease it for good: it is deleted all the same", async () => {
      await containerOf(volume, 0).getBlobLeaseClient().acquireLease(-1);
      await behavesTheSame();
    });

    it("may delete and recreate it: it is the same volume", async () => {
      const container = containerOf(volume, 0);
      await container.delete();
      await container.create();
      await behavesTheSame();
    });
  });
});

describe("--allowed-namespaces", () => {
  it("keeps classes that name an identity to the namespaces of the configuration", async () => {
    const app = await startEmulatedApp(["--allowed-namespaces", "platform"]);
    const inNamespace = (name: string) =>
      createRequest(app.emulator, { "csi.storage.k8s.io/pvc/namespace": name, "csi.storage.k8s.io/pvc/name": "data" });
    await create(app, inNamespace("platform"));
    const refused = {
      code: status.FAILED_PRECONDITION,
      details: /namespace team may not use .*identity: serviceAccount/,
    };
    await assert.rejects(create(app, inNamespace("team")), refused);
    await assert.rejects(create(app, createRequest(app.emulator)), { code: status.FAILED_PRECONDITION });
    await app.stop();
  });
});
