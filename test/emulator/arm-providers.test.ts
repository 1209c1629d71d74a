// Goes through every resource type of every provider: a type that is left out of the lists, of the cascade of its
// resource group or of the folder's routes fails here. A PUT that needs more than a location gets its body in `BODIES`.
import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { declaredTypes, type Provider, type ResourceType, type Route } from "../../src/emulator/arm/provider.ts";
import { PROVIDERS } from "../../src/emulator/arm/providers.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { refused } from "../support/azure-refusals.ts";

const ARM_FOLDER = new URL("../../src/emulator/arm/", import.meta.url);
const READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

const BODIES: Readonly<Record<string, object>> = {
  "Microsoft.Storage/storageAccounts": { kind: "StorageV2", sku: { name: "Standard_LRS" } },
  "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": {
    properties: { immutabilityPeriodSinceCreationInDays: 1 },
  },
  "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": {
    properties: { issuer: "https://issuer.example", subject: "any", audiences: ["api://AzureADTokenExchange"] },
  },
};

const ROUTES = PROVIDERS.flatMap(({ routes }) => routes);
const TYPES = declaredTypes(PROVIDERS);

const GROUP_PATH = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers";

/** Where a type stands, read from the paths of its routes instead of from its declaration. */
function kindByPaths(type: string, routes: readonly Route[]): ResourceType["kind"] {
  const isWritten = routes.some(({ method }) => method === "PUT");
  if (!isWritten) return routes.some(({ path }) => path === "/subscriptions/{subscriptionId}") ? "scope" : "query";
  const written = routes.filter(({ method }) => method === "PUT").map(({ path }) => path);
  if (written.every((path) => path.startsWith("{scope}/"))) return "extension";
  if (written.every((path) => !path.includes("/providers/"))) return "scope";
  return written.every((path) => path.startsWith(`${GROUP_PATH}/${type}/{`)) ? "tracked" : "nested";
}

/** A path that names something: variables of the pattern become names that every provider takes. */
function fillIn(pattern: string, scope: string): string {
  return pattern
    .replace("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}", scope)
    .replaceAll(/\{\w+\}/g, "sample1");
}

function routesOfType(name: string): Route[] {
  return ROUTES.filter(({ type }) => type === name);
}

function writeOf(name: string): Route | undefined {
  return routesOfType(name).find(({ method }) => method === "PUT");
}

describe("the emulator's resource providers", () => {
  it("are all in the list, with every route of their folders", async () => {
    const folders = readdirSync(ARM_FOLDER, { recursive: true, encoding: "utf8" });
    const files = folders.filter((path) => path.includes("/") && path.endsWith(".ts"));
    const modules = await Promise.all(files.map((path) => import(new URL(path, ARM_FOLDER).href)));
    const exported = modules.flatMap((module: object) => Object.entries(module));
    const providers = exported.filter(([name]) => name.endsWith("Provider")).map(([, value]) => value as Provider);
    deepEqual(new Set(providers), new Set(PROVIDERS), "src/emulator/arm/providers.ts");
    const routes = exported.filter(([name]) => name.endsWith("Routes")).flatMap(([, value]) => value as Route[]);
    ok(routes.length > 0);
    const missing = routes.filter((route) => !ROUTES.includes(route)).map(({ operation }) => operation);
    deepEqual(missing, [], "routes of a file that its provider does not list");
  });

  it("have names of their own for operations and types", () => {
    const namespaces = PROVIDERS.map(({ namespace }) => namespace.toLowerCase());
    equal(new Set(namespaces).size, namespaces.length);
    const rows = ROUTES.map(({ method, path }) => `${method} ${path}`);
    equal(new Set(rows).size, rows.length);
  });
});

describe("each resource type of the emulator's ARM", () => {
  for (const { name, declaration } of TYPES) {
    it(`is served, and declared for what it is: ${name}`, () => {
      const routes = routesOfType(name);
      ok(routes.length > 0, `no route is of the type ${name}`);
      equal(declaration.kind, kindByPaths(name, routes), `${name} stands elsewhere than its paths say`);
      ok(declaration.apiVersions.length > 0);
      deepEqual(declaration.apiVersions, [...new Set(declaration.apiVersions)].sort(), "oldest first");
    });

    if (declaration.kind !== "nested") continue;
    it(`has its parent declared: ${name}`, () => {
      const parent = TYPES.find((each) => each.name === name.slice(0, name.lastIndexOf("/")));
      ok(parent?.declaration.kind === "tracked" || parent?.declaration.kind === "nested", name);
    });
  }
});

describe("each tracked resource type of the emulator's ARM", () => {
  let arm: Arm;
  before(async () => {
    arm = await startArm();
  });
  after(() => arm.close());

  const put = async (name: string, id: string) => {
    const version = TYPES.find((each) => each.name === name)?.declaration.apiVersions.at(-1);
    const body = { location: "westeurope", ...BODIES[name] };
    const answer = await arm.call("PUT", `${id}?api-version=${version}`, { body });
    ok([200, 201, 202].includes(answer.status), `${name} wants another body, see BODIES: ${answer.text}`);
  };
  const listed = async (scope: string) => {
    const answer = await arm.call("GET", `${scope}/resources?api-version=2021-04-01`);
    return answer.json<{ value: { id: string; type: string }[] }>().value;
  };
  /** Keys of every map of the world but those that outlive a resource group. */
  const holdings = () => {
    const { roleAssignments: _, ...maps } = arm.emulator.world;
    return Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, [...map.keys()]]));
  };

  for (const { name, declaration } of TYPES.filter((each) => each.declaration.kind === "tracked")) {
    it(`is listed with its group, is a scope, and goes with its group: ${name}`, async () => {
      const group = `${arm.subscription}/resourceGroups/of-${name.replaceAll(/\W/g, "-")}`;
      const write = writeOf(name);
      ok(declaration.kind === "tracked" && write !== undefined);
      const before = holdings();
      equal((await arm.call("PUT", group, { body: { location: "westeurope" } })).status, 201);
      const id = fillIn(write.path, group);
      await put(name, id);
      for (const scope of [group, arm.subscription]) {
        const found = (await listed(scope)).filter((each) => each.id === id);
        deepEqual(
          found.map(({ type }) => type),
          [name],
          `${name} in the resources of ${scope}`,
        );
      }
      await arm.grant(id, READER, crypto.randomUUID());
      const elsewhere = `${id}x/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
      const roleDefinitionId = `${arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/${READER}`;
      const properties = { roleDefinitionId, principalId: crypto.randomUUID(), principalType: "ServicePrincipal" };
      refused(await arm.call("PUT", elsewhere, { body: { properties } }), 404, "ResourceNotFound");

      const nested = TYPES.filter((each) => each.name.startsWith(`${name}/`));
      for (const child of nested.sort((one, other) => one.name.length - other.name.length)) {
        const childWrite = writeOf(child.name);
        if (childWrite !== undefined) await put(child.name, fillIn(childWrite.path, group));
      }
      equal((await arm.call("DELETE", group)).status, 200);
      deepEqual(holdings(), before, `something of ${name} is left when its resource group is gone`);
    });
  }
});
