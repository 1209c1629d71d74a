// Blobs as the node plugin's FUSE client and the SDKs use them.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Cloud } from "./support/cloud.ts";
import { answered, openContainer, putBlob, refused } from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

/** A new blob's address in the open container. */
async function newBlob(cloud: Cloud): Promise<string> {
  return `${(await openContainer(cloud)).url}/${cloud.newName()}`;
}

/** A new blob with this content; gives address and ETag. */
async function makeBlob(cloud: Cloud, body: string): Promise<{ url: string; etag: string }> {
  const url = await newBlob(cloud);
  const { headers } = answered(await putBlob(cloud, url, body), 201);
  return { url, etag: headers.get("etag") ?? "" };
}

const blockId = (index: number) => Buffer.from(String(index).padStart(8, "0")).toString("base64");

const putBlock = (cloud: Cloud, url: string, index: number, body: string) =>
  cloud.blob("PUT", `${url}?comp=block&blockid=${encodeURIComponent(blockId(index))}`, { body });

const putBlockList = (cloud: Cloud, url: string, indexes: readonly number[]) => {
  const latest = indexes.map((index) => `<Latest>${blockId(index)}</Latest>`).join("");
  const body = `<?xml version="1.0" encoding="utf-8"?><BlockList>${latest}</BlockList>`;
  return cloud.blob("PUT", `${url}?comp=blocklist`, { body, headers: { "content-type": "application/xml" } });
};

export const blobs: Chapter = {
  title: "blobs",
  sentences: [
    {
      says: "are written in one call and read back with ETag, Last-Modified, type and MD5",
      source: SOURCES.blobPut,
      async check(cloud) {
        const { url, etag } = await makeBlob(cloud, "hello");
        match(etag, /^"0x[0-9A-F]+"$/);
        const read = answered(await cloud.blob("GET", url), 200);
        const header = (name: string) => read.headers.get(name);
        deepEqual([read.text, header("etag"), header("x-ms-blob-type")], ["hello", etag, "BlockBlob"]);
        equal(header("content-md5"), createHash("md5").update("hello").digest("base64"));
        ok(header("last-modified") && header("x-ms-request-id") && header("x-ms-version"));
      },
    },
    {
      says: "that are not there are 404 BlobNotFound; a HEAD says so in x-ms-error-code alone",
      source: SOURCES.blobErrors,
      async check(cloud) {
        const url = await newBlob(cloud);
        const read = await cloud.blob("GET", url);
        refused(read, 404, "BlobNotFound");
        match(read.text, /<Code>BlobNotFound<\/Code>/);
        const asked = await cloud.blob("HEAD", url);
        refused(asked, 404, "BlobNotFound");
        equal(asked.text, "");
        refused(await cloud.blob("DELETE", url), 404, "BlobNotFound");
      },
    },
    {
      says: "need their type when they are written: 400 without x-ms-blob-type",
      source: SOURCES.blobPut,
      async check(cloud) {
        const answer = await cloud.blob("PUT", await newBlob(cloud), { body: "x" });
        refused(answer, 400, "MissingRequiredHeader");
      },
    },
    {
      says: "are refused when the MD5 that is sent is not theirs: 400 Md5Mismatch",
      source: SOURCES.blobPut,
      async check(cloud) {
        const md5 = createHash("md5").update("other").digest("base64");
        const answer = await putBlob(cloud, await newBlob(cloud), "this", { "content-md5": md5 });
        refused(answer, 400, "Md5Mismatch");
      },
    },
    {
      says: "with If-None-Match: * are made only when they are not there: 409 BlobAlreadyExists",
      source: SOURCES.blobConditions,
      async check(cloud) {
        const { url } = await makeBlob(cloud, "first");
        refused(await putBlob(cloud, url, "second", { "if-none-match": "*" }), 409, "BlobAlreadyExists");
        equal((await cloud.blob("GET", url)).text, "first");
      },
    },
    {
      says: "with If-Match are changed only while they are what they were: 412 ConditionNotMet",
      source: SOURCES.blobConditions,
      async check(cloud) {
        const { url, etag } = await makeBlob(cloud, "first");
        answered(await putBlob(cloud, url, "second", { "if-match": etag }), 201);
        refused(await putBlob(cloud, url, "third", { "if-match": etag }), 412, "ConditionNotMet");
        const late = await cloud.blob("DELETE", url, { headers: { "if-match": etag } });
        refused(late, 412, "ConditionNotMet");
      },
    },
    {
      says: "that have not changed are 304 to a read with If-None-Match",
      source: SOURCES.blobConditions,
      async check(cloud) {
        const { url, etag } = await makeBlob(cloud, "same");
        equal((await cloud.blob("GET", url, { headers: { "if-none-match": etag } })).status, 304);
      },
    },
    {
      says: "are read in ranges: 206 with Content-Range, 416 InvalidRange behind the end",
      source: SOURCES.blobRange,
      async check(cloud) {
        const { url } = await makeBlob(cloud, "0123456789");
        const part = answered(await cloud.blob("GET", url, { headers: { "x-ms-range": "bytes=2-4" } }), 206);
        deepEqual([part.text, part.headers.get("content-range")], ["234", "bytes 2-4/10"]);
        const rest = answered(await cloud.blob("GET", url, { headers: { range: "bytes=8-100" } }), 206);
        equal(rest.text, "89");
        refused(await cloud.blob("GET", url, { headers: { range: "bytes=10-" } }), 416, "InvalidRange");
      },
    },
    {
      says: "are built of blocks: nothing is there before the block list, all of it after",
      source: SOURCES.blobPutBlockList,
      async check(cloud) {
        const url = await newBlob(cloud);
        answered(await putBlock(cloud, url, 1, "one-"), 201);
        answered(await putBlock(cloud, url, 2, "two"), 201);
        refused(await cloud.blob("GET", url), 404, "BlobNotFound");
        answered(await putBlockList(cloud, url, [1, 2]), 201);
        equal((await cloud.blob("GET", url)).text, "one-two");
      },
    },
    {
      says: "are not made of blocks that were never sent: 400 InvalidBlockList",
      source: SOURCES.blobPutBlockList,
      async check(cloud) {
        const url = await newBlob(cloud);
        answered(await putBlock(cloud, url, 1, "one"), 201);
        refused(await putBlockList(cloud, url, [1, 9]), 400, "InvalidBlockList");
      },
    },
    {
      says: "keep some of their blocks and take new ones in a later block list",
      source: SOURCES.blobPutBlockList,
      async check(cloud) {
        const url = await newBlob(cloud);
        for (const index of [1, 2]) answered(await putBlock(cloud, url, index, `${index}`), 201);
        answered(await putBlockList(cloud, url, [1, 2]), 201);
        answered(await putBlock(cloud, url, 3, "3"), 201);
        answered(await putBlockList(cloud, url, [3, 1]), 201);
        equal((await cloud.blob("GET", url)).text, "31");
      },
    },
    {
      says: "carry metadata, as FUSE clients use it to tell folders from files",
      source: SOURCES.blobMetadata,
      async check(cloud) {
        const url = await newBlob(cloud);
        answered(await putBlob(cloud, url, "", { "x-ms-meta-hdi_isfolder": "true" }), 201);
        const { headers } = answered(await cloud.blob("HEAD", url), 200);
        deepEqual([headers.get("x-ms-meta-hdi_isfolder"), headers.get("content-length")], ["true", "0"]);
        const change = { headers: { "x-ms-meta-mode": "644" } };
        answered(await cloud.blob("PUT", `${url}?comp=metadata`, change), 200);
        const after = (await cloud.blob("HEAD", url)).headers;
        deepEqual([after.get("x-ms-meta-mode"), after.get("x-ms-meta-hdi_isfolder")], ["644", null]);
      },
    },
    {
      says: "are listed in pages with a marker, and by folders with a delimiter",
      source: SOURCES.blobList,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const folder = cloud.newName();
        for (const name of ["a", "b", "sub/c", "sub/d"]) {
          answered(await putBlob(cloud, `${url}/${folder}/${name}`, name), 201);
        }
        const list = async (query: string) => {
          const path = `${url}?restype=container&comp=list&prefix=${folder}/${query}`;
          const { text } = answered(await cloud.blob("GET", path), 200);
          const all = (element: string) =>
            [...text.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, value]) => value ?? "");
          return { names: all("Name").map((name) => name.slice(folder.length + 1)), next: all("NextMarker")[0] ?? "" };
        };
        const first = await list("&maxresults=3");
        deepEqual(first.names, ["a", "b", "sub/c"]);
        const second = await list(`&maxresults=3&marker=${encodeURIComponent(first.next)}`);
        deepEqual([second.names, second.next], [["sub/d"], ""]);
        deepEqual((await list("&delimiter=/")).names, ["a", "b", "sub/"]);
      },
    },
    {
      says: "under a lease are changed only by who holds it: 412 LeaseIdMissing",
      source: SOURCES.blobLease,
      async check(cloud) {
        const { url } = await makeBlob(cloud, "mine");
        const acquire = { headers: { "x-ms-lease-action": "acquire", "x-ms-lease-duration": "60" } };
        const leased = answered(await cloud.blob("PUT", `${url}?comp=lease`, acquire), 201);
        const lease = leased.headers.get("x-ms-lease-id") ?? "";
        refused(await putBlob(cloud, url, "yours"), 412, "LeaseIdMissing");
        refused(await cloud.blob("DELETE", url), 412, "LeaseIdMissing");
        refused(await cloud.blob("PUT", `${url}?comp=lease`, acquire), 409, "LeaseAlreadyPresent");
        answered(await putBlob(cloud, url, "mine still", { "x-ms-lease-id": lease }), 201);
        equal((await cloud.blob("GET", url)).text, "mine still", "reading needs no lease");
      },
    },
    {
      says: "are deleted with 202, and then 404",
      source: SOURCES.blobDelete,
      async check(cloud) {
        const { url } = await makeBlob(cloud, "gone");
        answered(await cloud.blob("DELETE", url), 202);
        refused(await cloud.blob("GET", url), 404, "BlobNotFound");
      },
    },
    {
      says: "may have names with blanks, slashes and letters of all scripts",
      source: SOURCES.containerNames,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const name = `${cloud.newName()}/ä b/数据+%.txt`;
        const address = `${url}/${encodeURIComponent(name).replaceAll("%2F", "/")}`;
        answered(await putBlob(cloud, address, "named"), 201);
        equal((await cloud.blob("GET", address)).text, "named");
        const { text } = await cloud.blob("GET", `${url}?restype=container&comp=list&prefix=${name.split("/")[0]}/`);
        ok(text.includes(`<Name>${name}</Name>`), text);
      },
    },
    {
      says: "are written into a container that is made already: making it again on the data plane is 409 ContainerAlreadyExists",
      source: SOURCES.containerCreateBlob,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        refused(await cloud.blob("PUT", `${url}?restype=container`), 409, "ContainerAlreadyExists");
      },
    },
    {
      says: "keep a container from being deleted on the data plane while it is leased: 412 LeaseIdMissing",
      source: SOURCES.containerLeaseBlob,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const lease = (action: string) =>
          cloud.blob("PUT", `${url}?restype=container&comp=lease`, {
            headers: {
              "x-ms-lease-action": action,
              ...(action === "acquire" ? { "x-ms-lease-duration": "-1" } : { "x-ms-lease-break-period": "0" }),
            },
          });
        answered(await lease("acquire"), 201);
        try {
          refused(await cloud.blob("DELETE", `${url}?restype=container`), 412, "LeaseIdMissing");
        } finally {
          answered(await lease("break"), 202);
        }
      },
    },
  ],
};
