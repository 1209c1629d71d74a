// `keyless-csi doctor` on the emulator: everything is right with the roles that are printed, and of whatever is broken one
// root cause is named, while what depends on it is not run.
import assert from "node:assert/strict";
import { selectRoles } from "../../src/azure/role-table.ts";
import { runDoctor } from "../../src/commands/doctor.ts";
import type { CheckResult } from "../../src/doctor/run.ts";
import { DriverError } from "../../src/errors.ts";
import { assertOneCause, diagnosesOf, wrong } from "../support/diagnosis.ts";
import { createManifestApi } from "../support/manifest-api.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";
import { createSink } from "../support/sink.ts";

const SUBSCRIPTION = "9f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

/** What is broken, and how: a change that is undone afterwards, or another configuration. */
interface Breakage {
  readonly what: string;
  /** Id of the check that names it. */
  readonly cause: string;
  readonly says: RegExp;
  readonly breaks?: (app: GrantedApp) => (() => void) | Promise<() => void>;
  readonly config?: Partial<GrantedApp["config"]>;
}

/** Takes an action out of every role that has it. */
function withoutAction(action: string): Breakage {
  return {
    what: `the right ${action}`,
    cause: "permissions",
    says: new RegExp(`^${action.replaceAll(".", "\\.")} is missing at /subscriptions/`),
    breaks({ emulator }) {
      const { roleDefinitions } = emulator.world;
      const before = [...roleDefinitions];
      for (const [name, role] of before) {
        const permissions = role.permissions.map((each) => ({
          ...each,
          actions: each.actions.filter((other) => other !== action),
        }));
        if (role.type === "CustomRole") roleDefinitions.set(name, { ...role, permissions });
      }
      return () => {
        for (const [name, role] of before) roleDefinitions.set(name, role);
      };
    },
  };
}

const NEEDED = selectRoles(["identities", "trust"], "").flatMap(({ actions }) => actions.map(({ action }) => action));

const BREAKAGES: readonly Breakage[] = [
  ...[...new Set(NEEDED)].map(withoutAction),
  {
    what: "ARM's address",
    cause: "azure-reach",
    says: /^reaching Azure Resource Manager at https:\/\/127\.0\.0\.1:1 failed/,
    config: { cloud: { armEndpoint: "https://127.0.0.1:1" } as never },
  },
  {
    what: "the tenant",
    cause: "sign-in",
    says: /tenant/,
    config: { tenantId: SUBSCRIPTION },
  },
  {
    what: "the subscription's id",
    cause: "subscription",
    says: new RegExp(`^there is no subscription ${SUBSCRIPTION}`),
    config: { subscriptionId: SUBSCRIPTION },
  },
  {
    what: "the resource group's name",
    cause: "resource-group",
    says: /^there is no resource group missing in subscription .*, or the controller has no role in it$/,
    config: { resourceGroup: "missing" },
  },
  {
    what: "the workloads' role",
    cause: "role",
    says: /^role \S+ does not exist in subscription/,
    breaks({ emulator, config }) {
      const { roleDefinitions } = emulator.world;
      const before = [...roleDefinitions];
      for (const [name, { roleName }] of before) if (/Blob Data$/.test(roleName)) roleDefinitions.delete(name);
      assert(roleDefinitions.size < before.length && config.roles.length === 0);
      return () => {
        for (const [name, role] of before) roleDefinitions.set(name, role);
      };
    },
  },
  {
    what: "the condition of the controller's right to assign roles",
    cause: "assignment-condition",
    says: /^the condition at \S+ does not name role/,
    breaks: ({ emulator }) =>
      changeGrant(emulator, (condition) => condition.replaceAll(/\{[\da-f-]{36}/g, `{${SUBSCRIPTION}`)),
  },
  {
    what: "that condition altogether",
    cause: "assignment-condition",
    says: /^the controller may assign any role at/,
    breaks: ({ emulator }) => changeGrant(emulator, () => undefined),
  },
];

function changeGrant({ world }: GrantedApp["emulator"], change: (condition: string) => string | undefined): () => void {
  const { roleAssignments } = world;
  const before = [...roleAssignments].filter(([, { condition }]) => condition !== undefined);
  assert.equal(before.length, 1);
  for (const [name, { condition = "", ...rest }] of before) {
    const changed = change(condition);
    roleAssignments.set(name, { ...rest, ...(changed !== undefined && { condition: changed }) });
  }
  return () => {
    for (const [name, assignment] of before) roleAssignments.set(name, assignment);
  };
}

describe("doctor", () => {
  let app: GrantedApp;
  before(async () => {
    app = await startGrantedApp({ roles: ["--with=identities,trust,doctor,usage"] });
  });
  after(() => app.stop());

  it("finds everything right with the roles that `keyless-csi roles` prints", async () => {
    const results = await diagnosesOf(app);
    assert.deepEqual(
      results.filter(({ status }) => status !== "ok"),
      [],
    );
    assert(results.length >= 11);
  });

  for (const { what, cause, says, breaks, config } of BREAKAGES) {
    it(`names one root cause when this is wrong: ${what}`, async () => {
      const changed = { ...app.config, ...config, cloud: { ...app.config.cloud, ...config?.cloud } };
      const mend = await breaks?.(app);
      const results = await diagnosesOf({ ...app, config: changed });
      mend?.();
      assertOneCause(results, cause, says);
    });
  }

  it("writes nothing to Azure, and lists accounts once", async () => {
    app.forgetCalls();
    await diagnosesOf(app);
    const methods = new Set(app.armCalls().map(({ method }) => method));
    assert.deepEqual(
      [...methods].filter((method) => method !== "GET" && method !== "POST"),
      [],
    );
    assert(methods.has("GET"));
    assert.equal(app.armCalls().filter(({ operation }) => operation === "storageAccounts/listByGroup").length, 1);
  });

  it("says what it can of Azure when the cluster does not answer", async () => {
    const unreachable = {
      ...app.cluster,
      findNamespaceUid: async () => {
        throw new DriverError("Unavailable", "reading namespace kube-system failed (no answer)");
      },
    };
    const results = await diagnosesOf({ ...app, cluster: unreachable });
    assert.deepEqual(
      wrong(results).map(({ id, findings }) => [id, findings[0]?.found]),
      [["kubernetes-api", "reading namespace kube-system failed (no answer)"]],
    );
    assert(results.some(({ id, status }) => id === "permissions" && status === "ok"));
  });

  it("exits with 3 for an error, and with 0 when it finds none", async () => {
    const run = async (config: GrantedApp["config"], output: "table" | "short" | "json") => {
      const [stdout, stderr] = [createSink(), createSink()];
      const { signal } = new AbortController();
      const values = { pre: false, output };
      const streams = { stdout: stdout.stream, stderr: stderr.stream };
      const { inspection } = await createManifestApi();
      const code = await runDoctor({ config, values, signal, cluster: app.cluster, inspection, ...streams });
      return { code, text: stdout.text() };
    };
    assert.match((await run(app.config, "table")).text, /^Sign-in\n-------\n√ Azure Resource Manager can be reached: /);
    assert.match((await run(app.config, "short")).text, /^\d+ ok, 0 warnings, 0 errors, 0 not checked, 0 not run\n$/);
    const { code, text } = await run({ ...app.config, resourceGroup: "missing" }, "short");
    assert.equal(code, 3);
    assert.match(text, /^Azure\n-----\n× the resource groups exist\n {4}there is no resource group missing/);
    assert.match(text, /see docs\/reference\/doctor\.md#resource-group\n\n\d+ ok, 0 warnings, 1 error, /);
    const json = JSON.parse((await run(app.config, "json")).text) as { checks: CheckResult[]; summary: object };
    assert.deepEqual(
      json.checks.map(({ id }) => id),
      (await diagnosesOf(app)).map(({ id }) => id),
    );
  });
});
