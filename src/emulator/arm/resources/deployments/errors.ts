/** How deployments are refused. */
import { type ArmError, badRequest } from "../../front-door/errors.ts";

/** 400 InvalidTemplate, in ARM's words around the reason. */
export function invalidTemplate(reason: string): ArmError {
  return badRequest("InvalidTemplate", `Deployment template validation failed: '${reason}.'.`);
}
