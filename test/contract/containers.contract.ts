// Blob containers through Resource Manager: what a volume is kept in.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { withEmulator } from "./support/emulated.ts";
import {
  accountId,
  answered,
  containerIn,
  makeAccount,
  makeContainer,
  openContainer,
  putBlob,
  refused,
  sharedAccount,
} from "./support/resources.ts";
import type { Chapter } from "./support/sentence.ts";
import { SOURCES } from "./support/sources.ts";

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly properties: Record<string, unknown>;
}

export const containers: Chapter = {
  title: "containers in Resource Manager",
  sentences: [
    {
      says: "are made at once: 201, with the metadata that was sent and private",
      source: SOURCES.containerCreate,
      async check(cloud) {
        const metadata = { keyless_volume: "pvc%2F1", keyless_size_bytes: "1073741824" };
        const { id } = await makeContainer(cloud, { metadata });
        const { properties } = answered(await cloud.arm("GET", id), 200).json<Shown>();
        deepEqual([properties["metadata"], properties["publicAccess"]], [metadata, "None"]);
      },
    },
    {
      says: "that are there answer a PUT with 200 and are changed to what it says: it is no way to ask whether one is there",
      source: SOURCES.containerCreate,
      async check(cloud) {
        const { id } = await makeContainer(cloud, { metadata: { volume: "one" } });
        answered(await cloud.arm("PUT", id, { body: { properties: { metadata: { volume: "two" } } } }), 200);
        deepEqual((await cloud.arm("GET", id)).json<Shown>().properties["metadata"], { volume: "two" });
      },
    },
    {
      says: "take new metadata by PATCH, all of it at once",
      source: SOURCES.containerUpdate,
      async check(cloud) {
        const { id } = await makeContainer(cloud, { metadata: { a: "1", b: "2" } });
        answered(await cloud.arm("PATCH", id, { body: { properties: { metadata: { a: "3" } } } }), 200);
        deepEqual((await cloud.arm("GET", id)).json<Shown>().properties["metadata"], { a: "3" });
      },
    },
    {
      says: "that are not there are 404 ContainerNotFound when their account is there",
      source: SOURCES.containerGet,
      async check(cloud) {
        const { id } = containerIn(cloud, await sharedAccount(cloud));
        refused(await cloud.arm("GET", id), 404, "ContainerNotFound");
      },
    },
    {
      says: "of an account that is not there are 404 with another code than ContainerNotFound, for GET and PUT",
      source: SOURCES.accountErrorsCommon,
      async check(cloud) {
        const id = `${accountId(cloud)}/blobServices/default/containers/any`;
        refused(await cloud.arm("GET", id), 404, "ResourceNotFound");
        const put = answered(await cloud.arm("PUT", id, { body: {} }), 404);
        ok(["ResourceNotFound", "ParentResourceNotFound"].includes(put.code ?? ""), put.text);
      },
    },
    {
      says: "have names of 3 to 63 lower-case letters, digits and single dashes between them: 400",
      source: SOURCES.containerNames,
      async check(cloud) {
        const account = await sharedAccount(cloud);
        for (const bad of ["x".repeat(60), "--two", "-", "_under"]) {
          const { id } = containerIn(cloud, account, `${cloud.prefix}${bad}`);
          answered(await cloud.arm("PUT", id, { body: {} }), 400);
        }
      },
    },
    {
      says: "may be called pvc- and a UUID",
      source: SOURCES.containerNames,
      async check(cloud) {
        const { id } = containerIn(cloud, await sharedAccount(cloud), `pvc-${cloud.newGuid()}`);
        answered(await cloud.arm("PUT", id, { body: {} }), 201);
      },
    },
    {
      says: "have metadata whose names are C# identifiers and whose values are ASCII: 400",
      source: SOURCES.containerNames,
      async check(cloud) {
        const account = await sharedAccount(cloud);
        for (const metadata of [{ "a-b": "1" }, { "1a": "1" }, { a: "ä" }]) {
          const { id } = containerIn(cloud, account);
          answered(await cloud.arm("PUT", id, { body: { properties: { metadata } } }), 400);
          refused(await cloud.arm("GET", id), 404, "ContainerNotFound");
        }
      },
    },
    {
      says: "hold at most 8 KiB of metadata: 400",
      source: SOURCES.containerNames,
      async check(cloud) {
        const { id } = containerIn(cloud, await sharedAccount(cloud));
        const metadata = { a: "x".repeat(8 * 1024) };
        answered(await cloud.arm("PUT", id, { body: { properties: { metadata } } }), 400);
      },
    },
    {
      says: "cannot be public in an account that forbids it: 409 PublicAccessNotPermitted",
      source: SOURCES.blobPublicAccess,
      async check(cloud) {
        const { id } = containerIn(cloud, await sharedAccount(cloud));
        const body = { properties: { publicAccess: "Blob" } };
        refused(await cloud.arm("PUT", id, { body }), 409, "PublicAccessNotPermitted");
      },
    },
    {
      says: "are deleted with 200, and with 204 when they are not there",
      source: SOURCES.containerDelete,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        answered(await cloud.arm("DELETE", id), 200);
        refused(await cloud.arm("GET", id), 404, "ContainerNotFound");
        const never = containerIn(cloud, await sharedAccount(cloud));
        answered(await cloud.arm("DELETE", never.id), 204);
      },
    },
    {
      says: "give their name free only some time after they were deleted: 409 until then, with a message that says so",
      source: SOURCES.containerDeleteBlob,
      needs: { control: "the clock" },
      check: () =>
        withEmulator({ containerDeleteMs: 30_000 }, async (cloud) => {
          const { id, url } = await makeContainer(cloud);
          answered(await cloud.arm("DELETE", id), 200);
          refused(await cloud.blob("PUT", `${url}?restype=container`), 409, "ContainerBeingDeleted");
          const again = await cloud.arm("PUT", id, { body: {} });
          refused(again, 409, "ContainerOperationFailure");
          match(again.message, /being deleted/);
          cloud.emulator.clock.advance(30_000);
          answered(await cloud.arm("PUT", id, { body: {} }), 201);
        }),
    },
    {
      says: "are listed in pages with metadata, each page naming the next, and by a prefix of their names",
      source: SOURCES.containerList,
      async check(cloud) {
        const account = await makeAccount(cloud);
        const names: string[] = [];
        for (let index = 0; index < 5; index += 1) {
          const { id, name } = containerIn(cloud, account, `${cloud.prefix}-p${index}`);
          answered(await cloud.arm("PUT", id, { body: { properties: { metadata: { index: String(index) } } } }), 201);
          names.push(name);
        }
        answered(await cloud.arm("PUT", containerIn(cloud, account, `zz-${cloud.prefix}`).id, { body: {} }), 201);
        const found: Shown[] = [];
        const sizes: number[] = [];
        let next: string | undefined =
          `${account.id}/blobServices/default/containers?$maxpagesize=2&$filter=${cloud.prefix}`;
        while (next) {
          const page: { value: Shown[]; nextLink?: string } = answered(await cloud.arm("GET", next), 200).json();
          found.push(...page.value);
          sizes.push(page.value.length);
          next = page.nextLink;
        }
        ok(
          sizes.every((size) => size <= 2),
          String(sizes),
        );
        deepEqual(found.map(({ name }) => name).sort(), names);
        deepEqual(found.find(({ name }) => name === names[3])?.properties["metadata"], { index: "3" });
      },
    },
    {
      says: "that are leased are not deleted; a lease is seen, and broken, without its id",
      source: SOURCES.containerLease,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const lease = (body: object) => cloud.arm("POST", `${id}/lease`, { body });
        answered(await lease({ action: "Acquire", leaseDuration: -1 }), 200);
        equal((await cloud.arm("GET", id)).json<Shown>().properties["leaseStatus"], "Locked");
        answered(await cloud.arm("DELETE", id), 409, 412);
        answered(await lease({ action: "Break", breakPeriod: 0 }), 200);
        answered(await cloud.arm("DELETE", id), 200);
      },
    },
    {
      says: "under a legal hold are not deleted: 409",
      source: SOURCES.containerHold,
      async check(cloud) {
        const { id } = await makeContainer(cloud);
        const body = { tags: ["contract"] };
        answered(await cloud.arm("POST", `${id}/setLegalHold`, { body }), 200);
        equal((await cloud.arm("GET", id)).json<Shown>().properties["hasLegalHold"], true);
        answered(await cloud.arm("DELETE", id), 409);
        answered(await cloud.arm("POST", `${id}/clearLegalHold`, { body }), 200);
        answered(await cloud.arm("DELETE", id), 200);
      },
    },
    {
      says: "under an immutability policy that is not locked are not deleted while they hold a blob: 409; empty ones are",
      source: SOURCES.containerPolicy,
      async check(cloud) {
        const body = { properties: { immutabilityPeriodSinceCreationInDays: 1 } };
        const guard = async (id: string) => {
          const policy = `${id}/immutabilityPolicies/default`;
          const { etag } = answered(await cloud.arm("PUT", policy, { body }), 200).json<{ etag: string }>();
          return () => cloud.arm("DELETE", policy, { headers: { "if-match": etag } });
        };
        const empty = await makeContainer(cloud);
        await guard(empty.id);
        answered(await cloud.arm("DELETE", empty.id), 200);
        const full = await openContainer(cloud);
        answered(await putBlob(cloud, `${full.url}/kept`, "kept"), 201);
        const release = await guard(full.id);
        refused(await cloud.arm("DELETE", full.id), 409, "ContainerProtectedFromDeletion");
        answered(await release(), 200);
        answered(await cloud.arm("GET", full.id), 200);
      },
    },
    {
      says: "are created on the data plane too, by whom actions alone let write them and who opens no blob: 201 with the metadata that was sent, then 409 ContainerAlreadyExists and unchanged",
      source: SOURCES.containerCreateBlob,
      async check(cloud) {
        const { id, url } = containerIn(cloud, await sharedAccount(cloud));
        const put = (volume: string) =>
          cloud.blob("PUT", `${url}?restype=container`, { headers: { "x-ms-meta-keyless_volume": volume } });
        await cloud.eventually(async () => {
          answered(await put("one"), 201);
        });
        refused(await put("two"), 409, "ContainerAlreadyExists");
        const { properties } = answered(await cloud.arm("GET", id), 200).json<Shown>();
        deepEqual(properties["metadata"], { keyless_volume: "one" });
        refused(await putBlob(cloud, `${url}/a`, "a"), 403, "AuthorizationPermissionMismatch");
      },
    },
    {
      says: "have the metadata that Blob shows too",
      source: SOURCES.containerPropertiesBlob,
      async check(cloud) {
        const container = await openContainer(cloud);
        const body = { properties: { metadata: { keyless_volume: "one" } } };
        answered(await cloud.arm("PATCH", container.id, { body }), 200);
        const seen = answered(await cloud.blob("HEAD", `${container.url}?restype=container`), 200);
        equal(seen.headers.get("x-ms-meta-keyless_volume"), "one");
      },
    },
  ],
};
