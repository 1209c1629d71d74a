/** Reads for `keyless-csi doctor`, which an installation works without: what may not be read is not its fault. */
import { ApiException } from "@kubernetes/client-node";
import { DriverError } from "../../errors.ts";
import type { Api } from "../api.ts";
import { toDriverError } from "../faults.ts";

/** Objects, and the reviews that the API server answers and does not keep. */
export type Reads = Pick<Api, "get" | "create">;

/** What allows it. */
const FIX =
  "kubectl apply -f deploy/manifests/doctor-rbac.yaml, or rbac.doctor of the chart, and run doctor in the controller's pod";

/** `what` as in "the Deployments of namespace a". Throws Forbidden where the right is missing. */
export async function ask<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiException && error.code === 403) {
      const message = `${what} may not be read with this sign-in to the cluster. Fix: ${FIX}`;
      throw new DriverError("Forbidden", message, { cause: error });
    }
    throw toDriverError(error, `reading ${what}`);
  }
}

/** The same for one object: undefined when there is none. */
export async function askFor<T>(what: string, read: () => Promise<T>): Promise<T | undefined> {
  return await ask(what, async () => {
    try {
      return await read();
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return undefined;
      throw error;
    }
  });
}
