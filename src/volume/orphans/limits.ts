/** How much may be deleted at once: more is a mistake more often than not, and nothing brings data back. */
import { isRemovable, type Orphan } from "./orphan.ts";

/** Of all kinds together. */
const MOST_OBJECTS = 10;
/** Of our file systems, those in use and those to be deleted. */
const LARGEST_SHARE = 0.2;

/** Why a deletion must not begin. */
export interface Excess {
  /** The cluster needs no file system at all, as a cluster does that is not the one whose volumes these are. */
  readonly isWrongCluster: boolean;
  /** A clause for people. */
  readonly why: string;
}

/** What the cluster and the storage are called. */
export interface LimitedBy {
  /** How many of our file systems the cluster needs. */
  readonly needed: number;
  readonly clusterId: string;
  readonly noun: string;
}

/** The limits that deleting all of these would exceed, the worst first; none: it may begin. */
export function findExcesses(orphans: readonly Orphan[], { needed, clusterId, noun }: LimitedBy): readonly Excess[] {
  const removable = orphans.filter(isRemovable);
  const stored = removable.filter(({ kind }) => kind === "file system").length;
  const found: Excess[] = [];
  if (needed === 0 && stored > 0) {
    const why = `the cluster needs none of the ${noun}s of cluster id ${clusterId}, which looks like the wrong cluster`;
    found.push({ isWrongCluster: true, why });
  }
  if (removable.length > MOST_OBJECTS) {
    const why = `${removable.length} objects would be deleted, more than ${MOST_OBJECTS}`;
    found.push({ isWrongCluster: false, why });
  } else if (stored > LARGEST_SHARE * (needed + stored)) {
    const share = `${stored} of ${needed + stored} ${noun}s would be deleted, more than ${LARGEST_SHARE * 100} %`;
    found.push({ isWrongCluster: false, why: share });
  }
  return found;
}
