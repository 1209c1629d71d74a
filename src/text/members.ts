/** Objects as maps: members by name, and members that have a value. */

/**
 * The value of a member, by its name without case. Azure keeps the case of a tag's name and ignores it when comparing, and
 * the OSS blob node plugin reads the volume context so.
 */
export function findByName<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  const key = spellingOf(members, name);
  return key === undefined ? undefined : members[key];
}

/** A volume asks some fifty times: no list is made for it. */
function spellingOf(members: object, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const key in members) if (key.length === wanted.length && key.toLowerCase() === wanted) return key;
  return undefined;
}

/**
 * The members with these changes. One that is there in another case keeps its spelling: Azure refuses two names that differ
 * only in case.
 */
export function withMembers(
  members: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string>>,
): Record<string, string> {
  const changed: Record<string, string> = { ...members };
  for (const name in changes) changed[spellingOf(members, name) ?? name] = changes[name] ?? "";
  return changed;
}

/** The same members without those that are undefined. */
export function withoutUndefined<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const stated: { [Name in keyof T]?: Exclude<T[Name], undefined> } = {};
  for (const name in members)
    if (members[name] !== undefined) stated[name] = members[name] as Exclude<T[typeof name], undefined>;
  return stated;
}
