/**
 * What conditions of role assignments can refer to in a Blob call ("Actions and attributes for Azure role assignment
 * conditions").
 */

import type { AttributeValues, ConditionAttributes } from "../../authorization/conditions/attributes.ts";
import { isHierarchical } from "../../storage/accounts.ts";
import { header } from "../../storage/headers.ts";
import { findSelected } from "../blobs/find.ts";
import { currentContainer } from "../containers/find.ts";
import type { BlobRequest } from "../http/request.ts";
import { parseTagHeader } from "../tags/tags.ts";
import type { Right } from "./rights.ts";

const ACCOUNT = "Microsoft.Storage/storageAccounts";
const CONTAINERS = `${ACCOUNT}/blobServices/containers`;
const BLOBS = `${CONTAINERS}/blobs`;

/** Parameters of the query that are attributes, by attribute name. */
const PARAMETERS: readonly (readonly [parameter: string, attribute: string])[] = [
  ["prefix", `${BLOBS}:prefix`],
  // The prefix of Path - List.
  ["directory", `${BLOBS}:prefix`],
  ["include", `${BLOBS}:include`],
  ["snapshot", `${BLOBS}:snapshot`],
  ["versionid", `${BLOBS}:versionId`],
];

export function attributesOf(request: BlobRequest, right: Right): ConditionAttributes {
  const sentTags = parseTagHeader(header(request, "x-ms-tags"));
  const subOperation = right.subOperation ?? (sentTags === undefined ? undefined : "Blob.Write.WithTagHeaders");
  return {
    resource: resourceAttributes(request),
    request: { ...parameterAttributes(request), ...named(`${BLOBS}/tags:`, sentTags ?? {}) },
    environment: { UtcNow: new Date(request.now).toISOString(), isPrivateLink: "false" },
    ...(subOperation === undefined ? {} : { subOperation }),
  };
}

function resourceAttributes(request: BlobRequest): AttributeValues {
  const { account, services } = request;
  const container = currentContainer(request);
  const blobs = container && services.blobs.blobsOf(container.uid);
  const blob = blobs && findSelected(request, blobs);
  return {
    [`${ACCOUNT}:name`]: account.name,
    [`${ACCOUNT}:isHnsEnabled`]: String(isHierarchical(account)),
    ...(request.container === "" ? {} : { [`${CONTAINERS}:name`]: request.container }),
    ...(request.blob === "" ? {} : { [`${BLOBS}:path`]: request.blob }),
    ...(blob === undefined ? {} : { [`${BLOBS}:isCurrentVersion`]: String(blobs?.find(request.blob) === blob) }),
    ...named(`${CONTAINERS}/metadata:`, container?.metadata ?? {}),
    ...named(`${BLOBS}/tags:`, blob?.tags ?? {}),
  };
}

function parameterAttributes({ call }: BlobRequest): AttributeValues {
  return Object.fromEntries(
    PARAMETERS.flatMap(([parameter, attribute]) => {
      const value = call.query.get(parameter);
      return value === null ? [] : [[attribute, value]];
    }),
  );
}

function named(prefix: string, values: Readonly<Record<string, string>>): AttributeValues {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
