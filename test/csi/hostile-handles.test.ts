// Volume ids come from anyone who can write a PersistentVolume. Forged ones, by the hundred thousand: no crash, no write, and no
// call at all outside the operator's subscriptions and resource groups.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import { parseVolumeId } from "../../src/backend/blob/volume-id.ts";
import { deleteVolume } from "../../src/volume/delete.ts";
import type { AccountRef, Ports } from "../../src/volume/ports.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { silentObserver } from "../support/silent-observer.ts";
import { blobRules, SUBSCRIPTION } from "../support/volume-settings.ts";

const REAL = `keyless#klabcdefghijklmnopqrstuv#pvc-0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4###${SUBSCRIPTION}`;

/** Whole nonsense, and real ids with one part replaced by something nasty. */
const forged = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc
    .tuple(
      fc.nat(5),
      fc.constantFrom(
        "..",
        "../..",
        "%2e%2e",
        "%2f",
        "a/b",
        "\0",
        "x".repeat(129),
        "$web",
        "$root",
        "#",
        "",
        "pvc-",
        "v-1",
        "ü",
        "other",
      ),
    )
    .map(([index, nasty]) =>
      REAL.split("#")
        .map((part, at) => (at === index ? nasty : part))
        .join("#"),
    ),
  fc
    .tuple(
      fc.stringMatching(/^[a-z0-9]{3,24}$/),
      fc.stringMatching(/^[a-z0-9-]{3,50}$/),
      fc.uuid(),
      fc.stringMatching(/^[\w.()-]{1,90}$/),
    )
    .map(([account, container, subscription, group]) => `${group}#${account}#${container}###${subscription}`),
  fc
    .tuple(fc.stringMatching(/^[a-z0-9]{3,24}$/), fc.stringMatching(/^[a-z0-9-]{3,50}$/))
    .map(([account, container]) => `keyless#${account}#${container}###${SUBSCRIPTION}`),
);

describe("forged volume ids", () => {
  it("100,000 of them: 0 crashes, 0 writes, no call outside the operator's places", async () => {
    const seen = { asked: 0, refused: 0 };
    const fail = (what: string) => () => assert.fail(`${what} was called`);
    const find = async (ref: AccountRef) => {
      seen.asked += 1;
      assert.equal(`${ref.subscriptionId}/${ref.resourceGroup}`.toLowerCase(), `${SUBSCRIPTION}/keyless`);
      // Every second account exists, and belongs to somebody else, or to another cluster.
      const tags = { "keyless-csi.cluster": "other", "keyless-csi.pool": "p", "keyless-csi.shard": "0" };
      return ref.name.length % 2 === 0
        ? { ref, tags: ref.name.length % 4 === 0 ? tags : {}, nonEntraAccess: [], isHnsEnabled: false }
        : undefined;
    };
    const ports = {
      accounts: { remembered: () => undefined, find, remove: fail("accounts.remove") },
      fileSystems: {
        find: fail("fileSystems.find"),
        remove: fail("fileSystems.remove"),
        existIn: fail("fileSystems.existIn"),
      },
      roleAssignments: { listAtAndAbove: fail("list"), remove: fail("roleAssignments.remove"), create: fail("create") },
      observer: silentObserver(),
      cluster: { findVolumeUsing: fail("findVolumeUsing") },
    } as unknown as Ports;
    const deps = { ports, ...blobRules() };
    await fc.assert(
      fc.asyncProperty(forged, async (id) => {
        try {
          await deleteVolume(deps, id);
        } catch (error) {
          seen.refused += 1;
          assert.equal((error as { reason?: string }).reason, "NotOurs", String(error));
        }
      }),
      { numRuns: 100_000 },
    );
    assert(seen.asked > 1000 && seen.refused > 1000, JSON.stringify(seen));
    console.log(
      `      100,000 forged ids: ${seen.refused} refused, ${seen.asked} reads within the operator's places, 0 writes`,
    );
  }).timeout(120_000);

  it("whatever is parsed names exactly one container of one account", () => {
    fc.assert(
      fc.property(forged, (id) => {
        const ref = parseVolumeId(id);
        if (ref === undefined) return;
        for (const part of [ref.name, ref.account.name, ref.account.resourceGroup, ref.account.subscriptionId]) {
          assert(!/[/\\%?#\0]|\.\./.test(part) || part === ref.account.resourceGroup, part);
        }
        assert(!/[/\\%?#\0]/.test(ref.account.resourceGroup));
      }),
      { numRuns: 20_000 },
    );
  });

  describe("over the wire", () => {
    let app: EmulatedApp;
    before(async () => {
      app = await startEmulatedApp();
    });
    after(() => app.stop());

    it("500 of them against a live volume: it stays, and the service lives", async () => {
      const volume = await create(app, createRequest(app.emulator));
      const before = JSON.stringify([...app.emulator.world.containers.values()]);
      app.forgetCalls();
      const ids = fc.sample(forged, 500).filter((id) => id !== "" && !/[\ud800-\udfff]/.test(id));
      const answers = await Promise.allSettled(ids.map((id) => app.csi.controller("DeleteVolume", { volume_id: id })));
      for (const answer of answers) {
        if (answer.status === "rejected")
          assert.equal(answer.reason.code, status.FAILED_PRECONDITION, String(answer.reason));
      }
      assert(app.armCalls().every(({ method }) => method === "GET"));
      assert.equal(JSON.stringify([...app.emulator.world.containers.values()]), before);
      assert.equal(
        (await create(app, createRequest(app.emulator))).volume_id.split("#")[1],
        volume.volume_id.split("#")[1],
      );
    });
  });
});
