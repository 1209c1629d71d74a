/** Tags of Azure resources as far as their names go: Azure keeps the case of a tag's name and ignores it when comparing. */

/** The value of a tag, by its name without case. */
export function findTag(tags: Readonly<Record<string, string>>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(tags).find(([key]) => key.toLowerCase() === wanted)?.[1];
}
