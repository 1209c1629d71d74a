/** What a denial says of the conditions that were looked at: `evaluatedExpressions` in its additionalInfo. */
import { ownValue } from "../json.ts";
import type { Evaluated } from "./rule.ts";

const ACCOUNT = "Microsoft.Storage/storageAccounts";
/** Members of a resource that policies know without an alias. */
const PLAIN = /^(type|id|name|kind|location|tags(\[.*\])?)$/;
const ALIAS_OF_TOP = /^sku\./;

/** The beginnings of the template functions in the definitions, as far as they say what is looked at. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  "sasPolicy.sasExpirationPeriod.days": `[int(split(field('${ACCOUNT}/sasPolicy.sasExpirationPeriod'), createArray(':', '.'))[0])]`,
  "sasPolicy.sasExpirationPeriod.rest": `[int(split(field('${ACCOUNT}/sasPolicy.sasExpirationPeriod'), createArray(':', '.'))[1])]`,
  "networkAcls.ipRules.count": `${ACCOUNT}/networkAcls.ipRules[*]`,
  "requestContext().apiVersion": "[requestContext().apiVersion]",
  "requestContext().identity.idtyp": "[requestContext().identity.idtyp]",
  "resourcegroup().managedBy": "[resourcegroup().managedBy]",
};

/** How a definition writes what is looked at: a field or alias, or a template function. */
export function asWritten(field: string): { readonly field: string } | { readonly value: string } {
  const formula = ownValue(FUNCTIONS, field);
  if (formula !== undefined) return { value: formula };
  return { field: PLAIN.test(field) ? field : `${ACCOUNT}/${field}` };
}

export function toExpression({ field, operator, target, value, result }: Evaluated): object {
  const formula = ownValue(FUNCTIONS, field);
  const isPlain = PLAIN.test(field);
  const path = isPlain || ALIAS_OF_TOP.test(field) ? field : `properties.${field}`;
  return {
    result: result ? "True" : "False",
    expressionKind: formula === undefined ? "Field" : "Value",
    expression: formula ?? (isPlain ? field : `${ACCOUNT}/${field}`),
    ...(formula === undefined && { path }),
    expressionValue: value ?? null,
    targetValue: target,
    operator: operator.charAt(0).toUpperCase() + operator.slice(1),
  };
}
