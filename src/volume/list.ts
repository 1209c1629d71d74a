/**
 * The volumes that exist, a page at a time, for ListVolumes. Nothing is remembered between pages: the token says after
 * which account to go on, and where in it, so that any replica can answer the next page.
 */
import { allInOrder } from "../concurrency/all-in-order.ts";
import { DriverError } from "../errors.ts";
import { shown } from "../text/cut.ts";
import { isOursOrGiven, isVolumeOf } from "./account/ownership.ts";
import { recogniseListed } from "./account/recognition.ts";
import type { Dependencies } from "./dependencies.ts";
import { recordedSize } from "./file-system-record.ts";
import type { Account, FileSystem } from "./ports.ts";
import { allowedGroups } from "./settings.ts";

export interface ListedVolume {
  readonly id: string;
  /** 0 when the metadata states none. */
  readonly sizeBytes: number;
}

export interface VolumePage {
  readonly volumes: readonly ListedVolume[];
  /** Where the next page begins; absent on the last one. */
  readonly nextToken?: string;
}

/** The largest page: with some 700 bytes an entry it stays well under gRPC's 4 MiB. */
const MAX_PAGE = 2_000;

/** Where a page begins: behind the accounts before `account`, and in it at Azure's own continuation. */
interface Position {
  readonly account: string;
  readonly continuation?: string | undefined;
}

/** `maxEntries` 0: as many as fit. Throws BadPageToken for a token that this driver cannot have given out. */
export async function listVolumes(deps: Dependencies, maxEntries: number, startingToken: string): Promise<VolumePage> {
  const start = startingToken === "" ? { account: "" } : parseToken(startingToken);
  const pageSize = maxEntries > 0 ? Math.min(maxEntries, MAX_PAGE) : MAX_PAGE;
  const { fileSystems, next } = await readPage(deps, start, pageSize);
  const volumes = fileSystems.map(({ ref, metadata }) => ({
    id: deps.backend.toVolumeId(ref),
    sizeBytes: recordedSize(metadata, deps.backend.size) ?? 0,
  }));
  return { volumes, ...(next && { nextToken: toToken(next) }) };
}

async function readPage(
  deps: Dependencies,
  start: Position,
  pageSize: number,
): Promise<{ readonly fileSystems: readonly FileSystem[]; readonly next?: Position }> {
  const accounts = (await listAccounts(deps)).filter(({ ref }) => ref.name >= start.account);
  const fileSystems: FileSystem[] = [];
  for (const [index, account] of accounts.entries()) {
    let continuation = account.ref.name === start.account ? start.continuation : undefined;
    do {
      const left = pageSize - fileSystems.length;
      if (left === 0) return { fileSystems, next: { account: account.ref.name, continuation } };
      const page = await deps.ports.fileSystems.list(account.ref, left, continuation);
      // In a given account others have file systems too, and another cluster may have been given it before.
      fileSystems.push(...page.fileSystems.filter((each) => isVolumeOf(account, each, deps.settings, "ours")));
      continuation = page.continuation;
    } while (continuation !== undefined);
    const following = accounts[index + 1];
    if (fileSystems.length === pageSize && following) return { fileSystems, next: { account: following.ref.name } };
  }
  return { fileSystems };
}

/** All accounts that hold volumes, by name: an order that stays while accounts come and go. */
async function listAccounts(deps: Dependencies): Promise<Account[]> {
  const { ports, settings } = deps;
  const lists = await allInOrder(allowedGroups(settings).map((group) => ports.accounts.list(group)));
  const accounts = await allInOrder(lists.flat().map((account) => recogniseListed(deps, account)));
  return accounts
    .filter((account) => isOursOrGiven(account, settings))
    .sort((a, b) => (a.ref.name < b.ref.name ? -1 : 1));
}

function toToken({ account, continuation }: Position): string {
  return Buffer.from(JSON.stringify([1, account, continuation ?? ""])).toString("base64url");
}

function parseToken(token: string): Position {
  try {
    const [version, account, continuation] = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as unknown[];
    if (version === 1 && typeof account === "string" && typeof continuation === "string") {
      return continuation === "" ? { account } : { account, continuation };
    }
  } catch {
    // Not JSON: refused below, like every other token that is not ours.
  }
  throw new DriverError(
    "BadPageToken",
    `starting_token "${shown(token)}" was not returned by this driver: list again from the start, without it`,
  );
}
