// What Azure's documented request limits allow: how long the calls of a run must take at least, and which of them came before
// the time that a refusal had asked for was over.

import { AZURE_LIMITS, type CallWindow, type RequestLimits, type TokenBucket } from "../../src/emulator/settings.ts";
import type { LoggedCall } from "../../test/support/emulator-admin.ts";
import { segmentsOf } from "./stand-in/calls.ts";

/** One call to ARM, by what counts it. */
interface Counted {
  /** Of Azure Resource Manager. */
  readonly arm: "read" | "write" | "delete";
  /** Of its provider, whose deletions are writes. */
  readonly provider: string;
  readonly storage: "read" | "write" | "list";
}

function countedAs({ method, path }: Pick<LoggedCall, "method" | "path">): Counted {
  const segments = segmentsOf(path.toLowerCase());
  const provider = segments.lastIndexOf("providers");
  const isRead = method === "GET" || method === "HEAD";
  const isList = isRead && provider !== -1 && (segments.length - provider - 2) % 2 === 1;
  return {
    arm: isRead ? "read" : method === "DELETE" ? "delete" : "write",
    provider: segments[provider + 1] ?? "",
    storage: isList ? "list" : isRead ? "read" : "write",
  };
}

/** The least seconds in which these calls to ARM, of one caller in one subscription and region, can be admitted. */
export function allowedSeconds(
  calls: readonly Pick<LoggedCall, "method" | "path">[],
  limits: RequestLimits = AZURE_LIMITS,
): number {
  const counted = calls.map(countedAs);
  const arm = (kind: Counted["arm"]) => counted.filter((each) => each.arm === kind).length;
  const storage = (kind: Counted["storage"]) =>
    counted.filter((each) => each.provider === "microsoft.storage" && each.storage === kind).length;
  return Math.max(
    bucketSeconds(arm("read"), limits.armReads),
    bucketSeconds(arm("write"), limits.armWrites),
    bucketSeconds(arm("delete"), limits.armDeletes),
    windowSeconds(storage("read"), limits.storageReads),
    windowSeconds(storage("list"), limits.storageLists),
    windowSeconds(storage("write"), limits.storageWrites),
  );
}

function bucketSeconds(calls: number, { burst, perSecond }: TokenBucket): number {
  return Math.max(0, calls - burst) / perSecond;
}

/** In each window at most so many: the last calls begin when enough windows have passed. */
function windowSeconds(count: number, windows: readonly CallWindow[]): number {
  return Math.max(0, ...windows.map(({ calls, seconds }) => Math.floor(Math.max(0, count - 1) / calls) * seconds));
}

/**
 * How many calls came after a refusal had been answered and before its Retry-After was over, to the same provider and of the
 * same kind. Calls that were under way when the refusal was answered do not count.
 */
export function countTooEarly(calls: readonly LoggedCall[]): number {
  const closed = new Map<string, { readonly from: number; readonly until: number }>();
  const timed = calls.map((call) => ({ call, came: Date.parse(call.time) }));
  let tooEarly = 0;
  for (const { call, came } of timed.toSorted((a, b) => a.came - b.came)) {
    const { provider, storage } = countedAs(call);
    const key = `${provider} ${storage}`;
    const span = closed.get(key);
    if (span !== undefined && came > span.from && came < span.until) tooEarly += 1;
    if (call.retryAfterSeconds === undefined) continue;
    const answered = came + call.milliseconds;
    closed.set(key, { from: answered, until: answered + call.retryAfterSeconds * 1000 });
  }
  return tooEarly;
}
