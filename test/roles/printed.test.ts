// What `keyless-csi roles` prints, in every format, and deploy/roles: all contain the same roles, and no right too many.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { roleFiles } from "../../scripts/generate-roles.ts";
import { ROLES } from "../../src/azure/role-table.ts";
import { dataRoleId } from "../../src/backend/blob/data-role.ts";
import { POLICIES } from "../../src/commands/roles/policy-table.ts";
import type { RoleRequest } from "../../src/commands/roles/role-bodies.ts";
import { printRoles, runRoles } from "../support/printed-roles.ts";

const SUBSCRIPTION = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const OTHER = "1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1";
const PRINCIPAL = "2f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f2";
const SCOPE = [`--subscription-id=${SUBSCRIPTION}`, "--resource-group=data", `--principal-id=${PRINCIPAL}`];
const ALL = [...SCOPE, "--with=all"];

const requests = async (...flags: string[]) =>
  JSON.parse(await printRoles([...SCOPE, "--output=json", ...flags])) as RoleRequest[];
const pathOf = ({ url }: RoleRequest) => new URL(url).pathname;
const scopesOf = (found: readonly RoleRequest[]) =>
  found
    .map(pathOf)
    .flatMap((path) => /^(.*)\/providers\/Microsoft\.Authorization\/roleAssignments\//.exec(path)?.[1] ?? []);

describe("keyless-csi roles", () => {
  it("prints no wildcard, no key, no SAS and no right on role definitions except to read them", () => {
    for (const { action } of ROLES.flatMap((role) => [...role.actions, ...role.dataActions])) {
      assert.doesNotMatch(action, /\*|key|sas$|sas\/|regenerate|delegation|elevate|roleDefinitions\/(write|delete)/i);
    }
  });

  it("keeps data actions out of the role that assigns roles: its condition on GUIDs would void them", () => {
    for (const { actions, dataActions, isConditional } of ROLES) {
      const assigns = actions.some(({ action }) => /roleAssignments\/(write|delete)$/.test(action));
      assert.equal(assigns, isConditional === true);
      assert(!(assigns && dataActions.length > 0) && !(actions.length > 0 && dataActions.length > 0));
    }
  });

  it("prints GUIDs that never change", () => {
    assert.deepEqual(Object.fromEntries(ROLES.map(({ key, id }) => [key, id])), {
      "blob-data": "a42b9bc9-8c32-5e88-8eee-319364d6623a",
      "controller-accounts": "e3d26dfa-adbc-59b2-bda9-b521ae827a96",
      "controller-grants": "10b9a7e5-3a0d-5b12-8583-a6170e885910",
      "controller-role-check": "db4d76cb-b58c-53b8-95c8-69e8cbe47b49",
      "controller-identities": "864dfdfe-36b5-5010-befe-38c5191c414f",
      "controller-trust": "a663e5c1-a4d6-5b59-a3c4-cc19306af7a1",
      "controller-federated-credentials": "261e60d5-9f25-565f-9255-a813bb07ec75",
      "controller-soft-delete": "689cef75-b63d-5b16-a021-fdae3dcafda0",
      "controller-orphans": "5cec4e1b-59e0-5d78-b88d-70616476b739",
      "controller-usage": "abb7b946-8b33-5fcc-87ce-1dbe4ce3faf6",
      "controller-doctor": "d17edbd2-76f6-5216-b36d-b9bc474ab5cc",
    });
    assert.equal(ROLES[0]?.id, dataRoleId(""));
    assert.equal(new Set(ROLES.map(({ roleName }) => roleName)).size, ROLES.length);
  });

  it("names and numbers roles by --role-prefix, the subscription where it is not given, and those without a prefix where it is empty", async () => {
    const rolesIn = (found: readonly RoleRequest[]) =>
      found.slice(0, 4).map((each) => [pathOf(each).split("/").at(-1), (each.body.properties as Named).roleName]);
    const required = ROLES.filter(({ option }) => option === undefined);
    assert.deepEqual(
      rolesIn(await requests("--role-prefix=")),
      required.map(({ id, roleName }) => [id, roleName]),
    );
    const named = rolesIn(await requests("--role-prefix=team-a"));
    assert.deepEqual(named[0], ["dca76923-27bc-57fe-a3ea-d22672a2fff8", "team-a keyless-csi Blob Data"]);
    assert.deepEqual(
      named.map(([, name]) => name),
      required.map(({ roleName }) => `team-a ${roleName}`),
    );
    assert.deepEqual(rolesIn(await requests()), rolesIn(await requests(`--role-prefix=${SUBSCRIPTION}`)));
    const all = await Promise.all(["", SUBSCRIPTION, "team-a"].map((each) => requests(`--role-prefix=${each}`)));
    const ids = all.flat().map((each) => pathOf(each).split("/").at(-1));
    assert.equal(new Set(ids).size, ids.length, "nothing of one prefix is another's");
  });

  it("lets the controller assign the data role of its prefix, and remove those of before too", async () => {
    const [own, unprefixed] = [dataRoleId(SUBSCRIPTION), dataRoleId("")];
    for (const [flags, assigned, removed] of [
      [[], own, [own, unprefixed]],
      [["--role-prefix=team-a"], dataRoleId("team-a"), [dataRoleId("team-a"), unprefixed, own]],
      [["--role-prefix="], unprefixed, [unprefixed, own]],
      [[`--role=${OTHER}`], OTHER, [OTHER]],
    ] as const) {
      const found = await requests(...flags);
      const { condition = "" } = (found.find(({ body }) => "condition" in body.properties)?.body.properties ?? {}) as {
        condition?: string;
      };
      const rolesBy = (source: string) =>
        new RegExp(`${source}\\[[^\\]]+:RoleDefinitionId\\] ForAnyOfAnyValues:GuidEquals {([^}]+)}`).exec(
          condition,
        )?.[1];
      assert.deepEqual([rolesBy("@Request"), rolesBy("@Resource")], [assigned, removed.join(", ")]);
    }
  });

  it("prints the same for the same scope, whatever the case of a GUID", async () => {
    const upper = [`--subscription-id=${SUBSCRIPTION.toUpperCase()}`, ...SCOPE.slice(1), "--output=json"];
    assert.deepEqual(JSON.parse(await printRoles(upper)), await requests());
  });

  it("assigns rights on accounts at the resource group, and at the subscription only what can be read only there", async () => {
    const found = await requests("--with=all");
    const scopes = scopesOf(found);
    const times = (scope: string) => scopes.filter((each) => each === scope).length;
    assert.equal(times(`/subscriptions/${SUBSCRIPTION}/resourceGroups/data`), 5);
    assert.equal(times(`/subscriptions/${SUBSCRIPTION}`), 5);
    assert.equal(scopes.length, 10);
    assert(found.every(({ url }) => url.startsWith("https://management.azure.com/subscriptions/")));
  });

  it("covers every allowed resource group and place of --overflow, and identities in their own groups", async () => {
    const groups = [`--allowed-resource-groups=${OTHER}/more`, `--overflow=${OTHER}/MORE,${OTHER}/last`];
    const found = await requests(...groups, `--identity-scopes=${OTHER}/people`);
    const scopes = scopesOf(found);
    for (const [scope, times] of [
      [`/subscriptions/${SUBSCRIPTION}/resourceGroups/data`, 4],
      [`/subscriptions/${OTHER}/resourceGroups/more`, 4],
      [`/subscriptions/${OTHER}/resourceGroups/last`, 4],
      [`/subscriptions/${SUBSCRIPTION}`, 0],
      [`/subscriptions/${OTHER}`, 0],
      [`/subscriptions/${OTHER}/resourceGroups/people`, 3],
    ] as const) {
      assert.equal(scopes.filter((each) => each === scope).length, times, scope);
    }
    const roles = found.filter(({ makes }) => makes.startsWith("role "));
    const assignableScopes = [`/subscriptions/${SUBSCRIPTION}`, `/subscriptions/${OTHER}`];
    for (const { body } of roles) assert.deepEqual(body.properties, { ...body.properties, assignableScopes });
  });

  it("keeps the roles assignable where another cluster of the tenant uses them", async () => {
    const [role] = await requests(`--assignable-in=${OTHER}`);
    assert(JSON.stringify(role?.body).includes(`/subscriptions/${OTHER}`));
    assert(!JSON.stringify(scopesOf(await requests(`--assignable-in=${OTHER}`))).includes(OTHER));
  });

  it("leaves optional roles out unless they are requested", async () => {
    const names = (found: readonly RoleRequest[]) => JSON.stringify(found);
    assert(!names(await requests("--with=")).includes("userAssignedIdentities"));
    const usual = names(await requests());
    assert(usual.includes("userAssignedIdentities/read") && usual.includes("federatedIdentityCredentials/read"));
    assert(!names(await requests("--with=identities")).includes("federatedIdentityCredentials"));
    for (const right of ["federatedIdentityCredentials/write", "blobServices/write"]) assert(!usual.includes(right));
  });

  it("prints for the cloud that --cloud names", async () => {
    const found = await requests("--cloud=AzureChina");
    assert(found.every(({ url }) => url.startsWith("https://management.chinacloudapi.cn/")));
  });

  it("as a script calls az once for each role and assignment, with exactly the bodies of the JSON", async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyless-csi-roles-"));
    const az = `#!${process.execPath}\nrequire("fs").appendFileSync(process.env.CALLS, JSON.stringify(process.argv.slice(2)) + "\\n")\n`;
    await writeFile(join(folder, "az"), az);
    await chmod(join(folder, "az"), 0o755);
    const scope = [`--subscription-id=${SUBSCRIPTION}`, "--resource-group=(dätä)", `--principal-id=${PRINCIPAL}`];
    await writeFile(join(folder, "roles.sh"), await printRoles([...scope, "--with=all"]));
    const wanted = JSON.parse(await printRoles([...scope, "--with=all", "--output=json"])) as RoleRequest[];
    const env = { PATH: `${folder}${delimiter}/usr/bin${delimiter}/bin`, CALLS: join(folder, "calls") };
    await promisify(execFile)("sh", ["-eu", join(folder, "roles.sh")], { env });
    const calls = (await readFile(env.CALLS, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string[]);
    await rm(folder, { recursive: true });
    assert.deepEqual(
      calls.map(([command, , method, , url, , body]) => [command, method, url, JSON.parse(body ?? "")]),
      wanted.map(({ url, body }) => ["rest", "put", url, body]),
    );
    assert(wanted.some(({ url }) => url.includes("/resourceGroups/(d%C3%A4t%C3%A4)/")));
  });

  it("as a template contains the roles and assignments of the JSON, each assignment in a deployment at its scope", async () => {
    const template = JSON.parse(await printRoles([...ALL, "--output=arm"])) as Template;
    assert.deepEqual(
      contentOf(template),
      (await requests("--with=all")).map((each) => [pathOf(each).split("/").at(-1), each.body.properties]),
    );
    for (const { resource } of deploymentsOf(template)) {
      const wanted = resource.properties.template?.resources.map(({ properties }) => properties.roleDefinitionId);
      assert.deepEqual(resource.dependsOn, wanted);
    }
    const places = deploymentsOf(template).map(({ resource }) => [resource.subscriptionId, resource.resourceGroup]);
    assert.deepEqual(places, [
      [SUBSCRIPTION, "data"],
      [SUBSCRIPTION, undefined],
    ]);
  });

  it("prints no policy unless it is asked for by name, not even with all, and says what is left out", async () => {
    for (const output of ["script", "json", "cli", "arm"])
      for (const named of ["identities", "all"]) {
        const text = await printRoles([...SCOPE, `--output=${output}`, `--with=${named}`]);
        for (const { definitionId } of POLICIES) assert(!text.includes(definitionId), output);
        if (output === "script") assert.match(text, /^# {3}policies: .*also of others/m);
      }
  });

  it("prints both policies with effect Deny at each resource group and in every form, and whom they hit", async () => {
    const flags = ["--with=policies", `--allowed-resource-groups=${OTHER}/more`];
    const groups = [
      `/subscriptions/${SUBSCRIPTION}/resourceGroups/data`,
      `/subscriptions/${OTHER}/resourceGroups/more`,
    ];
    const wanted = groups.flatMap((scope) => POLICIES.map(({ definitionId }) => [scope, definitionId, "Deny"]));
    const found = await requests(...flags);
    const assigned = found.filter((each) => pathOf(each).includes("/policyAssignments/"));
    type Assigned = { properties: { policyDefinitionId: string; parameters: { effect: { value: string } } } };
    const summary = ({ properties }: Assigned) => [
      properties.policyDefinitionId.split("/").at(-1),
      properties.parameters.effect.value,
    ];
    assert.deepEqual(
      assigned.map((each) => [pathOf(each).split("/providers/")[0], ...summary(each.body as Assigned)]),
      wanted,
    );
    const template = JSON.parse(await printRoles([...SCOPE, ...flags, "--output=arm"])) as Template;
    const inTemplate = deploymentsOf(template).flatMap(({ resource: { subscriptionId, resourceGroup, properties } }) =>
      (properties.template?.resources ?? [])
        .filter(({ type }) => type === "Microsoft.Authorization/policyAssignments")
        .map((each) => [
          `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
          ...summary(each as unknown as Assigned),
        ]),
    );
    assert.deepEqual(inTemplate, wanted);
    const cli = JSON.parse(await printRoles([...SCOPE, ...flags, "--output=cli"])) as CliPolicy[];
    assert.deepEqual(
      cli.filter((each) => "policy" in each).map(({ scope, policy, params }) => [scope, policy, params.effect.value]),
      wanted,
    );
    const roles = found.filter((each) => !assigned.includes(each));
    assert.deepEqual(roles, await requests(...flags.slice(1)), "named alone, they leave the default roles as they are");
    for (const output of ["script", "json", "cli", "arm"]) {
      const text = await printRoles([...SCOPE, ...flags, `--output=${output}`]);
      assert.match(text, /also to accounts that keyless-csi did not make/, output);
    }
  });

  it("limits the condition to the listed principals, and refuses a list that is empty, unsafe or too long", async () => {
    const principals = (count: number) =>
      Array.from({ length: count }, (_, index) => `3f1e2d3c-4b5a-6978-8796-${String(index).padStart(12, "0")}`);
    const conditionOf = async (...flags: string[]) =>
      (await requests(...flags)).flatMap(({ body }) => (body.properties as { condition?: string }).condition ?? []);
    const [condition = ""] = await conditionOf(`--principals=${principals(2).join(",")}`);
    for (const source of ["@Request", "@Resource"]) {
      const clause = `${source}[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAnyValues:GuidEquals`;
      assert(condition.includes(`${clause} {${principals(2).join(", ")}}`), condition);
    }
    const refusal = async (...flags: string[]) => {
      const { code, stdout, stderr } = await runRoles([...SCOPE, ...flags]);
      assert.deepEqual([code, stdout], [2, ""]);
      return stderr;
    };
    assert.match(await refusal("--principals="), /--principals: is empty/);
    assert.match(await refusal(`--principals=${PRINCIPAL}`), /is the controller itself/);
    const [, bytes = "", room = ""] =
      /condition (\d+) bytes long, and Azure allows 8000; name at most (\d+)/.exec(
        await refusal(`--principals=${principals(200).join(",")}`),
      ) ?? assert.fail();
    assert(Number(bytes) > 8000);
    const [longest = ""] = await conditionOf(`--principals=${principals(Number(room)).join(",")}`);
    assert(longest.length <= 8000 && longest.length > 7900);
    await refusal(`--principals=${principals(Number(room) + 1).join(",")}`);
    assert.match(
      await refusal(`--role=${principals(200).join(",")}`),
      /--role: makes the condition .*; name fewer roles/,
    );
  });

  it("reports everything that is missing or unsafe, with exit code 2", async () => {
    const nothing = await runRoles([]);
    assert.equal(nothing.code, 2);
    for (const name of ["subscription-id", "resource-group", "principal-id"])
      assert.match(nothing.stderr, new RegExp(`--${name}: is required`));
    const owner = await runRoles([...SCOPE, "--role=8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]);
    assert.deepEqual([owner.code, owner.stdout], [2, ""]);
    assert.match(owner.stderr, /is Owner; the controller must not be able to assign it/);
    assert.match((await runRoles([...SCOPE, "--role=,"])).stderr, /--role: is empty/);
    assert.match((await runRoles([...SCOPE, "--with=everything"])).stderr, /"everything" is not known; use identities/);
  });
});

describe("deploy/roles", () => {
  it("is generated from the table of roles: npm run generate writes it", async () => {
    const files = roleFiles();
    const folder = resolve("deploy/roles");
    assert.deepEqual((await readdir(folder)).sort(), files.map(([path]) => path.split("/").at(-1)).sort());
    for (const [path, make] of files) assert.equal(await readFile(resolve(path), "utf8"), await make(), path);
  });

  it("has files in the format of az role definition create", async () => {
    for (const role of ROLES) {
      const file = JSON.parse(await readFile(resolve(`deploy/roles/${role.key}.json`), "utf8"));
      assert.deepEqual(Object.keys(file), [
        "Name",
        "IsCustom",
        "Description",
        "Actions",
        "NotActions",
        "DataActions",
        "NotDataActions",
        "AssignableScopes",
      ]);
      const name = `00000000-0000-0000-0000-000000000000 ${role.roleName}`;
      assert.deepEqual([file.Name, file.Actions], [name, role.actions.map(({ action }) => action)]);
    }
  });
});

interface Named {
  readonly roleName?: string;
}
interface Resource {
  readonly type: string;
  readonly name: string;
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly dependsOn?: readonly string[];
  readonly properties: { readonly roleDefinitionId?: string; readonly template?: { readonly resources: Resource[] } };
}
/** What the form `cli` says of a policy; a role has other members. */
interface CliPolicy {
  readonly scope: string;
  readonly policy?: string;
  readonly params: { readonly effect: { readonly value: string } };
}
interface Template {
  readonly resources: readonly Resource[];
}

function deploymentsOf({ resources }: Template) {
  return resources.filter(({ type }) => type === "Microsoft.Resources/deployments").map((resource) => ({ resource }));
}

/** Name and properties of roles and assignments, sorted as in the JSON: by scope, then by role. */
function contentOf(template: Template): (readonly [string, object])[] {
  const roles = template.resources.filter(({ type }) => type === "Microsoft.Authorization/roleDefinitions");
  const assignments = deploymentsOf(template).flatMap(({ resource }) => resource.properties.template?.resources ?? []);
  const order = roles.map(({ name }) => name);
  const last = (index: number) => (index < 0 ? order.length : index); // policies come after the roles
  const rank = ({ properties }: Resource) => last(order.indexOf(properties.roleDefinitionId?.split("/").at(-1) ?? ""));
  const sorted = assignments.toSorted((a, b) => rank(a) - rank(b));
  return [...roles, ...sorted].map(({ name, properties }) => [name, properties]);
}
