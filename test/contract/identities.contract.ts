// User-assigned identities: from the client id that a workload knows to the principal that is granted access.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Cloud } from "./support/cloud.ts";
import { answered, makeIdentity, refused } from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

interface Shown {
  readonly id: string;
  readonly tags: Record<string, string>;
  readonly properties: { readonly tenantId: string; readonly principalId: string; readonly clientId: string };
}

const IDENTITIES = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function findIn(cloud: Cloud, scope: string, clientId: string): Promise<Shown | undefined> {
  let next: string | undefined = `${scope}/${IDENTITIES}`;
  while (next) {
    const page: { value: Shown[]; nextLink?: string } = answered(await cloud.arm("GET", next), 200).json();
    const found = page.value.find(({ properties }) => properties.clientId === clientId);
    if (found !== undefined) return found;
    next = page.nextLink;
  }
  return undefined;
}

export const identities: Chapter = {
  title: "user-assigned identities",
  sentences: [
    {
      says: "have a client id, a principal id and a tenant id from the answer of the PUT on",
      source: SOURCES.identityCreate,
      async check(cloud) {
        const { id, clientId, principalId } = await makeIdentity(cloud);
        match(clientId, GUID);
        match(principalId, GUID);
        const { properties } = answered(await cloud.arm("GET", id), 200).json<Shown>();
        deepEqual(
          [properties.clientId, properties.principalId, properties.tenantId],
          [clientId, principalId, cloud.tenantId],
        );
      },
    },
    {
      says: "are listed in the subscription and in the resource group with their ids: that is how a client id is found",
      source: SOURCES.identityList,
      async check(cloud) {
        const { id, clientId, principalId } = await makeIdentity(cloud);
        for (const scope of [cloud.subscription, cloud.group]) {
          await cloud.eventually(async () => {
            const found = await findIn(cloud, scope, clientId);
            deepEqual([found?.id.toLowerCase(), found?.properties.principalId], [id.toLowerCase(), principalId]);
          });
        }
      },
    },
    {
      says: "keep their ids when they are written again, and take new tags",
      source: SOURCES.identityCreate,
      async check(cloud) {
        const { id, clientId } = await makeIdentity(cloud, { old: "1" });
        const body = { location: cloud.location, tags: { "keyless-csi.0123": "demo/app" } };
        const again = answered(await cloud.arm("PUT", id, { body }), 200).json<Shown>();
        deepEqual([again.tags, again.properties.clientId], [body.tags, clientId]);
      },
    },
    {
      says: "stay in their region: a PUT with another one is 409 InvalidResourceLocation",
      source: SOURCES.identityCreate,
      async check(cloud) {
        const { id } = await makeIdentity(cloud);
        const location = cloud.location === "northeurope" ? "westeurope" : "northeurope";
        refused(await cloud.arm("PUT", id, { body: { location } }), 409, "InvalidResourceLocation");
      },
    },
    {
      says: "take tags by PATCH",
      source: SOURCES.identityCreate,
      async check(cloud) {
        const { id } = await makeIdentity(cloud);
        answered(await cloud.arm("PATCH", id, { body: { tags: { team: "a" } } }), 200);
        equal((await cloud.arm("GET", id)).json<Shown>().tags["team"], "a");
      },
    },
    {
      says: "are somebody new when they are deleted and made again under the same name",
      source: SOURCES.identityDelete,
      async check(cloud) {
        const first = await makeIdentity(cloud);
        answered(await cloud.arm("DELETE", first.id), 200);
        refused(await cloud.arm("GET", first.id), 404, "ResourceNotFound");
        const made = await cloud.arm("PUT", first.id, { body: { location: cloud.location } });
        const second = answered(made, 200, 201).json<Shown>().properties;
        ok(second.principalId !== first.principalId && second.clientId !== first.clientId);
      },
    },
    {
      says: "that are not there are 404 ResourceNotFound, and 204 to a delete",
      source: SOURCES.identityGet,
      async check(cloud) {
        const id = `${cloud.group}/${IDENTITIES}/${cloud.newName()}`;
        refused(await cloud.arm("GET", id), 404, "ResourceNotFound");
        answered(await cloud.arm("DELETE", id), 204);
      },
    },
  ],
};
