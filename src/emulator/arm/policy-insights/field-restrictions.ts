/** What policies leave of the fields that are not decided yet (`pendingFields`). */
import { isObject, type JsonObject, setOwn } from "../../json.ts";
import type { DenyPolicy } from "../../policy/deny-policy.ts";
import { match, type PolicyTarget } from "../../policy/match.ts";
import { effectOf, policyReference } from "./policy-reference.ts";

/** For each field and policy: which of the values are denied; without values, what is required where its absence is denied. */
export function restrictionsOf(policies: readonly DenyPolicy[], target: PolicyTarget, pending: unknown): object[] {
  const fields = Array.isArray(pending) ? pending.filter(isObject) : [];
  return fields.flatMap((each) => {
    const field = String(each["field"]);
    const values = Array.isArray(each["values"]) ? each["values"].map(String) : [];
    const restrictions = policies.flatMap((policy) =>
      values.length === 0 ? required(policy, target, field) : denied(policy, target, field, values),
    );
    return restrictions.length === 0 ? [] : [{ field, restrictions }];
  });
}

function denied(policy: DenyPolicy, target: PolicyTarget, field: string, values: readonly string[]): object[] {
  const refused = values.filter((value) => match(policy, withField(target, field, value)) !== undefined);
  if (refused.length === 0) return [];
  return [{ result: effectOf(policy), values: refused, ...common(policy) }];
}

/** Only where the policy has looked at the field: it may deny for another reason. */
function required(policy: DenyPolicy, target: PolicyTarget, field: string): object[] {
  const expressions = match(policy, withField(target, field, undefined)) ?? [];
  const about = expressions.find((each) => isAbout(each, field));
  if (about === undefined) return [];
  const { targetValue, operator } = about as { targetValue?: unknown; operator?: unknown };
  const wants = /^not(Equals|In)$/i.test(String(operator)) ? [targetValue].flat().map(String) : [];
  return [{ result: "Required", ...(wants.length > 0 && { values: wants }), ...common(policy) }];
}

function common(policy: DenyPolicy): object {
  const reason = policy.message === undefined ? {} : { reason: policy.message };
  return { policy: policyReference(policy), policyEffect: effectOf(policy), ...reason };
}

function isAbout(expression: object, field: string): boolean {
  const looked = "expression" in expression ? String(expression.expression) : "";
  return withDots(looked).toLowerCase() === withDots(field).toLowerCase();
}

/** `tags[owner]` as `tags.owner`. */
function withDots(field: string): string {
  return field.replace(/^tags\[['"]?(.*?)['"]?\]$/, "tags.$1");
}

/** `location`, `tags.owner` or `tags[owner]`, or an alias such as `Microsoft.Storage/storageAccounts/sku.name`. */
function withField(target: PolicyTarget, field: string, value: string | undefined): PolicyTarget {
  const path = withDots(field).replace(`${target.type}/`, "");
  const isTop = !field.includes("/") || /^sku\./.test(path);
  const segments = /^tags\./.test(path) ? ["tags", path.slice("tags.".length)] : path.split(".");
  return { ...target, resource: withMember(target.resource, isTop ? segments : ["properties", ...segments], value) };
}

function withMember(from: JsonObject, [name = "", ...rest]: readonly string[], value: string | undefined): JsonObject {
  const changed = { ...from };
  const below = from[name];
  const next = rest.length === 0 ? value : withMember(isObject(below) ? below : {}, rest, value);
  if (next === undefined) delete changed[name];
  else setOwn(changed, name, next);
  return changed;
}
