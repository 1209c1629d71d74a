/** A built-in policy definition, as far as it can refuse a write. */
import type { Condition, Operator, Rule } from "./rule.ts";

export interface Definition {
  /** `displayName` in Azure. */
  readonly name: string;
  /** `Indexed`: only for types with location and tags. */
  readonly mode: "Indexed" | "All";
  /** Without the parameter `effect` there is one. */
  readonly effects: readonly string[];
  readonly defaultEffect: string;
  /** Parameters beside `effect` -> the default, where there is one. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly rule: Rule;
}

const ACCOUNT: Condition = { field: "type", operator: "equals", target: "Microsoft.Storage/storageAccounts" };

/** The effects that most definitions offer. */
export const CHOICE = ["Audit", "Deny", "Disabled"];

/** A condition. */
export function when(field: string, operator: Operator, target: Condition["target"]): Condition {
  return { field, operator, target };
}

/** Of storage accounts that meet all of these conditions. */
export function ofAccounts(
  name: string,
  conditions: readonly Rule[],
  more: Partial<Pick<Definition, "mode" | "effects" | "defaultEffect" | "parameters">> = {},
): Definition {
  return ofAnything(name, { allOf: [ACCOUNT, ...conditions] }, more);
}

/** Of whatever the rule says. */
export function ofAnything(
  name: string,
  rule: Rule,
  more: Partial<Pick<Definition, "mode" | "effects" | "defaultEffect" | "parameters">> = {},
): Definition {
  const { mode = "Indexed", effects = CHOICE, defaultEffect = "Audit", parameters = {} } = more;
  return { name, mode, effects, defaultEffect, parameters, rule };
}
