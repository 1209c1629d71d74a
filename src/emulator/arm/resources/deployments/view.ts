/** A deployment, its operations and its outcome as ARM shows them. */
import type { Deployment, DeploymentOperation } from "../../../deployment-record.ts";

/** Body of PUT, GET and validate. */
export function deploymentView(deployment: Deployment) {
  const { id, name, location, at, state, correlationId, parameters, outputs, operations, error } = deployment;
  const isDone = state === "Succeeded";
  return {
    id,
    name,
    type: "Microsoft.Resources/deployments",
    ...(location === undefined ? {} : { location }),
    properties: {
      mode: "Incremental",
      provisioningState: state,
      timestamp: new Date(at).toISOString(),
      duration: "PT0S",
      correlationId,
      parameters,
      providers: [],
      dependencies: [],
      ...(isDone ? { outputs, outputResources: operations.map(({ target }) => ({ id: target.id })) } : {}),
      ...(error === undefined ? {} : { error }),
    },
  };
}

/** One entry of Deployment Operations - List. */
export function operationView({ id }: Deployment, operation: DeploymentOperation): object {
  const { operationId, at, statusCode, target, error } = operation;
  return {
    id: `${id}/operations/${operationId}`,
    operationId,
    properties: {
      provisioningOperation: "Create",
      provisioningState: error === undefined ? "Succeeded" : "Failed",
      timestamp: new Date(at).toISOString(),
      duration: "PT0S",
      statusCode: STATUS_TEXTS[statusCode] ?? String(statusCode),
      ...(error === undefined ? {} : { statusMessage: { error } }),
      targetResource: target,
    },
  };
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
};

/** Body at the `Azure-AsyncOperation` of a deployment. */
export function statusView({ state, error }: Deployment): object {
  return { status: state, ...(error === undefined ? {} : { error }) };
}
