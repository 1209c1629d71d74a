/** What has to be confirmed before one run of `orphans --delete` deletes much. */
import { DriverError } from "../../errors.ts";
import { findExcesses, type LimitedBy } from "../../volume/orphans/limits.ts";
import type { Orphan } from "../../volume/orphans/orphan.ts";

/** What has been confirmed beyond `--yes`. */
export interface Confirmations {
  readonly moreThanUsual?: boolean | undefined;
  /** Includes the other. */
  readonly evenAll?: boolean | undefined;
}

/** Throws Misconfigured before anything is deleted. */
export function assertWithinLimits(
  orphans: readonly Orphan[],
  by: LimitedBy,
  { moreThanUsual = false, evenAll = false }: Confirmations,
): void {
  if (evenAll) return;
  const [excess] = findExcesses(orphans, by).filter(({ isWrongCluster }) => isWrongCluster || !moreThanUsual);
  if (excess === undefined) return;
  const fix = excess.isWrongCluster
    ? "check --kubeconfig and --cluster-id, or add --even-all when its last volume is really gone"
    : "list them first, without --delete, find out for each why nothing needs it, and confirm with --more-than-usual";
  throw new DriverError("Misconfigured", `${excess.why}: nothing was deleted; ${fix}`);
}
