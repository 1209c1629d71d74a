/**
 * Which Azure Policy has refused a write: read from the error of RequestDisallowedByPolicy, so that a claim's event names
 * the assignment and the definition that somebody has to change. Nothing here decides anything.
 */

import { cut } from "../text/cut.ts";

/** One policy that denies, by the names that the portal shows; ARM ids where the error has them. */
interface Denial {
  readonly assignment: Named;
  readonly definition: Named;
}

interface Named {
  readonly name: string;
  readonly id: string;
}

/** Before the JSON list in a message, with the list's first character. */
const IDENTIFIERS = "Policy identifiers: '[";

/** More than these would not fit into an event. */
const MOST = 3;

/**
 * `assignment "A" (id) by definition "D" (id)`, for each policy of the error, or undefined when it names none. `error` is
 * the `error` member of ARM's body. Sources: "RequestDisallowedByPolicy" (ARM troubleshooting) for additionalInfo, whose
 * fields may be missing; the message's "Policy identifiers" hold the same as JSON.
 */
export function describeDenials(error: unknown): string | undefined {
  const fromInfo = errorsIn(error).flatMap(readAdditionalInfo);
  const found = fromInfo.length > 0 ? fromInfo : errorsIn(error).flatMap(readMessage);
  const policies = [...new Set(found.map(describe))];
  if (policies.length === 0) return undefined;
  const more = policies.length > MOST ? `, and ${policies.length - MOST} more` : "";
  return `${policies.slice(0, MOST).join(", and ")}${more}`;
}

/** The error itself and its details, which carry the policies of a write that consists of several. */
function errorsIn(error: unknown): Record<string, unknown>[] {
  const top = asObject(error);
  return [top, ...asArray(top["details"]).map(asObject)];
}

function readAdditionalInfo(error: Record<string, unknown>): Denial[] {
  return asArray(error["additionalInfo"])
    .map(asObject)
    .filter(({ type }) => type === "PolicyViolation")
    .map(({ info }) => asObject(info))
    .map((info) => ({
      assignment: named(info, "policyAssignment"),
      definition: named(info, "policyDefinition"),
    }))
    .filter(isKnown);
}

function named(info: Record<string, unknown>, what: "policyAssignment" | "policyDefinition"): Named {
  const name = asText(info[`${what}DisplayName`]) || asText(info[`${what}Name`]);
  return { name, id: asText(info[`${what}Id`]) };
}

function readMessage(error: Record<string, unknown>): Denial[] {
  // By indexes: an expression that looks for the last bracket from each beginning is quadratic.
  const message = asText(error["message"]);
  const [begin, end] = [message.indexOf(IDENTIFIERS), message.lastIndexOf("]'")];
  const json = begin < 0 || end < begin ? "[]" : message.slice(begin + IDENTIFIERS.length - 1, end + 1);
  try {
    return asArray(JSON.parse(json))
      .map(asObject)
      .map(({ policyAssignment, policyDefinition }) => ({
        assignment: identifier(policyAssignment),
        definition: identifier(policyDefinition),
      }))
      .filter(isKnown);
  } catch {
    // Cut short or of another form: the message itself is reported then.
    return [];
  }
}

function identifier(value: unknown): Named {
  const { name, id } = asObject(value);
  return { name: asText(name), id: asText(id) };
}

function isKnown({ assignment, definition }: Denial): boolean {
  return [assignment, definition].some(({ name, id }) => name !== "" || id !== "");
}

function describe({ assignment, definition }: Denial): string {
  return `assignment ${label(assignment)} by definition ${label(definition)}`;
}

/** One line, whatever a display name contains. */
function label({ name, id }: Named): string {
  const shown = cut(name, 128).replace(/\s+/g, " ");
  if (shown === "") return id === "" ? "(unnamed)" : id;
  return id === "" ? `"${shown}"` : `"${shown}" (${id})`;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
