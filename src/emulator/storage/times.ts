/** Times and ETags as Blob writes them. */

let lastTicks = 0n;

/** A time with seven decimals, as in snapshot ids and error messages: `2026-11-21T10:00:00.0000000Z`. */
export function blobTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "0000Z");
}

/** An HTTP date (RFC 9110 5.6.7): whole seconds. */
export function httpTime(milliseconds: number): string {
  return new Date(milliseconds).toUTCString();
}

/** Parses a date header; undefined when it is not a date. */
export function parseTime(value: string): number | undefined {
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** A new ETag with quotes, from the time in .NET ticks as Azure's are; no two are the same in one process. */
export function newEtag(now: number): string {
  const ticks = BigInt(Math.trunc(now)) * 10_000n + 621_355_968_000_000_000n;
  lastTicks = ticks > lastTicks ? ticks : lastTicks + 1n;
  return `"0x${lastTicks.toString(16).toUpperCase()}"`;
}

let lastSnapshot = 0n;

/** A new snapshot id: milliseconds of the clock, then a counter, so that no two are the same. */
export function newSnapshotId(now: number): string {
  const ticks = BigInt(Math.trunc(now)) * 10_000n;
  lastSnapshot = ticks > lastSnapshot ? ticks : lastSnapshot + 1n;
  const fraction = String(lastSnapshot % 10_000n).padStart(4, "0");
  return blobTime(Number(lastSnapshot / 10_000n)).replace("0000Z", `${fraction}Z`);
}
