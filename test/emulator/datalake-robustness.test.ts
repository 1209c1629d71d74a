// For any request to the Data Lake endpoint the answer is one of Azure's: never an internal error, never an
// error body in another form; and no file is ever without its directory.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type BlobFixture, ROLES, startBlobFixture } from "../support/blob-fixture.ts";

describe("Data Lake robustness", () => {
  const account = "hierarchical";
  let fixture: BlobFixture;

  before(async () => {
    fixture = await startBlobFixture();
    const { id } = fixture.addAccount(account, { isHnsEnabled: true });
    fixture.grant("a", ROLES.owner, id);
    const made = await fixture.send("PUT", "/files?resource=filesystem", { account });
    assert.equal(made.status, 201);
  });
  after(() => fixture.close());

  const names = ["", "/", "/a", "/a/b", "/a/b/c", "/d", "/a//b/", "/%00", "/%ff", "/%2F", "/a%2Fb"];
  const path = fc.oneof(
    fc.constantFrom(...names).map((name) => `/files${name}`),
    fc.constantFrom("/", "//", "/none/a", "/F", "/$root/x"),
  );
  const query = fc.dictionary(
    fc.constantFrom(
      ...["resource", "action", "position", "recursive", "continuation", "maxResults", "directory", "mode", "flush"],
      ...[
        "retainUncommittedData",
        "close",
        "maxRecords",
        "forceFlag",
        "upn",
        "sig",
        "sv",
        "beginFrom",
        "comp",
        "restype",
      ],
    ),
    fc.constantFrom(
      ...["filesystem", "account", "file", "directory", "append", "flush", "setProperties", "setAccessControl"],
      ...["setAccessControlRecursive", "getAccessControl", "getStatus", "checkAccess", "true", "false", "0", "1", "-1"],
      ...[
        "set",
        "modify",
        "remove",
        "legacy",
        "posix",
        "a",
        "MiFhL2I",
        "x",
        "",
        "list",
        "container",
        "99999999999999999",
      ],
    ),
    { maxKeys: 4 },
  );
  const headers = fc.dictionary(
    fc.constantFrom(
      ...["x-ms-rename-source", "x-ms-properties", "x-ms-permissions", "x-ms-umask", "x-ms-acl", "x-ms-owner"],
      ...["x-ms-lease-action", "x-ms-lease-id", "x-ms-lease-duration", "x-ms-source-lease-id", "if-match"],
      ...["if-none-match", "x-ms-source-if-match", "range", "content-md5", "x-ms-content-type", "x-ms-blob-type"],
      ...["x-ms-meta-hdi_isfolder", "x-ms-expiry-option"],
    ),
    fc.constantFrom(
      ...[
        "/files/a",
        "/files/a/b",
        "/files/d",
        "/files",
        "/none/x",
        "a",
        "/files/a?sig=x",
        "a=MQ==",
        "a=MQ==,b=!",
        "=",
      ],
      ...[
        "0755",
        "rwxr-x---",
        "rwx",
        "user::rwx,group::r-x,other::---",
        "user::rwx",
        "user:x",
        "default:user::rwx",
        "*",
      ],
      ...[
        '"0x1"',
        "acquire",
        "break",
        "release",
        "15",
        "00000000-0000-4000-8000-000000000001",
        "bytes=0-1",
        "x",
        "true",
      ],
      "BlockBlob",
    ),
    { maxKeys: 4 },
  );
  /** Calls that do something, so that there is something to stumble over. */
  const useful = fc.constantFrom(
    ...[
      { method: "PUT", path: "/files/a/b", query: { resource: "file" }, headers: {} },
      { method: "PUT", path: "/files/a/b/c", query: { resource: "directory" }, headers: {} },
      { method: "PUT", path: "/files/d", query: { resource: "file" }, headers: {} },
      { method: "PUT", path: "/files/a/b/c", query: {}, headers: { "x-ms-blob-type": "BlockBlob" } },
      { method: "PATCH", path: "/files/a/b", query: { action: "append", position: "0" }, headers: {} },
      { method: "PUT", path: "/files/d", query: {}, headers: { "x-ms-rename-source": "/files/a" } },
      { method: "PUT", path: "/files/a", query: {}, headers: { "x-ms-rename-source": "/files/d" } },
      { method: "DELETE", path: "/files/a", query: { recursive: "true" }, headers: {} },
      { method: "DELETE", path: "/files/a/b", query: {}, headers: {} },
    ],
  );
  const method = fc.constantFrom("GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS");
  const request = fc.oneof(
    fc.record({ method, path, query, headers, body: fc.constantFrom("", "x") }),
    fc.record({ call: useful, body: fc.constantFrom("", "x") }).map(({ call, body }) => ({ ...call, body })),
  );

  interface Sent {
    readonly method: string;
    readonly path: string;
    readonly query: object;
    readonly headers: object;
    readonly body: string;
  }

  function sendAny({ method: verb, path: to, query: asked, headers: sent, body }: Sent) {
    const text = new URLSearchParams(asked as Record<string, string>).toString();
    return fixture.send(verb, `${to}${text === "" ? "" : `?${text}`}`, {
      account,
      headers: sent as Record<string, string>,
      ...(verb === "GET" || verb === "HEAD" ? {} : { body }),
    });
  }

  function requireTree() {
    const { uid } = fixture.emulator.world.containers.get(`${account}/files`) ?? assert.fail();
    const blobs = fixture.emulator.services.blobs.blobsOf(uid);
    for (const name of blobs.names().filter((each) => each.includes("/") && blobs.find(each) !== undefined)) {
      const above = blobs.find(name.slice(0, name.lastIndexOf("/")));
      assert.equal(above?.isDirectory, true, `${name} lies in no directory`);
    }
  }

  const REFUSAL = /^(?:\{"error":\{"code":"\w+","message":"|\ufeff<\?xml [^>]*><Error><Code>\w+<)/;
  /** It would end the test. */
  const deletesAll = ({ method: verb, path: to }: Sent) => verb === "DELETE" && /^\/files(\/|%2F)*$/i.test(to);

  it("no request causes an internal error, and no file loses its directory", async () => {
    await fc.assert(
      fc.asyncProperty(
        request.filter((sent) => !deletesAll(sent)),
        async (sent) => {
          const answer = await sendAny(sent);
          assert.ok(answer.status < 500 || answer.status === 501, `${answer.status} ${answer.text}`);
          assert.ok(answer.headers["x-ms-request-id"]);
          if (answer.status >= 400 && sent.method !== "HEAD") assert.match(answer.text, REFUSAL);
          requireTree();
        },
      ),
      { numRuns: 2500 },
    );
  });
});
