// The foundations of the Blob service that have rules of their own: the XML reader, the CRC64, and what a saved store
// holds.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { element, parseXml, xmlDocument } from "../../src/emulator/blob/http/xml.ts";
import type { Blob } from "../../src/emulator/storage/store/blob-record.ts";
import { createCrc64 } from "../../src/emulator/storage/store/crc64.ts";
import { type BlobStore, createBlobStore, type SavedBlobs } from "../../src/emulator/storage/store/store.ts";

describe("Blob XML", () => {
  it("any text that is written is read back, without what XML cannot contain", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const kept = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
        assert.equal(parseXml(xmlDocument(element("a", text)))?.text, kept);
      }),
    );
  });

  it("malformed documents are refused, and none causes an internal error", () => {
    const bad = [
      "",
      "text",
      "<a>",
      "<a></b>",
      "<a/><b/>",
      "<a>&nope;</a>",
      "<a>&</a>",
      "<!DOCTYPE a><a/>",
      "</a>",
      "<a",
    ];
    for (const text of bad) assert.equal(parseXml(text), undefined, text);
    fc.assert(fc.property(fc.string(), (text) => void parseXml(text)));
    fc.assert(fc.property(fc.stringMatching(/^[<>/a&;! "=?-]{0,40}$/), (text) => void parseXml(text)));
  });

  it("elements, attributes, comments, CDATA and character references are read", () => {
    const root = parseXml(
      '\ufeff<?xml version="1.0"?><!-- x --><a b="1"><c>&#x41;&amp;&#66;</c><d/><e><![CDATA[<f>]]></e></a>',
    );
    assert.deepEqual(
      root?.children.map(({ name, text }) => [name, text]),
      [
        ["c", "A&B"],
        ["d", ""],
        ["e", "<f>"],
      ],
    );
  });
});

describe("Blob CRC64", () => {
  it("is that of Azure Storage, however the bytes are chunked", () => {
    const known = createCrc64();
    known.update(Buffer.from("Hello World!"));
    assert.equal(known.digest(), "peH8Xsgc5QI="); // computed with @azure/storage-common's own calculator
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const [whole, cut] = [createCrc64(), createCrc64()];
        whole.update(bytes);
        cut.update(bytes.subarray(0, at));
        cut.update(bytes.subarray(at));
        assert.equal(cut.digest(), whole.digest());
      }),
    );
  });
});

describe("The blob store", () => {
  let directory: string;
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "blob-store-")), "blobs");
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

  async function put(store: BlobStore, container: string, name: string, text: string): Promise<Blob> {
    const body = await store.receive(Readable.from([Buffer.from(text)]), 1000);
    const blob: Blob = {
      name,
      type: "BlockBlob",
      createdAt: 1,
      lastModified: 1,
      etag: '"0x1"',
      metadata: {},
      tags: {},
      blocks: [],
      content: { type: "text/plain" },
      slices: [{ body, offset: 0, length: body.size }],
      size: body.size,
      lease: { state: "available" },
    };
    store.blobsOf(container).put(blob);
    store.release(body);
    return blob;
  }

  async function textOf(store: BlobStore, blob: Blob | undefined): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of store.read(blob?.slices ?? [])) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  it("a store that is saved and kept is restored by the next one", async () => {
    const store = createBlobStore(directory);
    const blob = await put(store, "c1", "x", "kept");
    store.blobsOf("c1").addSnapshot({ ...blob, snapshot: "2026-01-01T00:00:00.0000000Z" });
    const [slice] = blob.slices;
    assert.ok(slice);
    store.blobsOf("c2").stage("y", { id: "MQ==", slice });
    store.blobsOf("c1").setAccessPolicies([{ id: "p", permissions: "r" }]);
    const saved = JSON.parse(JSON.stringify(store.save())) as SavedBlobs;
    await store.close({ keep: true });

    const next = createBlobStore(directory, saved);
    assert.equal(await textOf(next, next.blobsOf("c1").find("x")), "kept");
    assert.equal(next.blobsOf("c1").entry("x")?.snapshots.length, 1);
    assert.deepEqual(next.blobsOf("c1").accessPolicies(), [{ id: "p", permissions: "r" }]);
    next.dropContainer("c1");
    assert.equal(readdirSync(directory).length, 1, "the block in the other container still uses the file");
    next.dropContainer("c2");
    await next.close();
    assert.throws(() => readdirSync(directory), { code: "ENOENT" });
  });

  it("deleting a container deletes its files", async () => {
    const store = createBlobStore(directory);
    for (const name of ["a", "b", "c"]) await put(store, "c1", name, name);
    assert.equal(readdirSync(directory).length, 3);
    store.dropContainer("c1");
    await store.close({ keep: true });
    assert.deepEqual(readdirSync(directory), []);
  });
});
