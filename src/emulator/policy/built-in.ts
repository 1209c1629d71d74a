/** The built-in definitions that the emulator can assign, and the assignments of them. */
import type { JsonObject } from "../json.ts";
import type { Definition } from "./definition.ts";
import type { DenyPolicy } from "./deny-policy.ts";
import { GENERAL_DEFINITIONS } from "./general-definitions.ts";
import { STORAGE_DEFINITIONS } from "./storage-definitions.ts";

/** GUID -> definition. */
export const BUILT_IN: Readonly<Record<string, Definition>> = { ...STORAGE_DEFINITIONS, ...GENERAL_DEFINITIONS };

/** ARM id of a built-in definition. */
export function definitionId(guid: string): string {
  return `/providers/Microsoft.Authorization/policyDefinitions/${guid}`;
}

/** What an assignment says. */
export interface Assignment {
  readonly id: string;
  readonly scope: string;
  readonly displayName: string;
  readonly effect: string;
  /** Beside `effect`; with the definition's defaults for those that are absent. */
  readonly parameters: JsonObject;
  /** What the denial gives as its reason. */
  readonly message?: string | undefined;
  readonly notScopes?: readonly string[];
  readonly isEnforced?: boolean;
}

/** The policy as the front door evaluates it. */
export function assign(
  guid: string,
  { name, mode, rule, parameters: defaults }: Definition,
  given: Assignment,
): DenyPolicy {
  const { id, scope, displayName, effect, parameters, message, notScopes = [], isEnforced = true } = given;
  return {
    id,
    scope,
    displayName,
    effect,
    definitionId: definitionId(guid),
    definitionName: name,
    resourceType: "Microsoft.Storage/storageAccounts",
    requires: {},
    built: { mode, rule, parameters: { ...defaults, ...parameters } },
    ...(message !== undefined && { message }),
    ...(notScopes.length > 0 && { notScopes }),
    ...(!isEnforced && { isEnforced }),
  };
}
