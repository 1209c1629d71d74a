// Role definitions: the roles that the product grants and that administrators make for it.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Answer, type Cloud, STORAGE_SCOPE } from "./support/cloud.ts";
import {
  ASSIGNMENTS,
  answered,
  assignmentOf,
  containerIn,
  grant,
  makeContainer,
  makeStranger,
  ROLES,
  refused,
  sharedAccount,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

interface Permissions {
  readonly actions: string[];
  readonly dataActions: string[];
}

interface Shown {
  readonly name: string;
  readonly properties: {
    readonly roleName: string;
    readonly type: string;
    readonly permissions: Permissions[];
    readonly assignableScopes: string[];
  };
}

const DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions";
const BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const WRITE_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers/write";
const DATA_ACTIONS = ["read", "write", "delete", "add/action", "move/action"].map((verb) => `${BLOBS}/${verb}`);

/** A role with the five data actions and no action, as the product's own. */
function makeDataRole(cloud: Cloud, scope = cloud.group): Promise<{ id: string; name: string }> {
  return makeRole(cloud, { actions: [], dataActions: DATA_ACTIONS }, scope);
}

async function makeRole(
  cloud: Cloud,
  permission: Permissions,
  scope = cloud.group,
): Promise<{ id: string; name: string }> {
  const name = cloud.newGuid();
  const id = `${scope}/${DEFINITIONS}/${name}`;
  const permissions = [{ notActions: [], notDataActions: [], ...permission }];
  const properties = { roleName: `contract ${name}`, type: "CustomRole", permissions, assignableScopes: [scope] };
  answered(await cloud.arm("PUT", id, { body: { properties } }), 201);
  return { id, name };
}

/** A PUT of a role with this permission, which is expected to be refused. */
async function tryRole(cloud: Cloud, permission: Partial<Permissions>): Promise<Answer> {
  const name = cloud.newGuid();
  const permissions = [{ actions: [], notActions: [], dataActions: [], notDataActions: [], ...permission }];
  const properties = { roleName: `contract ${name}`, type: "CustomRole", permissions, assignableScopes: [cloud.group] };
  return cloud.arm("PUT", `${cloud.group}/${DEFINITIONS}/${name}`, { body: { properties } });
}

export const roleDefinitions: Chapter = {
  title: "role definitions",
  sentences: [
    {
      says: "include Storage Blob Data Contributor under its well-known id, with actions on containers and five data actions on blobs",
      source: SOURCES.builtInRoles,
      async check(cloud) {
        const id = `${cloud.subscription}/${DEFINITIONS}/${ROLES.blobContributor}`;
        const { properties } = answered(await cloud.arm("GET", id), 200).json<Shown>();
        deepEqual([properties.roleName, properties.type], ["Storage Blob Data Contributor", "BuiltInRole"]);
        const [permission] = properties.permissions;
        deepEqual(permission?.dataActions.toSorted(), DATA_ACTIONS.toSorted());
        ok(permission?.actions.some((action) => /\/containers\/(delete|\*)$/.test(action)));
      },
    },
    {
      says: "that are not there are 404",
      source: SOURCES.definitionGet,
      async check(cloud) {
        const id = `${cloud.subscription}/${DEFINITIONS}/${cloud.newGuid()}`;
        refused(await cloud.arm("GET", id), 404, "RoleDefinitionDoesNotExist");
      },
    },
    {
      says: "are found by their name",
      source: SOURCES.definitionList,
      async check(cloud) {
        const filter = encodeURIComponent("roleName eq 'Storage Blob Data Reader'");
        const path = `${cloud.subscription}/${DEFINITIONS}?$filter=${filter}`;
        const { value } = answered(await cloud.arm("GET", path), 200).json<{ value: Shown[] }>();
        deepEqual(
          value.map(({ name }) => name),
          [ROLES.blobReader],
        );
      },
    },
    {
      says: "of one's own can hold data actions alone, and are made at once: 201",
      source: SOURCES.definitionCreate,
      async check(cloud) {
        const { id, name } = await makeDataRole(cloud);
        await cloud.eventually(async () => {
          const shown = answered(await cloud.arm("GET", id), 200).json<Shown>();
          const [permission] = shown.properties.permissions;
          deepEqual([permission?.actions, permission?.dataActions.length], [[], 5]);
          equal(shown.name, name);
          equal(shown.properties.type, "CustomRole");
        });
      },
    },
    {
      says: "with data actions alone open blobs, and neither show, nor lease, nor delete the container",
      source: SOURCES.blobAuthorization,
      needs: { assertion: true },
      async check(cloud) {
        const role = await makeDataRole(cloud);
        const { id, url } = await makeContainer(cloud);
        const { principalId, token } = await makeStranger(cloud, STORAGE_SCOPE);
        await cloud.eventually(async () => {
          await grant(cloud, id, assignmentOf(cloud, role.name, principalId));
        });
        const headers = { "x-ms-blob-type": "BlockBlob" };
        await cloud.eventually(async () => {
          answered(await cloud.blob("GET", `${url}?restype=container&comp=list&maxresults=2`, { token }), 200);
          answered(await cloud.blob("PUT", `${url}/a`, { token, body: "a", headers }), 201);
        });
        answered(await cloud.blob("DELETE", `${url}/a`, { token }), 202);
        const lease = { "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1" };
        for (const answer of [
          await cloud.blob("HEAD", `${url}?restype=container`, { token }),
          await cloud.blob("DELETE", `${url}?restype=container`, { token }),
          await cloud.blob("PUT", `${url}?restype=container&comp=lease`, { token, headers: lease }),
        ]) {
          refused(answer, 403, "AuthorizationPermissionMismatch");
        }
      },
    },
    {
      says: "with the one action to write containers, and no data action, create containers on the data plane, and neither read nor delete them there",
      source: SOURCES.blobAuthorization,
      needs: { assertion: true },
      async check(cloud) {
        const role = await makeRole(cloud, { actions: [WRITE_CONTAINERS], dataActions: [] });
        const account = await sharedAccount(cloud);
        const { principalId, token } = await makeStranger(cloud, STORAGE_SCOPE);
        await cloud.eventually(async () => {
          await grant(cloud, account.id, assignmentOf(cloud, role.name, principalId));
        });
        const { url } = containerIn(cloud, account);
        await cloud.eventually(async () => {
          answered(await cloud.blob("PUT", `${url}?restype=container`, { token }), 201);
        });
        for (const method of ["HEAD", "DELETE"]) {
          const answer = await cloud.blob(method, `${url}?restype=container`, { token });
          refused(answer, 403, "AuthorizationPermissionMismatch");
        }
      },
    },
    {
      says: "that are assigned somewhere are not deleted: 400 RoleDefinitionHasAssignments",
      source: SOURCES.rbacTroubleshooting,
      async check(cloud) {
        const role = await makeDataRole(cloud);
        const container = await makeContainer(cloud);
        let assignment = "";
        await cloud.eventually(async () => {
          assignment = await grant(cloud, container.id, assignmentOf(cloud, role.name));
        });
        refused(await cloud.arm("DELETE", role.id), 400, "RoleDefinitionHasAssignments");
        answered(await cloud.arm("DELETE", assignment), 200);
        await cloud.eventually(async () => {
          answered(await cloud.arm("DELETE", role.id), 200);
        });
      },
    },
    {
      says: "are assigned at their assignable scopes and below: elsewhere 400 RoleAssignmentScopeNotAssignableToRoleDefinition",
      source: SOURCES.unassignableRoles,
      async check(cloud) {
        const { id, account } = await makeContainer(cloud);
        const { name } = await makeDataRole(cloud, account.id);
        await cloud.eventually(async () => {
          await grant(cloud, id, assignmentOf(cloud, name));
        });
        await cloud.eventually(async () => {
          const path = `${cloud.group}/${ASSIGNMENTS}/${cloud.newGuid()}`;
          const answer = await cloud.arm("PUT", path, { body: assignmentOf(cloud, name) });
          refused(answer, 400, "RoleAssignmentScopeNotAssignableToRoleDefinition");
        });
      },
    },
    {
      says: "name only actions that exist: 400 InvalidActionOrNotAction, also for a data action among the actions",
      source: SOURCES.unknownActions,
      async check(cloud) {
        for (const action of ["Microsoft.Storage/storageAccounts/reed", `${BLOBS}/read`, "Contoso.Storage/x/read"])
          refused(await tryRole(cloud, { actions: [action] }), 400, "InvalidActionOrNotAction");
      },
    },
    {
      says: "name only data actions that exist: 400 InvalidDataActionOrNotDataAction, also for an action among them",
      source: SOURCES.unknownDataActions,
      async check(cloud) {
        const containers = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
        for (const action of [containers, `${BLOBS}/lease/action`])
          refused(await tryRole(cloud, { dataActions: [action] }), 400, "InvalidDataActionOrNotDataAction");
      },
    },
    {
      says: "keep a scope in which they are assigned: 400 RoleScopeBeingRemovedContainsAssignments",
      source: SOURCES.removedScopes,
      async check(cloud) {
        const role = await makeDataRole(cloud);
        const container = await makeContainer(cloud);
        await cloud.eventually(async () => {
          await grant(cloud, container.id, assignmentOf(cloud, role.name));
        });
        const assignableScopes = [(await makeContainer(cloud)).id];
        await cloud.eventually(async () => {
          const { properties } = answered(await cloud.arm("GET", role.id), 200).json<Shown>();
          const body = { properties: { ...properties, assignableScopes } };
          refused(await cloud.arm("PUT", role.id, { body }), 400, "RoleScopeBeingRemovedContainsAssignments");
        });
      },
    },
    {
      says: "that are not there answer DELETE with 204",
      source: SOURCES.definitionDelete,
      async check(cloud) {
        answered(await cloud.arm("DELETE", `${cloud.group}/${DEFINITIONS}/${cloud.newGuid()}`), 204);
      },
    },
  ],
};
