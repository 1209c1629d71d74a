/**
 * A denial by Azure Policy in words for a claim's event: which assignment and definition, where, what they want, why, and
 * whether a class can do that. What a class can do is the backend's business.
 */
import { cut } from "../../text/cut.ts";
import { type Denial, type Named, readDenials } from "./policy-denial.ts";
import type { Requirement } from "./policy-requirement.ts";

/**
 * The class parameter that makes a new account comply with all that is wanted of one property, as `publicNetworkAccess:
 * "Disabled"`, or undefined where no class can.
 */
export type ComplyingParameter = (property: string, wishes: readonly Requirement[]) => string | undefined;

/** More than these would not fit into an event. */
const MOST_POLICIES = 3;
const MOST_REQUIREMENTS = 3;
const LONGEST_NAME = 128;
const LONGEST_REQUIREMENT = 160;
const LONGEST_REASON = 200;
const SHORTEST_REASON = 80;
const LONGEST_ADVICE = 160;

const EXEMPTION = "ask the owner of the policy assignment for an exemption";
const GIVEN_ACCOUNT = "name an account that complies in the class's storageAccount";

/**
 * What denies, or undefined when `error` (the `error` member of ARM's body) names no policy. Ids are left out, then initiatives and
 * the ends of reasons, and then policies, until the text has `room` characters.
 */
export function describeDenials(error: unknown, room = Number.POSITIVE_INFINITY): string | undefined {
  const denials = readDenials(error);
  if (denials.length === 0) return undefined;
  const most = Math.min(denials.length, MOST_POLICIES);
  const texts = [
    inWords(denials, most, "with ids"),
    ...Array.from({ length: most }, (_, index) => [
      inWords(denials, most - index, "names"),
      inWords(denials, most - index, "briefly"),
    ]).flat(),
  ];
  return texts.find((text) => text.length <= room) ?? texts.at(-1);
}

/** The end of the message. Without `complyingParameter` what is denied is nothing that a class shapes. */
export function policyRemedy(error: unknown, complyingParameter?: ComplyingParameter): string {
  if (complyingParameter === undefined) return `no parameter of a class changes that: ${EXEMPTION}`;
  const wishes = byProperty(readDenials(error).flatMap((denial) => denial.requirements));
  const advice = wishes.map((all) => ({ all, text: complyingParameter(all[0]?.property ?? "", all) }));
  const possible = [...new Set(advice.flatMap(({ text }) => text ?? []))];
  const impossible = advice.filter(({ text }) => text === undefined).map(({ all }) => all[0]?.property ?? "");
  if (impossible.length > 0) {
    return `no class can comply (${cut(impossible.join(", "), LONGEST_ADVICE)}): ${EXEMPTION}, or ${GIVEN_ACCOUNT}`;
  }
  const how = possible.length === 0 ? "" : ` (${cut(possible.join(", "), LONGEST_ADVICE)})`;
  return `change the class so that it complies${how}, or ${EXEMPTION}, or ${GIVEN_ACCOUNT}`;
}

/** How much is said of a policy. */
type Detail = "with ids" | "names" | "briefly";

function byProperty(requirements: readonly Requirement[]): Requirement[][] {
  return [...Map.groupBy(requirements, ({ property }) => property.toLowerCase()).values()];
}

function inWords(denials: readonly Denial[], most: number, how: Detail): string {
  const more = denials.length > most ? `, and ${denials.length - most} more` : "";
  const policies = denials.slice(0, most).map((denial) => describe(denial, how));
  return `${[...new Set(policies)].join(", and ")}${more}`;
}

function describe(denial: Denial, how: Detail): string {
  const { assignment, definition, initiative, reason } = denial;
  const isNamed = how !== "briefly" && (initiative.name !== "" || initiative.id !== "");
  const at = how === "with ids" ? "" : scopeOf(denial);
  const by = `assignment ${label(assignment, how)}${at}${isNamed ? ` of initiative ${label(initiative, "names")}` : ""}`;
  const why =
    reason === "" ? "" : `, because "${oneLine(reason, how === "briefly" ? SHORTEST_REASON : LONGEST_REASON)}"`;
  return `${by} by definition ${label(definition, how)}${wishOf(denial)}${why}`;
}

function scopeOf({ scope, assignment }: Denial): string {
  const found = scope || assignment.id.split(/\/providers\/Microsoft\.Authorization\/policyAssignments\//i, 1)[0];
  if (found === undefined || found === "" || found === assignment.id) return "";
  const [, group] = /^\/providers\/Microsoft\.Management\/managementGroups\/([^/]+)$/i.exec(found) ?? [];
  return ` at ${group === undefined ? found : `management group ${group}`}`;
}

function wishOf({ requirements, parameters }: Denial): string {
  const told = requirements.length > 0 ? requirements.map(requirementInWords) : parameters.map(parameterInWords);
  if (told.length === 0) return "";
  const more = told.length > MOST_REQUIREMENTS ? `; and ${told.length - MOST_REQUIREMENTS} more` : "";
  return `: ${requirements.length > 0 ? "" : "it is set to "}${told.slice(0, MOST_REQUIREMENTS).join("; ")}${more}`;
}

function requirementInWords({ property, must, actual }: Requirement): string {
  const is = actual === undefined ? "" : ` (it is ${actual === "" ? "empty" : cut(actual, LONGEST_REQUIREMENT)})`;
  return `${property} ${oneLine(must, LONGEST_REQUIREMENT)}${is}`;
}

function parameterInWords(parameter: string): string {
  return oneLine(parameter, LONGEST_REQUIREMENT);
}

/** One line, whatever a display name contains. */
function label({ name, id }: Named, how: Detail): string {
  const shown = oneLine(name, LONGEST_NAME);
  if (shown === "") return id === "" ? "(unnamed)" : id;
  return id === "" || how !== "with ids" ? `"${shown}"` : `"${shown}" (${id})`;
}

function oneLine(text: string, most: number): string {
  return cut(text, most).replace(/\s+/g, " ").trim();
}
