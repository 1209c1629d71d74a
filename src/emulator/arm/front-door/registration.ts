/** A subscription uses a resource provider only once it is registered with it ("Azure resource providers and types"). */
import type { World } from "../../world.ts";
import type { Route } from "../provider.ts";
import { ArmError } from "./errors.ts";
import { subscriptionOf } from "./resource-ids.ts";

/** ARM's own, which every subscription has ("RegistrationFree"). */
const FREE = ["microsoft.authorization", "microsoft.resources"];

export function isFree(namespace: string): boolean {
  return FREE.includes(namespace.toLowerCase());
}

/**
 * Throws 409 MissingSubscriptionRegistration, in the words that azure-sdk-for-node 2305 and others quote. What only reads is let
 * through: no report shows which reads are refused.
 */
export function requireRegistration(world: World, path: string, { method, type }: Route): void {
  if (method === "GET" || method === "HEAD") return;
  const [namespace = ""] = type.split("/");
  const { unregistered = [] } = world.subscriptions.get(subscriptionOf(path)?.toLowerCase() ?? "") ?? {};
  if (!unregistered.includes(namespace.toLowerCase())) return;
  const message =
    `The subscription is not registered to use namespace '${namespace}'. ` +
    "See https://aka.ms/rps-not-found for how to register subscriptions.";
  const details = [{ code: "MissingSubscriptionRegistration", target: namespace, message }];
  throw new ArmError(409, "MissingSubscriptionRegistration", message, { details });
}
