import assert from "node:assert/strict";
import { isOurs } from "../../../src/volume/account/ownership.ts";
import { encodeAccountTags } from "../../../src/volume/formats/account-tags.ts";
import { planVolume, type VolumeRequest } from "../../../src/volume/plan.ts";
import { blobRules, CLIENT, SETTINGS } from "../../support/volume-settings.ts";

const plan = (parameters: Record<string, string> = {}, request: Partial<VolumeRequest> = {}) =>
  planVolume(
    {
      name: "pvc-0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4",
      requiredBytes: 0,
      limitBytes: 0,
      parameters: { clientID: CLIENT, ...parameters },
      mountFlags: [],
      accessModes: [],
      ...request,
    },
    blobRules(),
  );
const firstAccount = (parameters: Record<string, string>, request: Partial<VolumeRequest> = {}) =>
  plan(parameters, request).candidates[0]?.ref.name;

describe("the plan of a volume", () => {
  it("pins the account of a class and its tags", () => {
    const [first] = plan().candidates;
    assert(first?.tags);
    assert.deepEqual(
      { ref: first.ref, tags: encodeAccountTags(first.tags) },
      {
        ref: { subscriptionId: SETTINGS.subscriptionId, resourceGroup: "keyless", name: "kl25ctiuhodmqgjwvualkxc2" },
        tags: {
          "keyless-csi.format": "1",
          "keyless-csi.cluster": "golden",
          "keyless-csi.pool": "zcxe6xxxnuh4okjjwz6f5ftp6ss53v3asxvj3hr2vcr6dn4x3cra",
          "keyless-csi.shard": "0",
          "keyless-csi.attempt": "0",
          "keyless-csi.isolation": "pool",
        },
      },
    );
    assert.equal(plan().requestHash, "i4cy27cc4teqq7bfjzdfofvfxs2ujce4zhgy6qo42ndvndu3ufaa");
    assert.equal(firstAccount({ skuName: "premium_lrs" }), "klv2v7tgwv6xdkfuh26dfypw");
    assert.equal(firstAccount({ isolation: "volume" }), "kl5vmt7lx6hc5m2tw7ndaxvb");
    assert.equal(firstAccount({ poolSize: "8" }), "klxgfv46djilzx63r2m6w4p3");
  });

  it("what changes only the mount or the identity leads to the same account", () => {
    const same = [
      { mountPermissions: "0777" },
      { protocol: "fuse" },
      { storageEndpointSuffix: "core.windows.net" },
      { protocol: "fuse2" },
      { acceptFileCache: "true" },
      { clientID: "99999999-9999-9999-9999-999999999999" },
      { location: "West Europe" },
      { resourceGroup: "KEYLESS" },
    ];
    for (const parameters of same) assert.equal(firstAccount(parameters), firstAccount({}), JSON.stringify(parameters));
  });

  it("what shapes the account leads to another one", () => {
    const others = [
      { skuName: "Standard_ZRS" },
      { location: "northeurope" },
      { accessTier: "Cool" },
      { isHnsEnabled: "true" },
      { publicNetworkAccess: "Disabled" },
      { requireInfraEncryption: "true" },
      { softDeleteBlobs: "7" },
      { softDeleteContainers: "7" },
      { tags: "a=b" },
      { isolation: "volume" },
    ];
    const names = [{}, ...others].map((parameters) => firstAccount(parameters));
    assert.equal(new Set(names).size, names.length, names.join(" "));
  });

  it("another cluster has other accounts, and isolation by volume gives each volume its own", () => {
    const { name, ...rest } = { ...plan().request };
    const elsewhere = planVolume({ name, ...rest }, blobRules({ ...SETTINGS, clusterId: "other" }));
    assert.notEqual(elsewhere.candidates[0]?.ref.name, firstAccount({}));
    assert.notEqual(
      firstAccount({ isolation: "volume" }, { name: "a" }),
      firstAccount({ isolation: "volume" }, { name: "b" }),
    );
  });

  it("volumes that share an account share its candidates too, and only these", () => {
    const candidatesIn = (isolation: string, namespace: string, name: string) =>
      plan({ isolation }, { name, claim: { namespace, name } }).candidates;
    assert.equal(candidatesIn("pool", "one", "a"), candidatesIn("pool", "two", "b"));
    assert.equal(candidatesIn("namespace", "one", "a"), candidatesIn("namespace", "one", "b"));
    const namespaces = ["one", "two"].map((namespace) => candidatesIn("namespace", namespace, "a")[0]?.tags?.namespace);
    assert.deepEqual(namespaces, ["one", "two"]);
    const shards = "abcdefgh".split("").map((name) => plan({ poolSize: "2" }, { name }).candidates[0]?.tags?.shard);
    assert.deepEqual([...new Set(shards)].sort(), [0, 1]);
  });

  it("the same parameters are another class under other settings, whichever was read first", () => {
    const request = { ...plan().request, parameters: { clientID: CLIENT } };
    const there: typeof SETTINGS = { ...SETTINGS, location: "northeurope", resourceGroup: "elsewhere" };
    const locations = [SETTINGS, there, SETTINGS].map((settings) => {
      const { volumeClass, candidates } = planVolume(request, blobRules(settings));
      return [volumeClass.location, candidates[0]?.ref.resourceGroup];
    });
    assert.deepEqual(locations, [
      ["westeurope", "keyless"],
      ["northeurope", "elsewhere"],
      ["westeurope", "keyless"],
    ]);
  });

  it("every candidate is recognised as ours by its tags, and by nothing less", () => {
    for (const { ref, tags: stated } of plan().candidates) {
      assert(stated);
      const tags = encodeAccountTags(stated);
      assert(isOurs({ ref, tags, nonEntraAccess: [], isHnsEnabled: false }, SETTINGS));
      assert(
        !isOurs(
          { ref: { ...ref, name: "klaaaaaaaaaaaaaaaaaaaaaa" }, tags, nonEntraAccess: [], isHnsEnabled: false },
          SETTINGS,
        ),
        "copied tags",
      );
      for (const tag of ["cluster", "pool", "shard", "attempt"]) {
        const changed = { ...tags, [`keyless-csi.${tag}`]: "7" };
        assert(!isOurs({ ref, tags: changed, nonEntraAccess: [], isHnsEnabled: false }, SETTINGS), tag);
      }
      assert(!isOurs({ ref, tags, nonEntraAccess: [], isHnsEnabled: false }, { ...SETTINGS, clusterId: "new" }));
      assert(
        isOurs(
          { ref, tags, nonEntraAccess: [], isHnsEnabled: false },
          { ...SETTINGS, clusterId: "new", alsoOwns: [{ clusterId: "golden" }] },
        ),
      );
    }
  });

  for (const [requiredBytes, limitBytes, expected] of [
    [0, 0, 2 ** 30],
    [5, 0, 5],
    [0, 100, 100],
    [0, 2 ** 40, 2 ** 30],
    [5, 10, 5],
    [5 * 2 ** 50, 0, 5 * 2 ** 50],
  ] as const) {
    it(`required ${requiredBytes} and limit ${limitBytes} give ${expected} bytes`, () => {
      assert.equal(plan({}, { requiredBytes, limitBytes }).sizeBytes, expected);
    });
  }

  it("a size that no account holds, and a limit below the size, are refused", () => {
    assert.throws(() => plan({}, { requiredBytes: 5 * 2 ** 50 + 1 }), { reason: "OutOfRange" });
    assert.throws(() => plan({}, { requiredBytes: 10, limitBytes: 5 }), { reason: "InvalidRequest" });
  });

  it("the metadata names volume and claim in ASCII", () => {
    const { metadata } = plan({}, { name: "größe 1", claim: { namespace: "team", name: "daten-ü" } });
    assert.equal(metadata["keyless_volume"], "gr%C3%B6%C3%9Fe%201");
    assert.equal(metadata["keyless_pvc_namespace"], "team");
    assert.equal(metadata["keyless_pvc_name"], "daten-%C3%BC");
    for (const value of Object.values(metadata)) assert.match(value, /^[\x21-\x7e]*$/);
  });
});
