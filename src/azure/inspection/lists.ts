/** Lists that no SDK client here has an operation for, and answers that depend on the rights of the one who asks. */
import type { Arm } from "../arm.ts";
import { statusOf, toDriverError } from "../faults.ts";

/** Every item of a list, page by page. `path` is as in `ArmRequest`. Throws as the SDKs do. */
export async function listAll(
  arm: Arm,
  subscriptionId: string,
  { path, apiVersion }: { readonly path: string; readonly apiVersion: string },
): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const answer = await arm.send(subscriptionId, { method: "GET", path: next, apiVersion });
    const { value = [], nextLink } = answer as { readonly value?: readonly unknown[]; readonly nextLink?: string };
    found.push(...value);
    next = typeof nextLink === "string" && nextLink !== "" ? pathIn(nextLink) : undefined;
  }
  return found;
}

/** Of a link, which may name another host than the one that was asked: only what is behind it is used. */
function pathIn(link: string): string {
  const url = new URL(link);
  url.searchParams.delete("api-version");
  return `${url.pathname}${url.search}`;
}

/** `"hidden"` for 403. Throws a DriverError for every other failure; `doing` as in `toDriverError`. */
export async function orHidden<T>(doing: string, work: () => Promise<T>): Promise<T | "hidden"> {
  try {
    return await work();
  } catch (error) {
    if (statusOf(error) === 403) return "hidden";
    throw toDriverError(error, doing);
  }
}
