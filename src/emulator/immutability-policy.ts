/** The time-based retention of a container. */
export interface ImmutabilityPolicy {
  state: "Unlocked" | "Locked";
  periodDays: number;
  allowProtectedAppendWrites: boolean;
  etag: string;
}
