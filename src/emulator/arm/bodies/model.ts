/** The rows of `models.generated.ts` as trees, each compiled once, when it is first needed. */
import { MODELS } from "./models.generated.ts";

export type BodyName = keyof typeof MODELS;

/** One member of a body, over all api-versions. */
export interface Member {
  /** As Azure spells it; names are compared without case. */
  readonly name: string;
  readonly type: "object" | "array" | "map" | "enum" | "string" | "boolean" | "integer" | "number" | "time" | "any";
  /** Of an enumeration: each value, and the first api-version that has it. */
  readonly values: ReadonlyMap<string, string>;
  /** The first api-version that has the member. */
  readonly since: string;
  /** The first later one that has it no more. */
  readonly until: string | undefined;
  readonly isRequired: boolean;
  readonly isReadOnly: boolean;
  /** Of an object, by name in lower case. */
  readonly members: Map<string, Member>;
  /** Of an array or a map: what each value is. */
  item: Member | undefined;
}

interface Model {
  readonly root: Member;
  /** The oldest api-version in the source: what is older still is taken for it. */
  readonly oldest: string;
}

const SCALARS = ["object", "array", "map", "string", "boolean", "integer", "number", "time", "any"] as const;
const ROW =
  /^(?<path>[^ !-]+(?:-[^ !-]+)*)(?<required>!?)(?<readOnly>-?) (?<type>\S+) (?<since>\S+)(?: (?<until>\S+))?$/;

const compiled = new Map<BodyName, Model>();

/** The model of a body. */
export function modelOf(name: BodyName): Model {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const model = compile(MODELS[name]);
  compiled.set(name, model);
  return model;
}

/** The api-version by which a body is read: the call's, or the oldest in the source. */
export function effectiveVersion(model: Model, apiVersion: string): string {
  return apiVersion < model.oldest ? model.oldest : apiVersion;
}

/** Whether an api-version has a member. */
export function isKnown(member: Member, apiVersion: string): boolean {
  return member.since <= apiVersion && (member.until === undefined || apiVersion < member.until);
}

function compile(rows: string): Model {
  const root = blank("", "object");
  let oldest = "9999";
  for (const row of rows.trim().split("\n")) {
    const groups = ROW.exec(row)?.groups;
    if (groups === undefined) throw new Error(`a row of the models cannot be read: ${row}`);
    const member = memberOf(groups);
    if (member.since < oldest) oldest = member.since;
    place(root, groups["path"] ?? "", member);
  }
  return { root, oldest };
}

function memberOf(row: Readonly<Record<string, string>>): Member {
  const { path = "", type = "", since = "", until } = row;
  const scalar = SCALARS.find((each) => each === type);
  const name = path.slice(path.lastIndexOf(".") + 1).replace(/(\[\]|\{\})+$/, "");
  return {
    ...blank(name, scalar ?? "enum"),
    values: scalar === undefined ? valuesOf(type, since) : new Map(),
    since,
    until,
    isRequired: row["required"] !== "",
    isReadOnly: row["readOnly"] !== "",
  };
}

function valuesOf(type: string, since: string): Map<string, string> {
  return new Map(
    type.split("|").map((each) => {
      const [value = "", from = since] = each.split("@");
      return [value, from];
    }),
  );
}

function blank(name: string, type: Member["type"]): Member {
  return {
    name,
    type,
    values: new Map(),
    since: "",
    until: undefined,
    isRequired: false,
    isReadOnly: false,
    members: new Map(),
    item: undefined,
  };
}

/** Puts a member where its path leads; its parents are there, because rows are sorted. */
function place(root: Member, path: string, member: Member): void {
  const steps = path.match(/[^.[\]{}]+|\[\]|\{\}/g) ?? [];
  let parent = root;
  for (const step of steps.slice(0, -1)) {
    const next = isItem(step) ? parent.item : parent.members.get(step.toLowerCase());
    if (next === undefined) throw new Error(`the models have ${path} without its parent`);
    parent = next;
  }
  const last = steps.at(-1) ?? "";
  if (isItem(last)) parent.item = member;
  else parent.members.set(last.toLowerCase(), member);
}

function isItem(step: string): boolean {
  return step === "[]" || step === "{}";
}
