/**
 * The comparison operators of role assignment conditions (Azure RBAC "conditions-format"): their names, what
 * values they accept, and how one value compares with another.
 */

/** What kind of value an operator compares. */
type ValueKind = "string" | "numeric" | "guid" | "bool" | "datetime";

/** One comparison operator, such as StringEquals. */
export interface Operator {
  readonly kind: ValueKind;
  /** Compares one value of the left side with one of the right side. Both have the operator's kind. */
  readonly compare: (left: string, right: string) => boolean;
}

type Compare = Operator["compare"];

/** Operator by its name, without case; undefined when Azure has none of that name. */
export function findOperator(name: string): Operator | undefined {
  return OPERATORS.get(name.toLowerCase());
}

/** Whether a value can be compared by operators of the kind. */
export function isValueOf(kind: ValueKind, text: string): boolean {
  return VALUE_SHAPES[kind](text);
}

const VALUE_SHAPES: Record<ValueKind, (text: string) => boolean> = {
  string: () => true,
  numeric: (text) => /^-?\d+$/.test(text),
  guid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  bool: (text) => /^(true|false)$/i.test(text),
  datetime: (text) => !Number.isNaN(Date.parse(text)),
};

const OPERATORS = new Map<string, Operator>([
  ...stringOperators("Equals", (left, right) => left === right),
  ...stringOperators("StartsWith", (left, right) => left.startsWith(right)),
  ...stringOperators("Like", (left, right) => likePattern(right).test(left)),
  ...orderedOperators("numeric", "Numeric", (text) => Number(text)),
  ...orderedOperators("datetime", "DateTime", (text) => Date.parse(text)),
  ...equality("guid", "Guid"),
  ...equality("bool", "Bool"),
]);

/** StringX, StringNotX and both without case. */
function stringOperators(name: string, compare: Compare): [string, Operator][] {
  const folded: Compare = (left, right) => compare(left.toLowerCase(), right.toLowerCase());
  return [
    entry("string", `String${name}`, compare),
    entry("string", `StringNot${name}`, (left, right) => !compare(left, right)),
    entry("string", `String${name}IgnoreCase`, folded),
    entry("string", `StringNot${name}IgnoreCase`, (left, right) => !folded(left, right)),
  ];
}

function orderedOperators(kind: ValueKind, prefix: string, read: (text: string) => number): [string, Operator][] {
  const by = (holds: (left: number, right: number) => boolean): Compare => {
    return (left, right) => holds(read(left), read(right));
  };
  return [
    entry(
      kind,
      `${prefix}Equals`,
      by((left, right) => left === right),
    ),
    entry(
      kind,
      `${prefix}NotEquals`,
      by((left, right) => left !== right),
    ),
    entry(
      kind,
      `${prefix}LessThan`,
      by((left, right) => left < right),
    ),
    entry(
      kind,
      `${prefix}LessThanEquals`,
      by((left, right) => left <= right),
    ),
    entry(
      kind,
      `${prefix}GreaterThan`,
      by((left, right) => left > right),
    ),
    entry(
      kind,
      `${prefix}GreaterThanEquals`,
      by((left, right) => left >= right),
    ),
  ];
}

function equality(kind: ValueKind, prefix: string): [string, Operator][] {
  const same: Compare = (left, right) => left.toLowerCase() === right.toLowerCase();
  return [entry(kind, `${prefix}Equals`, same), entry(kind, `${prefix}NotEquals`, (left, right) => !same(left, right))];
}

function entry(kind: ValueKind, name: string, compare: Compare): [string, Operator] {
  return [name.toLowerCase(), { kind, compare }];
}

/** `*` any text, `?` one character, `\*` and `\?` themselves. */
function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\[*?]|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    return part.startsWith("\\") && part.length === 2 ? part : `\\${part}`;
  });
  return new RegExp(`^${source}$`, "s");
}
