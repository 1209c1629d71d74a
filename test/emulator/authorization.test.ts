import { equal } from "node:assert/strict";
import { createAuthorization } from "../../src/emulator/authorization/authorization.ts";
import { createClock } from "../../src/emulator/clock.ts";
import { createWorld, type Permission, type RoleAssignment } from "../../src/emulator/world.ts";

const GROUP = "/subscriptions/s1/resourceGroups/RG";
const ACCOUNT = `${GROUP}/providers/Microsoft.Storage/storageAccounts/one`;
const READ = "Microsoft.Storage/storageAccounts/read";
const BLOB_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";

describe("the emulator's authorization", () => {
  function setUp() {
    const world = createWorld();
    const clock = createClock();
    let last = 0;
    const role = (permission: Partial<Permission>): string => {
      const name = `role-${world.roleDefinitions.size}`;
      const permissions = [{ actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission }];
      world.roleDefinitions.set(name, {
        name,
        roleName: name,
        description: "",
        type: "CustomRole",
        permissions,
        assignableScopes: ["/"],
      });
      return name;
    };
    const grant = (scope: string, roleDefinitionName: string, more: Partial<RoleAssignment> = {}): RoleAssignment => {
      last += 1;
      const who = { principalId: "p1", principalType: "ServicePrincipal", tenantId: "t1" };
      const assignment = {
        name: `a${last}`,
        scope,
        roleDefinitionName,
        ...who,
        createdAt: 0,
        effectiveFrom: 0,
        ...more,
      };
      world.roleAssignments.set(assignment.name, assignment);
      return assignment;
    };
    return { ...createAuthorization(world, clock), world, clock, role, grant };
  }

  it("applies a role assignment at its scope and below it, not to siblings, without case", () => {
    const { allowsAction, role, grant } = setUp();
    grant(GROUP, role({ actions: ["Microsoft.Storage/storageAccounts/*"] }));
    equal(allowsAction("p1", READ, ACCOUNT.toLowerCase()), true);
    equal(allowsAction("p1", READ, GROUP), true);
    equal(allowsAction("p1", READ, `${GROUP}2/providers/Microsoft.Storage/storageAccounts/one`), false);
    equal(allowsAction("p1", READ, "/subscriptions/s1"), false);
    equal(allowsAction("p2", READ, ACCOUNT), false);
  });

  it("subtracts notActions from the role that has them, and from no other", () => {
    const { allowsAction, role, grant } = setUp();
    grant(GROUP, role({ actions: ["*"], notActions: ["Microsoft.Storage/*/read"] }));
    equal(allowsAction("p1", READ, ACCOUNT), false);
    grant(ACCOUNT, role({ actions: [READ] }));
    equal(allowsAction("p1", READ, ACCOUNT), true);
  });

  it("never covers data actions with a wildcard in actions, nor the reverse", () => {
    const { allowsAction, allowsDataAction, role, grant } = setUp();
    grant(GROUP, role({ actions: ["*"] }));
    equal(allowsDataAction("p1", BLOB_READ, ACCOUNT), false);
    grant(GROUP, role({ dataActions: ["Microsoft.Storage/*"] }), { principalId: "p2" });
    equal(allowsDataAction("p2", BLOB_READ, ACCOUNT), true);
    equal(allowsAction("p2", READ, ACCOUNT), false);
  });

  it("lets a deny assignment of data outrank every role, but not for those whom it excludes", () => {
    const { world, role, grant, allowsDataAction } = setUp();
    grant(GROUP, role({ dataActions: ["*"] }));
    const mayRead = () => allowsDataAction("p1", BLOB_READ, ACCOUNT);
    const deny = (scope: string, excludePrincipals: string[]) => {
      const denied = { actions: [], notActions: [], dataActions: ["*/blobs/read"] };
      world.denyAssignments.set("d1", { id: "d1", displayName: "no reads", scope, ...denied, excludePrincipals });
    };
    equal(mayRead(), true);
    deny(GROUP, []);
    equal(mayRead(), false);
    deny(GROUP, ["p1"]);
    equal(mayRead(), true);
    deny(`${GROUP}/providers/Microsoft.Storage/storageAccounts/two`, []);
    equal(mayRead(), true);
  });

  it("honours a role assignment once it has propagated, and a removed one until its removal has", () => {
    const { allowsAction, clock, role, grant } = setUp();
    const now = clock.now();
    grant(GROUP, role({ actions: [READ] }), { effectiveFrom: now + 60_000, effectiveUntil: now + 120_000 });
    equal(allowsAction("p1", READ, ACCOUNT), false);
    clock.advance(61_000);
    equal(allowsAction("p1", READ, ACCOUNT), true);
    clock.advance(60_000);
    equal(allowsAction("p1", READ, ACCOUNT), false);
  });

  it("evaluates the condition of a role assignment, and a second one without condition is not limited by it", () => {
    const { allowsDataAction, role, grant } = setUp();
    const name = "Microsoft.Storage/storageAccounts/blobServices/containers:name";
    const reader = role({ dataActions: [BLOB_READ] });
    grant(ACCOUNT, reader, { condition: `@Resource[${name}] StringStartsWith 'ns1-'`, conditionVersion: "2.0" });
    equal(allowsDataAction("p1", BLOB_READ, ACCOUNT, { resource: { [name]: "ns1-x" } }), true);
    equal(allowsDataAction("p1", BLOB_READ, ACCOUNT, { resource: { [name]: "ns2-x" } }), false);
    grant(GROUP, reader);
    equal(allowsDataAction("p1", BLOB_READ, ACCOUNT, { resource: { [name]: "ns2-x" } }), true);
  });

  it("grants nothing under a condition that it cannot read", () => {
    const { allowsAction, role, grant } = setUp();
    grant(GROUP, role({ actions: ["*"] }), { condition: "Resource is friendly", conditionVersion: "2.0" });
    equal(allowsAction("p1", READ, ACCOUNT), false);
  });

  it("grants nothing by a role with Storage data actions under a condition with GUID operators", () => {
    const { allowsAction, role, grant } = setUp();
    const condition =
      "(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR " +
      "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] GuidEquals ba92f5b4-2d11-453d-a403-e96b0029c9fe)";
    const mixed = role({ actions: [READ], dataActions: [BLOB_READ] });
    grant(GROUP, mixed, { condition, conditionVersion: "2.0" });
    equal(allowsAction("p1", READ, ACCOUNT), false);
    grant(GROUP, role({ actions: [READ] }), { condition, conditionVersion: "2.0" });
    equal(allowsAction("p1", READ, ACCOUNT), true);
  });
});
