/**
 * The volumes that exist, a page at a time, for ListVolumes. Nothing is remembered between pages: the token says after
 * which account to go on, and where in it, so that any replica can answer the next page.
 */
import { DriverError } from "../errors.ts";
import { decodeMetadata } from "./formats/file-system-metadata.ts";
import { isGiven, isOurs, mayHold, ownsCluster } from "./ownership.ts";
import type { Account, Container, Ports, Settings } from "./ports.ts";
import { allowedPlaces } from "./settings.ts";

export interface VolumePage {
  readonly containers: readonly Container[];
  /** Where the next page begins; absent on the last one. */
  readonly nextToken?: string;
}

/** The largest page: with some 700 bytes an entry it stays well under gRPC's 4 MiB. */
const MAX_PAGE = 2_000;

/** Where a page begins: behind the accounts before `account`, and in it at Azure's own continuation. */
interface Position {
  readonly account: string;
  readonly continuation?: string;
}

/** `maxEntries` 0: as many as fit. Throws BadPageToken for a token that we cannot have given out. */
export async function listVolumes(
  ports: Ports,
  settings: Settings,
  maxEntries: number,
  startingToken: string,
): Promise<VolumePage> {
  const start = startingToken === "" ? { account: "" } : parseToken(startingToken);
  const room = maxEntries > 0 ? Math.min(maxEntries, MAX_PAGE) : MAX_PAGE;
  const accounts = (await listAccounts(ports, settings)).filter(({ ref }) => ref.name >= start.account);
  const containers: Container[] = [];
  for (const [index, account] of accounts.entries()) {
    let continuation = account.ref.name === start.account ? start.continuation : undefined;
    do {
      const left = room - containers.length;
      if (left === 0) return { containers, nextToken: toToken({ account: account.ref.name, continuation }) };
      const page = await ports.containers.list(account.ref, left, continuation);
      containers.push(...page.containers.filter((container) => isOurVolume(account, container, settings)));
      continuation = page.continuation;
    } while (continuation !== undefined);
    const next = accounts[index + 1];
    if (containers.length === room && next) return { containers, nextToken: toToken({ account: next.ref.name }) };
  }
  return { containers };
}

/** All accounts of ours, by name: an order that stays while accounts come and go. */
async function listAccounts(ports: Ports, settings: Settings): Promise<Account[]> {
  const lists = await Promise.all(allowedPlaces(settings).map((place) => ports.accounts.list(place)));
  return lists
    .flat()
    .filter((account) => isOurs(account, settings) || isGiven(account, settings))
    .sort((a, b) => (a.ref.name < b.ref.name ? -1 : 1));
}

/** In a given account others make containers too, and another cluster may have been given it before. */
function isOurVolume(account: Account, { ref, metadata }: Container, settings: Settings): boolean {
  return (
    mayHold(account, ref, settings) && ownsCluster(settings, decodeMetadata(metadata).clusterId ?? settings.clusterId)
  );
}

function toToken({ account, continuation }: { account: string; continuation?: string | undefined }): string {
  return Buffer.from(JSON.stringify([1, account, continuation ?? ""])).toString("base64url");
}

function parseToken(token: string): Position {
  try {
    const [version, account, continuation] = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as unknown[];
    if (version === 1 && typeof account === "string" && typeof continuation === "string") {
      return continuation === "" ? { account } : { account, continuation };
    }
  } catch {
    // Not JSON: told below, like every other token that is not ours.
  }
  throw new DriverError(
    "BadPageToken",
    `starting_token "${token.slice(0, 64)}" is not one of ours: begin again without it`,
  );
}
