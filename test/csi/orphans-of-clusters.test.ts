// `orphans` beside another cluster: it deletes nothing that carries another's mark, nor what a former cluster may still need,
// nor without a further word what carries no mark, nor more than usual.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type OrphansContext, runOrphans } from "../../src/commands/orphans.ts";
import { NO_CLUSTER } from "../../src/kubernetes/cluster.ts";
import { create, createRequest, type EmulatedApp, startEmulatedApp } from "../support/emulated-app.ts";
import { createFakeCluster, type FakeCluster } from "../support/fake-cluster.ts";
import { heldContainers, heldRoleAssignments } from "../support/held.ts";
import { createSink } from "../support/sink.ts";

const UID_A = "aaaaaaaa-0000-4000-8000-00000000000a";
const UID_B = "bbbbbbbb-0000-4000-8000-00000000000b";
const GONE = { clusterId: "emulator", clusterUid: UID_A };

interface Found {
  readonly kind: string;
  readonly id: string;
  readonly outcome: string;
  readonly keptBecause?: string;
  readonly claim?: string;
  readonly ageSeconds?: number;
  readonly sizeBytes?: number;
}

describe("orphans beside another cluster", () => {
  let first: EmulatedApp;
  let clusterA: FakeCluster;
  let clusterB: FakeCluster;
  const others: EmulatedApp[] = [];

  beforeEach(async () => {
    first = await startEmulatedApp([], {
      clusterFor: ({ issuer }) => {
        clusterA = createFakeCluster(issuer.issuer, UID_A);
        clusterB = createFakeCluster(issuer.issuer, UID_B);
        return clusterA;
      },
    });
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.stop();
    await first.stop();
  });

  async function joinB(...flags: string[]): Promise<EmulatedApp> {
    const other = await startEmulatedApp(flags, { emulator: first.emulator, clusterFor: () => clusterB });
    others.push(other);
    return other;
  }
  type Stated = Partial<OrphansContext["values"]>;

  /** With older-than 0: everything is old enough. */
  async function orphans(app: EmulatedApp, cluster: FakeCluster, stated: Stated = {}) {
    const out = createSink();
    const values = { olderThan: -60_000, delete: false, output: "json" as const, ...stated };
    const streams = { stdout: out.stream, stderr: createSink().stream };
    const code = await runOrphans({ config: app.config, values, cluster, ...streams });
    const report = JSON.parse(out.text()) as {
      readonly findings: readonly Found[];
      readonly unmarked: readonly { readonly command: string }[];
    };
    return { code, ...report, outcomes: report.findings.map(({ outcome }) => outcome) };
  }
  const deletion = { delete: true, evenAll: true } as const;

  /** A volume whose claim and PersistentVolume are in `cluster`, or nowhere. */
  async function volumeIn(app: EmulatedApp, cluster?: FakeCluster, parameters: Record<string, string> = {}) {
    const uid = randomUUID();
    const claim = { "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/pvc/namespace": "team" };
    const known = app === first ? clusterA : clusterB;
    known.claims.set("team/data", { uid, isBoundLate: false });
    const request = createRequest(app.emulator, { ...parameters, ...claim }, { name: `pvc-${uid}` });
    const { volume_id: id } = await create(app, request);
    known.claims.delete("team/data");
    cluster?.volumes.add(`pvc-${uid}`);
    return id;
  }
  const containers = () => heldContainers(first.emulator.world).length;
  const assignments = () =>
    heldRoleAssignments(first.emulator.world).filter(({ scope }) => scope.includes("/storageAccounts/")).length;
  function unmarkAccounts(): void {
    for (const account of first.emulator.world.accounts.values()) {
      const { "keyless-csi.cluster-uid": _, ...tags } = account.tags;
      account.tags = tags;
    }
  }
  function unmarkContainers(): void {
    for (const container of heldContainers(first.emulator.world)) container.metadata = {};
  }

  it("of the same id finds and deletes nothing of its: containers, accounts and role assignments", async () => {
    await volumeIn(first, clusterA);
    await volumeIn(first, clusterA, { isolation: "volume" });
    const gone = await volumeIn(first, clusterA, { isolation: "volume" });
    first.emulator.world.accounts.delete(gone.split("#")[1] ?? "");
    const second = await joinB();
    const [held, granted] = [containers(), assignments()];
    const { code, findings } = await orphans(second, clusterB, { ...deletion, unmarked: true });
    assert.deepEqual({ code, findings }, { code: 0, findings: [] });
    assert.deepEqual([containers(), assignments()], [held, granted]);
    assert.equal(
      (await orphans(first, clusterA)).findings.length,
      1,
      "the role assignment at the account that is gone",
    );
  });

  it("that it has taken over lists what its own claims do not need, and deletes it only when that one is said to be gone", async () => {
    const moved = await volumeIn(first);
    await volumeIn(first, clusterA);
    clusterB.volumes.add(moved.split("#")[2] ?? "");
    const gone = await volumeIn(first, clusterA, { isolation: "volume" });
    first.emulator.world.accounts.delete(gone.split("#")[1] ?? "");
    first.emulator.world.containers.delete(gone.split("#").slice(1, 3).join("/"));
    const heir = await joinB("--cluster-id", "heir", "--also-owns", `emulator/${UID_A}`);
    const kept = await orphans(heir, clusterB, { ...deletion, unmarked: true });
    assert.deepEqual(kept.outcomes, ["found", "found"]);
    for (const { keptBecause = "" } of kept.findings)
      assert.match(
        keptBecause,
        new RegExp(`cluster emulator/${UID_A} may still need it, and its claims cannot be seen`),
      );
    assert.equal(kept.code, 3);
    assert.equal(containers(), 2);
    const last = await orphans(heir, clusterB, { ...deletion, goneCluster: [GONE] });
    assert.deepEqual(last.outcomes, ["removed", "removed"]);
    assert.deepEqual([containers(), assignments()], [1, 1], "what was moved stays");
  });

  it("that it has taken over by its id alone is not believed to be gone, nor to be the only one of that id", async () => {
    await volumeIn(first, clusterA);
    unmarkAccounts();
    unmarkContainers();
    const heir = await joinB("--cluster-id", "heir", "--also-owns", "emulator");
    for (const stated of [{}, { unmarked: true }, { goneCluster: [{ clusterId: "emulator" }] }]) {
      const { findings } = await orphans(heir, clusterB, { ...deletion, ...stated });
      assert.deepEqual(
        findings.map(({ kind, outcome }) => [kind, outcome]),
        [["container", "found"]],
      );
    }
    assert.equal(containers(), 1);
    const both = { unmarked: true, goneCluster: [{ clusterId: "emulator" }] };
    assert.deepEqual((await orphans(heir, clusterB, { ...deletion, ...both })).outcomes, ["removed"]);
    assert.equal(containers(), 0);
  });

  it("may have made what carries no mark, so that is deleted only when it is said to be this cluster's", async () => {
    await volumeIn(first);
    const gone = await volumeIn(first, clusterA, { isolation: "volume" });
    first.emulator.world.accounts.delete(gone.split("#")[1] ?? "");
    first.emulator.world.containers.delete(gone.split("#").slice(1, 3).join("/"));
    unmarkAccounts();
    unmarkContainers();
    for (const assignment of first.emulator.world.roleAssignments.values())
      assignment.description = assignment.description?.replace(` uid=${UID_A}`, "") ?? "";
    const kept = await orphans(first, clusterA, deletion);
    assert.deepEqual(kept.outcomes, ["found", "found"]);
    for (const { keptBecause = "" } of kept.findings)
      assert.match(keptBecause, /carries no mark, so another cluster with the id emulator may need it/);
    assert.match(
      kept.unmarked[0]?.command ?? "",
      new RegExp(
        `^az tag update --operation merge --resource-id /sub.*/kl[a-z2-7]{22} --tags keyless-csi.cluster-uid=${UID_A}$`,
      ),
    );
    assert.equal(containers(), 1);
    assert.deepEqual((await orphans(first, clusterA, { ...deletion, unmarked: true })).outcomes, [
      "removed",
      "removed",
    ]);
    assert.deepEqual([containers(), assignments()], [0, 0]);
  });

  it("that has a container in an account without a mark keeps everything in it", async () => {
    await volumeIn(first);
    unmarkAccounts();
    const second = await joinB();
    await volumeIn(second, clusterB);
    const { findings } = await orphans(first, clusterA, { ...deletion, unmarked: true });
    assert.equal(findings.length, 1);
    assert.match(findings[0]?.keptBecause ?? "", /another cluster has a container in its storage account/);
    assert.equal(containers(), 2);
  });

  it("that has a container in an account without a mark is not marked out of it, and keeps what nobody can tell apart after that", async () => {
    await volumeIn(first);
    unmarkAccounts();
    unmarkContainers();
    const second = await joinB();
    await volumeIn(second, clusterB);
    const before = await orphans(first, clusterA, { ...deletion, unmarked: true });
    assert.deepEqual(before.unmarked, [], "no command that would make the other cluster's container this one's");
    for (const account of first.emulator.world.accounts.values())
      account.tags = { ...account.tags, "keyless-csi.cluster-uid": UID_A };
    const { findings } = await orphans(first, clusterA, deletion);
    assert.deepEqual(
      findings.map(({ outcome }) => outcome),
      ["found", "found"],
    );
    assert.equal(containers(), 2);
  });

  it("whose mark a container's metadata carries keeps it, whatever its account says", async () => {
    await volumeIn(first);
    for (const container of heldContainers(first.emulator.world)) container.metadata["keyless_cluster_uid"] = UID_B;
    const { findings } = await orphans(first, clusterA, deletion);
    assert.match(findings[0]?.keptBecause ?? "", /its metadata carries another cluster's mark/);
    assert.equal(containers(), 1);
  });

  it("cannot be told without Kubernetes: what is marked is listed and kept", async () => {
    await volumeIn(first, clusterA);
    const { findings } = await orphans(first, { ...clusterA, ...NO_CLUSTER });
    assert.match(findings[0]?.keptBecause ?? "", /without Kubernetes there is none to compare/);
  });

  it("needs more than --yes for more than a fifth of the containers, or more than ten objects", async () => {
    for (let count = 0; count < 7; count += 1) await volumeIn(first, clusterA);
    for (let count = 0; count < 2; count += 1) await volumeIn(first);
    const needs = { delete: true };
    await assert.rejects(
      orphans(first, clusterA, needs),
      /2 of 9 containers would be deleted, more than 20 %: nothing was/,
    );
    await volumeIn(first, clusterA);
    assert.deepEqual((await orphans(first, clusterA, needs)).outcomes, ["removed", "removed"]);
    for (let count = 0; count < 11; count += 1) await volumeIn(first);
    await assert.rejects(
      orphans(first, clusterA, needs),
      /11 objects would be deleted, more than 10: nothing was deleted/,
    );
    assert.equal(containers(), 19);
    assert.equal((await orphans(first, clusterA, { ...needs, moreThanUsual: true })).code, 0);
    assert.equal(containers(), 8);
    clusterA.volumes.clear();
    await assert.rejects(orphans(first, clusterA, { ...needs, moreThanUsual: true }), /looks like the wrong cluster/);
    assert.equal(containers(), 8);
  });

  it("lists of each container which claim it was made for, its age and its size, and believes no metadata that is not a name", async () => {
    await volumeIn(first, undefined, { isolation: "volume" });
    const [container] = heldContainers(first.emulator.world);
    const [found] = (await orphans(first, clusterA)).findings;
    assert.equal(found?.claim, "team/data");
    assert.equal(found?.sizeBytes, 2 ** 30);
    assert(found?.ageSeconds !== undefined && found.ageSeconds < 60);
    Object.assign(container?.metadata ?? {}, { keyless_pvc_name: "%1B%5B2Jdata" });
    assert.equal((await orphans(first, clusterA)).findings[0]?.claim, undefined);
  });
});
