/** How much one run of `orphans --delete` may delete: more is a mistake more often than not, and nothing brings data back. */
import { DriverError } from "../../errors.ts";
import { isRemovable, type Orphan } from "../../volume/orphans/orphan.ts";

/** Of all kinds together. */
const MOST_OBJECTS = 10;
/** Of our containers, those in use and those to be deleted. */
const LARGEST_SHARE = 0.2;

/** What has been confirmed beyond `--yes`. */
export interface Confirmations {
  readonly moreThanUsual?: boolean | undefined;
  /** Includes the other. */
  readonly evenAll?: boolean | undefined;
}

/** Throws Misconfigured before anything is deleted. `needed`: how many of our containers the cluster needs. */
export function assertWithinLimits(
  orphans: readonly Orphan[],
  needed: number,
  clusterId: string,
  { moreThanUsual = false, evenAll = false }: Confirmations,
): void {
  if (evenAll) return;
  const removable = orphans.filter(isRemovable);
  const containers = removable.filter(({ kind }) => kind === "file system").length;
  if (needed === 0 && containers > 0) {
    throw new DriverError(
      "Misconfigured",
      `the cluster needs none of the containers of cluster id ${clusterId}, which looks like the wrong cluster: nothing was ` +
        "deleted; check --kubeconfig and --cluster-id, or add --even-all when its last volume is really gone",
    );
  }
  if (moreThanUsual) return;
  const isMany = removable.length > MOST_OBJECTS;
  if (!isMany && containers <= LARGEST_SHARE * (needed + containers)) return;
  const why = isMany
    ? `${removable.length} objects would be deleted, more than ${MOST_OBJECTS}`
    : `${containers} of ${needed + containers} containers would be deleted, more than ${LARGEST_SHARE * 100} %`;
  throw new DriverError(
    "Misconfigured",
    `${why}: nothing was deleted; list them first, without --delete, find out for each why nothing needs it, and ` +
      "confirm with --more-than-usual",
  );
}
