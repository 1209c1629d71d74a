/** The body that a route works with: what ARM and its provider accept of what was sent. */
import type { JsonObject } from "../../json.ts";
import type { ArmRequest, Route } from "../provider.ts";
import { readBody } from "./read-body.ts";
import { refusalsOf } from "./refusals.ts";
import { requireResourceDefinition } from "./resource-definition.ts";

/** Throws 400 in the words of ARM or of the route's provider. A route that names no body gets what was sent. */
export function acceptedBody(request: ArmRequest, route: Route): JsonObject {
  const { body, services } = request;
  if (route.body === undefined) return body;
  if (route.method === "PUT" || route.method === "PATCH") requireResourceDefinition(body);
  return readBody(route.body, request.apiVersion, body, refusalsOf(route.type, { body, variants: services.settings }));
}
