/** A stored access policy, as a container keeps it ("Define a stored access policy"). */

/** One stored access policy; what it leaves out the SAS must say. */
export interface AccessPolicy {
  readonly id: string;
  readonly start?: string;
  readonly expiry?: string;
  readonly permissions?: string;
}
