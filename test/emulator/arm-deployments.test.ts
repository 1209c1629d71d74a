// Deployments of templates ("Deployments - Create Or Update", "ARM template functions"): the two templates of this repository
// make what they say, with the caller's rights and no more; what is not evaluated or not permitted is refused beforehand.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { guidOf } from "../../src/emulator/arm/resources/deployments/functions.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";
import { printRoles } from "../support/printed-roles.ts";

const VERSION = "?api-version=2022-09-01";
const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
const SHIPPED = JSON.parse(
  readFileSync(new URL("../../deploy/roles/azuredeploy.json", import.meta.url), "utf8"),
) as object;

interface View {
  readonly properties: {
    provisioningState: string;
    outputs?: Record<string, { value: unknown }>;
    error?: { details: { code: string }[] };
  };
}

describe("the emulator's deployments", () => {
  let arm: Arm;
  beforeEach(async () => {
    arm = await startArm();
  });
  afterEach(() => arm.close());

  const at = (scope: string, name: string, rest = "") =>
    `${scope}/providers/Microsoft.Resources/deployments/${name}${rest}${VERSION}`;
  const bodyOf = (template: object, parameters: object = {}) => ({
    properties: { mode: "Incremental", template, parameters },
  });
  const templateOf = (resources: readonly object[], more: object = {}) => ({
    $schema: SCHEMA,
    contentVersion: "1.0.0.0",
    resources,
    ...more,
  });
  /** Deploys in the seed's resource group, and answers how it ended. */
  const deploy = async (template: object, parameters: object = {}) => {
    const accepted = await arm.call("PUT", at(arm.group, "one"), { body: bodyOf(template, parameters) });
    equal(accepted.status, 201, accepted.text);
    equal(accepted.json<View>().properties.provisioningState, "Accepted");
    const { pathname, search } = new URL(String(accepted.headers["azure-asyncoperation"]));
    const { status, error } = (await arm.call("GET", pathname + search)).json<{
      status: string;
      error?: { code: string };
    }>();
    const { properties } = (await arm.call("GET", at(arm.group, "one"))).json<View>();
    equal(properties.provisioningState, status);
    return { status, error: error?.code, properties };
  };
  const refusal = async (template: object, parameters: object = {}) => {
    const answer = await arm.call("PUT", at(arm.group, "one"), { body: bodyOf(template, parameters) });
    refused(answer, 400, "InvalidTemplate");
    equal(arm.emulator.world.deployments.size, 0);
    return answer.json<{ error: { message: string } }>().error.message;
  };

  const controller = () =>
    [...arm.emulator.world.identities.values()].find(({ name }) => name === "keyless-controller");
  /** Roles that this repository defines and their assignments, by name. */
  const held = () => {
    const { roleDefinitions, roleAssignments, policies } = arm.emulator.world;
    const custom = [...roleDefinitions.values()].filter(({ type }) => type === "CustomRole");
    const names = new Set(custom.map(({ name }) => name.toLowerCase()));
    const assigned = [...roleAssignments.values()].filter((each) => names.has(each.roleDefinitionName.toLowerCase()));
    return { roles: custom.length, assignments: assigned.map(({ name }) => name).sort(), policies: policies.size };
  };
  const forget = () => {
    const { roleDefinitions, roleAssignments } = arm.emulator.world;
    for (const [key, { type }] of roleDefinitions) if (type === "CustomRole") roleDefinitions.delete(key);
    for (const [key, { principalId }] of roleAssignments) {
      if (principalId === controller()?.principalId) roleAssignments.delete(key);
    }
  };

  it("make the roles and assignments of the shipped template, as often as it is deployed", async () => {
    forget();
    const parameters = {
      resourceGroup: { value: arm.emulator.info.resourceGroup },
      controllerPrincipalId: { value: controller()?.principalId },
      parts: { value: ["identities", "soft-delete", "policies"] },
    };
    const body = { location: "westeurope", ...bodyOf(SHIPPED, parameters) };
    equal((await arm.call("POST", at(arm.subscription, "roles", "/validate"), { body })).status, 200);
    deepEqual(held(), { roles: 0, assignments: [], policies: 0 });
    for (const status of [201, 200]) {
      const accepted = await arm.call("PUT", at(arm.subscription, "roles"), { body });
      equal(accepted.status, status, accepted.text);
      const { properties } = (await arm.call("GET", at(arm.subscription, "roles"))).json<View>();
      deepEqual([properties.provisioningState, properties.error], ["Succeeded", undefined]);
    }
    const { roles, assignments, policies } = held();
    deepEqual([roles, assignments.length, policies], [6, 5, 2]);
    const operations = (await arm.call("GET", at(arm.subscription, "roles", "/operations"))).json<{
      value: unknown[];
    }>();
    equal(operations.value.length, 8); // six roles, two nested deployments
  });

  it("make what `keyless-csi roles --output arm` prints", async () => {
    forget();
    const { subscriptionId, resourceGroup } = arm.emulator.info;
    const scope = ["--subscription-id", subscriptionId, "--resource-group", resourceGroup];
    const printed = await printRoles([...scope, "--principal-id", controller()?.principalId ?? "", "--output", "arm"]);
    const body = { location: "westeurope", ...bodyOf(JSON.parse(printed) as object) };
    const accepted = await arm.call("PUT", at(arm.subscription, "printed"), { body });
    equal(accepted.status, 201, accepted.text);
    const { properties } = (await arm.call("GET", at(arm.subscription, "printed"))).json<View>();
    deepEqual([properties.provisioningState, properties.error], ["Succeeded", undefined]);
    ok(held().roles > 0 && held().assignments.length > 0);
  });

  it("are refused before anything is written when the caller may not write one of the resources", async () => {
    const { identity, token } = await arm.makeCaller("deployer");
    await arm.grant(arm.subscription, READER, identity.principalId);
    const name = "c0ffee00-0000-4000-8000-000000000001";
    const roleName = "Deployers";
    const permissions = [{ actions: ["Microsoft.Resources/deployments/*"] }];
    const definition = `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
    const properties = { roleName, type: "CustomRole", permissions, assignableScopes: [arm.subscription] };
    equal((await arm.call("PUT", definition, { body: { properties } })).status, 201);
    const nested = {
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      apiVersion: "2023-01-31",
      name: "made",
      location: "westeurope",
    };
    const body = bodyOf(templateOf([nested]));
    refused(await arm.call("PUT", at(arm.group, "one"), { token, body }), 403, "AuthorizationFailed");
    await arm.grant(arm.subscription, name, identity.principalId);
    const answer = await arm.call("PUT", at(arm.group, "one"), { token, body });
    refused(answer, 403, "InvalidTemplateDeployment");
    match(answer.text, /Authorization failed for template resource 'made' of type 'Microsoft.ManagedIdentity/);
    deepEqual(
      [...arm.emulator.world.identities.values()].filter((each) => each.name === "made"),
      [],
    );
    equal(arm.emulator.world.deployments.size, 0);
  });

  it("end at the first resource that its provider refuses, and keep what was made", async () => {
    const identity = (name: string) => ({
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      apiVersion: "2023-01-31",
      name,
      location: "[resourceGroup().location]",
    });
    const credential = {
      type: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      apiVersion: "2023-01-31",
      name: "[concat('first', '/', 'bad')]",
      dependsOn: ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'first')]"],
      properties: { issuer: "https://issuer.example", subject: "s", audiences: [] },
    };
    const ended = await deploy(templateOf([credential, identity("first")]));
    deepEqual([ended.status, ended.error], ["Failed", "DeploymentFailed"]);
    equal(ended.properties.error?.details.length, 1);
    const names = [...arm.emulator.world.identities.values()].map(({ name }) => name);
    ok(names.includes("first"));
    const { value } = (await arm.call("GET", at(arm.group, "one", "/operations"))).json<{
      value: { properties: { provisioningState: string } }[];
    }>();
    deepEqual(
      value.map(({ properties }) => properties.provisioningState),
      ["Succeeded", "Failed"],
    );
  });

  it("evaluate the documented functions", async () => {
    const expressions: Readonly<Record<string, unknown>> = {
      "[concat('a', 1, 'b')]": "a1b",
      "[format('{0}-{1}', parameters('text'), variables('twice'))]": "x-xx",
      "[guid('a', 'b')]": guidOf(["a", "b"]),
      "[subscription().subscriptionId]": arm.emulator.info.subscriptionId,
      "[resourceGroup().name]": arm.emulator.info.resourceGroup,
      "[deployment().name]": "one",
      "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]": `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/r`,
      "[resourceId('Microsoft.Storage/storageAccounts/blobServices', 'a', 'default')]": `${arm.group}/providers/Microsoft.Storage/storageAccounts/a/blobServices/default`,
      "[resourceId('other', 'N.X/t', 'n')]": `${arm.subscription}/resourceGroups/other/providers/N.X/t/n`,
      "[extensionResourceId('/s', 'N.X/t', 'n')]": "/s/providers/N.X/t/n",
      "[if(contains(parameters('list'), 'b'), 'yes', 'no')]": "yes",
      "[and(equals(1, 1), not(false()))]": true,
      "[parameters('LIST')[1]]": "b",
      "[parameters('map').Inner.value]": 7,
      "[toUpper('it''s')]": "IT'S",
      "[length(createArray(1, 2))]": 2,
      "[[no expression]": "[no expression]",
    };
    const outputs = Object.fromEntries(
      Object.keys(expressions).map((value, index) => [`o${index}`, { type: "string", value }]),
    );
    const parameters = {
      text: { type: "string", defaultValue: "x" },
      list: { type: "array" },
      map: { type: "object", defaultValue: { inner: { value: 7 } } },
    };
    const variables = { twice: "[concat(parameters('text'), parameters('text'))]" };
    const { properties } = await deploy(templateOf([], { parameters, variables, outputs }), {
      list: { value: ["a", "b"] },
    });
    deepEqual(
      Object.values(properties.outputs ?? {}).map(({ value }) => value),
      Object.values(expressions),
    );
  });

  it("name assignments as Azure does: guid() is a UUID of version 5 in ARM's own namespace", () => {
    // uuid.uuid5(uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "a-b-c") of Python
    equal(guidOf(["a", "b", "c"]), "a98fa280-e03f-5afa-8d8e-92d0a9c201e8");
  });

  it("refuse what they do not evaluate or read, and templates that are wrong", async () => {
    const output = (value: string) => templateOf([], { outputs: { o: { type: "string", value } } });
    match(
      await refusal(output("[uniqueString('a')]")),
      /does not evaluate the template function 'uniqueString'; it evaluates parameters, /,
    );
    match(await refusal(output("[concat('a']")), /'concat\('a'' is not valid/);
    match(await refusal(output("[parameters('p')]")), /parameter 'p' is not found/);
    match(await refusal(output("[variables('p')]")), /variable 'p' is not found/);
    match(await refusal(output("[subscription().nothing]")), /property 'nothing' doesn't exist/);
    match(await refusal(templateOf([{ type: "A.B/c", apiVersion: "1", name: "n", copy: {} }])), /does not read 'copy'/);
    match(await refusal(templateOf([{ type: "A.B/c", apiVersion: "1" }])), /has no 'name'/);
    match(await refusal(templateOf([{ type: "A.B/c", apiVersion: "1", name: "a/b" }])), /have different lengths/);
    match(
      await refusal(templateOf([{ type: "A.B/c", apiVersion: "1", name: "a", dependsOn: ["b"] }])),
      /'b' is not defined/,
    );
    const declared = templateOf([], { parameters: { p: { type: "string", allowedValues: ["a"] } } });
    match(await refusal(declared), /parameter 'p' is not provided/);
    match(await refusal(declared, { p: { value: 1 } }), /not of type 'string'/);
    match(await refusal(declared, { p: { value: "b" } }), /not part of the allowed value/);
    match(
      await refusal(declared, { p: { value: "a" }, q: { value: "a" } }),
      /'q' in the parameters file are not valid/,
    );
    match(await refusal({ ...templateOf([]), languageVersion: "2.0" }), /does not read 'languageVersion'/);
    const complete = { properties: { mode: "Complete", template: templateOf([]) } };
    refused(await arm.call("PUT", at(arm.group, "one"), { body: complete }), 400, "InvalidTemplate");
    refused(
      await arm.call("PUT", at(arm.subscription, "one"), { body: bodyOf(templateOf([])) }),
      400,
      "LocationRequired",
    );
    refused(await arm.call("GET", at(arm.group, "absent")), 404, "DeploymentNotFound");
    refused(await arm.call("GET", at(`${arm.group}/providers/A.B/c/d`, "one")), 404, "InvalidRequestUri");
  });

  it("go with their resource group", async () => {
    await deploy(templateOf([]));
    equal(arm.emulator.world.deployments.size, 1);
    equal((await arm.call("DELETE", `${arm.group}?api-version=2021-04-01`)).status, 200);
    equal(arm.emulator.world.deployments.size, 0);
  });

  it("refuses variables that need themselves, calls too deep to be read, and a resource that is named twice", async () => {
    const output = (value: string) => ({ outputs: { one: { type: "string", value } } });
    const lock = { type: "Microsoft.Authorization/locks", name: "one", apiVersion: "2020-05-01" };
    const twice = [lock, { ...lock, name: "ONE" }].map((each) => ({ ...each, properties: { level: "CanNotDelete" } }));
    const templates: [object, RegExp][] = [
      [
        templateOf([], { variables: { a: "[variables('b')]", b: "[variables('A')]" }, ...output("[variables('a')]") }),
        /circular/,
      ],
      [templateOf([], output(`[${"not(".repeat(20_000)}true()${")".repeat(20_000)}]`)), /not valid/],
      [templateOf(twice), /is defined multiple times in a template/],
    ];
    for (const [template, reason] of templates) {
      const answer = await arm.call("PUT", at(arm.group, "one"), { body: bodyOf(template) });
      match(answer.text, reason);
      refused(answer, 400, "InvalidTemplate");
    }
    equal(arm.emulator.world.locks.size, 0);
    const nested = output(`[string(${"not(".repeat(100)}true()${")".repeat(100)})]`);
    const twiceRead = { variables: { a: "x", b: "[concat(variables('a'), variables('a'))]" } };
    equal((await arm.call("PUT", at(arm.group, "two"), { body: bodyOf(templateOf([], nested)) })).status, 201);
    const body = bodyOf(templateOf([], { ...twiceRead, ...output("[concat(variables('b'), variables('b'))]") }));
    // ARM compares the words of an enumeration without case.
    const lower = { properties: { ...body.properties, mode: "incremental" } };
    equal((await arm.call("PUT", at(arm.group, "three"), { body: lower })).status, 201);
  });
});
