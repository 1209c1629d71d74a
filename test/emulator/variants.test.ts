// Where Azure may differ from its documentation: each variant off and on.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { ALL_VARIANTS, type AzureVariants, NO_VARIANTS } from "../../src/emulator/variants.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { sendAdmin } from "../support/emulator-client.ts";

const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments";

describe("the emulator's variants of Azure", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  afterEach(() => set(NO_VARIANTS));
  after(() => arm.close());

  const set = async (variants: Partial<AzureVariants>) => {
    equal((await sendAdmin(arm.emulator, "POST", "/variants", variants)).status, 200);
  };
  const workload = () => arm.emulator.info.identities[0]?.principalId ?? "";
  const fresh = async () => arm.makeAccount(`v${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`);
  /** Ids that a list shows. */
  const listed = async (scope: string): Promise<string[]> => {
    const answer = await arm.call("GET", `${scope}${ASSIGNMENTS}`);
    equal(answer.status, 200);
    return answer.json<{ value: { id: string }[] }>().value.map(({ id }) => id);
  };

  it("are all off at first, are changed one by one while it runs, and refuse what is not one", async () => {
    const shown = async () => (await sendAdmin(arm.emulator, "GET", "/variants")).json<AzureVariants>();
    deepEqual(await shown(), NO_VARIANTS);
    const changed = await sendAdmin(arm.emulator, "POST", "/variants", { assignmentListLagMs: 1000 });
    deepEqual(changed.json(), { ...NO_VARIANTS, assignmentListLagMs: 1000 });
    deepEqual(await shown(), { ...NO_VARIANTS, assignmentListLagMs: 1000 });
    for (const [body, reason] of [
      [{ assignmentListLag: 1 }, /assignmentListLag.*is not known; known are assignmentListLagMs, /],
      [{ assignmentReadLagMs: -1 }, /assignmentReadLagMs must be a whole number of milliseconds/],
      [[], /send an object of variants/],
    ] as const) {
      const answer = await sendAdmin(arm.emulator, "POST", "/variants", body);
      equal(answer.status, 400);
      match(answer.text, reason);
    }
    deepEqual(await shown(), { ...NO_VARIANTS, assignmentListLagMs: 1000 });
  });

  it("have another value in ALL_VARIANTS than in NO_VARIANTS, each of them", () => {
    deepEqual(Object.keys(ALL_VARIANTS), Object.keys(NO_VARIANTS));
    for (const name of Object.keys(NO_VARIANTS) as (keyof AzureVariants)[])
      ok(ALL_VARIANTS[name] !== NO_VARIANTS[name]);
  });

  it("assignmentListLagMs: lists do not show a new role assignment for so long, and GET does", async () => {
    await set({ assignmentListLagMs: 30_000 });
    const scope = await fresh();
    const id = await arm.grant(scope, READER, workload());
    equal((await arm.call("GET", id)).status, 200);
    arm.emulator.clock.advance(29_000);
    for (const above of [scope, arm.group]) ok(!(await listed(above)).includes(id));
    arm.emulator.clock.advance(1_000);
    for (const above of [scope, arm.group]) ok((await listed(above)).includes(id));
    // Deleted and made again, it is a new one.
    equal((await arm.call("DELETE", id)).status, 200);
    ok(!(await listed(scope)).includes(id));
  });

  it("assignmentReadLagMs: GET does not find a new role assignment for so long; it is in force, and can be deleted", async () => {
    await set({ assignmentReadLagMs: 15_000 });
    const scope = await fresh();
    const id = await arm.grant(scope, READER, workload());
    refused(await arm.call("GET", id), 404, "RoleAssignmentNotFound");
    ok((await listed(scope)).includes(id));
    arm.emulator.clock.advance(15_000);
    equal((await arm.call("GET", id)).status, 200);
    const other = await arm.grant(await fresh(), READER, workload());
    equal((await arm.call("DELETE", other)).status, 200);
    ok(!arm.emulator.world.roleAssignments.has(other.split("/").at(-1) ?? ""));
  });
});
