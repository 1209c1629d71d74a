/**
 * Ways in which Azure may behave where its documentation leaves it open: each has been reported, and none can be settled
 * without a subscription. A client has to be right either way, so each is a switch that a test can turn while the emulator
 * runs. All are off by default and on in `REALISTIC_SETTINGS`. Times are by the emulator's clock.
 */
export interface AzureVariants {
  /**
   * From the PUT of a role assignment until lists show it. terraform-provider-azurerm sleeps 30 s between the two in its
   * test of role assignment lists. No report says that lists show a deleted one for a while, so that has no switch.
   */
  readonly assignmentListLagMs: number;
  /**
   * From the PUT of a role assignment until GET by name finds it (404 RoleAssignmentNotFound): terraform-provider-azurerm
   * 9379; it polls until five reads in a row succeed (6925).
   */
  readonly assignmentReadLagMs: number;
}

/** Azure as its documentation reads at first. */
export const NO_VARIANTS: AzureVariants = {
  assignmentListLagMs: 0,
  assignmentReadLagMs: 0,
};

/** Azure at its least convenient. */
export const ALL_VARIANTS: AzureVariants = {
  assignmentListLagMs: 30_000,
  assignmentReadLagMs: 15_000,
};

/** Throws an Error that names what is not a variant, or has a value of another kind than its default's. */
export function parseVariants(json: unknown): Partial<AzureVariants> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("send an object of variants");
  for (const [name, value] of Object.entries(json)) {
    if (!Object.hasOwn(NO_VARIANTS, name)) {
      throw new Error(`"${name}" is not known; known are ${Object.keys(NO_VARIANTS).join(", ")}`);
    }
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number of milliseconds`);
  }
  return json;
}
