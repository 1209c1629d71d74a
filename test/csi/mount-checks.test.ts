// What CreateVolume says of a class or a CSIDriver with which a pod would lose its data: asserted on what Azure holds, and on
// the very words that `kubectl describe pvc` shows.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { RECOMMENDED_OPTIONS } from "../../src/backend/blob/mount-options.ts";
import type { CreateVolumeRequestInit } from "../../src/csi/proto.generated.ts";
import { DriverError } from "../../src/errors.ts";
import { LONGEST_MESSAGE } from "../../src/text/cut.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { type FakeCluster, SHIPPED_DRIVER } from "../support/fake-cluster.ts";
import { refused } from "../support/refused.ts";

type Mode =
  | "SINGLE_NODE_MULTI_WRITER"
  | "SINGLE_NODE_SINGLE_WRITER"
  | "MULTI_NODE_READER_ONLY"
  | "MULTI_NODE_MULTI_WRITER";

describe("the mount checks of CreateVolume", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  let seeded: number;
  afterEach(() => app.stop());

  async function start(...flags: string[]): Promise<void> {
    ({ app, cluster } = await startAppInCluster(flags));
    seeded = app.emulator.world.roleAssignments.size;
  }

  /** As csi-provisioner sends it for a claim of the class `fast`. */
  function request(mountFlags: readonly string[], mode: Mode = "MULTI_NODE_MULTI_WRITER"): CreateVolumeRequestInit {
    const uid = randomUUID();
    cluster.claims.set(`team/${uid}`, { uid, isBoundLate: false, className: "fast" });
    const metadata = { "csi.storage.k8s.io/pvc/name": uid, "csi.storage.k8s.io/pvc/namespace": "team" };
    return createRequest(app.emulator, metadata, {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: { mount_flags: [...mountFlags] }, access_mode: { mode } }],
    });
  }
  const withFlags = (asked: CreateVolumeRequestInit, mountFlags: readonly string[]): CreateVolumeRequestInit => ({
    ...asked,
    volume_capabilities: [
      { mount: { mount_flags: [...mountFlags] }, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } },
    ],
  });
  const isRefused = async (asked: CreateVolumeRequestInit, code: status, message: RegExp) => {
    const details = await refused(create(app, asked), code, message);
    assert(details.length < 920, "an event has room for it, with what csi-provisioner puts before");
  };
  const assertNothingMade = () => {
    const { accounts, containers, roleAssignments } = app.emulator.world;
    assert.deepEqual([accounts.size, containers.size, roleAssignments.size - seeded], [0, 0, 0]);
    assert(app.armCalls().every(({ method }) => method === "GET"));
  };

  describe("of the class's mount options", () => {
    it("refuse the file cache before anything is created, with the line that fixes the class, which then works", async () => {
      await start();
      const asked = request(["-o allow_other,uid=1000"]);
      await isRefused(
        asked,
        status.FAILED_PRECONDITION,
        /^the class mounts with blobfuse2's file cache, which loses data/,
      );
      assertNothingMade();
      const patch = await create(app, asked).catch(({ details }: { details: string }) => details);
      const [, json = ""] =
        /kubectl patch storageclass fast --type=merge -p '(\{.*?\})'\. Fix existing/.exec(String(patch)) ?? [];
      const { mountOptions } = JSON.parse(json) as { mountOptions: string[] };
      assert.deepEqual(mountOptions, ["-o allow_other,uid=1000", ...RECOMMENDED_OPTIONS.slice(1)]);
      await create(app, withFlags(asked, mountOptions));
      assert.deepEqual(cluster.warnings, []);
    });

    for (const mode of ["SINGLE_NODE_SINGLE_WRITER", "MULTI_NODE_READER_ONLY"] as const) {
      it(`accept the file cache in access mode ${mode}`, async () => {
        await start();
        await create(app, request(["-o allow_other"], mode));
      });
    }

    it("accept the file cache of a class that says so, in the same account, and do not send it to the node plugin", async () => {
      await start();
      const plain = await create(app, request(RECOMMENDED_OPTIONS));
      const asked = request(["-o allow_other"]);
      const accepted = await create(app, { ...asked, parameters: { ...asked.parameters, acceptFileCache: "true" } });
      assert.equal(accepted.volume_id.split("#")[1], plain.volume_id.split("#")[1]);
      assert.deepEqual(Object.keys(accepted.volume_context).sort(), Object.keys(plain.volume_context).sort());
    });

    it("only warn with --mount-checks=warn: in the log with volume, claim and class, and once on the claim", async () => {
      await start("--mount-checks", "warn");
      const asked = request(["-o allow_other"]);
      await create(app, asked);
      assert.deepEqual(
        cluster.warnings.map(({ namespace, name, reason }) => ({ namespace, name, reason })),
        [{ namespace: "team", name: asked.name?.slice(4), reason: "FileCache" }],
      );
      const lines = app
        .log()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const [line, ...more] = lines.filter(({ warning }) => warning === "FileCache");
      assert.deepEqual(more, []);
      const { level, volume, claim, storageClass, message } = line ?? {};
      assert.deepEqual(
        [level, volume, claim, storageClass],
        ["warn", asked.name, `team/${asked.name?.slice(4)}`, "fast"],
      );
      assert.match(String(message), /file cache, which loses data/);
    });

    it("warn of what root alone can use, and make the volume, also when the event cannot be written", async () => {
      await start();
      await create(app, request(RECOMMENDED_OPTIONS.slice(1)));
      assert.deepEqual(
        cluster.warnings.map(({ reason }) => reason),
        ["NoAllowOther"],
      );
      cluster.warnClaim = async () => {
        throw new DriverError("Misconfigured", "writing an event is forbidden");
      };
      await create(app, request(RECOMMENDED_OPTIONS.slice(1)));
    });

    it("warn of parameters that do nothing, which a class of an older version may have, and make the volume", async () => {
      await start();
      const asked = request(RECOMMENDED_OPTIONS);
      const plain = await create(app, request(RECOMMENDED_OPTIONS));
      const withoutEffect = { mountPermissions: "0755", fsGroupChangePolicy: "Always" };
      const made = await create(app, { ...asked, parameters: { ...asked.parameters, ...withoutEffect } });
      assert.deepEqual(Object.keys(made.volume_context).sort(), Object.keys(plain.volume_context).sort());
      assert.deepEqual(
        cluster.warnings.map(({ reason }) => reason),
        ["NoEffect"],
      );
      const message = cluster.warnings[0]?.message ?? "";
      assert.match(message, /fsGroupChangePolicy "Always" has no effect, .*; mountPermissions "0755" has no effect/);
      assert(message.length <= LONGEST_MESSAGE, `${message.length}`);
      const second = request(RECOMMENDED_OPTIONS);
      await create(app, { ...second, parameters: { ...second.parameters, ...withoutEffect } });
      await create(app, request(RECOMMENDED_OPTIONS));
      const others = cluster.warnings.slice(1).map((warning) => warning.message);
      assert.deepEqual(others, [message], "each volume of that class, and no other");
    });

    it("say nothing with --mount-checks=off", async () => {
      await start("--mount-checks", "off");
      cluster.csiDrivers.clear();
      await create(app, request([]));
      assert.deepEqual(cluster.warnings, []);
    });
  });

  describe("never make csi-provisioner forget a volume:", () => {
    it("what was created for a claim that is gone is handed back, whatever the class says by now", async () => {
      await start();
      const asked = request(RECOMMENDED_OPTIONS);
      const { volume_id: id } = await create(app, asked);
      cluster.claims.clear();
      cluster.csiDrivers.clear();
      assert.equal((await create(app, withFlags(asked, []))).volume_id, id);
    });

    it("a volume that exists answers UNAVAILABLE until the class is fixed, and then itself", async () => {
      await start();
      const asked = request(RECOMMENDED_OPTIONS);
      const volume = await create(app, asked);
      await isRefused(withFlags(asked, []), status.UNAVAILABLE, /file cache/);
      cluster.csiDrivers.clear();
      await isRefused(asked, status.UNAVAILABLE, /CSIDriver keyless.blob.csi does not exist/);
      cluster.csiDrivers.set("keyless.blob.csi", SHIPPED_DRIVER);
      assert.deepEqual(await create(app, asked), volume);
    });
  });

  describe("of the node plugin's CSIDriver", () => {
    it("refuse a volume whose pod would run on the node's own disk, until the object is repaired", async () => {
      await start();
      cluster.csiDrivers.set("keyless.blob.csi", { ...SHIPPED_DRIVER, tokenRequests: [] });
      const asked = request(RECOMMENDED_OPTIONS);
      await isRefused(
        asked,
        status.FAILED_PRECONDITION,
        /^CSIDriver keyless.blob.csi: tokenRequests lacks .* own disk/,
      );
      assertNothingMade();
      cluster.csiDrivers.set("keyless.blob.csi", SHIPPED_DRIVER);
      await create(app, asked);
    });

    it("judge a repaired object at once, although it was remembered as it was", async () => {
      await start();
      cluster.rememberedDrivers.set("keyless.blob.csi", { ...SHIPPED_DRIVER, tokenRequests: [] });
      await create(app, request(RECOMMENDED_OPTIONS));
    });

    it("ask for the plugin's one audience, whatever the cloud's is", async () => {
      await start();
      const audience = "api://AzureADTokenExchangeUSGov";
      cluster.csiDrivers.set("keyless.blob.csi", { ...SHIPPED_DRIVER, tokenRequests: [{ audience }] });
      await isRefused(
        request(RECOMMENDED_OPTIONS),
        status.FAILED_PRECONDITION,
        /AzureADTokenExchange: every mount would/,
      );
    });

    it("read the object that --node-driver names", async () => {
      await start("--node-driver", "blob.csi.azure.com");
      await isRefused(
        request(RECOMMENDED_OPTIONS),
        status.FAILED_PRECONDITION,
        /CSIDriver blob.csi.azure.com does not exist: .* install or repair the node plugin/,
      );
      cluster.csiDrivers.set("blob.csi.azure.com", SHIPPED_DRIVER);
      cluster.csiDrivers.delete("keyless.blob.csi");
      await create(app, request(RECOMMENDED_OPTIONS));
    });

    it("follow --driver-name, and read nothing when --node-driver is empty", async () => {
      await start("--driver-name", "blob.example.com");
      await isRefused(request(RECOMMENDED_OPTIONS), status.FAILED_PRECONDITION, /CSIDriver blob.example.com does not/);
      await app.stop();
      await start("--driver-name", "blob.example.com", "--node-driver", "");
      await create(app, request(RECOMMENDED_OPTIONS));
    });

    it("only warn with --mount-checks=warn", async () => {
      await start("--mount-checks", "warn");
      cluster.csiDrivers.set("keyless.blob.csi", { ...SHIPPED_DRIVER, hasTokensInSecrets: true });
      await create(app, request(RECOMMENDED_OPTIONS));
      assert.deepEqual(
        cluster.warnings.map(({ reason }) => reason),
        ["NodeDriver"],
      );
    });

    it("say what is missing when the object may not be read, and try again when nobody answers", async () => {
      await start();
      cluster.findCsiDriver = () =>
        Promise.reject(new DriverError("Misconfigured", "reading CSIDriver x is forbidden"));
      await isRefused(request(RECOMMENDED_OPTIONS), status.FAILED_PRECONDITION, /reading CSIDriver x is forbidden/);
      cluster.findCsiDriver = () => Promise.reject(new DriverError("Unavailable", "reading CSIDriver x failed"));
      await isRefused(request(RECOMMENDED_OPTIONS), status.UNAVAILABLE, /reading CSIDriver x failed/);
      assertNothingMade();
    });
  });

  it("are off without Kubernetes: plain gRPC callers mount as they like", async () => {
    app = await startEmulatedApp();
    await create(
      app,
      createRequest(
        app.emulator,
        {},
        { volume_capabilities: [{ mount: {}, access_mode: { mode: "MULTI_NODE_MULTI_WRITER" } }] },
      ),
    );
  });
});
