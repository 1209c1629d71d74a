// The service as a neighbour of sidecars: what it announces, how it shares a volume between calls, and how it stops.
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { status } from "@grpc/grpc-js";
import { startApp } from "../../src/app/service.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createSink } from "../support/sink.ts";

describe("the CSI service", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp();
  });
  afterEach(() => app.stop());

  it("says who it is and what it can", async () => {
    const { csi } = app;
    const info = await csi.identity("GetPluginInfo", {});
    assert.equal(info.name, "keyless.blob.csi");
    assert.match(info.vendor_version, /^\d+\.\d+\.\d+/);
    const { capabilities: plugin } = await csi.identity("GetPluginCapabilities", {});
    assert(plugin.some(({ service }) => service?.type === "CONTROLLER_SERVICE"));
    assert(plugin.some((capability) => capability.volume_expansion?.type === "ONLINE"));
    const { capabilities } = await csi.controller("ControllerGetCapabilities", {});
    assert.deepEqual(
      capabilities.map(({ rpc }) => rpc?.type),
      ["CREATE_DELETE_VOLUME", "LIST_VOLUMES", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"],
    );
  });

  it("Probe stays ready while Azure is out of reach", async () => {
    app.emulator.faults.add({ match: {}, times: -1, action: { reset: "before" } });
    assert.deepEqual(await app.csi.identity("Probe", {}), { ready: { value: true } });
  });

  it("the socket is for its owner alone", async () => {
    assert.equal((await stat(app.config.socketPath)).mode & 0o777, 0o600);
  });

  it("a second service on a live socket is refused, and the first goes on", async () => {
    const log = createLogger({ level: "error", format: "json", stream: createSink().stream });
    await assert.rejects(
      startApp({ config: app.config, log }),
      /--endpoint unix:.*: another process serves there; stop it/,
    );
    await app.csi.identity("Probe", {});
  });

  it("an RPC that is not announced is UNIMPLEMENTED", async () => {
    await assert.rejects(app.csi.controller("GetCapacity", {}), { code: status.UNIMPLEMENTED });
  });

  it("ValidateVolumeCapabilities confirms what is available, says why something is not, and knows what exists", async () => {
    const { emulator, csi } = app;
    const volume = await create({ csi }, createRequest(emulator));
    const id = volume.volume_id;
    const mount = { mount: {}, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" as const } };
    const yes = await csi.controller("ValidateVolumeCapabilities", { volume_id: id, volume_capabilities: [mount] });
    assert.equal(yes.confirmed?.volume_capabilities[0]?.access_mode?.mode, "MULTI_NODE_MULTI_WRITER");
    const block = { block: {}, access_mode: { mode: "SINGLE_NODE_WRITER" as const } };
    const no = await csi.controller("ValidateVolumeCapabilities", { volume_id: id, volume_capabilities: [block] });
    assert.equal(no.confirmed, null);
    assert.match(no.message, /raw block volumes/);
    const missing = { volume_id: id.replace("#pvc-", "#pvd-"), volume_capabilities: [mount] };
    await assert.rejects(csi.controller("ValidateVolumeCapabilities", missing), { code: status.NOT_FOUND });
    await assert.rejects(csi.controller("ValidateVolumeCapabilities", { volume_id: id }), {
      code: status.INVALID_ARGUMENT,
    });
  });

  it("the same request joins the one under way; another one of the same volume is ABORTED", async () => {
    const { emulator, csi } = app;
    await create({ csi }, createRequest(emulator));
    const request = createRequest(emulator);
    emulator.faults.add({ match: { method: "PUT", path: "/containers/pvc-" }, action: { delay: 300 } });
    app.forgetCalls();
    const both = Promise.all([create({ csi }, request), create({ csi }, request)]);
    const larger = { ...request, capacity_range: { required_bytes: String(2 ** 40) } };
    await assert.rejects(csi.controller("CreateVolume", larger), { code: status.ABORTED });
    const [first, second] = await both;
    assert.deepEqual(first, second);
    const puts = app.armCalls().filter(({ method }) => method === "PUT");
    assert.equal(puts.length, 2, "one container, one role assignment");
  });

  it("stopping lets a call in flight finish and accepts no new one", async () => {
    const { emulator, csi, app: service } = app;
    emulator.faults.add({ match: { method: "PUT", path: "/containers/pvc-" }, action: { delay: 300 } });
    const request = createRequest(emulator);
    const inFlight = app.untilStep("container");
    const running = create({ csi }, request);
    await inFlight;
    assert.equal(await service.stop(), "finished");
    const volume = await running;
    assert(emulator.world.containers.has(volume.volume_id.split("#").slice(1, 3).join("/")));
    await assert.rejects(csi.identity("Probe", {}), { code: status.UNAVAILABLE });
  });

  it("no token and no key is in the log, at the most talkative level", async () => {
    await create(app, createRequest(app.emulator));
    const text = app.log();
    assert(text.includes("role assignment in place"), text);
    assert.doesNotMatch(text, /eyJ[\w-]{10,}\./);
    assert.doesNotMatch(text, /Bearer\s+\S/);
  });
});
