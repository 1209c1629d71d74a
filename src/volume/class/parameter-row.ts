/**
 * The row of a StorageClass parameter. Everything that the program does with a parameter follows from its row: the type of
 * the class, how its value is read, the pool key, what is refused on an administrator's account, the shape of a new
 * account, the volume context and docs/reference/parameters.md. test/csi/parameter-rows.test.ts holds each row to it.
 */
import type { Parsed } from "../../text/values.ts";
import type { Settings } from "../settings.ts";

/** What a parameter that is used has an effect on, and what follows from that. */
export const EFFECTS = {
  placement: {
    isInPoolKey: true,
    isRefusedOnGiven: false,
    meaning: "where the account is",
  },
  account: {
    isInPoolKey: true,
    isRefusedOnGiven: true,
    meaning: "how the controller creates the account: classes that differ in it never share one",
  },
  sharing: {
    isInPoolKey: true,
    isRefusedOnGiven: true,
    meaning: "which volumes share an account",
  },
  spread: {
    isInPoolKey: false,
    isRefusedOnGiven: true,
    meaning: "over how many accounts volumes spread",
  },
  access: {
    isInPoolKey: true,
    isRefusedOnGiven: false,
    meaning: "what a role assignment covers: classes that differ in it never share an account",
  },
  identity: {
    isInPoolKey: false,
    isRefusedOnGiven: false,
    meaning: "which identity may access the volume",
  },
  mount: {
    isInPoolKey: false,
    isRefusedOnGiven: false,
    meaning: "passed on to the node plugin in the volume context, under the same name",
  },
  check: {
    isInPoolKey: false,
    isRefusedOnGiven: false,
    meaning: "what is checked before a volume is created",
  },
  syntax: {
    isInPoolKey: false,
    isRefusedOnGiven: false,
    meaning: "how the value of another parameter is read",
  },
} as const;

export type Effect = keyof typeof EFFECTS;

/** The OSS driver, whose parameters classes have, and whose node plugin may mount our volumes too. */
export const UPSTREAM = "blob.csi.azure.com";
export const OURS = "keyless-csi";

/** Whose parameter it is. */
export type Origin = "blob.csi.azure.com" | "file.csi.azure.com" | "Kubernetes" | "keyless-csi";

interface Named {
  /** As blob.csi.azure.com or we spell it; compared without case. */
  readonly name: string;
  readonly origin: Origin;
}

/** The values of the rows before this one. */
export type EarlierFields = Readonly<Record<string, unknown>>;

/** It decides something about the volume. */
export interface UsedParameter extends Named {
  readonly effect: Effect;
  /** Its name in the typed class; two rows with the same field are spellings of one parameter. */
  readonly field: string;
  readonly kind: (text: string, earlier: EarlierFields) => Parsed<unknown>;
  /** For the reference page. */
  readonly summary: string;
  /** The value of a class that does not state it. Without a default the field is absent then, and stays out of the pool key. */
  readonly default?: (settings: Settings, earlier: EarlierFields) => unknown;
  /** Azure compares the value without case, so the pool key has it in lower case. */
  readonly isCaseInsensitive?: true;
  /** Exempt from what its effect says: on an administrator's account it is checked, or has nothing to act on. */
  readonly isRefusedOnGiven?: false;
}

/** Accepted with these values only (compared without case), because that is what we do anyway. */
export interface StatedParameter extends Named {
  readonly effect: "stated";
  readonly values: readonly string[];
  readonly because: string;
  readonly instead?: string;
  /** Further values, once sent to the node plugin: accepted without effect, since a class cannot be changed. */
  readonly ignored?: RegExp;
}

/**
 * Refused: it works with account keys or stored credentials, is not offered, belongs to another kind of storage, or is no
 * parameter at all but a field of the StorageClass.
 */
export interface RefusedParameter extends Named {
  readonly effect: "key-based" | "not yet" | "other storage" | "class field" | "secret" | "reserved";
  readonly instead: string;
}

export type ParameterRow = UsedParameter | StatedParameter | RefusedParameter;

export function isUsed(row: ParameterRow): row is UsedParameter {
  return "field" in row;
}

export function isRefused(row: ParameterRow): row is RefusedParameter {
  return !isUsed(row) && row.effect !== "stated";
}

/** The row of a parameter, by its name without case. */
export function findRow(rows: readonly ParameterRow[], name: string): ParameterRow | undefined {
  const wanted = name.toLowerCase();
  return rows.find((row) => row.name.toLowerCase() === wanted);
}

type Value<Row> = Row extends { readonly kind: (...given: never[]) => infer Answer }
  ? Answer extends { readonly value: infer T }
    ? T
    : never
  : never;

type Used<Rows extends readonly ParameterRow[], E extends Effect> = Extract<
  Rows[number],
  { readonly effect: E; readonly field: string }
>;

/** The fields that the rows make: those with a default are always there. */
export type FieldsOf<Rows extends readonly ParameterRow[], E extends Effect = Effect> = {
  readonly [Row in Extract<Used<Rows, E>, { readonly default: unknown }> as Row["field"]]: Value<Row>;
} & {
  readonly [Row in Exclude<Used<Rows, E>, { readonly default: unknown }> as Row["field"]]?: Value<Row>;
};
