/**
 * Owners, permissions and access control lists of files and directories ("Access control lists (ACLs) in Azure Data
 * Lake Storage"): read, written, completed and inherited. They are stored and shown, and not evaluated: callers are
 * authorised by their roles, which Azure asks first.
 */
import type { PathAccess } from "../../world.ts";

/** One entry, such as `default:user:<object id>:r-x`. */
export interface AclEntry {
  readonly isDefault: boolean;
  readonly type: "user" | "group" | "mask" | "other";
  /** Object id; empty for the owning user and group, mask and other. */
  readonly id: string;
  /** Such as `r-x`. */
  readonly permissions: string;
}

/** Owner and group of what no principal created: written with an account key, or the root of a container. */
export const SUPER_USER = "$superuser";

const ENTRY = /^(default:)?(user|group|mask|other):([^:,]*):([r-][w-][x-])$/;
/** "The maximum number of ACL entries per file or directory is 32", for access and default entries each. */
const MAX_ENTRIES = 32;
const ORDER: readonly AclEntry["type"][] = ["user", "group", "mask", "other"];

/** Reads a list as `x-ms-acl` has it; undefined when it is not well-formed or names something twice. */
export function parseAcl(text: string): AclEntry[] | undefined {
  const entries: AclEntry[] = [];
  for (const part of text.split(",")) {
    const match = ENTRY.exec(part.trim());
    if (match === null) return undefined;
    const [, scope, type, id = "", permissions = ""] = match;
    const entry = { isDefault: scope !== undefined, type: type as AclEntry["type"], id, permissions };
    const isNamed = id !== "" && entry.type !== "user" && entry.type !== "group";
    if (isNamed || entries.some((each) => isSameEntry(each, entry))) return undefined;
    entries.push(entry);
  }
  const count = (isDefault: boolean) => entries.filter((each) => each.isDefault === isDefault).length;
  return count(false) > MAX_ENTRIES || count(true) > MAX_ENTRIES ? undefined : entries;
}

/** Reads a list without permissions, as used to remove entries: `user:<id>,default:mask`. */
export function parseAclNames(text: string): AclEntry[] | undefined {
  const entries = text.split(",").map((part) => {
    const [, scope, type, id = ""] = /^(default:)?(user|group|mask|other)(?::([^:,]*))?:?$/.exec(part.trim()) ?? [];
    return { isDefault: scope !== undefined, type: type as AclEntry["type"] | undefined, id, permissions: "---" };
  });
  return entries.every((each): each is AclEntry => each.type !== undefined) ? entries : undefined;
}

/** Whether two entries are for the same principal. */
export function isSameEntry(one: Omit<AclEntry, "permissions">, other: Omit<AclEntry, "permissions">): boolean {
  return one.isDefault === other.isDefault && one.type === other.type && one.id === other.id;
}

/** The list in Azure's order: access before default entries; owner, named users, group, named groups, mask, other. */
export function writeAcl(entries: readonly AclEntry[]): string {
  const rank = ({ isDefault, type, id }: AclEntry) => (isDefault ? 10 : 0) + ORDER.indexOf(type) * 2 + (id ? 1 : 0);
  return [...entries]
    .sort((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1))
    .map(({ isDefault, type, id, permissions }) => `${isDefault ? "default:" : ""}${type}:${id}:${permissions}`)
    .join(",");
}

/**
 * A list that a caller may set: owner, group and other must be there, a mask is added where named entries need one; the
 * same for default entries, if there are any. Undefined when something is missing.
 */
export function completeAcl(entries: readonly AclEntry[]): AclEntry[] | undefined {
  const access = completeHalf(entries.filter(({ isDefault }) => !isDefault));
  const rest = entries.filter(({ isDefault }) => isDefault);
  const defaults = rest.length === 0 ? [] : completeHalf(rest);
  return access === undefined || defaults === undefined ? undefined : [...access, ...defaults];
}

function completeHalf(entries: readonly AclEntry[]): AclEntry[] | undefined {
  const owns = (type: AclEntry["type"]) => entries.some((each) => each.type === type && each.id === "");
  if (!owns("user") || !owns("group") || !owns("other")) return undefined;
  const isExtended = entries.some(({ id }) => id !== "");
  if (!isExtended || owns("mask")) return [...entries];
  const grouped = entries.filter(({ type, id }) => type === "group" || id !== "").map(({ permissions }) => permissions);
  const isDefault = entries[0]?.isDefault === true;
  return [...entries, { isDefault, type: "mask", id: "", permissions: grouped.reduce(union) }];
}

/**
 * Nine bits from `0750` or `rwxr-x---`; undefined for anything else, and for the sticky bit, which is not supported.
 */
export function parseMode(text: string): number | undefined {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  if (!/^(?:[r-][w-][x-]){3}$/.test(text)) return undefined;
  return [...text].reduce((mode, letter) => mode * 2 + (letter === "-" ? 0 : 1), 0);
}

/** The list without named entries that a mode stands for. */
export function aclOfMode(mode: number): AclEntry[] {
  const entry = (type: AclEntry["type"], shift: number): AclEntry => {
    return { isDefault: false, type, id: "", permissions: triple(mode >> shift) };
  };
  return [entry("user", 6), entry("group", 3), entry("other", 0)];
}

/** `x-ms-permissions`: owner, mask (or group) and other, and a `+` when there are entries beyond them. */
export function permissionsOf({ acl }: PathAccess): string {
  const entries = parseAcl(acl) ?? [];
  const of = (type: AclEntry["type"]) =>
    entries.find((each) => !each.isDefault && each.type === type && each.id === "")?.permissions;
  const shown = `${of("user")}${of("mask") ?? of("group")}${of("other")}`;
  return entries.length > 3 ? `${shown}+` : shown;
}

/** What a new file or directory asks for; its parent's default entries and the umask decide what it gets. */
export interface NewAccess {
  readonly owner: string;
  readonly isDirectory: boolean;
  /** Absent: 0666 for files, 0777 for directories. */
  readonly mode?: number;
  readonly umask?: number;
}

/** "The umask is a 9-bit value ... 027 by default"; it is ignored where the parent has default entries. */
const DEFAULT_UMASK = 0o027;

/** Owner, group (the parent's) and list of a new file or directory. */
export function accessOfNew(parent: PathAccess, wanted: NewAccess): PathAccess {
  const { owner, isDirectory, umask = DEFAULT_UMASK, mode = isDirectory ? 0o777 : 0o666 } = wanted;
  const defaults = (parseAcl(parent.acl) ?? []).filter((each) => each.isDefault);
  const entries = defaults.length === 0 ? aclOfMode(mode & ~umask) : inherited(defaults, mode, isDirectory);
  return { owner, group: parent.group, acl: writeAcl(entries) };
}

function inherited(defaults: readonly AclEntry[], mode: number, isDirectory: boolean): AclEntry[] {
  const hasMask = defaults.some(({ type }) => type === "mask");
  const limits: Readonly<Record<string, string>> = {
    user: triple(mode >> 6),
    [hasMask ? "mask" : "group"]: triple(mode >> 3),
    other: triple(mode),
  };
  const access = defaults.map((each) => {
    const limit = each.id === "" ? limits[each.type] : undefined;
    const permissions = limit === undefined ? each.permissions : intersection(each.permissions, limit);
    return { ...each, isDefault: false, permissions };
  });
  return isDirectory ? [...access, ...defaults] : access;
}

/** What the root of a new container has. */
export const ROOT_ACCESS: PathAccess = { owner: SUPER_USER, group: SUPER_USER, acl: writeAcl(aclOfMode(0o750)) };

function triple(bits: number): string {
  return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
}

function union(one: string, other: string): string {
  return [...one].map((letter, index) => (letter === "-" ? other[index] : letter)).join("");
}

function intersection(one: string, other: string): string {
  return [...one].map((letter, index) => (other[index] === "-" ? "-" : letter)).join("");
}
