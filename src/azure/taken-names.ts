/** Which refusals of an account's PUT are about its name, and not about what was asked for. */
import { codeOf, statusOf } from "./faults.ts";

/** The name is in use elsewhere in Azure: in another subscription, tenant or resource group. */
const TAKEN = ["StorageAccountAlreadyTaken", "StorageAccountInAnotherResourceGroup", "AccountNameNotAvailable"];
/** It is in use in the resource group itself. */
const EXISTS = ["StorageAccountAlreadyExists", "InvalidResourceLocation"];

/** `ReservedResourceName`, `StorageAccountNameUnavailable`, `AccountAlreadyExists`, ... */
const SPEAKS_OF_IT = /name|^(storage)?account.*(taken|inuse|exists|reserved|available)/i;
/**
 * The form of a name, which is the same in every attempt and always right, so that another name would not help; and names of
 * other things. A policy's denial is 403.
 */
const SPEAKS_OF_ELSE =
  /invalid|notvalid|malformed|length|character|namespace|tag|group|sku|type|kind|tier|domain|policy|scope|location|region|zone|subscription|key|property|parameter/i;

/**
 * `"elsewhere"`: nobody can create the account here. `"perhaps here"`: read it, and if it is not in this resource group it is
 * elsewhere; any 400 or 409 that speaks of the name counts, since Azure's list of codes is not complete (azure.md 8).
 * Undefined: the refusal is about something else.
 */
export function whereTaken(error: unknown): "elsewhere" | "perhaps here" | undefined {
  const code = codeOf(error) ?? "";
  if (TAKEN.includes(code)) return "elsewhere";
  if (EXISTS.includes(code)) return "perhaps here";
  const isRefusal = [400, 409].includes(statusOf(error) ?? 0);
  return isRefusal && SPEAKS_OF_IT.test(code) && !SPEAKS_OF_ELSE.test(code) ? "perhaps here" : undefined;
}
