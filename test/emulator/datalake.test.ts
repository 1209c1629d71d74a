// The Data Lake service through the real SDK, on an account with a hierarchical namespace: "Path" and "Filesystem" of
// the Data Lake Storage REST reference, and the same data seen by Blob.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import type { DataLakeFileSystemClient } from "@azure/storage-file-datalake";
import type { ContainerBlobs } from "../../src/emulator/storage/store/container-blobs.ts";
import { refusal } from "../support/azure-refusals.ts";
import { type BlobFixture, type RawRequest, ROLES, startBlobFixture } from "../support/blob-fixture.ts";
import { connectDataLake } from "../support/datalake-client.ts";

describe("Data Lake", () => {
  const account = "hierarchical";
  let fixture: BlobFixture;
  let filesystem: DataLakeFileSystemClient;
  let container: ContainerClient;
  let url: string;

  const clientOf = (who: "a" | "b") => {
    const getToken = async () => ({ token: fixture.tokens[who], expiresOnTimestamp: Date.now() + 3_000_000 });
    return connectDataLake(fixture.emulator, account, { getToken });
  };
  const held = (): ContainerBlobs => {
    const { uid } = fixture.emulator.world.containers.get(`${account}/${filesystem.name}`) ?? assert.fail();
    return fixture.emulator.services.blobs.blobsOf(uid);
  };
  const ownerId = () => fixture.emulator.info.identities[0]?.principalId ?? "";
  const text = async (name: string) => (await filesystem.getFileClient(name).readToBuffer()).toString();
  const write = (name: string, content = "x") =>
    filesystem.getFileClient(name).upload(Buffer.from(content)) as Promise<unknown>;
  const send = (method: string, path: string, request: RawRequest = {}) =>
    fixture.send(method, `/${filesystem.name}${path}`, { account, ...request });
  const codeOf = (answer: { text: string }) => (JSON.parse(answer.text) as { error: { code: string } }).error.code;

  before(async () => {
    fixture = await startBlobFixture();
    const { id } = fixture.addAccount(account, { isHnsEnabled: true });
    fixture.grant("a", ROLES.contributor, id);
    url = `${fixture.emulator.info.blobEndpoint}/${account}`;
  });
  after(() => fixture.close());
  beforeEach(async () => {
    filesystem = clientOf("a").getFileSystemClient(`fs-${randomUUID()}`);
    await filesystem.create();
    const getToken = async () => ({ token: fixture.tokens.a, expiresOnTimestamp: Date.now() + 3_000_000 });
    container = new BlobServiceClient(url, { getToken }).getContainerClient(filesystem.name);
  });

  describe("files", () => {
    it("are created, appended to, flushed and read, and Blob shows the same", async () => {
      const file = filesystem.getFileClient("a/b/file.txt");
      await file.create({ pathHttpHeaders: { contentType: "text/plain" }, metadata: { note: "kept" } });
      await file.append("hello ", 0, 6);
      await file.append("world", 6, 5);
      assert.equal(held().find("a/b/file.txt")?.size, 0);
      await file.flush(11);
      assert.equal(await text("a/b/file.txt"), "hello world");
      const seen = await container.getBlobClient("a/b/file.txt").getProperties();
      assert.deepEqual(
        { length: seen.contentLength, type: seen.contentType, metadata: seen.metadata },
        { length: 11, type: "text/plain", metadata: { note: "kept" } },
      );
      assert.equal((await container.getBlobClient("a/b/file.txt").downloadToBuffer(6, 5)).toString(), "world");
      assert.equal(held().find("a/b")?.isDirectory, true);
    });

    it("appended data may arrive in any order, and is committed only without gaps", async () => {
      const file = filesystem.getFileClient("parallel");
      await file.create();
      await file.append("world", 6, 5);
      await assert.rejects(file.flush(11), refusal(400, "InvalidFlushPosition"));
      await file.append("hello ", 0, 6);
      await assert.rejects(file.flush(12), refusal(400, "InvalidFlushPosition"));
      await file.flush(11);
      assert.equal(await text("parallel"), "hello world");
    });

    it("data after a flush position is discarded, or kept on request", async () => {
      const file = filesystem.getFileClient("kept");
      await file.create();
      await file.append("one", 0, 3);
      await file.append("two", 3, 3);
      await file.flush(3, { retainUncommittedData: true });
      assert.equal(await text("kept"), "one");
      await file.flush(6);
      assert.equal(await text("kept"), "onetwo");
      await file.append("a", 6, 1);
      await file.append("b", 7, 1);
      await file.flush(7);
      await assert.rejects(file.flush(8), refusal(400, "InvalidFlushPosition"));
      assert.equal(held().entry("kept")?.uncommitted.size, 0);
    });

    it("an append can flush at once, and a position is needed", async () => {
      await filesystem.getFileClient("direct").create();
      const answer = await send("PATCH", "/direct?action=append&position=0&flush=true", { body: "now" });
      assert.equal(answer.status, 202);
      assert.equal(await text("direct"), "now");
      const none = await send("PATCH", "/direct?action=append", { body: "x" });
      assert.equal(codeOf(none), "MissingRequiredQueryParameter");
      const body = await send("PATCH", "/direct?action=flush&position=3", { body: "x" });
      assert.equal(codeOf(body), "ContentLengthMustBeZero");
    });

    it("are overwritten by Create unless a condition forbids it", async () => {
      await write("file", "old");
      const file = filesystem.getFileClient("file");
      const conditions = { ifNoneMatch: "*" };
      await assert.rejects(file.create({ conditions }), refusal(409, "PathAlreadyExists"));
      assert.equal(await text("file"), "old");
      await file.create();
      assert.equal(held().find("file")?.size, 0);
    });

    it("written by Blob cannot be appended to, and those created here accept no blocks", async () => {
      await container.getBlockBlobClient("by-blob").upload("x", 1);
      const byBlob = filesystem.getFileClient("by-blob");
      await assert.rejects(byBlob.append("y", 1, 1), refusal(409, "InvalidAppendOperation"));
      await assert.rejects(byBlob.flush(1), refusal(409, "InvalidFlushOperation"));
      await write("by-path");
      const byPath = container.getBlockBlobClient("by-path");
      await assert.rejects(byPath.stageBlock("MQ==", "y", 1), refusal(409, "BlobOperationNotSupported"));
      assert.deepEqual((await byPath.getBlockList("all")).committedBlocks ?? [], []);
      await byPath.upload("over", 4);
      assert.equal(await text("by-path"), "over");
    });

    it("a lease is required, whichever service it was acquired at", async () => {
      await write("leased");
      const lease = container.getBlobClient("leased").getBlobLeaseClient();
      await lease.acquireLease(-1);
      await assert.rejects(filesystem.getFileClient("leased").delete(), refusal(412, "LeaseIdMissing"));
      const other = { leaseId: randomUUID() };
      await assert.rejects(
        filesystem.getFileClient("leased").append("y", 1, 1, { conditions: other }),
        refusal(412, "LeaseIdMismatch"),
      );
      await filesystem.getFileClient("leased").delete(false, { conditions: { leaseId: lease.leaseId } });
      assert.equal(held().find("leased"), undefined);
    });
  });

  describe("directories", () => {
    it("are created with their parents, and are directories to both services", async () => {
      await filesystem.getDirectoryClient("x/y").create({ metadata: { note: "1" } });
      const { metadata } = await filesystem.getDirectoryClient("x/y").getProperties();
      assert.deepEqual(metadata, { hdi_isfolder: "true", note: "1" });
      const status = await send("HEAD", "/x/y?action=getStatus");
      assert.equal(status.headers["x-ms-resource-type"], "directory");
      assert.equal(status.headers["x-ms-properties"], undefined);
      const all = await fixture.send("HEAD", `/${filesystem.name}/x/y?action=getProperties`, { account });
      assert.equal(all.headers["x-ms-properties"], "hdi_isfolder=dHJ1ZQ==,note=MQ==");
    });

    it("creating one twice changes nothing, unless it must be new", async () => {
      await write("d/file");
      const directory = filesystem.getDirectoryClient("d");
      await directory.create();
      assert.equal(await text("d/file"), "x");
      await assert.rejects(directory.create({ conditions: { ifNoneMatch: "*" } }), refusal(409, "PathAlreadyExists"));
      assert.equal((await directory.createIfNotExists()).succeeded, false);
    });

    it("files and directories do not replace each other", async () => {
      await write("d/file");
      await assert.rejects(filesystem.getFileClient("d").create(), refusal(409, "PathConflict"));
      await assert.rejects(filesystem.getDirectoryClient("d/file").create(), refusal(409, "PathConflict"));
      await assert.rejects(write("d/file/below"), refusal(409, "PathConflict"));
      await assert.rejects(filesystem.getFileClient("d").append("x", 0, 1), refusal(409, "ResourceTypeMismatch"));
      assert.deepEqual(held().names(), ["d", "d/file"]);
    });

    it("are deleted when they are empty, or with all their contents", async () => {
      await write("d/e/file");
      await write("d!");
      await assert.rejects(filesystem.getDirectoryClient("d").delete(false), refusal(409, "DirectoryNotEmpty"));
      assert.equal(await text("d/e/file"), "x");
      await filesystem.getDirectoryClient("d").delete(true);
      assert.deepEqual(held().names(), ["d!"]);
      await assert.rejects(filesystem.getDirectoryClient("d").delete(true), refusal(404, "PathNotFound"));
    });
  });

  describe("renames", () => {
    it("a file keeps content, properties, list and creation time, and gets a new ETag", async () => {
      await write("from", "content");
      const before = held().find("from");
      await filesystem.getFileClient("from").move("to");
      const after = held().find("to");
      assert.equal(held().find("from"), undefined);
      assert.equal(await text("to"), "content");
      assert.equal(after?.createdAt, before?.createdAt);
      assert.deepEqual(after?.access, before?.access);
      assert.notEqual(after?.etag, before?.etag);
    });

    it("a directory moves with all its contents, including what is not flushed yet", async () => {
      await write("d/one", "1");
      await write("d/e/two", "2");
      await write("d-beside", "3");
      await filesystem.getFileClient("d/e/two").append("!", 1, 1);
      await filesystem.getDirectoryClient("d").move("moved");
      assert.deepEqual(held().names(), ["d-beside", "moved", "moved/e", "moved/e/two", "moved/one"]);
      assert.equal(await text("moved/e/two"), "2");
      await filesystem.getFileClient("moved/e/two").flush(2);
      assert.equal(await text("moved/e/two"), "2!");
    });

    it("can move into another filesystem of the account", async () => {
      const other = clientOf("a").getFileSystemClient(`fs-${randomUUID()}`);
      await other.create();
      await write("d/file", "there");
      await filesystem.getDirectoryClient("d").move(other.name, "d");
      assert.deepEqual(held().names(), []);
      assert.equal((await other.getFileClient("d/file").readToBuffer()).toString(), "there");
    });

    it("a file replaces a file, an empty directory is replaced, nothing else is", async () => {
      await write("one", "1");
      await write("two", "2");
      await write("full/file");
      await filesystem.getDirectoryClient("empty").create();
      await filesystem.getDirectoryClient("dir/in").create();
      const conditions = { ifNoneMatch: "*" };
      await assert.rejects(
        filesystem.getFileClient("one").move("two", { destinationConditions: conditions }),
        refusal(409, "PathAlreadyExists"),
      );
      await filesystem.getFileClient("one").move("two");
      assert.equal(await text("two"), "1");
      await filesystem.getDirectoryClient("dir").move("empty");
      assert.equal(held().find("empty/in")?.isDirectory, true);
      await assert.rejects(filesystem.getDirectoryClient("empty").move("full"), refusal(409, "DirectoryNotEmpty"));
      const mixed = refusal(409, "InvalidSourceOrDestinationResourceType");
      await assert.rejects(filesystem.getFileClient("two").move("full"), mixed);
      await assert.rejects(filesystem.getDirectoryClient("full").move("two"), mixed);
    });

    it("are refused without source, without parent, into themselves, and by conditions of the source", async () => {
      await write("d/file", "here");
      const file = filesystem.getFileClient("d/file");
      await assert.rejects(filesystem.getFileClient("none").move("x"), refusal(404, "SourcePathNotFound"));
      await assert.rejects(file.move("none/x"), refusal(404, "RenameDestinationParentPathNotFound"));
      const inside = refusal(409, "InvalidRenameSourcePath");
      await assert.rejects(filesystem.getDirectoryClient("d").move("d/below"), inside);
      await assert.rejects(file.move("x", { conditions: { ifMatch: '"0x1"' } }), refusal(412, "SourceConditionNotMet"));
      assert.equal(await text("d/file"), "here");
    });

    it("a lease on the source is required, one on the destination is broken", async () => {
      await write("source");
      await write("destination", "old");
      await container.getBlobClient("source").getBlobLeaseClient().acquireLease(-1);
      await container.getBlobClient("destination").getBlobLeaseClient().acquireLease(-1);
      await assert.rejects(filesystem.getFileClient("source").move("x"), refusal(412, "LeaseIdMissing"));
      await write("free", "new");
      await filesystem.getFileClient("free").move("destination");
      assert.equal(await text("destination"), "new");
      assert.equal(held().find("destination")?.lease.state, "available");
    });
  });

  describe("lists", () => {
    const names = async (options: object, of = filesystem) => {
      const found: string[] = [];
      for await (const path of of.listPaths(options)) found.push(`${path.name}${path.isDirectory === true ? "/" : ""}`);
      return found;
    };

    beforeEach(async () => {
      for (const name of ["a/b/deep", "a/file", "a!", "z"]) await write(name);
    });

    it("contain one level, or everything below, in the order of the tree", async () => {
      assert.deepEqual(await names({}), ["a/", "a!", "z"]);
      assert.deepEqual(await names({ recursive: true }), ["a/", "a/b/", "a/b/deep", "a/file", "a!", "z"]);
      assert.deepEqual(await names({ path: "a" }), ["a/b/", "a/file"]);
      assert.deepEqual(await names({ path: "a/", recursive: true }), ["a/b/", "a/b/deep", "a/file"]);
    });

    it("pages follow each other without gap or overlap", async () => {
      const all = await names({ recursive: true });
      for (const maxPageSize of [1, 2, 5]) {
        const seen: string[] = [];
        for await (const page of filesystem.listPaths({ recursive: true }).byPage({ maxPageSize })) {
          assert.ok((page.pathItems?.length ?? 0) <= maxPageSize);
          seen.push(...(page.pathItems ?? []).map(({ name, isDirectory }) => `${name}${isDirectory ? "/" : ""}`));
        }
        assert.deepEqual(seen, all);
      }
    });

    it("show owner, group, permissions, length and times", async () => {
      const found = [];
      for await (const path of filesystem.listPaths()) found.push(path);
      const { owner, group, permissions, contentLength } = found[2] ?? {};
      assert.deepEqual({ owner, group, contentLength }, { owner: ownerId(), group: "$superuser", contentLength: 1 });
      assert.deepEqual(
        [permissions?.owner.write, permissions?.group.read, permissions?.other.read],
        [true, true, false],
      );
      const raw = await send("GET", "?resource=filesystem&recursive=false&maxResults=1");
      const [first] = (JSON.parse(raw.text) as { paths: Record<string, string>[] }).paths;
      assert.equal(first?.["isDirectory"], "true");
      assert.equal(first?.["contentLength"], "0");
      assert.equal(first?.["permissions"], "rwxr-x---");
      assert.match(first?.["creationTime"] ?? "", /^1\d{17}$/);
      assert.match(first?.["lastModified"] ?? "", /GMT$/);
      assert.ok(raw.headers["x-ms-continuation"]);
    });

    it("are 404 without the directory, 400 without `recursive`", async () => {
      await assert.rejects(names({ path: "none" }), refusal(404, "PathNotFound"));
      await assert.rejects(names({ path: "z" }), refusal(404, "PathNotFound"));
      assert.equal(codeOf(await send("GET", "?resource=filesystem")), "MissingRequiredQueryParameter");
      const gone = clientOf("a").getFileSystemClient("none-such");
      await assert.rejects(names({}, gone), refusal(404, "FilesystemNotFound"));
      const bad = await send("GET", "?resource=filesystem&recursive=maybe");
      assert.equal(codeOf(bad), "InvalidQueryParameterValue");
    });
  });

  describe("access control", () => {
    it("a new path belongs to its creator, with the umask's permissions", async () => {
      await write("d/file");
      const { owner, group, acl, permissions } = await filesystem.getFileClient("d/file").getAccessControl();
      assert.deepEqual({ owner, group }, { owner: ownerId(), group: "$superuser" });
      assert.deepEqual(permissions?.owner, { read: true, write: true, execute: false });
      assert.equal(acl.length, 3);
      await filesystem.getFileClient("open").create({ permissions: "0777", umask: "0000" });
      assert.equal(held().find("open")?.access?.acl, "user::rwx,group::rwx,other::rwx");
    });

    it("its owner changes permissions and list, as blobfuse2 does after each create", async () => {
      await write("file");
      const answer = await send("PATCH", "/file?action=setAccessControl", {
        headers: { "x-ms-permissions": "rwxrw-r--" },
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await send("HEAD", "/file")).headers["x-ms-permissions"], "rwxrw-r--");
      const named = `user::rw-,user:${ownerId()}:r--,group::r--,other::---`;
      assert.equal(
        (await send("PATCH", "/file?action=setAccessControl", { headers: { "x-ms-acl": named } })).status,
        200,
      );
      const shown = await send("HEAD", "/file?action=getAccessControl");
      assert.equal(shown.headers["x-ms-acl"], `user::rw-,user:${ownerId()}:r--,group::r--,mask::r--,other::---`);
      assert.equal(shown.headers["x-ms-permissions"], "rw-r-----+");
    });

    it("changing permissions needs the right or ownership, changing the owner always needs the right", async () => {
      await write("file");
      const root = { headers: { "x-ms-permissions": "0777" } };
      assert.equal(codeOf(await send("PATCH", "/?action=setAccessControl", root)), "AuthorizationPermissionMismatch");
      const away = { headers: { "x-ms-owner": randomUUID() } };
      assert.equal(
        codeOf(await send("PATCH", "/file?action=setAccessControl", away)),
        "AuthorizationPermissionMismatch",
      );
      const { id } = fixture.emulator.world.accounts.get(account) ?? assert.fail();
      fixture.grant("b", ROLES.owner, id);
      const token = fixture.tokens.b;
      assert.equal((await send("PATCH", "/?action=setAccessControl", { ...root, token })).status, 200);
      assert.equal((await send("PATCH", "/file?action=setAccessControl", { ...away, token })).status, 200);
      assert.equal((await send("HEAD", "/?action=getAccessControl")).headers["x-ms-permissions"], "rwxrwxrwx");
      assert.equal(held().find("file")?.access?.owner, away.headers["x-ms-owner"]);
      for (const [name, each] of fixture.emulator.world.roleAssignments) {
        if (each.roleDefinitionName === ROLES.owner && each.scope === id) {
          fixture.emulator.world.roleAssignments.delete(name);
        }
      }
    });

    it("default entries of a directory are inherited by what is created in it", async () => {
      await filesystem.getDirectoryClient("d").create();
      const acl = "user::rwx,group::r-x,other::---,default:user::rwx,default:group::rwx,default:other::r--";
      await send("PATCH", "/d?action=setAccessControl", { headers: { "x-ms-acl": acl } });
      await write("d/file");
      await filesystem.getDirectoryClient("d/e").create();
      assert.equal(held().find("d/file")?.access?.acl, "user::rw-,group::rw-,other::r--");
      assert.equal(
        held().find("d/e")?.access?.acl,
        "user::rwx,group::rwx,other::r--,default:user::rwx,default:group::rwx,default:other::r--",
      );
    });

    it("is changed for a whole tree: set, updated and removed", async () => {
      for (const name of ["d/one", "d/e/two"]) await write(name);
      const directory = filesystem.getDirectoryClient("d");
      const id = randomUUID();
      const none = { read: false, write: false, execute: false };
      const item = (permissions: object) => ({
        accessControlType: "user" as const,
        entityId: id,
        defaultScope: false,
        permissions: { ...none, ...permissions },
      });
      const added = await directory.updateAccessControlRecursive([item({ read: true })], { batchSize: 1 });
      assert.deepEqual(
        { ...added.counters },
        { changedDirectoriesCount: 2, changedFilesCount: 2, failedChangesCount: 0 },
      );
      const listOf = (name: string) => held().find(name)?.access?.acl;
      assert.equal(listOf("d/e/two"), `user::rw-,user:${id}:r--,group::r--,mask::r--,other::---`);
      const { accessControlType, entityId, defaultScope } = item({});
      await directory.removeAccessControlRecursive([{ accessControlType, entityId, defaultScope }]);
      assert.equal(listOf("d/e/two"), "user::rw-,group::r--,other::---");
      const mode = (permissions: object) => ({
        permissions: { ...none, ...permissions },
        entityId: "",
        defaultScope: false,
      });
      await directory.setAccessControlRecursive([
        { accessControlType: "user", ...mode({ read: true }) },
        { accessControlType: "group", ...mode({}) },
        { accessControlType: "other", ...mode({}) },
      ]);
      assert.equal(listOf("d"), "user::r--,group::---,other::---");
      assert.equal(listOf("d/one"), "user::r--,group::---,other::---");
    });

    it("malformed values are refused", async () => {
      await write("file");
      const change = async (headers: Record<string, string>) =>
        codeOf(await send("PATCH", "/file?action=setAccessControl", { headers }));
      assert.equal(await change({}), "MissingRequiredHeader");
      assert.equal(await change({ "x-ms-permissions": "rwx" }), "InvalidHeaderValue");
      assert.equal(await change({ "x-ms-acl": "user::rw-" }), "InvalidHeaderValue");
      assert.equal(
        await change({ "x-ms-acl": "default:user::rw-,user::rw-,group::r--,other::---" }),
        "InvalidHeaderValue",
      );
      const both = { "x-ms-permissions": "0777", "x-ms-acl": "user::rw-,group::r--,other::---" };
      assert.equal(await change(both), "InvalidInput");
    });
  });

  describe("properties", () => {
    it("of a path are set here and by Blob, and shown by both", async () => {
      await write("file");
      const value = Buffer.from("value").toString("base64");
      const answer = await send("PATCH", "/file?action=setProperties", {
        headers: { "x-ms-properties": `name=${value}`, "x-ms-content-type": "text/css" },
      });
      assert.equal(answer.status, 200);
      const { metadata, contentType } = await container.getBlobClient("file").getProperties();
      assert.deepEqual({ metadata, contentType }, { metadata: { name: "value" }, contentType: "text/css" });
      await container.getBlobClient("file").setMetadata({ other: "1" });
      const seen = await fixture.send("HEAD", `/${filesystem.name}/file?action=getProperties`, { account });
      assert.equal(seen.headers["x-ms-properties"], "other=MQ==");
    });

    it("of a filesystem are those of its container", async () => {
      const name = `fs-${randomUUID()}`;
      const raw = (method: string, headers = {}) =>
        fixture.send(method, `/${name}?resource=filesystem`, { account, headers });
      const made = await raw("PUT", { "x-ms-properties": "a=MQ==" });
      assert.equal(made.status, 201, made.text);
      assert.equal(made.headers["x-ms-namespace-enabled"], "true");
      assert.equal(codeOf(await raw("PUT")), "FilesystemAlreadyExists");
      assert.deepEqual(fixture.emulator.world.containers.get(`${account}/${name}`)?.metadata, { a: "1" });
      assert.equal((await raw("PATCH", { "x-ms-properties": "b=Mg==" })).status, 200);
      assert.equal((await raw("HEAD")).headers["x-ms-properties"], "b=Mg==");
      const listed = await fixture.send("GET", `/?resource=account&prefix=${name}`, { account });
      assert.match(listed.text, new RegExp(`"name":"${name}"`));
      assert.equal((await raw("DELETE")).status, 202);
      assert.equal((await raw("HEAD")).headers["x-ms-error-code"], "FilesystemNotFound");
    });
  });

  describe("callers", () => {
    it("without a role are refused, also for what does not exist", async () => {
      await write("file");
      const other = clientOf("b").getFileSystemClient(filesystem.name);
      const denied = refusal(403, "AuthorizationPermissionMismatch");
      await assert.rejects(other.getFileClient("file").append("x", 1, 1), denied);
      await assert.rejects(other.getFileClient("none").delete(), denied);
      await assert.rejects(other.getDirectoryClient("d").create(), denied);
      await assert.rejects(other.getFileClient("file").move("x"), denied);
      const answer = await send("GET", "?resource=filesystem&recursive=false", { token: fixture.tokens.b });
      assert.equal(codeOf(answer), "AuthorizationPermissionMismatch");
    });

    it("with the right to read only cannot write, delete, or rename", async () => {
      await write("file");
      const { id } = fixture.emulator.world.accounts.get(account) ?? assert.fail();
      fixture.grant("b", ROLES.reader, `${id}/blobServices/default/containers/${filesystem.name}`);
      const token = fixture.tokens.b;
      assert.equal((await send("GET", "?resource=filesystem&recursive=false", { token })).status, 200);
      assert.equal((await send("HEAD", "/file?action=getAccessControl", { token })).status, 200);
      const denied = async (method: string, path: string, headers = {}) =>
        assert.equal(codeOf(await send(method, path, { token, headers })), "AuthorizationPermissionMismatch");
      await denied("PUT", "/new?resource=file");
      await denied("PATCH", "/file?action=flush&position=1");
      await denied("DELETE", "/file?recursive=false");
      await denied("PUT", "/new", { "x-ms-rename-source": `/${filesystem.name}/file` });
      await denied("PATCH", "/file?action=setAccessControl", { "x-ms-permissions": "0777" });
      assert.deepEqual(held().names(), ["file"]);
    });

    it("with a key, with another audience, or without credentials are refused as by Blob", async () => {
      const path = "?resource=filesystem&recursive=false";
      const key = { token: null, headers: { authorization: `SharedKey ${account}:AAAA` } };
      assert.equal(codeOf(await send("GET", path, key)), "KeyBasedAuthenticationNotPermitted");
      const arm = await fixture.tokenFor("a", "https://management.azure.com");
      const wrong = await send("GET", path, { token: arm });
      assert.deepEqual([wrong.status, codeOf(wrong)], [401, "InvalidAuthenticationInfo"]);
      const nobody = await send("GET", path, { token: null });
      assert.deepEqual([nobody.status, codeOf(nobody)], [401, "NoAuthenticationInformation"]);
      assert.match(nobody.headers["www-authenticate"] ?? "", /resource_id=https:\/\/storage\.azure\.com/);
    });
  });

  describe("what is not emulated", () => {
    it("is refused: paths of flat accounts, expiry, leases in other calls, checks of access", async () => {
      await fixture.send("PUT", "/flat?restype=container");
      const flat = await fixture.send("GET", "/flat?resource=filesystem&recursive=false");
      assert.deepEqual([flat.status, codeOf(flat)], [501, "NotImplemented"]);
      const properties = await fixture.send("HEAD", "/flat?resource=filesystem");
      assert.equal(properties.headers["x-ms-namespace-enabled"], "false");
      const expiry = { "x-ms-expiry-option": "NeverExpire" };
      assert.equal(codeOf(await send("PUT", "/file?resource=file", { headers: expiry })), "UnsupportedHeader");
      await write("file");
      const lease = { "x-ms-lease-action": "acquire" };
      const flush = await send("PATCH", "/file?action=flush&position=1", { headers: lease });
      assert.equal(codeOf(flush), "UnsupportedHeader");
      assert.equal((await send("HEAD", "/file?action=checkAccess&fsAction=r--")).status, 501);
      assert.equal(codeOf(await send("PATCH", "/file?action=explode")), "InvalidQueryParameterValue");
      assert.equal(codeOf(await send("PUT", "/file?resource=link")), "InvalidQueryParameterValue");
    });
  });
});
