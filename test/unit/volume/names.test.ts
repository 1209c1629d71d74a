// Names are an API: a change of any expected value here strands every volume that exists, and needs a naming version.
import assert from "node:assert/strict";
import fc from "fast-check";
import { containerId } from "../../../src/backend/blob/arm-ids.ts";
import { dataRoleId } from "../../../src/backend/blob/data-role.ts";
import { parseVolumeId, toVolumeId } from "../../../src/backend/blob/volume-id.ts";
import {
  accountName,
  armGuid,
  base32,
  canonicalJson,
  fileSystemName,
  isStrictFileSystemName,
  roleAssignmentName,
  shardOf,
  strictFileSystemName,
  uuidV5,
} from "../../../src/volume/names.ts";
import { PRINCIPAL, SUBSCRIPTION } from "../../support/volume-settings.ts";

const VOLUME = "pvc-0e6ab0a2-3a6c-4f0b-8f39-d6e5c1a2b3c4";
const CONTAINER = {
  account: { subscriptionId: SUBSCRIPTION, resourceGroup: "keyless", name: "klabcdefghijklmnopqrstuv" },
  name: VOLUME,
};

describe("names", () => {
  it("the account's name is pinned", () => {
    const pool = "zcxe6xxxnuh4okjjwz6f5ftp6ss53v3asxvj3hr2vcr6dn4x3cra";
    const nameOf = (shard: number, attempt: number) => accountName({ clusterId: "golden", pool, shard, attempt });
    assert.equal(nameOf(0, 0), "kl25ctiuhodmqgjwvualkxc2");
    assert.equal(nameOf(0, 1), "klkmkgxebvyxys277jmw6lky");
    assert.equal(nameOf(2, 0), "klxgfv46djilzx63r2m6w4p3");
  });

  it("an account's name has Azure's form: 3 to 24 lower-case letters and digits", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(63), fc.nat(3), (clusterId, pool, shard, attempt) => {
        assert.match(accountName({ clusterId, pool, shard, attempt }), /^kl[a-z2-7]{22}$/);
      }),
    );
  });

  it("the role assignment's name is the uuid v5 that other tools compute, and case does not matter", () => {
    // python3: uuid.uuid5(UUID("6b1f5dc2-..."), f"{scope}|{principal}|{role}".lower())
    const scope = containerId(CONTAINER);
    assert.equal(roleAssignmentName(scope, PRINCIPAL, dataRoleId("")), "27d81a0e-8239-582a-9400-0cdf55b86fc1");
    assert.equal(
      roleAssignmentName(scope.toUpperCase(), PRINCIPAL, dataRoleId("")),
      "27d81a0e-8239-582a-9400-0cdf55b86fc1",
    );
  });

  it("the data role's GUID is pinned, without a prefix as 0.2 had it, and the case of a prefix does not matter", () => {
    assert.equal(dataRoleId(""), "a42b9bc9-8c32-5e88-8eee-319364d6623a");
    assert.equal(uuidV5("keyless-csi role blob-data v1"), dataRoleId(""));
    // python3: uuid.uuid5(UUID("11fb06fb-..."), "keyless-csi role blob-data v1-<prefix>")
    assert.equal(dataRoleId(SUBSCRIPTION), "91deb8ea-453a-5d80-bef2-e990ae899ca1");
    assert.equal(dataRoleId("Team-A"), "dca76923-27bc-57fe-a3ea-d22672a2fff8");
    assert.equal(dataRoleId("team-a"), dataRoleId("Team-A"));
  });

  it("armGuid is guid() of ARM's templates: a uuid v5 in ARM's namespace, of the texts with dashes between", () => {
    // python3: uuid.uuid5(UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "a-b-c")
    assert.equal(armGuid("a", "b", "c"), "a98fa280-e03f-5afa-8d8e-92d0a9c201e8");
  });

  it("base32 follows the vectors of RFC 4648, in lower case and without padding", () => {
    for (const [text, expected] of [
      ["", ""],
      ["f", "my"],
      ["fo", "mzxq"],
      ["foo", "mzxw6"],
      ["foob", "mzxw6yq"],
      ["fooba", "mzxw6ytb"],
      ["foobar", "mzxw6ytboi"],
    ] as const) {
      assert.equal(base32(Buffer.from(text)), expected);
    }
  });

  it("canonical JSON does not depend on the order of keys, and leaves undefined out", () => {
    assert.equal(canonicalJson({ b: [1, { d: 2, c: undefined }], a: null }), '{"a":null,"b":[1,{"d":2}]}');
  });

  it("a shard is pinned, and volumes spread over all shards", () => {
    assert.equal(shardOf(VOLUME, 8), 2);
    const shards = new Set(Array.from({ length: 200 }, (_, index) => shardOf(`pvc-${index}`, 8)));
    assert.equal(shards.size, 8);
  });

  it("a container is named after its volume, or by a hash that Azure allows", () => {
    assert.equal(fileSystemName(VOLUME), VOLUME);
    assert.equal(fileSystemName("A b"), "v-u5qlbypfdaeqhphfix3eityltbqbeec2dfgqfmxz");
    assert.notEqual(fileSystemName("v-somebody"), "v-somebody", "a name of the hashed form must not be taken as it is");
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 128 }), (name) => {
        assert.match(fileSystemName(name), /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/);
      }),
    );
  });

  it("in an administrator's account only names that nobody chooses by hand are ours", () => {
    assert.equal(strictFileSystemName(VOLUME), VOLUME);
    assert(!isStrictFileSystemName("backups") && isStrictFileSystemName(strictFileSystemName("backups")));
  });

  it("the volume id is what the node plugin parses, and is read back exactly", () => {
    assert.equal(toVolumeId(CONTAINER), `keyless#klabcdefghijklmnopqrstuv#${VOLUME}###${SUBSCRIPTION}`);
    assert.deepEqual(parseVolumeId(toVolumeId(CONTAINER)), CONTAINER);
  });

  it("an id of up to 23 characters of resource group keeps CSI's limit of 128 bytes", () => {
    const account = { ...CONTAINER.account, resourceGroup: "g".repeat(23) };
    assert.equal(Buffer.byteLength(toVolumeId({ ...CONTAINER, account })), 128);
  });

  it("an id that we cannot have given out is not parsed", () => {
    const good = toVolumeId(CONTAINER);
    for (const id of [
      "",
      "fake-vol-id",
      good.replace("###", "#uuid##"),
      good.replace("###", "##ns#"),
      `${good}#x`,
      good.replace("klabc", "KLABC"),
      good.replace("klabcdefghijklmnopqrstuv", "kl"),
      good.replace("klabcdefghijklmnopqrstuv", "klabcdefghijklmnopqrstuvw"),
      good.replace(VOLUME, "$web"),
      good.replace(VOLUME, "../secrets"),
      good.replace(VOLUME, "%2e%2e"),
      good.replace(VOLUME, "a--b"),
      good.replace(VOLUME, "p".repeat(51)),
      good.replace(SUBSCRIPTION, "not-a-guid"),
      good.replace("keyless", "a/b"),
      good.replace("keyless", "dot."),
      `${good}\n`,
      `${good}\0`,
    ]) {
      assert.equal(parseVolumeId(id), undefined, JSON.stringify(id));
    }
  });
});
