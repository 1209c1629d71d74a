/**
 * Reads fault rules from JSON (`POST /_emulator/faults`): a rule that is not understood must not be ignored silently.
 */
import { isObject, type JsonObject } from "../json.ts";
import type { FaultAction, FaultRule } from "./faults.ts";

const MATCH_KEYS = ["service", "method", "path", "operation"];
const RULE_KEYS = ["match", "skip", "times", "action"];
/** The keys of each action; the first one identifies it. */
const ACTIONS: readonly (readonly string[])[] = [
  ["status", "code", "message", "headers", "body", "bodyBytes", "when"],
  ["reset"],
  ["truncate"],
  ["hang", "when"],
  ["delay"],
];

/** One rule or an array of them; throws an Error that names the rule and what is wrong with it. */
export function parseFaultRules(json: unknown): FaultRule[] {
  const rules = Array.isArray(json) ? json : [json];
  return rules.map((rule, index) => {
    const wrong = findWrong(rule);
    if (wrong !== undefined) throw new Error(`fault rule ${index}: ${wrong}`);
    return { match: {}, ...(rule as object) } as FaultRule;
  });
}

function findWrong(rule: unknown): string | undefined {
  if (!isObject(rule)) return "must be an object";
  const { match = {}, action } = rule;
  return (
    unknownKey(rule, RULE_KEYS) ??
    wrongCount("skip", rule["skip"], 0) ??
    wrongCount("times", rule["times"], -1) ??
    (isObject(match) ? wrongMatch(match) : "match must be an object") ??
    (isObject(action) ? wrongAction(action) : "action must be an object")
  );
}

function wrongMatch(match: JsonObject): string | undefined {
  const notText = MATCH_KEYS.find((key) => match[key] !== undefined && typeof match[key] !== "string");
  if (notText !== undefined) return `match.${notText} must be a text`;
  try {
    new RegExp(String(match["path"] ?? ""));
  } catch (error) {
    return `match.path: ${error instanceof Error ? error.message : String(error)}`;
  }
  return unknownKey(match, MATCH_KEYS);
}

function wrongAction(action: JsonObject): string | undefined {
  const keys = ACTIONS.find(([first = ""]) => action[first] !== undefined);
  if (keys === undefined) return "action must have one of status, reset, truncate, hang, delay";
  return unknownKey(action, keys) ?? wrongMoment(action) ?? wrongValue(action as unknown as FaultAction);
}

function wrongMoment(action: JsonObject): string | undefined {
  const moment = action["reset"] ?? action["when"];
  return moment === undefined || moment === "before" || moment === "after" ? undefined : 'must say "before" or "after"';
}

function wrongValue(action: FaultAction): string | undefined {
  if ("status" in action) {
    const { status } = action;
    const isStatus = Number.isInteger(status) && status >= 200 && status <= 599;
    return isStatus ? undefined : "status must be a number from 200 to 599";
  }
  if ("truncate" in action) return wrongCount("truncate", action.truncate, 0);
  if ("delay" in action) return wrongCount("delay", action.delay, 0);
  return "hang" in action && action.hang !== "forever" ? wrongCount("hang", action.hang, 0) : undefined;
}

function wrongCount(name: string, value: unknown, least: number): string | undefined {
  if (value === undefined || (Number.isInteger(value) && Number(value) >= least)) return undefined;
  return `${name} must be a whole number from ${least}`;
}

function unknownKey(object: JsonObject, known: readonly string[]): string | undefined {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  return unknown === undefined ? undefined : `"${unknown}" is not known; known are ${known.join(", ")}`;
}
