/** Which calls the emulator received and how it answered: for tests that count calls, and for its page. */
import type { Clock } from "./clock.ts";
import type { Call } from "./http/call.ts";

/** One call. Holds no header, no body, and of the query only what is known to be harmless. */
export interface LoggedCall {
  readonly id: string;
  /** When it came, by the emulator's clock. */
  readonly time: string;
  readonly service: string;
  /** What the service calls it, such as `storageAccounts/create`; else the method. */
  readonly operation: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** 0 when no answer was sent (a scripted reset, or the client went away). */
  readonly status: number;
  readonly milliseconds: number;
  /** What a refusal for the rate of requests asked the caller to wait. */
  readonly retryAfterSeconds?: number;
  /** The scripted fault that was applied, as its action's first word. */
  readonly fault?: string;
}

/** What `GET /_emulator/calls` answers. */
export interface CallReport {
  readonly total: number;
  /** By `<service> <operation>`, over all calls since the last clearing, also those no longer in `calls`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Things that must never happen, such as a listKeys call. */
  readonly alarms: readonly string[];
  /** The latest calls, oldest first. */
  readonly calls: readonly LoggedCall[];
}

export interface CallLog {
  record(entry: LoggedCall): void;
  alarm(message: string): void;
  report(): CallReport;
  clear(): void;
}

/** How many calls are kept one by one; older ones are only counted. */
const KEPT_CALLS = 20_000;

/** An empty log. Admin calls are not recorded by its caller, so that reading the log does not change it. */
export function createCallLog(): CallLog {
  const calls: LoggedCall[] = [];
  const counts = new Map<string, number>();
  const alarms: string[] = [];
  let total = 0;
  return {
    record(entry) {
      total += 1;
      const key = `${entry.service} ${entry.operation}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      calls.push(entry);
      if (calls.length > KEPT_CALLS * 1.1) calls.splice(0, calls.length - KEPT_CALLS);
    },
    alarm: (message) => void alarms.push(message),
    report: () => ({ total, counts: Object.fromEntries(counts), alarms: [...alarms], calls: calls.slice(-KEPT_CALLS) }),
    clear() {
      total = 0;
      calls.length = 0;
      alarms.length = 0;
      counts.clear();
    },
  };
}

/** Query parameters whose values may be shown; of all others (a SAS signature) only the name is. */
const SHOWN_PARAMETERS = new Set(
  (
    "api-version restype comp $filter $maxpagesize $skiptoken $expand $top include prefix delimiter maxresults marker " +
    "blockid blocklisttype timeout monitor resource client_id t c versionid snapshot action directory recursive " +
    "position flush close retainuncommitteddata mode upn maxrecords forceflag continuation paginated"
  ).split(" "),
);

/** The query as the log shows it. */
function harmlessQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => (SHOWN_PARAMETERS.has(name.toLowerCase()) ? `${name}=${value}` : `${name}=…`))
    .join("&");
}

/** The entry for a call that was handled; `startedAt` is from `performance.now()`. */
export function toLogEntry(
  call: Call,
  clock: Clock,
  outcome: Pick<LoggedCall, "service" | "operation" | "status"> & {
    readonly startedAt: number;
    readonly retryAfter?: unknown;
    readonly fault?: string | undefined;
  },
): LoggedCall {
  const { service, operation, status, startedAt, retryAfter, fault } = outcome;
  const milliseconds = Math.round((performance.now() - startedAt) * 10) / 10;
  return {
    id: call.id,
    time: new Date(clock.now() - milliseconds).toISOString(),
    service,
    operation,
    method: call.method,
    host: call.host,
    path: call.path,
    query: harmlessQuery(call.query),
    status,
    milliseconds,
    ...(status === 429 && { retryAfterSeconds: Number(retryAfter) }),
    ...(fault === undefined ? {} : { fault }),
  };
}
