/** Evaluates the expressions in a template. */
import { isObject, type JsonObject } from "../../../json.ts";
import { invalidTemplate } from "./errors.ts";
import { type Expression, parseExpression } from "./expression-parser.ts";
import { callFunction, type Surroundings } from "./functions.ts";

/** A value of a template with every expression in it evaluated. */
export function evaluate(value: unknown, around: Surroundings): unknown {
  if (typeof value === "string") return evaluateText(value, around);
  if (Array.isArray(value)) return value.map((each) => evaluate(each, around));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [String(evaluateText(name, around)), evaluate(each, around)]),
  );
}

/** The same for an object. */
export function evaluateObject(value: JsonObject, around: Surroundings): JsonObject {
  return evaluate(value, around) as JsonObject;
}

/** `[...]` is an expression, `[[...` a text that begins with a bracket. */
function evaluateText(value: string, around: Surroundings): unknown {
  if (!value.startsWith("[") || !value.endsWith("]")) return value;
  if (value.startsWith("[[")) return value.slice(1);
  return run(parseExpression(value.slice(1, -1)), around);
}

/** A text that was evaluated, so that another evaluation leaves it as it is. */
export function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.startsWith("[") && value.endsWith("]") ? `[${value}` : value;
  if (Array.isArray(value)) return value.map(escaped);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, escaped(each)]));
}

function run(expression: Expression, around: Surroundings): unknown {
  if (expression.kind === "literal") return expression.value;
  if (expression.kind === "call") {
    const args = expression.args.map((each) => run(each, around));
    return callFunction(expression.name, args, around);
  }
  const [of, key] = [run(expression.of, around), run(expression.key, around)];
  const found = Array.isArray(of) ? of[Number(key)] : isObject(of) ? memberOf(of, String(key)) : undefined;
  if (found === undefined) throw invalidTemplate(`the language expression property '${String(key)}' doesn't exist`);
  return found;
}

function memberOf(object: JsonObject, key: string): unknown {
  const name = Object.keys(object).find((each) => each.toLowerCase() === key.toLowerCase());
  return name === undefined ? undefined : object[name];
}
