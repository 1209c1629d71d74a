/**
 * From text to a value: the one library that settings, class parameters and volume ids are read with. Each reader is a
 * pure function and says of a text that it refuses what is wrong with it and what to write instead.
 */

/** A value; or what is wrong with the text, as "is not a GUID", and the fix, as an imperative. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string; readonly fix: string };
export type Parse<T> = (text: string) => Parsed<T>;

/** A reader of texts that match one expression, which stays readable for a JSON Schema. */
export interface PatternParse extends Parse<string> {
  readonly pattern: RegExp;
}

/** Whether `parse` reads the text. */
export function accepts(parse: Parse<unknown>, text: string): boolean {
  return "value" in parse(text);
}

/** Text that matches `pattern`, unchanged. Anchor the expression. */
export function pattern(pattern: RegExp, problem: { readonly wrong: string; readonly fix: string }): PatternParse {
  const parse = (text: string): Parsed<string> => (pattern.test(text) ? { value: text } : problem);
  return Object.assign(parse, { pattern });
}

/** One of `allowed`, compared without case and answered in the spelling that is listed. */
export function choice<const T extends string>(allowed: readonly T[]): Parse<T> {
  return (text) => {
    const value = allowed.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    return value === undefined ? { wrong: "is not known", fix: `use ${allowed.join(", ")}` } : { value };
  };
}

/** `true` or `false`, without case. */
export function boolean(text: string): Parsed<boolean> {
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "false") return { value: lower === "true" };
  return { wrong: "is neither true nor false", fix: 'use "true" or "false"' };
}

/** Decimal digits only: no sign, no exponent. */
export function wholeNumber(min: number, max: number): Parse<number> {
  return numberOf(/^\d{1,15}$/, "a whole number", min, max);
}

/** With up to six decimal places. */
export function decimalNumber(min: number, max: number): Parse<number> {
  return numberOf(/^\d{1,15}(\.\d{1,6})?$/, "a number", min, max);
}

function numberOf(form: RegExp, noun: string, min: number, max: number): Parse<number> {
  return (text) => {
    const value = form.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return { value };
    const wrong = Number.isNaN(value) ? `is not ${noun}` : "is out of range";
    return { wrong, fix: `use ${noun} from ${min} to ${max}` };
  };
}
