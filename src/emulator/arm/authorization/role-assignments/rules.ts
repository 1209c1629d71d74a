/** Limits on the condition and the description of a role assignment. */
import { parseCondition } from "../../../authorization/conditions/parser.ts";
import { InvalidCondition } from "../../../authorization/conditions/tokens.ts";
import { badRequest } from "../../front-door/errors.ts";

/** Azure RBAC limits: 8 KB of condition, 2 KB of description. */
const CONDITION_BYTES = 8 * 1024;
const DESCRIPTION_BYTES = 2 * 1024;

/**
 * Throws 400 for a condition that is too long, has another version than 2.0, or does not follow the documented grammar.
 */
export function requireCondition(condition: string | undefined, version: string | undefined): void {
  if (condition === undefined || condition === "") return;
  if (Buffer.byteLength(condition) > CONDITION_BYTES) {
    throw badRequest("InvalidRoleAssignmentCondition", "The role assignment condition exceeds the limit of 8 KB.");
  }
  if (version !== "2.0") throw invalid("conditionVersion must be '2.0'");
  try {
    parseCondition(condition);
  } catch (error) {
    if (error instanceof InvalidCondition) throw invalid(error.message);
    throw error;
  }
}

function invalid(reason: string) {
  return badRequest("InvalidRoleAssignmentCondition", `The given role assignment condition is invalid. ${reason}`);
}

/** Throws 400 for a description that is too long. */
export function requireDescription(description: string | undefined): void {
  if (description === undefined || Buffer.byteLength(description) <= DESCRIPTION_BYTES) return;
  throw badRequest("BadRequestFormat", "The role assignment description exceeds the limit of 2 KB.");
}
