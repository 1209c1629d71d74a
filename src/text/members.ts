/** Objects as maps: members by name, and members that have a value. */

/**
 * The value of a member, by its name without case. Azure keeps the case of a tag's name and ignores it when comparing, and
 * the OSS blob node plugin reads the volume context so.
 */
export function findByName(members: Readonly<Record<string, string>>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(members).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** The same members without those that are undefined. */
export function withoutUndefined<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
