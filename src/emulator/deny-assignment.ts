/**
 * What takes rights away from everybody but whom it excludes, whatever their roles. Only Azure makes one: a deployment stack, a managed
 * application, a blueprint. Here a test does.
 */
export interface DenyAssignment {
  /** ARM id. */
  readonly id: string;
  readonly displayName: string;
  readonly scope: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  /** Absent: none. */
  readonly dataActions?: readonly string[];
  /** Object ids that it does not deny anything. */
  readonly excludePrincipals: readonly string[];
}
