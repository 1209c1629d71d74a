/**
 * Runs a deployment: every resource of its template is first checked and then written, by a PUT of its own with the caller's
 * rights, through the same checks as any other. The first refusal ends it; what was written stays, as in Azure.
 */
import { randomUUID } from "node:crypto";
import type { Deployment, DeploymentOperation } from "../../../deployment-record.ts";
import type { Reply } from "../../../http/call.ts";
import { isObject, type JsonObject } from "../../../json.ts";
import { ArmError } from "../../front-door/errors.ts";
import type { ArmRequest } from "../../provider.ts";
import type { PlannedResource } from "./template.ts";

/**
 * What ARM checks before it begins ("preflight"): that each type is known in its api-version, the caller's right, locks and
 * policies. 403 or 400 InvalidTemplateDeployment. What does not exist yet may be made by the deployment itself.
 */
export async function preflight(request: ArmRequest, resources: readonly PlannedResource[]): Promise<void> {
  for (const resource of resources) {
    try {
      request.inner.admit(putOf(resource));
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      if (error.status !== 404 || /^Invalid/.test(error.code)) throw invalidDeployment(resource, error);
    }
    if (isDeployment(resource)) await requireValid(request, resource);
  }
}

function isDeployment({ type }: PlannedResource): boolean {
  return type.toLowerCase() === "microsoft.resources/deployments";
}

/** A nested template is checked before its parent begins too. */
async function requireValid({ inner }: ArmRequest, resource: PlannedResource): Promise<void> {
  const { id, apiVersion, body } = resource;
  const reply = await inner.send({ method: "POST", path: `${id}/validate`, apiVersion, body });
  if (reply.status < 400) return;
  const { code, message, ...extras } = errorOf(reply);
  throw new ArmError(reply.status, String(code), String(message), extras);
}

function putOf({ id, apiVersion, body }: PlannedResource) {
  return { method: "PUT", path: id, apiVersion, body } as const;
}

function invalidDeployment({ name, type }: PlannedResource, cause: ArmError): ArmError {
  const isRight = cause.code === "AuthorizationFailed";
  const reason = isRight
    ? `Authorization failed for template resource '${name}' of type '${type}'. ${cause.message}`
    : `${cause.code}: ${cause.message}`;
  const details = [{ code: cause.code, message: cause.message, ...cause.extras }];
  const message = `The template deployment failed with error: '${reason}'.`;
  return new ArmError(isRight ? 403 : 400, "InvalidTemplateDeployment", message, isRight ? {} : { details });
}

/** Writes the resources, one after the other, and completes the deployment's record. */
export async function runDeployment(
  request: ArmRequest,
  deployment: Deployment,
  resources: readonly PlannedResource[],
): Promise<void> {
  for (const resource of resources) {
    const reply = await request.inner.send(putOf(resource));
    const failure = await failureOf(request, resource, reply);
    deployment.operations.push(toOperation(request, resource, reply.status, failure));
    if (failure === undefined) continue;
    deployment.state = "Failed";
    deployment.error = {
      code: "DeploymentFailed",
      target: deployment.id,
      message:
        "At least one resource deployment operation failed. Please list deployment operations for details. " +
        "Please see https://aka.ms/arm-deployment-operations for usage details.",
      details: [failure],
    };
    return;
  }
  deployment.state = "Succeeded";
}

/** The error of a refused PUT, or of a nested deployment that was accepted and has failed. */
async function failureOf(
  request: ArmRequest,
  resource: PlannedResource,
  reply: Reply,
): Promise<JsonObject | undefined> {
  if (reply.status >= 400) return errorOf(reply);
  if (!isDeployment(resource)) return undefined;
  const { id, apiVersion } = resource;
  const nested = await request.inner.send({ method: "GET", path: id, apiVersion });
  const properties = isObject(nested.body) ? nested.body["properties"] : undefined;
  const error = isObject(properties) ? properties["error"] : undefined;
  return isObject(error) ? error : undefined;
}

function errorOf({ status, body }: Reply): JsonObject {
  const error = isObject(body) ? body["error"] : undefined;
  return isObject(error) ? error : { code: String(status), message: "The resource write operation failed." };
}

function toOperation(
  { services }: ArmRequest,
  { id, name, type }: PlannedResource,
  status: number,
  failure: JsonObject | undefined,
): DeploymentOperation {
  return {
    operationId: randomUUID().replaceAll("-", "").slice(0, 16).toUpperCase(),
    at: services.clock.now(),
    statusCode: status,
    target: { id, resourceType: type, resourceName: name },
    ...(failure === undefined ? {} : { error: failure }),
  };
}
