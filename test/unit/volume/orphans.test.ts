// The rules by which something is an orphan, without Azure: who holds a container, and in which order things are looked at.
import assert from "node:assert/strict";
import { parseScope } from "../../../src/backend/blob/arm-ids.ts";
import { blobBackend } from "../../../src/backend/blob/backend.ts";
import { NO_CLUSTER } from "../../../src/kubernetes/cluster.ts";
import { encodeAccountTags } from "../../../src/volume/formats/account-tags.ts";
import { readClusterReferences } from "../../../src/volume/orphans/cluster-references.ts";
import { takeInventory } from "../../../src/volume/orphans/inventory.ts";
import { surveyOrphans } from "../../../src/volume/orphans/survey.ts";
import { planVolume } from "../../../src/volume/plan.ts";
import type { Account, Cluster, ClusterVolume, FileSystem, Ports } from "../../../src/volume/ports.ts";
import { blobRules, CLIENT, SETTINGS } from "../../support/volume-settings.ts";

const UID = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OPTIONS = { olderThanMs: 3_600_000, nowMs: 10_000_000 };

const volumeOf = (fields: Partial<ClusterVolume>): ClusterVolume => ({
  ...{ name: "pv", handle: "", attributes: {}, phase: "Bound" },
  ...fields,
});
const clusterWith = (volumes: readonly ClusterVolume[], uids: readonly string[] = []): Cluster => ({
  ...NO_CLUSTER,
  isConnected: true,
  listVolumes: async () => volumes,
  listClaimUids: async () => new Set(uids),
  issuer: async () => "https://issuer",
});

const readReferences = (cluster: Cluster) =>
  readClusterReferences({ ports: { cluster } as Ports, backend: blobBackend });

describe("what the cluster refers to", () => {
  const cases: readonly (readonly [string, Cluster, string, boolean])[] = [
    ["a claim with the UID", clusterWith([], [UID]), `pvc-${UID}`, true],
    ["a volume of its name", clusterWith([volumeOf({ name: `pvc-${UID}` })]), `pvc-${UID}`, true],
    ["a volume whose name only hashes to it", clusterWith([volumeOf({ name: "A b" })]), "", false],
    ["a handle", clusterWith([volumeOf({ handle: "rg#acct#data###sub" })]), "data", true],
    [
      "an attribute, whatever its case",
      clusterWith([volumeOf({ attributes: { ContainerName: "data" } })]),
      "data",
      true,
    ],
    ["another handle", clusterWith([volumeOf({ handle: "rg#data#other###sub" })]), "data", false],
    ["nobody", clusterWith([], ["another"]), `pvc-${UID}`, false],
  ];
  for (const [what, cluster, name, isHeld] of cases) {
    it(`${what}: ${isHeld ? "referenced" : "not referenced"}`, async () => {
      assert.equal((await readReferences(cluster)).referencesFileSystem(name), isHeld);
    });
  }

  it("an identity is used in the namespace of a volume that is mounted with it, and in no other", async () => {
    const volume = volumeOf({
      attributes: { clientID: CLIENT.toUpperCase() },
      claim: { namespace: "team", name: "data", uid: "u" },
    });
    const references = await readReferences(clusterWith([volume]));
    assert.equal(references.referencesIdentity(CLIENT, "team"), true);
    assert.equal(references.referencesIdentity(CLIENT, "other"), false);
  });
});

describe("the scope of a role assignment", () => {
  const account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/klA";
  const ref = { subscriptionId: "s", resourceGroup: "g", name: "kla" };
  const cases: readonly (readonly [string, object | undefined])[] = [
    [account, { account: ref }],
    [`${account}/blobServices/default/containers/C1`, { account: ref, fileSystem: "c1" }],
    [`${account}/fileServices/default/fileshares/x`, undefined],
    ["/subscriptions/s/resourceGroups/g", undefined],
  ];
  for (const [scope, expected] of cases) {
    it(`${scope.slice(-50)}: ${JSON.stringify(expected)}`, () => assert.deepEqual(parseScope(scope), expected));
  }
});

const findOrphans = async (ports: Ports, settings = SETTINGS) =>
  (await surveyOrphans({ ports, ...blobRules(settings) }, OPTIONS)).orphans;

describe("looking for orphans", () => {
  /** An Azure with one account of this cluster, which records the calls. */
  function azureWith(cluster: Cluster, fileSystem: Partial<FileSystem>, account: Partial<Account> = {}) {
    const plan = planVolume(
      {
        ...{ name: `pvc-${UID}`, parameters: { clientID: CLIENT }, requiredBytes: 1, limitBytes: 0 },
        ...{ mountFlags: [], accessModes: [] },
      },
      blobRules(),
    );
    const [candidate] = plan.candidates;
    assert(candidate?.tags);
    const made = { ref: candidate.ref, tags: encodeAccountTags(candidate.tags) };
    const asked: string[] = [];
    const ref = { account: candidate.ref, name: plan.fileSystemName };
    const noting = <T>(what: string, answer: T) => {
      asked.push(what);
      return Promise.resolve(answer);
    };
    const ports = {
      accounts: {
        list: () =>
          noting("accounts", [{ ...made, nonEntraAccess: [], isHnsEnabled: false, createdAtMs: 0, ...account }]),
      },
      fileSystems: { list: () => noting("file systems", { fileSystems: [{ ref, metadata: {}, ...fileSystem }] }) },
      roleAssignments: { listIn: () => noting("role assignments", []) },
      cluster: {
        ...cluster,
        listVolumes: () => noting("volumes", cluster.listVolumes()).then((volumes) => volumes),
        listClaimUids: () => noting("claims", cluster.listClaimUids()).then((uids) => uids),
      },
    } as unknown as Ports;
    return { ports, asked };
  }

  it("reads in an order in which nothing that is being created looks like an orphan", async () => {
    const { ports, asked } = azureWith(clusterWith([]), {});
    await takeInventory({ ports, ...blobRules() }, async () => void asked.push("pace"));
    const lists = ["pace", "role assignments", "pace", "accounts", "pace", "file systems"];
    assert.deepEqual(asked, [...lists, "claims", "volumes"]);
  });

  for (const [what, modifiedAtMs, found] of [
    ["an hour and a second ago", OPTIONS.nowMs - 3_601_000, 1],
    ["an hour ago", OPTIONS.nowMs - 3_600_000, 0],
    ["in the future", OPTIONS.nowMs + 600_000, 0],
    ["nobody knows when", undefined, 0],
  ] as const) {
    it(`a container that was changed ${what}: ${found} found`, async () => {
      const { ports } = azureWith(clusterWith([]), modifiedAtMs === undefined ? {} : { modifiedAtMs });
      assert.equal((await findOrphans(ports)).length, found);
    });
  }

  it("a container whose name we never give is left alone", async () => {
    const { ports } = azureWith(clusterWith([]), { modifiedAtMs: 0 });
    const list = ports.fileSystems.list;
    const renamed = async (...args: Parameters<typeof list>) => {
      const page = await list(...args);
      return { fileSystems: page.fileSystems.map((each) => ({ ...each, ref: { ...each.ref, name: "$logs" } })) };
    };
    const changed = { ...ports, fileSystems: { ...ports.fileSystems, list: renamed } };
    assert.deepEqual(await findOrphans(changed), []);
  });

  it("another cluster id finds nothing, unless it has taken the first one over", async () => {
    const { ports } = azureWith(clusterWith([]), { modifiedAtMs: 0 });
    assert.deepEqual(await findOrphans(ports, { ...SETTINGS, clusterId: "new" }), []);
    const heir = { ...SETTINGS, clusterId: "new", alsoOwns: [{ clusterId: SETTINGS.clusterId }] };
    assert.equal((await findOrphans(ports, heir)).length, 1);
  });
});
