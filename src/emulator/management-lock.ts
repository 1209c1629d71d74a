/** A lock at a scope, which refuses deletes or all changes there and below it. */
export interface ManagementLock {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  level: "CanNotDelete" | "ReadOnly";
  notes?: string;
}
