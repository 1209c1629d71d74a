/** Request headers as the data plane reads them. */
import type { Call } from "../http/call.ts";
import { invalidHeader } from "./errors.ts";

/** Anything with a call's headers. */
export interface WithHeaders {
  readonly call: Pick<Call, "headers">;
}

/** The value of a request header; undefined when it is absent or empty. */
export function header(request: WithHeaders, name: string): string | undefined {
  const value = request.call.headers[name];
  const text = Array.isArray(value) ? value.join(",") : value;
  return text === "" ? undefined : text;
}

/** A header that must be a whole number; 400 InvalidHeaderValue otherwise. */
export function numberHeader(request: WithHeaders, name: string): number | undefined {
  const value = header(request, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) throw invalidHeader(name, value);
  return Number(value);
}
