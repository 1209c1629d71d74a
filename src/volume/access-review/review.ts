/**
 * Who can open which volume, and whether the claims account for it: the cluster's PersistentVolumes against Azure's role assignments,
 * those above the accounts too. Reads only, by some lists for each resource group whatever the number of volumes.
 */
import { clusterOfAccount, isOurs, isOursOrGiven, listedMarks } from "../account/ownership.ts";
import type { Dependencies } from "../dependencies.ts";
import { accountId } from "../formats/arm-ids.ts";
import type { Account, ResourceGroupRef } from "../ports.ts";
import { allowedGroups } from "../settings.ts";
import type { Access, AccessReview, Mount, ReviewedVolume } from "./access.ts";
import { type Grants, indexGrants, levelOf } from "./grants.ts";
import { type Case, findMissing, judge } from "./judge.ts";
import { type Mounts, readMounts } from "./mounts.ts";
import { createSecondLook, type SecondLook } from "./second-look.ts";

export interface ReviewOptions {
  /** Object ids of principals whose access an administrator knows of. */
  readonly accepted?: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Awaited before each list: Azure allows 100 in 5 minutes. */
  readonly spend?: () => Promise<void>;
}

interface Review {
  readonly deps: Dependencies;
  readonly mounts: Mounts;
  readonly look: SecondLook;
  readonly known: Pick<Case, "accepted" | "readable" | "nowMs">;
}

/** The cluster is read first: what is being created has its PersistentVolume last. */
export async function reviewAccess(
  deps: Dependencies,
  { accepted = [], nowMs, spend = async () => {} }: ReviewOptions,
): Promise<AccessReview> {
  const { ports, settings } = deps;
  const volumes = await ports.cluster.listVolumes();
  await spend();
  const identities = await ports.identities.list();
  const groups: GroupSeen[] = [];
  for (const group of allowedGroups(settings)) groups.push(await lookAtGroup(deps, group, spend));
  const accounts = new Map(groups.flatMap((seen) => seen.accounts).map(({ ref }) => [ref.name, ref]));
  const mounts = readMounts(deps, { volumes, identities: identities ?? [], accounts });
  const known = {
    accepted: new Set(accepted.map((id) => id.toLowerCase())),
    readable: new Set(identities?.map(({ principalId }) => principalId.toLowerCase())),
    nowMs,
  };
  const review = { deps, mounts, look: createSecondLook(deps), known };
  const found: ReviewedVolume[] = [];
  const openAccounts: Account[] = [];
  for (const { grants, accounts: inGroup } of groups) {
    for (const account of inGroup.filter((each) => isReviewed(deps, each, mounts))) {
      if (account.nonEntraAccess.length > 0) openAccounts.push(account);
      found.push(...(await reviewAccount(review, account, grants)));
    }
  }
  found.sort((a, b) => compare(orderOf(a), orderOf(b)));
  return { volumes: found, openAccounts, areIdentitiesKnown: identities !== undefined, leftOut: mounts.leftOut };
}

/** By claim, and what no claim has at the end; by code units, as everywhere in Kubernetes. */
function orderOf({ mounts, name = "" }: ReviewedVolume): string {
  const [claim] = mounts.flatMap((mount) => mount.claim ?? []);
  return claim === undefined ? `~ ${name}` : `${claim.namespace}/${claim.name} ${name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

interface GroupSeen {
  readonly accounts: readonly Account[];
  readonly grants: Grants;
}

/** Three lists. */
async function lookAtGroup(
  deps: Dependencies,
  group: ResourceGroupRef,
  spend: () => Promise<void>,
): Promise<GroupSeen> {
  const { ports } = deps;
  await spend();
  const accounts = await ports.accounts.list(group);
  await spend();
  const listed = await ports.roleAssignments.listIn(group);
  await spend();
  return { accounts, grants: indexGrants(deps, listed, await ports.access.listRoles(group)) };
}

/** Ours, given to us, or without any cluster's tags and used by a volume that was provisioned for this driver. */
function isReviewed({ settings }: Dependencies, account: Account, { provisioned }: Mounts): boolean {
  if (isOursOrGiven(account, settings, listedMarks(settings))) return true;
  return provisioned.has(account.ref.name) && clusterOfAccount(account).clusterId === "";
}

/** In a given account others may have containers too: there only what a PersistentVolume names, or this controller has opened. */
async function reviewAccount(review: Review, account: Account, grants: Grants): Promise<ReviewedVolume[]> {
  const { deps, mounts, known } = review;
  const isWhole = isOurs(account, deps.settings, listedMarks(deps.settings));
  const mounted = mounts.of(account.ref);
  const names = new Set([...mounted.keys(), ...grants.fileSystemsIn(account.ref, isWhole ? "all" : "ours")]);
  const mountsInAccount = [...mounted.values()].flat();
  const found: ReviewedVolume[] = [];
  for (const name of [...names].sort()) {
    const one = { account, mounts: mounted.get(name) ?? [], mountsInAccount, ...known };
    found.push(await reviewVolume(review, one, { name, grants }));
  }
  if (names.size > 0 || !isWhole) return found;
  return [await reviewVolume(review, { account, mounts: [], mountsInAccount, ...known }, { name: undefined, grants })];
}

async function reviewVolume(
  { deps, look }: Review,
  known: Case,
  { name, grants }: { readonly name: string | undefined; readonly grants: Grants },
): Promise<ReviewedVolume> {
  const { ref } = known.account;
  const scope = name === undefined ? undefined : deps.backend.scopeOf({ account: ref, name });
  const toAccess = (grant: ReturnType<Grants["toGrant"]>) =>
    judge(grant, levelOf(grant.assignment.scope, ref, scope), known);
  const access: Access[] = [];
  for (const each of grants.opening(scope ?? accountId(ref)).map(toAccess)) {
    const isLeft = each.isOurs && each.state === "unexpected" && known.mounts.length === 0;
    if (!isLeft || (await look.isThere(each))) access.push(each);
  }
  const missing: Mount[] = [];
  for (const mount of findMissing(access, known)) {
    const unlisted = await look.findUnlisted({ account: ref, name }, mount);
    if (unlisted === undefined) missing.push(mount);
    else access.push(toAccess(grants.toGrant({ ...unlisted, description: "" })));
  }
  return { account: ref, name, mounts: known.mounts, access, missing };
}
