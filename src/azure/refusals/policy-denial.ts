/**
 * Which Azure Policy has refused a write, and what it wants: read from the error of RequestDisallowedByPolicy. Nothing here
 * decides anything. Sources: "RequestDisallowedByPolicy" (troubleshooting of ARM), "Determine causes of non-compliance",
 * "Remediation messages" (`Reasons:`), and the answers that users of az and Terraform report; any member may be missing.
 */
import { type Requirement, readRequirements } from "./policy-requirement.ts";

/** One policy that denies, by the names that the portal shows; ARM ids where the error has them. */
export interface Denial {
  readonly assignment: Named;
  readonly definition: Named;
  /** The initiative that the definition is a part of; without name and id: none. */
  readonly initiative: Named;
  /** Where the assignment is, when the error says so. */
  readonly scope: string;
  /** The message for people that the assignment's owner has written; empty: none. */
  readonly reason: string;
  readonly requirements: readonly Requirement[];
  /** `tagName = owner`: what the assignment sets, without its effect. */
  readonly parameters: readonly string[];
}

export interface Named {
  readonly name: string;
  readonly id: string;
}

/** Before the JSON list in a message, with the list's first character. */
const IDENTIFIERS = "Policy identifiers: '[";

/**
 * `error` is the `error` member of ARM's body. Each policy once, in an order of their own, since Azure promises none and an
 * event is counted only while its text is the same; none for an error of another form.
 */
export function readDenials(error: unknown): Denial[] {
  const errors = errorsIn(error);
  const fromInfo = errors.flatMap(readAdditionalInfo);
  const found = fromInfo.length > 0 ? fromInfo : errors.flatMap(readMessage);
  const once = new Map(found.map((denial) => [JSON.stringify([denial.assignment, denial.definition]), denial]));
  return [...once].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, denial]) => denial);
}

/** What the owner of an assignment wants to be read, in a message without more: `Reasons: '...'`; empty: nothing. */
function readReasons(error: unknown): string {
  const [text = ""] = errorsIn(error)
    .map(({ message }) => asText(message))
    .filter((message) => message.includes("Reasons: '"));
  const begin = text.indexOf("Reasons: '") + "Reasons: '".length;
  const end = text.lastIndexOf("'");
  return text === "" || end <= begin ? "" : text.slice(begin, end);
}

/** The error itself and its details, which carry the policies of a write that consists of several. */
function errorsIn(error: unknown): Record<string, unknown>[] {
  const top = asObject(error);
  return [top, ...asArray(top["details"]).map(asObject)];
}

function readAdditionalInfo(error: Record<string, unknown>): Denial[] {
  const reasons = readReasons({ message: error["message"] });
  return asArray(error["additionalInfo"])
    .map(asObject)
    .filter(({ type }) => type === "PolicyViolation")
    .map(({ info }) => readInfo(asObject(info), reasons))
    .filter(isKnown);
}

function readInfo(info: Record<string, unknown>, reasons: string): Denial {
  const details = asObject(info["evaluationDetails"]);
  const parameters = parametersIn(info["policyAssignmentParameters"]);
  const denial = {
    assignment: named(info, "policyAssignment"),
    definition: named(info, "policyDefinition"),
    initiative: named(info, "policySetDefinition"),
    scope: asText(info["policyAssignmentScope"]),
    reason: asText(details["reason"]) || reasons,
    requirements: readRequirements(asArray(details["evaluatedExpressions"]).map(asObject), parameters),
  };
  const shown = Object.entries(parameters).filter(([name]) => !/effect$/i.test(name));
  return { ...denial, parameters: shown.map(([name, value]) => `${name} = ${[value].flat().join(", ")}`) };
}

/** `{tagName: {value: "owner"}}`, or the values themselves. */
function parametersIn(value: unknown): Record<string, unknown> {
  const entries = Object.entries(asObject(value)).map(([name, parameter]) => {
    const held = asObject(parameter);
    return [name, Object.hasOwn(held, "value") ? held["value"] : parameter] as const;
  });
  return Object.fromEntries(entries.filter(([, held]) => typeof held !== "object" || Array.isArray(held)));
}

function named(
  info: Record<string, unknown>,
  what: "policyAssignment" | "policyDefinition" | "policySetDefinition",
): Named {
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
      .map(({ policyAssignment, policyDefinition, policySetDefinition }) => ({
        assignment: identifier(policyAssignment),
        definition: identifier(policyDefinition),
        initiative: identifier(policySetDefinition),
        ...{ scope: "", reason: readReasons({ message: message.slice(0, begin) }), requirements: [], parameters: [] },
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

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
