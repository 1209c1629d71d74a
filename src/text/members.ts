/** Objects as maps: members by name, and members that have a value. */

/**
 * The value of a member, by its name without case. Azure keeps the case of a tag's name and ignores it when comparing, and
 * the OSS blob node plugin reads the volume context so.
 */
export function findByName<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(members).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/**
 * The members with these changes. One that is there in another case keeps its spelling: Azure refuses two names that differ
 * only in case.
 */
export function withMembers(
  members: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string>>,
): Record<string, string> {
  const spelled = new Map(Object.keys(members).map((name) => [name.toLowerCase(), name]));
  const renamed = Object.entries(changes).map(([name, value]) => [spelled.get(name.toLowerCase()) ?? name, value]);
  return { ...members, ...Object.fromEntries(renamed) };
}

/** The same members without those that are undefined. */
export function withoutUndefined<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
