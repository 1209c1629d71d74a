// What is persisted is read as it was written, also in the spelling that somebody else has given it since.
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeAccountTags, encodeAccountTags } from "../../../src/volume/formats/account-tags.ts";
import { accountId, parseAccountId, subscriptionOf } from "../../../src/volume/formats/arm-ids.ts";
import {
  credentialName,
  decodeSubject,
  encodeSubject,
  isListedIn,
  trustTag,
} from "../../../src/volume/formats/federated-credential.ts";
import {
  decodeMetadata,
  encodeMetadata,
  withPlacement,
  withPrincipals,
  withSize,
} from "../../../src/volume/formats/file-system-metadata.ts";
import { decodeDescription, encodeDescription } from "../../../src/volume/formats/role-assignment-description.ts";

const TAGS = { clusterId: "c", pool: "p", shard: 3, attempt: 1, isolation: "namespace", namespace: "n" };

describe("the tags of an account", () => {
  it("are read as they were written, whatever their case: Azure compares their names without it", () => {
    const all = { ...TAGS, clusterUid: "k", namespaceUid: "u", fileSystem: "pvc-1" };
    const written = encodeAccountTags(all);
    assert.deepEqual(decodeAccountTags(written), all);
    const shouted = Object.fromEntries(Object.entries(written).map(([name, value]) => [name.toUpperCase(), value]));
    assert.deepEqual(decodeAccountTags(shouted), all);
  });

  it("that are missing, or no numbers, are absent", () => {
    assert.deepEqual(decodeAccountTags({ team: "a" }), {});
    const { shard, ...rest } = decodeAccountTags({ ...encodeAccountTags(TAGS), "keyless-csi.shard": "1e1" });
    assert.equal(shard, undefined);
    assert.equal(rest.attempt, 1);
  });
});

describe("the metadata of a file system", () => {
  const record = { clusterId: "c", volumeName: "größe 1", sizeBytes: 5, requestHash: "h", claim: undefined };

  it("is read as it was written, and keeps what others have added when the size changes", () => {
    const written = encodeMetadata({ ...record, claim: { namespace: "team", name: "daten-ü" } });
    const { clusterId, sizeBytes, requestHash, claim } = decodeMetadata(written);
    assert.deepEqual({ clusterId, sizeBytes, requestHash }, { clusterId: "c", sizeBytes: 5, requestHash: "h" });
    assert.deepEqual(claim, { namespace: "team", name: "daten-ü" });
    const larger = withSize({ ...written, theirs: "x" }, 7);
    assert.equal(decodeMetadata(larger).sizeBytes, 7);
    assert.equal(larger["theirs"], "x");
  });

  it("is read and changed whatever the case of its names: Azure refuses two that differ only in case", () => {
    const written = withPlacement(encodeMetadata(record), { pool: "p", shard: 3, attempt: 1 });
    const shouted = Object.fromEntries(Object.entries(written).map(([name, value]) => [name.toUpperCase(), value]));
    assert.deepEqual(decodeMetadata(shouted), decodeMetadata(written));
    const changed = withPrincipals(withSize(shouted, 7), ["x"]);
    assert.deepEqual(changed, { ...shouted, KEYLESS_SIZE_BYTES: "7", keyless_principals: "x" });
  });

  it("names the cluster's mark, the account's place in its pool and at most 8 principals", () => {
    const placement = { pool: "p", shard: 3, attempt: 1 };
    const written = withPlacement(encodeMetadata({ ...record, clusterUid: "u" }), placement);
    const ids = Array.from({ length: 12 }, (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`);
    assert.deepEqual(decodeMetadata(written).placement, placement);
    assert.equal(decodeMetadata(written).clusterUid, "u");
    assert.deepEqual(decodeMetadata(written).principalIds, []);
    assert.deepEqual(decodeMetadata(withPrincipals(written, ids)).principalIds, ids.slice(0, 8));
    assert.deepEqual(decodeMetadata({ keyless_principals: ["x", ...ids].join(" ") }).principalIds, ids.slice(0, 8));
    assert.equal(decodeMetadata({ ...written, keyless_shard: "1e1" }).placement, undefined);
    assert.equal(decodeMetadata({ keyless_pvc_namespace: "%zz", keyless_pvc_name: "x" }).claim, undefined);
  });

  for (const garbled of ["", "-1", "1.5", "0", "1e9", "12345678901234567"]) {
    it(`states no size with ${JSON.stringify(garbled)}`, () => {
      const [key = ""] = Object.entries(encodeMetadata(record)).find(([, value]) => value === "5") ?? [];
      assert.equal(decodeMetadata({ [key]: garbled }).sizeBytes, undefined);
    });
  }
});

describe("the description of a role assignment", () => {
  it("names the cluster, for each thing that it is written for", () => {
    for (const rest of [{}, { volume: "v" }, { volume: "v", claim: { namespace: "n", name: "c" } }]) {
      for (const cluster of [{ clusterId: "prod-1.eu" }, { clusterId: "prod-1.eu", clusterUid: "a-1" }]) {
        assert.deepEqual(decodeDescription(encodeDescription({ ...cluster, ...rest })), cluster);
      }
    }
  });

  it("of somebody else names none", () => {
    for (const text of ["", "keyless-csi v2 cluster=x", "granted by hand"])
      assert.equal(decodeDescription(text), undefined);
  });

  it("is pinned", () => {
    const claim = { namespace: "team", name: "data" };
    assert.equal(
      encodeDescription({ clusterId: "c", volume: "pvc-1", claim }),
      "keyless-csi v1 cluster=c volume=pvc-1 claim=team/data",
    );
    assert.equal(encodeDescription({ clusterId: "c" }), "keyless-csi v1 cluster=c, given back");
  });
});

describe("the ARM id of an account", () => {
  it("is read as it was written, whatever the case of its words, with what follows it", () => {
    const name = fc.stringMatching(/^[a-z0-9]{3,24}$/);
    const group = fc.stringMatching(/^[\w.()-]{1,90}$/);
    fc.assert(
      fc.property(fc.uuid(), group, name, (subscriptionId, resourceGroup, account) => {
        const ref = { subscriptionId, resourceGroup, name: account };
        const id = accountId(ref).replace("resourceGroups", "RESOURCEGROUPS");
        assert.deepEqual(parseAccountId(`${id}/x/y`), { account: ref, rest: "/x/y" });
        assert.equal(subscriptionOf(id), subscriptionId);
      }),
    );
    assert.equal(parseAccountId("/subscriptions/s/resourceGroups/g"), undefined);
  });
});

describe("the trust in a ServiceAccount", () => {
  const who = { namespace: "team", serviceAccount: "app" };

  it("has a subject that is read as it was written, and a name that is pinned", () => {
    assert.deepEqual(decodeSubject(encodeSubject(who)), who);
    assert.equal(decodeSubject("system:node:x"), undefined);
    const trust = { issuer: "https://i", subject: encodeSubject(who), audience: "a" };
    assert.equal(credentialName(trust), "keyless-csi-3bbh4bpo7ziwndr5nvu4mcir7pn5ju2aduzp5xuz");
  });

  it("is listed by a tag, whatever the case of its name", () => {
    const tag = trustTag("https://i");
    for (const [value, isListed] of [
      ["other/app, team/app", true],
      ["team/*", true],
      ["team/apps", false],
      ["", false],
    ] as const) {
      assert.equal(isListedIn({ [tag.toUpperCase()]: value }, "https://i", who), isListed, value);
    }
  });
});
