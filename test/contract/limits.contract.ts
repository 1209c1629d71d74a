// Throttling and quotas: what the product's budgets and retries are made for.
import { equal, match, ok } from "node:assert/strict";
import { AZURE_LIMITS } from "../../src/emulator/settings.ts";
import type { Answer, Cloud } from "./support/cloud.ts";
import { withEmulator } from "./support/emulated.ts";
import {
  ASSIGNMENTS,
  answered,
  assignmentOf,
  grant,
  makeContainer,
  makeStranger,
  ROLES,
  refused,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

const control = "limits that nobody else uses up";

/** Calls until one is refused with 429, at most `most` times; answers that refusal and the number of calls before it. */
async function exhaust(call: () => Promise<Answer>, most: number): Promise<{ refusal: Answer; before: number }> {
  for (let before = 0; before <= most; before += 1) {
    const answer = await call();
    if (answer.status === 429) return { refusal: answer, before };
  }
  throw new Error(`not refused in ${most} calls`);
}

const waitOf = (answer: Answer) => Number(answer.headers.get("retry-after"));

const listAccounts = (cloud: Cloud) => () =>
  cloud.arm("GET", `${cloud.group}/providers/Microsoft.Storage/storageAccounts`);

export const limits: Chapter = {
  title: "limits",
  sentences: [
    {
      says: "of the storage provider let 100 lists pass in five minutes, then answer 429 TooManyRequests with Retry-After",
      source: SOURCES.accountThrottling,
      needs: { control },
      check: () =>
        withEmulator({ limits: AZURE_LIMITS }, async (cloud) => {
          const { refusal, before } = await exhaust(listAccounts(cloud), 120);
          refused(refusal, 429, "TooManyRequests");
          equal(before, 100);
          ok(waitOf(refusal) > 0 && waitOf(refusal) <= 300);
        }),
    },
    {
      says: "that were hit let calls pass again after the time that Retry-After gave, and not before",
      source: SOURCES.armThrottling,
      needs: { control },
      check: () =>
        withEmulator({ limits: AZURE_LIMITS }, async (cloud) => {
          const { refusal } = await exhaust(listAccounts(cloud), 120);
          cloud.emulator.clock.advance((waitOf(refusal) - 30) * 1000);
          equal((await listAccounts(cloud)()).status, 429);
          cloud.emulator.clock.advance(31_000);
          equal((await listAccounts(cloud)()).status, 200);
        }),
    },
    {
      says: "of the storage provider count lists and reads for themselves: an account is still read when lists are refused",
      source: SOURCES.accountThrottling,
      needs: { control },
      check: () =>
        withEmulator({ limits: AZURE_LIMITS }, async (cloud) => {
          const container = await makeContainer(cloud);
          await exhaust(listAccounts(cloud), 120);
          answered(await cloud.arm("GET", container.account.id), 200);
          answered(await cloud.arm("GET", container.id), 200);
        }),
    },
    {
      says: "of the storage provider let 10 writes pass in a second, containers among them",
      source: SOURCES.accountThrottling,
      needs: { control },
      check: () =>
        withEmulator({ limits: { ...AZURE_LIMITS, storageWrites: [{ calls: 10, seconds: 3600 }] } }, async (cloud) => {
          // A window of an hour, so that a slow machine sees what a fast one sees in a second.
          const { account } = await makeContainer(cloud);
          const write = () =>
            cloud.arm("PUT", `${account.id}/blobServices/default/containers/${cloud.newName()}`, { body: {} });
          const { refusal, before } = await exhaust(write, 20);
          refused(refusal, 429, "TooManyRequests");
          equal(before, 8, "two writes were made before");
        }),
    },
    {
      says: "of Resource Manager are counted for each caller: what one has used up another one still has",
      source: SOURCES.armThrottling,
      needs: { control },
      check: () =>
        withEmulator({ limits: { ...AZURE_LIMITS, armReads: { burst: 20, perSecond: 0.001 } } }, async (cloud) => {
          const { token } = await makeStranger(cloud);
          const { refusal } = await exhaust(() => cloud.arm("GET", cloud.group), 30);
          refused(refusal, 429, "SubscriptionRequestsThrottled");
          const other = await cloud.arm("GET", cloud.group, { token });
          refused(other, 403, "AuthorizationFailed");
          equal(other.headers.get("x-ms-ratelimit-remaining-subscription-reads"), "19");
        }),
    },
    {
      says: "of role assignments in a subscription are fixed: one more is RoleAssignmentLimitExceeded",
      source: SOURCES.rbacLimits,
      needs: { control: "a subscription that is full" },
      check: () =>
        withEmulator({}, async (cloud) => {
          const { id } = await makeContainer(cloud);
          const taken = cloud.emulator.world.roleAssignments;
          const [example] = taken.values();
          ok(example);
          for (let index = taken.size; index < 4000; index += 1) {
            const name = cloud.newGuid();
            taken.set(name, { ...example, name, scope: id, principalId: cloud.newGuid() });
          }
          const path = `${id}/${ASSIGNMENTS}/${cloud.newGuid()}`;
          const answer = await cloud.arm("PUT", path, { body: assignmentOf(cloud, ROLES.blobReader) });
          equal(answer.code, "RoleAssignmentLimitExceeded", answer.text);
          match(answer.message, /No more role assignments can be created/);
        }),
    },
    {
      says: "of role assignments count those of containers and accounts like all others",
      source: SOURCES.rbacLimits,
      needs: { control: "a subscription that is nearly full" },
      check: () =>
        withEmulator({}, async (first) => {
          const room = first.emulator.world.roleAssignments.size + 1;
          await withEmulator({ roleAssignmentsPerSubscription: room }, async (cloud) => {
            const { id, account } = await makeContainer(cloud);
            await grant(cloud, id, assignmentOf(cloud, ROLES.blobReader));
            const path = `${account.id}/${ASSIGNMENTS}/${cloud.newGuid()}`;
            const answer = await cloud.arm("PUT", path, { body: assignmentOf(cloud, ROLES.blobReader) });
            equal(answer.code, "RoleAssignmentLimitExceeded", answer.text);
          });
        }),
    },
  ],
};
