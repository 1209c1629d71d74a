// deploy/roles/azuredeploy.json and the script of `keyless-csi roles` make the same roles and role assignments under the same
// names: a team that has applied one may apply the other.
import assert from "node:assert/strict";
import { parameterisedTemplate } from "../../scripts/generate-roles.ts";
import { ROLE_OPTIONS, ROLES } from "../../src/azure/role-table.ts";
import { DEFAULT_OPTIONS } from "../../src/commands/roles.ts";
import { type Arm, startArm } from "../support/arm-calls.ts";
import { type Deployed, deploy } from "../support/arm-template.ts";
import { printRequests, printRoles } from "../support/printed-roles.ts";

const PARTS = [...ROLE_OPTIONS, "policies"];
const byPath = (a: Deployed, b: Deployed) => (a.path < b.path ? -1 : 1);

describe("the template of deploy/roles", () => {
  let arm: Arm;
  let target: Parameters<typeof printRequests>[0];
  beforeEach(async () => {
    arm = await startArm();
    const { world, info } = arm.emulator;
    const controller = [...world.principals.values()].find(({ clientId }) => clientId === info.controller.clientId);
    assert(controller);
    target = { emulator: arm.emulator, controllerPrincipalId: controller.id };
  });
  afterEach(() => arm.close());

  /** As az rest would send them. */
  async function printed(...flags: string[]): Promise<Deployed[]> {
    return (await printRequests(target, ["--with=all,policies", ...flags])).map(({ url, body: { properties } }) => {
      const { pathname: path, searchParams } = new URL(url);
      return { path, apiVersion: searchParams.get("api-version") ?? "", properties };
    });
  }

  function deployed(given: Readonly<Record<string, unknown>> = {}): Deployed[] {
    const { subscriptionId, resourceGroup } = arm.emulator.info;
    const own = { resourceGroup, controllerPrincipalId: target.controllerPrincipalId, parts: PARTS };
    return deploy(parameterisedTemplate(), subscriptionId, { ...own, ...given });
  }

  for (const prefix of [undefined, "Team-A"]) {
    it(`has the content and the names of the script: prefix ${prefix ?? "of the subscription"}`, async () => {
      const flags = prefix === undefined ? [] : [`--role-prefix=${prefix}`];
      const fromTemplate = deployed(prefix === undefined ? {} : { rolePrefix: prefix });
      assert.deepEqual(fromTemplate.toSorted(byPath), (await printed(...flags)).toSorted(byPath));
    });
  }

  it("without a prefix has the ids and names of version 0.1, in its own way and in the script's", async () => {
    const without = deployed({ rolePrefix: "" }).filter(({ path }) => path.includes("/role"));
    const [definitions, assignments] = [without.slice(0, ROLES.length), without.slice(ROLES.length)];
    assert.deepEqual(
      definitions.map(({ path, properties }) => [
        path.split("/").at(-1),
        (properties as { roleName: string }).roleName,
      ]),
      ROLES.map(({ id, roleName }) => [id, roleName]),
    );
    const contents = (all: readonly Deployed[]) => all.map(({ properties }) => JSON.stringify(properties)).sort();
    const script = (await printed("--role-prefix=")).filter(({ path }) => path.includes("/roleAssignments/"));
    assert.deepEqual(contents(assignments), contents(script));
  });

  it("is what --output arm prints with the values written out", async () => {
    const { subscriptionId, resourceGroup } = arm.emulator.info;
    const scope = [`--subscription-id=${subscriptionId}`, `--resource-group=${resourceGroup}`];
    const flags = [`--principal-id=${target.controllerPrincipalId}`, "--with=all,policies", "--output=arm"];
    const template = JSON.parse(await printRoles([...scope, ...flags]));
    assert.deepEqual(deploy(template, subscriptionId), deployed());
  });

  for (const [first, second] of [
    ["script", "template"],
    ["template", "script"],
  ] as const) {
    it(`after the ${first}: the ${second} changes nothing, and no assignment is there twice`, async () => {
      const { roleAssignments, roleDefinitions } = arm.emulator.world;
      const apply = async (what: "script" | "template") => {
        for (const { path, apiVersion, properties } of what === "script" ? await printed() : deployed()) {
          const answer = await arm.call("PUT", `${path}?api-version=${apiVersion}`, { body: { properties } });
          assert(answer.status === 200 || answer.status === 201, `${path}: ${answer.text}`);
        }
        return [[...roleAssignments.values()], [...roleDefinitions.values()]].map((all) => structuredClone(all));
      };
      const before = roleAssignments.size;
      const held = await apply(first);
      assert.equal(roleAssignments.size, before + 10);
      const [assignments, definitions] = await apply(second);
      assert.deepEqual(assignments, held[0]);
      assert.deepEqual(definitions?.map(withoutTime), held[1]?.map(withoutTime));
    });
  }

  it("leaves optional roles out unless they are requested", () => {
    const { parameters, resources } = parameterisedTemplate();
    assert.deepEqual(parameters?.["parts"], { ...parameters?.["parts"], defaultValue: DEFAULT_OPTIONS });
    const optional = ROLES.filter(({ option }) => option !== undefined);
    const text = JSON.stringify(resources);
    for (const { option } of [...optional, { option: "policies" }])
      assert.equal(text.split(`[contains(parameters('parts'), '${option}')]`).length, 3, option);
    const required = ROLES.filter(({ option }) => option === undefined);
    assert.equal(deployed({ parts: [] }).length, required.length * 2 - 1);
  });
});

function withoutTime(held: object): object {
  return { ...held, changedAt: 0 };
}
