// Management locks: what an administrator's lock stops, and what it does not.
import { match } from "node:assert/strict";
import type { Cloud } from "./support/cloud.ts";
import { answered, makeAccount, makeContainer, openContainer, putBlob, refused } from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

/** Holds a lock on a scope while a check runs. */
async function withLock(cloud: Cloud, scope: string, level: string, check: () => Promise<void>): Promise<void> {
  const id = `${scope}/providers/Microsoft.Authorization/locks/${cloud.newName()}`;
  answered(await cloud.arm("PUT", id, { body: { properties: { level } } }), 200, 201);
  try {
    await check();
  } finally {
    answered(await cloud.arm("DELETE", id), 200, 204);
  }
}

export const locks: Chapter = {
  title: "locks",
  sentences: [
    {
      says: "of the kind CanNotDelete on an account refuse to delete it: 409 ScopeLocked with the locked scope, until they are removed",
      source: SOURCES.armLocks,
      async check(cloud) {
        const { id, name } = await makeAccount(cloud);
        await withLock(cloud, id, "CanNotDelete", () =>
          cloud.eventually(async () => {
            const answer = await cloud.arm("DELETE", `${id}`);
            refused(answer, 409, "ScopeLocked");
            match(answer.message, new RegExp(`storageAccounts/${name}`));
          }),
        );
        await cloud.eventually(async () => {
          answered(await cloud.arm("DELETE", id), 200);
        });
      },
    },
    {
      says: "of the kind CanNotDelete on an account refuse to delete its containers through Resource Manager, and let them be made and changed",
      source: SOURCES.armLocks,
      async check(cloud) {
        const container = await makeContainer(cloud);
        await withLock(cloud, container.account.id, "CanNotDelete", async () => {
          await cloud.eventually(async () => {
            refused(await cloud.arm("DELETE", container.id), 409, "ScopeLocked");
          });
          answered(await cloud.arm("PATCH", container.id, { body: { properties: { metadata: { a: "1" } } } }), 200);
        });
      },
    },
    {
      says: "of the kind ReadOnly on an account refuse to write its containers, and let them be read",
      source: SOURCES.armLocks,
      async check(cloud) {
        const container = await makeContainer(cloud);
        await withLock(cloud, container.account.id, "ReadOnly", async () => {
          await cloud.eventually(async () => {
            const answer = await cloud.arm("PATCH", container.id, { body: { properties: {} } });
            refused(answer, 409, "ScopeLocked");
          });
          answered(await cloud.arm("GET", container.id), 200);
        });
      },
    },
    {
      says: "do not stop the data plane: blobs are written and deleted under CanNotDelete",
      source: SOURCES.armLocks,
      async check(cloud) {
        const container = await openContainer(cloud);
        await withLock(cloud, container.account.id, "CanNotDelete", async () => {
          answered(await putBlob(cloud, `${container.url}/locked`, "x"), 201);
          answered(await cloud.blob("DELETE", `${container.url}/locked`), 202);
        });
      },
    },
  ],
};
