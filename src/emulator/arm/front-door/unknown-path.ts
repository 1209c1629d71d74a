/** What ARM answers to an unknown path: never a silent 200. */
import { findProvider, type Provider } from "../provider.ts";
import { ArmError } from "./errors.ts";

/** The error for a call without a route. `isServed`: the path exists, but not with this method. */
export function unknownPath(providers: readonly Provider[], method: string, path: string, isServed: boolean): ArmError {
  if (isServed) {
    return new ArmError(405, "MethodNotAllowed", `The requested resource does not support http method '${method}'.`);
  }
  const provider = /^.*\/providers\/([^/]+)(?:\/(.*))?$/i.exec(path);
  if (provider !== null) return unknownType(providers, provider[1] ?? "", provider[2] ?? "");
  if (/^\/subscriptions\/[^/]+/i.test(path)) {
    return new ArmError(404, "InvalidRequestUri", `The request URI '${path}' is not valid: there is no such resource.`);
  }
  return new ArmError(
    404,
    "MissingSubscription",
    "The request did not have a subscription or a valid tenant level resource provider.",
  );
}

/** For a namespace that no provider has. */
export function unknownNamespace(namespace: string): ArmError {
  return new ArmError(404, "InvalidResourceNamespace", `The resource namespace '${namespace}' is invalid.`);
}

function unknownType(providers: readonly Provider[], namespace: string, rest: string): ArmError {
  if (findProvider(providers, namespace) === undefined) return unknownNamespace(namespace);
  const type = rest
    .split("/")
    .filter((_, index) => index % 2 === 0)
    .join("/");
  return new ArmError(
    404,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace '${namespace}'.`,
  );
}
