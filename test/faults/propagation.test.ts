// A role assignment takes effect some time after it was created and stays in effect for some time after it is deleted; a new
// principal is unknown at first. What the driver says and does in the meantime.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { containerFor, read, write } from "../../src/commands/demo/workload.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { refused } from "../support/refused.ts";
import { report } from "./support/figures.ts";

const LAGS_SECONDS = [0, 30, 600];
/** csi-provisioner's retries: 1 s, doubled. Six of them are a minute. */
const ATTEMPTS_IN_A_MINUTE = 6;
/** Calls that one attempt may make on a known account: container, role assignment, and the SDK's own retries. */
const MOST_CALLS = 8;

describe("a role assignment", function () {
  this.timeout(120_000);
  const apps: EmulatedApp[] = [];
  const results: string[] = [];
  after(async () => {
    for (const app of apps) await app.stop();
    report(5, results.join("; "));
  });

  const start = async (seconds: number) => {
    const settings = { propagationGrantMs: seconds * 1000, propagationRemovalMs: seconds * 1000 };
    const app = await startEmulatedApp([], { settings });
    apps.push(app);
    return app;
  };

  /** The volume as the node plugin would open it. */
  const openAs = ({ emulator }: EmulatedApp, id: string) => {
    const [, account, container] = id.split("#");
    const { tenantId, authorityHost, blobEndpoint, identities } = emulator.info;
    const { name = "", clientId = "" } = identities[0] ?? {};
    const serviceAccountToken = () => emulator.issuer.mint({ namespace: "demo", name });
    return containerFor(`${blobEndpoint}/${account}/${container}`, {
      tenantId,
      authorityHost,
      clientId,
      serviceAccountToken,
    });
  };

  for (const seconds of LAGS_SECONDS) {
    it(`that takes effect after ${seconds} s: the container refuses access until then, and opens after that`, async () => {
      const app = await start(seconds);
      app.forgetCalls();
      const volume = await create(app, createRequest(app.emulator));
      const calls = app.armCalls().length;
      const container = openAs(app, volume.volume_id);
      if (seconds > 0) {
        const early = await write(container, "a", "hello");
        assert.deepEqual([early.status, early.code], [403, "AuthorizationPermissionMismatch"]);
        app.emulator.clock.advance((seconds - 5) * 1000);
        assert.equal((await write(openAs(app, volume.volume_id), "a", "hello")).status, 403);
        app.emulator.clock.advance(6_000);
      }
      assert.equal((await write(openAs(app, volume.volume_id), "a", "hello")).status, 201);
      // A repeated create only reads, and changes nothing.
      app.forgetCalls();
      await create(app, createRequest(app.emulator, {}, { name: volume.volume_id.split("#")[2] ?? "" }));
      const again = app.armCalls();
      assert(again.every(({ method }) => method === "GET"));
      results.push(`${seconds} s: ${calls} calls, open after it`);
    });
  }

  for (const seconds of LAGS_SECONDS) {
    it(`that stays in effect for ${seconds} s after its removal: deletion does not wait, and the data is gone at once`, async () => {
      const app = await start(seconds);
      const request = createRequest(app.emulator);
      const volume = await create(app, request);
      app.emulator.clock.advance(seconds * 1000 + 1000);
      assert.equal((await write(openAs(app, volume.volume_id), "a", "hello")).status, 201);
      app.forgetCalls();
      await app.csi.controller("DeleteVolume", { volume_id: volume.volume_id });
      assert(app.armCalls().length <= MOST_CALLS, "the deletion polls for the end of the lag");
      const left = await read(openAs(app, volume.volume_id), "a");
      assert.notEqual(left.status, 200, "the deleted data can still be read");
      // The same claim again: its role assignment is created again, although the old one is still in effect.
      const second = await create(app, request);
      assert.equal(second.volume_id, volume.volume_id);
      app.emulator.clock.advance(seconds * 1000 + 1000);
      assert.equal((await write(openAs(app, second.volume_id), "b", "again")).status, 201);
    });
  }

  it("for a principal that Azure does not find for 60 s: every attempt is bounded and says so, and then one succeeds", async () => {
    const app = await start(0);
    await create(app, createRequest(app.emulator));
    app.emulator.faults.add({
      match: { service: "arm", operation: "roleAssignments/create" },
      times: -1,
      action: { status: 400, code: "PrincipalNotFound", message: "Principal a2f0 does not exist in the directory." },
    });
    const request = createRequest(app.emulator);
    let most = 0;
    for (let attempt = 0; attempt < ATTEMPTS_IN_A_MINUTE; attempt++) {
      app.forgetCalls();
      await refused(
        create(app, request),
        status.UNAVAILABLE,
        /assigning role .* to principal .*PrincipalNotFound.*it is tried again/,
      );
      most = Math.max(most, app.armCalls().length);
    }
    assert(most <= MOST_CALLS, `${most} calls in one attempt`);
    app.emulator.faults.clear();
    const volume = await create(app, request);
    assert.equal((await write(openAs(app, volume.volume_id), "a", "hello")).status, 201);
    results.push(`PrincipalNotFound for 60 s: at most ${most} calls an attempt, then success`);
  });
});
