/** Blob index tags as XML. */
import { element } from "../http/xml.ts";

/** `<Tags>` with its set. */
export function tagsXml(tags: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(tags).map(
    ([name, value]) => `<Tag>${element("Key", name)}${element("Value", value)}</Tag>`,
  );
  return `<Tags>${pairs.length === 0 ? "<TagSet />" : `<TagSet>${pairs.join("")}</TagSet>`}</Tags>`;
}
