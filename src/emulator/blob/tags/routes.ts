/** Operations on blob index tags. */
import { RIGHTS } from "../auth/rights.ts";
import { type Operations, operation } from "../http/operation.ts";
import { findBlobsByTags } from "./find.ts";
import { getBlobTags, setBlobTags } from "./operations.ts";

export const tagOperations: Operations = {
  "service GET comp=blobs": operation("blobs/find", RIGHTS.findBlobsByTags, findBlobsByTags),
  "container GET comp=blobs": operation("blobs/find", RIGHTS.findContainerBlobsByTags, findBlobsByTags),
  "blob GET comp=tags": operation("blobs/getTags", RIGHTS.readTags, getBlobTags, ["snapshot", "versionid", "if-tags"]),
  "blob PUT comp=tags": operation("blobs/setTags", RIGHTS.writeTags, setBlobTags, ["versionid", "if-tags"]),
};
