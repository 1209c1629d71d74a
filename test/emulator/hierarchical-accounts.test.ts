// Flat and hierarchical accounts by Blob: what distinguishes them for a client like blobfuse2.
import assert from "node:assert/strict";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Blob of flat and hierarchical accounts", () => {
  let blob: BlobFixture;

  before(async () => {
    blob = await startBlobFixture();
    blob.grant("a", ROLES.contributor, blob.addAccount("hierarchical", { isHnsEnabled: true }).id);
    for (const account of ["keylessacct", "hierarchical"]) {
      const made = await blob.send("PUT", "/files?restype=container", { account });
      assert.equal(made.status, 201, made.text);
    }
  });
  after(() => blob.close());

  /** What blobfuse2 asks at each mount (`IsAccountADLS`). */
  const question = "/files?restype=container&comp=list&delimiter=%2F&include=metadata,permissions&maxresults=2";

  it("the question of blobfuse2 is 400 on a flat account, and names the parameter", async () => {
    const answer = await blob.send("GET", question);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers["x-ms-error-code"], "InvalidQueryParameterValue");
    assert.match(answer.text, /<QueryParameterName>include<\/QueryParameterName>/);
    assert.match(answer.text, /<QueryParameterValue>metadata,permissions<\/QueryParameterValue>/);
  });

  it("and 200 on a hierarchical one, in the versions that support it", async () => {
    assert.equal((await blob.send("GET", question, { account: "hierarchical" })).status, 200);
    const old = { account: "hierarchical", headers: { "x-ms-version": "2020-04-08" } };
    assert.equal((await blob.send("GET", question, old)).code, "InvalidQueryParameterValue");
  });

  it("Get Account Information says which is which", async () => {
    for (const [account, isHierarchical] of [
      ["keylessacct", "false"],
      ["hierarchical", "true"],
    ] as const) {
      const answer = await blob.send("GET", "/files?restype=account&comp=properties", { account });
      assert.equal(answer.headers["x-ms-is-hns-enabled"], isHierarchical);
    }
  });

  describe("on a hierarchical account", () => {
    const account = "hierarchical";
    const list = async (query: string) => {
      const answer = await blob.send("GET", `/files?restype=container&comp=list${query}`, { account });
      assert.equal(answer.status, 200, answer.text);
      return answer.text;
    };
    const names = (xml: string) => [...xml.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, name]) => name);
    const put = (name: string, headers: Record<string, string> = {}, body = "x") =>
      blob.send("PUT", `/files/${name}`, { account, body, headers: { "x-ms-blob-type": "BlockBlob", ...headers } });
    const record = () => {
      const { uid = "" } = blob.emulator.world.containers.get("hierarchical/files") ?? {};
      return blob.emulator.services.blobs.blobsOf(uid);
    };

    it("a blob creates the directories above it, and a flat list shows them as entries", async () => {
      assert.equal((await put("a/b/deep.txt")).status, 201);
      assert.equal((await put("a!")).status, 201);
      assert.deepEqual(names(await list("")), ["a", "a!", "a/b", "a/b/deep.txt"]);
      const [first = ""] = /<Blob><Name>a<\/Name>.*?<\/Blob>/.exec(await list("&include=metadata")) ?? [];
      assert.match(first, /<ResourceType>directory<\/ResourceType><Content-Length>0</);
      assert.match(first, /<Metadata><hdi_isfolder>true<\/hdi_isfolder><\/Metadata>/);
      assert.equal(record().find("a/b")?.isDirectory, true);
    });

    it("a delimited list has a directory as a prefix with its properties, once", async () => {
      const text = await list("&delimiter=/&include=metadata,permissions");
      assert.deepEqual(names(text), ["a!", "a/"]);
      const [prefix = ""] = /<BlobPrefix>.*<\/BlobPrefix>/.exec(text) ?? [];
      const owner = blob.emulator.info.identities[0]?.principalId;
      assert.ok(
        prefix.includes(`<Owner>${owner}</Owner><Group>$superuser</Group><Permissions>rwxr-x---</Permissions>`),
      );
      assert.match(prefix, /<Acl>user::rwx,group::r-x,other::---<\/Acl><ResourceType>directory<\/ResourceType>/);
      assert.deepEqual(names(await list("&delimiter=/&prefix=a/")), ["a/b/"]);
      assert.equal(
        (await blob.send("GET", "/files?restype=container&comp=list&delimiter=-", { account })).code,
        "InvalidQueryParameterValue",
      );
    });

    it("a list shows only files or directories on request, and refuses a prefix through a file", async () => {
      assert.deepEqual(names(await list("&showonly=files")), ["a!", "a/b/deep.txt"]);
      assert.deepEqual(names(await list("&showonly=directories")), ["a", "a/b"]);
      assert.deepEqual(names(await list("&showonly=files&delimiter=/")), ["a!"]);
      assert.deepEqual(names(await list("&showonly=directories&delimiter=/")), ["a/"]);
      const through = await blob.send("GET", "/files?restype=container&comp=list&prefix=a!/x", { account });
      assert.equal(through.status, 409);
      const flat = await blob.send("GET", "/files?restype=container&comp=list&showonly=files");
      assert.equal(flat.code, "InvalidQueryParameterValue");
    });

    it("pages of a delimited list follow each other without gap or overlap", async () => {
      const seen: (string | undefined)[] = [];
      let marker = "";
      do {
        const page = await list(`&delimiter=/&maxresults=1&marker=${encodeURIComponent(marker)}`);
        seen.push(...names(page));
        marker = /<NextMarker>([^<]+)<\/NextMarker>/.exec(page)?.[1] ?? "";
      } while (marker !== "");
      assert.deepEqual(seen, ["a!", "a/"]);
    });

    it("Get Blob Properties shows owner, group, permissions and kind, in the versions that have them", async () => {
      const file = await blob.send("HEAD", "/files/a/b/deep.txt", { account });
      assert.equal(file.headers["x-ms-owner"], blob.emulator.info.identities[0]?.principalId);
      assert.equal(file.headers["x-ms-group"], "$superuser");
      assert.equal(file.headers["x-ms-permissions"], "rw-r-----");
      assert.equal(file.headers["x-ms-acl"], "user::rw-,group::r--,other::---");
      assert.equal(file.headers["x-ms-resource-type"], "file");
      const made = await blob.send("HEAD", "/files/a/", { account });
      assert.equal(made.headers["x-ms-resource-type"], "directory");
      assert.equal(made.headers["x-ms-meta-hdi_isfolder"], "true");
      const old = await blob.send("HEAD", "/files/a", { account, headers: { "x-ms-version": "2020-06-12" } });
      assert.equal(old.headers["x-ms-permissions"], "rwxr-x---");
      assert.equal(old.headers["x-ms-resource-type"], undefined);
      assert.equal(old.headers["x-ms-acl"], undefined);
    });

    it("names have no empty segments", async () => {
      assert.equal((await put("double//slash/")).status, 201);
      assert.equal(record().find("double/slash")?.size, 1);
      assert.equal((await put(`${"d/".repeat(61)}f`)).code, "InvalidUri");
    });

    it("files and directories do not replace each other", async () => {
      assert.equal((await put("a/b")).code, "ResourceTypeMismatch");
      assert.equal((await put("a!/below")).code, "ResourceTypeMismatch");
      const block = await blob.send("PUT", "/files/a?comp=block&blockid=MQ==", { account, body: "x" });
      assert.equal(block.code, "ResourceTypeMismatch");
      assert.equal(record().find("a/b")?.isDirectory, true);
    });

    it("an empty blob that is marked as a folder is a directory", async () => {
      assert.equal((await put("marked", { "x-ms-meta-hdi_isfolder": "true" }, "")).status, 201);
      assert.equal(record().find("marked")?.isDirectory, true);
      assert.deepEqual(record().find("marked")?.metadata, {});
    });

    it("Delete Blob deletes a directory only when it is empty", async () => {
      const remove = (name: string, headers: Record<string, string> = {}) =>
        blob.send("DELETE", `/files/${name}`, { account, headers });
      const refused = await remove("a/b");
      assert.equal(refused.status, 409);
      assert.equal(refused.code, "DirectoryIsNotEmpty");
      assert.match(refused.text, /not permitted on a non-empty directory/);
      assert.equal(
        (await remove("marked", { "x-ms-delete-snapshots": "include" })).code,
        "OperationNotSupportedOnDirectory",
      );
      assert.equal((await remove("marked")).status, 202);
      assert.equal((await remove("a/b/deep.txt")).status, 202);
      assert.equal((await remove("a/b")).status, 202);
      assert.equal(record().find("a/b"), undefined);
      assert.equal(record().find("a")?.isDirectory, true);
    });

    it("snapshots and index tags are refused", async () => {
      const snapshot = await blob.send("PUT", "/files/a!?comp=snapshot", { account });
      assert.equal(snapshot.status, 409);
      assert.equal(snapshot.code, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
      assert.match(snapshot.text, /<FeatureName>Snapshots<\/FeatureName>/);
      const owner = { ...blob.emulator.world.accounts.get(account) };
      blob.grant("a", ROLES.owner, owner.id ?? "");
      assert.equal((await blob.send("GET", "/files/a!?comp=tags", { account })).code, "InvalidQueryParameterValue");
      const found = await blob.send("GET", "/?comp=blobs&where=a%3D'b'", { account });
      assert.equal(found.code, "InvalidQueryParameterValue");
      assert.equal((await put("tagged", { "x-ms-tags": "a=b" })).code, "UnsupportedHeader");
      const listed = await blob.send("GET", "/files?restype=container&comp=list&include=tags", { account });
      assert.equal(listed.code, "InvalidQueryParameterValue");
    });
  });
});
