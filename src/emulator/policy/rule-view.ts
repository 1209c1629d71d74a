/** A definition's rule as Azure shows it ("Azure Policy definition structure: policy rule"). */
import type { Definition } from "./definition.ts";
import { asWritten } from "./expressions.ts";
import type { Condition, Rule } from "./rule.ts";

export function toPolicyRule({ rule, effects, defaultEffect }: Definition): object {
  const effect = effects.length > 1 ? "[parameters('effect')]" : defaultEffect.toLowerCase();
  // biome-ignore lint/suspicious/noThenProperty: Azure's name; no promise is made of it.
  return { if: toLogic(rule), then: { effect } };
}

function toLogic(rule: Rule): object {
  if ("allOf" in rule) return { allOf: rule.allOf.map(toLogic) };
  if ("anyOf" in rule) return { anyOf: rule.anyOf.map(toLogic) };
  if ("not" in rule) return { not: toLogic(rule.not) };
  return toCondition(rule);
}

function toCondition({ field, operator, target }: Condition): object {
  const [, parameter] = /^tags\[\{(\w+)\}\]$/.exec(field) ?? [];
  const looked =
    parameter === undefined ? asWritten(field) : { field: `[concat('tags[', parameters('${parameter}'), ']')]` };
  const isParameter = typeof target === "object" && "parameter" in target;
  return { ...looked, [operator]: isParameter ? `[parameters('${target.parameter}')]` : target };
}
