/**
 * What a setting is: one row of a table from which flag, environment name, file key, default, help and JSON Schema
 * are all made. `kinds.ts` holds the ways a text becomes a value, `load.ts` reads a table from its four sources.
 */

/** A value, or what is wrong with the text and, unless that says it, the fix. The readers of `text/` answer so. */
export type ParsedSetting<T> = { readonly value: T } | { readonly wrong: string; readonly fix?: string };

/** How text becomes a value of type `T`, and how help and JSON Schema describe it. */
export interface Kind<T> {
  /** A switch may stand alone (`--emulator`), a list may be repeated, a value is given once. */
  readonly form: "value" | "switch" | "list";
  /** Shown in help after the flag: `GUID`, `DURATION`. */
  readonly placeholder: string;
  /** The JSON Schema of the value as it stands in the configuration file. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** An empty text is a value like another, and does not count as absent. */
  readonly takesEmpty?: boolean;
  /** `texts` has one element, or for a list any number. */
  parse(texts: readonly string[]): ParsedSetting<T>;
}

/** One row of a settings table. */
export interface Setting<T> {
  readonly kind: Kind<unknown>;
  /** The heading that help puts it under. */
  readonly group: string;
  /** One line for help and the reference page. */
  readonly help: string;
  /** The default as one would write it, absent when there is none. */
  readonly fallback?: string;
  /** Said in help in place of a default: what holds when nothing is given. */
  readonly absent?: string;
  /** Other environment variables that mean the same, after `KEYLESS_CSI_<FLAG>`. */
  readonly alsoFrom?: readonly string[];
  /** A confirmation: a value in the environment or in the file is refused. */
  readonly onlyFrom?: "command line";
  /** Carries `T` for inference only. */
  readonly result?: T;
}

/** Flag names (kebab case, no dashes before) to their rows. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

type CamelCase<S extends string> = S extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<CamelCase<Rest>>}`
  : S;

/** The typed values of a table, keys in camel case. */
export type ValuesOf<T extends SettingsTable> = {
  readonly [K in keyof T & string as CamelCase<K>]: T[K] extends Setting<infer V> ? V : never;
};

/** The values as far as they could be parsed: an invalid one is absent. */
export type Draft<T extends SettingsTable> = { readonly [K in keyof ValuesOf<T>]?: ValuesOf<T>[K] | undefined };

interface Text {
  readonly group: string;
  readonly help: string;
  readonly alsoFrom?: readonly string[];
  readonly onlyFrom?: "command line";
}

/** A setting that always has a value. `fallback` is written as the operator would write it. */
export function setting<T>(kind: Kind<T>, text: Text & { readonly fallback: string }): Setting<T> {
  return { kind, ...text };
}

/** A setting that may be absent. `absent` says what holds then. */
export function optional<T>(kind: Kind<T>, text: Text & { readonly absent?: string }): Setting<T | undefined> {
  return { kind, ...text };
}

/** `driver-name` -> `driverName`, the key in the values. */
export function toKey(flag: string): string {
  return flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** `driver-name` -> `KEYLESS_CSI_DRIVER_NAME`. */
export function toEnvironmentName(flag: string): string {
  return `KEYLESS_CSI_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** Every variable that the environment may carry for a setting, in order of precedence. */
export function toEnvironmentNames(flag: string, { alsoFrom = [] }: Setting<unknown>): readonly string[] {
  return [toEnvironmentName(flag), ...alsoFrom];
}
