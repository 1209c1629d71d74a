/** How large a volume is: CSI's two bounds, and the rule of the backend. */
import type { SizeRule } from "../backend/backend.ts";
import { DriverError } from "../errors.ts";

/** What a caller asks of a volume's size. */
export interface SizeRange {
  /** 0 when the caller states none. */
  readonly requiredBytes: number;
  /** 0 when the caller states none. */
  readonly limitBytes: number;
  /** The required size as it was asked for, where that is more than a number holds exactly. */
  readonly requiredText?: string;
}

/** Throws OutOfRange for a size that no account holds, InvalidRequest for a limit below the size. */
export function assertSize(range: SizeRange, { maxBytes, maxText }: SizeRule): void {
  const { requiredBytes, limitBytes, requiredText = String(requiredBytes) } = range;
  if (requiredBytes > maxBytes) {
    const asked = (Number(requiredText) / 2 ** 50).toFixed(1);
    throw new DriverError(
      "OutOfRange",
      `required_bytes ${requiredText} (${asked} PiB) is over the maximum of ${maxText} (${maxBytes} bytes): ask for less`,
    );
  }
  if (limitBytes > 0 && limitBytes < requiredBytes) {
    throw new DriverError(
      "InvalidRequest",
      `limit_bytes ${limitBytes} is below required_bytes ${requiredBytes}: raise the limit`,
    );
  }
}

/** CSI: the size is at least `required_bytes` and at most `limit_bytes`. */
export function chooseSize(range: SizeRange, rule: SizeRule): number {
  assertSize(range, rule);
  if (range.requiredBytes > 0) return range.requiredBytes;
  return range.limitBytes > 0 ? Math.min(range.limitBytes, rule.defaultBytes) : rule.defaultBytes;
}
