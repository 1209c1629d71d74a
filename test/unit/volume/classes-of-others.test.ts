// What StorageClasses of others are answered, and where the advice leads: each answer is followed to the letter until the
// class is accepted. Advice that is refused in a later answer would send a person in a circle.
import assert from "node:assert/strict";
import { blobBackend } from "../../../src/backend/blob/backend.ts";
import { DriverError } from "../../../src/errors.ts";
import { LONGEST_MESSAGE } from "../../../src/text/cut.ts";
import { isUsed, type ParameterRow } from "../../../src/volume/class/parameter-row.ts";
import { parseVolumeClass } from "../../../src/volume/class/parse-class.ts";
import { CLASSES_OF_OTHERS, MOUNT_OPTIONS_OF_OTHERS } from "../../support/classes-of-others.ts";
import { CLIENT, SETTINGS } from "../../support/volume-settings.ts";

type Parameters = Readonly<Record<string, string>>;

const ROWS: readonly ParameterRow[] = blobBackend.parameters;
const OPENING = /^StorageClass parameters(?: \(\d+ problems, the first 10\))?: /;

/** What stands for the real id of a parameter; other ones have the client id. */
const GUIDS: Parameters = {
  subscriptionID: SETTINGS.subscriptionId,
  tenantID: SETTINGS.tenantId,
  principalID: "77777777-7777-4777-8777-777777777777",
};

/** The problems of an answer; none when the class is accepted. A fix may hold a semicolon, so that a problem begins with a name. */
function problemsOf(parameters: Parameters): string[] {
  try {
    parseVolumeClass(parameters, SETTINGS, blobBackend);
    return [];
  } catch (error) {
    assert(error instanceof DriverError);
    assert.equal(error.reason, "InvalidRequest");
    assert.match(error.message, OPENING);
    const names = [...Object.keys(parameters), "clientID", "resourceGroup"].map((name) =>
      RegExp.escape(name.slice(0, 99)),
    );
    assert(error.message.length <= 850, `${error.message.length} characters: ${error.message}`);
    return error.message.replace(OPENING, "").split(new RegExp(`; (?=(?:${names.join("|")})[…, ])`));
  }
}

/** What a person who takes the answer at its word writes next. `missing` is which of the two ways they take to an identity. */
function follow(parameters: Parameters, problem: string, missing: "clientID" | "serviceAccount"): Parameters {
  const [name = ""] = Object.keys(parameters)
    .filter((each) => problem.startsWith(each))
    .sort((a, b) => b.length - a.length);
  const { [name]: text = "", ...others } = parameters;
  const meant = /did you mean (\w+)\?$/.exec(problem)?.[1] ?? /: use (\w+)[;,]/.exec(problem)?.[1];
  if (problem.startsWith("clientID is missing")) {
    return missing === "clientID" ? { ...parameters, clientID: CLIENT } : { ...parameters, identity: "serviceAccount" };
  }
  if (/is not one that the operator allows: remove (it|both)/.test(problem)) {
    const { resourceGroup: _, subscriptionID: __, ...own } = others;
    return own;
  }
  const id = /(\w+) "[^"]*" is not valid: give a GUID/.exec(problem)?.[1];
  if (id !== undefined) return { ...parameters, [name]: GUIDS[id] ?? CLIENT };
  if (/is not valid: give 3 to 24/.test(problem)) return { ...parameters, [name]: "given" };
  if (/is not valid: give a domain/.test(problem)) return { ...parameters, [name]: "given.blob.core.windows.net" };
  if (/is not valid: write pairs as key=value/.test(problem)) return { ...parameters, [name]: "team=a" };
  const value = /is not valid: use (?:a whole number from )?"?(\w+)"?[, ]/.exec(problem)?.[1];
  if (value !== undefined) return { ...parameters, [name]: value };
  if (meant !== undefined) return meant in others ? others : { ...others, [meant]: text };
  assert.match(problem, /\b(remove|move) (it|them|\w+)\b|keep one|correct one/, `no advice to follow: ${problem}`);
  const named = problem.split(/ (?:is|are|belongs?) /, 1)[0]?.split(", ") ?? [];
  return Object.fromEntries(Object.entries(others).filter(([each]) => !named.includes(each)));
}

/** Follows the first problem of each answer; fails where an answer takes back what an earlier one advised. */
function walk(parameters: Parameters, missing: "clientID" | "serviceAccount"): readonly string[] {
  const answers: string[] = [];
  const advised = new Set<string>();
  let current = parameters;
  for (let step = 0; step < 25; step += 1) {
    const [problem] = problemsOf(current);
    if (problem === undefined) return answers;
    assert(!answers.includes(problem), `the same answer twice: ${problem}`);
    answers.push(problem);
    const next = follow(current, problem, missing);
    for (const name of advised) assert(name in next, `${name} was advised, and then refused: ${answers.join("\n")}`);
    for (const name of Object.keys(next)) if (!(name in current)) advised.add(name);
    current = next;
  }
  assert.fail(`no end: ${answers.join("\n")}`);
}

describe("StorageClasses of others", () => {
  it("are 28 at least, each with its source", () => {
    assert(CLASSES_OF_OTHERS.length >= 28, String(CLASSES_OF_OTHERS.length));
    assert.equal(new Set(CLASSES_OF_OTHERS.map(({ source }) => source)).size, CLASSES_OF_OTHERS.length);
  });

  for (const { source, parameters } of CLASSES_OF_OTHERS) {
    for (const missing of ["clientID", "serviceAccount"] as const) {
      it(`lead to a class that works, by ${missing}: ${source}`, () => {
        const answers = walk(parameters, missing);
        assert(answers.length > 0, "none of them names an identity");
      });
    }
    it(`get field, value and fix: ${source}`, () => {
      for (const problem of problemsOf(parameters)) {
        assert.match(problem, /: .*(remove|set|use|give|keep|move|correct|did you mean)/, problem);
        const name = Object.keys(parameters).find((each) => problem.startsWith(`${each} "`));
        if (name !== undefined) assert(problem.includes(`"${parameters[name]}"`), problem);
      }
    });
  }

  for (const { source, mountOptions } of MOUNT_OPTIONS_OF_OTHERS) {
    it(`have mount options that the first answer mends: ${source}`, () => {
      const volumeClass = parseVolumeClass({ clientID: CLIENT }, SETTINGS, blobBackend);
      const find = (flags: readonly string[]) =>
        blobBackend.findMountProblems({
          flags,
          accessModes: ["MULTI_NODE_MULTI_WRITER"],
          volumeClass,
          className: "fast",
        });
      const [{ message, isRefused } = assert.fail("accepted")] = find(mountOptions);
      assert(isRefused && message.length < LONGEST_MESSAGE + 1, message);
      const json = /-p '(\{"mountOptions".*?\})'/.exec(message)?.[1];
      const added = /mountOptions: add ([^.]+)\./.exec(message)?.[1]?.split(", ") ?? [];
      const mended = json === undefined ? [...mountOptions, ...added] : JSON.parse(json).mountOptions;
      assert.deepEqual(find(mended), [], message);
    });
  }

  it("that hold a parameter with one letter changed are led out, whichever it is", () => {
    for (const row of ROWS) {
      for (const name of [
        `${row.name}s`,
        `x${row.name}`,
        row.name.slice(1),
        `${row.name.slice(0, 2)}${row.name.slice(3)}`,
      ]) {
        if (ROWS.some((each) => each.name.toLowerCase() === name.toLowerCase())) continue;
        for (const beside of [
          { clientID: CLIENT },
          { identity: "serviceAccount" },
          { clientID: CLIENT, storageAccount: "given" },
        ]) {
          walk({ ...beside, [name]: "true" }, "clientID");
        }
      }
    }
  });

  it("are proposed no parameter that is refused, and learn why one that is close is", () => {
    for (const row of ROWS) {
      const [problem = ""] = problemsOf({ clientID: CLIENT, [`${row.name}x`]: "?" });
      const proposed = /did you mean (\w+)\?/.exec(problem)?.[1];
      if (proposed === undefined) continue;
      const found = ROWS.find(({ name }) => name === proposed);
      assert(found !== undefined && isUsed(found), problem);
      assert.deepEqual(
        problemsOf({ clientID: CLIENT, [proposed]: "?" }).filter((each) => each.startsWith(proposed)),
        [],
      );
    }
    assert.match(
      problemsOf({ clientID: CLIENT, secretNmae: "s" })[0] ?? "",
      /^secretNmae is not a parameter of this driver; if secretName is meant: secretName belongs to .*: remove it/,
    );
  });

  it("with an empty value are as those without the parameter", () => {
    for (const { name } of ROWS)
      assert.deepEqual(problemsOf({ clientID: CLIENT, ...(name !== "clientID" && { [name]: "" }) }), []);
    assert.deepEqual(problemsOf({ clientID: "", identity: "serviceAccount" }), []);
    assert.match(problemsOf({ clientID: "" })[0] ?? "", /^clientID is missing: .*identity: serviceAccount/);
  });
});
