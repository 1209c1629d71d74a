// Which call was made, how often, and how many were under way at once.

/** How often each kind of call was made, and the most that were under way at one moment. */
export interface CallCounts {
  /** By kind, such as `PUT roleAssignments` or `LIST storageAccounts`. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly total: number;
  readonly mostAtOnce: number;
  /** Requests for account keys: must be 0. */
  readonly keys: number;
  /** TLS connections that were opened. */
  readonly connections: number;
}

export interface Calls {
  begin(kind: string): void;
  end(): void;
  connected(): void;
  counts(): CallCounts;
  reset(): void;
}

export function createCalls(): Calls {
  const kinds = new Map<string, number>();
  let underWay = 0;
  let mostAtOnce = 0;
  let connections = 0;
  return {
    begin(kind) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      underWay += 1;
      mostAtOnce = Math.max(mostAtOnce, underWay);
    },
    end() {
      underWay -= 1;
    },
    connected() {
      connections += 1;
    },
    counts() {
      const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
      const keys = [...kinds]
        .filter(([kind]) => /listKeys|Sas$/i.test(kind))
        .reduce((sum, [, count]) => sum + count, 0);
      return { kinds: Object.fromEntries([...kinds].sort()), total, mostAtOnce, keys, connections };
    },
    reset() {
      kinds.clear();
      connections = 0;
      mostAtOnce = underWay;
    },
  };
}

/** A request's path, cut into its segments. */
export type Segments = readonly string[];

export function segmentsOf(path: string): Segments {
  return path.split("/").filter((part) => part !== "");
}

/**
 * The kind of a call to ARM: the method and the last provider's type, without names. A path that ends with a type and not
 * with a name is a list when it is read, and an action (`POST listKeys`) otherwise.
 */
export function armKind(method: string, path: Segments): string {
  const provider = path.findLastIndex((part) => part.toLowerCase() === "providers");
  if (provider === -1) return `${method} ${path.length > 2 ? "resourceGroups" : "subscriptions"}`;
  const afterNamespace = path.slice(provider + 2);
  const isNamed = afterNamespace.length % 2 === 0;
  const type = afterNamespace.at(isNamed ? -2 : -1) ?? "";
  return `${method === "GET" && !isNamed ? "LIST" : method} ${type}`;
}

/** The kind of a call to the blob endpoint: a container is another kind than what is in it. */
export function blobKind(method: string, path: Segments, query: URLSearchParams): string {
  if (query.get("comp") === "list") return path.length === 1 ? "LIST blob containers" : "LIST blobs";
  return query.get("restype") === "container" ? `${method} blob container` : `${method} blob`;
}
