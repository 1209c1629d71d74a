// A second kind of storage, as small as it can be: buckets in memory whose size is enforced. It shows that the stories of
// volume/ know no container and no Azure SDK.
import type { Backend } from "../../src/backend/backend.ts";
import { choice, wholeNumber } from "../../src/text/values.ts";
import { type FieldsOf, OURS, type ParameterRow } from "../../src/volume/class/parameter-row.ts";
import { COMMON_PARAMETERS } from "../../src/volume/class/parameters.ts";
import { mountEntriesOf } from "../../src/volume/class/volume-class.ts";
import { accountId, accountKey, parseAccountId } from "../../src/volume/formats/arm-ids.ts";
import type {
  Account,
  AccountRef,
  AccountSpec,
  Accounts,
  FileSystem,
  FileSystemRef,
  FileSystemState,
  FileSystems,
  RoleAssignment,
  RoleAssignments,
} from "../../src/volume/ports.ts";

const OWN_PARAMETERS = [
  {
    name: "buckets",
    origin: OURS,
    effect: "account",
    field: "buckets",
    kind: wholeNumber(1, 9),
    summary: "How many buckets an account may hold.",
  },
  {
    name: "colour",
    origin: OURS,
    effect: "mount",
    field: "colour",
    kind: choice(["red", "blue"]),
    default: () => "red",
    summary: "What the bucket looks like.",
  },
  {
    name: "grantScope",
    origin: OURS,
    effect: "access",
    field: "grantScope",
    kind: choice(["bucket", "account"]),
    default: () => "bucket",
    summary: "What a role assignment is at.",
  },
] as const satisfies readonly ParameterRow[];

const PARAMETERS = [...COMMON_PARAMETERS, ...OWN_PARAMETERS] as const;

export type MemoryClass = FieldsOf<typeof PARAMETERS>;

const ID = /^memory:([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/;

export const memoryBackend: Backend<MemoryClass> = {
  noun: "bucket",
  parameters: PARAMETERS,
  size: { defaultBytes: 10, maxBytes: 1_000, maxText: "1000 bytes" },
  dataRoleId: () => "00000000-0000-4000-8000-000000000001",
  builtInDataRoleIds: [],
  mountOptions: ["-o bucket"],
  findContradictions: ({ buckets, isolation }) =>
    buckets === 1 && isolation === "pool" ? ["buckets 1 leaves a pool no room: use 2"] : [],
  findMountProblems: () => [],
  assertFits: () => {},
  toVolumeId: ({ account, name }) =>
    `memory:${account.subscriptionId}/${account.resourceGroup}/${account.name}/${name}`,
  parseVolumeId(id) {
    const [, subscriptionId, resourceGroup, account, name] = ID.exec(id) ?? [];
    if (subscriptionId === undefined || resourceGroup === undefined) return undefined;
    return { account: { subscriptionId, resourceGroup, name: account ?? "" }, name: name ?? "" };
  },
  toStaticHandle: ({ account, name }, volumeName) => `hand/made/${account.name}/${name}/${volumeName}`,
  readReferences({ handle }) {
    const [, , account, name] = handle.split("/");
    if (account === undefined || name === undefined) {
      return { accounts: [], fileSystems: [], mounted: undefined, clientId: undefined };
    }
    return {
      accounts: [account],
      fileSystems: [{ name, accounts: [account] }],
      mounted: { account, name },
      clientId: undefined,
    };
  },
  scopeOf: scopeOfBucket,
  restoringCommand: ({ name }) => `restore ${name}`,
  parseScope(scope) {
    const { account, rest = "" } = parseAccountId(scope) ?? {};
    if (account === undefined) return undefined;
    return rest === "" ? { account } : { account, fileSystem: rest.replace("/buckets/", "") };
  },
  rightsOf: (permissions) => permissions.flatMap(({ dataActions }) => dataActions),
  volumeContext: ({ fileSystem, identity, volumeClass }) => ({
    bucket: fileSystem.name,
    ...(identity && { clientID: identity.clientId }),
    ...mountEntriesOf(PARAMETERS, volumeClass),
  }),
};

function scopeOfBucket({ account, name }: FileSystemRef): string {
  return `${accountId(account)}/buckets/${name}`;
}

/** What stands in for Azure, and what was asked of it. */
export interface MemoryCloud {
  readonly accounts: Accounts;
  readonly fileSystems: FileSystems;
  readonly roleAssignments: RoleAssignments;
  readonly held: {
    readonly accounts: Map<string, { readonly account: Account; readonly spec: AccountSpec }>;
    readonly buckets: Map<string, FileSystem & FileSystemState>;
    readonly roleAssignments: Map<string, RoleAssignment>;
  };
  /** Every write, in its order: `create account`, `remove role assignment`, ... */
  readonly writes: string[];
}

export function createMemoryCloud(): MemoryCloud {
  const held: MemoryCloud["held"] = { accounts: new Map(), buckets: new Map(), roleAssignments: new Map() };
  const writes: string[] = [];
  return {
    accounts: createAccounts(held, writes),
    fileSystems: createBuckets(held, writes),
    roleAssignments: createRoleAssignments(held, writes),
    held,
    writes,
  };
}

function createAccounts({ accounts, buckets }: MemoryCloud["held"], writes: string[]): Accounts {
  const confirmed = new Set<string>();
  /** Of accounts alone: each is a second younger than the one before. */
  let now = 0;
  const find = async (ref: AccountRef) => accounts.get(accountKey(ref))?.account;
  return {
    remembered: (ref) => (confirmed.has(accountKey(ref)) ? accounts.get(accountKey(ref))?.account : undefined),
    find,
    wasAbsent: () => false,
    assertRoom: () => undefined,
    async create(ref, spec) {
      now += 1_000;
      const account = { ref, tags: spec.tags, nonEntraAccess: [], isHnsEnabled: false, createdAtMs: now };
      accounts.set(accountKey(ref), { account, spec });
      writes.push("create account");
      return { account, isNew: true };
    },
    confirm: ({ ref }) => void confirmed.add(accountKey(ref)),
    list: async ({ resourceGroup }) =>
      [...accounts.values()].map(({ account }) => account).filter(({ ref }) => ref.resourceGroup === resourceGroup),
    finish: find,
    enforceKeyless: find,
    restoreTags: find,
    async remove(ref) {
      for (const [key, bucket] of buckets) if (accountKey(bucket.ref.account) === accountKey(ref)) buckets.delete(key);
      accounts.delete(accountKey(ref));
      confirmed.delete(accountKey(ref));
      writes.push("remove account");
    },
  };
}

function createBuckets({ buckets }: MemoryCloud["held"], writes: string[]): FileSystems {
  const inAccount = (account: AccountRef) =>
    [...buckets.values()].filter(({ ref }) => accountKey(ref.account) === accountKey(account));
  const change = (ref: FileSystemRef, what: string, state: Partial<FileSystemState>) => {
    const before = buckets.get(scopeOfBucket(ref)) ?? { ref, metadata: {}, sizeBytes: 0 };
    buckets.set(scopeOfBucket(ref), { ...before, ...state });
    writes.push(what);
  };
  return {
    find: async (ref) => buckets.get(scopeOfBucket(ref)),
    async create(ref, state) {
      const existing = buckets.get(scopeOfBucket(ref));
      if (existing === undefined) change(ref, "create bucket", { ...state });
      return existing;
    },
    setMetadata: async (ref, metadata) => change(ref, "set metadata", { metadata }),
    resize: async (ref, state) => change(ref, "resize bucket", state),
    async list(account, limit, continuation = "0") {
      const [from, all] = [Number(continuation), inAccount(account)];
      const fileSystems = all.slice(from, from + limit).map((bucket) => ({ ...bucket, modifiedAtMs: 0 }));
      return { fileSystems, ...(from + limit < all.length && { continuation: String(from + limit) }) };
    },
    existIn: async (account, except) => inAccount(account).some(({ ref }) => ref.name !== except),
    ensureRetention: async () => {},
    guardContents: async () => ({ release: async () => {} }),
    async remove(ref) {
      const isThere = buckets.delete(scopeOfBucket(ref));
      writes.push("remove bucket");
      return isThere ? "removed" : "absent";
    },
  };
}

function createRoleAssignments({ roleAssignments }: MemoryCloud["held"], writes: string[]): RoleAssignments {
  const isAbove = (scope: string, assignment: RoleAssignment) =>
    `${scope}/`.toLowerCase().startsWith(`${assignment.scope}/`.toLowerCase());
  return {
    remembered: () => false,
    find: async (_, name) => roleAssignments.get(name),
    async create(assignment) {
      roleAssignments.set(assignment.name, assignment);
      writes.push("create role assignment");
      return "created";
    },
    assertRoom: () => {},
    listAtAndAbove: async (scope) => [...roleAssignments.values()].filter((each) => isAbove(scope, each)),
    listAtAndBelow: async (scope) =>
      [...roleAssignments.values()].filter((each) => isAbove(each.scope, { ...each, scope })),
    listIn: async () => [...roleAssignments.values()].map((each) => ({ ...each, description: "" })),
    async remove({ name }) {
      const existed = roleAssignments.delete(name);
      if (existed) writes.push("remove role assignment");
      return existed;
    },
    findRole: async (_, [roleId]) => roleId,
  };
}
