// How much of a limit is much, and what a full place means where there is another.
import assert from "node:assert/strict";
import { QUOTA_CHECKS } from "../../../src/doctor/checks/quotas.ts";
import type { DoctorContext, Quota } from "../../../src/doctor/ports.ts";
import { blobRules, SETTINGS } from "../../support/volume-settings.ts";

const OTHER = "55555555-5555-4555-8555-555555555555";

/** Outcome of the check of accounts, by how full each subscription is. */
async function outcomeOf(used: Readonly<Record<string, number>>, overflow: readonly string[] = []) {
  const check = QUOTA_CHECKS.find(({ id }) => id === "account-quota");
  assert(check);
  const places = overflow.map((subscriptionId) => ({ subscriptionId, resourceGroup: "keyless" }));
  const context = {
    ...blobRules({ ...SETTINGS, overflow: places }),
    ports: { cluster: { isConnected: false } },
    azure: { accountQuota: async (id: string): Promise<Quota> => ({ used: used[id] ?? 0, limit: 250 }) },
  };
  const { status, findings } = await check.run(context as unknown as DoctorContext);
  return [status, ...findings.map(({ found }) => found.split(" ").slice(0, 3).join(" "))];
}

describe("the quota of storage accounts", () => {
  const own = SETTINGS.subscriptionId;

  it("is fine below 70 %, worth a warning from there on, and an error when it is met", async () => {
    assert.deepEqual(await outcomeOf({ [own]: 174 }), ["ok", "174 of 250"]);
    assert.deepEqual(await outcomeOf({ [own]: 175 }), ["warning", "175 of 250"]);
    assert.deepEqual(await outcomeOf({ [own]: 249 }), ["warning", "249 of 250"]);
    assert.deepEqual(await outcomeOf({ [own]: 250 }), ["error", "250 of 250"]);
  });

  it("of one place stops nothing while a place of --overflow has room", async () => {
    assert.deepEqual(await outcomeOf({ [own]: 250 }, [OTHER]), ["warning", "250 of 250"]);
    assert.deepEqual(await outcomeOf({ [own]: 250, [OTHER]: 249 }, [OTHER]), ["warning", "250 of 250", "249 of 250"]);
    assert.deepEqual(await outcomeOf({ [own]: 250, [OTHER]: 250 }, [OTHER]), ["error", "250 of 250", "250 of 250"]);
  });
});
