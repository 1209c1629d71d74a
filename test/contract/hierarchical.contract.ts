// How flat and hierarchical accounts differ, and the Data Lake endpoint as blobfuse2 uses it on the latter.
import { deepEqual, equal, match } from "node:assert/strict";
import type { Cloud } from "./support/cloud.ts";
import { answered, openContainer, openFilesystem, putBlob, refused } from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

/** The call that blobfuse2 makes at each mount. */
const QUESTION = "restype=container&comp=list&delimiter=%2F&include=metadata,permissions&maxresults=2";

const call = (cloud: Cloud, method: string, url: string, headers: Record<string, string> = {}) =>
  cloud.blob(method, url, { body: "", headers });

/** A new directory's path. */
async function makeDirectory(cloud: Cloud) {
  const { dfs, url, name } = await openFilesystem(cloud);
  const directory = cloud.newName();
  answered(await call(cloud, "PUT", `${dfs}/${directory}?resource=directory`), 201);
  return { dfs: `${dfs}/${directory}`, url: `${url}/${directory}`, path: `/${name}/${directory}` };
}

export const hierarchical: Chapter = {
  title: "flat and hierarchical accounts",
  sentences: [
    {
      says: "flat ones refuse to list with permissions: 400 InvalidQueryParameterValue",
      source: SOURCES.blobList,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        refused(await cloud.blob("GET", `${url}?${QUESTION}`), 400, "InvalidQueryParameterValue");
      },
    },
    {
      says: "hierarchical ones answer that list, with owner, group, permissions and kind",
      source: SOURCES.blobList,
      async check(cloud) {
        const { url } = await openFilesystem(cloud);
        const { text } = answered(await cloud.blob("GET", `${url}?${QUESTION}&prefix=probe`), 200);
        const owner = `<Owner>${cloud.self.principalId}</Owner>`;
        match(text, new RegExp(`${owner}<Group>[^<]+</Group><Permissions>rw-r-----</Permissions>`));
        match(text, /<ResourceType>file<\/ResourceType>/);
      },
    },
    {
      says: "a blob brings the directories above it, which a list without delimiter shows",
      source: SOURCES.blobHierarchy,
      async check(cloud) {
        const { url } = await openFilesystem(cloud);
        const name = cloud.newName();
        answered(await putBlob(cloud, `${url}/${name}/below`, "x"), 201);
        const { text } = answered(await cloud.blob("GET", `${url}?restype=container&comp=list&prefix=${name}`), 200);
        deepEqual(
          [...text.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, each]) => each),
          [name, `${name}/below`],
        );
      },
    },
    {
      says: "a directory that holds something is deleted neither by Blob nor, unless recursively, by Data Lake: 409",
      source: SOURCES.blobHierarchy,
      async check(cloud) {
        const { dfs, url } = await makeDirectory(cloud);
        answered(await putBlob(cloud, `${url}/file`, "x"), 201);
        refused(await cloud.blob("DELETE", url), 409, "DirectoryIsNotEmpty");
        refused(await cloud.blob("DELETE", `${dfs}?recursive=false`), 409, "DirectoryNotEmpty");
        answered(await cloud.blob("DELETE", `${dfs}?recursive=true`), 200);
        refused(await cloud.blob("GET", `${url}/file`), 404, "BlobNotFound");
      },
    },
    {
      says: "hierarchical ones have no snapshots: 409 FeatureNotYetSupportedForHierarchicalNamespaceAccounts",
      source: SOURCES.blobHierarchy,
      async check(cloud) {
        const { url } = await openFilesystem(cloud);
        const answer = await call(cloud, "PUT", `${url}/probe?comp=snapshot`);
        refused(answer, 409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
      },
    },
    {
      says: "a file is made, appended to and flushed by Data Lake, and read by Blob",
      source: SOURCES.dataLakePath,
      async check(cloud) {
        const { dfs, url } = await makeDirectory(cloud);
        const file = `${dfs}/file`;
        answered(await call(cloud, "PUT", `${file}?resource=file`), 201);
        answered(await cloud.blob("PATCH", `${file}?action=append&position=0`, { body: "hello" }), 202);
        equal((await cloud.blob("GET", `${url}/file`)).text, "");
        refused(await call(cloud, "PATCH", `${file}?action=flush&position=9`), 400, "InvalidFlushPosition");
        answered(await call(cloud, "PATCH", `${file}?action=flush&position=5`), 200);
        equal((await cloud.blob("GET", `${url}/file`)).text, "hello");
      },
    },
    {
      says: "what Data Lake has made takes no blocks: 409 BlobOperationNotSupported",
      source: SOURCES.blobErrors,
      async check(cloud) {
        const { dfs, url } = await makeDirectory(cloud);
        answered(await call(cloud, "PUT", `${dfs}/file?resource=file`), 201);
        const block = await cloud.blob("PUT", `${url}/file?comp=block&blockid=MQ%3D%3D`, { body: "x" });
        refused(block, 409, "BlobOperationNotSupported");
      },
    },
    {
      says: "a directory is renamed with all that it holds; what is not there is 404 SourcePathNotFound",
      source: SOURCES.dataLakePath,
      async check(cloud) {
        const { dfs, url, path } = await makeDirectory(cloud);
        answered(await putBlob(cloud, `${url}/file`, "moved"), 201);
        const target = cloud.newName();
        const [to, seen] = [dfs, url].map((each) => each.replace(/[^/]+$/, target));
        answered(await call(cloud, "PUT", `${to}`, { "x-ms-rename-source": path }), 201);
        equal((await cloud.blob("GET", `${seen}/file`)).text, "moved");
        refused(await cloud.blob("GET", `${url}/file`), 404, "BlobNotFound");
        refused(await call(cloud, "PUT", `${to}`, { "x-ms-rename-source": path }), 404, "SourcePathNotFound");
      },
    },
    {
      says: "making what is there with If-None-Match: * is 409 PathAlreadyExists",
      source: SOURCES.dataLakePath,
      async check(cloud) {
        const { dfs } = await makeDirectory(cloud);
        const made = await call(cloud, "PUT", `${dfs}?resource=directory`, { "if-none-match": "*" });
        refused(made, 409, "PathAlreadyExists");
      },
    },
    {
      says: "who owns a path changes its permissions, and needs a greater right for others' and for owners",
      source: SOURCES.dataLakePath,
      async check(cloud) {
        const { dfs } = await makeDirectory(cloud);
        const change = (url: string, headers: Record<string, string>) =>
          call(cloud, "PATCH", `${url}?action=setAccessControl`, headers);
        answered(await change(dfs, { "x-ms-permissions": "rwxrwx---" }), 200);
        const { headers } = answered(await cloud.blob("HEAD", `${dfs}?action=getAccessControl`), 200);
        deepEqual(
          [headers.get("x-ms-permissions"), headers.get("x-ms-owner"), headers.get("x-ms-acl")],
          ["rwxrwx---", cloud.self.principalId, "user::rwx,group::rwx,other::---"],
        );
        const mismatch = "AuthorizationPermissionMismatch";
        refused(await change(dfs, { "x-ms-owner": cloud.newGuid() }), 403, mismatch);
        const { dfs: root } = await openFilesystem(cloud);
        refused(await change(`${root}/`, { "x-ms-permissions": "rwxrwxrwx" }), 403, mismatch);
      },
    },
  ],
};
