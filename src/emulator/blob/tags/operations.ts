/** Blob index tags as XML: Get and Set Blob Tags, and their part of a listing. */
import type { Reply } from "../../http/call.ts";
import { checkLease } from "../../storage/lease.ts";
import { requireBlobOrSnapshot } from "../blobs/view.ts";
import { readXmlBody } from "../http/body.ts";
import type { BlobRequest } from "../http/request.ts";
import { element, xmlDocument } from "../http/xml.ts";
import { addTag } from "./rules.ts";

/** `<Tags>` with its set. */
export function tagsXml(tags: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(tags).map(
    ([name, value]) => `<Tag>${element("Key", name)}${element("Value", value)}</Tag>`,
  );
  return `<Tags>${pairs.length === 0 ? "<TagSet />" : `<TagSet>${pairs.join("")}</TagSet>`}</Tags>`;
}

/** Get Blob Tags. */
export function getBlobTags(request: BlobRequest): Reply {
  const blob = requireBlobOrSnapshot(request);
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
  const blob = requireBlobOrSnapshot(request);
  checkLease(request, blob.lease, "Blob", true);
  blob.tags = tags;
  return { status: 204 };
}
