/** Get and Set Blob Tags. */
import type { Reply } from "../../http/call.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireSelected } from "../blobs/find.ts";
import { readXmlBody } from "../http/body.ts";
import { checkTagConditions } from "../http/conditions.ts";
import type { BlobRequest } from "../http/request.ts";
import { xmlDocument } from "../http/xml.ts";
import { addTag, tagsXml } from "./tags.ts";

/** Get Blob Tags. */
export function getBlobTags(request: BlobRequest): Reply {
  const blob = requireSelected(request);
  checkTagConditions(request, blob);
  checkLease(request, blob.lease, "Blob", false);
  return { status: 200, headers: { "content-type": "application/xml" }, body: xmlDocument(tagsXml(blob.tags)) };
}

/** Set Blob Tags: 204; it changes neither ETag nor time. */
export async function setBlobTags(request: BlobRequest): Promise<Reply> {
  const root = await readXmlBody(request, "Tags");
  const tags: Record<string, string> = {};
  for (const set of root.children.filter(({ name }) => name === "TagSet")) {
    for (const tag of set.children) {
      const text = (name: string): string => tag.children.find((each) => each.name === name)?.text ?? "";
      addTag(tags, text("Key"), text("Value"));
    }
  }
  const blob = requireSelected(request);
  checkTagConditions(request, blob);
  checkLease(request, blob.lease, "Blob", true);
  blob.tags = tags;
  return { status: 204 };
}
