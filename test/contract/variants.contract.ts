// Where Azure's documentation leaves open what happens, or reports contradict it: the product must be right if Azure does what
// these sentences say, and if it does not. On the emulator each is a variant (docs/how-to/emulator.md).
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Cloud } from "./support/cloud.ts";
import { withEmulator } from "./support/emulated.ts";
import {
  ASSIGNMENTS,
  accountId,
  answered,
  assignmentOf,
  containerIn,
  grant,
  keyless,
  listAssignments,
  makeAccount,
  makeContainer,
  makeIdentity,
  makeStranger,
  ROLES,
  refused,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

/** A right to delete only assignments of the blob reader's role. */
const CONDITION =
  "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR " +
  `(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${ROLES.blobReader}}))`;

async function makeRole(cloud: Cloud, actions: readonly string[]): Promise<{ id: string; name: string }> {
  const name = cloud.newGuid();
  const id = `${cloud.group}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
  const properties = { roleName: `contract ${name}`, permissions: [{ actions }], assignableScopes: [cloud.group] };
  answered(await cloud.arm("PUT", id, { body: { properties } }), 201);
  return { id, name };
}

export const variants: Chapter = {
  title: "what Azure may do",
  sentences: [
    {
      says: "lists, and a GET by name, do not show a role assignment for some time after its PUT, although it can be deleted by name",
      source: SOURCES.laggingGrants,
      needs: { control: "lists and reads that lag" },
      check: () =>
        withEmulator({ assignmentListLagMs: 30_000, assignmentReadLagMs: 15_000 }, async (cloud) => {
          const { clock } = cloud.emulator;
          const { id: scope } = await makeContainer(cloud);
          const { principalId } = await makeIdentity(cloud);
          const made = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
          refused(await cloud.arm("GET", made), 404, "RoleAssignmentNotFound");
          clock.advance(15_000);
          answered(await cloud.arm("GET", made), 200);
          const isShown = async () => (await listAssignments(cloud, scope, "atScope()")).some(({ id }) => id === made);
          equal(await isShown(), false);
          clock.advance(15_000);
          equal(await isShown(), true);
          const other = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobContributor, principalId));
          answered(await cloud.arm("DELETE", other), 200);
        }),
    },
    {
      says: "one call does not find a custom role that the call before it has found, for minutes after the role was written",
      source: SOURCES.flippingRoles,
      needs: { control: "replication of role definitions" },
      check: () =>
        withEmulator({ roleDefinitionFlipMs: 300_000 }, async (cloud) => {
          const role = await makeRole(cloud, ["Microsoft.Storage/storageAccounts/read"]);
          const { id: scope } = await makeContainer(cloud);
          const id = `${scope}/${ASSIGNMENTS}/${cloud.newGuid()}`;
          const body = assignmentOf(cloud, role.name);
          refused(await cloud.arm("PUT", id, { body }), 404, "RoleDefinitionDoesNotExist");
          answered(await cloud.arm("GET", role.id), 200);
          refused(await cloud.arm("GET", role.id), 404, "RoleDefinitionDoesNotExist");
          answered(await cloud.arm("PUT", id, { body }), 201);
        }),
    },
    {
      says: "deleting a role assignment that is not there is 403, not 204, for a caller whose right to delete carries a condition",
      source: SOURCES.rbacConditionFormat,
      needs: { control: "how conditions see what is absent" },
      check: () =>
        withEmulator({ absentDeleteRefused: true }, async (cloud) => {
          const { token, principalId } = await makeStranger(cloud);
          const { id: scope } = await makeContainer(cloud);
          const condition = { condition: CONDITION, conditionVersion: "2.0" };
          await grant(cloud, scope, assignmentOf(cloud, ROLES.accessAdministrator, principalId, condition));
          const absent = `${scope}/${ASSIGNMENTS}/${cloud.newGuid()}`;
          refused(await cloud.arm("DELETE", absent, { token }), 403, "AuthorizationFailed");
          refused(await cloud.arm("GET", absent, { token }), 404, "RoleAssignmentNotFound");
          answered(await cloud.arm("DELETE", absent), 204);
        }),
    },
    {
      says: "role assignments at a container that is gone are listed at its account only, and below the subscription nobody may delete them: 403",
      source: SOURCES.vanishedGrants,
      needs: { control: "what Resource Manager knows of vanished scopes" },
      check: () =>
        withEmulator({ vanishedListMissing: true, vanishedDeleteRefused: true }, async (cloud) => {
          const { token, principalId } = await makeStranger(cloud);
          const { id: scope, account } = await makeContainer(cloud);
          await grant(cloud, cloud.group, assignmentOf(cloud, ROLES.accessAdministrator, principalId));
          const left = await grant(cloud, scope, assignmentOf(cloud, ROLES.blobReader, principalId));
          answered(await cloud.arm("DELETE", scope), 200);
          refused(await cloud.arm("GET", `${scope}/${ASSIGNMENTS}?$filter=atScope()`), 404, "ResourceNotFound");
          ok((await listAssignments(cloud, account.id)).some(({ id }) => id === left));
          refused(await cloud.arm("DELETE", left, { token }), 403, "AuthorizationFailed");
          answered(await cloud.arm("GET", left), 200);
          answered(await cloud.arm("DELETE", left), 200);
        }),
    },
    {
      says: "polling the creation of an account is 403 for who has created it, without Microsoft.Storage/operations/read in its resource group",
      source: SOURCES.trackingRight,
      needs: { control: "which right a poll needs" },
      check: () =>
        withEmulator({ pollNeedsRight: true }, async (cloud) => {
          const { token, principalId } = await makeStranger(cloud);
          const give = async (...actions: string[]) =>
            void (await grant(
              cloud,
              cloud.group,
              assignmentOf(cloud, (await makeRole(cloud, actions)).name, principalId),
            ));
          await give("Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/write");
          const id = accountId(cloud);
          const accepted = answered(await cloud.arm("PUT", id, { token, body: keyless(cloud) }), 202);
          const poll = accepted.headers.get("location") ?? "";
          refused(await cloud.arm("GET", poll, { token }), 403, "AuthorizationFailed");
          answered(await cloud.arm("GET", id, { token }), 200);
          await give("Microsoft.Storage/operations/read");
          answered(await cloud.arm("GET", poll, { token }), 200);
        }),
    },
    {
      says: "whom actions alone let write containers creates none on the data plane: 403 AuthorizationPermissionMismatch",
      source: SOURCES.blobAuthorization,
      needs: { control: "what the right to write containers is enough for" },
      check: () =>
        withEmulator({ containersNeedDataAction: true }, async (cloud) => {
          const { url } = containerIn(cloud, await makeAccount(cloud));
          refused(await cloud.blob("PUT", `${url}?restype=container`), 403, "AuthorizationPermissionMismatch");
        }),
    },
    {
      says: "a new account whose encryption names no services is refused: 400 MissingEncryptionService",
      source: SOURCES.accountCreate,
      needs: { control: "what a storage account's encryption must name" },
      check: () =>
        withEmulator({ encryptionNeedsServices: true }, async (cloud) => {
          const id = accountId(cloud);
          const put = (encryption: object) =>
            cloud.arm("PUT", id, { body: keyless(cloud, { properties: { encryption } }) });
          const wish = { keySource: "Microsoft.Storage", requireInfrastructureEncryption: true };
          refused(await put(wish), 400, "MissingEncryptionService");
          answered(await put({ ...wish, services: { blob: { enabled: true } } }), 202);
        }),
    },
    {
      says: "a list continues at another host than the one that was asked, which knows the rest by path and query",
      source: SOURCES.nextLinks,
      needs: { control: "which host a resource provider writes into nextLink" },
      check: () =>
        withEmulator({ nextLinkElsewhere: true }, async (cloud) => {
          const account = await makeAccount(cloud);
          const names = [cloud.newName(), cloud.newName()];
          for (const name of names) {
            answered(
              await cloud.arm("PUT", `${account.id}/blobServices/default/containers/${name}`, { body: {} }),
              201,
            );
          }
          const list = `${account.id}/blobServices/default/containers?$maxpagesize=1`;
          const next = new URL(answered(await cloud.arm("GET", list), 200).json<{ nextLink: string }>().nextLink);
          ok(next.host !== new URL(cloud.armEndpoint).host);
          const rest = answered(await cloud.arm("GET", `${next.pathname}${next.search}`), 200);
          deepEqual(
            rest.json<{ value: { name: string }[] }>().value.map(({ name }) => name),
            names.slice(1),
          );
        }),
    },
  ],
};
