// Every change of Azure is one line of the log: whatever the story, the fault or the retry, the audit lines are the writes that
// Azure received, with its own request ids.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { runOrphans } from "../../src/commands/orphans.ts";
import type { FaultAction } from "../../src/emulator/faults/faults.ts";
import { trustTag } from "../../src/volume/formats/federated-credential.ts";
import { startAppInCluster } from "../support/app-in-cluster.ts";
import { assertAudited, deedsOf } from "../support/audit.ts";
import { create, type EmulatedApp } from "../support/emulated-app.ts";
import { allowController } from "../support/emulated-rights.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { SAFE_MOUNT } from "../support/safe-mount.ts";
import { createSink } from "../support/sink.ts";

const CONTAINERS = "storageAccounts/blobServices/containers";
const CREDENTIALS = "userAssignedIdentities/federatedIdentityCredentials";

/** Every write of the life of a volume with an account of its own, as the emulator names it. */
const WRITES = [
  "storageAccounts/create",
  "containers/create",
  "roleAssignments/create",
  "containers/update",
  "roleAssignments/delete",
  "containers/delete",
  "storageAccounts/delete",
];

describe("the audit", () => {
  let app: EmulatedApp;
  let cluster: FakeCluster;
  async function start(...flags: string[]): Promise<void> {
    ({ app, cluster } = await startAppInCluster(["--account-cache", "1ms", ...flags], {
      patience: { retryDelayMs: 5 },
    }));
    const [first, second] = app.emulator.info.identities;
    cluster.serviceAccounts.set("demo/workload-a", first?.clientId ?? "");
    cluster.serviceAccounts.set("demo/workload-b", second?.clientId ?? "");
    app.forgetCalls();
  }
  afterEach(() => app.stop());

  const nextRequest = (parameters: Record<string, string> = {}) => {
    const uid = randomUUID();
    cluster.claims.set(`demo/${uid}`, { uid, isBoundLate: false, serviceAccount: "workload-a" });
    return {
      name: `pvc-${uid}`,
      volume_capabilities: [{ mount: SAFE_MOUNT, access_mode: { mode: "SINGLE_NODE_WRITER" as const } }],
      parameters: {
        identity: "serviceAccount",
        ...parameters,
        "csi.storage.k8s.io/pvc/name": uid,
        "csi.storage.k8s.io/pvc/namespace": "demo",
      },
    };
  };
  const remove = (id: string) => app.csi.controller("DeleteVolume", { volume_id: id });
  const expand = (id: string) =>
    app.csi.controller("ControllerExpandVolume", { volume_id: id, capacity_range: { required_bytes: "5000000000" } });
  const account = () => [...app.emulator.world.accounts.values()][0] ?? assert.fail("no account");
  const audited = () => deedsOf(assertAudited(app.emulator, app.log()));

  it("of a volume's life: made, made again, expanded, handed to another identity, deleted", async () => {
    await start();
    const request = nextRequest({ isolation: "volume", softDeleteBlobs: "7" });
    const { volume_id: id } = await create(app, request);
    await create(app, request);
    await expand(id);
    const claim = `demo/${request.name.slice(4)}`;
    cluster.claims.set(claim, { uid: request.name.slice(4), isBoundLate: false, serviceAccount: "workload-b" });
    await create(app, request);
    await remove(id);
    await remove(id);
    const lines = assertAudited(app.emulator, app.log());
    for (const { claim: of, volume } of lines) assert.deepEqual([of, volume], [claim, request.name]);
    assert.deepEqual(deedsOf(lines), [
      "create storageAccounts -> accepted",
      "update storageAccounts/blobServices -> done",
      `create ${CONTAINERS} -> done`,
      "create roleAssignments -> done",
      `update ${CONTAINERS} -> done`,
      "delete roleAssignments -> done",
      `update ${CONTAINERS} -> done`,
      "create roleAssignments -> done",
      "delete roleAssignments -> done",
      // Those that the metadata names are deleted by name, since a list may lag.
      "delete roleAssignments -> absent",
      "delete roleAssignments -> absent",
      `delete ${CONTAINERS} -> done`,
      "delete storageAccounts -> done",
    ]);
  });

  const faults: Readonly<Record<string, FaultAction>> = {
    "a refusal": { status: 403, code: "AuthorizationFailed", message: "no" },
    "an outage": { status: 503, message: "later" },
    "a wait": { status: 429, code: "TooManyRequests", headers: { "retry-after": "1" } },
    "a broken connection": { reset: "before" },
    "a broken connection after the effect": { reset: "after" },
    "half an answer": { truncate: 9 },
  };
  for (const [what, action] of Object.entries(faults)) {
    it(`of ${what} at each write, with the SDK's retries and the next attempts`, async () => {
      await start();
      for (const operation of WRITES)
        app.emulator.faults.add({ match: { service: "arm", operation }, times: 1, action });
      const again = async <T>(work: () => Promise<T>) => {
        for (let attempt = 0; attempt < 4; attempt++) await work().catch(() => undefined);
        return await work();
      };
      const request = nextRequest({ isolation: "volume" });
      const { volume_id: id } = await again(() => create(app, request));
      await again(() => expand(id));
      await again(() => remove(id));
      const met = app.emulator.calls.report().calls.filter(({ fault }) => fault !== undefined);
      assert.deepEqual(met.map(({ operation }) => operation).sort(), [...WRITES].sort());
      audited();
    }).timeout(60_000);
  }

  it("of a lease that is broken, and of what many claims do at once", async () => {
    await start();
    const volumes = await Promise.all(Array.from({ length: 12 }, () => create(app, nextRequest({ poolSize: "2" }))));
    const [leased] = app.emulator.world.containers.values();
    assert(leased);
    leased.lease = { state: "leased", id: randomUUID(), durationSeconds: -1 };
    await Promise.all(volumes.map(({ volume_id: id }) => remove(id)));
    assert.deepEqual(
      audited().filter((deed) => deed.startsWith("break")),
      [`break lease ${CONTAINERS} -> done`],
    );
  });

  it("of the background check, which repairs an account and puts its tags back", async () => {
    await start("--repair-drift");
    await create(app, nextRequest());
    app.forgetCalls();
    const before = app.log().length;
    account().properties["allowSharedKeyAccess"] = true;
    account().tags = {};
    const ended = app.untilTask("drift-check");
    await app.time.advance(12 * 60_000);
    assert.equal(await ended, "done");
    const lines = assertAudited(app.emulator, app.log().slice(before));
    assert(lines.every(({ task }) => task === "drift-check"));
    assert.deepEqual(deedsOf(lines).sort(), ["repair storageAccounts -> done", "restore tags storageAccounts -> done"]);
  });

  it("of a credential that is written, and of what `orphans --delete` removes", async () => {
    await start("--manage-federated-credentials");
    const identity = [...app.emulator.world.identities.values()].find(({ name }) => name === "workload-a");
    assert(identity);
    identity.federatedCredentials.clear();
    identity.tags = { [trustTag(app.emulator.issuer.issuer)]: "demo/workload-a" };
    allowController(app.emulator, `/subscriptions/${app.emulator.info.subscriptionId}`, [
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
    ]);
    await create(app, nextRequest({ isolation: "volume" }));
    cluster.claims.clear();
    cluster.serviceAccounts.clear();
    const stderr = createSink();
    const values = { olderThan: 0, delete: true, output: "json" as const, moreThanUsual: true, evenAll: true };
    await runOrphans({ config: app.config, values, cluster, stdout: createSink().stream, stderr: stderr.stream });
    const removed = deedsOf(assertAudited(app.emulator, app.log(), stderr.text())).filter((deed) =>
      deed.startsWith("delete"),
    );
    assert.deepEqual(
      removed.sort(),
      [
        "delete roleAssignments -> done",
        `delete ${CONTAINERS} -> done`,
        "delete storageAccounts -> done",
        `delete ${CREDENTIALS} -> done`,
      ].sort(),
    );
  });
});
