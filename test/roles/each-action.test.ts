// Every action of every role is needed: without it something fails, and the message names the action.
import assert from "node:assert/strict";
import { ROLE_OPTIONS, ROLES } from "../../src/azure/role-table.ts";
import { create, createRequest } from "../support/emulated-app.ts";
import { type GrantedApp, startGrantedApp } from "../support/printed-roles.ts";
import { FEATURES, type FeatureName, FLAGS, useVolume } from "./features.ts";

const ACCOUNTS = "Microsoft.Storage/storageAccounts";
const CONTAINERS = `${ACCOUNTS}/blobServices/containers`;
const CREDENTIALS = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

/** Action -> a feature that needs it. */
const NEEDED_FOR: Readonly<Record<string, FeatureName>> = {
  [`${ACCOUNTS}/read`]: "a volume for a principal",
  [`${ACCOUNTS}/write`]: "a volume for a principal",
  [`${ACCOUNTS}/delete`]: "a volume with an account of its own",
  [`${CONTAINERS}/read`]: "a volume for a principal",
  [`${CONTAINERS}/write`]: "a volume for a principal",
  [`${CONTAINERS}/delete`]: "a volume for a principal",
  [`${CONTAINERS}/lease/action`]: "a volume that a workload has leased",
  "Microsoft.Authorization/roleAssignments/read": "a volume for a principal",
  "Microsoft.Authorization/roleAssignments/write": "a volume for a principal",
  "Microsoft.Authorization/roleAssignments/delete": "a volume for a principal",
  "Microsoft.Authorization/roleDefinitions/read": "a volume for a principal",
  "Microsoft.ManagedIdentity/userAssignedIdentities/read": "a volume for a client id",
  [`${CREDENTIALS}/read`]: "a volume for a ServiceAccount",
  [`${CREDENTIALS}/write`]: "trust that the controller writes",
  [`${CREDENTIALS}/delete`]: "trust that orphans removes",
  [`${ACCOUNTS}/blobServices/read`]: "a volume with soft delete",
  [`${ACCOUNTS}/blobServices/write`]: "a volume with soft delete",
  [`${CONTAINERS}/immutabilityPolicies/write`]: "an orphan that is cleaned up",
  [`${CONTAINERS}/immutabilityPolicies/delete`]: "an orphan that is cleaned up",
  "Microsoft.Storage/locations/usages/read": "the count of storage accounts",
  "Microsoft.Authorization/permissions/read": "a list of the rights that are missing",
};

/** What doctor reads beside: test/csi/doctor-surroundings.test.ts takes each away, and sees what is then not checked. */
const READ_BY_DOCTOR = [
  "Microsoft.Resources/subscriptions/providers/read",
  "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
  "Microsoft.Authorization/policyAssignments/read",
  "Microsoft.Authorization/locks/read",
  "Microsoft.Authorization/denyAssignments/read",
];

/** Data action -> what a workload cannot do without it. */
const NEEDED_BY_WORKLOADS: Readonly<Record<string, keyof Awaited<ReturnType<typeof useVolume>>>> = {
  [`${CONTAINERS}/blobs/read`]: "read",
  [`${CONTAINERS}/blobs/write`]: "overwrite",
  [`${CONTAINERS}/blobs/delete`]: "delete",
};

/**
 * Needs that the emulator cannot show: a rename in a hierarchical namespace needs `move`, and `write` suffices wherever `add`
 * does. Both are in Storage Blob Data Contributor, whose data actions our role has. Of definitions of Azure Policy it has the built-in
 * ones, which everybody may read.
 */
const BY_DOCUMENTATION = [
  `${CONTAINERS}/blobs/add/action`,
  `${CONTAINERS}/blobs/move/action`,
  "Microsoft.Authorization/policyDefinitions/read",
  "Microsoft.Authorization/policySetDefinitions/read",
];

describe("each action of the roles is needed:", () => {
  let app: GrantedApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  for (const { roleName, actions, dataActions, option } of ROLES) {
    for (const { action } of actions) {
      const feature = NEEDED_FOR[action];
      if (feature === undefined || option === "usage" || option === "doctor") continue;
      it(`${roleName}: without ${action}, ${feature} fails`, async () => {
        app = await startGrantedApp({ flags: FLAGS, without: action });
        await assert.rejects(FEATURES[feature](app), (error: Error & { details?: string }) => {
          const text = error.details ?? error.message;
          assert(text.includes(`perform action '${action}'`), text);
          const part = option === undefined ? "" : ` --with ${option}`;
          assert(text.includes(`the roles that \`keyless-csi roles${part}\` prints`), text);
          return true;
        });
      });
    }
    for (const { action } of dataActions) {
      const attempt = NEEDED_BY_WORKLOADS[action];
      if (attempt === undefined) continue;
      it(`${roleName}: without ${action}, the workload cannot ${attempt}`, async () => {
        app = await startGrantedApp({ without: action });
        const { volume_id: id } = await create(app, createRequest(app.emulator));
        assert.equal((await useVolume(app, id))[attempt], 403);
      });
    }
  }

  it("keyless-csi Controller Usage: without it there is no count of the subscription's role assignments and accounts", async () => {
    const others = ROLE_OPTIONS.filter((option) => option !== "usage");
    app = await startGrantedApp({ flags: FLAGS, roles: [`--with=${others.join(",")}`] });
    await assert.rejects(FEATURES["the count of role assignments"](app), { code: "ERR_ASSERTION" });
    await assert.rejects(FEATURES["the count of storage accounts"](app), { code: "ERR_ASSERTION" });
  });

  it("keyless-csi Controller Doctor: without it nobody can say which rights are missing", async () => {
    const others = ROLE_OPTIONS.filter((option) => option !== "doctor");
    app = await startGrantedApp({ flags: FLAGS, roles: [`--with=${others.join(",")}`] });
    await assert.rejects(FEATURES["a list of the rights that are missing"](app), { code: "ERR_ASSERTION" });
  });

  it("this test omits only the actions that the emulator cannot show", () => {
    const all = ROLES.flatMap(({ actions, dataActions }) => [...actions, ...dataActions]).map(({ action }) => action);
    const shown = [...Object.keys(NEEDED_FOR), ...READ_BY_DOCTOR, ...Object.keys(NEEDED_BY_WORKLOADS)];
    const unshown = all.filter((action) => !shown.includes(action));
    assert.deepEqual(unshown, BY_DOCUMENTATION);
    assert.deepEqual(
      shown.filter((action) => !all.includes(action)),
      [],
    );
  });
});
