/** Whether a condition holds for a call, once `parser.ts` has read it. */

import { coversAction } from "../scopes.ts";
import { type ConditionAttributes, valuesOf } from "./attributes.ts";
import { isValueOf } from "./operators.ts";
import type { Comparison, Expression, Operand } from "./parser.ts";
import { parseCondition } from "./parser.ts";
import { InvalidCondition } from "./tokens.ts";

/** What a condition is evaluated against. */
interface ConditionContext extends ConditionAttributes {
  /** The action or data action that is asked for. */
  readonly action: string;
}

/** Evaluates condition texts; each is parsed once. A condition that cannot be parsed holds for nothing. */
export function createConditionCheck(): (condition: string, context: ConditionContext) => boolean {
  const parsed = new Map<string, Expression | undefined>();
  return (condition, context) => {
    if (!parsed.has(condition)) parsed.set(condition, parseOrNothing(condition));
    const expression = parsed.get(condition);
    return expression !== undefined && evaluate(expression, context);
  };
}

function parseOrNothing(condition: string): Expression | undefined {
  try {
    return parseCondition(condition);
  } catch (error) {
    if (error instanceof InvalidCondition) return undefined;
    throw error;
  }
}

/** Whether an expression holds. A comparison with an attribute that the call does not have is false. */
export function evaluate(expression: Expression, context: ConditionContext): boolean {
  switch (expression.kind) {
    case "and":
      return expression.terms.every((term) => evaluate(term, context));
    case "or":
      return expression.terms.some((term) => evaluate(term, context));
    case "not":
      return !evaluate(expression.term, context);
    case "action":
      return expression.patterns.some((pattern) => coversAction(pattern, context.action));
    case "subOperation":
      return expression.patterns.some((pattern) => coversAction(pattern, context.subOperation ?? ""));
    case "exists":
      return valuesOf(expression.attribute, context).length > 0;
    case "compare":
      return compare(expression, context);
  }
}

function compare({ left, quantifier, operator, right }: Comparison, context: ConditionContext): boolean {
  if (context.resourceIsAbsent === true && [left, right].some(isOfResource)) return true;
  const wanted = (operand: Operand) => operandValues(operand, context).filter((each) => isValueOf(operator.kind, each));
  const lefts = wanted(left);
  const rights = wanted(right);
  if (lefts.length === 0 || rights.length === 0) return false;
  const holdsFor = (value: string) => {
    const holds = (other: string) => operator.compare(value, other);
    return quantifier.right === "all" ? rights.every(holds) : rights.some(holds);
  };
  return quantifier.left === "all" ? lefts.every(holdsFor) : lefts.some(holdsFor);
}

function isOfResource(operand: Operand): boolean {
  return "name" in operand && operand.source === "resource";
}

function operandValues(operand: Operand, context: ConditionContext): readonly string[] {
  return "name" in operand ? valuesOf(operand, context) : operand.values;
}
