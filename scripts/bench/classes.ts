// The StorageClasses that the bench provisions from: the shipped one's mount options, and parameters for each way.
import { manifestOf, readManifests } from "../../test/support/deployment.ts";
import type { Shape } from "./load/requests.ts";
import { WORKLOAD_CLIENT } from "./stand-in/azure.ts";

/** Whose grant it is, one for each container or one for the account. */
export type GrantScope = "container" | "account";

/** `account` needs an account for each namespace or volume, so that nobody else's containers are in it. */
export async function classFor(grantScope: GrantScope, clientID = WORKLOAD_CLIENT): Promise<Omit<Shape, "prefix">> {
  const { mountOptions = [] } = manifestOf(await readManifests(), "StorageClass") as { mountOptions?: string[] };
  const scope: Record<string, string> = grantScope === "account" ? { grantScope, isolation: "namespace" } : {};
  return { parameters: { clientID, ...scope }, mountFlags: mountOptions, namesClaim: true };
}
