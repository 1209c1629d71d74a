// ControllerExpandVolume over real gRPC: the size is a label, raised and never lowered.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

const GIB = 2 ** 30;

describe("ControllerExpandVolume", () => {
  let app: EmulatedApp;
  let id: string;
  before(async () => {
    app = await startEmulatedApp();
    id = (await create(app, createRequest(app.emulator))).volume_id;
  });
  after(() => app.stop());

  const expand = (volumeId: string, requiredBytes: number, limitBytes = 0) =>
    app.csi.controller("ControllerExpandVolume", {
      volume_id: volumeId,
      capacity_range: { required_bytes: String(requiredBytes), limit_bytes: String(limitBytes) },
    });
  const metadata = () => app.emulator.world.containers.get(id.split("#").slice(1, 3).join("/"))?.metadata ?? {};

  it("raises the recorded size, keeps the rest of the metadata, and needs nothing of the node", async () => {
    const before = metadata();
    const answer = await expand(id, 3 * GIB);
    assert.deepEqual(answer, { capacity_bytes: String(3 * GIB), node_expansion_required: false });
    assert.deepEqual(metadata(), { ...before, keyless_size_bytes: String(3 * GIB) });
  });

  it("the same or a smaller size changes nothing, with no write", async () => {
    app.forgetCalls();
    assert.equal((await expand(id, 3 * GIB)).capacity_bytes, String(3 * GIB));
    assert.equal((await expand(id, GIB)).capacity_bytes, String(3 * GIB));
    assert(app.armCalls().every(({ method }) => method === "GET"));
  });

  it("works after a workload has emptied the metadata", async () => {
    const other = (await create(app, createRequest(app.emulator))).volume_id;
    const container = app.emulator.world.containers.get(other.split("#").slice(1, 3).join("/"));
    if (container) container.metadata = {};
    assert.equal((await expand(other, 2 * GIB)).capacity_bytes, String(2 * GIB));
  });

  for (const [what, run, code] of [
    ["a limit below the size", () => expand(id, 0, GIB), status.OUT_OF_RANGE],
    ["a size over 5 PiB", () => expand(id, 6 * 2 ** 50), status.OUT_OF_RANGE],
    ["no size", () => expand(id, 0), status.INVALID_ARGUMENT],
    ["no volume id", () => expand("", GIB), status.INVALID_ARGUMENT],
    ["an unknown volume", () => expand("fake-vol-id", GIB), status.NOT_FOUND],
    ["a container that is gone", () => expand(id.replace("#pvc-", "#pvd-"), GIB), status.NOT_FOUND],
  ] as const) {
    it(`${what} is ${status[code]}`, () => assert.rejects(run(), { code }));
  }
});
