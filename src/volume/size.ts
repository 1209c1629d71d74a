/** How large a volume is: CSI's two bounds, and the rule of the backend. */
import type { SizeRule } from "../backend/backend.ts";
import { DriverError } from "../errors.ts";

/** What a caller asks of a volume's size. */
export interface SizeRange {
  /** 0 when the caller states none. */
  readonly requiredBytes: number;
  /** 0 when the caller states none. */
  readonly limitBytes: number;
}

/** Throws OutOfRange for a size that no account holds, InvalidRequest for a limit below the size. */
export function assertSize({ requiredBytes, limitBytes }: SizeRange, { maxBytes, maxText }: SizeRule): void {
  if (requiredBytes > maxBytes) {
    throw new DriverError(
      "OutOfRange",
      `required_bytes ${requiredBytes} is over the maximum of ${maxText} (${maxBytes} bytes): ask for less`,
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
