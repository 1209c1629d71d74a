import { equal, throws } from "node:assert/strict";
import { evaluate } from "../../src/emulator/authorization/conditions/evaluator.ts";
import { parseCondition } from "../../src/emulator/authorization/conditions/parser.ts";
import { InvalidCondition } from "../../src/emulator/authorization/conditions/tokens.ts";

const CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers:name";
const PATH = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path";
const TAGS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags";
const READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
const ROLE = "Microsoft.Authorization/roleAssignments:RoleDefinitionId";
const A = "aaaaaaaa-0000-4000-8000-000000000001";
const B = "bbbbbbbb-0000-4000-8000-000000000002";

type Context = Parameters<typeof evaluate>[1];

/** Whether a condition holds for a read of blob "docs/a.txt" in container "one", unless the context says otherwise. */
function holds(condition: string, context: Partial<Context> = {}): boolean {
  return evaluate(parseCondition(condition), {
    action: READ,
    resource: {
      [CONTAINER]: "one",
      [PATH]: "docs/a.txt",
      [`${TAGS}:Project`]: "Cascade",
      [`${TAGS}&$keys$&`]: ["x", "y"],
    },
    request: { [ROLE]: A },
    environment: { UtcNow: "2026-11-21T12:00:00Z", isPrivateLink: "false" },
    ...context,
  });
}

describe("the emulator's conditions", () => {
  it("match actions by pattern, without case", () => {
    equal(holds("ActionMatches{'Microsoft.Storage/*/read'}"), true);
    equal(holds("ActionMatches{'microsoft.storage/storageaccounts/blobservices/containers/blobs/READ'}"), true);
    equal(holds("ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'}"), false);
  });

  it("compare strings as their operators say", () => {
    const cases: [string, boolean][] = [
      ["StringEquals 'one'", true],
      ["StringEquals 'ONE'", false],
      ["StringEqualsIgnoreCase 'ONE'", true],
      ["StringNotEquals 'two'", true],
      ["StringNotEqualsIgnoreCase 'ONE'", false],
      ["StringStartsWith 'on'", true],
      ["StringStartsWithIgnoreCase 'ON'", true],
      ["StringNotStartsWith 'on'", false],
      ["StringLike 'o?e'", true],
      ["StringLike 'o*'", true],
      ["StringLike 'o\\*'", false],
      ["StringNotLike 'x*'", true],
    ];
    for (const [comparison, expected] of cases)
      equal(holds(`@Resource[${CONTAINER}] ${comparison}`), expected, comparison);
  });

  it("compare numbers, times, truth values and GUIDs", () => {
    const cases: [string, boolean][] = [
      ["@Environment[UtcNow] DateTimeGreaterThan '2026-01-01T00:00:00.0Z'", true],
      ["@Environment[UtcNow] DateTimeLessThanEquals '2026-01-01T00:00:00.0Z'", false],
      ["@Environment[isPrivateLink] BoolEquals true", false],
      ["@Environment[isPrivateLink] BoolNotEquals true", true],
      [`@Request[${ROLE}] GuidEquals ${A.toUpperCase()}`, true],
      [`@Request[${ROLE}] GuidNotEquals '${A}'`, false],
      [`@Resource[${TAGS}:Count] NumericGreaterThan 9`, true],
      [`@Resource[${TAGS}:Count] NumericLessThan 9`, false],
    ];
    const resource = { [`${TAGS}:Count`]: "10" };
    for (const [condition, expected] of cases) equal(holds(condition, { resource }), expected, condition);
  });

  it("quantify over both sides as the documentation's examples do", () => {
    const cases: [readonly string[], string, boolean][] = [
      [["red", "blue"], "ForAnyOfAnyValues:StringEquals {'blue', 'green'}", true],
      [["red", "blue"], "ForAnyOfAnyValues:StringEquals {'orange', 'green'}", false],
      [["red", "blue"], "ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}", true],
      [["red", "blue"], "ForAllOfAnyValues:StringEquals {'red', 'green'}", false],
      [["10", "20"], "ForAnyOfAllValues:NumericLessThan {15, 18}", true],
      [["10", "20"], "ForAllOfAllValues:NumericLessThan {5, 15, 18}", false],
      [["10", "20"], "ForAllOfAllValues:NumericLessThan {25, 30}", true],
      [["10", "20"], "ForAllOfAllValues:NumericLessThan {15, 25, 30}", false],
    ];
    for (const [values, comparison, expected] of cases) {
      equal(
        holds(`@Resource[${TAGS}&$keys$&] ${comparison}`, { resource: { [`${TAGS}&$keys$&`]: values } }),
        expected,
        comparison,
      );
    }
  });

  it("join with AND, OR and NOT, also written && || and !", () => {
    const one = `@Resource[${CONTAINER}] StringEquals 'one'`;
    const two = `@Resource[${CONTAINER}] StringEquals 'two'`;
    equal(holds(`${one} AND ${one}`), true);
    equal(holds(`${one} && ${two}`), false);
    equal(holds(`${two} OR ${one}`), true);
    equal(holds(`(${two} || ${two}) OR (${one} AND NOT (${two}))`), true);
    equal(holds(`!(${one})`), false);
  });

  it("distinguish sub-operations", () => {
    const notList = `(!(ActionMatches{'${READ}'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[${PATH}] StringLike 'docs/*')`;
    equal(holds(notList, { subOperation: "Blob.List", resource: {} }), true);
    equal(holds(notList, { resource: { [PATH]: "docs/x" } }), true);
    equal(holds(notList, { resource: { [PATH]: "other/x" } }), false);
    equal(
      holds("@Request[subOperation] ForAnyOfAnyValues:StringEqualsIgnoreCase {'blob.list'}", {
        subOperation: "Blob.List",
      }),
      true,
    );
  });

  it("compare tag names with case when they are marked so", () => {
    equal(holds(`@Resource[${TAGS}:Project<$key_case_sensitive$>] StringEquals 'Cascade'`), true);
    equal(holds(`@Resource[${TAGS}:project<$key_case_sensitive$>] StringEquals 'Cascade'`), false);
    equal(holds(`Exists @Resource[${TAGS}:Project<$key_case_sensitive$>]`), true);
    equal(holds(`NOT Exists @Resource[${TAGS}:Other<$key_case_sensitive$>]`), true);
  });

  it("compare one attribute with another", () => {
    const condition = `@Principal[Microsoft.Directory/CustomSecurityAttributes/Id:Team_Project] StringEquals @Resource[${CONTAINER}]`;
    const principal = { "Microsoft.Directory/CustomSecurityAttributes/Id:Team_Project": "one" };
    equal(holds(condition, { principal }), true);
    equal(holds(condition), false);
  });

  it("are false for attributes that the call does not have, also with a negated operator", () => {
    equal(holds(`@Resource[${CONTAINER}] StringEquals 'one'`, { resource: {} }), false);
    equal(holds(`@Resource[${CONTAINER}] StringNotEquals 'one'`, { resource: {} }), false);
  });

  it("limit a delegated assigner to its roles, in the words of the documentation", () => {
    const write = "Microsoft.Authorization/roleAssignments/write";
    const rule = `((!(ActionMatches{'${write}'})) OR (@Request[${ROLE}] ForAnyOfAnyValues:GuidEquals {${A}, ${B}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))`;
    const asked = (role: string, type: string) => ({
      action: write,
      request: { [ROLE]: role, "Microsoft.Authorization/roleAssignments:PrincipalType": type },
    });
    equal(holds(rule, asked(B, "serviceprincipal")), true);
    equal(holds(rule, asked(B, "User")), false);
    equal(holds(rule, asked("cccccccc-0000-4000-8000-000000000003", "ServicePrincipal")), false);
    equal(holds(rule, { action: "Microsoft.Authorization/roleAssignments/read" }), true);
  });

  it("are refused when they do not follow the documented grammar", () => {
    const wrong = [
      "",
      "true",
      "(",
      `@Resource[${CONTAINER}] StringEquals 'a' AND`,
      `@Resource[${CONTAINER}] StringEquals 'a' @Resource[${CONTAINER}]`,
      `@Resource[${CONTAINER}] StringResembles 'a'`,
      `@Resource[${CONTAINER}] ForSomeOfAnyValues:StringEquals {'a'}`,
      `@Resource[${CONTAINER}] StringEquals a`,
      `@Resource[${CONTAINER}] StringEquals {}`,
      `@Resource[${CONTAINER}] StringEquals 'unended`,
      `@Resource[Microsoft.Storage/storageAccounts:colour] StringEquals 'a'`,
      `@Somewhere[${CONTAINER}] StringEquals 'a'`,
      `@Request[${ROLE}] GuidEquals 'no-guid'`,
      "@Environment[UtcNow] DateTimeEquals 'someday'",
      "@Environment[isPrivateLink] BoolEquals 'perhaps'",
      "'a' StringEquals 'a'",
      "ActionMatches{}",
      "ActionMatches 'x'",
      `ActionMatches{'a'} AND ActionMatches{'b'} OR ActionMatches{'c'}`,
    ];
    for (const condition of wrong) throws(() => parseCondition(condition), InvalidCondition, condition);
  });
});
