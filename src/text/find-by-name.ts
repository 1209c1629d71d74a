/**
 * The value of a member, by its name without case. Azure keeps the case of a tag's name and ignores it when comparing, and
 * the OSS blob node plugin reads the volume context so.
 */
export function findByName(members: Readonly<Record<string, string>>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(members).find(([key]) => key.toLowerCase() === wanted)?.[1];
}
