// Whether a role assignment that several volumes share is new to each of them: those wait for Azure to apply it.
import assert from "node:assert/strict";
import { createFollowUps } from "../../../src/concurrency/follow-ups.ts";
import { createAccountAssignments } from "../../../src/volume/access/account-assignments.ts";
import { ourRoleAssignment } from "../../../src/volume/access/role-assignments.ts";
import type { Dependencies } from "../../../src/volume/dependencies.ts";
import { accountId } from "../../../src/volume/formats/arm-ids.ts";
import type { Ports } from "../../../src/volume/ports.ts";
import { createFakeTime, settle } from "../../support/fake-time.ts";
import { memoryBackend } from "../../support/memory-backend.ts";
import { silentObserver } from "../../support/silent-observer.ts";
import { PRINCIPAL, SETTINGS } from "../../support/volume-settings.ts";

const ACCOUNT = { subscriptionId: SETTINGS.subscriptionId, resourceGroup: "data", name: "account" };
const ASKED = ourRoleAssignment(accountId(ACCOUNT), { principalId: PRINCIPAL, roleId: SETTINGS.roleId });
const AT = { account: ACCOUNT, description: "for a test" };

describe("a role assignment at an account", () => {
  /** Azure, as far as it is asked: each creation waits until the test answers it. */
  function start() {
    const answers: ((how: "created" | "adopted" | "found") => void)[] = [];
    const roleAssignments = {
      remembered: () => false,
      find: async () => undefined,
      create: () => new Promise((answer) => void answers.push(answer)),
    } as unknown as Ports["roleAssignments"];
    const observer = silentObserver();
    const followUps = createFollowUps({ task: "access-check", time: createFakeTime(), observer });
    const ports = { roleAssignments, followUps, observer } as unknown as Ports;
    const deps: Dependencies = { ports, settings: SETTINGS, backend: memoryBackend };
    return { answers, assignments: createAccountAssignments(deps) };
  }

  for (const [how, isNew] of [
    ["created", true],
    ["found", false],
    ["adopted", false],
  ] as const) {
    it(`is ${isNew ? "" : "not "}new to all volumes that wait for the same PUT, when Azure answers that it was ${how}`, async () => {
      const { answers, assignments } = start();
      const seen = await assignments.find(ASKED);
      const all = Promise.all([1, 2, 3].map(() => assignments.ensure(seen, AT)));
      await settle();
      assert.equal(answers.length, 1);
      answers[0]?.(how);
      assert.deepEqual(await all, [isNew, isNew, isNew]);
    });
  }

  it("is not new to a volume that finds it", async () => {
    const { answers, assignments } = start();
    const found = { assignment: ASKED, found: ASKED, isOwnAnswer: true };
    assert.equal(await assignments.ensure(found, AT), false);
    assert.equal(answers.length, 0);
  });
});
