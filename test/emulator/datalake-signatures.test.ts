// Keys and shared access signatures at the Data Lake endpoint, made by the real SDK: "Create a user delegation SAS".
import assert from "node:assert/strict";
import {
  AnonymousCredential,
  DataLakeSASPermissions,
  FileSystemSASPermissions,
  generateDataLakeSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-file-datalake";
import { accountKey } from "../../src/emulator/storage/accounts.ts";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";
import { connectDataLake } from "../support/datalake-client.ts";

describe("Data Lake signatures", () => {
  const account = "hierarchical";
  let fixture: BlobFixture;

  before(async () => {
    fixture = await startBlobFixture();
    const { id } = fixture.addAccount(account, { isHnsEnabled: true });
    fixture.grant("a", ROLES.contributor, id);
    const files = owner().getFileSystemClient("files");
    await files.create();
    await files.getFileClient("d/file").upload(Buffer.from("signed"));
    await files.getFileClient("other").upload(Buffer.from("other"));
  });
  after(() => fixture.close());

  const owner = () =>
    connectDataLake(fixture.emulator, account, {
      getToken: async () => ({ token: fixture.tokens.a, expiresOnTimestamp: Date.now() + 3_000_000 }),
    });

  /** The filesystem, with nothing but a signature made with a user delegation key. */
  async function signedFor(
    permissions: string,
    of?: { pathName: string; isDirectory: boolean; directoryDepth: number },
  ) {
    const soon = new Date(Date.now() + 3_600_000);
    const key = await owner().getUserDelegationKey(new Date(Date.now() - 60_000), soon);
    const values = { fileSystemName: "files", expiresOn: soon };
    const sas = generateDataLakeSASQueryParameters(
      of === undefined
        ? { ...values, permissions: FileSystemSASPermissions.parse(permissions) }
        : { ...values, ...of, permissions: DataLakeSASPermissions.parse(permissions) },
      key,
      account,
    );
    return connectDataLake(fixture.emulator, account, new AnonymousCredential(), sas.toString()).getFileSystemClient(
      "files",
    );
  }

  const denied = { statusCode: 403, code: "AuthorizationPermissionMismatch" };

  it("a signature for a filesystem permits listing and writing in it according to its letters", async () => {
    const files = await signedFor("rwl");
    const names: (string | undefined)[] = [];
    for await (const { name } of files.listPaths({ recursive: true })) names.push(name);
    assert.deepEqual(names, ["d", "d/file", "other"]);
    await files.getFileClient("by-sas").upload(Buffer.from("x"));
    assert.equal((await files.getFileClient("by-sas").readToBuffer()).toString(), "x");
    await assert.rejects(files.getFileClient("by-sas").delete(), denied);
    await assert.rejects(
      files.getFileClient("by-sas").setPermissions((await permissionsOf("d/file")).permissions),
      denied,
    );
    const held = await permissionsOf("by-sas");
    assert.equal(held.owner, "$superuser");
    await owner().getFileSystemClient("files").getFileClient("by-sas").delete();
  });

  async function permissionsOf(name: string) {
    const { permissions, owner: who } = await owner()
      .getFileSystemClient("files")
      .getFileClient(name)
      .getAccessControl();
    assert.ok(permissions);
    return { permissions, owner: who };
  }

  it("a signature for a directory is valid in it, and nowhere else", async () => {
    const files = await signedFor("r", { pathName: "d", isDirectory: true, directoryDepth: 1 });
    assert.equal((await files.getFileClient("d/file").readToBuffer()).toString(), "signed");
    await assert.rejects(files.getFileClient("other").readToBuffer(), { statusCode: 403 });
  });

  it("a signature for a path moves nothing there from elsewhere", async () => {
    const rename = async (
      permissions: string,
      of?: { pathName: string; isDirectory: boolean; directoryDepth: number },
    ) => {
      const { url } = (await signedFor(permissions, of)).getFileClient("d/moved");
      const { pathname, search } = new URL(url);
      return fixture.send("PUT", pathname.replace(/^\/[^/]*/, "/files") + search, {
        account,
        token: null,
        headers: { "x-ms-rename-source": "/files/other" },
      });
    };
    const stolen = await rename("rwm", { pathName: "d", isDirectory: true, directoryDepth: 1 });
    assert.equal(stolen.headers["x-ms-error-code"], "AuthorizationPermissionMismatch");
    assert.equal((await rename("rwlm")).status, 201);
  });

  it("a key works on an account that allows keys, and on no other", async () => {
    const open = fixture.addAccount("withkeys", { isHnsEnabled: true, allowSharedKeyAccess: true });
    const credential = new StorageSharedKeyCredential(open.name, accountKey(open, "key1"));
    const files = connectDataLake(fixture.emulator, open.name, credential).getFileSystemClient("keyed");
    await files.create();
    await files.getFileClient("d/ö file").upload(Buffer.from("by key"));
    await files.getFileClient("d/ö file").move("moved file");
    assert.equal((await files.getFileClient("moved file").readToBuffer()).toString(), "by key");
    const wrong = new StorageSharedKeyCredential(account, accountKey(open, "key1"));
    const keyless = connectDataLake(fixture.emulator, account, wrong).getFileSystemClient("files");
    await assert.rejects(keyless.getFileClient("x").create(), {
      statusCode: 403,
      code: "KeyBasedAuthenticationNotPermitted",
    });
  });
});
