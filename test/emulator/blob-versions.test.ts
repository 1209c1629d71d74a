// Versions of blobs ("Blob versioning", "Delete Blob", "List Blobs"), and what a call about a version, a snapshot or a
// condition never does: something else, because the operation does not look at it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerClient } from "@azure/storage-blob";
import { startEmulator } from "../../src/emulator/emulator.ts";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

const DAY = 24 * 3_600_000;

describe("Blob versions", () => {
  let blob: BlobFixture;
  let container: ContainerClient;
  let base: string;
  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.owner, blob.account.id);
  });
  beforeEach(async () => {
    blob.account.blobService = { isVersioningEnabled: true };
    container = await blob.newContainer();
    base = `/${container.containerName}`;
  });
  after(() => blob.close());

  const put = async (name: string, body: string): Promise<string> => {
    const { versionId } = await container.getBlockBlobClient(name).upload(body, body.length);
    return versionId ?? "";
  };
  const read = async (name: string, version?: string) => {
    const client = container.getBlockBlobClient(name);
    return (await (version === undefined ? client : client.withVersion(version)).downloadToBuffer()).toString();
  };
  /** Every line of a listing: name, version, and what it is. */
  const listed = async (include: string, token = blob.tokens.a) => {
    const { text } = await blob.send("GET", `${base}?restype=container&comp=list&include=${include}`, { token });
    return [...text.matchAll(/<Blob>(.*?)<\/Blob>/gs)].map(([, line = ""]) => {
      const value = (tag: string) => new RegExp(`<${tag}>([^<]*)<`).exec(line)?.[1];
      const words = ["Deleted", "IsCurrentVersion", "HasVersionsOnly"].filter((tag) => value(tag) === "true");
      return [value("Name"), value("VersionId") ?? value("Snapshot") ?? "", ...words].filter((word) => word !== "");
    });
  };
  const send = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const answer = await blob.send(method, base + path, { headers });
    return answer.code === undefined ? `${answer.status}` : `${answer.status} ${answer.code}`;
  };

  it("an overwrite keeps what was there, and each version is read by its id", async () => {
    const [first, second] = [await put("b", "one"), await put("b", "two")];
    assert.ok(first < second);
    assert.deepEqual([await read("b"), await read("b", first), await read("b", second)], ["two", "one", "two"]);
    const properties = await container.getBlobClient("b").getProperties();
    assert.deepEqual([properties.versionId, properties.isCurrentVersion], [second, true]);
    const old = await container.getBlobClient("b").withVersion(first).getProperties();
    assert.deepEqual([old.versionId, old.isCurrentVersion], [first, undefined]);
    assert.deepEqual(await listed("versions"), [
      ["b", first],
      ["b", second, "IsCurrentVersion"],
    ]);
    assert.deepEqual(await listed("metadata"), [["b", second, "IsCurrentVersion"]]);
    assert.equal(await send("GET", "/b?versionid=2001-01-01T00:00:00.0000000Z"), "404 BlobNotFound");
    assert.equal(await send("GET", "/b?versionid=today"), "400 InvalidQueryParameterValue");
  });

  it("DELETE with versionid removes that version and never the blob", async () => {
    const [first, second] = [await put("b", "one"), await put("b", "two")];
    assert.equal(await send("DELETE", `/b?versionid=${second}`), "403 OperationNotAllowedOnRootBlob");
    assert.equal(await send("DELETE", "/b?versionid=2001-01-01T00:00:00.0000000Z"), "404 BlobNotFound");
    assert.equal(
      await send("DELETE", `/b?versionid=${first}`, { "x-ms-delete-snapshots": "include" }),
      "400 InvalidHeaderValue",
    );
    assert.equal(await read("b"), "two");
    assert.equal(await send("DELETE", `/b?versionid=${first}`), "202");
    assert.deepEqual([await read("b"), await listed("versions")], ["two", [["b", second, "IsCurrentVersion"]]]);
  });

  it("means the same however versionId is written, also in a batch and in the source of a copy", async () => {
    const [first, second] = [await put("b", "one"), await put("b", "two")];
    assert.equal((await blob.send("GET", `${base}/b?versionId=${first}`)).text, "one");
    const headers = { "x-ms-copy-source": `${container.url}/b?VersionId=${first}` };
    assert.equal(await send("PUT", "/c", headers), "202");
    assert.equal(await read("c"), "one");
    assert.equal(await send("DELETE", `/b?versionId=${second}`), "403 OperationNotAllowedOnRootBlob");
    const part = `--x\r\nContent-Type: application/http\r\n\r\nDELETE ${base}/b?versionId=${first} HTTP/1.1\r\nauthorization: Bearer ${blob.tokens.a}\r\n\r\n--x--\r\n`;
    const batch = await blob.send("POST", "?comp=batch", {
      headers: { "content-type": "multipart/mixed; boundary=x" },
      body: part,
    });
    assert.match(batch.text, /HTTP\/1.1 202/);
    assert.deepEqual([await read("b"), await send("GET", `/b?versionid=${first}`)], ["two", "404 BlobNotFound"]);
  });

  it("where versioning is off, versionid still never means the blob", async () => {
    blob.account.blobService = {};
    await put("b", "one");
    assert.equal(await send("DELETE", "/b?versionid=2001-01-01T00:00:00.0000000Z"), "404 BlobNotFound");
    assert.equal(await send("DELETE", "/b?snapshot=2001-01-01T00:00:00.0000000Z"), "404 BlobNotFound");
    assert.equal(await send("DELETE", "/b?deletetype=permanent"), "400 InvalidQueryParameterValue");
    assert.equal(await send("PUT", "?restype=container&deletetype=permanent"), "400 UnsupportedQueryParameter");
    assert.equal(await read("b"), "one");
  });

  it("Delete Blob leaves the versions, which the account's owner can read and bring back", async () => {
    const version = await put("b", "kept");
    await container.getBlobClient("b").delete();
    assert.equal(await send("GET", "/b"), "404 BlobNotFound");
    assert.deepEqual([await listed(""), await listed("versions")], [[], [["b", version]]]);
    assert.deepEqual(await listed("deletedwithversions"), [["b", "HasVersionsOnly"]]);
    const headers = { "x-ms-copy-source": `${container.url}/b?versionid=${version}` };
    assert.equal(await send("PUT", "/b", headers), "202");
    assert.equal(await read("b"), "kept");
  });

  it("metadata, block lists, copies and snapshots make versions; properties, leases and tags do not", async () => {
    await put("b", "one");
    const client = container.getBlockBlobClient("b");
    const versions = async () => (await listed("versions")).length;
    await client.setHTTPHeaders({ blobContentType: "text/plain" });
    await client.setTags({ a: "1" });
    await client.getBlobLeaseClient().acquireLease(-1);
    await client.getBlobLeaseClient().breakLease(0);
    assert.equal(await versions(), 1);
    await client.setMetadata({ a: "1" });
    assert.equal(await versions(), 2);
    await client.stageBlock("MQ==", "two", 3);
    assert.equal(await versions(), 2);
    await client.commitBlockList(["MQ=="]);
    assert.equal(await versions(), 3);
    await client.createSnapshot();
    assert.equal(await versions(), 4);
    assert.equal((await listed("versions,snapshots")).length, 5);
  });

  it("a right to delete blobs is none to delete versions, in roles and in signatures", async () => {
    const first = await put("b", "one");
    await put("b", "two");
    blob.grant("b", ROLES.contributor, `${blob.account.id}/blobServices/default/containers/${container.containerName}`);
    const refused = await blob.send("DELETE", `${base}/b?versionid=${first}`, { token: blob.tokens.b });
    assert.deepEqual([refused.status, refused.code], [403, "AuthorizationPermissionMismatch"]);
    assert.equal((await listed("versions")).length, 2);
  });

  it("with soft delete a deleted version stays for its days, comes back, or goes for good where that is allowed", async () => {
    const first = await put("b", "one");
    const second = await put("b", "two");
    const policy = { enabled: true, days: 3, allowPermanentDelete: true };
    blob.account.blobService = { isVersioningEnabled: true, deleteRetentionPolicy: policy };
    assert.equal(await send("DELETE", `/b?versionid=${first}`), "202");
    assert.deepEqual(await listed("versions"), [["b", second, "IsCurrentVersion"]]);
    assert.deepEqual(await listed("versions,deleted"), [
      ["b", first, "Deleted"],
      ["b", second, "IsCurrentVersion"],
    ]);
    assert.equal(await send("PUT", "/b?comp=undelete"), "200");
    assert.equal(await read("b", first), "one");
    assert.equal(await send("DELETE", `/b?versionid=${second}&deletetype=permanent`), "404 BlobNotFound");
    assert.equal(await send("DELETE", `/b?versionid=${first}`), "202");
    assert.equal(await send("DELETE", `/b?versionid=${first}&deletetype=permanent`), "202");
    assert.equal((await listed("versions,deleted")).length, 1);
    assert.equal(await read("b"), "two");
    const third = await put("b", "three");
    assert.equal(await send("DELETE", `/b?versionid=${second}`), "202");
    blob.emulator.clock.advance(4 * DAY);
    const later = await listed("versions,deleted", await blob.tokenFor("a"));
    blob.emulator.clock.advance(-4 * DAY);
    assert.deepEqual(later, [["b", third, "IsCurrentVersion"]]);
  });

  it("after versioning is turned off, versions stay and no new ones are made", async () => {
    const first = await put("b", "one");
    blob.account.blobService = {};
    assert.equal(await put("b", "two"), "");
    assert.equal(await put("b", "three"), "");
    assert.deepEqual(await listed("versions"), [["b", first], ["b"]]);
    assert.deepEqual([await read("b", first), await read("b")], ["one", "three"]);
  });

  it("versions outlive a restart of the emulator with its state", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-versions-"));
    const stateFile = join(folder, "state.json");
    try {
      const former = await startBlobFixture({ stateFile });
      former.account.blobService = { isVersioningEnabled: true };
      const made = await former.newContainer();
      for (const body of ["one", "two"]) await made.getBlockBlobClient("b").upload(body, body.length);
      await former.close();
      const again = await startEmulator({ stateFile });
      const [held] = [...again.world.containers.values()];
      const entry = again.services.blobs.blobsOf(held?.uid ?? "").entry("b");
      assert.deepEqual([entry?.versions.length, entry?.versions[0]?.size, entry?.blob?.size], [1, 3, 3]);
      await again.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  describe("what an operation does not look at", () => {
    const version = "2001-01-01T00:00:00.0000000Z";
    const writes: readonly (readonly [name: string, method: string, path: string, headers?: Record<string, string>])[] =
      [
        ["Put Blob", "PUT", "/b?", { "x-ms-blob-type": "BlockBlob" }],
        ["Put Block", "PUT", "/b?comp=block&blockid=MQ==&"],
        ["Put Block List", "PUT", "/b?comp=blocklist&"],
        ["Set Blob Metadata", "PUT", "/b?comp=metadata&"],
        ["Set Blob Properties", "PUT", "/b?comp=properties&"],
        ["Lease Blob", "PUT", "/b?comp=lease&", { "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1" }],
        ["Snapshot Blob", "PUT", "/b?comp=snapshot&"],
        ["Undelete Blob", "PUT", "/b?comp=undelete&"],
        ["Delete Container", "DELETE", "?restype=container&"],
        ["Set Container Metadata", "PUT", "?restype=container&comp=metadata&"],
      ];
    for (const [name, method, path, headers] of writes) {
      it(`is refused by ${name}, which changes nothing`, async () => {
        const id = await put("b", "one");
        for (const selector of [`versionid=${id}`, `versionid=${version}`, `snapshot=${version}`]) {
          assert.equal(await send(method, path + selector, headers), "400 InvalidOperation", selector);
        }
        assert.deepEqual(
          [await read("b"), await listed("versions,snapshots,uncommittedblobs")],
          ["one", [["b", id, "IsCurrentVersion"]]],
        );
        const { leaseState, metadata } = await container.getBlobClient("b").getProperties();
        assert.deepEqual([leaseState, metadata], ["available", {}]);
      });
    }

    const unconditional: readonly (readonly [name: string, method: string, path: string])[] = [
      ["Put Block", "PUT", "/b?comp=block&blockid=MQ=="],
      ["Set Blob Tier", "PUT", "/b?comp=tier"],
      ["Set Blob Tags", "PUT", "/b?comp=tags"],
      ["Undelete Blob", "PUT", "/b?comp=undelete"],
      ["Create Container", "PUT", "-new?restype=container"],
      ["List Blobs", "GET", "?restype=container&comp=list"],
    ];
    for (const [name, method, path] of unconditional) {
      it(`is refused by ${name} when it is a condition`, async () => {
        await put("b", "one");
        assert.equal(await send(method, path, { "if-match": '"0x1"' }), "400 ConditionHeadersNotSupported");
      });
    }

    it("is refused when it says how to store or protect a blob", async () => {
      const named: Readonly<Record<string, string>> = {
        "x-ms-legal-hold": "true",
        "x-ms-immutability-policy-mode": "unlocked",
        "x-ms-immutability-policy-until-date": "Sat, 21 Nov 2099 00:00:00 GMT",
        "x-ms-encryption-scope": "scope",
        "x-ms-encryption-key-sha256": "x",
      };
      for (const [name, value] of Object.entries(named)) {
        const headers = { "x-ms-blob-type": "BlockBlob", [name]: value };
        assert.equal(await send("PUT", "/b", headers), "400 UnsupportedHeader", name);
      }
      const scope = { "x-ms-default-encryption-scope": "scope" };
      assert.equal(await send("PUT", "-new?restype=container", scope), "400 InvalidHeaderValue");
      assert.deepEqual(await listed(""), []);
    });

    it("x-ms-if-tags is looked at by Set Blob Tier, Get and Set Blob Tags, and at the source of a copy", async () => {
      await put("b", "one");
      await container.getBlobClient("b").setTags({ a: "1" });
      const unmet = { "x-ms-if-tags": "a='2'" };
      assert.equal(await send("PUT", "/b?comp=tier", { ...unmet, "x-ms-access-tier": "Cool" }), "412 ConditionNotMet");
      assert.equal(await send("GET", "/b?comp=tags", unmet), "412 ConditionNotMet");
      const headers = { "x-ms-copy-source": `${container.url}/b`, "x-ms-source-if-tags": "a='2'" };
      assert.equal(await send("PUT", "/c", headers), "412 SourceConditionNotMet");
      assert.equal(await send("PUT", "/c", { ...headers, "x-ms-source-if-tags": "a='1'" }), "202");
      assert.equal((await container.getBlobClient("b").getProperties()).accessTier, "Hot");
    });
  });
});
