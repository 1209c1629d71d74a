/** A review of access as rows: one for each volume and each role assignment that opens it, or that is missing. */
import type {
  Access,
  AccessReview,
  AccessState,
  Denials,
  Level,
  Mount,
  ReviewedVolume,
} from "../../volume/access-review/access.ts";
import type { Differences } from "../../volume/access-review/differences.ts";
import type { Trusts } from "../../volume/access-review/trusts.ts";

/** Everything that is printed. */
export interface Report {
  readonly review: AccessReview;
  readonly differences: Differences;
  /** By the identity's ARM id; undefined where they were not asked for. */
  readonly trusts: ReadonlyMap<string, Trusts> | undefined;
  readonly denials: Denials;
  /** What people call a file system. */
  readonly noun: string;
  /** Requests to Azure. */
  readonly calls: number;
}

/** `missing`: an identity that a PersistentVolume states, and that nothing lets in. */
export type RowState = AccessState | "missing";

/** One row; a field is `""` where it does not apply or is not known. */
export interface Row {
  readonly state: RowState;
  /** `namespace/name` of those that mount the volume. */
  readonly claims: readonly string[];
  readonly persistentVolumes: readonly string[];
  readonly volume: ReviewedVolume;
  /** ARM id of the user-assigned identity with this principal. */
  readonly identity: string;
  readonly clientId: string;
  readonly principalId: string;
  /** Undefined for `missing`. */
  readonly access: Access | undefined;
  readonly trusts: Trusts | undefined;
}

/** In the order of the volumes. */
export function toRows({ review, trusts }: Pick<Report, "review" | "trusts">): Row[] {
  const known = new Map<string, Mount>();
  for (const mount of review.volumes.flatMap(({ mounts }) => mounts)) {
    if (mount.identity) known.set(mount.identity.principalId.toLowerCase(), mount);
  }
  const trustsOf = (identity: string) => trusts?.get(identity);
  return review.volumes.flatMap((volume) => {
    const common = {
      claims: unique(
        volume.mounts.flatMap(({ claim, isReleased }) =>
          claim && !isReleased ? [`${claim.namespace}/${claim.name}`] : [],
        ),
      ),
      persistentVolumes: unique(volume.mounts.map((mount) => mount.volume)),
      volume,
    };
    const opened = volume.access.map((access): Row => {
      const { principalId } = access.assignment;
      const { identity, clientId = "" } = known.get(principalId.toLowerCase()) ?? {};
      const id = identity?.id ?? "";
      return { ...common, state: access.state, identity: id, clientId, principalId, access, trusts: trustsOf(id) };
    });
    const missing = volume.missing.map(({ identity, clientId = "" }): Row => {
      const [id = "", principalId = ""] = [identity?.id, identity?.principalId];
      return {
        ...common,
        state: "missing",
        identity: id,
        clientId,
        principalId,
        access: undefined,
        trusts: trustsOf(id),
      };
    });
    return [...opened, ...missing].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  });
}

export interface SortedRows {
  /** At the volumes and their accounts. */
  readonly own: ReadonlyMap<ReviewedVolume, readonly Row[]>;
  /** Of each role assignment above the accounts its rows: one for each volume that it opens. */
  readonly above: readonly (readonly [Row, ...Row[]])[];
}

/** Apart from what opens every volume: with thousands of them that is said once, and not for each. */
export function sortRows(report: Report, onlyDifferences: boolean): SortedRows {
  const rows = toRows(report).filter(({ state }) => !onlyDifferences || DIFFERENCES.includes(state));
  const own = rows.filter((row) => !isAbove(row));
  const above = Map.groupBy(rows.filter(isAbove), ({ access }) => access?.assignment.name);
  return {
    own: Map.groupBy(own, ({ volume }) => volume),
    above: [...above.values()].flatMap(([first, ...more]) => (first === undefined ? [] : [[first, ...more] as const])),
  };
}

function isAbove({ access }: Row): boolean {
  return access !== undefined && access.level !== "file system" && access.level !== "account";
}

/** Of the rows of a volume. */
const ORDER: readonly RowState[] = [
  "expected",
  "shared",
  "new",
  "released",
  "missing",
  "unexpected",
  "inherited",
  "accepted",
];

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** States that make the exit code 3. */
export const DIFFERENCES: readonly RowState[] = ["missing", "unexpected", "inherited"];

/** As people read it. */
export function wordOf(level: Level, noun: string): string {
  return level === "file system" ? noun : level;
}
