// What Azure Resource Manager does before a resource provider is asked.
import { equal, match, ok } from "node:assert/strict";
import { STORAGE_SCOPE } from "./support/cloud.ts";
import { accountId, answered, keyless, makeStranger, refused, sharedAccount } from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

export const resourceManager: Chapter = {
  title: "Resource Manager",
  sentences: [
    {
      says: "refuses a call without api-version: 400 MissingApiVersionParameter",
      source: SOURCES.armCommon,
      async check(cloud) {
        const answer = await cloud.arm("GET", `${cloud.group}?api-version=`);
        refused(answer, 400, "MissingApiVersionParameter");
      },
    },
    {
      says: "refuses an api-version that a provider does not have and names those that it has",
      source: SOURCES.armErrors,
      async check(cloud) {
        const answer = await cloud.arm("PUT", `${accountId(cloud)}?api-version=2019-01-31`, { body: keyless(cloud) });
        refused(answer, 400, "NoRegisteredProviderFound");
        match(answer.message, /supported api-versions are '.*2025-06-01/);
      },
    },
    {
      says: "answers 401 AuthenticationFailed with a WWW-Authenticate header when no token is sent",
      source: SOURCES.armCommon,
      async check(cloud) {
        const answer = await cloud.arm("GET", cloud.group, { token: null });
        refused(answer, 401, "AuthenticationFailed");
        match(
          answer.headers.get("www-authenticate") ?? "",
          new RegExp(`^Bearer authorization_uri=.*${cloud.tenantId}`),
        );
      },
    },
    {
      says: "answers 401 to a token that was issued for Storage",
      source: SOURCES.armErrors,
      async check(cloud) {
        const answer = await cloud.arm("GET", cloud.group, { token: await cloud.tokenFor(STORAGE_SCOPE) });
        refused(answer, 401, "InvalidAuthenticationTokenAudience");
      },
    },
    {
      says: "answers 401 InvalidAuthenticationToken to what is no token",
      source: SOURCES.armErrors,
      async check(cloud) {
        refused(await cloud.arm("GET", cloud.group, { token: "nonsense" }), 401, "InvalidAuthenticationToken");
      },
    },
    {
      says: "answers 404 SubscriptionNotFound for a subscription that is not there",
      source: SOURCES.armErrors,
      async check(cloud) {
        const path = `/subscriptions/${cloud.newGuid()}/resourceGroups/any`;
        refused(await cloud.arm("GET", path), 404, "SubscriptionNotFound");
      },
    },
    {
      says: "answers 404 ResourceGroupNotFound for a resource group that is not there, also to calls on what would be in it",
      source: SOURCES.armErrors,
      async check(cloud) {
        const group = `${cloud.subscription}/resourceGroups/${cloud.newName()}`;
        refused(await cloud.arm("GET", group), 404, "ResourceGroupNotFound");
        const account = `${group}/providers/Microsoft.Storage/storageAccounts/${cloud.newName()}`;
        refused(await cloud.arm("GET", account), 404, "ResourceGroupNotFound");
        refused(await cloud.arm("PUT", account, { body: keyless(cloud) }), 404, "ResourceGroupNotFound");
      },
    },
    {
      says: "reports errors as {error: {code, message}} and names every answer with x-ms-request-id and a correlation id",
      source: SOURCES.armCommon,
      async check(cloud) {
        const answer = await cloud.arm("GET", accountId(cloud));
        const { error } = answer.json<{ error: { code: string; message: string } }>();
        ok(error.code.length > 0 && error.message.length > 0);
        match(answer.headers.get("content-type") ?? "", /^application\/json/);
        ok(answer.headers.get("x-ms-request-id"));
        ok(answer.headers.get("x-ms-correlation-request-id"));
      },
    },
    {
      says: "takes ids in any case",
      source: SOURCES.armCommon,
      async check(cloud) {
        const account = await sharedAccount(cloud);
        const other = account.id.replace("/resourceGroups/", "/RESOURCEGROUPS/").replace("/providers/", "/PROVIDERS/");
        const { id } = answered(await cloud.arm("GET", other), 200).json<{ id: string }>();
        equal(id.toLowerCase(), account.id.toLowerCase());
      },
    },
    {
      says: "answers 403 AuthorizationFailed with action and scope to a caller without the right, whether the resource is there or not",
      source: SOURCES.rbacTroubleshooting,
      needs: { assertion: true },
      async check(cloud) {
        const { token } = await makeStranger(cloud);
        const account = await sharedAccount(cloud);
        for (const id of [account.id, accountId(cloud)]) {
          const answer = await cloud.arm("GET", id, { token });
          refused(answer, 403, "AuthorizationFailed");
          match(answer.message, /'Microsoft\.Storage\/storageAccounts\/read' over scope '\/subscriptions\//);
        }
      },
    },
    {
      says: "counts down what is left of the caller's reads, writes and deletes in headers",
      source: SOURCES.armThrottling,
      async check(cloud) {
        const id = accountId(cloud);
        const left = async (method: string, kind: string) => {
          const { headers } = await cloud.arm(method, id, method === "PUT" ? { body: {} } : {});
          const own = headers.get(`x-ms-ratelimit-remaining-subscription-${kind}`);
          return own ?? headers.get(`x-ms-ratelimit-remaining-subscription-global-${kind}`);
        };
        match((await left("GET", "reads")) ?? "", /^\d+$/);
        match((await left("DELETE", "deletes")) ?? "", /^\d+$/);
      },
    },
  ],
};
