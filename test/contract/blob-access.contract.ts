// Who may open a container: no key, no stranger, only a token for Storage of a principal with a role assignment.
import { equal, match } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { STORAGE_SCOPE } from "./support/cloud.ts";
import { withEmulator } from "./support/emulated.ts";
import {
  answered,
  assignmentOf,
  grant,
  makeContainer,
  makeStranger,
  openContainer,
  putBlob,
  ROLES,
  refused,
  sharedAccount,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

export const blobAccess: Chapter = {
  title: "access to blobs",
  sentences: [
    {
      says: "without a token is 401 with a challenge that names the tenant and the resource to ask for",
      source: SOURCES.blobAuthorization,
      async check(cloud) {
        const { url } = await makeContainer(cloud);
        const answer = await cloud.blob("PUT", `${url}/a`, {
          token: null,
          body: "a",
          headers: { "x-ms-blob-type": "BlockBlob" },
        });
        refused(answer, 401, "NoAuthenticationInformation");
        const challenge = answer.headers.get("www-authenticate") ?? "";
        match(challenge, new RegExp(`^Bearer authorization_uri=\\S+/${cloud.tenantId}/oauth2/authorize`));
        match(challenge, /resource_id=https:\/\/storage\.azure\.com/);
      },
    },
    {
      says: "with a token for Resource Manager is 401 InvalidAuthenticationInfo",
      source: SOURCES.blobAuthorization,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const token = await cloud.tokenFor(cloud.armScope);
        refused(await cloud.blob("GET", `${url}/probe`, { token }), 401, "InvalidAuthenticationInfo");
      },
    },
    {
      says: "with what is no token is 401 InvalidAuthenticationInfo",
      source: SOURCES.blobAuthorization,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        refused(await cloud.blob("GET", `${url}/probe`, { token: "nonsense" }), 401, "InvalidAuthenticationInfo");
      },
    },
    {
      says: "by somebody without a role is 403 AuthorizationPermissionMismatch: listing, reading and writing, and for what is not there",
      source: SOURCES.blobErrorsCommon,
      async check(cloud) {
        const { url, account } = await makeContainer(cloud);
        const code = "AuthorizationPermissionMismatch";
        refused(await cloud.blob("GET", `${url}?restype=container&comp=list&maxresults=2`), 403, code);
        refused(await cloud.blob("GET", `${url}/absent`), 403, code);
        refused(await putBlob(cloud, `${url}/new`, "x"), 403, code);
        refused(await cloud.blob("GET", `${account.blob}/${cloud.newName()}/absent`), 403, code);
      },
    },
    {
      says: "does not come with the right to manage the account: who may write its containers, as Owner by a wildcard, reads no blob",
      source: SOURCES.blobAuthorization,
      async check(cloud) {
        const { url, id } = await makeContainer(cloud);
        answered(await cloud.arm("PATCH", id, { body: { properties: { metadata: { a: "1" } } } }), 200);
        refused(await cloud.blob("GET", `${url}/any`), 403, "AuthorizationPermissionMismatch");
      },
    },
    {
      says: "with an account key is 403 KeyBasedAuthenticationNotPermitted in a keyless account",
      source: SOURCES.sharedKeyPrevention,
      async check(cloud) {
        const { url, account } = await openContainer(cloud);
        const signature = randomBytes(32).toString("base64");
        const headers = {
          authorization: `SharedKey ${account.name}:${signature}`,
          "x-ms-date": new Date().toUTCString(),
        };
        const answer = await cloud.blob("GET", `${url}/probe`, { token: null, headers });
        refused(answer, 403, "KeyBasedAuthenticationNotPermitted");
      },
    },
    {
      says: "with an account SAS is 403 KeyBasedAuthenticationNotPermitted in a keyless account",
      source: SOURCES.sharedKeyPrevention,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const sas = new URLSearchParams({
          sv: "2022-11-02",
          ss: "b",
          srt: "o",
          sp: "r",
          spr: "https",
          se: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, "Z"),
          sig: randomBytes(32).toString("base64"),
        });
        const answer = await cloud.blob("GET", `${url}/probe?${sas}`, { token: null });
        refused(answer, 403, "KeyBasedAuthenticationNotPermitted");
      },
    },
    {
      // The versions were measured on Azure: github.com/astral-sh/uv/pull/21366.
      says: "by anybody to read is 401 with the challenge in an account that forbids public access, and 409 PublicAccessNotPermitted in versions before 2019-12-12",
      source: SOURCES.blobPublicAccess,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const old = { "x-ms-version": "2019-07-07" };
        refused(await cloud.blob("GET", `${url}/probe`, { token: null }), 401, "NoAuthenticationInformation");
        const answer = await cloud.blob("GET", `${url}/probe`, { token: null, headers: old });
        refused(answer, 409, "PublicAccessNotPermitted");
      },
    },
    {
      says: "comes with a role assignment at the container, and ends there: a neighbour in the same account stays closed",
      source: SOURCES.blobAuthorization,
      async check(cloud) {
        const open = await openContainer(cloud);
        const closed = await makeContainer(cloud);
        answered(await cloud.blob("GET", `${open.url}/probe`), 200);
        refused(await cloud.blob("GET", `${closed.url}/probe`), 403, "AuthorizationPermissionMismatch");
      },
    },
    {
      says: "with the reader's role is to read and list, not to write: 403",
      source: SOURCES.builtInRoles,
      async check(cloud) {
        const { id, url } = await makeContainer(cloud);
        await grant(cloud, id, assignmentOf(cloud, ROLES.blobReader));
        await cloud.eventually(async () => {
          answered(await cloud.blob("GET", `${url}?restype=container&comp=list`), 200);
        });
        refused(await putBlob(cloud, `${url}/new`, "x"), 403, "AuthorizationPermissionMismatch");
      },
    },
    {
      says: "by a workload needs nothing but its own exchanged token and the role assignment",
      source: SOURCES.blobAuthorization,
      needs: { assertion: true },
      async check(cloud) {
        const { id, url } = await makeContainer(cloud);
        const { principalId, token } = await makeStranger(cloud, STORAGE_SCOPE);
        const list = `${url}?restype=container&comp=list&maxresults=2`;
        refused(await cloud.blob("GET", list, { token }), 403, "AuthorizationPermissionMismatch");
        await grant(cloud, id, assignmentOf(cloud, ROLES.blobContributor, principalId));
        await cloud.eventually(async () => {
          answered(await cloud.blob("GET", list, { token }), 200);
        });
        const headers = { "x-ms-blob-type": "BlockBlob" };
        answered(await cloud.blob("PUT", `${url}/mine`, { token, body: "mine", headers }), 201);
        equal((await cloud.blob("GET", `${url}/mine`, { token })).text, "mine");
      },
    },
    {
      says: "takes effect some time after the role assignment, and ends some time after its removal",
      source: SOURCES.rbacTroubleshooting,
      needs: { control: "the clock, to see the times in between for certain" },
      check: () =>
        withEmulator({ propagationGrantMs: 60_000, propagationRemovalMs: 300_000 }, async (cloud) => {
          const { id, url } = await makeContainer(cloud);
          const assignment = await grant(cloud, id, assignmentOf(cloud, ROLES.blobReader));
          const list = () => cloud.blob("GET", `${url}?restype=container&comp=list`);
          refused(await list(), 403, "AuthorizationPermissionMismatch");
          cloud.emulator.clock.advance(61_000);
          answered(await list(), 200);
          answered(await cloud.arm("DELETE", assignment), 200);
          answered(await list(), 200);
          cloud.emulator.clock.advance(301_000);
          refused(await list(), 403, "AuthorizationPermissionMismatch");
        }),
    },
    {
      says: "with an x-ms-version that there is not is 400 InvalidHeaderValue",
      source: SOURCES.blobVersioning,
      async check(cloud) {
        const { url } = await openContainer(cloud);
        const headers = { "x-ms-version": "2099-01-01" };
        refused(await cloud.blob("GET", `${url}/probe`, { headers }), 400, "InvalidHeaderValue");
      },
    },
    {
      says: "to the blobs of a container that is not there is 404 ContainerNotFound for who has a role at its scope, which may be given before the container is there",
      source: SOURCES.blobErrors,
      async check(cloud) {
        const account = await sharedAccount(cloud);
        const name = cloud.newName();
        const scope = `${account.id}/blobServices/default/containers/${name}`;
        await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader));
        await cloud.eventually(async () => {
          refused(await cloud.blob("GET", `${account.blob}/${name}/any`), 404, "ContainerNotFound");
        });
      },
    },
  ],
};
