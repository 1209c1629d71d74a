/** Reads for a report: what cannot be read is a part of it, with the reason, and no failure. */
import { ApiException } from "@kubernetes/client-node";
import { DriverError } from "../../errors.ts";
import { systemCodeOf } from "../../text/file-faults.ts";
import { ListTooLong } from "../pages.ts";

/** What was read, or why it could not be. */
export type Attempt<T> = { readonly value: T } | { readonly why: string };

/** Never rejects. */
export async function attempt<T>(read: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { why: whyNot(error) };
  }
}

/** In the API server's own words, as far as it has answered: they say who lacks which right. */
function whyNot(error: unknown): string {
  // Of a pod that no node runs yet.
  if (error instanceof ApiException && error.code === 204) return "there is nothing to read yet";
  if (error instanceof ApiException) return `HTTP ${error.code}${messageIn(error.body)}`;
  if (error instanceof DriverError || error instanceof ListTooLong) return error.message;
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  return `no answer (${systemCodeOf(error)})`;
}

/** Kubernetes API, "Status": what was wrong, for people. Other bodies, of a proxy for instance, are not shown. */
function messageIn(body: unknown): string {
  try {
    const { message } = JSON.parse(String(body)) as { readonly message?: unknown };
    return typeof message === "string" && message !== "" ? `: ${message}` : "";
  } catch {
    return "";
  }
}
