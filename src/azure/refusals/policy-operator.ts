/**
 * The operators of Azure Policy, as a denial names them: what a rule that matched wants instead, in words and as a check. Source:
 * "Policy definition structure: conditions"; texts compare without case.
 */

/** What is wanted of a value. */
export interface Wish {
  /** `must be one of westeurope, northeurope`. */
  readonly must: string;
  /** Values that would do, where the policy names them. */
  readonly wanted: readonly string[];
  /** Whether a value would do, as far as that can be said: false for an operator that is not known. */
  allows(value: string): boolean;
}

interface Operator {
  /** What is wanted of a value for which the operator holds and should not, and the other way round. */
  readonly words: readonly [isTrue: string, isFalse: string];
  holds(value: string, targets: readonly string[]): boolean;
}

const same = (value: string, target: string) => value.toLowerCase() === target.toLowerCase();

function compare(value: string, [target = ""]: readonly string[]): number {
  const [a, b] = [Number(value), Number(target)];
  return Number.isNaN(a) || Number.isNaN(b) ? value.localeCompare(target, "en", { sensitivity: "base" }) : a - b;
}

/** `*` for any text; in a match `#` for a digit, `?` for a letter and `.` for any character. */
function fits(value: string, pattern: string, wildcards: Readonly<Record<string, string>>): boolean {
  const parts = [...pattern].map(
    (character) => wildcards[character] ?? character.replace(/[.*+?^${}()|[\]\\/-]/, "\\$&"),
  );
  return new RegExp(`^${parts.join("")}$`, "i").test(value);
}

const isAmong = (value: string, targets: readonly string[]) => targets.some((target) => same(value, target));
const matches = (value: string, [target = ""]: readonly string[]) =>
  fits(value, target, { "#": "\\d", "?": "[a-z]", ".": "." });
const contains = (value: string, [target = ""]: readonly string[]) =>
  value.toLowerCase().includes(target.toLowerCase());

const OPERATORS: Readonly<Record<string, Operator>> = {
  equals: { words: ["must not be", "must be"], holds: isAmong },
  in: { words: ["must be none of", "must be one of"], holds: isAmong },
  like: {
    words: ["must not be like", "must be like"],
    holds: (value, [target = ""]) => fits(value, target, { "*": ".*" }),
  },
  match: { words: ["must not match", "must match"], holds: matches },
  matchinsensitively: { words: ["must not match", "must match"], holds: matches },
  contains: { words: ["must not contain", "must contain"], holds: contains },
  containskey: { words: ["must not contain", "must contain"], holds: contains },
  greater: {
    words: ["must be at most", "must be greater than"],
    holds: (value, targets) => compare(value, targets) > 0,
  },
  greaterorequals: {
    words: ["must be less than", "must be at least"],
    holds: (value, targets) => compare(value, targets) >= 0,
  },
  less: { words: ["must be at least", "must be less than"], holds: (value, targets) => compare(value, targets) < 0 },
  lessorequals: {
    words: ["must be greater than", "must be at most"],
    holds: (value, targets) => compare(value, targets) <= 0,
  },
};

export const MUST_NOT_BE_SET = "must not be set";

/** What a policy wants that denied because `name` (as in `NotEquals`) `held` for the targets, or because it did not. */
export function wishOf(name: string, targets: readonly string[], held: boolean): Wish {
  const operator = name.toLowerCase();
  if (operator === "exists") {
    const isMissed = (targets[0]?.toLowerCase() === "false") === held;
    return { must: isMissed ? "must be set" : MUST_NOT_BE_SET, wanted: [], allows: () => isMissed };
  }
  const isNegated = operator.startsWith("not");
  const found = OPERATORS[isNegated ? operator.slice("not".length) : operator];
  if (found === undefined) {
    return { must: `is refused (${name || "by the policy's rule"})`, wanted: [], allows: () => false };
  }
  const shouldHold = held === isNegated;
  return {
    must: `${found.words[shouldHold ? 1 : 0]} ${targets.join(", ") || '""'}`,
    wanted: shouldHold && found.holds === isAmong ? targets : [],
    allows: (value) => found.holds(value, targets) === shouldHold,
  };
}

/**
 * Whether the condition holds of a value; undefined for an operator that is not known. Of a property that is not there nothing
 * holds but what is negated ("Policy definition structure: conditions").
 */
export function conditionHolds(
  name: string,
  value: string | undefined,
  targets: readonly string[],
): boolean | undefined {
  const operator = name.toLowerCase();
  if (operator === "exists") return (value !== undefined) === (targets[0]?.toLowerCase() === "true");
  const isNegated = operator.startsWith("not");
  const found = OPERATORS[isNegated ? operator.slice("not".length) : operator];
  if (found === undefined) return undefined;
  return (value !== undefined && found.holds(value, targets)) !== isNegated;
}
