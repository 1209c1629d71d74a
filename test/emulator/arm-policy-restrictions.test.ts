// The emulator's dry run of policies (Microsoft.PolicyInsights), and what a reader of policies, locks and rights needs beside it.
import { deepEqual, equal, match } from "node:assert/strict";
import { definitionId } from "../../src/emulator/policy/built-in.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";

const NETWORK = "34c877ad-507e-4c82-993e-3452a6e0ad3c";
const TAG = "871b6d14-10aa-478d-b590-94f262ecfa99";
const LOCATIONS = "e56962a6-4747-49cd-b67b-bf8b01975c4c";
const ASSIGNMENTS = "providers/Microsoft.Authorization/policyAssignments";
const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

interface Evaluation {
  readonly policyInfo: { readonly policyAssignmentId: string; readonly policyDefinitionId: string };
  readonly evaluationResult: string;
  readonly evaluationDetails: {
    readonly evaluatedExpressions: readonly Record<string, unknown>[];
    readonly reason?: string;
  };
  readonly effectDetails: { readonly policyEffect: string };
}
interface Restrictions {
  readonly fieldRestrictions: { field: string; restrictions: Record<string, unknown>[] }[];
  readonly contentEvaluationResult: { readonly policyEvaluations: readonly Evaluation[] };
}

describe("the emulator's dry run of policies", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());
  afterEach(() => {
    arm.emulator.world.policies.clear();
    arm.emulator.world.denyAssignments.clear();
  });

  const account = (properties: object = {}, more: object = {}) => ({
    type: "Microsoft.Storage/storageAccounts",
    name: "kl1",
    location: "westeurope",
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    properties,
    ...more,
  });
  const assign = async (scope: string, definition: string, more: object = {}) => {
    const properties = { displayName: "ours", policyDefinitionId: definitionId(definition), ...more };
    const answer = await arm.call("PUT", `${scope}/${ASSIGNMENTS}/p1?api-version=2022-06-01`, { body: { properties } });
    equal(answer.status, 201, answer.text);
  };
  const deny = { parameters: { effect: { value: "Deny" } } };
  const ask = (
    body: unknown,
    { scope = arm.group, version = "2024-10-01", token = undefined as string | undefined } = {},
  ) =>
    arm.call("POST", `${scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?api-version=${version}`, {
      body,
      ...(token !== undefined && { token }),
    });
  const check = async (content: object, more: object = {}, scope = arm.group) => {
    const answer = await ask(
      { resourceDetails: { resourceContent: content, apiVersion: "2025-06-01" }, ...more },
      { scope },
    );
    equal(answer.status, 200, answer.text);
    return answer.json<Restrictions>();
  };
  const found = async (content: object, more: object = {}, scope = arm.group) =>
    (await check(content, more, scope)).contentEvaluationResult.policyEvaluations;

  it("says which policy would deny a resource and why, and writes nothing", async () => {
    await assign(arm.group, NETWORK, { ...deny, nonComplianceMessages: [{ message: "ask the network team" }] });
    const [denial, ...others] = await found(account());
    deepEqual(others, []);
    deepEqual(denial?.policyInfo, {
      policyDefinitionId: definitionId(NETWORK),
      policyAssignmentId: `${arm.group}/${ASSIGNMENTS}/p1`,
    });
    equal(denial?.evaluationResult, "NonCompliant");
    equal(denial?.effectDetails.policyEffect, "Deny");
    equal(denial?.evaluationDetails.reason, "ask the network team");
    deepEqual(denial?.evaluationDetails.evaluatedExpressions.at(-1), {
      result: "True",
      expressionKind: "field",
      expression: "Microsoft.Storage/storageAccounts/networkAcls.defaultAction",
      path: "properties.networkAcls.defaultAction",
      expressionValue: null,
      targetValue: "Deny",
      operator: "notEquals",
    });
    deepEqual(await found(account({ networkAcls: { defaultAction: "Deny" } })), []);
    equal(arm.emulator.world.accounts.size, 0);
  });

  it("is asked at the subscription too, where policies of its resource groups do not count", async () => {
    await assign(arm.group, NETWORK, deny);
    deepEqual(await found(account(), {}, arm.subscription), []);
    arm.emulator.world.policies.clear();
    await assign(arm.subscription, NETWORK, deny);
    equal((await found(account(), {}, arm.subscription)).length, 1);
    equal((await found(account())).length, 1);
  });

  it("tells of policies that audit only when it is asked for them", async () => {
    await assign(arm.group, NETWORK);
    deepEqual(await found(account()), []);
    const [audit] = await found(account(), { includeAuditEffect: true });
    equal(audit?.effectDetails.policyEffect, "Audit");
  });

  it("leaves out what is not enforced, what leaves the scope out, and other types", async () => {
    await assign(arm.group, NETWORK, { ...deny, enforcementMode: "DoNotEnforce" });
    deepEqual(await found(account()), []);
    await assign(arm.subscription, NETWORK, { ...deny, notScopes: [arm.group] });
    deepEqual(await found(account()), []);
    await assign(arm.group, NETWORK, deny);
    deepEqual(await found({ type: "Microsoft.ManagedIdentity/userAssignedIdentities", location: "westeurope" }), []);
  });

  it("does not see policies of management groups, which lists show and which deny all the same", async () => {
    const scope = "/providers/Microsoft.Management/managementGroups/corp";
    const id = `${scope}/${ASSIGNMENTS}/mg1`;
    await assign(arm.group, NETWORK, deny);
    const [[key, policy] = ["", undefined]] = arm.emulator.world.policies;
    arm.emulator.world.policies.delete(key);
    if (policy !== undefined) arm.emulator.world.policies.set(id.toLowerCase(), { ...policy, id, scope });
    deepEqual(await found(account()), []);
    const listed = await arm.call("GET", `${arm.group}/${ASSIGNMENTS}?$filter=atScope()&api-version=2022-06-01`);
    deepEqual(
      listed.json<{ value: { id: string }[] }>().value.map((each) => each.id),
      [id],
    );
    const path = `${arm.group}/providers/Microsoft.Storage/storageAccounts/kl1`;
    const { type: _, name: __, ...body } = account();
    refused(await arm.call("PUT", path, { body }), 403, "RequestDisallowedByPolicy");
  });

  it("says what is left of fields that are not decided yet", async () => {
    await assign(arm.group, TAG, { parameters: { tagName: { value: "owner" } } });
    const [tag] = (await check(account(), { pendingFields: [{ field: "tags.owner" }] })).fieldRestrictions;
    equal(tag?.field, "tags.owner");
    deepEqual(
      tag?.restrictions.map(({ result, policyEffect }) => [result, policyEffect]),
      [["Required", "Deny"]],
    );
    arm.emulator.world.policies.clear();
    await assign(arm.group, LOCATIONS, { parameters: { listOfAllowedLocations: { value: ["westeurope"] } } });
    const pendingFields = [{ field: "location", values: ["westeurope", "eastus"] }];
    const { location: _, ...content } = account();
    const [location] = (await check(content, { pendingFields })).fieldRestrictions;
    deepEqual(
      location?.restrictions.map(({ result, values }) => [result, values]),
      [["Deny", ["eastus"]]],
    );
  });

  it("refuses a body without content or of another form, an unknown version, and who may not read", async () => {
    match(refused(await ask({}), 400, "InvalidCheckRestrictionsRequest"), /resourceContent/);
    refused(await ask({ resourceDetails: [] }), 400, "InvalidRequestContent");
    refused(
      await ask({ resourceDetails: { resourceContent: {} } }, { version: "2021-01-01" }),
      400,
      "InvalidResourceType",
    );
    const { token, identity } = await arm.makeCaller("asker");
    const body = { resourceDetails: { resourceContent: account() } };
    const text = refused(await ask(body, { token }), 403, "AuthorizationFailed");
    match(text, /'Microsoft\.PolicyInsights\/checkPolicyRestrictions\/read'/);
    await arm.grant(arm.group, READER, identity.principalId);
    equal((await ask(body, { token })).status, 200);
  });

  it("is refused until the subscription is registered, which one may see with a right to and do with another", async () => {
    const provider = `${arm.subscription}/providers/Microsoft.PolicyInsights`;
    const state = async () =>
      (await arm.call("GET", `${provider}?api-version=2021-04-01`)).json<{ registrationState: string }>()
        .registrationState;
    const { token } = await arm.makeCaller("registrar");
    const unregister = `${provider}/unregister?api-version=2021-04-01`;
    refused(await arm.call("POST", unregister, { token }), 403, "AuthorizationFailed");
    refused(await arm.call("GET", `${provider}?api-version=2021-04-01`, { token }), 403, "AuthorizationFailed");
    equal((await arm.call("POST", unregister)).status, 200);
    equal(await state(), "NotRegistered");
    const body = { resourceDetails: { resourceContent: account() } };
    match(refused(await ask(body), 409, "MissingSubscriptionRegistration"), /namespace 'Microsoft\.PolicyInsights'/);
    equal((await arm.call("POST", `${provider}/register?api-version=2021-04-01`)).status, 200);
    equal(await state(), "Registered");
    equal((await ask(body)).status, 200);
  });

  it("shows a definition's rule as Azure writes it", async () => {
    const path = (guid: string) => `${definitionId(guid)}?api-version=2022-06-01`;
    const rule = async (guid: string) =>
      (await arm.call("GET", path(guid))).json<{ properties: { policyRule: unknown } }>().properties.policyRule;
    deepEqual(await rule(NETWORK), {
      if: {
        allOf: [
          { field: "type", equals: "Microsoft.Storage/storageAccounts" },
          { field: "Microsoft.Storage/storageAccounts/networkAcls.defaultAction", notEquals: "Deny" },
        ],
      },
      // biome-ignore lint/suspicious/noThenProperty: Azure's name
      then: { effect: "[parameters('effect')]" },
    });
    deepEqual(await rule(TAG), {
      if: { field: "[concat('tags[', parameters('tagName'), ']')]", exists: "false" },
      // biome-ignore lint/suspicious/noThenProperty: Azure's name
      then: { effect: "deny" },
    });
  });

  it("has deny assignments beside it, which outrank every role but not those whom they exclude", async () => {
    const id = `${arm.group}/providers/Microsoft.Authorization/denyAssignments/4e1d0000-0000-4000-8000-000000000000`;
    const administrator = [...arm.emulator.world.principals.values()].find(
      ({ clientId }) => clientId === arm.emulator.info.administrator.clientId,
    );
    const denied = { id, displayName: "stack lz", scope: arm.group, actions: ["*/delete"], notActions: [] };
    arm.emulator.world.denyAssignments.set(id.toLowerCase(), { ...denied, excludePrincipals: [] });
    const path = `${arm.group}/providers/Microsoft.Storage/storageAccounts/gone`;
    match(
      refused(await arm.call("DELETE", path), 403, "DenyAssignmentAuthorizationFailed"),
      /name 'stack lz' and Id '4e1d/,
    );
    const listed = await arm.call(
      "GET",
      `${arm.group}/providers/Microsoft.Authorization/denyAssignments?$filter=atScope()`,
    );
    const [shown] = listed.json<{ value: { properties: { denyAssignmentName: string } }[] }>().value;
    equal(shown?.properties.denyAssignmentName, "stack lz");
    const excludePrincipals = [administrator?.id ?? ""];
    arm.emulator.world.denyAssignments.set(id.toLowerCase(), { ...denied, excludePrincipals });
    equal((await arm.call("DELETE", path)).status, 204);
  });
});
