/**
 * Deployments of ARM templates at a subscription or resource group: create, validate, get, list operations, delete
 * ("Deployments"). A template makes at once what its PUTs make; accounts that are still being created are not waited for.
 */

import type { Deployment } from "../../../deployment-record.ts";
import type { Reply } from "../../../http/call.ts";
import { ArmError, badRequest, conflict, resourceGroupNotFound } from "../../front-door/errors.ts";
import { objectAt, stringAt } from "../../front-door/json.ts";
import { requireLocation } from "../../front-door/locations.ts";
import { pageReply } from "../../front-door/paging.ts";
import { type ArmRequest, type Route, routesOf } from "../../provider.ts";
import { preflight, runDeployment } from "./run.ts";
import { type DeploymentScope, type ReadTemplate, readTemplate } from "./template.ts";
import { deploymentView, operationView, statusView } from "./view.ts";

const TYPE = "Microsoft.Resources/deployments";
const ALL = "{scope}/providers/Microsoft.Resources/deployments";
const ITEM = `${ALL}/{deployment}`;
const SCOPE = /^\/subscriptions\/([^/]+)(?:\/resourceGroups\/([^/]+))?$/i;

/** REST: Deployments - Create Or Update, Get, Check Existence, Delete, Validate, List; Deployment Operations - List. */
export const deploymentRoutes: readonly Route<typeof TYPE>[] = routesOf(TYPE, [
  ["GET", ALL, "read", "deployments/list", listDeployments],
  ["PUT", ITEM, "write", "deployments/create", putDeployment],
  ["GET", ITEM, "read", "deployments/get", (request) => ({ status: 200, body: deploymentView(requireOne(request)) })],
  ["HEAD", ITEM, "read", "deployments/check", (request) => ({ status: find(request) === undefined ? 404 : 204 })],
  ["DELETE", ITEM, "delete", "deployments/delete", deleteDeployment],
  ["POST", `${ITEM}/validate`, "validate/action", "deployments/validate", validate],
  ["GET", `${ITEM}/operations`, "operations/read", "deployments/operations", listOperations],
  ["GET", `${ITEM}/operationStatuses/{id}`, "operationstatuses/read", "deployments/poll", poll],
]);

/** Names of the subscription and the resource group that a deployment is at; 404 for any other scope. */
function placeOf({ params, path }: ArmRequest): { subscriptionId: string; resourceGroup: string | undefined } {
  const [, subscriptionId, resourceGroup] = SCOPE.exec(params["scope"] ?? "") ?? [];
  if (subscriptionId !== undefined) return { subscriptionId, resourceGroup };
  throw new ArmError(404, "InvalidRequestUri", `The emulator has no deployments at the scope of '${path}'.`);
}

/** 201 with `Azure-AsyncOperation`, where the outcome is; 200 for one that existed. */
async function putDeployment(request: ArmRequest): Promise<Reply> {
  const { read, location } = open(request);
  const existing = find(request);
  if (existing?.state === "Running") {
    throw conflict(
      "DeploymentActive",
      `Unable to edit or replace deployment '${existing.name}': previous deployment is still active.`,
    );
  }
  if (existing?.location !== undefined && existing.location !== location) {
    throw conflict(
      "InvalidDeploymentLocation",
      `Invalid deployment location '${location}'. The deployment '${existing.name}' already exists in location '${existing.location}'.`,
    );
  }
  await preflight(request, read.resources);
  const deployment: Deployment = {
    id: idOf(request),
    name: request.params["deployment"] ?? "",
    ...(location === undefined ? {} : { location }),
    at: request.services.clock.now(),
    correlationId: request.call.id,
    parameters: objectAt(objectAt(request.body, "properties"), "parameters"),
    outputs: read.outputs,
    operations: [],
    state: "Running",
  };
  request.services.world.deployments.set(deployment.id.toLowerCase(), deployment);
  await runDeployment(request, deployment, read.resources);
  const url = new URL(`${deployment.id}/operationStatuses/${request.call.id}`, request.call.origin);
  url.searchParams.set("api-version", request.apiVersion);
  const seconds = String(request.services.settings.operationRetryAfterSeconds);
  return {
    status: existing === undefined ? 201 : 200,
    headers: { "Azure-AsyncOperation": url.toString(), "Retry-After": seconds },
    body: deploymentView({ ...deployment, state: "Accepted" }),
  };
}

/** What is checked before anything is written: names, location, template, and the caller's right to each resource. */
function open(request: ArmRequest): { read: ReadTemplate; location: string | undefined } {
  const name = request.params["deployment"] ?? "";
  if (!/^[-\w.()]{1,64}$/.test(name))
    throw badRequest("InvalidDeploymentName", `The deployment name '${name}' is not valid.`);
  const sent = stringAt(request.body, "location");
  const isInGroup = placeOf(request).resourceGroup !== undefined;
  if (isInGroup && sent !== undefined) {
    throw badRequest(
      "InvalidDeployment",
      "The 'location' property is not allowed for a deployment at resource group scope.",
    );
  }
  if (!isInGroup && sent === undefined) {
    throw badRequest("LocationRequired", "The location property is required for this definition.");
  }
  const location = sent === undefined ? undefined : requireLocation(sent);
  return { read: readTemplate(objectAt(request.body, "properties"), scopeOf(request, location)), location };
}

async function validate(request: ArmRequest): Promise<Reply> {
  const { read, location } = open(request);
  await preflight(request, read.resources);
  const name = request.params["deployment"] ?? "";
  const view = deploymentView({
    id: idOf(request),
    name,
    ...(location === undefined ? {} : { location }),
    at: request.services.clock.now(),
    correlationId: request.call.id,
    parameters: objectAt(objectAt(request.body, "properties"), "parameters"),
    outputs: {},
    operations: [],
    state: "Succeeded",
  });
  const validated = { validatedResources: read.resources.map(({ id }) => ({ id })) };
  return { status: 200, body: { ...view, properties: { ...view.properties, ...validated } } };
}

function scopeOf(request: ArmRequest, location: string | undefined): DeploymentScope {
  const { params, services } = request;
  const { subscriptionId, resourceGroup } = placeOf(request);
  const subscription = services.world.subscriptions.get(subscriptionId.toLowerCase());
  const { tenantId = "", displayName = "" } = subscription ?? {};
  const id = `/subscriptions/${subscription?.id ?? subscriptionId}`;
  const seen = {
    subscription: { id, subscriptionId: subscription?.id ?? subscriptionId, tenantId, displayName },
    deployment: { name: params["deployment"] ?? "", ...(location === undefined ? {} : { location }) },
  };
  if (resourceGroup === undefined) return { id, surroundings: seen };
  const group = services.world.resourceGroups.get(`${id}/resourceGroups/${resourceGroup}`.toLowerCase());
  if (group === undefined) throw resourceGroupNotFound(resourceGroup);
  return { id: group.id, surroundings: { ...seen, resourceGroup: group } };
}

function idOf(request: ArmRequest): string {
  placeOf(request);
  const { scope = "", deployment = "" } = request.params;
  return `${scope}/providers/${TYPE}/${deployment}`;
}

function find(request: ArmRequest): Deployment | undefined {
  return request.services.world.deployments.get(idOf(request).toLowerCase());
}

function requireOne(request: ArmRequest): Deployment {
  const found = find(request);
  if (found !== undefined) return found;
  const name = request.params["deployment"] ?? "";
  throw new ArmError(404, "DeploymentNotFound", `Deployment '${name}' could not be found.`);
}

function listDeployments(request: ArmRequest): Reply {
  const prefix = idOf(request).toLowerCase();
  const found = [...request.services.world.deployments.entries()].filter(([id]) => id.startsWith(prefix));
  return pageReply(
    request,
    found.map(([key, deployment]) => ({ key, view: deploymentView(deployment) })),
  );
}

function listOperations(request: ArmRequest): Reply {
  const deployment = requireOne(request);
  const items = deployment.operations.map((operation, index) => ({
    key: String(index).padStart(6, "0"),
    view: operationView(deployment, operation),
  }));
  return pageReply(request, items);
}

function poll(request: ArmRequest): Reply {
  return { status: 200, body: statusView(requireOne(request)) };
}

/** Only the record goes; what was deployed stays. */
function deleteDeployment(request: ArmRequest): Reply {
  const isGone = request.services.world.deployments.delete(idOf(request).toLowerCase());
  return { status: isGone ? 200 : 204 };
}
