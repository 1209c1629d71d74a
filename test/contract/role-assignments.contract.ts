// Role assignments: what opens a container to a workload's identity.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Answer, Cloud } from "./support/cloud.ts";
import { withEmulator } from "./support/emulated.ts";
import {
  ASSIGNMENTS,
  answered,
  assignmentOf,
  grant,
  listAssignments,
  makeContainer,
  makeIdentity,
  makeStranger,
  putBlob,
  ROLES,
  readAssignment,
  refused,
  roleId,
  type ShownAssignment,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

/** A PUT that is expected to be refused. */
async function tryGrant(cloud: Cloud, scope: string, body: object, name = cloud.newGuid()): Promise<Answer> {
  return cloud.arm("PUT", `${scope}/${ASSIGNMENTS}/${name}`, { body });
}

/** Who may assign only the blob reader's role, and only to service principals (the product's own condition). */
const ASSIGNER_CONDITION = (["write:@Request", "delete:@Resource"] as const)
  .map((rule) => {
    const [verb, source] = rule.split(":");
    const attribute = (name: string) => `${source}[Microsoft.Authorization/roleAssignments:${name}]`;
    return (
      `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${verb}'})) OR ` +
      `(${attribute("RoleDefinitionId")} ForAnyOfAnyValues:GuidEquals {${ROLES.blobReader}} AND ` +
      `${attribute("PrincipalType")} ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))`
    );
  })
  .join(" AND ");

const CONTAINER_CONDITION =
  "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'contract'";

export const roleAssignments: Chapter = {
  title: "role assignments",
  sentences: [
    {
      says: "are made under a GUID of the caller's choice: 201, and 200 when the same is sent again",
      source: SOURCES.assignmentCreate,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const body = assignmentOf(cloud, ROLES.blobReader, principalId, { description: "keyless-csi v1" });
        const name = cloud.newGuid();
        const id = await grant(cloud, scope, body, name);
        answered(await cloud.arm("PUT", id, { body }), 200);
        const { properties, ...shown } = await readAssignment(cloud, id);
        deepEqual([shown.name, shown.id.toLowerCase()], [name, id.toLowerCase()]);
        deepEqual(
          [properties.scope.toLowerCase(), properties.principalId, properties.description],
          [scope.toLowerCase(), principalId, "keyless-csi v1"],
        );
        equal(properties.principalType, "ServicePrincipal");
        match(properties.roleDefinitionId, new RegExp(`/roleDefinitions/${ROLES.blobReader}$`));
      },
    },
    {
      says: "can be given at a container, below everything that Resource Manager tracks",
      source: SOURCES.rbacScopes,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const id = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
        ok(id.includes("/containers/"));
      },
    },
    {
      says: "whose name is no GUID are 400 InvalidRoleAssignmentId",
      source: SOURCES.assignmentCreate,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const answer = await tryGrant(cloud, id, assignmentOf(cloud, ROLES.blobReader), cloud.newName());
        refused(answer, 400, "InvalidRoleAssignmentId");
      },
    },
    {
      says: "do not change hands: the same name for another principal is 400 RoleAssignmentUpdateNotPermitted",
      source: SOURCES.rbacTroubleshooting,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const [one, two] = [await makeIdentity(cloud), await makeIdentity(cloud)];
        const name = cloud.newGuid();
        await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, one.principalId), name);
        const answer = await tryGrant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, two.principalId), name);
        refused(answer, 400, "RoleAssignmentUpdateNotPermitted");
      },
    },
    {
      says: "have names that are unique in the tenant: the same name at another scope is refused too",
      source: SOURCES.rbacTemplate,
      async check(cloud) {
        const [here, there] = [await makeContainer(cloud), await makeContainer(cloud)];
        const { principalId } = await makeIdentity(cloud);
        const body = assignmentOf(cloud, ROLES.blobReader, principalId);
        const name = cloud.newGuid();
        await grant(cloud, here.id, body, name);
        refused(await tryGrant(cloud, there.id, body, name), 400, "RoleAssignmentUpdateNotPermitted");
      },
    },
    {
      says: "are one for each scope, principal and role: another name is 409 RoleAssignmentExists with the first one's id without dashes",
      source: SOURCES.rbacTroubleshooting,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const body = assignmentOf(cloud, ROLES.blobReader, principalId);
        const name = cloud.newGuid();
        await grant(cloud, scope, body, name);
        const answer = await tryGrant(cloud, scope, body);
        refused(answer, 409, "RoleAssignmentExists");
        ok(answer.message.includes(name.replaceAll("-", "")), answer.message);
      },
    },
    {
      says: "exist beside each other when the role or the scope differs",
      source: SOURCES.assignmentCreate,
      async check(cloud) {
        const { id: scope, account } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
        await grant(cloud, scope, assignmentOf(cloud, ROLES.blobContributor, principalId));
        await grant(cloud, account.id, assignmentOf(cloud, ROLES.blobReader, principalId));
      },
    },
    {
      says: "take a new description under their own name",
      source: SOURCES.assignmentCreate,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const id = await grant(
          cloud,
          scope,
          assignmentOf(cloud, ROLES.blobReader, principalId, { description: "one" }),
        );
        const body = assignmentOf(cloud, ROLES.blobReader, principalId, { description: "two" });
        answered(await cloud.arm("PUT", id, { body }), 200);
        equal((await readAssignment(cloud, id)).properties.description, "two");
      },
    },
    {
      says: "of a role that is not there are refused with RoleDefinitionDoesNotExist",
      source: SOURCES.rbacTroubleshooting,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const answer = await tryGrant(cloud, id, assignmentOf(cloud, cloud.newGuid()));
        equal(answer.code, "RoleDefinitionDoesNotExist", answer.text);
      },
    },
    {
      says: "name their role by its ARM id: a GUID alone, and an id in another subscription, are 400 BadRequestFormat",
      source: SOURCES.bareRoles,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const elsewhere = roleId(cloud, ROLES.blobReader).replace(
          cloud.subscription,
          `/subscriptions/${cloud.newGuid()}`,
        );
        for (const roleDefinitionId of [ROLES.blobReader, elsewhere]) {
          const body = assignmentOf(cloud, ROLES.blobReader, undefined, { roleDefinitionId });
          refused(await tryGrant(cloud, id, body), 400, "BadRequestFormat");
        }
      },
    },
    {
      says: "have version 2.0 of their condition when none is sent, and lose the condition by a PUT without one",
      source: SOURCES.rbacConditionsRest,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const condition = { condition: CONTAINER_CONDITION };
        const id = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId, condition));
        const { properties } = await readAssignment(cloud, id);
        deepEqual([properties.condition, properties.conditionVersion], [CONTAINER_CONDITION, "2.0"]);
        const body = assignmentOf(cloud, ROLES.blobReader, principalId, { condition: null, conditionVersion: null });
        answered(await cloud.arm("PUT", id, { body }), 200);
        const after = (await readAssignment(cloud, id)).properties;
        deepEqual([after.condition ?? null, after.conditionVersion ?? null], [null, null]);
      },
    },
    {
      says: "for a principal that the directory does not know are 400 PrincipalNotFound when no principalType is sent",
      source: SOURCES.rbacTroubleshooting,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const properties = { roleDefinitionId: roleId(cloud, ROLES.blobReader), principalId: cloud.newGuid() };
        refused(await tryGrant(cloud, id, { properties }), 400, "PrincipalNotFound");
      },
    },
    {
      says: "with principalType ServicePrincipal do not wait until a new principal has replicated",
      source: SOURCES.rbacTroubleshooting,
      needs: { control: "the clock, to stop replication" },
      check: () =>
        withEmulator({ principalReplicationMs: 60_000 }, async (cloud) => {
          const { id: scope } = await makeContainer(cloud);
          const { principalId } = await makeIdentity(cloud);
          const properties = { roleDefinitionId: roleId(cloud, ROLES.blobReader), principalId };
          refused(await tryGrant(cloud, scope, { properties }), 400, "PrincipalNotFound");
          await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
        }),
    },
    {
      says: "with a principalType that is not the principal's are 400 UnmatchedPrincipalType",
      source: SOURCES.rbacTemplate,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const body = assignmentOf(cloud, ROLES.blobReader, principalId, { principalType: "Group" });
        await cloud.eventually(async () => {
          refused(await tryGrant(cloud, id, body), 400, "UnmatchedPrincipalType");
        });
      },
    },
    {
      says: "that are not there are 404 RoleAssignmentNotFound",
      source: SOURCES.assignmentGet,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        refused(await cloud.arm("GET", `${id}/${ASSIGNMENTS}/${cloud.newGuid()}`), 404, "RoleAssignmentNotFound");
      },
    },
    {
      says: "are deleted with 200 and what they were, and with 204 when they are not there",
      source: SOURCES.assignmentDelete,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const id = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
        const gone = answered(await cloud.arm("DELETE", id), 200).json<ShownAssignment>();
        equal(gone.properties.principalId, principalId);
        answered(await cloud.arm("DELETE", id), 204);
        refused(await cloud.arm("GET", id), 404, "RoleAssignmentNotFound");
      },
    },
    {
      says: "listed with atScope() are those of the scope and those above it, not those of a neighbour or below",
      source: SOURCES.assignmentList,
      async check(cloud) {
        const [here, there] = [await makeContainer(cloud), await makeContainer(cloud)];
        const { principalId } = await makeIdentity(cloud);
        const own = await grant(cloud, here.id, assignmentOf(cloud, ROLES.blobReader, principalId));
        await grant(cloud, there.id, assignmentOf(cloud, ROLES.blobReader, principalId));
        const above = await grant(cloud, here.account.id, assignmentOf(cloud, ROLES.blobReader, principalId));
        const idsAt = async (scope: string) => {
          const found = await listAssignments(cloud, scope, "atScope()");
          return found.filter(({ properties }) => properties.principalId === principalId).map(({ id }) => id);
        };
        await cloud.eventually(async () => {
          deepEqual((await idsAt(here.id)).sort(), [above, own].sort());
          deepEqual(await idsAt(here.account.id), [above]);
        });
      },
    },
    {
      says: "are found by principal, also below the scope of the list",
      source: SOURCES.assignmentList,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const id = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
        await cloud.eventually(async () => {
          const found = await listAssignments(cloud, cloud.subscription, `principalId eq '${principalId}'`);
          deepEqual(
            found.map((each) => each.id.toLowerCase()),
            [id.toLowerCase()],
          );
        });
      },
    },
    {
      says: "outlive their container, and open a new one of the same name again: names must never be used twice",
      source: SOURCES.orphanedGrants,
      async check(cloud) {
        const container = await makeContainer(cloud);
        const id = await grant(cloud, container.id, assignmentOf(cloud, ROLES.blobContributor));
        await cloud.eventually(async () => {
          answered(await putBlob(cloud, `${container.url}/old`, "old"), 201);
        });
        answered(await cloud.arm("DELETE", container.id), 200);
        await readAssignment(cloud, id);
        await cloud.eventually(async () => {
          answered(await cloud.arm("PUT", container.id, { body: {} }), 201);
        });
        await cloud.eventually(async () => {
          const old = await cloud.blob("GET", `${container.url}/old`);
          refused(old, 404, "BlobNotFound");
        });
      },
    },
    {
      says: "outlive the identity that they were made for, and can still be deleted",
      source: SOURCES.rbacTroubleshooting,
      async check(cloud) {
        const { id: scope } = await makeContainer(cloud);
        const identity = await makeIdentity(cloud);
        const id = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, identity.principalId));
        answered(await cloud.arm("DELETE", identity.id), 200);
        await readAssignment(cloud, id);
        answered(await cloud.arm("DELETE", id), 200);
      },
    },
    {
      says: "are made only by who has the right to at their scope: 403 AuthorizationFailed names the action",
      source: SOURCES.rbacTroubleshooting,
      needs: { assertion: true },
      async check(cloud) {
        const { token, principalId } = await makeStranger(cloud);
        const { id } = await makeContainer(cloud);
        const body = assignmentOf(cloud, ROLES.blobReader, principalId);
        const answer = await cloud.arm("PUT", `${id}/${ASSIGNMENTS}/${cloud.newGuid()}`, { body, token });
        refused(answer, 403, "AuthorizationFailed");
        match(answer.message, /Microsoft\.Authorization\/roleAssignments\/write/);
      },
    },
    {
      says: "by an assigner under a condition are made for the role and the kind of principal that it names, and for no other; the same for deletes",
      source: SOURCES.rbacDelegation,
      needs: { assertion: true },
      async check(cloud) {
        const { token, principalId } = await makeStranger(cloud);
        const { id: scope } = await makeContainer(cloud);
        const condition = { condition: ASSIGNER_CONDITION, conditionVersion: "2.0" };
        await grant(cloud, scope, assignmentOf(cloud, ROLES.accessAdministrator, principalId, condition));
        const workload = await makeIdentity(cloud);
        const put = (role: string, more: object = {}) => {
          const body = assignmentOf(cloud, role, workload.principalId, more);
          return cloud.arm("PUT", `${scope}/${ASSIGNMENTS}/${cloud.newGuid()}`, { body, token });
        };
        let made = "";
        await cloud.eventually(async () => {
          made = answered(await put(ROLES.blobReader), 201).json<ShownAssignment>().id;
        });
        refused(await put(ROLES.blobContributor), 403, "AuthorizationFailed");
        refused(await put(ROLES.blobReader, { principalType: "User" }), 403, "AuthorizationFailed");
        const other = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobContributor, workload.principalId));
        refused(await cloud.arm("DELETE", other, { token }), 403, "AuthorizationFailed");
        answered(await cloud.arm("DELETE", made, { token }), 200);
      },
    },
    {
      says: "whose condition is no condition are 400",
      source: SOURCES.rbacConditionFormat,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const { principalId } = await makeIdentity(cloud);
        const more = { condition: "the container is nice", conditionVersion: "2.0" };
        answered(await tryGrant(cloud, id, assignmentOf(cloud, ROLES.blobReader, principalId, more)), 400);
      },
    },
  ],
};
