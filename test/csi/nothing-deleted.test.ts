// DeleteVolume succeeds for what is not there, as CSI demands, and never in silence: one line says that nothing was deleted and
// where the controller looked.
import assert from "node:assert/strict";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";

describe("DeleteVolume of what is not there", () => {
  let app: EmulatedApp;
  beforeEach(async () => {
    app = await startEmulatedApp(["--account-cache", "0s", "--http-endpoint", "127.0.0.1:0"]);
  });
  afterEach(() => app.stop());

  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const lines = () =>
    app
      .log()
      .split("\n")
      .filter((line) => line.includes("nothing was deleted"))
      .map((line) => JSON.parse(line) as Record<string, string>);
  const made = async () => {
    const { volume_id: id } = await create(app, createRequest(app.emulator));
    const [resourceGroup = "", account = "", container = "", , , subscriptionId = ""] = id.split("#");
    return { id, where: { resourceGroup, account, container, subscriptionId } };
  };
  async function assertSaid(id: string, message: RegExp, missing: string, where?: object): Promise<void> {
    const [line, ...more] = lines();
    assert(line && more.length === 0, "one line");
    const { time: _, level, message: said, callId, volume, volumeId, method, ...fields } = line;
    assert.equal(level, missing === "file system" ? "info" : "warn");
    assert.match(said ?? "", message);
    assert.match(callId ?? "", /^[0-9a-f-]{36}$/);
    assert.deepEqual([volumeId, volume, method], [id, id.split("#")[2], "/csi.v1.Controller/DeleteVolume"]);
    assert.deepEqual(fields, where ?? {});
    const { host, port } = app.app.health ?? assert.fail("no metrics");
    const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
    assert(metrics.includes(`keyless_csi_nothing_deleted_total{missing="${missing}"} 1`));
  }

  it("a handle that is not ours, of a static volume with policy Delete", async () => {
    for (const [index, id] of ["by-hand", "group#account#container"].entries()) {
      await remove(id);
      assert.equal(lines().length, index + 1);
    }
    assert.deepEqual(
      lines().map(({ volumeId }) => volumeId),
      ["by-hand", "group#account#container"],
    );
    assert(
      lines().every(({ message }) => /the volume handle is not one that this driver gives out/.test(message ?? "")),
    );
  });

  it("an account that was moved or deleted", async () => {
    const { id, where } = await made();
    app.emulator.world.accounts.delete(where.account);
    await remove(id);
    await assertSaid(id, /the storage account or its resource group does not exist there/, "account", where);
  });

  it("a resource group that is gone", async () => {
    const { id, where } = await made();
    app.emulator.world.accounts.clear();
    app.emulator.world.resourceGroups.clear();
    await remove(id);
    await assertSaid(id, /the storage account or its resource group does not exist there/, "account", where);
  });

  it("a container that is gone", async () => {
    const { id, where } = await made();
    app.emulator.world.containers.clear();
    await remove(id);
    await assertSaid(id, /the container does not exist in the storage account/, "file system", where);
  });

  it("a container that is gone, with --on-delete=retain", async () => {
    await app.stop();
    app = await startEmulatedApp(["--account-cache", "0s", "--http-endpoint", "127.0.0.1:0", "--on-delete", "retain"]);
    const { id, where } = await made();
    app.emulator.world.containers.clear();
    await remove(id);
    await assertSaid(id, /the container does not exist in the storage account/, "file system", where);
  });

  it("a container that is gone, in an account that lost its tags", async () => {
    const { id, where } = await made();
    app.emulator.world.containers.clear();
    for (const account of app.emulator.world.accounts.values()) account.tags = {};
    await remove(id);
    await assertSaid(id, /the container does not exist in the storage account/, "file system", where);
  });

  it("is not said of a volume that is deleted", async () => {
    const { id } = await made();
    await remove(id);
    assert.deepEqual(lines(), []);
  });
});
