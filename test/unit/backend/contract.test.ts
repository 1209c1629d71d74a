// The contract of a backend: create, list, inspect, expand and delete over buckets in memory, by the stories that blob volumes
// go through. What Azure does with containers is in test/csi.
import assert from "node:assert/strict";
import { createFollowUps } from "../../../src/concurrency/follow-ups.ts";
import { createReadersWriterLock } from "../../../src/concurrency/readers-writer-lock.ts";
import { NO_CLUSTER } from "../../../src/kubernetes/cluster.ts";
import { parseVolumeClass } from "../../../src/volume/class/parse-class.ts";
import { poolKeyOf } from "../../../src/volume/class/volume-class.ts";
import { withPrincipals } from "../../../src/volume/formats/file-system-metadata.ts";
import { roleAssignmentName } from "../../../src/volume/names.ts";
import { createOrphanRemoval } from "../../../src/volume/orphans/removal.ts";
import { surveyOrphans } from "../../../src/volume/orphans/survey.ts";
import type { Cluster, Ports } from "../../../src/volume/ports.ts";
import { createVolumes } from "../../../src/volume/volumes.ts";
import { createFakeTime } from "../../support/fake-time.ts";
import { createMemoryCloud, memoryBackend } from "../../support/memory-backend.ts";
import { silentObserver } from "../../support/silent-observer.ts";
import { CLIENT, PRINCIPAL, SETTINGS } from "../../support/volume-settings.ts";

const NAME = "pvc-0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4";

function setUp(cluster: Cluster = NO_CLUSTER) {
  const cloud = createMemoryCloud();
  const steps: string[] = [];
  const observer = silentObserver({ stepDone: (step) => void steps.push(step) });
  const ports: Ports = {
    accounts: cloud.accounts,
    fileSystems: cloud.fileSystems,
    roleAssignments: cloud.roleAssignments,
    identities: {
      findByClientId: async () => undefined,
      findReadable: async () => [],
      trusts: async () => false,
      addTrust: async () => {},
      list: async () => [],
      listTrusts: async () => [],
      listCredentials: async () => [],
      removeCredential: async () => {},
    },
    access: { listRoles: async () => [], listDenials: async () => [] },
    cluster,
    observer,
    accountLock: createReadersWriterLock(),
    followUps: createFollowUps({ task: "access-check", time: createFakeTime(), observer }),
  };
  const deps = {
    ports,
    settings: { ...SETTINGS, mountChecks: "off" as const, roleId: memoryBackend.dataRoleId("") },
    backend: memoryBackend,
  };
  return { cloud, steps, deps, volumes: createVolumes(deps) };
}

const request = (parameters: Record<string, string> = {}, overrides: object = {}) => ({
  name: NAME,
  requiredBytes: 100,
  limitBytes: 0,
  parameters: { clientID: CLIENT, principalID: PRINCIPAL, ...parameters },
  mountFlags: [],
  accessModes: [],
  ...overrides,
});

describe("a backend", () => {
  it("creates a volume in six steps, and a second time nothing", async () => {
    const { cloud, steps, volumes } = setUp();
    const volume = await volumes.create(request({ colour: "blue", buckets: "3" }));
    assert.deepEqual(steps, ["request", "identity", "account", "bucket", "access", "volume context"]);
    assert.deepEqual(cloud.writes, ["create account", "create bucket", "create role assignment"]);
    assert.deepEqual(volume.context, { bucket: NAME, clientID: CLIENT, colour: "blue" });
    assert.deepEqual(memoryBackend.parseVolumeId(volume.id)?.name, NAME);
    const [account] = cloud.held.accounts.values();
    assert.equal(account?.spec.shape["buckets"], 3);
    assert.deepEqual(await volumes.create(request({ colour: "blue", buckets: "3" })), volume);
    assert.equal(cloud.writes.length, 3);
  });

  it("has its own parameters, which decide the account and are refused by its own rules", async () => {
    const { volumes, cloud } = setUp();
    await volumes.create(request({ buckets: "3" }));
    await volumes.create(request({ buckets: "4" }, { name: NAME.replace("0e6", "1e6") }));
    assert.equal(cloud.held.accounts.size, 2, "classes that differ never share an account");
    const { grantScope, buckets } = poolKeyOf(
      memoryBackend.parameters,
      parseVolumeClass(request({ buckets: "3" }).parameters, SETTINGS, memoryBackend),
    );
    assert.deepEqual({ grantScope, buckets }, { grantScope: "bucket", buckets: 3 });
    await assert.rejects(volumes.create(request({ buckets: "1" })), /buckets 1 leaves a pool no room/);
    await assert.rejects(volumes.create(request({ skuName: "Standard_LRS" })), /skuName is not a parameter/);
    await assert.rejects(volumes.create(request({ grantScope: "account" })), /would open the buckets of other tenants/);
  });

  it("removes what a former account of the name left before anybody is given the new one", async () => {
    const { cloud, volumes } = setUp();
    await volumes.create(request());
    const [{ account } = assert.fail()] = cloud.held.accounts.values();
    const scope = memoryBackend.scopeOf({ account: account.ref, name: "x" }).replace("/buckets/x", "");
    const principalId = "99999999-0000-4000-8000-000000000009";
    const roleId = memoryBackend.dataRoleId("");
    const name = roleAssignmentName(scope, principalId, roleId);
    const stale = { name, scope, roleId, principalId, createdAtMs: 1_999 };
    cloud.held.roleAssignments.set(stale.name, stale);
    await cloud.accounts.remove(account.ref);
    cloud.writes.length = 0;
    await volumes.create(request());
    assert.deepEqual(cloud.writes.slice(0, 3), ["create account", "remove role assignment", "create bucket"]);
    assert(!cloud.held.roleAssignments.has(stale.name));
  });

  it("lists page by page, inspects, and expands to a size that it enforces", async () => {
    const { cloud, volumes } = setUp();
    const names = ["1", "2", "3"].map((digit) => NAME.replace("0e6", `${digit}e6`));
    for (const name of names) await volumes.create(request({}, { name }));
    const first = await volumes.list(2, "");
    assert.equal(first.volumes.length, 2);
    const second = await volumes.list(2, first.nextToken ?? "");
    assert.deepEqual([second.volumes.length, second.nextToken], [1, undefined]);
    assert.deepEqual(
      [...first.volumes, ...second.volumes].map(({ sizeBytes }) => sizeBytes),
      [100, 100, 100],
    );
    const [{ id } = assert.fail()] = first.volumes;
    assert.equal(await volumes.expand(id, { requiredBytes: 200, limitBytes: 0 }), 200);
    const { ref } = await volumes.inspect(id);
    assert.equal(cloud.held.buckets.get(memoryBackend.scopeOf(ref))?.sizeBytes, 200);
    await assert.rejects(volumes.expand(id, { requiredBytes: 2_000, limitBytes: 0 }), /over the maximum of 1000 bytes/);
  });

  it("deletes a volume and its role assignment, and the account that was for it alone", async () => {
    const { cloud, volumes } = setUp();
    const shared = await volumes.create(request());
    const own = await volumes.create(request({ isolation: "volume" }, { name: NAME.replace("0e6", "1e6") }));
    cloud.writes.length = 0;
    await volumes.delete(own.id);
    assert.deepEqual(cloud.writes, ["remove role assignment", "remove bucket", "remove account"]);
    await volumes.delete(own.id);
    await volumes.delete(shared.id);
    await volumes.delete("rg#account#container###subscription");
    assert.deepEqual([cloud.held.accounts.size, cloud.held.buckets.size, cloud.held.roleAssignments.size], [1, 0, 0]);
    await assert.rejects(volumes.inspect(shared.id), { reason: "NotFound" });
  });

  for (const [what, isListed, answers, writes] of [
    ["listed", true, [false, false, true], ["remove bucket", "remove role assignment", "create role assignment"]],
    [
      "in use at first",
      true,
      [true, false, true],
      ["remove bucket", "remove role assignment", "create role assignment"],
    ],
    [
      "not listed yet",
      false,
      [false, false, true],
      ["remove role assignment", "remove bucket", "create role assignment"],
    ],
    [
      "not listed yet, before the last one was removed",
      false,
      [false, true, true],
      ["remove role assignment", "create role assignment", "remove bucket"],
    ],
  ] as const) {
    it(`puts back what an account lost while another volume came into it, and nothing that metadata merely names: ${what}`, async () => {
      const { cloud, volumes } = setUp({ ...NO_CLUSTER, findNamespaceUid: async () => "uid-1" });
      const shared = { isolation: "namespace", grantScope: "account" };
      const { id } = await volumes.create(request(shared, { claim: { namespace: "team", name: "data" } }));
      const [bucket = assert.fail()] = cloud.held.buckets.values();
      const metadata = withPrincipals(bucket.metadata, [PRINCIPAL, "99999999-0000-4000-8000-000000000009"]);
      cloud.held.buckets.set(memoryBackend.scopeOf(bucket.ref), { ...bucket, metadata });
      const others: boolean[] = [...answers];
      const other = { account: bucket.ref.account, name: "other" };
      cloud.fileSystems.existIn = async () => {
        const isThere = others.shift() ?? assert.fail("asked too often");
        if (isThere) cloud.held.buckets.set(memoryBackend.scopeOf(other), { ...bucket, ref: other, metadata });
        return isThere;
      };
      if (!isListed) cloud.roleAssignments.listAtAndAbove = async () => [];
      cloud.writes.length = 0;
      await volumes.delete(id);
      assert.deepEqual(cloud.writes, writes);
      const [only, ...more] = cloud.held.roleAssignments.values();
      assert.deepEqual([only?.principalId, more], [PRINCIPAL, []]);
    });
  }

  it("finds and removes its orphans, but nothing that a volume refers to", async () => {
    const volumeOf = (id: string) => ({ name: "pv", handle: id, attributes: {}, phase: "Bound" });
    const referenced: string[] = [];
    const { deps, volumes, cloud } = setUp({
      ...NO_CLUSTER,
      isConnected: true,
      listVolumes: async () => referenced.map(volumeOf),
    });
    referenced.push((await volumes.create(request())).id);
    const lost = await volumes.create(request({}, { name: NAME.replace("0e6", "1e6") }));
    const { orphans, needed } = await surveyOrphans(deps, { olderThanMs: 1, nowMs: 10 });
    assert.equal(needed, 1);
    assert.deepEqual(
      orphans.map(({ kind, id }) => [kind, id.split("/").at(-1)]),
      [["file system", memoryBackend.parseVolumeId(lost.id)?.name]],
    );
    const remove = createOrphanRemoval(deps, { now: () => 0 });
    for (const orphan of orphans) assert.equal(await remove(orphan), "removed");
    assert.equal(cloud.held.buckets.size, 1);
  });
});
