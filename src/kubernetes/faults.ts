/** Errors of the API server as DriverErrors: the only place that reads its HTTP statuses. */
import { ApiException } from "@kubernetes/client-node";
import { DriverError } from "../errors.ts";

/** The object, or undefined when the API server answers 404. */
export async function read<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw toDriverError(error, `reading ${what}`);
  }
}

/** The same for reads to which 404 is no valid answer. */
export async function reading<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw toDriverError(error, `reading ${what}`);
  }
}

/** `doing` as in "reading claim a/b". What is a DriverError already stays as it is. */
export function toDriverError(error: unknown, doing: string): DriverError {
  if (error instanceof DriverError) return error;
  const status = error instanceof ApiException ? error.code : undefined;
  if (status === 403) {
    return new DriverError(
      "Misconfigured",
      `${doing} is forbidden: give the controller's ServiceAccount the roles in deploy/manifests/rbac.yaml`,
      { cause: error },
    );
  }
  const isLate = error instanceof Error && ["TimeoutError", "AbortError"].includes(error.name);
  const how = status === undefined ? (isLate ? "no answer in time" : "no answer") : `HTTP ${status}`;
  return new DriverError(
    isLate ? "DeadlineExceeded" : "Unavailable",
    `${doing} failed (${how}): the API server is queried again at the next attempt`,
    { cause: error },
  );
}
